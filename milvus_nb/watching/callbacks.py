"""Calling what somebody else has handed in: observers, listeners, what is to be done afterwards."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterator

__all__ = ["guarded"]


@contextlib.contextmanager
def guarded(log: logging.Logger, what: str) -> Iterator[None]:
    """Log what is raised within: whoever calls goes on.

    That goes for `sys.exit` as well, which would end the monitor's thread and with it the watching
    of all servers. On the main thread it is the user's own, as Ctrl-C is, and goes through.

    Parameters
    ----------
    log
        Where to.
    what
        What has failed, a sentence without its full stop.
    """
    try:
        yield
    except Exception:  # somebody else's
        log.exception("%s", what)
    except BaseException:
        if threading.current_thread() is threading.main_thread():
            raise
        log.exception("%s", what)
