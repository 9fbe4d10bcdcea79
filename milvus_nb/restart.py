"""What a kernel had connected before it was restarted, without its secrets.

It stands in one file a kernel, beside the kernel's connection file, which a restart keeps.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
import threading
from typing import TYPE_CHECKING, Final, TypedDict, cast

from . import messages
from .errors import MilvusNbError
from .forks import forkable

if TYPE_CHECKING:
    from .protocol import ConnectParams, SecretKind
    from .table import ConnectionTable, Event

__all__ = ["Lost", "Memory", "remember"]

_PREFIX: Final = "milvus_nb-"

# Changes within so many seconds are written once.
_PAUSE_S: Final = 0.2

# So many connections are kept: describing them takes some 20 ms of the monitor's thread.
_MOST: Final = 1000


class Lost(TypedDict):
    """What was connected: what connects it once more, and where its secret comes from then."""

    again: ConnectParams
    secret: SecretKind


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
        self._written: object = None
        rows, self.problem = _read(path)
        """Why what was connected before is not known, or not all of it; empty where it is."""
        self._before = {one["again"]["alias"]: one for one in rows}
        _clear_others(path)
        table.subscribe(self._on_event)

    def before(self) -> list[Lost]:
        """List what was connected, as far as it is not connected again."""
        with self._lock:
            return [one for alias, one in self._before.items() if alias not in self._connected()]

    def clear(self) -> None:
        """Forget all, after the monitor has ended and with it what was still to be written."""
        with self._lock:
            self._before.clear()
            self._is_due = False
            self._written = None
        with contextlib.suppress(OSError):
            os.unlink(self._path)

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
        with contextlib.suppress(MilvusNbError):  # in a fork, which has no connections
            if not self._table.monitor.call(self._write, after=_PAUSE_S):
                self._write()  # the thread has ended

    def _write(self) -> None:
        with self._lock:
            self._is_due = False
            own = [one for one in self._table.connections() if one.origin == "milvus_nb"]
            own = [one for one in own if one.state != "connecting"][-_MOST:]
            for connection in own:
                self._before.pop(connection.alias, None)
            signature = [(one.alias, id(one.params)) for one in own], list(self._before)
            if signature == self._written:
                return
            self._written = signature
            rows: list[Lost] = [
                {
                    "again": messages.again(one.alias, one.params),
                    "secret": messages.secret_kind(one.params),
                }
                for one in own
            ]
            rows += self._before.values()
        # A disk that is full, or a folder that is gone: then there is no way back, and no harm.
        with contextlib.suppress(OSError):
            _replace(self._path, rows)


def remember(table: ConnectionTable) -> Memory | None:
    """Begin to keep what this kernel connects; None outside of a kernel."""
    try:
        from ipykernel.connect import get_connection_file

        file = get_connection_file()
    except Exception:  # noqa: BLE001  # no ipykernel, no kernel, or one of another kind
        return None
    folder, name = os.path.split(file)
    return Memory(table, os.path.join(folder, f"{_PREFIX}{name}"))


def _read(path: str) -> tuple[list[Lost], str]:
    """Give what stands in the file, and what is wrong with it."""
    try:
        with open(path, encoding="utf-8") as file:
            found = json.load(file)
    except FileNotFoundError:
        return [], ""
    except (OSError, ValueError, RecursionError) as error:
        return [], f"{path} cannot be read: {type(error).__name__}."
    rows = found if isinstance(found, list) else []
    known = [
        cast("Lost", row)
        for row in rows
        if isinstance(row, dict)
        and messages.is_connect_params(row.get("again"))
        and row.get("secret") in ("none", "ask", "env", "keyring")
    ]
    if isinstance(found, list) and len(known) == len(rows):
        return known, ""
    return known, f"{path} has something else in it; another version may have written it."


def _replace(path: str, rows: list[Lost]) -> None:
    if not rows:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        return
    # mkstemp's files are their user's alone.
    handle, temporary = tempfile.mkstemp(dir=os.path.dirname(path), prefix=f".{_PREFIX}")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(rows, file)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def _clear_others(path: str) -> None:
    """Remove the files of kernels that have ended."""
    folder, own = os.path.split(path)
    with contextlib.suppress(OSError):
        for entry in os.scandir(folder):
            kernel = entry.name.removeprefix(_PREFIX)
            is_ours = entry.name.startswith(_PREFIX) and entry.name != own
            if is_ours and not os.path.exists(os.path.join(folder, kernel)):
                os.unlink(entry.path)
