"""Reaching the places that many connections go to: one attempt at a time, known for a moment."""

from __future__ import annotations

import asyncio
import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from .diagnosis import ProbeError
from .proxies import Proxy, late, proxy
from .reach import Reached, reach
from .stages import Stages
from .waiting import Shared, within

if TYPE_CHECKING:
    from ..errors import Diagnosis
    from ..params.endpoint import Endpoint

__all__ = ["Reacher", "WellKnown"]

_RECENT_S: Final = 2.0
_FAILED_S: Final = 0.08

# A call keeps the event loop waiting only where a round trip takes at most so long, in ms,
# and where none was late or failed within so long, in seconds.
_NEAR_MS: Final = 10.0
_FAR_S: Final = 3.0

# So long what a Milvus has said of itself is taken to be so, in seconds: somewhat more than a
# heartbeat, so that it is always known of one that is watched.
_WELL_S: Final = 4.0


@dataclass(frozen=True)
class WellKnown:
    """What is the same for all who ask at a place, from a Milvus that is well.

    Attributes
    ----------
    version
        Its own, such as ``"v2.3.5"``.
    latency_ms
        The round trip of GetVersion, in milliseconds.
    anyone
        Whether it takes any credentials; None where nobody has tried.
    at
        When it said so, by the monotonic clock.
    """

    version: str
    latency_ms: float | None
    anyone: bool | None
    at: float


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
        self._well: dict[_Place, WellKnown] = {}
        self._latency_ms: dict[_Place, float] = {}
        self._far_until: dict[_Place, float] = {}
        self._signed_in: set[int] = set()  # hashes: no credentials are kept

    async def reach(self, endpoint: Endpoint, stages: Stages) -> Reached:
        """Reach it, unless that was done a moment ago and nobody wants to see the stages."""
        place = _place(endpoint)
        if not stages.watched and self._was_reached(place):
            return self._seen[place]
        seen = self._seen[place] = Reached()
        await reach(endpoint, stages, seen)
        self._reached_at[place] = time.monotonic()
        self._failed.pop(place, None)
        return seen

    def reached(self, endpoint: Endpoint) -> tuple[str, WellKnown] | None:
        """Give gRPC's name for a place of which all but the sign-in is known, and what is known."""
        return self._reached_at_place(endpoint, _place(endpoint))

    def reached_near(self, endpoint: Endpoint) -> tuple[str, WellKnown] | None:
        """Give the same where it may be asked at once, and has taken these credentials."""
        place = _place(endpoint)
        if not self._is_near(endpoint, place) or not self.has_signed_in(endpoint):
            return None
        return self._reached_at_place(endpoint, place)

    def _reached_at_place(self, endpoint: Endpoint, place: _Place) -> tuple[str, WellKnown] | None:
        known = self._well_at(place)
        if known is None or (endpoint.credentials and known.anyone is None):
            return None
        seen = self._seen.get(place)
        return (seen.target, known) if seen is not None and self._was_reached(place) else None

    def is_near(self, endpoint: Endpoint) -> bool:
        """Tell whether a Milvus that is well is so near that it may be asked at once."""
        return self._is_near(endpoint, _place(endpoint))

    def _is_near(self, endpoint: Endpoint, place: _Place) -> bool:
        if endpoint.kind == "lite" or self._well_at(place) is None:
            return False
        is_quick = self._latency_ms.get(place, math.inf) <= _NEAR_MS
        return is_quick and time.monotonic() > self._far_until.get(place, 0.0)

    def note_latency(self, endpoint: Endpoint, ms: float) -> None:
        """Note how long a round trip has just taken."""
        self._latency_ms[_place(endpoint)] = ms

    def note_far(self, endpoint: Endpoint) -> None:
        """Note that it was asked at once, and did not answer well."""
        self._far_until[_place(endpoint)] = time.monotonic() + _FAR_S

    def _was_reached(self, place: _Place) -> bool:
        # A proxy is asked each time: of what it refuses, gRPC would write into the cell.
        recently = time.monotonic() - self._reached_at.get(place, -_RECENT_S) < _RECENT_S
        return recently and place[1] is None

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
        self._signed_in.add(hash(endpoint))

    def note_well(self, endpoint: Endpoint, known: WellKnown) -> None:
        """Note what the Milvus there, which is well, has said of itself."""
        self._well[_place(endpoint)] = known

    def note_alive(self, endpoint: Endpoint) -> None:
        """Note that a connection stands, over which it has just answered."""
        place = _place(endpoint)
        if place in self._seen:
            self._reached_at[place] = time.monotonic()

    def note_unwell(self, endpoint: Endpoint) -> None:
        """Note that it has to be asked again how it is."""
        self._well.pop(_place(endpoint), None)

    def well(self, endpoint: Endpoint) -> WellKnown | None:
        """Give what a Milvus that is well has just said to anybody there; None where none has."""
        return self._well_at(_place(endpoint))

    def _well_at(self, place: _Place) -> WellKnown | None:
        known = self._well.get(place)
        return known if known and time.monotonic() - known.at < _WELL_S else None

    def has_worked(self, endpoint: Endpoint) -> bool:
        """Tell whether a Milvus has ever answered there: then that is the right place."""
        return _place(endpoint) in self._worked

    def has_signed_in(self, endpoint: Endpoint) -> bool:
        """Tell whether these credentials were taken there, and have not been refused since."""
        return not endpoint.credentials or hash(endpoint) in self._signed_in

    def note_failed(self, endpoint: Endpoint) -> None:
        """Note that signing in there is not certain to work any more."""
        self._signed_in.discard(hash(endpoint))

    def forget(self, endpoint: Endpoint) -> None:
        """Note that it cannot be reached any more."""
        place = _place(endpoint)
        self._reached_at.pop(place, None)
        self._well.pop(place, None)


# An endpoint without who signs in, and the proxy on the way.
_Place = tuple[object, "Proxy | None"]


def _place(endpoint: Endpoint) -> _Place:
    return endpoint.place, proxy(endpoint)
