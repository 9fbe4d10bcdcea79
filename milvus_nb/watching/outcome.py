"""What comes of a job: settled by one thread, and waited for by others, which Ctrl-C may stop.

Python's own (a Future, an Event) have locks written in Python. A Ctrl-C in the middle of one leaves
it closed for good, and whoever settles it, which is the monitor's thread, would wait for ever.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import threading
import time
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from .callbacks import survive

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Outcome"]

T = TypeVar("T")

_log = logging.getLogger(__name__)

# So often who waits looks for a Ctrl-C that has not woken it, in seconds: one that comes just
# before it sleeps, or to another thread, does not.
_LOOK_S: Final = 0.05


class Outcome(Generic[T]):
    """A result or an error, once there is one. Thread-safe, also where Ctrl-C stops a thread."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._callbacks: list[Callable[[Outcome[T]], object]] = []
        self._settled: tuple[T] | BaseException | None = None
        self._is_told = False
        self._gate = threading.Lock()  # closed until then
        self._gate.acquire()

    def done(self) -> bool:
        """Tell whether there is one."""
        return self._settled is not None

    def set_result(self, result: T) -> None:
        """Settle it with a result; the first one counts."""
        self._settle((result,))

    def set_exception(self, error: BaseException) -> None:
        """Settle it with an error; the first one counts."""
        self._settle(error)

    def _settle(self, settled: tuple[T] | BaseException) -> None:
        with self._lock:
            if self._settled is not None:
                return
            self._settled = settled
        try:
            for callback in self._callbacks:  # it gets no more
                self._call(callback)
        finally:
            self._callbacks.clear()
            self._is_told = True
            self._gate.release()

    def add_done_callback(self, callback: Callable[[Outcome[T]], object]) -> None:
        """Call `callback` with this once it is settled, on the thread that does; or now."""
        with self._lock:
            if self._settled is None:
                self._callbacks.append(callback)
                return
        self._call(callback)

    def _call(self, callback: Callable[[Outcome[T]], object]) -> None:
        try:
            callback(self)
        except BaseException:  # noqa: BLE001
            survive(_log, "What was to be done after a job failed")

    def exception(self) -> BaseException | None:
        """Give the error; None where there is a result, or nothing yet."""
        return self._settled if isinstance(self._settled, BaseException) else None

    def result(self) -> T:
        """Give the result, or raise the error; it has to be settled."""
        if isinstance(self._settled, BaseException):
            raise self._settled
        if self._settled is None:
            raise RuntimeError("There is no outcome yet.")
        return self._settled[0]

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until it is settled and callbacks were called; tell whether they were.

        Parameters
        ----------
        seconds
            How long to wait at most.
        """
        ends = math.inf if seconds is None else time.monotonic() + seconds
        while not self._is_told and (left := ends - time.monotonic()) > 0:
            if self._gate.acquire(timeout=min(left, _LOOK_S)):
                self._gate.release()  # for the next one
        return self._is_told

    def awaited(self) -> asyncio.Future[T]:
        """Give a future of the running event loop that is settled as this is."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()

        def tell() -> None:
            if future.done():
                return
            if isinstance(self._settled, BaseException):
                future.set_exception(self._settled)
            else:
                future.set_result(self.result())

        def settled(_: object) -> None:
            with contextlib.suppress(RuntimeError):  # that loop has ended
                loop.call_soon_threadsafe(tell)

        self.add_done_callback(settled)
        return future
