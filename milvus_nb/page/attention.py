"""Whether somebody attends to what a page shows: without that, not a word is sent to it.

Jupyter's servers take each message of a comm for activity of the kernel: one that tells of each
heartbeat would never look idle, and never be ended. A page therefore says in each of its requests
for how long it wants to be told, and says so again for as long as it is in sight and was touched
not long ago. One that says nothing more, as after a crash, is forgotten.
"""

from __future__ import annotations

import threading
import time
from typing import Final

__all__ = ["Attention"]

# Without subshells, what pages say while a cell runs is heard after it. Those that attended when it
# began count as attending for so many seconds more, or until one is heard.
_HELD_S: Final = 300.0


class Attention:
    """Which pages attend, and how long. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._until: dict[str, float] = {}
        self._heard_on_main = False
        self._held_until = 0.0

    @property
    def is_there(self) -> bool:
        """Whether any page attends."""
        now = time.monotonic()
        with self._lock:
            return now < self._held_until or any(now < until for until in self._until.values())

    def extend(self, page: str, seconds: float) -> bool:
        """Count a page as attending for so many seconds from now; tell whether it did already."""
        now = time.monotonic()
        with self._lock:
            self._until = {known: until for known, until in self._until.items() if now < until}
            known = self._until.get(page, 0.0)
            self._until[page] = max(known, now + seconds)
            self._heard_on_main = threading.current_thread() is threading.main_thread()
            was_held, self._held_until = now < self._held_until, 0.0
            return now < known or was_held

    def end(self, page: str) -> None:
        """Forget a page: it is hidden, closed, or nobody has touched it for long."""
        with self._lock:
            self._until.pop(page, None)
            self._held_until = 0.0

    def hold(self) -> None:
        """Begin to count all pages as attending, where a cell keeps their messages back."""
        if self.is_there and self._heard_on_main:
            self._held_until = time.monotonic() + _HELD_S

    def release(self) -> None:
        """Count them by what they say again."""
        self._held_until = 0.0
