"""The calls that look into a database, one by one: what each needs, and what it answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol

from . import reading, wire
from .model import Load, RowCount
from .refused import Refusal
from .values import column

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..params.endpoint import ConnectionParams
    from ..probing.probe import Answer
    from ..probing.wire import Method
    from .rights import Right
    from .schema import Index

__all__ = ["DEFAULT_DATABASE", "Calls", "Server"]

#: Its name; where calls name none, it is meant.
DEFAULT_DATABASE: Final = "default"

_IN_MEMORY: Final = 1  # ShowType of milvus.proto
_LOADING, _LOADED = 2, 3  # LoadState of common.proto
_STRONG: Final = 0  # ConsistencyLevel of common.proto
_COUNT: Final = "count(*)"
_INDEX_GONE: Final = (700, 11, 25)


class Server(Protocol):
    """Somewhere to send calls to: a watch."""

    async def call(
        self, method: Method, deadline: float, database: str = "", **fields: Any
    ) -> Answer:
        """Make a call; ProbeError where no Milvus answers it."""


class Calls:
    """What a server is asked about its databases; each raises Refusal where it refuses.

    Parameters
    ----------
    server
        Who is asked.
    params
        Who asks, and how long a call may take (s).
    reader
        Reads what it answers.
    """

    def __init__(self, server: Server, params: ConnectionParams, reader: reading.Reader) -> None:
        self._server = server
        self._params = params
        self._reader = reader
        self._own_roles: list[str] | None = None

    async def _call(self, method: Method, database: str, **fields: Any) -> Any:
        if database and "db_name" in method.request.DESCRIPTOR.fields_by_name:
            fields["db_name"] = database  # some calls do not look at the header, nor some servers
        answer = await self._server.call(method, self._params.timeout, database, **fields)
        if answer.refusal:
            raise Refusal(method.name, answer.refusal, answer.said)
        status = getattr(answer.reply, "status", answer.reply)
        if status.code or status.error_code:
            said = self._reader.said(status.reason)
            raise Refusal(method.name, status.code or status.error_code, said)
        return answer.reply

    # Databases and collections

    async def databases(self) -> list[str]:
        """List the names of the databases."""
        reply = await self._call(wire.ListDatabases, self._params.db_name)
        return self._reader.names(reply.db_names)

    async def known_databases(self) -> list[str]:
        """List the names of the databases; none where the server does not tell."""
        try:
            return await self.databases()
        except Refusal:
            return []

    async def require(self, database: str) -> None:
        """Refuse a database that Lite does not have: it would log a traceback into the cell."""
        is_doubtful = bool(database) and self._params.endpoint.kind == "lite"
        if is_doubtful and database not in await self.known_databases():
            raise Refusal("ListDatabases", "NOT_FOUND", "database not found")

    async def collections(self, database: str) -> Any:
        """List the collections of a database: a ShowCollectionsResponse."""
        await self.require(database)
        return await self._call(wire.ShowCollections, database)

    async def collection_names(self, database: str) -> list[str]:
        """List the names of the collections of a database."""
        return self._reader.names((await self.collections(database)).collection_names)

    async def describe(self, collection: str, database: str) -> Any:
        """Describe a collection: a DescribeCollectionResponse."""
        await self.require(database)
        return await self._call(wire.DescribeCollection, database, collection_name=collection)

    async def create_database(self, name: str) -> None:
        """Create a database."""
        await self._call(wire.CreateDatabase, "", db_name=name)

    # Of one collection

    async def indexes(self, collection: str, database: str) -> tuple[Index, ...]:
        """List its indexes."""
        try:
            reply = await self._call(wire.DescribeIndex, database, collection_name=collection)
        except Refusal as error:
            if error.code in _INDEX_GONE or "index not found" in error.said.lower():
                return ()
            raise
        return self._reader.indexes(reply.index_descriptions)

    async def partitions(self, collection: str, database: str) -> tuple[str, ...]:
        """List the names of its partitions."""
        reply = await self._call(wire.ShowPartitions, database, collection_name=collection)
        return tuple(self._reader.names(reply.partition_names))

    async def aliases(self, collection: str, database: str) -> tuple[str, ...]:
        """List its aliases."""
        reply = await self._call(wire.ListAliases, database, collection_name=collection)
        return tuple(self._reader.names(reply.aliases))

    async def start_loading(self, collection: str, database: str) -> None:
        """Load it; the server goes on with it behind the answer."""
        await self._call(wire.LoadCollection, database, collection_name=collection)

    async def release(self, collection: str, database: str) -> None:
        """Take it out of the server's memory."""
        await self._call(wire.ReleaseCollection, database, collection_name=collection)

    async def load(self, collection: str, database: str) -> Load:
        """Tell whether it is loaded."""
        try:
            reply = await self._call(wire.LoadState, database, collection_name=collection)
        except Refusal as error:
            try:  # needs another privilege, which all users have
                loads = await self.loads(database, [collection])
            except Refusal:
                raise error from None
            return loads.get(collection, Load("released", 0))
        if reply.state != _LOADING:
            return Load("loaded", 100) if reply.state == _LOADED else Load("released", 0)
        try:
            reply = await self._call(wire.LoadingProgress, database, collection_name=collection)
        except Refusal:
            return Load("loading")
        return Load("loading", max(0, min(reply.progress, 100)))

    async def loads(self, database: str, collections: Sequence[str] = ()) -> dict[str, Load]:
        """Tell what is loaded, of all at once; what is released may be missing."""
        reply = await self._call(
            wire.ShowCollections, database, type=_IN_MEMORY, collection_names=collections
        )
        percents = zip(reply.collection_names, reply.inMemory_percentages, strict=False)
        return {name: reading.load(percent) for name, percent in percents}

    async def count(
        self, collection: str, database: str, load: Load | None, *, exactly: bool = True
    ) -> RowCount:
        """Count its rows; by the server's statistics where it is not loaded."""
        if exactly and (load is None or load.state == "loaded"):
            try:
                reply = await self.query(collection, database, "", [_COUNT])
                return RowCount(int(column(reply.fields_data[0])[0]), is_exact=True)
            except (Refusal, LookupError):
                pass  # the statistics need another privilege, and no loaded collection
        reply = await self._call(wire.CollectionStatistics, database, collection_name=collection)
        count = next((stat.value for stat in reply.stats if stat.key == "row_count"), "")
        if not (count.isascii() and count.isdigit()):
            raise Refusal("GetCollectionStatistics", "UNIMPLEMENTED", "no row count")
        return RowCount(int(count), is_exact=False)

    async def query(
        self, collection: str, database: str, where: str, fields: list[str], limit: int = 0
    ) -> Any:
        """Read rows of it: a QueryResults."""
        params = [{"key": "limit", "value": str(limit)}] if limit else []
        return await self._call(
            wire.Query,
            database,
            collection_name=collection,
            expr=where,
            output_fields=fields,
            query_params=params,
            consistency_level=_STRONG,  # what was just written is there
        )

    # Rights

    async def own_roles(self) -> list[str]:
        """List the roles of the connection's own user; asked once."""
        if self._own_roles is None:
            user = {"name": self._params.endpoint.user}
            reply = await self._call(
                wire.SelectUser, self._params.db_name, user=user, include_role_info=True
            )
            roles = [role.name for result in reply.results for role in result.roles]
            self._own_roles = self._reader.names(roles)
        return self._own_roles

    async def granted(self, role: str) -> list[Right]:
        """List what a role may do."""
        database = self._params.db_name
        entity = {"role": {"name": role}, "db_name": database}
        reply = await self._call(wire.SelectGrant, database, entity=entity)
        return [reading.right(role, grant) for grant in reply.entities]
