"""Measuring two things in turns, so that a machine that drifts drifts for both."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Figures", "in_turns", "seconds_until_printed"]


class Figures:
    """Milliseconds of several candidates; the first is ours.

    Parameters
    ----------
    title
        What was measured.
    times
        For each candidate its times in milliseconds.
    """

    def __init__(self, title: str, times: Mapping[str, list[float]]) -> None:
        self.title = title
        self.times = times

    def __str__(self) -> str:
        ours = statistics.median(next(iter(self.times.values())))
        lines = [self.title]
        for name, times in self.times.items():
            median = statistics.median(times)
            spread = f"{min(times):.2f} to {max(times):.2f}"
            line = f"  {name:<46} {median:9.2f} ms  ({spread}, n={len(times)})"
            if times is not next(iter(self.times.values())):
                line += f"   ours is {ours / median:.3f} times this"
            lines.append(line)
        return "\n".join(lines)


def in_turns(title: str, runs: int, candidates: Mapping[str, Callable[[], float]]) -> Figures:
    """Measure A B A B …, after a turn that is not counted.

    Parameters
    ----------
    title
        What is measured.
    runs
        How often each.
    candidates
        Each gives its time in seconds.
    """
    times: dict[str, list[float]] = {name: [] for name in candidates}
    for turn in range(runs + 1):
        for name, measure in candidates.items():
            seconds = measure()
            if turn:
                times[name].append(seconds * 1000)
    return Figures(title, times)


def seconds_until_printed(code: str) -> float:
    """Start a Python process and give the seconds until it has printed its first line."""
    start = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        line = process.stdout.readline() if process.stdout else ""
        seconds = time.perf_counter() - start
    if not line:
        raise RuntimeError(f"this process failed:\n{code}")
    return seconds
