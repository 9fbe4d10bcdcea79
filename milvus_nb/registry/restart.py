"""What a kernel had connected before it was restarted, and the keeping of it, without secrets."""

from __future__ import annotations

import atexit
import contextlib
import os
import threading
import time
from typing import TYPE_CHECKING, Final

from ..errors import MilvusNbError
from ..probing.forks import forkable
from . import memory_file
from .rows import row

if TYPE_CHECKING:
    from ..protocol import Row
    from .events import Event
    from .memory_file import Record
    from .table import ConnectionTable

__all__ = ["Memory", "remember"]

# Of the monitor's thread, writing may take this share: a few connections are written at once, and
# a thousand, which take some 20 ms to describe, once in a while.
_SHARE: Final = 0.05

# After so many seconds it is tried again where it could not be written.
_TRY_AGAIN_S: Final = 5.0

# So many connections are kept.
_MOST: Final = 1000


class Memory:
    """The file, and what it held when the kernel started. Thread-safe.

    Parameters
    ----------
    table
        Whose connections are written.
    path
        The file.
    """

    def __init__(self, table: ConnectionTable, path: str) -> None:
        self._table = table
        self._path = path
        self._lock = forkable(threading.Lock())
        self._is_due = False
        self._not_before = 0.0
        self._written: Record | None = None
        self._pid = os.getpid()
        record, self.problem = memory_file.read(path)
        """Why what was connected before is not known, or not all of it; empty where it is."""
        # The process that has written it has ended: this one takes its place.
        rows = [*record["lost"], *record["connected"]]
        self._before = {before["alias"]: before for before in rows}
        memory_file.clear_others(path)
        table.subscribe(self._on_event)
        # A kernel that ends politely writes what was still to be written.
        atexit.register(self._at_exit)

    def before(self) -> list[Row]:
        """List what was connected, as far as it is not connected again."""
        with self._lock:
            return [
                before for alias, before in self._before.items() if alias not in self._connected()
            ]

    def clear(self) -> None:
        """Forget all, after the monitor has ended and with it what was still to be written."""
        with self._lock:
            self._before.clear()
            self._is_due = False
            self._written = None
            if self._is_forked():
                return
            with contextlib.suppress(OSError):
                memory_file.write(self._path, {"pid": self._pid, "connected": [], "lost": []})

    def _is_forked(self) -> bool:
        """Tell whether this is a child: what it connects, or closes, is none of the kernel's."""
        return os.getpid() != self._pid

    def _connected(self) -> set[str]:
        return set(self._table.aliases())

    def _on_event(self, event: Event) -> None:
        if event.kind != "current":
            self._write_soon()

    def _write_soon(self) -> None:
        with self._lock:
            if self._is_due:
                return
            self._is_due = True
            pause = max(self._not_before - time.monotonic(), 0.0)
        is_due = False
        with contextlib.suppress(MilvusNbError):  # in a fork, which has no connections
            is_due = self._table.monitor.call(self._write_due, after=pause)
            if not is_due:
                self._write(try_again=False)  # the thread has ended
        with self._lock:
            self._is_due = self._is_due and is_due

    def _write_due(self) -> None:
        with self._lock:
            self._is_due = False
        self._write()

    def _write(self, *, try_again: bool = True) -> None:
        if self._is_forked():
            return
        began = time.monotonic()
        with self._lock:
            own = [
                connection
                for connection in self._table.connections()
                if connection.origin == "milvus_nb" and connection.state != "connecting"
            ][-_MOST:]
            for connection in own:
                self._before.pop(connection.alias, None)
            record: Record = {
                "pid": self._pid,
                "connected": [_without_measurement(row(each, 0, own=True)) for each in own],
                "lost": list(self._before.values()),
            }
            failed = False
            if record != self._written:
                # A disk that is full, or a folder that is gone, may be better in a while.
                try:
                    memory_file.write(self._path, record)
                    self._written = record
                except OSError:
                    failed = True
            ended = time.monotonic()
            pause = _TRY_AGAIN_S if failed else (ended - began) / _SHARE
            self._not_before = ended + pause
        if failed and own and try_again:
            self._write_soon()

    def _at_exit(self) -> None:
        if self._is_due:
            self._write(try_again=False)


def remember(table: ConnectionTable) -> Memory | None:
    """Begin to keep what this kernel connects; None outside of a kernel, and in its children."""
    try:
        from ipykernel.connect import get_connection_file
        from ipykernel.kernelapp import IPKernelApp

        file = get_connection_file()
        if IPKernelApp.instance().session.pid != os.getpid():
            return None
    except Exception:  # noqa: BLE001  # no ipykernel, no kernel, or one of another kind
        return None
    return Memory(table, memory_file.path_beside(file))


def _without_measurement(told: Row) -> Row:
    """Leave out what changes with each heartbeat: the file is written when a state changes."""
    return {**told, "latency_ms": None, "checked_at": None}
