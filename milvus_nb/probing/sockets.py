"""Waiting until gRPC has closed the socket of a channel that was closed.

It does that on threads of its own: 5 to 15 ms later where the processor is busy (grpcio 1.85).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import stat
import weakref
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

__all__ = ["all_closed"]

# So long is waited for a channel of ours, in seconds; one of somebody else may share its socket
# with another: then it stays.
_LONGEST_S = 1.0
_LONGEST_SHARED_S = 0.25
_FIRST_PAUSE_S = 0.001

# Of sockets to wherever it may be.
_ANY = 0

# Usually it is done within this, in seconds; no pause of an event loop is so short.
_AT_ONCE_S = 0.0005


@contextlib.asynccontextmanager
async def all_closed(channels: int, port: int = _ANY) -> AsyncIterator[None]:
    """Wait at the end until the sockets are closed of channels that are closed within.

    It waits for at most 1 s, and not at all on Windows, which does not list open files.

    Parameters
    ----------
    channels
        How many of them are connected.
    port
        To which port those of ours go (`port_of`): what else is closed meanwhile does not count. 0
        for others' channels, which may share their sockets, and for Unix sockets: any counts, and
        it waits for at most 0.25 s.
    """
    if channels == 0:
        yield
        return
    loop = asyncio.get_running_loop()
    closing = _closing.setdefault(loop, _Closing())
    closing.begin(loop, channels, port)
    try:
        yield
        await closing.wait(loop, port)
    finally:
        closing.end()


class _Closing:
    """What is being closed at the same time, on one event loop.

    gRPC does not tell which socket a channel has. So of those to the same port that the process had
    before, as many have to be gone as channels were closed.
    """

    def __init__(self) -> None:
        self._users = 0
        self._channels: Counter[int] = Counter()
        self._before: dict[_Socket, int] = {}
        self._there: Counter[int] = Counter()
        self._closed: Counter[int] = Counter()
        self._is_listed = False
        self._is_fresh = False

    def begin(self, loop: asyncio.AbstractEventLoop, channels: int, port: int) -> None:
        self._users += 1
        if not self._is_listed:  # once for all who begin in one round of the loop
            for one, to in _open_sockets().items():
                self._before.setdefault(one, to)  # one that is being closed is connected no more
            self._there = _by_port(self._before.values())
            self._is_listed = True
            loop.call_soon(self._forget)
        self._channels[port] += channels

    async def wait(self, loop: asyncio.AbstractEventLoop, port: int) -> None:
        start, pause = loop.time(), 0.0
        longest_s = _LONGEST_S if port else _LONGEST_SHARED_S
        while (waited := loop.time() - start) < longest_s:
            await asyncio.sleep(pause)
            self._look(loop)
            if self._closed[port] >= min(self._channels[port], self._there[port]):
                return
            if waited > _AT_ONCE_S:
                pause = 2 * pause or _FIRST_PAUSE_S

    def end(self) -> None:
        self._users -= 1
        if self._users == 0:
            self._channels.clear()
            self._before.clear()

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        """Count those that are closed, once for all who want it in one round of the loop."""
        if not self._is_fresh:
            self._closed = _by_port(to for one, to in self._before.items() if not _is_open(one))
            self._is_fresh = True
            loop.call_soon(self._forget)

    def _forget(self) -> None:
        self._is_fresh = self._is_listed = False


_closing: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, _Closing] = (
    weakref.WeakKeyDictionary()
)


_Socket = tuple[int, int]  # file descriptor, inode


def _by_port(ports: Iterable[int]) -> Counter[int]:
    found = Counter(ports)
    found[_ANY] = sum(found.values())
    return found


def _is_open(one: _Socket) -> bool:
    try:
        return os.fstat(one[0]).st_ino == one[1]
    except OSError:
        return False


def _open_sockets() -> dict[_Socket, int]:
    """List this process's sockets, and the port that each is connected to."""
    found: dict[_Socket, int] = {}
    try:
        names = os.listdir("/dev/fd")
    except OSError:
        return found
    for name in names:
        with contextlib.suppress(OSError):
            status = os.fstat(int(name))
            if stat.S_ISSOCK(status.st_mode):
                found[int(name), status.st_ino] = _peer_port(int(name))
    return found


def _peer_port(descriptor: int) -> int:
    # Of IPv6 there is room for each kind of address. Who closes it is gRPC, not this.
    borrowed = socket.socket(socket.AF_INET6, socket.SOCK_STREAM, 0, descriptor)
    try:
        name = borrowed.getpeername()
        return int(name[1]) if isinstance(name, tuple) else _ANY
    except OSError:  # it only listens, or is connected no more
        return _ANY
    finally:
        borrowed.detach()
