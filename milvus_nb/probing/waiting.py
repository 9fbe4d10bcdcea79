"""Waiting that always ends, and whose cancelling means the same on every Python.

``asyncio.wait_for`` swallows a cancellation that comes in the moment in which the future ends
(before Python 3.12): a loop that was ended goes on, and who ended it waits for ever. A future
behind ``asyncio.shield`` reports its error as never retrieved once nobody waits. So neither is
used in this package, and ruff holds it to that.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Coroutine

__all__ = [
    "EndedError", "Shared", "end", "result_of", "running_loop", "to_the_end", "uncancelled",
    "within",
]  # fmt: skip

T = TypeVar("T")

_log = logging.getLogger(__name__)

# A task that has not ended so long after it was cancelled is cancelled again, so many times.
_PATIENCE_S: Final = 2.0
_TIMES: Final = 3


class EndedError(Exception):
    """What was waited for was cancelled, and nobody cancelled who waited."""


async def result_of(future: asyncio.Future[T], seconds: float | None = None) -> T:
    """Wait for a future that goes on, whatever becomes of who waits.

    Parameters
    ----------
    future
        Or a task.
    seconds
        How long to wait; None where the future is known to end.

    Raises
    ------
    asyncio.TimeoutError
        It has not ended by then.
    EndedError
        It was cancelled.
    asyncio.CancelledError
        Who waits was cancelled, and only then.
    """
    future.add_done_callback(_heard)
    await _ended(future, seconds)
    if not future.done():
        raise asyncio.TimeoutError
    return _outcome(future)


async def within(seconds: float | None, work: Awaitable[T]) -> T:
    """Do something for at most so long; it has ended, with its cleaning up, when this returns.

    Parameters
    ----------
    seconds
        None: as long as it takes.
    work
        Cancelled when the time is up, or when who waits is cancelled.

    Raises
    ------
    asyncio.TimeoutError, EndedError, asyncio.CancelledError
        As in `result_of`.
    """
    task = asyncio.ensure_future(work)
    try:
        await _ended(task, seconds)
        if task.done():
            return _outcome(task)
        await end(task)
        if not task.done() or task.cancelled():
            raise asyncio.TimeoutError
        return task.result()  # it ended in that moment
    except asyncio.CancelledError:
        await uncancelled(end(task))  # whoever is impatient does not cut its cleaning up short
        raise
    finally:
        del task  # an error keeps this frame


async def end(*tasks: asyncio.Future[Any]) -> None:
    """Cancel tasks, and wait until they have cleaned up behind themselves; not for ever."""
    waiting = set(tasks)
    for task in waiting:
        task.add_done_callback(_heard)
    for _ in range(_TIMES):
        waiting = {task for task in waiting if not task.done()}
        if not waiting:
            return
        for task in waiting:
            task.cancel()
        await asyncio.wait(waiting, timeout=_PATIENCE_S)
    if waiting := {task for task in waiting if not task.done()}:
        _log.error("Cancelled, but not ended: %s", waiting)


async def to_the_end(work: Awaitable[T]) -> T:
    """Await a clean-up that no cancellation cuts short; it is raised afterwards."""
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await _ended(task)
        except asyncio.CancelledError as caught:
            cancelled = caught
    if cancelled is None:
        return _outcome(task)
    if not task.cancelled() and (failed := task.exception()) is not None:
        _log.error("Cleaning up failed", exc_info=failed)
    raise cancelled


async def uncancelled(work: Awaitable[T]) -> T:
    """Do what cannot be taken back: whoever cancels it comes too late, and gets the result."""
    task = asyncio.ensure_future(work)
    while not task.done():
        with contextlib.suppress(asyncio.CancelledError):
            await _ended(task)
    return _outcome(task)


def running_loop() -> asyncio.AbstractEventLoop | None:
    """Give the event loop that runs on this thread, if one does."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


class Shared(Generic[T]):
    """A coroutine that runs as a task, which several await: it ends with the last of them.

    Parameters
    ----------
    work
        Started at once.
    """

    def __init__(self, work: Coroutine[Any, Any, T]) -> None:
        self.task = asyncio.create_task(work)
        self._waiting = 0
        self._is_ending = False

    @property
    def is_open(self) -> bool:
        """Whether one more can wait for it; else a new one has to be started."""
        return not self._is_ending and not self.task.done()

    async def wait(self, deadline: float | None = None) -> T:
        """Wait for the result; asyncio.TimeoutError after `deadline` seconds.

        Raises `EndedError` where somebody else has ended it.
        """
        self._waiting += 1
        try:
            return await result_of(self.task, deadline)
        finally:
            self._waiting -= 1
            if self._waiting == 0 and not self.task.done():
                await self.cancel()

    async def cancel(self) -> None:
        """End it, and wait until it has cleaned up."""
        self._is_ending = True
        await end(self.task)


async def _ended(future: asyncio.Future[Any], seconds: float | None = None) -> None:
    """Wait until one future is done, as ``asyncio.wait`` does, at a third of what that costs."""
    if future.done():
        return
    loop = asyncio.get_running_loop()
    waiter: asyncio.Future[None] = loop.create_future()

    def wake(_: object = None) -> None:
        if not waiter.done():
            waiter.set_result(None)

    future.add_done_callback(wake)
    timer = loop.call_later(seconds, wake) if seconds is not None else None
    try:
        await waiter
    finally:
        future.remove_done_callback(wake)
        if timer is not None:
            timer.cancel()


def _outcome(future: asyncio.Future[T]) -> T:
    if future.cancelled():
        raise EndedError
    return future.result()


def _heard(future: asyncio.Future[Any]) -> None:
    """Take note of an error, so that it does not count as never retrieved."""
    if not future.cancelled():
        future.exception()
