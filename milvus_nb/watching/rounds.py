"""The heartbeat: at each of them those that are well are asked, where they are many in turn."""

from __future__ import annotations

import asyncio
from itertools import islice
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sized

    from .schedule import Pace

__all__ = ["Rounds"]

# So many are asked at one heartbeat: what watching costs is bounded, however many there are.
_MOST: Final = 24

# What was answered is taken to be so for a heartbeat, but for so many of the set ones at most.
_MOST_TRUST: Final = 4


class Rounds:
    """Wakes those that are to be asked, who have waited for it longest first.

    All of a round at the same moment: a thread that wakes up once is cheaper. Everything but
    `heartbeat` is of the event loop's thread.

    Parameters
    ----------
    pace
        How often, as it was set.
    watched
        Those that are watched, by whom the heartbeat becomes longer.
    """

    def __init__(self, pace: Pace, watched: Sized) -> None:
        self.pace = pace
        self._watched = watched
        self._waiting: dict[_Call, None] = {}
        self._timer: asyncio.TimerHandle | None = None

    @property
    def heartbeat(self) -> float:
        """Within how many seconds each is asked."""
        return self.pace.heartbeat * self.stretch()

    def stretch(self) -> int:
        """Tell how many times as long as it was set that is: twice from 25 on, and so forth."""
        return max(-(-len(self._watched) // _MOST), 1)

    def trust(self) -> int:
        """Tell for how many times as long as where few are watched an answer is taken to be so."""
        return min(self.stretch(), _MOST_TRUST)

    def call(self, callback: Callable[[], None]) -> _Call:
        """Call it when its turn has come; what is returned has a `cancel`, as a timer has."""
        call = _Call(callback, self._waiting)
        self._waiting[call] = None
        if self._timer is None:
            self._set_timer()
        return call

    def restart(self) -> None:
        """Begin a round now: the pace is another one."""
        if self._timer is not None:
            self._timer.cancel()
            self._begin()

    def until_between(self) -> float:
        """Tell in how many seconds it is half-way between two rounds."""
        every = self.pace.heartbeat
        if self._timer is None:
            return every / 2
        left = self._timer.when() - asyncio.get_running_loop().time()
        return (left - every / 2) % every

    def _set_timer(self) -> None:
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(self.pace.heartbeat, self._begin)

    def _begin(self) -> None:
        self._timer = None
        calls = list(islice(self._waiting, _MOST))
        if calls:  # else the next who comes begins anew
            self._set_timer()
        for call in calls:
            call.cancel()
            call.callback()


class _Call:
    """One who waits for its turn."""

    __slots__ = ("_waiting", "callback")

    def __init__(self, callback: Callable[[], None], waiting: dict[_Call, None]) -> None:
        self.callback = callback
        self._waiting = waiting

    def cancel(self) -> None:
        self._waiting.pop(self, None)
