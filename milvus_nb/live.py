"""Stages shown while they happen: in a notebook in one output, in a terminal in one line."""

from __future__ import annotations

import queue
import sys
import time
from typing import TYPE_CHECKING, Any, Final, TypeVar

from IPython.display import DisplayHandle, display

from .display import stages_html, stages_line, stages_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from .monitor import Job
    from .stages import Stage

__all__ = ["watched"]

T = TypeVar("T")

_EVERY_S: Final = 0.1


class _Shown:
    """Has both forms, for a front end to choose from."""

    def __init__(self, text: str, html: str) -> None:
        self._text = text
        self._html = html

    def __repr__(self) -> str:
        return self._text

    def _repr_html_(self) -> str:
        return self._html


def watched(
    start: Callable[..., Job[T]], *, notebook: bool, after_s: float
) -> tuple[T, Callable[[Any], None]]:
    """Wait for a job whose stages are shown as they come. Ctrl-C cancels it.

    Parameters
    ----------
    start
        Starts the job; takes as `report` what is to be told the stages.
    notebook
        Whether outputs can be updated; else a line of the terminal is.
    after_s
        Show nothing before so many seconds: what is quick needs no show.

    Returns
    -------
    result, finish
        The job's result, and what shows something in place of the stages.
    """
    news: queue.SimpleQueue[list[Stage] | None] = queue.SimpleQueue()
    view = _NotebookView() if notebook else _TerminalView()
    begin = time.monotonic()
    latest: list[Stage] = []
    job = start(report=news.put)
    job.add_done_callback(lambda _: news.put(None))
    done = False
    try:
        while not done:
            done, latest = _newest(news, latest)
            if latest and time.monotonic() - begin >= after_s and not done:
                view.show(latest, time.monotonic() - begin)
    except KeyboardInterrupt:
        job.abandon()
        view.end(latest)
        raise
    try:
        result = job.wait()
    except BaseException:
        view.end(latest)
        raise
    return result, lambda value: view.finish(value, latest)


def _newest(
    news: queue.SimpleQueue[list[Stage] | None], latest: list[Stage]
) -> tuple[bool, list[Stage]]:
    """Wait a moment for what is new; the last of it counts."""
    wait = _EVERY_S
    while True:
        try:
            found = news.get(timeout=wait)
        except queue.Empty:
            return False, latest
        if found is None:
            return True, latest
        latest, wait = found, 0.001


class _NotebookView:
    def __init__(self) -> None:
        self._handle: DisplayHandle | None = None

    def show(self, stages: list[Stage], _: float) -> None:
        self._put(_Shown(stages_text(stages), stages_html(stages)))

    def end(self, stages: list[Stage]) -> None:
        if self._handle is not None:
            self._put(_Shown(stages_text(stages), stages_html(stages)))

    def finish(self, value: object, _: list[Stage]) -> None:
        # Not as an update: `jupyter console` shows none.
        if self._handle is not None:
            self._handle.update({}, raw=True)
        display(value)

    def _put(self, value: object) -> None:
        if self._handle is None:
            self._handle = DisplayHandle()
            self._handle.display(value)
        else:
            self._handle.update(value)


class _TerminalView:
    def __init__(self) -> None:
        self._width = 0

    def show(self, stages: list[Stage], seconds: float) -> None:
        if sys.stdout.isatty():
            line = f"{stages_line(stages)} ({seconds:.0f} s)"
            print(f"\r{line:<{self._width}}", end="", flush=True)
            self._width = len(line)

    def end(self, _: list[Stage]) -> None:
        if self._width:
            print(f"\r{'':<{self._width}}\r", end="", flush=True)

    def finish(self, value: object, stages: list[Stage]) -> None:
        self.end(stages)
        print(value)
