"""Reaching the places that many connections go to: one attempt at a time, known for a moment."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ..params.secret import Secret
from .diagnosis import ProbeError
from .proxies import Proxy, late, proxy
from .reach import Reached, reach
from .stages import Stages
from .waiting import Shared, within

if TYPE_CHECKING:
    from ..errors import Diagnosis
    from ..params.endpoint import Endpoint

__all__ = ["Reacher"]

_RECENT_S: Final = 2.0
_FAILED_S: Final = 0.08


class Reacher:
    """Reaches endpoints, and remembers for 2 s where HTTP/2 was spoken.

    Many connections may go to one place with many users. While it is down, they make one attempt at
    a time between them.
    """

    def __init__(self) -> None:
        self._seen: dict[_Place, Reached] = {}
        self._reached_at: dict[_Place, float] = {}
        self._failed: dict[_Place, tuple[Diagnosis, float]] = {}
        self._asking: dict[_Place, Shared[Reached]] = {}
        self._worked: set[_Place] = set()

    async def reach(self, endpoint: Endpoint, stages: Stages) -> Reached:
        """Reach it, unless that was done a moment ago and nobody wants to see the stages."""
        place = _place(endpoint)
        recently = time.monotonic() - self._reached_at.get(place, -_RECENT_S) < _RECENT_S
        # A proxy is asked each time: of what it refuses, gRPC would write into the cell.
        if recently and not stages.watched and place[1] is None:
            return self._seen[place]
        seen = self._seen[place] = Reached()
        await reach(endpoint, stages, seen)
        self._reached_at[place] = time.monotonic()
        self._failed.pop(place, None)
        return seen

    async def retry(self, endpoint: Endpoint, limit: float) -> Reached:
        """Reach what could not be reached, together with whoever tries the same place.

        Parameters
        ----------
        endpoint
            Where to go.
        limit
            Seconds that the attempt may take.
        """
        place = _place(endpoint)
        known, when = self._failed.get(place, (None, 0.0))
        if known is not None and time.monotonic() - when < _FAILED_S:
            raise ProbeError(known)
        asking = self._asking.get(place)
        if asking is None or not asking.is_open:
            asking = self._asking[place] = Shared(self._attempt(endpoint, limit))
        return await asking.wait()

    async def _attempt(self, endpoint: Endpoint, limit: float) -> Reached:
        place, stages = _place(endpoint), Stages()
        try:
            return await within(limit, self.reach(endpoint, stages))
        except asyncio.TimeoutError:
            failed = ProbeError(late(endpoint, stages.running, limit))
            stages.fail(failed)
        except ProbeError as error:
            failed = error
        self._failed[place] = failed.diagnosis, time.monotonic()
        raise failed

    def last(self, endpoint: Endpoint) -> Reached:
        """Give what was seen when it was last tried, also where that failed."""
        return self._seen.get(_place(endpoint)) or Reached()

    def note_worked(self, endpoint: Endpoint) -> None:
        """Note that a Milvus answers there."""
        self._worked.add(_place(endpoint))

    def has_worked(self, endpoint: Endpoint) -> bool:
        """Tell whether a Milvus has ever answered there: then that is the right place."""
        return _place(endpoint) in self._worked

    def forget(self, endpoint: Endpoint) -> None:
        """Note that it cannot be reached any more."""
        self._reached_at.pop(_place(endpoint), None)


# An endpoint without who signs in, and the proxy on the way.
_Place = tuple["Endpoint", "Proxy | None"]


def _place(endpoint: Endpoint) -> _Place:
    return replace(endpoint, user="", credentials=Secret()), proxy(endpoint)
