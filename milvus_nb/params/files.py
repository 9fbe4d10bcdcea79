"""Paths that a user writes: made absolute, and checked where they name a Milvus Lite database."""

from __future__ import annotations

import os
import re
from typing import Final

from ..errors import ParamsError
from .secret import MASK, holds_sign_in, redact_path
from .tidy import check_expanded

__all__ = ["DRIVE", "absolute_path", "lite_path", "path_in_uri"]

#: How a path begins with a drive of Windows.
DRIVE: Final = re.compile(r"[A-Za-z]:[\\/]")
_WINDOWS: Final = re.compile(rf"{DRIVE.pattern}|~?\.{{0,2}}\\")
_PLAIN: Final = re.compile(r"[\w./~ \\:+-]*")
_SIGN_IN: Final = re.compile(r":.*@", re.DOTALL)
# What milvus-lite 3 makes in the folder of a new database.
_LITE_ENTRIES: Final = {"LOCK", "collections", "databases"}


def absolute_path(path: str, source: str) -> str:
    """Return `path` absolute, with ``~`` expanded.

    Parameters
    ----------
    path
        The path as the user gave it.
    source
        The name of the parameter, for the error text.

    Raises
    ------
    ParamsError
        The path is relative and the working folder no longer exists.
    """
    try:
        return os.path.abspath(os.path.expanduser(path))
    except (OSError, ValueError):
        pass
    raise ParamsError(
        f"{source}: {path!r} cannot be found.",
        "It is a relative path, and the kernel's working folder no longer exists.",
        "Give an absolute path, or restart the kernel.",
    )


def path_in_uri(rest: str) -> str:
    """Give the path of a ``file:`` address, as it stands there; empty where that has none.

    Parameters
    ----------
    rest
        What follows its two slashes: ``/data/demo.db``, ``/C:/data/demo.db``.
    """
    host, _, path = rest.partition("/")
    if host.lower() not in {"", "localhost"} or not path:
        return ""
    return path if DRIVE.match(path) else f"/{path}"


def lite_path(path: str, source: str = "uri") -> str:
    """Check the path of a Milvus Lite database.

    The database is a *folder* whose name ends in ``.db`` (milvus-lite 3); it is made when it
    does not exist yet.

    Parameters
    ----------
    path
        The path as the user gave it; ``~`` is expanded.
    source
        The name of the parameter, for the error text.

    Returns
    -------
    str
        The absolute path.

    Raises
    ------
    ParamsError
        It does not end in ``.db``, its folder is missing or cannot be written to, or there is
        something else in its place.
    """
    check_expanded(source, path, "path")
    # It is a folder, and completion ends that with a slash.
    path = path.rstrip("/\\" if os.name == "nt" else "/") or path
    if _SIGN_IN.search(path) and not DRIVE.match(path):
        raise ParamsError(
            f"{source}: {redact_path(path)!r} is not a path.",
            "A sign-in belongs to a server; a Milvus Lite database has none.",
            "Give the path alone, for example ./demo.db",
        )
    if holds_sign_in(path, is_path=True) and not os.path.lexists(os.path.expanduser(path)):
        raise ParamsError(
            f"{source}: {MASK} is not a path.",
            "It has a sign-in in it, by its looks: it is not repeated.",
            "Give the path alone, for example ./demo.db; the token is a parameter of its own.",
        )
    # A drive letter may be a user's name after all: a:/password@host
    is_odd = {"@", ":"} <= set(path) or "?" in path or holds_sign_in(path, is_path=True)
    is_plain = path.endswith((".db", ".sock")) or _PLAIN.fullmatch(path)
    told = path if is_plain else MASK  # a secret may begin with a slash
    shown = f"{source}: {redact_path(path) if is_odd else told!r}"
    if path.endswith(".sock"):
        raise ParamsError(
            f"{shown} is not a Milvus Lite database.",
            "It looks like a socket, and the name of a Milvus Lite database ends in .db.",
            f"A server behind a Unix socket is written unix:{told}",
            "lite-name",
        )
    if not path.endswith(".db"):
        raise ParamsError(
            f"{shown} is not a Milvus Lite database.",
            "The name of a Milvus Lite database ends in .db.",
            "Write for example ./demo.db; a server is written host:port.",
            "lite-name",
        )
    if _WINDOWS.match(path) and os.name != "nt":
        raise ParamsError(
            f"{shown} cannot be opened.",
            "It is a Windows path, and this kernel does not run on Windows.",
            "Give a path on the machine where the kernel runs.",
        )
    full = absolute_path(path, source)
    parent = os.path.dirname(full)
    _require_sight(full, shown)
    if not os.path.isdir(parent):
        raise ParamsError(
            f"{shown} cannot be opened.",
            f"There is no folder {parent!r}.",
            "Create the folder first, or correct the path.",
            "lite-folder-missing",
        )
    if os.path.isdir(full):
        _check_folder(full, shown)
    elif os.path.lexists(full):
        raise _not_a_folder(full, shown)
    elif not os.access(parent, os.W_OK):
        raise ParamsError(
            f"{shown} cannot be made.",
            f"The user that runs the kernel may not write to the folder {parent!r}.",
            "Choose another folder, or change its permissions.",
            "lite-not-writable",
        )
    return os.path.realpath(full)  # one database is one endpoint, by whichever link


def _not_a_folder(full: str, shown: str) -> ParamsError:
    """Make the error for a path where there is something, and no folder."""
    is_file = os.path.isfile(full)
    reason = "It is a file; Milvus Lite 3 keeps a database in a folder, older ones in a file."
    fix = "Choose another name; a database of Milvus Lite 2 has to be exported with that."
    if not is_file:
        reason, fix = "It is neither a folder nor a file.", "Choose another name."
    if not is_file and os.path.islink(full):
        reason = f"It is a link to {os.readlink(full)!r}, where there is no folder."
        fix = "Mend the link, or make that folder; an empty one becomes a new database."
    return ParamsError(f"{shown} is not a Milvus Lite database.", reason, fix, "lite-not-a-folder")


def _require_sight(full: str, shown: str) -> None:
    """Raise ParamsError where it cannot be told whether there is something: that is not nothing."""
    try:
        os.lstat(full)
    except (FileNotFoundError, NotADirectoryError):
        return
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", "") or type(error).__name__
        is_forbidden = isinstance(error, PermissionError)
    else:
        return
    raise ParamsError(
        f"{shown} cannot be opened.",
        f"The system says: {reason}.",
        "Let the user that runs the kernel look into its folder."
        if is_forbidden
        else "Correct the path, or choose another one.",
        "lite-not-writable",
    )


def _check_folder(full: str, shown: str) -> None:
    try:
        entries = set(os.listdir(full))
    except OSError as error:
        reason = error.strerror or type(error).__name__
    else:
        if not entries or entries & _LITE_ENTRIES:
            return
        raise ParamsError(
            f"{shown} is not a Milvus Lite database.",
            "It is a folder with other things in it.",
            "Choose another name.",
            "lite-foreign-folder",
        )
    raise ParamsError(
        f"{shown} cannot be opened.",
        f"The system says: {reason}.",
        "Let the user that runs the kernel read and write the folder.",
        "lite-not-writable",
    )
