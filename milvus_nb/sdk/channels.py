"""The gRPC channels of pymilvus's handlers, and how they are closed for good.

Where a call fails, pymilvus gives its handler a new channel and lets go of the old one: a client's
becomes garbage, an async client's is closed later, by a task that ends with its event loop. Until
then gRPC connects it again, by itself. So all channels of our clients are kept in mind.
"""

from __future__ import annotations

import contextlib
import inspect
import threading
import weakref
from typing import TYPE_CHECKING, Any, Final

from ..probing.channel import is_connected
from ..probing.forks import GATE
from ..probing.waiting import running_loop
from . import private_names as theirs

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Coroutine, Iterable

__all__ = [
    "AsyncChannels",
    "Channels",
    "channel_of",
    "close_async_handler",
    "has_socket",
    "is_async",
    "pass_gate",
    "refuse_calls",
]

# So long an event loop may take to close its own channels, in seconds; a busy one takes longer.
_LOOP_GRACE_S: Final = 0.1


class Channels:
    """All channels of a MilvusClient of ours. Thread-safe."""

    _current = theirs.CHANNEL
    _make = theirs.CREATE_CHANNEL

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: weakref.WeakSet[Any] = weakref.WeakSet()
        self._is_closed = False

    def keep_those_of(self, handler: Any) -> None:
        """Keep the channel that a handler has, and those that it will make.

        Raises
        ------
        GoneError
            What it needs of a handler is gone; nothing was changed.
        """
        make, current = self._make.get(handler), self._current.get(handler)

        def make_and_keep(*args: Any, **kwargs: Any) -> Any:
            self._let_go(handler)
            channel = pass_gate(make, *args, **kwargs)
            self._keep(channel)
            return channel

        self._make.put(handler, make_and_keep)
        self._keep(current)

    def _guard(self, channel: Any) -> None:
        """Have all calls over a channel go through the gate for forks, whatever stub makes them."""
        make = channel.unary_unary
        channel.unary_unary = lambda *args, **kwargs: _Guarded(make(*args, **kwargs))

    def sockets(self) -> int:
        """Count the sockets that they have at this moment."""
        with GATE.passing():
            return sum(map(is_connected, self._all()))

    def close(self) -> None:
        """Close them all; one that is made from now on is closed at once."""
        with self._lock:
            self._is_closed = True
        self._close(self._all())

    def _all(self) -> list[Any]:
        with self._lock:
            return list(self._made)

    def _keep(self, channel: Any) -> None:
        self._guard(channel)
        with self._lock:
            self._made.add(channel)
            is_closed = self._is_closed
        if is_closed:
            self._close([channel])

    def _let_go(self, handler: Any) -> None:
        """Close those of before the handler's channel: it is the next one that is let go of now.

        Calls may still be under way over that.
        """
        current = self._current.get(handler)
        self._close([channel for channel in self._all() if channel is not current])

    def _close(self, channels: list[Any]) -> None:
        for channel in channels:
            _refuse(channel)
            pass_gate(channel.close)


class AsyncChannels(Channels):
    """All channels of an AsyncMilvusClient of ours."""

    _current = theirs.ASYNC_CHANNEL
    _make = theirs.ASYNC_CREATE_CHANNEL

    def __init__(self) -> None:
        super().__init__()
        self._handlers: weakref.WeakSet[Any] = weakref.WeakSet()

    def keep_those_of(self, handler: Any) -> None:
        """Keep the channel that a handler has, and those that it will make."""
        self._handlers.add(handler)
        super().keep_those_of(handler)

    def _guard(self, channel: Any) -> None:
        """Leave it: asyncio's gRPC has a thread inside all the time."""

    def _let_go(self, handler: Any) -> None:
        """Leave those of before to pymilvus, which waits for the calls that are under way."""

    def _close(self, channels: list[Any]) -> None:
        if not channels:
            return

        def close() -> None:
            for handler in list(self._handlers):
                for task in list(theirs.RETIRED.find(handler) or ()):
                    task.cancel()  # it waits for calls, which end now
            for channel in channels:
                _step(channel.close())

        _on_loop(theirs.AIO_LOOP.find(channels[0]), close)
        _close_cores(channels)


class _Guarded:
    """One of a channel's calls: a fork waits a moment for its end, and it for a fork."""

    def __init__(self, call: Any) -> None:
        self._call = call

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return pass_gate(self._call, *args, **kwargs)

    def with_call(self, *args: Any, **kwargs: Any) -> Any:
        return pass_gate(self._call.with_call, *args, **kwargs)

    def future(self, *args: Any, **kwargs: Any) -> Any:
        mark = object()
        try:
            GATE.enter_for_user(mark)
            call = self._call.future(*args, **kwargs)
            call.add_done_callback(lambda _: GATE.leave_for_user(mark))
        except BaseException:
            GATE.leave_for_user(mark)
            raise
        return call


def pass_gate(work: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Do something of a user's that a fork waits for, a moment, and that waits for a fork."""
    mark = object()
    try:
        GATE.enter_for_user(mark)
        return work(*args, **kwargs)
    finally:
        GATE.leave_for_user(mark)


def is_async(handler: Any) -> bool:
    """Tell whether one of pymilvus's handlers is asyncio's."""
    return inspect.iscoroutinefunction(getattr(handler, "close", None))


def channel_of(handler: Any) -> Any:
    """Give the channel of one of pymilvus's handlers; None where it has none, or it is gone."""
    return (theirs.ASYNC_CHANNEL if is_async(handler) else theirs.CHANNEL).find(handler)


def has_socket(handler: Any) -> bool:
    """Tell whether one of pymilvus's handlers has a socket at this moment."""
    channel = channel_of(handler)
    with GATE.passing():
        return channel is not None and is_connected(channel)


def refuse_calls(handler: Any) -> None:
    """Have a handler, which is about to be closed, refuse new calls; see `_Closing`."""
    _refuse(theirs.CHANNEL.find(handler))


def _refuse(channel: Any) -> None:
    core = theirs.CORE.find(channel)
    if core is not None and not isinstance(core, _Closing):
        theirs.CORE.put(channel, _Closing(core))


class _Closing:
    """Stands before gRPC's channel from the moment in which it is being closed.

    Another thread may just be making a call of a kind that the channel has not seen yet; gRPC
    (1.85) reads freed memory then, and the kernel dies.
    """

    def __init__(self, core: Any) -> None:
        self.close = core.close

    def __getattr__(self, name: str) -> Any:
        raise ValueError("Cannot invoke RPC on closed channel!")


def close_async_handler(handler: Any, close: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Close one of pymilvus's async handlers and its socket, from any thread.

    Calls under way are cancelled. An event loop that is busy with something else closes nothing, so
    its channel is then closed without it. It blocks for at most 0.1 s.

    Parameters
    ----------
    handler
        Which one.
    close
        pymilvus's way of closing it.
    """
    channel = channel_of(handler)
    if channel is not None:
        _on_loop(theirs.AIO_LOOP.find(channel), lambda: _step(close()))
        _close_cores([channel])


def _on_loop(loop: asyncio.AbstractEventLoop | None, work: Callable[[], None]) -> None:
    """Do something on an event loop, where one runs, and wait for it for a moment."""
    if loop is None:
        return
    if not loop.is_running() or running_loop() is loop:
        work()
        return
    under_way = threading.Lock()  # no Event: Ctrl-C here could stop that thread for ever
    under_way.acquire()

    def do() -> None:
        work()
        under_way.release()

    with contextlib.suppress(RuntimeError):  # it has ended since
        loop.call_soon_threadsafe(do)
        under_way.acquire(timeout=_LOOP_GRACE_S)


def _close_cores(channels: Iterable[Any]) -> None:
    for core in map(theirs.CORE.find, channels):
        if core is not None and not core.closed():
            core.close()


def _step(work: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine that has nothing to wait for; one that has is given up."""
    with contextlib.suppress(StopIteration, RuntimeError):  # older gRPC: no loop runs here
        work.send(None)
    work.close()
