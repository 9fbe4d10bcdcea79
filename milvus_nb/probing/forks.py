"""Letting the process fork: a gate around gRPC, and locks that are open in the child.

A child has the memory of its parent, but of its threads only the one that forked. gRPC lets it live
(and use gRPC for itself) if nothing was under way inside gRPC at that moment. Else gRPC skips its
handlers for forks, and says so in the cell, and what becomes of a call crashes the child, in which
the thread that waited for it is gone. So all that we do with gRPC goes through one gate, and a fork
waits until nobody is inside; for the calls of clients that we have handed out it waits a moment.
"""

from __future__ import annotations

import _thread
import contextlib
import os
import sys
import threading
import time
import weakref
from typing import TYPE_CHECKING, Any, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["GATE", "Gate", "forkable"]

T = TypeVar("T")

# So long a fork waits for calls to be answered, in seconds, before it interrupts them; and then for
# what cannot be interrupted.
_PATIENCE_S: Final = 0.25
_LONGEST_S: Final = 1.0
_BACK_S: Final = 0.01
_LOOK_S: Final = 0.001

# So long a child waits for gRPC to have begun anew, in seconds; usually it is done within 4 ms.
_BEGIN_S: Final = 0.25
_GRPC: Final = "grpc._cython.cygrpc"
_THREADS: Final = "/proc/self/task"


class Gate:
    """What is under way inside gRPC, and whether more may begin. Thread-safe."""

    def __init__(self) -> None:
        self._reset()

    def _reset(self) -> None:
        self._lock = threading.RLock()
        self._opened = threading.Condition(self._lock)
        self._inside: set[object] = set()
        self._users: set[object] = set()
        self._interrupted: set[object] = set()
        self._forking: dict[int, None] = {}  # threads, the first one first
        self._is_stopped = False  # by Ctrl-C
        self.here = threading.local()

    def passing(self) -> _Passing:
        """Do something quick with gRPC; a fork waits for it, and it for a fork."""
        return _Passing(self)

    def interruptible(self, interrupt: Callable[[], None], times: int = 0) -> _Interruptible:
        """Do something with gRPC that may take long; a fork waits for its end, or interrupts it.

        It is what `was_interrupted` takes. What is done inside of it waits for no fork.

        Parameters
        ----------
        interrupt
            Has it end at once; called on another thread.
        times
            How often it was interrupted: a fork then waits longer, or it would never be done
            beside many forks.
        """
        return _Interruptible(self, interrupt, times)

    def begin(self, start: Callable[[], Any]) -> Any:
        """Start a call, and give it; a fork waits for its end, or interrupts it.

        Parameters
        ----------
        start
            Gives the call, a future of gRPC's.
        """
        with self.passing():
            call = start()
            with self._lock:
                self._inside.add(call)
            call.add_done_callback(self.leave)
        return call

    # A user's call may be stopped by Ctrl-C at any point, which must not leave a lock behind: so
    # there is none here. Its parts are atomic.

    def enter_for_user(self, call: object) -> None:
        """Let a call of a user's begin, which is told from others by any object."""
        if self._is_inside():
            return
        ends = time.monotonic() + _PATIENCE_S + 2 * _LONGEST_S
        self._users.add(call)
        while self._forking and time.monotonic() < ends:
            self._users.discard(call)
            time.sleep(_LOOK_S)
            self._users.add(call)

    def leave_for_user(self, call: object) -> None:
        """Take note that it has ended; more than once does no harm."""
        self._users.discard(call)

    def was_interrupted(self, call: Any) -> bool:
        """Tell once whether what has ended was interrupted, and has to be done again."""
        with self._lock:
            interrupted = call in self._interrupted
            self._interrupted.discard(call)
        return interrupted

    def _is_inside(self) -> bool:
        """Tell whether this thread is, or is the one that forks: neither may wait."""
        return getattr(self.here, "inside", False) or threading.get_ident() in self._forking

    def enter(self, who: object) -> None:
        """Let something begin, which is told from others by any object."""
        with self._lock:
            self._opened.wait_for(lambda: not self._forking, _PATIENCE_S + 2 * _LONGEST_S)
            self._inside.add(who)

    def leave(self, who: object) -> None:
        """Take note that it has ended."""
        with self._lock:
            self._inside.discard(who)

    # Around a fork, on the thread that forks. Python writes what is raised here into the cell, and
    # goes on: so Ctrl-C is kept for later, and what it has stopped is done again.

    def close(self) -> None:
        """Let nobody in, and wait until nobody is inside; gives up after a while."""
        while True:
            try:
                self._forking[threading.get_ident()] = None
                self._wait_until(self._is_turn, _PATIENCE_S + 2 * _LONGEST_S)
                self._wait_for_all()
            except KeyboardInterrupt:
                self._is_stopped = True
            else:
                return

    def _is_turn(self) -> bool:
        first, *_ = self._forking
        return first == threading.get_ident()

    def _wait_for_all(self) -> None:
        with self._lock:  # from now on nobody enters
            patience = [getattr(one, "patience_s", _PATIENCE_S) for one in self._inside]
        if not self._is_stopped:
            self._wait_until(
                lambda: not (self._inside or self._users), max(patience, default=_PATIENCE_S)
            )
        with self._lock:
            calls = [call for call in self._inside if hasattr(call, "cancel")]
            self._interrupted.update(calls)
        for call in calls:
            call.cancel()
        self._wait_until(lambda: not self._inside, _LONGEST_S)

    @staticmethod
    def _wait_until(is_so: Callable[[], bool], seconds: float) -> None:
        ends = time.monotonic() + seconds
        while not is_so() and time.monotonic() < ends:
            time.sleep(_LOOK_S)

    def open(self) -> None:
        """Go on, in the parent."""
        while True:
            try:
                with self._lock:
                    self._forking.pop(threading.get_ident(), None)
                    self._opened.notify_all()
                if self._is_stopped:
                    self._is_stopped = False
                    # Once this thread has come back to what its user wrote.
                    threading.Timer(_BACK_S, _thread.interrupt_main).start()
            except KeyboardInterrupt:
                self._is_stopped = True
            else:
                return

    def reset(self) -> None:
        """Forget, in the child, what only its parent's threads could end."""
        self._reset()


class _Passing:
    """Who is inside the gate for a moment."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    def __enter__(self) -> None:
        self._gate.enter(self)

    def __exit__(self, *_: object) -> None:
        self._gate.leave(self)


class _Interruptible(_Passing):
    """Who is inside for longer, and how that is ended."""

    def __init__(self, gate: Gate, interrupt: Callable[[], None], times: int) -> None:
        super().__init__(gate)
        self.cancel = interrupt
        self.patience_s = min(_PATIENCE_S * 2**times, _LONGEST_S)

    def __enter__(self) -> None:
        super().__enter__()
        self._gate.here.inside = True

    def __exit__(self, *_: object) -> None:
        self._gate.here.inside = False
        super().__exit__()


#: A process forks as a whole, so there is one.
GATE: Final = Gate()

_locks: Final[weakref.WeakSet[Any]] = weakref.WeakSet()


def forkable(lock: T) -> T:
    """Have a lock be open in a child, also where another thread held it in the parent."""
    _locks.add(lock)
    return lock


def _start_afresh() -> None:
    GATE.reset()
    for lock in list(_locks):
        lock._at_fork_reinit()  # noqa: SLF001  # as the standard library does with its own
    _let_grpc_begin()


def _let_grpc_begin() -> None:
    """Wait in a child until the threads that gRPC has begun there sleep.

    One of them is about to wait for events, and gRPC aborts the process where it finds its files
    closed then: all are, by what runs another program (`!`, a daemon). Later it does not notice.
    """
    if _GRPC not in sys.modules:
        return
    ends, before = time.monotonic() + _BEGIN_S, None
    with contextlib.suppress(OSError):  # not Linux
        while time.monotonic() < ends:
            seen = _others()
            # A thread that begins sleeps now and then, but has done something from look to look.
            if seen == before and all(state.startswith(b"S") for state in seen.values()):
                return
            before = seen
            time.sleep(_LOOK_S)


def _others() -> dict[str, bytes]:
    """Give the state of each other thread, and what it has done so far."""
    own, found = str(threading.get_native_id()), {}
    for thread in os.listdir(_THREADS):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it has ended
            if thread != own:
                with open(f"{_THREADS}/{thread}/stat", "rb") as file:
                    found[thread] = file.read().rpartition(b") ")[2]
    return found


if hasattr(os, "register_at_fork"):  # not on Windows, which does not fork
    os.register_at_fork(before=GATE.close, after_in_parent=GATE.open, after_in_child=_start_afresh)
