"""Calling what somebody else has handed in: observers, listeners, what is to be done afterwards."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import logging

__all__ = ["survive"]


def survive(log: logging.Logger, what: str) -> None:
    """Log what was raised, in an ``except BaseException``: whoever calls goes on.

    That goes for `sys.exit` as well, which would end the monitor's thread and with it the watching
    of all servers. On the main thread it is the user's own, as Ctrl-C is, and is raised again.

    Parameters
    ----------
    log
        Where to.
    what
        What has failed, a sentence without its full stop.
    """
    is_ours = threading.current_thread() is not threading.main_thread()
    if not is_ours and not isinstance(sys.exc_info()[1], Exception):
        raise  # noqa: PLE0704  # what is being handled
    log.error("%s", what, exc_info=sys.exc_info())
