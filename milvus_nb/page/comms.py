"""Comms with Jupyter's front ends: what their messages need to arrive, and to stay unseen."""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING, Any, Final

from IPython.core.getipython import get_ipython

from .._version import PROTOCOL, __version__

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..protocol import HereEvent

__all__ = ["answer_while_busy", "here", "hush_debug_logs", "watch_cells"]


def here() -> HereEvent:
    """Say that the kernel has milvus_nb, and which protocol it speaks."""
    return {"v": PROTOCOL, "event": "here", "milvus_nb": __version__}


def answer_while_busy(comm: Any) -> None:
    """Let messages of this comm be handled while a cell runs.

    ipykernel 7.4 sends the page's messages to the shell that last wrote to the comm, which is the
    busy main one if that created the widget. The attribute is private; a test notices if it goes.
    """
    if hasattr(comm, "_reply_subshell_for"):
        comm._reply_subshell_for = None  # noqa: SLF001  # see above


def watch_cells(begins: Callable[[], None], ends: Callable[[], None]) -> Callable[[], None]:
    """Call back when a cell begins and when it ends; what is returned ends that.

    A message of a comm is none: around each of them, our own as well, the comm package says
    ``pre_execute`` and ``post_execute``. A page that looks again when a cell has ended would ask
    for ever.
    """
    shell = get_ipython()
    if shell is None:
        return lambda: None
    events = shell.events

    def on_begin(*_: object) -> None:
        begins()

    def on_end(*_: object) -> None:
        ends()

    callbacks = (("pre_run_cell", on_begin), ("post_run_cell", on_end))
    for name, callback in callbacks:
        events.register(name, callback)

    def undo() -> None:
        for name, callback in callbacks:
            with contextlib.suppress(ValueError):  # somebody has taken it out already
                events.unregister(name, callback)

    return undo


def hush_debug_logs(comm_id: str) -> None:
    """Keep this comm's messages out of debug logs: the form's may hold a password.

    At DEBUG level the comm package logs every message, and so does the kernel: also those that come
    when the comm is closed, so this is for good.
    """
    _hushed.add(comm_id)
    kernel = getattr(get_ipython(), "kernel", None)
    log = getattr(kernel, "log", None)  # other kernels than ipykernel have none
    loggers = [logging.getLogger("Comm"), *([log] if isinstance(log, logging.Logger) else [])]
    for logger in loggers:
        logger.addFilter(_concerns_others)  # twice is once


_hushed: Final[set[str]] = set()


def _concerns_others(record: logging.LogRecord) -> bool:
    # Both give the message, or its content, as an argument. Its text would not do: other
    # messages may have the id in them, such as a cell, or the list of all comms.
    given = record.args if isinstance(record.args, tuple) else (record.args,)
    return not any(_comm_of(value) in _hushed for value in given)


def _comm_of(value: object) -> str:
    """Give the id of the comm that a message, or its content, is about."""
    content = value.get("content", value) if isinstance(value, dict) else None
    return str(content.get("comm_id", "")) if isinstance(content, dict) else ""
