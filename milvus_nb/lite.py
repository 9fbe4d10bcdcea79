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
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from . import diagnosis, oserror, sdk
from .diagnosis import Diagnosis, ProbeError
from .errors import MissingExtraError
from .lock import holder

if TYPE_CHECKING:
    from .params import Endpoint

__all__ = ["release", "start"]

# What a lock says that somebody else has, and a file system that has no locks.
_TAKEN: Final = (errno.EAGAIN, errno.EWOULDBLOCK, errno.EACCES, errno.EDEADLK)
_NO_LOCKS: Final = (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS)

# milvus-lite logs the reason of a failed start and returns None; starts take turns, so that a
# reason is never taken for another file's.
_starting = threading.Lock()


class _Reason(logging.Handler):
    """Catches the exception that milvus-lite logs instead of raising it."""

    def __init__(self) -> None:
        super().__init__()
        self.error: BaseException | None = None

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info:
            self.error = record.exc_info[1]


def start(endpoint: Endpoint) -> tuple[str, bool]:
    """Serve a database file. Blocks for about a second where it is the process's first.

    Parameters
    ----------
    endpoint
        Its path is that of the ``.db``, absolute; made if it does not exist.

    Returns
    -------
    target, ours
        gRPC's target, and whether this call started the server (and so has to stop it).

    Raises
    ------
    MissingExtraError
        milvus-lite is not installed.
    ProbeError
        The file cannot be served.
    """
    manager, path = _manager(), endpoint.path
    logger = logging.getLogger("milvus_lite.server_manager")
    with _starting:
        ours = os.path.abspath(path) not in manager._servers  # noqa: SLF001  # it has no public list
        reason = _Reason()
        propagate, logger.propagate = logger.propagate, False
        logger.addHandler(reason)
        try:
            uri = manager.start_and_get_uri(path)
        finally:
            logger.removeHandler(reason)
            logger.propagate = propagate
    if uri is None:
        raise ProbeError(_diagnose(endpoint, reason.error))
    return uri.removeprefix("http://"), ours


def exists(endpoint: Endpoint) -> bool:
    """Tell whether there is a database."""
    return os.path.exists(endpoint.path)


def release(path: str) -> None:
    """Stop serving a database file and give up its lock, unless other code here still uses it."""
    if not any(_is_used_by(found, path) for found in sdk.find()):
        _manager().release_server(path)


def _is_used_by(found: sdk.Found, path: str) -> bool:
    if found.params.endpoint.path != path:
        return False
    return found.kind == "orm" or bool(found.clients())


def _manager() -> Any:
    sdk.import_pymilvus()  # milvus-lite imports it, and it fails where MILVUS_URI is a file
    try:
        from milvus_lite.server_manager import server_manager_instance
    except ImportError as error:
        raise MissingExtraError(
            "Milvus Lite is not installed, so a .db file cannot be opened.",
            str(error),
            "Install it: pip install 'milvus_nb[lite]'",
        ) from None
    return server_manager_instance


def _path_here(lock: str) -> str:
    """Give the path by which this process serves the database of a lock; empty if it does not."""
    for path, (_, database, _) in list(_manager()._servers.items()):  # noqa: SLF001
        with contextlib.suppress(OSError, TypeError):
            # milvus-lite's own descriptor: the path may lead elsewhere by now.
            if os.path.samestat(os.fstat(database._lock_fd), os.stat(lock)):  # noqa: SLF001
                return str(path)
    return ""


def _diagnose(endpoint: Endpoint, error: BaseException | None) -> Diagnosis:
    said = f"{type(error).__name__}: {error}" if error else "milvus-lite gave no reason"
    if error is None or type(error).__name__ != "DataDirLockedError":
        return diagnosis.of(endpoint, "lite-failed", said)
    if isinstance(why := error.__cause__, OSError) and why.errno not in _TAKEN:
        cause = "lite-no-locks" if why.errno in _NO_LOCKS else "lite-failed"
        return diagnosis.of(endpoint, cause, oserror.reason(why))
    lock = os.path.join(endpoint.path, "LOCK")
    if path := _path_here(lock):
        then = "" if os.path.exists(path) else ", as it was called when it was opened"
        name = f" as {replace(endpoint, path=path).address}{then}"
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
