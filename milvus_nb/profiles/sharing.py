"""Files that other processes have open: on Windows what is done with one fails meanwhile."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["patiently"]

T = TypeVar("T")

# ERROR_ACCESS_DENIED, which a file that is just being replaced gives as well,
# ERROR_SHARING_VIOLATION and ERROR_LOCK_VIOLATION of the Windows API.
_FOR_A_MOMENT: Final = (5, 32, 33)
# In seconds, half a second in all: a reader of ours is done in a millisecond, a scanner later.
_PAUSES: Final = (0.002, 0.005, 0.01, 0.02, 0.04, 0.08, 0.15, 0.2)


def patiently(act: Callable[[], T]) -> T:
    """Do something with a file, again and again for half a second while another process has it.

    Elsewhere than on Windows nobody's reading keeps a file from being replaced: it is done once.

    Parameters
    ----------
    act
        What to do; it does all or nothing.

    Raises
    ------
    OSError
        What it raised at last, or at once, where waiting helps nothing.
    """
    for pause in _PAUSES:
        try:
            return act()
        except PermissionError as error:
            if getattr(error, "winerror", None) not in _FOR_A_MOMENT:
                raise
            time.sleep(pause)
    return act()
