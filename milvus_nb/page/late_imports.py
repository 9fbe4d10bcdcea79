"""What loading the extension does not import, to stay light: later, on one thread at a time."""

from __future__ import annotations

import threading
from typing import Any, Final

from ..probing.forks import forkable

__all__ = ["ONE_AT_A_TIME", "import_all"]

#: Held while modules of ours are imported late. A cell and a click in the page may be the first to
#: need them at the same moment, on two threads: where they began at different ends of a package,
#: Python would give one of them a module that is half there.
ONE_AT_A_TIME: Final[Any] = forkable(threading.RLock())


def import_all() -> None:
    """Import what a connection needs."""
    with ONE_AT_A_TIME:
        from ..registry import registry  # noqa: F401  # with all that they import
        from . import session  # noqa: F401
