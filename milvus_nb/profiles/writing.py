"""Files of the user's are written whole or not at all, one writer at a time.

Another process, or one after a crash, sees a file as it was before or after. Writers of one user
wait for each other.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import stat
import time
from functools import partial
from typing import TYPE_CHECKING, Final

from ..errors import ProfileError
from .files import read_text
from .sharing import patiently

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["rewrite"]

_LOCK_WAIT_S: Final = 10.0
_LOCK_EVERY_S: Final = 0.05
_LEFT_OVER_S: Final = 3600.0  # a temporary file of a writer that has crashed

_USER_MODE: Final = 0o600


def rewrite(
    path: str, change: Callable[[str | None], str], *, lock_folder: str, is_shared: bool = False
) -> None:
    """Change a file, which is made where there is none, under a lock.

    Parameters
    ----------
    path
        The file; where it is a link, what it points to.
    change
        Gives what is to stand there, of what stands there now; None where there is none.
    lock_folder
        Where the lock is: the user's own folder.
    is_shared
        Whether others may read a new file; else it is for its user alone (mode 0600).

    Raises
    ------
    ProfileError
        It cannot be read or written; then it is as it was.
    """
    target = os.path.realpath(path)
    with _locked(target, lock_folder):
        text = change(read_text(target))
        try:
            _replace(target, text, is_shared=is_shared)
        except OSError as error:
            raise ProfileError(
                f"{path} cannot be written.",
                f"The system says: {error.strerror or type(error).__name__}.",
                "It is as it was. Connecting by address works nevertheless.",
                "not-writable",
            ) from None


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
        patiently(partial(os.replace, temporary, path))
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
