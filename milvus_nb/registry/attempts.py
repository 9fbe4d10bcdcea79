"""The attempts to connect that are under way: several of one alias may be, beside each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .validation import being_connected, differences_between

if TYPE_CHECKING:
    from ..params.endpoint import ConnectionParams
    from ..watching.job import Job
    from .connection import Connection

__all__ = ["Attempt", "Attempts"]


@dataclass
class Attempt:
    """A connect that is under way."""

    connection: Connection
    job: Job[Connection]


class Attempts:
    """Those of each alias, the oldest first. Not thread-safe: the table has a lock."""

    def __init__(self) -> None:
        self._by_alias: dict[str, list[Attempt]] = {}

    def __contains__(self, alias: object) -> bool:
        return alias in self._by_alias

    def __len__(self) -> int:
        """How many aliases are on the way to become connections."""
        return len(self._by_alias)

    def of(self, alias: str) -> list[Attempt]:
        """List those of an alias."""
        return list(self._by_alias.get(alias, ()))

    def oldest(self) -> list[Connection]:
        """List what is to become the connection of each alias, one an alias."""
        return [attempts[0].connection for attempts in self._by_alias.values()]

    def connection(self, alias: str) -> Connection | None:
        """Give what is to become the alias's connection; None where nothing is."""
        attempts = self._by_alias.get(alias)
        return attempts[0].connection if attempts else None

    def add(self, attempt: Attempt) -> None:
        """Note that it has begun."""
        self._by_alias.setdefault(attempt.connection.alias, []).append(attempt)

    def end(self, connection: Connection) -> bool:
        """Note that the attempt has ended; False where `take_all` was there first."""
        alias = connection.alias
        attempts = self._by_alias.get(alias, [])
        kept = [attempt for attempt in attempts if attempt.connection is not connection]
        if kept:
            self._by_alias[alias] = kept
        else:
            self._by_alias.pop(alias, None)
        return len(kept) < len(attempts)

    def take_all(self) -> list[Attempt]:
        """List all, and know of none any more."""
        taken = [attempt for attempts in self._by_alias.values() for attempt in attempts]
        self._by_alias.clear()
        return taken

    def require_same(self, alias: str, params: ConnectionParams) -> None:
        """Refuse parameters that differ from those of an attempt that goes on.

        Raises
        ------
        AliasError
            They do.
        """
        for attempt in self._by_alias.get(alias, ()):
            if attempt.job.is_cancelled:
                continue
            own = attempt.connection.params
            if differences := differences_between(own, params):
                raise being_connected(alias, own, differences)
