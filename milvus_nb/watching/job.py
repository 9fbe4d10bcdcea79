"""A coroutine on the monitor's loop, as other threads see it: awaited, waited for, cancelled."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from ..errors import CancelError, ClosedError, MilvusNbError
from ..probing.waiting import EndedError, result_of, running_loop, to_the_end
from .outcome import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator

__all__ = ["Job", "shut_down", "would_wait_for_itself"]

T = TypeVar("T")

# How long Ctrl-C waits for a cancelled job to clean up behind itself, in seconds.
_CANCEL_GRACE_S: Final = 0.1


class Job(Generic[T]):
    """A coroutine that runs on the monitor's loop, seen from any other thread.

    Parameters
    ----------
    loop
        The monitor's.
    work
        Started soon.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, T]) -> None:
        self._loop: asyncio.AbstractEventLoop | None = loop
        self._outcome: Outcome[T] = Outcome()
        self._task: asyncio.Task[T] | None = None
        self.is_cancelled = False
        try:
            loop.call_soon_threadsafe(self._start, loop, work)
        except RuntimeError:  # the monitor has ended
            work.close()
            self.give_up()

    @classmethod
    def of(cls, result: T) -> Job[T]:
        """Make one that has ended already."""
        job: Job[T] = cls.__new__(cls)
        job._settle(result)
        return job

    def _settle(self, result: T) -> None:
        self._loop = self._task = None
        self._outcome = Outcome()
        self._outcome.set_result(result)
        self.is_cancelled = False

    def _start(self, loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, T]) -> None:
        self._task = loop.create_task(work)
        self._task.add_done_callback(self._finish)

    def _finish(self, task: asyncio.Task[T]) -> None:
        # Only here, when the coroutine has cleaned up, there is an outcome.
        if task.cancelled() or isinstance(error := task.exception(), EndedError):
            self.give_up()
        elif error is not None:
            self._outcome.set_exception(error)
        else:
            self._outcome.set_result(task.result())

    def give_up(self) -> None:
        """Tell whoever waits that it was cancelled, by somebody or with the monitor's end."""
        # Never CancelledError: nobody cancelled who waits.
        self._outcome.set_exception(_cancelled() if self.is_cancelled else shut_down())

    def cancel(self) -> None:
        """Ask the coroutine to stop; it is done when the callbacks are called."""

        def cancel() -> None:
            # A turn later: cancelled before its first step, it would not even clean up.
            if self._task is not None:
                self._task.get_loop().call_soon(self._task.cancel)

        self.is_cancelled = True
        if self._loop is None:
            return
        with contextlib.suppress(RuntimeError):  # the monitor has ended, and the job with it
            self._loop.call_soon_threadsafe(cancel)

    def abandon(self) -> None:
        """Cancel it, and give it up to 100 ms to clean up."""
        self.cancel()
        self._outcome.wait(_CANCEL_GRACE_S)

    @property
    def task(self) -> asyncio.Task[T] | None:
        """Its task, for the monitor's own thread; None before it starts."""
        return self._task

    def done(self) -> bool:
        """Tell whether the coroutine has ended."""
        return self._outcome.done()

    def settle(self, seconds: float) -> None:
        """Wait until the coroutine has ended, but not longer than so many seconds."""
        _refuse_own_thread(self._loop)
        self._outcome.wait(seconds)

    def add_done_callback(self, callback: Callable[[Outcome[T]], object]) -> None:
        """Call `callback` with the outcome, on the monitor's thread."""
        self._outcome.add_done_callback(callback)

    def __await__(self) -> Generator[Any, None, T]:
        """Wait for it on an event loop; whoever stops waiting does not stop the job."""
        return result_of(self._outcome.awaited()).__await__()

    async def joined(self) -> T:
        """Wait for it as for a part of one's own work: whoever is cancelled cancels the job, too.

        Where that comes too late, the result is given nevertheless.
        """
        future = self._outcome.awaited()
        try:
            return await result_of(future)
        except asyncio.CancelledError:
            self.cancel()
            with contextlib.suppress(CancelError):
                return await to_the_end(result_of(future))
            raise

    def wait(self, *, cancel_on_interrupt: bool = True) -> T:
        """Block until the coroutine ends and return its result or raise its error.

        Ctrl-C, or what another signal's handler raises, such as somebody's timeout, cancels the
        coroutine, waits up to 100 ms for it to clean up, and goes on as that. With
        ``cancel_on_interrupt=False`` the coroutine goes on by itself.
        """
        _refuse_own_thread(self._loop)
        try:
            self._outcome.wait()
        except BaseException:
            if cancel_on_interrupt:
                self.abandon()
            raise
        return self._outcome.result()


def _refuse_own_thread(loop: asyncio.AbstractEventLoop | None) -> None:
    if loop is not None and running_loop() is loop:
        raise would_wait_for_itself()


def _cancelled() -> CancelError:
    return CancelError(
        "It was cancelled while it was under way.",
        "By the panel, or by another thread.",
        "Try again when you are ready.",
    )


def shut_down() -> ClosedError:
    """Say that the monitor has ended."""
    return ClosedError("milvus_nb was shut down meanwhile.", "", "Connect again.")


def would_wait_for_itself() -> MilvusNbError:
    """Say that the monitor's thread must not wait for what happens on it."""
    return MilvusNbError(
        "This call would wait for itself.",
        "It was made by an observer or a listener, on the monitor's own thread.",
        "Make it in a thread of your own.",
    )
