"""Milvus Lite: database files served from within this process.

milvus-lite keeps one gRPC server a file until the process ends, and the file stays locked as long.
So the last connection to a file must stop its server, or no other notebook can open the file.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import threading
import traceback
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from ..errors import Diagnosis, MilvusNbError, MissingExtraError
from ..probing import diagnosis, oserror
from ..probing.diagnosis import ProbeError
from ..probing.forks import forkable
from . import private_names as theirs
from .foreign import ForeignConnection, find_foreign
from .lite_lock import holder
from .loading import import_pymilvus, installed_version

if TYPE_CHECKING:
    from ..params.endpoint import Endpoint

__all__ = [
    "STOP_S",
    "Identity",
    "Served",
    "exists",
    "identity",
    "inherit",
    "release",
    "require",
    "start",
]

Identity = tuple[int, int]  # device and inode

# What a lock says that somebody else has, and a file system that has no locks.
_TAKEN: Final = (errno.EAGAIN, errno.EWOULDBLOCK, errno.EACCES, errno.EDEADLK)
_FULL: Final = (errno.ENOSPC, errno.EDQUOT)
_NO_LOCKS: Final = (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS)

#: So long a file's server may take to stop, in seconds; usually it is done at once.
STOP_S: Final = 15.0

# milvus-lite logs the reason of a failed start and returns None; starts take turns, so that a
# reason is never taken for another file's. And who starts a file waits for who just releases it.
_turn: Final = forkable(threading.Lock())

# There is one server a file and process, as there are those who use it, of whichever registry: how
# many of ours, and which files ours have to stop.
_users: Counter[str] = globals().get("_users", Counter())
_ours: set[str] = globals().get("_ours", set())
_targets: dict[str, str] = globals().get("_targets", {})  # gRPC's names for where they are served


@dataclass(frozen=True)
class Served:
    """A file that is served.

    Attributes
    ----------
    target
        gRPC's target.
    identity
        Of the file that the server has opened; None where it does not tell.
    """

    target: str
    identity: Identity | None


class _Reason(logging.Handler):
    """Catches the exception that milvus-lite logs instead of raising it."""

    def __init__(self) -> None:
        super().__init__()
        self.error: BaseException | None = None

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info:
            self.error = record.exc_info[1]


def start(endpoint: Endpoint) -> Served:
    """Serve a database file. Blocks for about a second where it is the process's first.

    Each call that succeeds needs one of `release`.

    Parameters
    ----------
    endpoint
        Its path is that of the ``.db``, absolute; made if it does not exist.

    Raises
    ------
    MissingExtraError
        milvus-lite is not installed, or is one of before 3.
    MilvusNbError
        It cannot be imported.
    ProbeError
        The file cannot be served.
    """
    manager, path = _manager(), endpoint.path
    logger = logging.getLogger("milvus_lite.server_manager")
    with _turn:
        is_new = path not in _served_by(manager) and not _users[path]
        reason = _Reason()
        propagate, logger.propagate = logger.propagate, False
        logger.addHandler(reason)
        try:
            uri = manager.start_and_get_uri(path)
        finally:
            logger.removeHandler(reason)
            logger.propagate = propagate
        if uri is not None:
            _users[path] += 1
            if is_new:
                _ours.add(path)
            _targets[path] = uri.removeprefix("http://")
            return Served(_targets[path], _opened(manager, path))
    found = _diagnose(endpoint, reason.error)
    _let_go(reason.error)
    raise ProbeError(found)


def _let_go(error: BaseException | None) -> None:
    """Unlock what was locked before starting failed, as where the disk is full.

    Milvus Lite forgets it, and nobody could open the file for as long as this process lives.
    """
    for frame, _ in traceback.walk_tb(error.__traceback__ if error is not None else None):
        for started in frame.f_locals.values():
            if type(started).__name__ == theirs.RELEASE_LOCK.owner:
                # One that has failed sooner has locked nothing, and lacks what it would look at.
                with contextlib.suppress(theirs.GoneError, AttributeError):
                    theirs.RELEASE_LOCK.get(started)()


def _served_by(manager: Any) -> dict[str, Any]:
    """Give what is served, by path; nothing where that is not known."""
    return theirs.SERVERS.find(manager) or {}


def _opened(manager: Any, path: str) -> Identity | None:
    """Tell which file a server has opened: it may have no name any more, or another has it now."""
    try:
        _, database, _ = _served_by(manager)[path]
        found = os.fstat(theirs.LOCK_FD.get(database))
    except (theirs.GoneError, KeyError, OSError, TypeError, ValueError):
        return identity(path)
    return found.st_dev, found.st_ino


def identity(path: str) -> Identity | None:
    """Tell which file is there now; None where there is none."""
    try:
        found = os.stat(os.path.join(path, "LOCK"))
    except OSError:
        return None
    return found.st_dev, found.st_ino


def require() -> None:
    """Raise as `start` does where Milvus Lite could serve no file at all."""
    _manager()


def exists(endpoint: Endpoint) -> bool:
    """Tell whether there is a database."""
    return os.path.exists(endpoint.path)


def release(path: str) -> None:
    """Give a file back: the last one to do so stops its server, where ours have started it.

    It goes on where other code of this process still uses it.
    """
    with _turn:
        _users[path] -= 1
        if _users[path] <= 0:
            del _users[path]
            if path in _ours:
                _ours.discard(path)
                _stop(path)


def inherit(path: str) -> None:
    """Stop a server that other code has started and uses no more: now, or with its last user."""
    with _turn:
        if _users[path] > 0:
            _ours.add(path)
        else:
            del _users[path]
            _stop(path)


def _stop(path: str) -> None:
    if not any(_is_used_by(foreign, path) for foreign in find_foreign()):
        _manager().release_server(path)


def _is_used_by(foreign: ForeignConnection, path: str) -> bool:
    endpoint = foreign.params.endpoint
    # The second, where it is not known what is served.
    if endpoint.path != path and f"{endpoint.host}:{endpoint.port}" != _targets.get(path):
        return False
    return foreign.kind == "orm" or bool(foreign.clients())


def _manager() -> Any:
    import_pymilvus()  # milvus-lite imports it, and it fails where MILVUS_URI is a file
    version = installed_version("milvus-lite")
    _refuse_old(version, "Install the new one: pip install -U milvus-lite")
    try:
        import milvus_lite
        from milvus_lite.server_manager import server_manager_instance
    except Exception as error:  # noqa: BLE001  # whatever it is, it is milvus-lite's
        if version:
            failure: MilvusNbError = MilvusNbError(
                f"Milvus Lite {version} cannot be imported.",
                f"{type(error).__name__}: {' '.join(str(error).split())[:300]}",
                "Try `import milvus_lite` in a cell: it says more.",
            )
        else:
            failure = MissingExtraError(
                "Milvus Lite is not installed, so a .db file cannot be opened.",
                str(error),
                "Install it: pip install milvus-lite",
            )
    else:
        loaded = str(getattr(milvus_lite, "__version__", ""))
        _refuse_old(loaded, "If you have installed a newer one since then, restart the kernel.")
        return server_manager_instance
    raise failure


def _refuse_old(version: str, fix: str) -> None:
    """Raise where it is Milvus Lite 2, which serves, and leaves behind, something else."""
    if version.startswith("2."):
        raise MissingExtraError(
            f"This is Milvus Lite {version}, so a .db file cannot be opened.",
            "milvus_nb works with Milvus Lite 3 and later, which keeps a database in a folder.",
            fix,
        )


def _path_here(lock: str) -> str:
    """Give the path by which this process serves the database of a lock; empty if it does not."""
    for path, (_, database, _) in list(_served_by(_manager()).items()):
        with contextlib.suppress(OSError, TypeError, theirs.GoneError):
            # milvus-lite's own descriptor: the path may lead elsewhere by now.
            if os.path.samestat(os.fstat(theirs.LOCK_FD.get(database)), os.stat(lock)):
                return str(path)
    return ""


def _cause(error: BaseException | None) -> str:
    if isinstance(error, OSError) and error.errno in _FULL:
        return "lite-full"
    # Python has no class of its own for that.
    is_thread = isinstance(error, RuntimeError) and "start new thread" in str(error)
    return "no-threads" if is_thread else "lite-failed"


def _diagnose(endpoint: Endpoint, error: BaseException | None) -> Diagnosis:
    said = f"{type(error).__name__}: {error}" if error else "milvus-lite gave no reason"
    if error is None or type(error).__name__ != "DataDirLockedError":
        return diagnosis.of(endpoint, _cause(error), said)
    if isinstance(failed := error.__cause__, OSError) and failed.errno not in _TAKEN:
        cause = "lite-no-locks" if failed.errno in _NO_LOCKS else "lite-failed"
        return diagnosis.of(endpoint, cause, oserror.reason(failed))
    lock = os.path.join(endpoint.path, "LOCK")
    if path := _path_here(lock):
        then = "" if os.path.exists(path) else ", which was its name when it was opened"
        name = f", as {replace(endpoint, path=path).address}{then}"
        return diagnosis.of(endpoint, "lite-open-here", said, other_name=name)
    who = holder(lock)
    if who is not None and who.pid == os.getpid():
        return diagnosis.of(endpoint, "lite-open-here", said)
    return diagnosis.of(
        endpoint,
        "lite-locked",
        said,
        holder=f": {who}" if who else "",
        where=f", in {who.notebook}" if who and who.notebook else "",
    )
