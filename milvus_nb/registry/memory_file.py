"""The file that tells what a kernel has connected, and had before a restart; never a secret.

It stands beside the kernel's connection file, which a restart keeps. The kernel writes it; the next
process of the kernel reads it, and so does the Jupyter server, for pages.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from functools import partial
from typing import TYPE_CHECKING, Final, TypedDict, cast, get_args

from ..profiles.sharing import patiently
from ..protocol import ConnectParams, Row, SecretKind, mismatch

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Record", "clear_others", "is_running", "lost", "path_beside", "read", "write"]

_PREFIX: Final = "milvus_nb-"


class Record(TypedDict):
    """What the file holds: the same as pages are told, a `KernelRecord`."""

    #: The process that has written it.
    pid: int
    #: What that has connected, as it was when it was last written: when a state changed.
    connected: list[Row]
    #: What was connected before the restart, and is not again.
    lost: list[Row]


def path_beside(connection_file: str) -> str:
    """Give the path of the file, from that of the kernel's connection file."""
    folder, name = os.path.split(connection_file)
    return os.path.join(folder, f"{_PREFIX}{name}")


def read(path: str) -> tuple[Record, str]:
    """Give what the file holds, and what is wrong with it; nothing, where there is no such file."""
    record: Record = {"pid": 0, "connected": [], "lost": []}
    try:
        with patiently(partial(open, path, encoding="utf-8")) as file:
            found = json.load(file)
    except FileNotFoundError:
        return record, ""
    except (OSError, ValueError, RecursionError) as error:
        return record, f"{path} cannot be read: {type(error).__name__}."
    strange = f"{path} has something else in it; another version may have written it."
    try:
        record["pid"] = int(found["pid"])
        record["connected"] = [row for row in found["connected"] if _is_row(row)]
        record["lost"] = [row for row in found["lost"] if _is_row(row)]
        is_all = len(record["connected"]) + len(record["lost"]) == sum(
            len(found[which]) for which in ("connected", "lost")
        )
    except (ValueError, TypeError, KeyError):
        return {"pid": 0, "connected": [], "lost": []}, strange
    return record, "" if is_all else strange


def write(path: str, record: Record) -> None:
    """Replace the file; one that would tell nothing is removed.

    Raises
    ------
    OSError
        The disk is full, or the folder is gone; the file is as it was.
    """
    if not record["connected"] and not record["lost"]:
        with contextlib.suppress(FileNotFoundError):
            patiently(partial(os.unlink, path))
        return
    # mkstemp's files are their user's alone.
    handle, temporary = tempfile.mkstemp(dir=os.path.dirname(path), prefix=f".{_PREFIX}")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(record, file)
        patiently(partial(os.replace, temporary, path))
    except BaseException:
        os.unlink(temporary)
        raise


def is_running(record: Record) -> bool:
    """Tell whether the process that has written it still runs."""
    try:
        import psutil  # every ipykernel brings it, but a server may have its kernels elsewhere
    except ImportError:
        return _is_process(record["pid"])
    return bool(psutil.pid_exists(record["pid"]))


def lost(record: Record) -> list[Row]:
    """List what was connected by processes that have ended, and is not connected again."""
    if record["pid"] and is_running(record):
        return record["lost"]
    aliases = {row["alias"] for row in record["connected"]}
    return [row for row in record["lost"] if row["alias"] not in aliases] + record["connected"]


def clear_others(path: str) -> None:
    """Remove the files of kernels that have ended."""
    folder, own = os.path.split(path)
    try:
        names = os.listdir(folder)
    except OSError:
        return
    for name in names:
        kernel = name.removeprefix(_PREFIX)
        is_ours = name.startswith(_PREFIX) and name != own
        if is_ours and not os.path.exists(os.path.join(folder, kernel)):
            with contextlib.suppress(OSError):  # one that stays keeps no other
                patiently(partial(os.unlink, os.path.join(folder, name)))


def _is_row(value: object) -> bool:
    if not isinstance(value, dict) or not Row.__required_keys__ <= value.keys():
        return False
    row = cast("Mapping[str, object]", value)
    return not mismatch(ConnectParams, row["again"]) and row["secret"] in get_args(SecretKind)


def _is_process(pid: int) -> bool:
    if os.name == "nt":
        return True  # there, signal 0 would end it
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True  # somebody else's
    return True
