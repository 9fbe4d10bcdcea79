"""Awaiting what cannot be cancelled: other people's blocking calls."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import weakref
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from .forks import forkable
from .waiting import within

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["join_ended", "run_blocking", "run_closing"]

T = TypeVar("T")

_log = logging.getLogger(__name__)

_NAME: Final = "milvus-nb-blocking"

# Threads whose call has ended, and which need a moment to end themselves.
_ended: weakref.WeakSet[threading.Thread] = weakref.WeakSet()
_ended_lock: Final = forkable(threading.Lock())


async def run_blocking(work: Callable[[], T], undo: Callable[[T], object] | None = None) -> T:
    """Await a blocking call of somebody else's library, in a thread that ends with it.

    Parameters
    ----------
    work
        The call.
    undo
        Given the result, takes it back; called when the awaiting coroutine was cancelled, in
        whichever moment.
    """
    call = _Call(asyncio.get_running_loop(), work, undo)
    _spawn(call.run)
    try:
        await asyncio.wait([call.future])
    except asyncio.CancelledError:
        call.give_up()
        raise
    return call.future.result()


async def run_closing(close: Callable[[], object], what: str, seconds: float) -> None:
    """Close something of somebody else's library: for so long, and whether or not it fails.

    What takes longer goes on in its thread. The log says so, and what is to be closed besides is.
    """
    try:
        await within(seconds, run_blocking(close))
    except asyncio.TimeoutError:
        _log.error("Closing %s has not ended within %g s", what, seconds)
    except Exception:  # noqa: BLE001
        _log.exception("Closing %s failed", what)


class _Call(Generic[T]):
    """One call, its result, and who takes it: the coroutine, or `undo`."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        work: Callable[[], T],
        undo: Callable[[T], object] | None,
    ) -> None:
        self.future: asyncio.Future[T] = loop.create_future()
        self._loop = loop
        self._work = work
        self._undo = undo
        self._lock = threading.Lock()  # the loop may end at any time, and cannot hand over then
        self._results: list[T] = []
        self._is_given_up = False

    def run(self) -> None:
        """Make the call."""
        try:
            result = self._work()
        except BaseException as error:  # noqa: BLE001  # raised again where it is awaited
            self._tell(self.future.set_exception, error)
            return
        with self._lock:
            self._results.append(result)
            is_given_up = self._is_given_up
        if is_given_up:
            self._take_back()
        else:
            self._tell(self.future.set_result, result)

    def give_up(self) -> None:
        """Have the result taken back, if there is one or will be."""
        if not self.future.cancel():
            self.future.exception()  # heard
        with self._lock:
            self._is_given_up = True
            is_there = bool(self._results)
        if is_there and self._undo is not None:
            _spawn(self._take_back)

    def _take_back(self) -> None:
        if self._undo is not None:
            self._undo(self._results.pop())

    def _tell(self, settle: Callable[[Any], None], value: Any) -> None:
        if threading.current_thread().name == _NAME:
            with _ended_lock:
                _ended.add(threading.current_thread())

        def tell() -> None:
            if not self.future.done():
                settle(value)

        with contextlib.suppress(RuntimeError):  # the loop has ended, and who waited was cancelled
            self._loop.call_soon_threadsafe(tell)


def join_ended() -> None:
    """Wait until the threads are gone whose calls have ended."""
    with _ended_lock:
        threads = list(_ended)
    for thread in threads:
        thread.join(timeout=1.0)


def _spawn(target: Callable[[], object]) -> None:
    thread = threading.Thread(target=target, name=_NAME, daemon=True)
    try:
        thread.start()
    except RuntimeError:  # the interpreter ends and starts none any more (Python 3.12)
        target()
