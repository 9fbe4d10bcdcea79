"""Closing connections: each at once where nothing has to be waited for, the others together."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterable
    from typing import Any

    from .connection import Connection
    from .foreign import ForeignConnections

__all__ = ["close_each", "closed"]

_log = logging.getLogger(__name__)

# So many are closed before others have their turn on the loop.
_AT_A_TIME: Final = 256


def closed(connection: Connection, others: ForeignConnections) -> Coroutine[Any, Any, None]:
    """Close a connection, whoever opened it."""
    is_own = connection.origin == "milvus_nb"
    return connection.close() if is_own else others.disconnect(connection)


async def close_each(connections: Iterable[Connection], others: ForeignConnections) -> None:
    """Close many; one that fails keeps none of the others open."""
    slow = []
    for number, connection in enumerate(connections, 1):
        if not connection.close_at_once():
            slow.append(closed(connection, others))
        if number % _AT_A_TIME == 0:
            await asyncio.sleep(0)
    for error in await asyncio.gather(*slow, return_exceptions=True):
        if isinstance(error, Exception):
            _log.error("Closing a connection failed", exc_info=error)
