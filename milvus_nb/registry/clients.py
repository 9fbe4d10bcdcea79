"""The pymilvus clients of one connection, made at first use and closed with it.

Everything here runs on the monitor's event loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
from typing import TYPE_CHECKING, Any, Final, TypeVar

from .. import sdk
from ..errors import Advice, ClosedError
from ..probing.blocking import run_blocking, run_closing
from ..probing.sockets import all_closed
from ..probing.waiting import EndedError, end, within

if TYPE_CHECKING:
    from collections.abc import Callable

    from pymilvus import AsyncMilvusClient, MilvusClient

    from ..params.endpoint import ConnectionParams

__all__ = ["Clients"]

T = TypeVar("T")

# So long counting sockets may take, in seconds.
_COUNTING_S: Final = 1.0

# So long closing one may take, in seconds: pymilvus's own gives up a new connection after 2.
_CLOSING_S: Final = 5.0


class Clients:
    """One client and, for each event loop, one async client.

    Parameters
    ----------
    alias
        Shown by the server in its list of clients.
    foreign
        Somebody else's connection that this one stands for: its clients are used, and closed.
    """

    def __init__(self, alias: str, foreign: sdk.ForeignConnection | None = None) -> None:
        self._alias = alias
        self._foreign = foreign
        self._lock = asyncio.Lock()
        self._client: MilvusClient | None = None
        self._async: list[tuple[AsyncMilvusClient, asyncio.AbstractEventLoop | None]] = []
        self._making: asyncio.Task[Any] | None = None
        self._is_closed = False

    async def get(self, params: ConnectionParams, target: str) -> MilvusClient:
        """Give the client; make it first where there is none, or where it was closed.

        Raises
        ------
        diagnosis.ProbeError
            The server did not answer, or refused.
        ClosedError
            The connection was closed.
        """
        async with self._lock:
            self._refuse_if_closed()
            theirs = self._theirs("client")
            if theirs:
                return theirs[0]
            if self._client is None or sdk.is_closed(self._client):
                alias = self._alias

                def keep(client: MilvusClient) -> None:
                    self._client = client

                make = functools.partial(sdk.make_client, alias, params, target)
                return await self._make(make, sdk.close_client, keep)
            return self._client

    async def get_async(
        self, params: ConnectionParams, target: str, loop: asyncio.AbstractEventLoop | None
    ) -> AsyncMilvusClient:
        """Give the async client of an event loop; for None one that no loop has used yet."""
        async with self._lock:
            self._refuse_if_closed()
            self._drop_those_of_ended_loops()
            for client, asked_in in [*((one, None) for one in self._theirs("async")), *self._async]:
                home = sdk.loop_of(client) or asked_in
                if home is loop and not sdk.is_closed(client):
                    return client
            alias = self._alias

            def keep(client: AsyncMilvusClient) -> None:
                self._async.append((client, loop))

            make = functools.partial(sdk.make_async_client, alias, params, target)
            return await self._make(make, sdk.close_async_client, keep)

    def use_database(self, db_name: str) -> None:
        """Let the clients' calls go to another database."""
        for client in [self._client, *(one for one, _ in self._async)]:
            if client is not None:
                sdk.use_database(client, db_name)
        if self._foreign is not None:
            self._foreign.use_database(db_name)

    def close_here(self) -> None:
        """Close the async clients of the event loop that runs on this very thread.

        No other thread could: the loop waits for whoever closes them.
        """
        for client, _ in list(self._async):
            if sdk.is_of_this_loop(client):
                sdk.close_async_client(client)
        theirs = self._theirs("async")
        if self._foreign is not None and any(sdk.is_of_this_loop(client) for client in theirs):
            self._foreign.close()

    def close_at_once(self) -> bool:
        """Make none any more; tell whether there is none to be closed."""
        if self._foreign is not None or self._lock.locked() or self._client or self._async:
            return False
        self._is_closed = True
        return True

    async def close(self, port: int, *, theirs: bool) -> None:
        """Close all of them, and their sockets; those of somebody else if that is wanted.

        Parameters
        ----------
        port
            Where they have connected to.
        theirs
            Whether somebody else's are closed, too.
        """
        self._is_closed = True
        if self._making is not None:
            await end(self._making)
        async with self._lock:
            client, self._client = self._client, None
            others, self._async = self._async, []
            work: list[Callable[[], None]] = [
                functools.partial(sdk.close_async_client, other) for other, _ in others
            ]
            counts: list[Callable[[], int]] = [
                functools.partial(sdk.sockets_of, other) for other, _ in others
            ]
            if client is not None:
                work.append(functools.partial(sdk.close_client, client))
                counts.append(functools.partial(sdk.sockets_of, client))
            if self._foreign is not None and theirs:
                work.append(self._foreign.close)
                counts.append(self._foreign.has_own_socket)
                port = 0  # they may share theirs
            async with all_closed(await _total(counts), port):
                for close in work:
                    await run_closing(close, f"a client of {self._alias}", _CLOSING_S)

    def _refuse_if_closed(self) -> None:
        if self._is_closed:
            raise ClosedError(
                f"The connection {self._alias} was closed meanwhile.",
                "",
                f"Connect again: %milvus connect -a {self._alias}",
                advice=Advice("Connect again."),
            )

    def _theirs(self, kind: str) -> list[Any]:
        if self._foreign is None or self._foreign.kind != kind:
            return []
        return self._foreign.clients()

    def _drop_those_of_ended_loops(self) -> None:
        for one in list(self._async):
            client, asked_in = one
            loop = sdk.loop_of(client) or asked_in
            if sdk.is_closed(client) or (loop is not None and loop.is_closed()):
                self._async.remove(one)
                sdk.close_async_client(client)

    async def _make(
        self, work: Callable[[], T], undo: Callable[[T], None], keep: Callable[[T], None]
    ) -> T:
        async def make() -> T:
            client = await run_blocking(work, undo=undo)
            keep(client)  # here: who waits may be cancelled in this very moment
            return client

        self._making = asyncio.create_task(make())
        try:
            return await within(None, self._making)
        except EndedError:
            self._refuse_if_closed()
            raise
        finally:
            self._making = None


async def _total(counts: list[Callable[[], int]]) -> int:
    """Count, in a thread: after a Ctrl-C in the middle of a call gRPC may keep a lock for ever."""
    if not counts:
        return 0
    with contextlib.suppress(asyncio.TimeoutError):
        work = run_blocking(lambda: sum(count() for count in counts))
        return await within(_COUNTING_S, work)
    return 0
