"""The subshells on which pages speak to the kernel's side: one is shared, and ended when unused.

A subshell is a thread of the kernel. A page makes one for a click, so that it takes effect while a
cell runs; but a page that is killed cannot clean up after itself. So the kernel's side does it.
"""

from __future__ import annotations

import contextlib
import threading
import time
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["KEPT_S", "Subshells"]

#: A subshell on which no page has spoken for so many seconds is ended. A page takes one for its own
#: for less long: as in lab/src/kernels/subshell.ts.
KEPT_S: Final = 10.0

# A look that comes so late was held up, and with it what pages have said meanwhile.
_LATE_S: Final = 1.0


class Subshells:
    """Those of a kernel that pages have used. Thread-safe.

    Parameters
    ----------
    kernel
        The kernel; one without subshells is never told that one was used.
    """

    def __init__(self, kernel: Any) -> None:
        thread = getattr(kernel, "shell_channel_thread", None)
        self._manager = getattr(thread, "manager", None)
        self._loop = getattr(thread, "io_loop", None)
        self._lock = threading.Lock()
        self._used_at: dict[str, float] = {}  # in the order of their first use
        self._due: float | None = None
        self._in_use: list[str] = []

    @contextlib.contextmanager
    def in_use(self, subshell: object) -> Iterator[None]:
        """Keep this one, if it is one, while what a page has said there is handled.

        To end it would have to wait for that, and with it all that the kernel is sent.
        """
        if not isinstance(subshell, str):
            yield
            return
        with self._lock:
            self._in_use.append(subshell)
        try:
            yield
        finally:
            with self._lock:
                self._in_use.remove(subshell)
                if subshell in self._used_at:
                    self._used_at[subshell] = time.monotonic()

    def used(self, subshell: str) -> str:
        """Note that a page has spoken on this one; give the one that all pages should share."""
        if self._manager is None or self._loop is None:
            return subshell
        running = self._manager.list_subshell()
        now = time.monotonic()
        with self._lock:
            self._used_at = {one: at for one, at in self._used_at.items() if one in running}
            self._used_at[subshell] = now
            shared = next(iter(self._used_at))
            self._used_at[shared] = now
            if self._due is None:
                self._due = now + KEPT_S
                self._loop.add_callback(self._loop.call_later, KEPT_S, self._look)
        return shared

    def close(self) -> None:
        """End them all."""
        with self._lock:
            mine = list(self._used_at)
            self._used_at.clear()
        if mine and self._loop is not None:
            self._loop.add_callback(self._end, mine)

    def _look(self) -> None:
        now = time.monotonic()
        with self._lock:
            if self._due is not None and now > self._due + _LATE_S:
                self._used_at = dict.fromkeys(self._used_at, now)
            self._used_at.update((one, now) for one in self._in_use if one in self._used_at)
            over = [one for one, at in self._used_at.items() if at + KEPT_S <= now]
            for one in over:
                del self._used_at[one]
            self._due = min(self._used_at.values()) + KEPT_S if self._used_at else None
            pause = self._due - now if self._due is not None else None
        if pause is not None and self._loop is not None:
            self._loop.call_later(pause, self._look)
        self._end(over)

    def _end(self, subshells: list[str]) -> None:
        # Private, as only the kernel's own control channel has a public door to it; a test notices
        # if it goes. It has to be called on this thread, the one that reads the shell channel.
        for one in subshells:
            with contextlib.suppress(KeyError):  # a page has ended it
                self._manager._delete_subshell(one)  # type: ignore[union-attr]  # noqa: SLF001
