"""When an endpoint is asked next: each heartbeat, sooner where it fails, later where it breaks."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ..params.defaults import DEFAULT_DEADLINE_S, DEFAULT_HEARTBEAT_S
from ..probing import diagnosis

if TYPE_CHECKING:
    from ..errors import Diagnosis
    from ..params.endpoint import Endpoint

__all__ = ["Pace", "Schedule"]


# After a failed probe the next one comes sooner than a heartbeat: after 2 % of the outage so far,
# within these limits, in seconds. Whoever was away for 20 s is seen back within half a second.
_RETRY_SHARE: Final = 0.02
_FIRST_RETRY_S: Final = 0.1
_LAST_RETRY_S: Final = 2.0
_JITTER: Final = 0.2

# A connection that is lost sooner than this, in seconds, so many times in a row, is unstable.
_STEADY_S: Final = 2.0
_MOST_DROPS: Final = 3


@dataclass
class Pace:
    """How often servers are probed, shared by all watches.

    Attributes
    ----------
    heartbeat
        Seconds between two probes of a server, as it was set: where many are watched, `Rounds` has
        a longer one.
    deadline
        Seconds until a probe counts as unanswered.
    """

    heartbeat: float = DEFAULT_HEARTBEAT_S
    deadline: float = DEFAULT_DEADLINE_S


class Schedule:
    """When one endpoint is asked next.

    Parameters
    ----------
    pace
        How often servers are probed.
    """

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._drops = 0  # one after another, each soon after it was made
        self._lived = 0.0
        self._down_at: float | None = None  # since when it is unreachable, by the monotonic clock

    def next_delay(self) -> float | None:
        """Tell after how many seconds it is asked next; None: with its heartbeat."""
        if self._down_at is None:
            return None
        outage = time.monotonic() - self._down_at
        delay = max(_FIRST_RETRY_S, min(outage * _RETRY_SHARE, _LAST_RETRY_S))
        delay *= 1 + random.uniform(-_JITTER, _JITTER)  # noqa: S311  # hides nothing
        return min(delay, self._pace.heartbeat)

    def note_state(self, *, is_unreachable: bool) -> None:
        """Note that its state has become another one."""
        self._down_at = time.monotonic() if is_unreachable else None

    def note_failed(self) -> None:
        """Note that it was asked, and did not answer or refused."""
        self._drops = 0

    def note_lost(self, opened_at: float) -> None:
        """Note that a connection broke which was opened then, by the monotonic clock."""
        self._lived = time.monotonic() - opened_at
        self._drops = 0 if self._lived > _STEADY_S else min(self._drops + 1, 10)

    @property
    def is_unstable(self) -> bool:
        """Whether its connections break as soon as they are made."""
        return self._drops >= _MOST_DROPS

    @property
    def rest(self) -> float:
        """How long an unstable one is left alone, in seconds."""
        return min(_FIRST_RETRY_S * 2.0**self._drops, _LAST_RETRY_S)

    def unstable(self, endpoint: Endpoint) -> Diagnosis:
        """Say that it is unstable."""
        return diagnosis.of(
            endpoint,
            "unstable",
            f"{self._drops} connections were broken off",
            drops=str(self._drops),
            lived=f"{self._lived:.1f} s",
        )
