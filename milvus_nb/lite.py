"""Milvus Lite: database files served from within this process.

milvus-lite keeps one gRPC server a file until the process ends, and the file stays locked as long.
So the last connection to a file must stop its server, or no other notebook can open the file.
"""

from __future__ import annotations

import logging
import os
import threading
from typing import TYPE_CHECKING, Any

from . import diagnosis, sdk
from .diagnosis import Diagnosis, ProbeError
from .errors import MissingExtraError
from .lock import holder

if TYPE_CHECKING:
    from .params import Endpoint

__all__ = ["release", "start"]

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
    sdk.load_pymilvus()  # milvus-lite imports it, and it fails where MILVUS_URI is a file
    try:
        from milvus_lite.server_manager import server_manager_instance
    except ImportError as error:
        raise MissingExtraError(
            "Milvus Lite is not installed, so a .db file cannot be opened.",
            str(error),
            "Install it: pip install 'milvus_nb[lite]'",
        ) from None
    return server_manager_instance


def _diagnose(endpoint: Endpoint, error: BaseException | None) -> Diagnosis:
    said = f"{type(error).__name__}: {error}" if error else "milvus-lite gave no reason"
    if type(error).__name__ != "DataDirLockedError":
        return diagnosis.of(endpoint, "lite-failed", said)
    who = holder(os.path.join(endpoint.path, "LOCK"))
    return diagnosis.of(
        endpoint,
        "lite-locked",
        said,
        holder=f": {who}" if who else "",
        where=f", in {who.notebook}" if who and who.notebook else "",
    )
