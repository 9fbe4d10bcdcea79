"""A TOML file of profiles: read with the line of each mistake, written so that nothing is lost.

The user's comments, order and unknown keys stay. A write is atomic: another process, or one after a
crash, sees the file before it or after it. Writers of one user wait for each other.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import secrets
import shlex
import stat
import sys
import time
from typing import TYPE_CHECKING, Any, Final

from ..errors import ProfileError
from ..probing.outside import plain

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tomlkit import TOMLDocument

__all__ = [
    "MOST_BYTES",
    "MOST_PROFILES",
    "SECTION",
    "Lines",
    "edit",
    "load",
    "read_text",
    "rewrite",
]

#: The table of the profiles.
SECTION: Final = "profiles"

#: A larger file is not read. It and what follows are what one can cost: some 50 ms.
MOST_BYTES: Final = 32_000
#: So many profiles may one file have.
MOST_PROFILES: Final = 200
#: So many dots may be in a line: reading a key of n parts takes n² steps.
_MOST_DOTS: Final = 32
#: Of a line so much is looked at, where it is asked which key stands there.
_MOST_OF_LINE: Final = 200
_LOCK_WAIT_S: Final = 10.0
_LOCK_EVERY_S: Final = 0.05
_LEFT_OVER_S: Final = 3600.0  # a temporary file of a writer that has crashed

_USER_MODE: Final = 0o600


def read_text(path: str, most_bytes: int = MOST_BYTES, *, is_trusted: bool = False) -> str | None:
    """Read a file; None where there is none.

    Parameters
    ----------
    path
        The file.
    most_bytes
        How large it may be.
    is_trusted
        Whether it may also be one that everybody can write to.

    Raises
    ------
    ProfileError
        It cannot be read, is no UTF-8, too large, or anybody could have written it.
    """
    try:
        # Not to wait for the other end, where it is a pipe.
        more = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        handle = os.open(path, os.O_RDONLY | more)
        with open(handle, "rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            if not stat.S_ISREG(mode):
                raise ProfileError(f"{path} is not a file.", "", "Remove it, or name another.")
            if mode & stat.S_IWOTH and hasattr(os, "getuid") and not is_trusted:
                raise ProfileError(
                    f"{path} is not used: everybody on this machine can write to it.",
                    "Whoever does could take your secrets.",
                    f"Look through it, then: chmod o-w {shlex.quote(path)}",
                )
            content = file.read(most_bytes + 1)
    except (FileNotFoundError, NotADirectoryError):
        if not os.path.islink(path):
            return None
        raise ProfileError(
            f"{path} cannot be read.",
            f"It is a link to {os.readlink(path)}, which is not there.",
            "Mend the link, or remove it.",
        ) from None
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ProfileError(
            f"{path} cannot be read.",
            f"The system says: {reason}.",
            "Connecting by address works nevertheless.",
        ) from None
    if len(content) > most_bytes:
        raise ProfileError(
            f"{path} is larger than {most_bytes // 1000} kB.",
            "That is no file of profiles.",
            "Remove what does not belong there.",
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
    raise ProfileError(
        f"{path}, line {line}: this is not UTF-8.", "TOML is UTF-8.", "Save the file as UTF-8."
    )


def load(path: str, text: str) -> dict[str, Any]:
    """Parse TOML, fast.

    Raises
    ------
    ProfileError
        It is none; the line is named, and nothing of it is shown.
    """
    line = next((n for n, one in enumerate(text.split("\n"), 1) if _has_many_parts(one)), 0)
    reason = f"A line has more than {_MOST_DOTS} dots."
    if not line:
        try:
            return tomllib.loads(text)
        except RecursionError:
            reason = "It is nested too deep."
        except ValueError as error:
            # Its words quote a character of the file at most, or the name of a key.
            words, _, place = str(error).rpartition(" (at ")
            reason = f"{plain(words or place, 120).rstrip('.')}."
            found = re.match(r"line (\d+)", place)
            line = int(found[1]) if found else text.rstrip().count("\n") + 1
    where = f", line {line}" if line else ""
    raise ProfileError(
        f"{path}{where}: this is not TOML.",
        reason,
        "Correct it there; until then its profiles are not known.",
    )


def _has_many_parts(line: str) -> bool:
    return line.count(".") > _MOST_DOTS and not line.lstrip().startswith("#")


_HEAD: Final = re.compile(
    r"\s*\[\s*[\"']?profiles[\"']?\s*\.\s*(\"[^\"]*\"|'[^']*'|[\w-]+)\s*\](?!\])"
)
_KEY: Final = re.compile(r"\s*(\"[^\"]*\"|'[^']*'|[^\"'=.\s]+)\s*[=.]")


class Lines:
    """Where the profiles of a file stand, and their keys: looked for once."""

    def __init__(self, text: str) -> None:
        self._found: dict[tuple[str, str], int] = {}
        name = ""
        for number, line in enumerate(text.split("\n"), 1):
            start = line[:_MOST_OF_LINE]
            if found := _HEAD.match(start):
                name = found[1].strip("\"'")
                self._found.setdefault((name, ""), number)
            elif start.lstrip().startswith("["):
                name = ""
            elif name and (found := _KEY.match(start)):
                self._found.setdefault((name, found[1].strip("\"'")), number)

    def of(self, name: str, key: str = "") -> int:
        """Give the line of a profile's key, or its own, from 1 on; 0 where it is not known."""
        return self._found.get((name, key)) or self._found.get((name, ""), 0)


def edit(
    path: str,
    change: Callable[[TOMLDocument], object],
    same: Callable[[dict[str, Any]], object],
    *,
    lock_folder: str,
    is_shared: bool,
) -> None:
    """Change a file, which is made where there is none, under a lock.

    Parameters
    ----------
    path
        The file; where it is a link, what it points to.
    change
        Changes the document in place.
    same
        Makes the same change in plain dicts: what is written has to say that.
    lock_folder
        Where the lock is: the user's own folder.
    is_shared
        Whether others may read a new file; else it is for its user alone (mode 0600).

    Raises
    ------
    ProfileError
        The file is broken, or it cannot be written; then it is as it was.
    """
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    target = os.path.realpath(path)
    with _locked(target, lock_folder):
        text = read_text(target)
        expected = load(path, text or "")
        try:
            document = tomlkit.parse(text) if text is not None else tomlkit.document()
            change(document)
            written = tomlkit.dumps(document)
            same(expected)
            if _said(tomllib.loads(written)) != _said(expected):
                raise ValueError("it would not say the same")  # caught below
        except (TOMLKitError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise ProfileError(
                f"{path} is written in a way that cannot be changed here.",
                f"{str(error)[:100].rstrip('.')}. It is as it was.",
                "Write each profile as a table of its own, [profiles.NAME], or change it by hand.",
                "not-writable",
            ) from None
        if text is not None and "\r\n" in text:
            written = written.replace("\r\n", "\n").replace("\n", "\r\n")
        limit = ""
        if len(written.encode()) > MOST_BYTES:
            limit = f"be larger than {MOST_BYTES // 1000} kB"
        elif len(expected.get(SECTION, ())) > MOST_PROFILES:
            limit = f"have more than {MOST_PROFILES} profiles"
        if limit:
            raise ProfileError(
                f"{path} would {limit}.",
                "Such a file is not read. It is as it was.",
                "Delete a profile that is not needed: %milvus profile delete NAME",
                "not-writable",
            )
        _put(path, target, written, is_shared=is_shared)


def rewrite(path: str, change: Callable[[str | None], str], *, lock_folder: str) -> None:
    """Change a file of the user's that is no TOML, which is made where there is none, under a lock.

    Parameters
    ----------
    path
        The file.
    change
        Gives what is to stand there, of what stands there now; None where there is none.
    lock_folder
        As in `edit`.

    Raises
    ------
    ProfileError
        It cannot be read or written.
    """
    target = os.path.realpath(path)
    with _locked(target, lock_folder):
        _put(path, target, change(read_text(target)), is_shared=False)


def _put(path: str, target: str, text: str, *, is_shared: bool) -> None:
    try:
        _replace(target, text, is_shared=is_shared)
    except OSError as error:
        raise ProfileError(
            f"{path} cannot be written.",
            f"The system says: {error.strerror or type(error).__name__}.",
            "It is as it was. Connecting by address works nevertheless.",
            "not-writable",
        ) from None


def _said(document: dict[str, Any]) -> str:
    """Write down what a document says; an empty table of profiles says nothing."""
    kept = {key: value for key, value in document.items() if value or key != SECTION}
    return json.dumps(kept, sort_keys=True, default=str)


def _replace(path: str, text: str, *, is_shared: bool) -> None:
    folder, name = os.path.split(path)
    os.makedirs(folder, mode=0o700, exist_ok=True)
    _clear_left_overs(folder, name)
    mode: int | None = _USER_MODE
    if is_shared:
        try:
            mode = stat.S_IMODE(os.stat(path).st_mode)
        except FileNotFoundError:
            mode = None  # as the process's umask has it, which no thread may change to learn it
    temporary = os.path.join(folder, f".{name}.{secrets.token_hex(8)}.tmp")
    how = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    handle = os.open(temporary, how, 0o666 if mode is None else _USER_MODE)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            if mode is not None:
                os.chmod(temporary, mode)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def _clear_left_overs(folder: str, name: str) -> None:
    with contextlib.suppress(OSError):
        for entry in os.scandir(folder):
            is_ours = entry.name.startswith(f".{name}.") and entry.name.endswith(".tmp")
            if is_ours and time.time() - entry.stat().st_mtime > _LEFT_OVER_S:
                os.unlink(entry.path)


@contextlib.contextmanager
def _locked(path: str, folder: str) -> Iterator[None]:
    """Keep other writers of this user away, by a lock beside the user's own profiles."""
    from filelock import FileLock, Timeout

    # A project's folder gets no lock file, which would be seen by version control.
    name = hashlib.sha256(os.fsencode(path)).hexdigest()[:16]
    with contextlib.ExitStack() as held:
        try:
            os.makedirs(folder, mode=0o700, exist_ok=True)
            lock = FileLock(os.path.join(folder, f".{name}.lock"), mode=_USER_MODE)
            held.enter_context(lock.acquire(timeout=_LOCK_WAIT_S))
        except Timeout:
            raise _is_written(path) from None
        except OSError:  # a home that cannot be written to
            held.enter_context(_folder_locked(path))
        yield


@contextlib.contextmanager
def _folder_locked(path: str) -> Iterator[None]:
    """Keep them away by a lock on the file's own folder, which needs no file of ours anywhere."""
    try:
        import fcntl

        handle = os.open(os.path.dirname(path), os.O_RDONLY)
    except (ImportError, OSError):  # on Windows; or it cannot be written to either
        yield
        return
    try:
        end = time.monotonic() + _LOCK_WAIT_S
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > end:
                    raise _is_written(path) from None
                time.sleep(_LOCK_EVERY_S)
            except OSError:  # a file system without locks
                break
            else:
                break
        yield
    finally:
        os.close(handle)


def _is_written(path: str) -> ProfileError:
    return ProfileError(
        f"{path} is being written by another process.",
        f"It has not finished within {_LOCK_WAIT_S:g} s.",
        "Try again.",
    )
