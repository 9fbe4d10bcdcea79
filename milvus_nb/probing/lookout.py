"""Seeing that a channel has lost its connection, without a question that stays open in gRPC.

gRPC answers such a question within milliseconds, but a child of a process that forks meanwhile
crashes over it. To look costs some 20 µs a channel, most of it for what the processor has forgotten
since the last look.
"""

from __future__ import annotations

import asyncio
import weakref
from typing import TYPE_CHECKING, Final

from .channel import is_connected
from .forks import GATE

if TYPE_CHECKING:
    from collections.abc import Collection

    import grpc

__all__ = ["Lookout", "lookout"]

# A connection that breaks off at once, again and again, has to be seen as such: so those that are
# new are looked at often, at first, and after 2 s like all others, in seconds.
_FIRST_S: Final = 0.01
_LAST_S: Final = 0.2
_GROWTH: Final = 1.1
_NEW_S: Final = 2.0
_MOST_NEW_S: Final = 0.5

# After a look there is none for so long for each channel that it was at, in seconds: what looking
# costs is bounded, however many there are.
_EACH_S: Final = 0.01


class Lookout:
    """Looks at the channels of one event loop, all at the same moments, while there are any."""

    def __init__(self) -> None:
        self._lost: dict[grpc.Channel, asyncio.Future[None]] = {}
        self._new: dict[grpc.Channel, float] = {}  # and until when they are so, by the loop's clock
        self._timer: asyncio.TimerHandle | None = None
        self._pause = _FIRST_S
        self._all_at = 0.0

    def lost(self, channel: grpc.Channel) -> asyncio.Future[None]:
        """Give what ends when a channel, which is connected, is not so any more."""
        found = self._lost.get(channel)
        if found is None:
            loop = asyncio.get_running_loop()
            found = self._lost[channel] = loop.create_future()
            self._new[channel] = loop.time() + _NEW_S
            self._stop()
            self._pause = _FIRST_S
            self._look_later()
        return found

    def forget(self, channel: grpc.Channel) -> None:
        """Look at a channel no more; nobody hears of its loss."""
        self._new.pop(channel, None)
        lost = self._lost.pop(channel, None)
        if lost is not None:
            lost.cancel()
        if not self._lost:
            self._stop()
            self._all_at = 0.0

    def _look_later(self) -> None:
        loop = asyncio.get_running_loop()
        at = self._all_at
        if self._new:
            bound = min(_EACH_S * len(self._new), _MOST_NEW_S)
            at = min(at, loop.time() + max(self._pause, bound))
            self._pause *= _GROWTH
        self._timer = loop.call_at(at, self._look)

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        self._timer = None
        now = asyncio.get_running_loop().time()
        self._new = {channel: until for channel, until in self._new.items() if until > now}
        looked: Collection[grpc.Channel] = self._new
        if now >= self._all_at:
            looked = self._lost
            self._all_at = now + max(_LAST_S, _EACH_S * len(looked))
        try:
            with GATE.passing():
                lost = [channel for channel in looked if not is_connected(channel)]
            if lost:  # they come together: a server had many of them
                self._all_at = min(self._all_at, now + _LAST_S)
            for channel in lost:
                self._new.pop(channel, None)
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
