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
from ..base.blocking import run_closing
from ..base.forks import forkable
from ..base.waiting import to_the_end
from ..sdk import lite
from .connection import Connection
from .variables import holders, user_namespace

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..sdk import Found
    from ..watching.monitor import Monitor

__all__ = ["Others"]


@dataclass
class _Other:
    found: Found
    connection: Connection
    is_adopted: bool = False


class Others:
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
        self,
        monitor: Monitor,
        emit: Callable[[Any, str], None],
        disconnect: Callable[[str], None],
    ) -> None:
        self._monitor = monitor
        self._emit = emit
        self._disconnect = disconnect
        self._lock = forkable(threading.Lock())
        self._known: dict[int, _Other] = {}

    # From any thread

    def connections(self) -> list[Connection]:
        """List those that have no alias of ours, as last seen."""
        with self._lock:
            return [other.connection for other in self._known.values() if not other.is_adopted]

    @property
    def are_known(self) -> bool:
        """Whether there are any, adopted or not."""
        return bool(self._known)

    def get(self, name: str) -> Connection | None:
        """Give the one of that name; of several variables that hold one each makes a name."""
        known = self.connections()
        kind, _, word = name.partition(":")
        for found in known:
            if found.alias == name:
                return found
        for found in known:
            if found.alias.startswith(f"{kind}:") and word in found.users:
                return found
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
        found = {one.key: one for one in sdk.find()}
        users = self._users(list(found.values()))
        gone = []
        for key, other in list(self._known.items()):
            if key in found and other.found.is_open():
                self._follow(other, found[key], users[key])
                continue
            with self._lock:
                self._known.pop(key, None)
            if other.is_adopted:
                gone.append(other.connection)
            else:
                await to_the_end(other.connection.close(theirs=False))
                self._emit("removed", other.connection.alias)
        fresh = [one for key, one in found.items() if key not in self._known]
        await asyncio.gather(*(self._add(one, users[one.key]) for one in fresh))
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

    async def _add(self, found: Found, users: list[str]) -> None:
        name = self._name(found, users)
        connection = Connection(name, found.params, self._monitor, self._disconnect, found)
        with self._lock:
            self._known[found.key] = _Other(found, connection)
        self._emit("added", name)
        await connection.attach(users)
        if connection.state == "disconnected":  # meanwhile
            return
        connection.observe(
            lambda _: self._emit("changed", connection.alias), ["state", "reason", "note"]
        )
        self._emit("changed", connection.alias)

    def _follow(self, other: _Other, found: Found, users: list[str]) -> None:
        if other.connection.follow(found.params.db_name, users):
            self._emit("changed", other.connection.alias)

    def _users(self, found: list[Found]) -> dict[int, list[str]]:
        """Say which variables hold each of them, by its key."""
        if not found:
            return {}
        clients = [(client, one.key) for one in found for client in one.clients()]
        of_client = {id(client): key for client, key in clients}
        of_alias = {one.alias: one.key for one in found if one.kind == "orm"}

        def held(thing: Any) -> int | None:
            alias = sdk.alias_used_by(thing) if of_alias else None
            return of_client.get(id(thing)) if alias is None else of_alias.get(alias)

        places = holders(user_namespace(), held)
        return {one.key: places.get(one.key) or _without_name(one) for one in found}

    def _name(self, found: Found, users: list[str]) -> str:
        word = found.alias or ("" if users == _without_name(found) else users[0])
        taken = {other.connection.alias for other in self._known.values()}
        name, number = f"{found.kind}:{word or 1}", 1
        while name in taken:
            number += 1
            name = f"{found.kind}:{word}-{number}" if word else f"{found.kind}:{number}"
        return name


def _without_name(found: Found) -> list[str]:
    """Say who uses a connection that no variable holds."""
    clients = len(found.clients())
    if not clients:
        return []
    return [f"a {found.origin} in no variable" if clients == 1 else f"{clients} in no variable"]
