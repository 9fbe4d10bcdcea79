"""Looks into the databases of one connection: asks only what is asked for, and loads nothing.

Everything here runs on the monitor's event loop.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

from ..base.waiting import end
from ..errors import ExploreError, ParamsError
from . import reading, refused, wire
from .model import (
    Collections,
    Databases,
    Description,
    Entry,
    Load,
    Peek,
    Right,
    Rights,
    RowCount,
    Schema,
    Untold,
)
from .values import column

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterable, Sequence

    from ..params.endpoint import ConnectionParams
    from ..probing.probe import Answer
    from ..probing.wire import Method

__all__ = ["MOST_COUNTED", "MOST_DETAILED", "MOST_ROWS", "Inspector", "Server"]

T = TypeVar("T")

#: Of so many collections at most rows and load state are asked for where they are listed.
MOST_DETAILED: Final = 50
#: Of so many their rows are counted; of more, the server's statistics are good enough.
MOST_COUNTED: Final = 16
#: So many rows can be peeked at.
MOST_ROWS: Final = 1_000

_IN_MEMORY: Final = 1  # ShowType of milvus.proto
_NOT_LOAD, _LOADING, _LOADED = 1, 2, 3  # LoadState of common.proto
_STRONG: Final = 0  # ConsistencyLevel of common.proto
_COUNT: Final = "count(*)"
_DEFAULT: Final = "default"
_SUBJECTS: Final = {
    "rows": "the number of rows",
    "load": "whether it is loaded",
    "indexes": "the indexes",
    "partitions": "the partitions",
    "aliases": "the aliases",
    "databases": "the databases",
    "roles": "your roles",
    "rights": "what your roles may do",
}


class Server(Protocol):
    """Somewhere to send calls to: a watch."""

    async def call(
        self, method: Method, deadline: float, database: str = "", **fields: Any
    ) -> Answer:
        """Make a call; ProbeError where no Milvus answers it."""


class Inspector:
    """Looks into the databases of one connection.

    Parameters
    ----------
    server
        Its endpoint's watch.
    alias
        The connection's.
    params
        Who asks, in which database, and how long a call may take (s).
    version
        The server's, such as ``"v2.3.5"``; empty where it is not known.
    """

    def __init__(
        self, server: Server, alias: str, params: ConnectionParams, version: str = ""
    ) -> None:
        self._server = server
        self._alias = alias
        self._params = params
        self._version = version
        self._reader = reading.Reader(params.endpoint)
        self._own_roles: list[str] | None = None

    # What is asked

    async def databases(self) -> Databases:
        """List the names of the databases."""
        current = self._params.db_name or _DEFAULT
        try:
            reply = await self._call(wire.ListDatabases, self._params.db_name)
        except refused.Refusal as error:
            told = await self._untold("databases", error, self._params.db_name or _DEFAULT, "")
            if told is None:  # a server that knows no databases
                return Databases(self._alias, (current,), current, time.time())
            return Databases(self._alias, (current,), current, time.time(), told)
        names = sorted(self._reader.names(reply.db_names))
        return Databases(self._alias, tuple(names), current, time.time())

    async def collections(self, database: str | None, *, details: bool = False) -> Collections:
        """List the collections of a database; one call, where no details are asked for.

        Raises
        ------
        ExploreError
            There is no such database, or the user may not list its collections.
        """
        database = self._named(database)
        reply = await self._listed(database)
        names = sorted(self._reader.names(reply.collection_names))
        created = dict(zip(reply.collection_names, reply.created_utc_timestamps, strict=False))
        shown = database or _DEFAULT
        found = Collections(self._alias, shown, tuple(names), time.time(), created)
        if details and 0 < len(names) <= MOST_DETAILED:
            return await self._detailed(found, database)
        return found

    async def schema(self, name: str, database: str | None = None) -> Schema:
        """Describe the fields and indexes of a collection; two calls."""
        database = self._named(database)
        found, _ = await self._described(name, database)
        indexes, untold = await self._part(self._indexes(found.name, database), "indexes", found)
        return Schema(replace(found, indexes=indexes or (), untold=tuple(untold)))

    async def describe(self, name: str, database: str | None = None) -> Description:
        """Describe a collection.

        Raises
        ------
        ExploreError
            There is no such collection or database, or the user may not describe it.
        """
        database = self._named(database)
        found, aliases = await self._described(name, database)
        parts: list[Coroutine[Any, Any, tuple[Any, list[Untold]]]] = [
            self._part(self._indexes(found.name, database), "indexes", found),
            self._part(self._partitions(found.name, database), "partitions", found),
            self._size(found, database),
        ]
        if not aliases:
            parts.append(self._part(self._aliases(found.name, database), "aliases", found))
        indexes, partitions, (size, missing), *listed = await _all(parts)
        untold = [*indexes[1], *missing, *partitions[1], *(listed[0][1] if listed else [])]
        return replace(
            found,
            indexes=indexes[0] or (),
            partitions=partitions[0],
            load=size[0],
            rows=size[1],
            aliases=aliases or (listed[0][0] if listed else None),
            untold=tuple(untold),
            asked_at=time.time(),
        )

    async def peek(self, name: str, n: int, where: str, database: str | None = None) -> Peek:
        """Read some rows of a loaded collection.

        Raises
        ------
        ParamsError
            `n` is no number of rows from 1 to 1,000.
        ExploreError
            There is no such collection, it is not loaded, the filter is not understood, or the
            user may not read it.
        """
        if type(n) is not int or not 1 <= n <= MOST_ROWS:
            raise ParamsError(
                f"n = {str(n)[:40]} is not possible.", f"It is how many rows: 1 to {MOST_ROWS:,}."
            )
        where = where if where and where.strip() else ""
        database = self._named(database)
        found, _ = await self._described(name, database)
        try:
            reply = await self._rows(found, database, n, where)
        except refused.Refusal as error:
            failed = await self._why_not(error, found, database, where)
        else:
            return self._peek(found, reply, n, where)
        raise failed

    async def rights(self) -> Rights:
        """Tell the roles and privileges of the connection's own user."""
        user, database = self._params.endpoint.user, self._params.db_name
        if not user:
            return Rights.none()
        lacks: list[Untold] = []
        try:
            roles = await self._roles(user)
        except refused.Refusal as error:
            told = await self._untold("roles", error, database or _DEFAULT, "", role="ROLE")
            is_missing = told is not None and bool(told.privilege)
            return Rights(user, lacks=(told,) if told is not None and is_missing else ())
        found: list[Right] | None = None
        for role in dict.fromkeys([*roles, "public"]):  # which everybody has
            try:
                granted = await self._granted(role)
            except refused.Refusal as error:
                told = await self._untold("rights", error, database or _DEFAULT, "", role=role)
                lacks += [told] if told is not None and role in roles else []
            else:
                found = [*(found or []), *granted]
        return Rights(user, tuple(roles), tuple(found) if found is not None else None, tuple(lacks))

    # The parts of a description

    async def _described(
        self, name: str, database: str, *, was_there: bool = False
    ) -> tuple[Description, tuple[str, ...]]:
        failed: ExploreError
        try:
            await self._check(database)
            reply = await self._call(wire.DescribeCollection, database, collection_name=name)
        except refused.Refusal as error:
            failed = await self._not_described(error, name, database, was_there=was_there)
        else:
            return self._read(reply, name, database)
        raise failed

    def _read(self, reply: Any, name: str, database: str) -> tuple[Description, tuple[str, ...]]:
        schema = reply.schema
        own = next(iter(self._reader.names([schema.name or reply.collection_name])), "") or name
        found = Description(
            alias=self._alias,
            database=database or _DEFAULT,
            name=own,
            asked_as=name if name != own else "",
            description=reading.text(schema.description),
            fields=self._reader.fields(schema),
            functions=self._reader.functions(schema),
            has_dynamic_field=schema.enable_dynamic_field,
            shards=reply.shards_num or None,
            consistency=reading.consistency(reply.consistency_level),
            properties=self._reader.pairs(reply.properties),
            created_at=reply.created_utc_timestamp / 1000 or None,
            asked_at=time.time(),
        )
        return found, tuple(self._reader.names(reply.aliases))

    async def _part(
        self, work: Coroutine[Any, Any, T], what: str, of: Description
    ) -> tuple[T | None, list[Untold]]:
        """Await one part; None, and why, where the server does not tell it."""
        try:
            return await work, []
        except refused.Refusal as error:
            told = await self._untold(what, error, of.database, of.name)
            return None, [told] if told is not None else []

    async def _indexes(self, name: str, database: str) -> tuple[Any, ...]:
        try:
            reply = await self._call(wire.DescribeIndex, database, collection_name=name)
        except refused.Refusal as error:
            if error.code in (700, 11, 25) or "index not found" in error.said.lower():
                return ()
            raise
        return self._reader.indexes(reply.index_descriptions)

    async def _partitions(self, name: str, database: str) -> tuple[str, ...]:
        reply = await self._call(wire.ShowPartitions, database, collection_name=name)
        return tuple(self._reader.names(reply.partition_names))

    async def _aliases(self, name: str, database: str) -> tuple[str, ...]:
        reply = await self._call(wire.ListAliases, database, collection_name=name)
        return tuple(self._reader.names(reply.aliases))

    async def _size(
        self, found: Description, database: str
    ) -> tuple[tuple[Load | None, RowCount | None], list[Untold]]:
        load, no_load = await self._part(self._load(found.name, database), "load", found)
        counting = self._count(found.name, database, load)
        rows, no_rows = await self._part(counting, "rows", found)
        return (load, rows), [*no_load, *no_rows]

    async def _load(self, name: str, database: str) -> Load:
        try:
            state = (await self._call(wire.LoadState, database, collection_name=name)).state
        except refused.Refusal as error:
            try:  # needs another privilege, which all users have
                return (await self._loads(database, [name])).get(name, Load("released", 0))
            except refused.Refusal:
                raise error from None
        if state != _LOADING:
            return Load("loaded", 100) if state == _LOADED else Load("released", 0)
        try:
            reply = await self._call(wire.LoadingProgress, database, collection_name=name)
        except refused.Refusal:
            return Load("loading")
        return Load("loading", max(0, min(reply.progress, 100)))

    async def _loads(self, database: str, names: Sequence[str]) -> dict[str, Load]:
        """Tell what is loaded, of all at once; what is released may be missing."""
        reply = await self._call(
            wire.ShowCollections, database, type=_IN_MEMORY, collection_names=names
        )
        return {
            name: reading.load(percent)
            for name, percent in zip(
                reply.collection_names, reply.inMemory_percentages, strict=False
            )
        }

    async def _count(
        self, name: str, database: str, load: Load | None, *, exactly: bool = True
    ) -> RowCount:
        if exactly and (load is None or load.state == "loaded"):
            try:
                reply = await self._query(name, database, "", [_COUNT])
                return RowCount(int(column(reply.fields_data[0])[0]), is_exact=True)
            except (refused.Refusal, LookupError):
                pass  # the statistics need another privilege, and no loaded collection
        reply = await self._call(wire.CollectionStatistics, database, collection_name=name)
        count = next((one.value for one in reply.stats if one.key == "row_count"), "")
        if not (count.isascii() and count.isdigit()):
            raise refused.Refusal("GetCollectionStatistics", "UNIMPLEMENTED", "no row count")
        return RowCount(int(count), is_exact=False)

    async def _detailed(self, found: Collections, database: str) -> Collections:
        untold: list[Untold] = []
        try:
            loads: dict[str, Load] | None = await self._loads(database, ())
        except refused.Refusal as error:
            loads, told = None, await self._untold("load", error, found.database, "")
            untold += [told] if told is not None else []

        async def detailed(entry: Entry) -> Entry | refused.Refusal:
            load = None if loads is None else loads.get(entry.name, Load("released", 0))
            entry = replace(entry, load=load)
            try:
                rows = await self._count(entry.name, database, load, exactly=exactly)
                return replace(entry, rows=rows)
            except refused.Refusal as error:
                if error.is_no_collection:  # dropped meanwhile
                    return error
                refusals.append((entry.name, error))
                return entry

        exactly = len(found.entries) <= MOST_COUNTED
        refusals: list[tuple[str, refused.Refusal]] = []
        entries = await _all([detailed(entry) for entry in found.entries])
        if refusals:
            name, refusal = refusals[0]
            on = name if len(refusals) == 1 else "*"
            told = await self._untold("rows", refusal, found.database, on)
            untold += [told] if told is not None else []
        kept = tuple(entry for entry in entries if isinstance(entry, Entry))
        names = tuple(entry.name for entry in kept)
        return replace(found, names=names, details=kept, untold=tuple(untold))

    # Rows

    async def _rows(self, found: Description, database: str, n: int, where: str) -> Any:
        try:
            return await self._query(found.name, database, where, ["*"], n)
        except refused.Refusal as error:
            key = found.primary
            if where or key is None or not error.is_about_expression or error.is_not_loaded:
                raise
            # Milvus before 2.3 wants a filter: one that is true of every row.
            always = f"{key.name} >= {-(2**63)}" if key.type == "INT64" else f'{key.name} >= ""'
            return await self._query(found.name, database, always, ["*"], n)

    async def _query(
        self, name: str, database: str, where: str, fields: list[str], limit: int = 0
    ) -> Any:
        params = [{"key": "limit", "value": str(limit)}] if limit else []
        return await self._call(
            wire.Query,
            database,
            collection_name=name,
            expr=where,
            output_fields=fields,
            query_params=params,
            consistency_level=_STRONG,  # what was just written is there
        )

    def _peek(self, found: Description, reply: Any, n: int, where: str) -> Peek:
        columns: dict[str, list[Any]] = {}
        dynamic: list[Any] = []
        for data in reply.fields_data:
            if data.is_dynamic or data.field_name == "$meta":
                dynamic = column(data)
            else:
                columns[reading.field_name(data.field_name)] = column(data)
        rows: list[dict[str, Any]] = []
        order = [one.name for one in found.fields if one.name in columns]
        order.sort(key=lambda name: not found.field(name).is_primary)
        order += [name for name in columns if name not in order]
        count = max((len(values) for values in columns.values()), default=0)
        for place in range(min(count, n)):
            row = {name: columns[name][place] for name in order if place < len(columns[name])}
            more = dynamic[place] if place < len(dynamic) else None
            if isinstance(more, dict):
                row |= {reading.field_name(str(key)): one for key, one in more.items()
                        if str(key) not in row}  # fmt: skip
            rows.append(row)
        names = list(dict.fromkeys([*order, *(name for row in rows for name in row)]))
        known = {one.name: one.type for one in found.fields}
        return Peek(
            alias=self._alias,
            database=found.database,
            collection=found.name,
            columns=tuple(names),
            types=tuple(known.get(name, "") for name in names),
            rows=tuple(rows),
            where=where,
            asked_at=time.time(),
        )

    async def _why_not(
        self, error: refused.Refusal, found: Description, database: str, where: str
    ) -> ExploreError:
        name = found.name
        if error.is_denied:
            return await self._denied(f"You may not read {name}.", error, found.database, name)
        if error.is_not_loaded:
            try:
                load = await self._load(name, database)
            except refused.Refusal:
                load = Load("released")
            is_loading = str(load) if load.state == "loading" else ""
            own = self._params.db_name or _DEFAULT
            return refused.not_loaded(
                self._alias, found.database, name, own_database=own, is_loading=is_loading
            )
        if error.is_no_collection or error.is_no_database:
            return await self._not_described(error, name, database, was_there=True)
        if where and error.field:
            return refused.no_field(name, error.field, [one.name for one in found.fields])
        if where and error.is_about_expression:
            return error.expression_error(where)
        return self._plain(f"The rows of {name} could not be read.", error)

    # Rights

    async def _roles(self, user: str) -> list[str]:
        if self._own_roles is not None:
            return self._own_roles
        reply = await self._call(
            wire.SelectUser, self._params.db_name, user={"name": user}, include_role_info=True
        )
        roles = [role.name for result in reply.results for role in result.roles]
        self._own_roles = self._reader.names(roles)
        return self._own_roles

    async def _granted(self, role: str) -> list[Right]:
        reply = await self._call(
            wire.SelectGrant,
            self._params.db_name,
            entity={"role": {"name": role}, "db_name": self._params.db_name},
        )
        return [
            Right(
                role=role,
                privilege=reading.field_name(one.grantor.privilege.name),
                object=reading.field_name(one.object.name),
                name=reading.field_name(one.object_name),
                database=reading.field_name(one.db_name),
            )
            for one in reply.entities
        ]

    # Refusals

    async def _call(self, method: Method, database: str, **fields: Any) -> Any:
        """Make a call; a server that refuses raises Refusal."""
        if database and "db_name" in method.request.DESCRIPTOR.fields_by_name:
            fields["db_name"] = database  # some calls do not look at the header, nor some servers
        answer = await self._server.call(method, self._params.timeout, database, **fields)
        if answer.refusal:
            raise refused.Refusal(method.name, answer.refusal, answer.said)
        status = answer.reply.status
        if status.code or status.error_code:
            said = self._reader.said(status.reason)
            raise refused.Refusal(method.name, status.code or status.error_code, said)
        return answer.reply

    async def _listed(self, database: str) -> Any:
        try:
            return await self._show(database)
        except refused.Refusal as error:
            failed = await self._not_listed(error, database)
        raise failed

    async def _show(self, database: str) -> Any:
        await self._check(database)
        return await self._call(wire.ShowCollections, database)

    async def _check(self, database: str) -> None:
        """Refuse a database that Lite does not have: it would log a traceback into the cell."""
        is_doubtful = bool(database) and self._params.endpoint.kind == "lite"
        if is_doubtful and database not in await self._names_of_databases():
            raise refused.Refusal("ListDatabases", "NOT_FOUND", "database not found")

    async def _not_listed(self, error: refused.Refusal, database: str) -> ExploreError:
        shown = database or _DEFAULT
        if error.is_denied:
            what = f"You may not list the collections of {shown}."
            return await self._denied(what, error, shown, "")
        if error.is_no_database:
            return refused.no_database(self._alias, shown, await self._names_of_databases())
        return self._plain(f"The collections of {shown} could not be listed.", error)

    async def _not_described(
        self, error: refused.Refusal, name: str, database: str, *, was_there: bool
    ) -> ExploreError:
        shown = database or _DEFAULT
        if error.is_denied:
            return await self._denied(f"You may not describe {name}.", error, shown, name)
        if not (error.is_no_collection or error.is_no_database):
            return self._plain(f"Collection {name} could not be described.", error)
        # A database that is not there is told as a collection that is not, by some versions.
        try:
            listed = await self._show(database)
        except refused.Refusal as other:
            if other.is_no_database:
                return await self._not_listed(other, database)
            known: list[str] = []
        else:
            known = self._reader.names(listed.collection_names)
        return refused.no_collection(self._alias, shown, name, known, was_there=was_there)

    async def _names_of_databases(self) -> Iterable[str]:
        try:
            reply = await self._call(wire.ListDatabases, self._params.db_name)
        except refused.Refusal:
            return ()
        return self._reader.names(reply.db_names)

    async def _denied(
        self, what: str, error: refused.Refusal, database: str, collection: str
    ) -> ExploreError:
        name = refused.privilege(error)
        line = await self._grant(name, database, collection) if name else ""
        return refused.denied(what, self._params.endpoint.user, name, line, error.said)

    async def _grant(self, name: str, database: str, collection: str, role: str = "") -> str:
        if not role:
            try:
                role = next(iter(await self._roles(self._params.endpoint.user)), "")
            except refused.Refusal:
                role = ""
        return refused.grant(name, role or "ROLE", database, collection, self._version)

    async def _untold(
        self, what: str, error: refused.Refusal, database: str, collection: str, role: str = ""
    ) -> Untold | None:
        """Say why something is not told; None where the server does not know the question."""
        if error.is_unknown:
            return None
        subject = _SUBJECTS[what]
        if not error.is_denied:
            return Untold(what, f"The server does not tell {subject}: {error.said or error.code}")
        name = refused.privilege(error)
        if not name:
            return Untold(what, f"You may not see {subject}: {error.said}")
        line = await self._grant(name, database, collection, role)
        return Untold(what, f"{subject[0].upper()}{subject[1:]}: needs {name}.", name, line)

    def _plain(self, what: str, error: refused.Refusal) -> ExploreError:
        said = error.said or "nothing more"
        if error.code == "RESOURCE_EXHAUSTED":
            return ExploreError(what, f"The answer is too large: {said}", "Ask for fewer rows.")
        if error.is_unknown:
            return ExploreError(what, f"This server does not know {error.call}.", "")
        return ExploreError(what, f"The server says: {said} (code {error.code})", "")

    def _named(self, database: str | None) -> str:
        """Give the database to ask in: the connection's own where none is named."""
        return self._params.db_name if database is None else database


async def _all(work: Sequence[Coroutine[Any, Any, T]]) -> list[T]:
    """Do several things at once; where one fails, none of the others goes on."""
    tasks = [asyncio.ensure_future(one) for one in work]
    try:
        return list(await asyncio.gather(*tasks))
    finally:
        await end(*(task for task in tasks if not task.done()))
