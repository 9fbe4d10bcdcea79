"""Stages shown while they happen: in a notebook in one output, in a terminal in one line."""

from __future__ import annotations

import queue
import shutil
import sys
import time
from typing import TYPE_CHECKING, Any, Final, TypeVar

from IPython.display import DisplayHandle, display

from ..page.frontend import is_notebook, updates_outputs
from ..printing import printable, say
from ..views.stages import stages_html, stages_line, stages_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..probing.stages import Stage
    from ..watching.job import Job

__all__ = ["show", "watched"]

T = TypeVar("T")

_EVERY_S: Final = 0.1


class _Shown:
    """Has both forms, for a front end to choose from."""

    def __init__(self, text: str, html: str) -> None:
        self._text = text
        self._html = html

    def __repr__(self) -> str:
        return printable(self._text)

    def _repr_html_(self) -> str:
        return self._html


def watched(start: Callable[..., Job[T]], *, shell: Any, after_s: float) -> T:
    """Wait for a job whose stages are shown as they come. Ctrl-C cancels it.

    Whatever comes of it, they are gone when this returns: the result, or the error, says it all.

    Parameters
    ----------
    start
        Starts the job; takes as `report` what is to be told the stages.
    shell
        Where the cell runs.
    after_s
        Show nothing before so many seconds: what is quick needs no show.
    """
    news: queue.SimpleQueue[list[Stage] | None] = queue.SimpleQueue()
    view = _view(shell)
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
    except BaseException:  # Ctrl-C, or what another signal's handler raises
        job.abandon()
        raise
    finally:
        view.clear()
    return job.wait()


def show(value: object, *, shell: Any) -> None:
    """Show a value beside that of the cell."""
    if is_notebook(shell):
        display(value)
    else:
        say(repr(value))


def _view(shell: Any) -> _View:
    if not is_notebook(shell):
        return _TerminalView()
    return _NotebookView() if updates_outputs(shell) else _View()


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


class _View:
    """Shows nothing: what cannot be taken back is better not begun."""

    def show(self, stages: list[Stage], seconds: float) -> None:
        """Show how far it is."""

    def clear(self) -> None:
        """Take it away."""


class _NotebookView(_View):
    def __init__(self) -> None:
        self._handle: DisplayHandle | None = None

    def show(self, stages: list[Stage], seconds: float) -> None:  # noqa: ARG002
        value = _Shown(stages_text(stages), stages_html(stages))
        if self._handle is None:
            self._handle = DisplayHandle()
            self._handle.display(value)
        else:
            self._handle.update(value)

    def clear(self) -> None:
        if self._handle is not None:
            # Not without any type: nbconvert warns of such an output. JupyterLab gives it no room.
            self._handle.update({"text/plain": ""}, raw=True)


class _TerminalView(_View):
    def __init__(self) -> None:
        self._width = 0

    def show(self, stages: list[Stage], seconds: float) -> None:
        if not sys.stdout.isatty():
            return
        # A line that is wrapped could not be written over. What happens now is at its end.
        room = shutil.get_terminal_size().columns - 1
        line = printable(f"{stages_line(stages)} ({seconds:.0f} s)")[-room:]
        print(f"\r{line:<{self._width}}", end="", flush=True)  # noqa: T201
        self._width = len(line)

    def clear(self) -> None:
        if self._width:
            print(f"\r{'':<{self._width}}\r", end="", flush=True)  # noqa: T201
