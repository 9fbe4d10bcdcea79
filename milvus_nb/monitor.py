"""One thread with one event loop, where everything that waits for the network happens.

The kernel's main thread must stay free for the user's code and for Ctrl-C, and comm handlers must
not block. So both hand a coroutine to the monitor and get a :class:`Job` back.
"""

from __future__ import annotations

import asyncio
import atexit
import concurrent.futures
import contextlib
import os
import threading
import time
import weakref
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from .errors import ClosedError, MilvusNbError
from .forks import forkable
from .green import refuse_green_threads
from .reach import Reacher
from .watch import Pace, Watch

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator

    from .params import Endpoint

__all__ = ["Job", "Monitor"]

T = TypeVar("T")

# So many latencies are measured between two heartbeats.
_MEASURED_AT_A_TIME = 3

# How long Ctrl-C waits for a cancelled job to clean up behind itself.
_CANCEL_GRACE_S = 0.1


class Job(Generic[T]):
    """A coroutine that runs on the monitor's loop, seen from any other thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, T]) -> None:
        self._loop = loop
        self._future: concurrent.futures.Future[T] = concurrent.futures.Future()
        self._task: asyncio.Task[T] | None = None
        self.is_cancelled = False
        try:
            loop.call_soon_threadsafe(self._start, work)
        except RuntimeError:  # the monitor has ended
            work.close()
            self.give_up()

    def _start(self, work: Coroutine[Any, Any, T]) -> None:
        self._task = self._loop.create_task(work)
        self._task.add_done_callback(self._finish)

    def _finish(self, task: asyncio.Task[T]) -> None:
        # The future is settled only here, when the coroutine has cleaned up; a plain
        # Future.cancel() would report "cancelled" before that.
        if self._future.done():
            return
        if task.cancelled():
            self._future.set_exception(concurrent.futures.CancelledError())
        elif (error := task.exception()) is not None:
            self._future.set_exception(error)
        else:
            self._future.set_result(task.result())

    def give_up(self) -> None:
        """Tell whoever waits that the monitor has ended, and nothing will come of it."""
        if not self._future.done():
            self._future.set_exception(
                ClosedError("milvus_nb was shut down meanwhile.", "", "Connect again.")
            )

    def cancel(self) -> None:
        """Ask the coroutine to stop; it is done when the callbacks are called."""

        def cancel() -> None:
            # A turn later: cancelled before its first step, it would not even clean up.
            if self._task is not None:
                self._loop.call_soon(self._task.cancel)

        self.is_cancelled = True
        with contextlib.suppress(RuntimeError):  # the monitor has ended, and the job with it
            self._loop.call_soon_threadsafe(cancel)

    def abandon(self) -> None:
        """Cancel it, and give it up to 100 ms to clean up."""
        self.cancel()
        concurrent.futures.wait([self._future], timeout=_CANCEL_GRACE_S)

    def done(self) -> bool:
        """Tell whether the coroutine has ended."""
        return self._future.done()

    def settle(self, seconds: float) -> None:
        """Wait until the coroutine has ended, but not longer than so many seconds."""
        _refuse_own_thread(self._loop)
        concurrent.futures.wait([self._future], timeout=seconds)

    def add_done_callback(self, callback: Callable[[concurrent.futures.Future[T]], None]) -> None:
        """Call `callback` with the settled future, on the monitor's thread."""
        self._future.add_done_callback(callback)

    def __await__(self) -> Generator[Any, None, T]:
        """Wait for it on an event loop."""
        # Whoever stops waiting does not stop the job.
        return asyncio.shield(asyncio.wrap_future(self._future)).__await__()

    def wait(self, *, cancel_on_interrupt: bool = True) -> T:
        """Block until the coroutine ends and return its result or raise its error.

        Ctrl-C cancels the coroutine, waits up to 100 ms for it to clean up, and goes on as
        KeyboardInterrupt. With ``cancel_on_interrupt=False`` the coroutine goes on by itself.
        """
        _refuse_own_thread(self._loop)
        try:
            concurrent.futures.wait([self._future])
        except KeyboardInterrupt:
            if cancel_on_interrupt:
                self.abandon()
            raise
        return self._future.result()


def _refuse_own_thread(loop: asyncio.AbstractEventLoop | None) -> None:
    try:
        is_here = asyncio.get_running_loop() is loop
    except RuntimeError:
        return
    if is_here:
        raise MilvusNbError(
            "This call would wait for itself.",
            "It was made by an observer or a listener, on the monitor's own thread.",
            "Make it in a thread of your own.",
        )


class _Home:
    """What belongs to one thread: its watches, and its ways to them."""

    def __init__(self) -> None:
        self.watches: dict[Endpoint, Watch] = {}
        self.reacher = Reacher()
        self.jobs: weakref.WeakSet[Job[Any]] = weakref.WeakSet()


class Monitor:
    """The thread, its loop, and the watched endpoints.

    Parameters
    ----------
    pace
        How often servers are probed.
    """

    def __init__(self, pace: Pace) -> None:
        self.pace = pace
        self._home = _Home()
        self._here = threading.local()  # the home of the thread that runs
        self._tickers: list[Callable[[], None]] = []
        self._lock = forkable(threading.Lock())
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._pid = 0

    # From any thread

    def submit(self, work: Coroutine[Any, Any, T]) -> Job[T]:
        """Run a coroutine on the loop; start the thread if it does not run."""
        try:
            with self._lock:
                job = Job(self._running_loop(), work)
                self._home.jobs.add(job)
                return job
        except MilvusNbError:
            work.close()
            raise

    def refuse_own_thread(self) -> None:
        """Raise MilvusNbError on the monitor's thread, where nothing must wait for it."""
        _refuse_own_thread(self._loop)

    def call(self, callback: Callable[[], None], *, after: float = 0.0) -> None:
        """Call `callback` on the monitor's thread, soon or after so many seconds."""
        with self._lock:
            loop = self._running_loop()
            if after:
                loop.call_soon_threadsafe(lambda: loop.call_later(after, callback))
            else:
                loop.call_soon_threadsafe(callback)

    def each_heartbeat(self, callback: Callable[[], None]) -> Job[None]:
        """Call `callback` on the monitor's thread at each heartbeat, or when its pace changes."""

        async def run() -> None:
            self._tickers.append(callback)
            try:
                while True:
                    await asyncio.sleep(self.pace.heartbeat)
                    callback()
            finally:
                self._tickers.remove(callback)

        return self.submit(run())

    def set_pace(self, heartbeat: float, deadline: float) -> None:
        """Change how often servers are probed and how long that may take, in seconds."""
        self.pace.heartbeat, self.pace.deadline = heartbeat, deadline
        for watch in list(self._home.watches.values()):
            self.call(watch.retry)
        for ticker in list(self._tickers):
            self.call(ticker)

    def stop(self) -> None:
        """Close what is still open, and end the thread."""
        with self._lock:
            loop, thread = self._loop, self._thread
            # Who wants something from now on gets a new thread, not half of the old one.
            self._loop = self._thread = None
        if loop is None or thread is None or self._pid != os.getpid():
            return
        atexit.unregister(self.stop)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        refuse_green_threads()
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            self._home = _Home()
            self._pid = os.getpid()
            self._thread = threading.Thread(
                target=self._run,
                args=(self._loop, self._home),
                name="milvus-nb-monitor",
                daemon=True,
            )
            self._thread.start()
            # gRPC's threads must not outlive the interpreter.
            atexit.register(self.stop)
        elif self._pid != os.getpid():
            raise MilvusNbError(
                f"Process {os.getpid()} is a fork of {self._pid}, which has the connections.",
                "gRPC connections do not survive a fork.",
                "Start it with multiprocessing's 'spawn' method and connect there.",
            )
        return self._loop

    def _run(self, loop: asyncio.AbstractEventLoop, home: _Home) -> None:
        asyncio.set_event_loop(loop)
        self._here.home = home
        try:
            measuring = loop.create_task(self._measure())
            loop.run_forever()
            measuring.cancel()
            loop.run_until_complete(self._close_all())
        finally:
            asyncio.set_event_loop(None)
            loop.close()
            for job in list(home.jobs):
                job.give_up()

    # On the monitor's thread

    async def _close_all(self) -> None:
        home = self._here.home
        for watch in list(home.watches.values()):
            await watch.close()
        home.watches.clear()
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        for task in rest:
            task.cancel()
        if rest:
            await asyncio.wait(rest, timeout=_CANCEL_GRACE_S)

    async def _measure(self) -> None:
        """Measure latencies between the heartbeats, one after another: alone, they are true."""
        while True:
            heartbeat = self.pace.heartbeat
            await asyncio.sleep((0.5 - time.monotonic() / heartbeat) % 1 * heartbeat)
            waiting = list(self._here.home.watches.values())
            waiting.sort(key=lambda watch: watch.measured_at)
            for watch in waiting[:_MEASURED_AT_A_TIME]:
                await watch.measure()
            await asyncio.sleep(0.01 * heartbeat)

    def watch_of(self, endpoint: Endpoint) -> Watch | None:
        """Give the watch of an endpoint; None where there is no connection to it."""
        found: Watch | None = self._here.home.watches.get(endpoint)
        return found

    def has_worked(self, endpoint: Endpoint) -> bool:
        """Tell whether a Milvus has ever answered there."""
        home: _Home = self._here.home
        return home.reacher.has_worked(endpoint)

    async def acquire(self, endpoint: Endpoint) -> Watch:
        """Get the endpoint's watch, shared by all connections to it."""
        home: _Home = self._here.home
        while (watch := home.watches.get(endpoint)) is not None and watch.users == 0:
            await watch.closed.wait()
        if watch is None:
            watch = home.watches[endpoint] = Watch(endpoint, self.pace, home.reacher)
        watch.users += 1
        try:
            await watch.start()
        except BaseException:
            await self.release(watch)
            raise
        return watch

    async def release(self, watch: Watch) -> None:
        """Give a watch back; the last one to do so closes its socket."""
        watch.users -= 1
        if watch.users == 0:
            try:
                await watch.close()
            finally:
                self._here.home.watches.pop(watch.endpoint, None)
                watch.closed.set()
