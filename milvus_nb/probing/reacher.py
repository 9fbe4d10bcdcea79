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
    from collections.abc import Callable

    from ..errors import Diagnosis
    from ..params.endpoint import Endpoint

__all__ = ["Reacher", "WellKnown"]

_RECENT_S: Final = 2.0

# So long at most a name is taken to lead where it was found to, in seconds: it may have moved,
# while connections to where it led before go on.
_LED_S: Final = 30.0

_FAILED_S: Final = 0.08

# A call keeps the event loop waiting only where a round trip takes at most so long, in ms,
# and where none was late or failed within so long, in seconds.
_NEAR_MS: Final = 10.0
_FAR_S: Final = 3.0

# So long what a Milvus has said of itself is taken to be so, in seconds: somewhat more than a
# heartbeat, so that it is always known of one that is watched; longer as that becomes longer.
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
    target
        Where that is: gRPC's name for what the host's name led to.
    at
        When it said so, by the monotonic clock.
    """

    version: str
    latency_ms: float | None
    anyone: bool | None
    target: str
    at: float


@dataclass
class _Place:
    """What is known of a place; times are of the monotonic clock."""

    is_direct: bool
    """Whether there is no proxy on the way."""
    seen: Reached | None = None
    found_at: float = -math.inf
    reached_at: float = -math.inf
    failed: Diagnosis | None = None
    failed_at: float = -math.inf
    asking: Shared[Reached] | None = None
    has_worked: bool = False
    well: WellKnown | None = None
    latency_ms: float = math.inf
    far_until: float = -math.inf

    @property
    def was_reached(self) -> bool:
        # A proxy is asked each time: of what it refuses, gRPC would write into the cell.
        now = time.monotonic()
        is_recent = now - self.reached_at < _RECENT_S and now - self.found_at < _LED_S
        return self.is_direct and is_recent

    @property
    def is_quick(self) -> bool:
        return self.latency_ms <= _NEAR_MS and time.monotonic() > self.far_until


class Reacher:
    """Reaches endpoints, and remembers for 2 s where HTTP/2 was spoken.

    Many connections may go to one place with many users. While it is down, they make one attempt at
    a time between them.

    Parameters
    ----------
    trust
        Tells for how many times as long as usual what a Milvus says of itself is taken to be so.
    """

    def __init__(self, trust: Callable[[], int] = lambda: 1) -> None:
        self._trust = trust
        # By endpoint without who signs in, and the proxy on the way.
        self._places: dict[tuple[object, Proxy | None], _Place] = {}
        self._signed_in: set[int] = set()  # hashes: no credentials are kept

    def _at(self, endpoint: Endpoint) -> _Place:
        key = endpoint.place, proxy(endpoint)
        found = self._places.get(key)
        if found is None:
            found = self._places[key] = _Place(is_direct=key[1] is None)
        return found

    async def reach(self, endpoint: Endpoint, stages: Stages) -> Reached:
        """Reach it, unless that was done a moment ago and nobody wants to see the stages."""
        place = self._at(endpoint)
        if not stages.watched and place.seen is not None and place.was_reached:
            return place.seen
        seen = place.seen = Reached()
        await reach(endpoint, stages, seen)
        place.found_at = place.reached_at = time.monotonic()
        place.failed = None
        return seen

    def reached(self, endpoint: Endpoint, *, near: bool = False) -> tuple[str, WellKnown] | None:
        """Give gRPC's name for a place of which all but the sign-in is known, and what is known.

        `near`: only where it may be asked at once, and has taken these credentials.
        """
        place = self._at(endpoint)
        if near and not (self._is_near(endpoint, place) and self.has_signed_in(endpoint)):
            return None
        known = self._known(place)
        if known is None or (endpoint.credentials and known.anyone is None):
            return None
        seen = place.seen
        return (seen.target, known) if seen is not None and place.was_reached else None

    def is_near(self, endpoint: Endpoint) -> bool:
        """Tell whether a Milvus that is well is so near that it may be asked at once."""
        return self._is_near(endpoint, self._at(endpoint))

    def _is_near(self, endpoint: Endpoint, place: _Place) -> bool:
        return endpoint.kind != "lite" and place.is_quick and self._known(place) is not None

    def note_latency(self, endpoint: Endpoint, ms: float) -> None:
        """Note how long a round trip has just taken."""
        self._at(endpoint).latency_ms = ms

    def note_far(self, endpoint: Endpoint) -> None:
        """Note that it was asked at once, and did not answer well."""
        self._at(endpoint).far_until = time.monotonic() + _FAR_S

    async def retry(self, endpoint: Endpoint, limit: float) -> Reached:
        """Reach what could not be reached, together with whoever tries the same place.

        Parameters
        ----------
        endpoint
            Where to go.
        limit
            Seconds that the attempt may take.
        """
        place = self._at(endpoint)
        if place.failed is not None and time.monotonic() - place.failed_at < _FAILED_S:
            raise ProbeError(place.failed)
        if place.asking is None or not place.asking.is_open:
            place.asking = Shared(self._attempt(endpoint, limit))
        return await place.asking.wait()

    async def _attempt(self, endpoint: Endpoint, limit: float) -> Reached:
        place, stages = self._at(endpoint), Stages()
        try:
            return await within(limit, self.reach(endpoint, stages))
        except asyncio.TimeoutError:
            failed = ProbeError(late(endpoint, stages.running, limit))
            stages.fail(failed)
        except ProbeError as error:
            failed = error
        place.failed, place.failed_at = failed.diagnosis, time.monotonic()
        raise failed

    def last(self, endpoint: Endpoint) -> Reached:
        """Give what was seen when it was last tried, also where that failed."""
        return self._at(endpoint).seen or Reached()

    def note_worked(self, endpoint: Endpoint) -> None:
        """Note that a Milvus answers there."""
        self._at(endpoint).has_worked = True
        self._signed_in.add(hash(endpoint))

    def note_well(self, endpoint: Endpoint, known: WellKnown) -> None:
        """Note what the Milvus there, which is well, has said of itself."""
        place = self._at(endpoint)
        if place.seen is None or place.seen.target == known.target:
            place.well = known

    def note_alive(self, endpoint: Endpoint, target: str) -> None:
        """Note that a connection to that target stands, over which it has just answered."""
        place = self._at(endpoint)
        if place.seen is not None and place.seen.target == target:
            place.reached_at = time.monotonic()

    def note_unwell(self, endpoint: Endpoint) -> None:
        """Note that it has to be asked again how it is."""
        self._at(endpoint).well = None

    def well(self, endpoint: Endpoint) -> WellKnown | None:
        """Give what a Milvus that is well has just said to anybody there; None where none has."""
        return self._known(self._at(endpoint))

    def _known(self, place: _Place) -> WellKnown | None:
        known, seen = place.well, place.seen
        if known is None or (seen is not None and seen.target != known.target):
            return None
        return known if time.monotonic() - known.at < _WELL_S * self._trust() else None

    def has_worked(self, endpoint: Endpoint) -> bool:
        """Tell whether a Milvus has ever answered there: then that is the right place."""
        return self._at(endpoint).has_worked

    def has_signed_in(self, endpoint: Endpoint) -> bool:
        """Tell whether these credentials were taken there, and have not been refused since."""
        return not endpoint.credentials or hash(endpoint) in self._signed_in

    def note_failed(self, endpoint: Endpoint) -> None:
        """Note that signing in there is not certain to work any more."""
        self._signed_in.discard(hash(endpoint))

    def forget(self, endpoint: Endpoint) -> None:
        """Note that it cannot be reached any more."""
        place = self._at(endpoint)
        place.reached_at, place.well = -math.inf, None
