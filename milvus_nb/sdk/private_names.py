"""The private names of pymilvus and Milvus Lite that are used, each with what goes without it.

`Private` has how one is read, and what becomes of it that is gone; gRPC's are in its module. All
else of pymilvus that this room uses is public.
"""

from __future__ import annotations

from typing import Final

from ..probing.private_names import AIO_LOOP, CORE, GoneError, Private

__all__ = [
    "ADD_SIGN_IN", "AIO_LOOP", "ALIAS_CONFIG", "ALIAS_HANDLERS", "ALL", "ASYNC_CHANNEL",
    "ASYNC_CONNECT", "ASYNC_CREATE_CHANNEL", "ASYNC_SIGN_IN", "CHANNEL", "CLOSED", "CONFIG", "CORE",
    "CREATE_CHANNEL", "DEDICATED", "HANDLER", "INSTANCES", "LOCK_FD", "MANAGER",
    "ON_ERROR", "REGISTRY", "RETIRED", "SERVERS", "SET_UP_SIGN_IN", "SIGN_IN", "USING",
    "GoneError", "Private", "other",
]  # fmt: skip

_NO_CLIENT: Final = "no client can be made."
_NO_ASYNC: Final = "no async client can be made."
_NO_OTHERS: Final = "what other code has opened with pymilvus is not shown."
_NEITHER: Final = "no client can be made, and what other code has opened is not shown."
_NO_ORM: Final = "its ORM does not know these aliases: Collection(…, using=ALIAS) finds none."
_SHOWS: Final = "a client's sign-in shows where its inside is printed, as by %xmode Verbose."


def _of(owner: str, name: str, without: str) -> Private:
    return Private("pymilvus", owner, name, without)


# A client of ours has a manager of its own, and all of its channels are kept in mind, so that
# closing it closes its sockets, whatever another client waits for.
HANDLER: Final = _of("MilvusClient", "_handler", _NO_CLIENT)
MANAGER: Final = _of("MilvusClient", "_manager", _NO_CLIENT)
CONFIG: Final = _of("MilvusClient", "_config", _NEITHER)  # `use_database` keeps the database there
DEDICATED: Final = _of("ConnectionManager", "_dedicated", _NEITHER)
ON_ERROR: Final = _of("ConnectionManager", "_register_error_callback", _NO_CLIENT)
CHANNEL: Final = _of("GrpcHandler", "_channel", _NEITHER)
CREATE_CHANNEL: Final = _of("GrpcHandler", "_create_grpc_channel", _NO_CLIENT)

# The same for asyncio.
CLOSED: Final = _of("AsyncMilvusClient", "_closed", _NO_ASYNC)
ASYNC_CONNECT: Final = _of("AsyncMilvusClient", "_connect", _NO_ASYNC)
ASYNC_CHANNEL: Final = _of("AsyncGrpcHandler", "_async_channel", _NO_ASYNC)
ASYNC_CREATE_CHANNEL: Final = _of("AsyncGrpcHandler", "_create_channel", _NO_ASYNC)
RETIRED: Final = _of(
    "AsyncGrpcHandler",
    "_retired_channel_close_tasks",
    "what an async client has given up is closed some seconds after it.",
)

# What makes a client fit in with others.
SIGN_IN: Final = _of("GrpcHandler", "_authorization_interceptor", _SHOWS)
ASYNC_SIGN_IN: Final = _of("AsyncGrpcHandler", "_async_authorization_interceptor", _SHOWS)
SET_UP_SIGN_IN: Final = _of("GrpcHandler", "_setup_authorization_interceptor", _SHOWS)
ADD_SIGN_IN: Final = _of("_GenericClientInterceptor", "_fn", _SHOWS)

# What others have opened.
REGISTRY: Final = _of("ConnectionManager", "_registry", _NO_OTHERS)
INSTANCES: Final = _of("AsyncConnectionManager", "_instances", _NO_OTHERS)

# Our aliases in the ORM.
ALIAS_HANDLERS: Final = _of("Connections", "_alias_handlers", _NO_ORM)
ALIAS_CONFIG: Final = _of("Connections", "_alias_config", _NO_ORM)
USING: Final = _of(
    "Collection", "_using", "the variables that use an alias of its ORM are unknown."
)

# Which files are served here, and which one was opened: its path may lead elsewhere by now.
SERVERS: Final = Private(
    "milvus-lite",
    "ServerManager",
    "_servers",
    "which files other code of this kernel has opened is not known.",
)
LOCK_FD: Final = Private(
    "milvus-lite",
    "MilvusLite",
    "_lock_fd",
    "a file that was moved or replaced while it is open is not told from another.",
)

RELEASE_LOCK: Final = Private(
    "milvus-lite",
    "MilvusLite",
    "_release_lock",
    "a file that could not be served stays locked until the kernel ends.",
)


def other(error: AttributeError) -> Private:
    """Give a public name of pymilvus that is gone as if it were a private one."""
    return _of(type(error.obj).__name__, error.name or "…", _NO_OTHERS)


ALL: Final = tuple(value for value in dict(globals()).values() if isinstance(value, Private))
