"""The connections that others opened in this kernel, as connections of the registry.

They have a name instead of an alias, ``orm:default`` or ``client:store``, and are watched like
ours. Everything here runs on the monitor's thread, but for the lists that are handed out.
"""

from __future__ import annotations

import asyncio
import functools
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .. import sdk
from ..probing.blocking import run_closing
from ..probing.forks import forkable
from ..probing.waiting import to_the_end
from ..sdk import lite
from .connection import Connection
from .variables import holders, user_namespace

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..sdk import ForeignConnection
    from ..watching.job import Job
    from ..watching.monitor import Monitor

__all__ = ["ForeignConnections"]


@dataclass
class _Known:
    foreign: ForeignConnection
    connection: Connection
    is_adopted: bool = False


class ForeignConnections:
    """What is known of the connections of others.

    Parameters
    ----------
    monitor
        Watches their servers.
    emit
        Told ``"added"``, ``"changed"`` or ``"removed"``, and the name of the connection.
    disconnect
        Disconnects a connection of that name.
    """

    def __init__(
        self, monitor: Monitor, emit: Callable[[Any, str], None], disconnect: Callable[[str], None]
    ) -> None:
        self._monitor = monitor
        self._emit = emit
        self._disconnect = disconnect
        self._lock = forkable(threading.Lock())
        self._known: dict[int, _Known] = {}
        #: What looks for them just now, or did so last.
        self.looking: Job[None] | None = None

    # From any thread

    def connections(self) -> list[Connection]:
        """List those that have no alias of ours, as last seen."""
        with self._lock:
            return [other.connection for other in self._known.values() if not other.is_adopted]

    def get(self, name: str) -> Connection | None:
        """Give the one of that name; of several variables that hold one each makes a name."""
        known = self.connections()
        kind, _, word = name.partition(":")
        for connection in known:
            if connection.alias == name:
                return connection
        for connection in known:
            if connection.alias.startswith(f"{kind}:") and word in connection.users:
                return connection
        return None

    def adopt(self, connection: Connection, alias: str) -> None:
        """Give one an alias; from now on it is the registry's."""
        with self._lock:
            for other in self._known.values():
                if other.connection is connection:
                    other.is_adopted = True
        connection.rename(alias)

    # On the monitor's thread

    async def look(self) -> list[Connection]:
        """Look again; give the adopted ones that are gone, which the registry has to let go."""
        there = {foreign.key: foreign for foreign in sdk.find_foreign()}
        users = self._users(list(there.values()))
        gone = []
        for key, other in list(self._known.items()):
            if key in there and other.foreign.is_open():
                self._follow(other.connection, there[key], users[key])
                continue
            with self._lock:
                self._known.pop(key, None)
            if other.is_adopted:
                gone.append(other.connection)
            else:
                await to_the_end(other.connection.close(theirs=False))
                self._emit("removed", other.connection.alias)
        fresh = [foreign for key, foreign in there.items() if key not in self._known]
        await asyncio.gather(*(self._add(foreign, users[foreign.key]) for foreign in fresh))
        return gone

    async def disconnect(self, connection: Connection) -> None:
        """Close one for real, with the Milvus Lite file that nobody else uses any more."""
        await to_the_end(connection.close())
        with self._lock:
            for key, other in list(self._known.items()):
                if other.connection is connection:
                    del self._known[key]
        endpoint = connection.params.endpoint
        if endpoint.kind == "lite":
            stop = functools.partial(lite.inherit, endpoint.path)
            await run_closing(stop, endpoint.address, lite.STOP_S)

    async def forget(self) -> list[Connection]:
        """Stop watching them, adopted or not, and list them; they stay open."""
        with self._lock:
            known = [other.connection for other in self._known.values()]
            self._known.clear()
        for connection in known:
            await connection.close(theirs=False)
        return known

    async def _add(self, foreign: ForeignConnection, users: list[str]) -> None:
        name = self._name(foreign, users)
        connection = Connection(name, foreign.params, self._monitor, self._disconnect, foreign)
        with self._lock:
            self._known[foreign.key] = _Known(foreign, connection)
        self._emit("added", name)
        await connection.attach(users)
        if connection.state == "disconnected":  # meanwhile
            return
        connection.observe(
            lambda _: self._emit("changed", connection.alias), ["state", "reason", "note"]
        )
        self._emit("changed", connection.alias)

    def _follow(self, connection: Connection, foreign: ForeignConnection, users: list[str]) -> None:
        if connection.follow(foreign.params.db_name, users):
            self._emit("changed", connection.alias)

    def _users(self, all_foreign: list[ForeignConnection]) -> dict[int, list[str]]:
        """Say which variables hold each of them, by its key."""
        if not all_foreign:
            return {}
        clients = [(client, foreign.key) for foreign in all_foreign for client in foreign.clients()]
        of_client = {id(client): key for client, key in clients}
        of_alias = {foreign.alias: foreign.key for foreign in all_foreign if foreign.kind == "orm"}

        def held(thing: Any) -> int | None:
            alias = sdk.alias_used_by(thing) if of_alias else None
            return of_client.get(id(thing)) if alias is None else of_alias.get(alias)

        places = holders(user_namespace(), held)
        return {
            foreign.key: places.get(foreign.key) or _without_name(foreign)
            for foreign in all_foreign
        }

    def _name(self, foreign: ForeignConnection, users: list[str]) -> str:
        word = foreign.alias or ("" if users == _without_name(foreign) else users[0])
        taken = {other.connection.alias for other in self._known.values()}
        name, number = f"{foreign.kind}:{word or 1}", 1
        while name in taken:
            number += 1
            name = f"{foreign.kind}:{word}-{number}" if word else f"{foreign.kind}:{number}"
        return name


def _without_name(foreign: ForeignConnection) -> list[str]:
    """Say who uses a connection that no variable holds."""
    clients = len(foreign.clients())
    if not clients:
        return []
    return [f"a {foreign.origin} in no variable" if clients == 1 else f"{clients} in no variable"]
