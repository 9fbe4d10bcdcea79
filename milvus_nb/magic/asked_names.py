"""Names that Tab asks a server for, of databases, collections, fields: when they are wanted."""

from __future__ import annotations

import contextlib
import math
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from ..explore import Inspector
    from ..registry.connection import Connection
    from ..registry.registry import ConnectionRegistry
    from ..watching.job import Job
    from ..watching.outcome import Outcome

    Key: TypeAlias = tuple[str, ...]

__all__ = ["Names", "wait_a_moment"]

_WAIT_S: Final = 0.3
_FRESH_S: Final = 5.0


def wait_a_moment(job: Job[Any]) -> None:
    """Wait a moment for a job; it goes on by itself."""
    job.settle(_WAIT_S)


@dataclass
class Names:
    """The names that were asked for last, and those that are being asked for."""

    _known: dict[Key, tuple[float, list[str]]] = field(default_factory=dict)
    _asking: dict[Key, Job[list[str]]] = field(default_factory=dict)

    def databases(self, registry: ConnectionRegistry, alias: str | None) -> list[str]:
        """List a connection's databases; none where it does not say soon enough."""
        connection = registry.resolve(alias)
        return self._of(connection, (), lambda: registry.databases(connection.alias))

    def collections(
        self, registry: ConnectionRegistry, alias: str | None, database: str | None
    ) -> list[str]:
        """List the collections of a database, in the same way."""

        async def ask(of: Inspector) -> list[str]:
            return list(await of.collections(database))

        return self._explored(registry, alias, ("in", database or ""), ask)

    def fields(
        self, registry: ConnectionRegistry, alias: str | None, database: str | None, name: str
    ) -> list[str]:
        """List the fields of a collection, in the same way."""

        async def ask(of: Inspector) -> list[str]:
            return [one.name for one in (await of.schema(name, database)).fields]

        return self._explored(registry, alias, ("of", database or "", name), ask)

    def _explored(
        self,
        registry: ConnectionRegistry,
        alias: str | None,
        what: Key,
        ask: Callable[[Inspector], Coroutine[Any, Any, list[str]]],
    ) -> list[str]:
        connection = registry.resolve(alias)
        key = (connection.db_name, *what)
        return self._of(connection, key, lambda: connection.start_exploring(ask))

    def _of(
        self, connection: Connection, what: Key, start: Callable[[], Job[list[str]]]
    ) -> list[str]:
        key = (connection.alias, connection.address, connection.user, *what)
        when, names = self._known.get(key, (-math.inf, []))
        if time.monotonic() - when < _FRESH_S:
            return names
        job = self._asking.get(key)
        if job is None or job.done():
            job = self._asking[key] = start()
            job.add_done_callback(lambda outcome: self._keep(key, outcome))
        wait_a_moment(job)
        return self._known.get(key, (0.0, []))[1]

    def _keep(self, key: Key, outcome: Outcome[list[str]]) -> None:
        with contextlib.suppress(Exception):  # as good as no answer
            self._known[key] = time.monotonic(), outcome.result()
