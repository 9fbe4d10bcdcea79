"""One thread with one event loop, where everything that waits for the network happens.

The kernel's main thread must stay free for the user's code and for Ctrl-C, and comm handlers must
not block. So both hand a coroutine to the monitor and get a `Job` back.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import logging
import os
import socket
import threading
import weakref
from typing import TYPE_CHECKING, Any, TypeVar

from ..errors import MilvusNbError
from ..probing.blocking import join_ended
from ..probing.forks import forkable
from ..probing.oserror import reason
from ..probing.reacher import Reacher
from ..probing.waiting import end, result_of, to_the_end
from .green_threads import refuse_green_threads
from .job import Job, shut_down, would_wait_for_itself
from .once import Once
from .rounds import Rounds
from .turns import Turns
from .watch import Watch

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from ..params.endpoint import Endpoint
    from .schedule import Pace

__all__ = ["Monitor"]

T = TypeVar("T")

_log = logging.getLogger(__name__)

# So many latencies are measured between two heartbeats.
_MEASURED_AT_A_TIME = 3

# How long the end of the thread waits for what is being closed, in seconds.
_FINISHING_S = 20.0


class Monitor:
    """The thread, its loop, and the watched endpoints. It starts once, and ends once.

    Parameters
    ----------
    pace
        How often servers are probed.
    """

    def __init__(self, pace: Pace) -> None:
        self.pace = pace
        self._watches: dict[Endpoint, Watch] = {}
        self._rounds = Rounds(pace, self._watches)
        self._reacher = Reacher(self._rounds.trust)
        self._turns = Turns()
        self._jobs: weakref.WeakSet[Job[Any]] = weakref.WeakSet()
        self._finishing: set[asyncio.Task[Any]] = set()
        self._paced: asyncio.Future[None] | None = None
        self._lock = forkable(threading.Lock())
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._is_ended = False
        self._is_over = False  # the same, as its thread knows it
        self._at_end: Callable[[], Coroutine[Any, Any, object]] | None = None
        self._pid = 0

    # From any thread

    @property
    def heartbeat(self) -> float:
        """Seconds between two probes of a server: where many are watched, more than was set."""
        return self._rounds.heartbeat

    def submit(self, work: Coroutine[Any, Any, T]) -> Job[T]:
        """Run a coroutine on the loop; start the thread if it does not run.

        Raises
        ------
        ClosedError
            The monitor has ended.
        MilvusNbError
            This process is a fork of the monitor's.
        """
        try:
            with self._lock:
                job = Job(self._running_loop(), work)
                self._jobs.add(job)
                return job
        except MilvusNbError:
            work.close()
            raise

    def refuse_own_thread(self) -> None:
        """Raise MilvusNbError on a monitor's thread, where nothing must wait for it."""
        if isinstance(threading.current_thread(), _Thread):
            raise would_wait_for_itself()

    def call(self, callback: Callable[[], None], *, after: float = 0.0) -> bool:
        """Call `callback` on the monitor's thread, soon or after so many seconds.

        Returns
        -------
        bool
            Whether the thread runs; it is not started for this.
        """
        with self._lock:
            if self._loop is None or self._is_ended:
                return False
            loop = self._running_loop()
            if after:
                loop.call_soon_threadsafe(lambda: loop.call_later(after, callback))
            else:
                loop.call_soon_threadsafe(callback)
            return True

    def each_heartbeat(self, callback: Callable[[], None]) -> Job[None]:
        """Call `callback` on the monitor's thread at each heartbeat, or when its pace changes.

        At each that was set: it is one call, however many are watched.
        """
        once = Once()

        def tick() -> None:
            with once.logged("What is done at each heartbeat failed"):
                callback()

        async def run() -> None:
            while True:
                await self._pause(self.pace.heartbeat)
                tick()

        return self.submit(run())

    def set_pace(self, heartbeat: float, deadline: float) -> None:
        """Change how often servers are probed and how long that may take, in seconds."""
        self.pace.heartbeat, self.pace.deadline = heartbeat, deadline
        self.call(self._begin_anew)

    def stop(self, at_end: Callable[[], Coroutine[Any, Any, object]] | None = None) -> None:
        """Close what is still open, and end the thread; nothing begins on it any more.

        Parameters
        ----------
        at_end
            Done on the thread before what is left is ended.
        """
        if self._pid not in (0, os.getpid()):
            return
        with self._lock:
            loop, thread, is_first = self._loop, self._thread, not self._is_ended
            self._is_ended = True
        if loop is None or thread is None:
            return
        if is_first:
            atexit.unregister(self.stop)
            self._at_end = at_end
            loop.call_soon_threadsafe(self._end, loop)
        thread.join()
        join_ended()

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        refuse_green_threads()
        if self._is_ended:
            raise shut_down()
        if self._loop is None:
            self._start()
        elif self._pid != os.getpid():
            raise MilvusNbError(
                f"Process {os.getpid()} is a fork of {self._pid}, which has the connections.",
                "gRPC connections do not survive a fork.",
                "Start it with multiprocessing's 'spawn' method and connect there.",
            )
        assert self._loop is not None  # noqa: S101  # for the type checker
        return self._loop

    def _start(self) -> None:
        try:
            # One that fails half-way, for want of files, complains when it is collected.
            with contextlib.ExitStack() as room:
                for _ in range(2):
                    for one in socket.socketpair():
                        room.enter_context(one)
            loop = asyncio.new_event_loop()
        except OSError as error:
            raise _not_started(
                f"The system says: {reason(error)}.",
                "Close files and connections, or restart the kernel; then connect again.",
            ) from None
        loop.set_debug(False)  # it is none of the user's, and would write into the cell
        thread = _Thread(target=self._run, args=(loop,), name="milvus-nb-monitor", daemon=True)
        try:
            thread.start()
        except RuntimeError as error:  # the system has no more, or the interpreter ends
            loop.close()
            raise _not_started(
                f"Python says: {error}.",
                "Close other programs or kernels and try again; at the end of a program, connect"
                " sooner.",
            ) from None
        # Not before: nobody must wait for a loop that does not run.
        self._loop, self._thread, self._pid = loop, thread, os.getpid()
        # gRPC's threads must not outlive the interpreter.
        atexit.register(self.stop)

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        asyncio.set_event_loop(loop)
        try:
            measuring = loop.create_task(self._measure())
            while not self._is_over:
                try:
                    loop.run_forever()
                except (SystemExit, KeyboardInterrupt):  # somebody else's
                    _log.exception("What was done on the thread that watches servers ended")
            measuring.cancel()
            loop.run_until_complete(self._close_all())
        finally:
            asyncio.set_event_loop(None)
            loop.close()
            for job in list(self._jobs):
                job.give_up()

    # On the monitor's thread

    def _end(self, loop: asyncio.AbstractEventLoop) -> None:
        self._is_over = True
        loop.stop()

    async def _close_all(self) -> None:
        once = Once()
        if self._at_end is not None:
            with once.logged("Closing the connections failed"):
                await self._at_end()
        # Each job cleans up behind itself, in tasks of its own that nobody may cancel.
        await end(*(task for job in list(self._jobs) if (task := job.task) is not None))
        if self._finishing:
            await asyncio.wait(self._finishing, timeout=_FINISHING_S)
        for watch in list(self._watches.values()):
            with once.logged("Closing a watch failed"):
                await watch.close()
        self._watches.clear()
        await end(*asyncio.all_tasks() - {asyncio.current_task()})

    def _begin_anew(self) -> None:
        """Have what waits for a heartbeat wait no more: the pace is another one."""
        self._rounds.restart()
        if self._paced is not None:
            self._paced.set_result(None)
            self._paced = None

    async def _pause(self, seconds: float) -> bool:
        """Wait for so long, or until the pace is another one; tell whether it became that."""
        if self._paced is None:
            self._paced = asyncio.get_running_loop().create_future()
        done, _ = await asyncio.wait((self._paced,), timeout=seconds)
        return bool(done)

    async def _measure(self) -> None:
        """Measure latencies between the heartbeats, one after another: alone, they are true."""
        once = Once()
        while True:
            if await self._pause(self._rounds.until_between()):
                continue
            await self._measure_some(once)
            await self._pause(0.01 * self.pace.heartbeat)

    async def _measure_some(self, once: Once) -> None:
        # Apart from the pauses: its variables would keep a removed connection's credentials.
        waiting = list(self._watches.values())
        waiting.sort(key=lambda watch: watch.measured_at)
        for watch in waiting[:_MEASURED_AT_A_TIME]:
            with once.logged("Measuring a latency failed"):
                await watch.measure()

    async def finish(self, work: Coroutine[Any, Any, object], seconds: float) -> None:
        """Close something, which nobody waits for longer than so many seconds: it goes on."""
        task: asyncio.Task[object] = asyncio.ensure_future(work)
        self._finishing.add(task)
        task.add_done_callback(self._finishing.discard)
        with contextlib.suppress(asyncio.TimeoutError, asyncio.CancelledError):
            await result_of(task, seconds)

    def watch_of(self, endpoint: Endpoint) -> Watch | None:
        """Give the watch of an endpoint; None where there is no connection to it."""
        return self._watches.get(endpoint)

    def has_worked(self, endpoint: Endpoint) -> bool:
        """Tell whether a Milvus has ever answered there."""
        return self._reacher.has_worked(endpoint)

    def _watch(self, endpoint: Endpoint) -> Watch:
        return Watch(endpoint, self._rounds, self._reacher, self._turns)

    async def acquire(self, endpoint: Endpoint) -> Watch:
        """Get the endpoint's watch, shared by all connections to it.

        One that is just being closed is left alone, and nobody waits for it.
        """
        watch = self._watches.get(endpoint)
        if watch is None:
            watch = self._watches[endpoint] = self._watch(endpoint)
        watch.users += 1
        try:
            await watch.start()
        except BaseException:
            await to_the_end(self.release(watch))
            raise
        return watch

    def acquire_at_once(self, endpoint: Endpoint, db_name: str, limit: float) -> Watch | None:
        """Get the endpoint's watch where it is certain, or one call tells, that all is well.

        It takes at most `limit`, in seconds. None where there is more to ask, or to be told.
        """
        watch = self._watches.get(endpoint)
        if watch is None and not db_name:
            watch = self._watch(endpoint)
            if not watch.begin_at_once(limit):
                return None
            self._watches[endpoint] = watch
        elif watch is None or not watch.has_proved(db_name):
            return None
        watch.users += 1
        return watch

    def leave(self, watch: Watch) -> bool:
        """Give a watch back that others use, too; False for the last one, which must `release`."""
        if watch.users < 2:
            return False
        watch.users -= 1
        return True

    async def release(self, watch: Watch) -> None:
        """Give a watch back; the last one to do so closes its socket."""
        if not self.leave(watch):
            watch.users = 0
            if self._watches.get(watch.endpoint) is watch:
                del self._watches[watch.endpoint]
            await watch.close()


def _not_started(why: str, fix: str) -> MilvusNbError:
    return MilvusNbError("The thread that watches connections could not be started.", why, fix)


class _Thread(threading.Thread):
    """A monitor's."""
