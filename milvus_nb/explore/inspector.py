"""Looks into the databases of one connection: asks only what is asked for.

Everything here runs on the monitor's event loop.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, TypeVar

from ..errors import ParamsError
from ..probing.waiting import end
from . import asked, reading, refused
from .calls import DEFAULT_DATABASE, Calls
from .explaining import Explainer
from .model import Collections, Databases, Description, Entry, Load, RowCount, Schema, Untold
from .refused import Refusal
from .rights import Right, Rights
from .rows import Peek

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

    from ..params.endpoint import ConnectionParams
    from .calls import Server

__all__ = ["MOST_COUNTED", "MOST_DETAILED", "Inspector"]

T = TypeVar("T")

#: Of so many collections at most rows and load state are asked for where they are listed.
MOST_DETAILED: Final = 50
#: Of so many their rows are counted; of more, the server's statistics are good enough.
MOST_COUNTED: Final = 16

_PAUSE_S: Final = 0.1  # between two looks whether a collection is loaded, in seconds


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
        self._alias = alias
        self._params = params
        self._reader = reading.Reader(params.endpoint)
        self._calls = Calls(server, params, self._reader)
        self._explainer = Explainer(self._calls, alias, params, version)

    async def databases(self) -> Databases:
        """List the names of the databases."""
        own = self._params.db_name or DEFAULT_DATABASE
        try:
            names = sorted(await self._calls.databases())
        except Refusal as error:  # nothing is untold by a server that knows no databases
            untold = await self._explainer.untold("databases", error, own)
            return Databases(self._alias, (own,), own, time.time(), untold)
        return Databases(self._alias, tuple(names), own, time.time())

    async def collections(self, database: str | None, *, details: bool = False) -> Collections:
        """List the collections of a database; one call, where no details are asked for.

        Raises
        ------
        ExploreError
            There is no such database, or the user may not list its collections.
        """
        database = self._named(database)
        try:
            reply = await self._calls.collections(database)
        except Refusal as error:
            failed = await self._explainer.not_listed(error, database)
        else:
            told = list(reply.collection_names)  # each look into the reply takes a while
            names = tuple(sorted(self._reader.names(told)))
            created = dict(zip(told, reply.created_utc_timestamps, strict=False))
            shown = database or DEFAULT_DATABASE
            listed = Collections(self._alias, shown, names, time.time(), created)
            if details and 0 < len(names) <= MOST_DETAILED:
                return await self._detailed(listed, database)
            return listed
        raise failed

    async def sizes(self, names: Sequence[str], database: str | None = None) -> Collections:
        """Tell rows and load state of some collections: a call each, and one for all of them.

        Parameters
        ----------
        names
            At most `MOST_DETAILED`. Those that are gone are left out of the answer.
        database
            Default: the connection's own.

        Raises
        ------
        ParamsError
            They are too many.
        ExploreError
            There is no such database.
        """
        if len(names) > MOST_DETAILED:
            raise ParamsError(
                f"The sizes of {len(names):,} collections cannot be asked for at once.",
                "",
                f"Ask for at most {MOST_DETAILED}.",
            )
        database = self._named(database)
        shown = database or DEFAULT_DATABASE
        try:
            await self._calls.require(database)
        except Refusal as error:
            failed = await self._explainer.not_listed(error, database)
        else:
            named = Collections(self._alias, shown, tuple(names), time.time())
            return await self._detailed(named, database)
        raise failed

    async def schema(self, name: str, database: str | None = None) -> Schema:
        """Describe the fields and indexes of a collection; two calls."""
        name, database = asked.collection(name), self._named(database)
        described = await self._described(name, database)
        answer = self._calls.indexes(described.name, database)
        indexes, untold = await self._told(answer, "indexes", described)
        return Schema(replace(described, indexes=indexes or (), untold=tuple(untold)))

    async def describe(self, name: str, database: str | None = None) -> Description:
        """Describe a collection.

        Raises
        ------
        ExploreError
            There is no such collection or database, or the user may not describe it.
        """
        name, database = asked.collection(name), self._named(database)
        described = await self._described(name, database)
        calls, name = self._calls, described.name
        parts: list[Coroutine[Any, Any, tuple[Any, list[Untold]]]] = [
            self._told(calls.indexes(name, database), "indexes", described),
            self._told(calls.partitions(name, database), "partitions", described),
            self._size(described, database),
        ]
        if described.aliases is None:
            parts.append(self._told(calls.aliases(name, database), "aliases", described))
        indexes, partitions, (size, no_size), *aliases = await _all(parts)
        untold = [*indexes[1], *no_size, *partitions[1], *(aliases[0][1] if aliases else [])]
        return replace(
            described,
            indexes=indexes[0] or (),
            partitions=partitions[0],
            load=size[0],
            rows=size[1],
            aliases=aliases[0][0] if aliases else described.aliases,
            untold=tuple(untold),
            asked_at=time.time(),
        )

    async def peek(
        self, name: str, n: int, where: str, database: str | None = None, *, typed: str = ""
    ) -> Peek:
        """Read some rows of a loaded collection.

        Parameters
        ----------
        name, n, where, database
            As in `Exploring.peek`.
        typed
            The filter as its user has typed it, without what variables have put in: that may be a
            secret, and is not shown.

        Raises
        ------
        ParamsError
            `n` is no number of rows from 1 to 1,000, or another one is no text.
        ExploreError
            There is no such collection, it is not loaded, the filter is not understood, or the
            user may not read it.
        """
        name, n, database = asked.collection(name), asked.rows(n), self._named(database)
        where = asked.filter_text(where)
        typed = typed or where
        described = await self._described(name, database)
        try:
            reply = await self._rows(described, database, n, where)
        except Refusal as error:
            failed = await self._explainer.not_read(error, described, database, where, typed)
        else:
            columns, rows = reading.rows(reply, described.fields, n)
            types = {field.name: field.type for field in described.fields}
            return Peek(
                alias=self._alias,
                database=described.database,
                collection=described.name,
                columns=tuple(columns),
                types=tuple(types.get(column, "") for column in columns),
                rows=rows,
                where=typed,
                asked_at=time.time(),
            )
        raise failed

    async def load(self, name: str, database: str | None = None) -> None:
        """Load a collection.

        Raises
        ------
        ExploreError
            There is no such collection, it cannot be loaded, or it takes longer than a call may.
        """
        load = await self._load(name, database, lambda load: load.state == "loaded", starts=True)
        if load.state != "loaded":
            raise refused.still_loading(self._named(database) or DEFAULT_DATABASE, name, str(load))

    async def load_on(self, name: str, database: str | None = None, *, seen: int = -1) -> Load:
        """Load a collection a step further, for who shows how far it is.

        Parameters
        ----------
        name, database
            As in `describe`.
        seen
            How far it was, 0 to 100; below that it is told to load first.

        Returns
        -------
        Load
            As soon as it is further than that, at the latest when a call must have ended.

        Raises
        ------
        ExploreError
            There is no such collection, it cannot be loaded, or has been released meanwhile.
        """
        return await self._load(
            name,
            database,
            lambda load: (
                load.state == "loaded" or (load.state == "loading" and (load.percent or 0) != seen)
            ),
            starts=seen < 0,
        )

    async def _load(
        self, name: str, database: str | None, is_enough: Callable[[Load], bool], *, starts: bool
    ) -> Load:
        name, database = asked.collection(name), self._named(database)
        described = await self._described(name, database)
        ends = time.monotonic() + self._params.timeout
        try:
            if starts:
                await self._calls.start_loading(described.name, database)
            while not is_enough(load := await self._calls.load(described.name, database)):
                if load.state == "released" and not starts:
                    raise Refusal("GetLoadState", load.state, "not loaded")
                if time.monotonic() > ends:
                    break
                await asyncio.sleep(_PAUSE_S)
        except Refusal as error:
            failed = await self._explainer.not_loaded(error, described.name, database)
        else:
            return load
        raise failed

    async def release(self, name: str, database: str | None = None) -> None:
        """Take a collection out of the server's memory.

        Raises
        ------
        ExploreError
            There is no such collection, or the user may not release it.
        """
        name, database = asked.collection(name), self._named(database)
        described = await self._described(name, database)
        try:
            await self._calls.release(described.name, database)
        except Refusal as error:
            failed = await self._explainer.not_released(error, described.name, database)
        else:
            return
        raise failed

    async def rights(self) -> Rights:
        """Tell the roles and privileges of the connection's own user."""
        user, database = self._params.endpoint.user, self._params.db_name
        if not user:
            return Rights("")
        explainer = self._explainer
        lacks: list[Untold] = []
        try:
            roles = await self._calls.own_roles()
        except Refusal as error:
            untold = await explainer.untold("roles", error, database, role="ROLE")
            is_missing = untold is not None and bool(untold.privilege)
            return Rights(user, lacks=(untold,) if untold is not None and is_missing else ())
        granted: list[Right] | None = None
        for role in dict.fromkeys([*roles, "public"]):  # which everybody has
            try:
                rights = await self._calls.granted(role)
            except Refusal as error:
                untold = await explainer.untold("rights", error, database, role=role)
                lacks += [untold] if untold is not None and role in roles else []
            else:
                granted = [*(granted or []), *rights]
        return Rights(
            user, tuple(roles), tuple(granted) if granted is not None else None, tuple(lacks)
        )

    # The parts of an answer

    async def _described(self, name: str, database: str) -> Description:
        try:
            reply = await self._calls.describe(name, database)
        except Refusal as error:
            failed = await self._explainer.not_described(error, name, database)
        else:
            shown = database or DEFAULT_DATABASE
            return self._reader.description(reply, self._alias, shown, name)
        raise failed

    async def _told(
        self, answer: Coroutine[Any, Any, T], what: str, of: Description
    ) -> tuple[T | None, list[Untold]]:
        """Await one part; None, and why, where the server does not tell it."""
        try:
            return await answer, []
        except Refusal as error:
            untold = await self._explainer.untold(what, error, of.database, of.name)
            return None, [untold] if untold is not None else []

    async def _size(
        self, of: Description, database: str
    ) -> tuple[tuple[Load | None, RowCount | None], list[Untold]]:
        load, no_load = await self._told(self._calls.load(of.name, database), "load", of)
        rows, no_rows = await self._told(self._calls.count(of.name, database, load), "rows", of)
        return (load, rows), [*no_load, *no_rows]

    async def _rows(self, of: Description, database: str, n: int, where: str) -> Any:
        query = self._calls.query
        try:
            return await query(of.name, database, where, ["*"], n)
        except Refusal as error:
            key = of.primary
            if where or key is None or not error.is_about_expression or error.is_not_loaded:
                raise
            # Milvus before 2.3 wants a filter: one that is true of every row.
            always = f"{key.name} >= {-(2**63)}" if key.type == "INT64" else f'{key.name} >= ""'
            return await query(of.name, database, always, ["*"], n)

    async def _detailed(self, listed: Collections, database: str) -> Collections:
        """Add rows and load state, without the collections that were dropped meanwhile."""
        untold: list[Untold | None] = []
        loads: dict[str, Load] | None = None
        try:
            loads = await self._calls.loads(database)
        except Refusal as error:
            untold.append(await self._explainer.untold("load", error, database))

        async def detailed(entry: Entry) -> Entry | Refusal:
            load = None if loads is None else loads.get(entry.name, Load("released", 0))
            entry = replace(entry, load=load)
            try:
                rows = await self._calls.count(entry.name, database, load, exactly=exactly)
                return replace(entry, rows=rows)
            except Refusal as error:
                if error.is_no_collection:  # dropped meanwhile
                    return error
                refusals.append((entry.name, error))
                return entry

        exactly = len(listed.entries) <= MOST_COUNTED
        refusals: list[tuple[str, Refusal]] = []
        entries = await _all([detailed(entry) for entry in listed.entries])
        if refusals:
            name, refusal = refusals[0]
            on = name if len(refusals) == 1 else "*"
            untold.append(await self._explainer.untold("rows", refusal, database, on))
        kept = tuple(entry for entry in entries if isinstance(entry, Entry))
        names = tuple(entry.name for entry in kept)
        missing = tuple(part for part in untold if part is not None)
        return replace(listed, names=names, details=kept, untold=missing)

    def _named(self, database: str | None) -> str:
        """Give the database to ask in: the connection's own where none is named."""
        return asked.database(database, self._params.db_name)


async def _all(work: Sequence[Coroutine[Any, Any, T]]) -> list[T]:
    """Do several things at once; where one fails, none of the others goes on."""
    tasks = [asyncio.ensure_future(coroutine) for coroutine in work]
    try:
        return list(await asyncio.gather(*tasks))
    finally:
        await end(*(task for task in tasks if not task.done()))
