"""Measuring two things in turns, so that a machine that drifts drifts for both."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["Figures", "Table", "in_turns", "seconds_until_printed"]


class Figures:
    """Times of one candidate or several; the first is ours.

    Parameters
    ----------
    title
        What was measured.
    times
        For each candidate its times in `unit`; infinite where it was given up at `cap`.
    unit
        ``"ms"`` or ``"s"``.
    cap
        In `unit`; where the waiting ended.
    notes
        For some candidates what is to be said beside the times.
    goals
        How many times that of another candidate ours is to be at most; for our own name how long
        it is to take at most, in `unit`.
    """

    def __init__(
        self,
        title: str,
        times: Mapping[str, list[float]],
        *,
        unit: str = "ms",
        cap: float = float("inf"),
        notes: Mapping[str, str] | None = None,
        goals: Mapping[str, float] | None = None,
    ) -> None:
        self.title = title
        self.times = times
        self.unit = unit
        self.cap = cap
        self.notes = notes or {}
        self.goals = goals or {}

    def __str__(self) -> str:
        first, *_ = self.times
        ours = statistics.median(self.times[first])
        lines = [self.title]
        for name, times in self.times.items():
            median = statistics.median(times)
            spread = f"{self._text(min(times))} to {self._text(max(times))}"
            line = f"  {name:<46} {self._text(median):>9} {self.unit}  ({spread}, n={len(times)})"
            if name != first and 0 < ours < self.cap:
                line += f"   {_ratio(ours, min(median, self.cap), is_most=median > self.cap)}"
            if name in self.goals:
                is_met = (ours if name == first else ours / median) <= self.goals[name]
                line += f"   goal: at most {self.goals[name]:g}, {'met' if is_met else 'MISSED'}"
            lines.append(line)
            if name in self.notes:
                lines.append(f"    {self.notes[name]}")
        return "\n".join(lines)

    def as_json(self) -> dict[str, Any]:
        """Give what the documentation's page is made of."""
        first, *_ = self.times
        ours = statistics.median(self.times[first])
        rows = []
        for name, times in self.times.items():
            median = statistics.median(times)
            is_given_up = max(ours, median) > self.cap
            rows.append(
                {
                    "name": name,
                    "median": f"{self._text(median)} {self.unit}",
                    "runs": len(times),
                    "ratio": None if name == first or is_given_up else round(ours / median, 3),
                    "goal": self.goals.get(name),
                }
            )
        return {"title": self.title, "unit": self.unit, "rows": rows}

    def _text(self, value: float) -> str:
        if value > self.cap or value == float("inf"):
            return f">{self.cap:g}"
        return f"{value:.3f}" if self.unit == "s" else f"{value:.2f}"


class Table:
    """Rows of numbers that are no times.

    Parameters
    ----------
    title
        What was measured.
    heads
        The columns' names; the first is that of the rows' names.
    rows
        As many texts each.
    notes
        Lines below.
    """

    def __init__(
        self,
        title: str,
        heads: Sequence[str],
        rows: Sequence[Sequence[str]],
        notes: Sequence[str] = (),
    ) -> None:
        self.title = title
        self.heads = heads
        self.rows = rows
        self.notes = notes

    def __str__(self) -> str:
        widths = [max(map(len, column)) for column in zip(self.heads, *self.rows, strict=True)]
        lines = [self.title]
        for name, *cells in (self.heads, *self.rows):
            right = (cell.rjust(width) for cell, width in zip(cells, widths[1:], strict=True))
            lines.append("  ".join(["", name.ljust(widths[0]), *right]))
        return "\n".join([*lines, *(f"  {note}" for note in self.notes)])

    def as_json(self) -> dict[str, Any]:
        """Give what the documentation's page is made of."""
        return {
            "title": self.title,
            "heads": list(self.heads),
            "cells": [list(row) for row in self.rows],
            "notes": list(self.notes),
        }


def in_turns(
    title: str,
    runs: int,
    candidates: Mapping[str, Callable[[], float]],
    notes: Mapping[str, str] | None = None,
    goals: Mapping[str, float] | None = None,
) -> Figures:
    """Measure A B A B …, after a turn that is not counted.

    Parameters
    ----------
    title
        What is measured.
    runs
        How often each.
    candidates
        Each gives its time in seconds.
    notes, goals
        As in `Figures`; the notes may be filled while measuring.
    """
    times: dict[str, list[float]] = {name: [] for name in candidates}
    for turn in range(runs + 1):
        for name, measure in candidates.items():
            seconds = measure()
            if turn:
                times[name].append(seconds * 1000)
    return Figures(title, times, notes=notes, goals=goals)


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


def _ratio(ours: float, theirs: float, *, is_most: bool) -> str:
    factor = ours / theirs
    times = f" (1/{1 / factor:,.{0 if factor < 0.1 else 1}f})" if factor < 0.5 else ""
    return f"ours is {'less than ' if is_most else ''}{factor:.3f} times this{times}"
