"""Our aliases in pymilvus's ORM, while it has one: ``Collection("c", using="prod")``.

The ORM keeps a handler and a dict for each alias. Ours are put there, as one more view of the
registry: they come and go with its connections. The handler is that of the connection's own
client, made when the ORM first asks for it.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

from ..errors import ClosedError
from ..probing.forks import forkable
from . import private_names as theirs
from .imports import when_imported

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

__all__ = ["Handler", "Mirror", "aliases_of"]

MODULE: Final = "pymilvus.orm.connections"


class Connected(Protocol):
    """What of a connection is shown there."""

    alias: str
    db_name: str

    @property
    def client(self) -> Any:
        """Its own ``MilvusClient``."""


class Change(Protocol):
    """What a registry tells of: `kind` of change, and whose."""

    @property
    def kind(self) -> str: ...

    @property
    def alias(self) -> str: ...


class Aliases(Protocol):
    """The registry whose aliases are shown."""

    def subscribe(self, listener: Callable[[Change], None]) -> Callable[[], None]: ...

    def aliases(self) -> list[str]: ...

    def get(self, alias: str) -> Connected | None: ...

    def disconnect(self, alias: str) -> None: ...

    def get_connection_addr(self, alias: str) -> dict[str, Any]: ...

    def use_database(self, alias: str, db_name: str) -> None: ...


class Handler:
    """Stands where pymilvus has a GrpcHandler, and is that of the connection's client."""

    def __init__(self, connection: Connected, disconnect: Callable[[], None]) -> None:
        self._connection = connection
        self._disconnect = disconnect

    def __getattr__(self, name: str) -> Any:
        handler = theirs.HANDLER.get(self._connection.client)
        if handler is None:  # in this moment
            raise ClosedError(f"The connection {self._connection.alias} was just closed.")
        return getattr(handler, name)

    def close(self) -> None:
        """Disconnect the alias: who closes it there means it."""
        self._disconnect()

    def __repr__(self) -> str:
        return repr(self._connection)


class _Config(dict[str, Any]):
    """What the ORM knows of an alias; ``db.using_database`` writes into it."""

    def __init__(self, config: dict[str, Any], use_database: Callable[[str], None]) -> None:
        super().__init__(config)
        self._use_database = use_database

    def __setitem__(self, key: str, value: Any) -> None:
        if key == "db_name" and value != self.get(key):
            self._use_database(value)
        super().__setitem__(key, value)

    def __reduce__(self) -> tuple[Any, ...]:
        return dict, (dict(self),)


@dataclass
class _Shown:
    connection: Connected
    handler: Handler
    config: _Config
    before: dict[str, Any] | None


class Mirror:
    """Shows a registry's aliases to pymilvus's ORM. Thread-safe.

    An alias that somebody else has connected there is left alone.

    Parameters
    ----------
    registry
        Whose aliases.
    """

    def __init__(self, registry: Aliases) -> None:
        self._registry = registry
        self._lock = forkable(threading.RLock())
        self._theirs: Any = None
        self._shown: dict[str, _Shown] = {}
        self._unsubscribe = registry.subscribe(self._on_event)
        self._forget_import = when_imported(MODULE, self._attach)

    def close(self) -> None:
        """Take everything back."""
        self._forget_import()
        self._unsubscribe()
        with self._lock:
            for alias in list(self._shown):
                self._hide(alias)
            self._theirs = None

    def _attach(self, module: ModuleType) -> None:
        with self._lock:
            self._theirs = aliases_of(module)
        for alias in self._registry.aliases():
            self._sync(alias)

    def _on_event(self, event: Change) -> None:
        if event.kind != "current":
            self._sync(event.alias)

    def _sync(self, alias: str) -> None:
        with self._lock:
            if self._theirs is None:
                return
            connection = self._registry.get(alias)
            shown = self._shown.get(alias)
            if shown is not None and shown.connection is not connection:
                self._hide(alias)
                shown = None
            if connection is None:
                return
            if shown is not None:
                dict.__setitem__(shown.config, "db_name", connection.db_name)
            elif alias not in theirs.ALIAS_HANDLERS.get(self._theirs):
                self._show(alias, connection)

    def _show(self, alias: str, connection: Connected) -> None:
        registry, handlers, configs = self._registry, *_dicts(self._theirs)
        shown = self._shown[alias] = _Shown(
            connection,
            Handler(connection, lambda: registry.disconnect(alias)),
            _Config(
                registry.get_connection_addr(alias) | {"db_name": connection.db_name},
                lambda db_name: registry.use_database(alias, db_name),
            ),
            configs.get(alias),
        )
        configs[alias] = shown.config
        handlers[alias] = shown.handler

    def _hide(self, alias: str) -> None:
        shown, (handlers, configs) = self._shown.pop(alias), _dicts(self._theirs)
        if handlers.get(alias) is shown.handler:
            del handlers[alias]
        if configs.get(alias) is shown.config:
            if shown.before is None:
                del configs[alias]
            else:
                configs[alias] = shown.before


def aliases_of(module: ModuleType | None) -> Any:
    """Give pymilvus's ``connections``, or None where it has none as we know it."""
    connections = getattr(module, "connections", None)
    dicts = [name.find(connections) for name in (theirs.ALIAS_HANDLERS, theirs.ALIAS_CONFIG)]
    return connections if all(isinstance(found, dict) for found in dicts) else None


def _dicts(connections: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    return theirs.ALIAS_HANDLERS.get(connections), theirs.ALIAS_CONFIG.get(connections)
