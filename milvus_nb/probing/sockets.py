"""Waiting until gRPC has closed the socket of a channel that was closed.

It does that on threads of its own: 5 to 15 ms later where the processor is busy (grpcio 1.85).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import stat
import weakref
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

__all__ = ["all_closed"]

# A channel of somebody else may share its socket with another one: then it stays.
_LONGEST_S = 0.25
_FIRST_PAUSE_S = 0.001

# Usually it is done within this, in seconds; no pause of an event loop is so short.
_AT_ONCE_S = 0.0005


@contextlib.asynccontextmanager
async def all_closed(channels: int) -> AsyncIterator[None]:
    """Wait at the end until the sockets are closed of channels that are closed within.

    It waits for at most 0.25 s, and not at all on Windows, which does not list open files.

    Parameters
    ----------
    channels
        How many of them are connected.
    """
    if channels == 0:
        yield
        return
    loop = asyncio.get_running_loop()
    closing = _closing.setdefault(loop, _Closing())
    closing.begin(loop, channels)
    try:
        yield
        await closing.wait(loop)
    finally:
        closing.end()


class _Closing:
    """What is being closed at the same time, on one event loop.

    gRPC does not tell which socket a channel has. So of those that the process had before, as many
    have to be gone as channels were closed.
    """

    def __init__(self) -> None:
        self._users = 0
        self._channels = 0
        self._before: set[_Socket] = set()
        self._closed = 0
        self._is_listed = False
        self._is_fresh = False

    def begin(self, loop: asyncio.AbstractEventLoop, channels: int) -> None:
        self._users += 1
        self._channels += channels
        if not self._is_listed:  # once for all who begin in one round of the loop
            self._before |= _open_sockets()
            self._is_listed = True
            loop.call_soon(self._forget)

    async def wait(self, loop: asyncio.AbstractEventLoop) -> None:
        start, pause = loop.time(), 0.0
        while (waited := loop.time() - start) < _LONGEST_S:
            await asyncio.sleep(pause)
            self._look(loop)
            if self._closed >= min(self._channels, len(self._before)):
                return
            if waited > _AT_ONCE_S:
                pause = 2 * pause or _FIRST_PAUSE_S

    def end(self) -> None:
        self._users -= 1
        if self._users == 0:
            self._channels = 0
            self._before.clear()

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        """Count those that are closed, once for all who want it in one round of the loop."""
        if not self._is_fresh:
            self._closed = sum(not _is_open(socket) for socket in self._before)
            self._is_fresh = True
            loop.call_soon(self._forget)

    def _forget(self) -> None:
        self._is_fresh = self._is_listed = False


_closing: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, _Closing] = (
    weakref.WeakKeyDictionary()
)


_Socket = tuple[int, int]  # file descriptor, inode


def _is_open(socket: _Socket) -> bool:
    try:
        return os.fstat(socket[0]).st_ino == socket[1]
    except OSError:
        return False


def _open_sockets() -> set[_Socket]:
    """List this process's sockets."""
    found: set[_Socket] = set()
    try:
        names = os.listdir("/dev/fd")
    except OSError:
        return found
    for name in names:
        with contextlib.suppress(OSError):
            status = os.fstat(int(name))
            if stat.S_ISSOCK(status.st_mode):
                found.add((int(name), status.st_ino))
    return found
