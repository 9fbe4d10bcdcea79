"""The only room that imports pymilvus and milvus-lite.

``loading`` imports pymilvus, ``clients`` makes and closes the clients that are ours, ``channels``
keeps their channels in mind, ``orm`` shows our aliases to its ORM, ``foreign`` finds what others
opened. ``lite`` serves the files of Milvus Lite, ``lite_lock`` tells who holds one. Private names
of both are used here alone, and a test notices when they change.

Not public: import from `milvus_nb` itself.
"""

from .clients import (
    close_async_client,
    close_client,
    is_closed,
    is_of_this_loop,
    loop_of,
    make_async_client,
    make_client,
    sockets_of,
    use_database,
)
from .foreign import ForeignConnection, alias_used_by, find_foreign
from .loading import import_pymilvus, installed_version, param_error
from .orm import Mirror

__all__ = [
    "ForeignConnection",
    "Mirror",
    "alias_used_by",
    "close_async_client",
    "close_client",
    "find_foreign",
    "import_pymilvus",
    "installed_version",
    "is_closed",
    "is_of_this_loop",
    "loop_of",
    "make_async_client",
    "make_client",
    "param_error",
    "sockets_of",
    "use_database",
]
