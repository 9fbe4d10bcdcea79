"""What pinging a server has measured."""

from __future__ import annotations

import statistics
from dataclasses import dataclass

from ..printing import printable

__all__ = ["PingResult"]


@dataclass(frozen=True)
class PingResult:
    """Round trips to a server.

    Attributes
    ----------
    alias
        Whose server.
    times_ms
        Each round trip in milliseconds, in order; shape ``(count,)``.
    """

    alias: str
    times_ms: tuple[float, ...]

    @property
    def count(self) -> int:
        """How many round trips there were."""
        return len(self.times_ms)

    @property
    def min_ms(self) -> float:
        """The fastest, in milliseconds."""
        return min(self.times_ms)

    @property
    def median_ms(self) -> float:
        """The median, in milliseconds."""
        return statistics.median(self.times_ms)

    @property
    def max_ms(self) -> float:
        """The slowest, in milliseconds."""
        return max(self.times_ms)

    def __repr__(self) -> str:
        return printable(
            f"{self.alias}: {self.count} round trips, "
            f"min {self.min_ms:.1f} ms, median {self.median_ms:.1f} ms, max {self.max_ms:.1f} ms"
        )
