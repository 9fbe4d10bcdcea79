"""Seeing that a channel has lost its connection, without a question that stays open in gRPC.

gRPC answers such a question within milliseconds, but a child of a process that forks meanwhile
crashes over it. To look costs 2 µs a channel.
"""

from __future__ import annotations

import asyncio
import weakref
from typing import TYPE_CHECKING, Final

from .channel import is_connected
from .forks import GATE

if TYPE_CHECKING:
    import grpc

__all__ = ["Lookout", "lookout"]

# A connection that breaks off at once, again and again, has to be seen as such: so the looks, in
# seconds, are close at first, and after 2 s so far apart that they cost next to nothing.
_FIRST_S: Final = 0.01
_LAST_S: Final = 0.2
_GROWTH: Final = 1.1


class Lookout:
    """Looks at the channels of one event loop, all at the same moments, while there are any."""

    def __init__(self) -> None:
        self._lost: dict[grpc.Channel, asyncio.Future[None]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._pause = _FIRST_S

    def lost(self, channel: grpc.Channel) -> asyncio.Future[None]:
        """Give what ends when a channel, which is connected, is not so any more."""
        found = self._lost.get(channel)
        if found is None:
            found = self._lost[channel] = asyncio.get_running_loop().create_future()
            self._stop()
            self._pause = _FIRST_S
            self._look_later()
        return found

    def forget(self, channel: grpc.Channel) -> None:
        """Look at a channel no more; nobody hears of its loss."""
        lost = self._lost.pop(channel, None)
        if lost is not None:
            lost.cancel()
        if not self._lost:
            self._stop()

    def _look_later(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(self._pause, self._look)
        self._pause = min(self._pause * _GROWTH, _LAST_S)

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        self._timer = None
        try:
            with GATE.passing():
                lost = [channel for channel in self._lost if not is_connected(channel)]
            for channel in lost:
                self._lost.pop(channel).set_result(None)
        finally:  # whatever goes wrong, the next look comes
            if self._lost:
                self._look_later()


_all: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Lookout] = weakref.WeakKeyDictionary()


def lookout() -> Lookout:
    """Give the one of the event loop that runs."""
    loop = asyncio.get_running_loop()
    found = _all.get(loop)
    if found is None:
        found = _all[loop] = Lookout()
    return found
