"""Connections that somebody else opened with pymilvus in this process.

pymilvus knows them all: its ORM by alias, MilvusClient's manager by address and token, whether or
not a client still uses them, and a manager of AsyncMilvusClient for each event loop. All of its
private names that are read for that are read here.
"""

from __future__ import annotations

import base64
import sys
import weakref
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

import grpc

from ..errors import ParamsError
from ..params.address import parse_address
from ..params.endpoint import DEFAULT_TIMEOUT, ConnectionParams, Endpoint
from ..params.secret import Secret
from ..params.tls import Tls, name_in
from ..params.values import grpc_options, in_clear
from .channels import close_async_handler, has_socket, refuse_calls
from .loading import is_supported
from .orm import MODULE, Handler, aliases_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["ForeignConnection", "alias_used_by", "find_foreign"]

_MANAGERS: Final = "pymilvus.client.connection_manager"


@dataclass(frozen=True)
class ForeignConnection:
    """One connection of somebody else.

    Attributes
    ----------
    kind
        ``"orm"``: under an alias of pymilvus's ``connections``; ``"client"`` or ``"async"``: of
        one or several clients.
    key
        Tells it from all others that live.
    alias
        The ORM's alias; else empty.
    params
        Where it goes, as whom, and to which database.
    clients
        Gives the clients that use it; none where it was left open by those that were closed.
    is_open
        Tells whether it is still there.
    is_connected
        Tells whether it has a socket at this moment.
    use_database
        Lets its calls go to another database.
    close
        Closes it for real; blocks.
    """

    kind: Literal["orm", "client", "async"]
    key: int
    alias: str
    params: ConnectionParams
    clients: Callable[[], list[Any]]
    is_open: Callable[[], bool]
    is_connected: Callable[[], bool]
    use_database: Callable[[str], None]
    close: Callable[[], None]

    def has_own_socket(self) -> bool:
        """Tell whether closing it closes a socket: stock clients of one server share theirs."""
        address = self.params.endpoint.address
        return self.is_connected() and not any(
            other.key != self.key
            and other.params.endpoint.address == address
            and other.is_connected()
            for other in find_foreign()
        )

    @property
    def origin(self) -> str:
        """Who opened it, in pymilvus's words."""
        names = {"orm": "pymilvus connections", "client": "MilvusClient"}
        return names.get(self.kind, "AsyncMilvusClient")


def alias_used_by(thing: Any) -> str | None:
    """Give the alias that an object of the ORM, such as a Collection, goes by; else None."""
    if not str(type(thing).__module__).startswith("pymilvus.orm."):
        return None
    using = getattr(thing, "__dict__", {}).get("_using")
    return using if isinstance(using, str) else None


def find_foreign() -> list[ForeignConnection]:
    """List the connections of others. pymilvus is not imported for that."""
    try:
        return [*_of_orm(), *_of_clients(), *_of_async_clients()]
    except AttributeError:  # a private name
        if is_supported(str(getattr(sys.modules.get("pymilvus"), "__version__", ""))):
            raise
        return []


def _of_orm() -> Iterator[ForeignConnection]:
    theirs = aliases_of(sys.modules.get(MODULE))
    if theirs is None:
        return
    for alias, handler in list(theirs._alias_handlers.items()):
        # Of an AsyncGrpcHandler, which no public name of pymilvus puts there, there is no _channel.
        if isinstance(handler, Handler) or getattr(handler, "_channel", None) is None:
            continue
        db_name = str(theirs._alias_config.get(alias, {}).get("db_name", ""))
        params = _params(handler, _token_of(handler), db_name)
        if params is not None:
            yield _orm_alias(theirs, alias, handler, params)


def _orm_alias(
    theirs: Any, alias: str, handler: Any, params: ConnectionParams
) -> ForeignConnection:
    handlers, held = theirs._alias_handlers, weakref.ref(handler)

    def use_database(db_name: str) -> None:
        if is_open():
            theirs._alias_config[alias]["db_name"] = db_name

    def is_open() -> bool:
        return (there := held()) is not None and handlers.get(alias) is there

    def is_connected() -> bool:
        return has_socket(held())

    def close() -> None:
        if is_open():
            handler = handlers.pop(alias)
            refuse_calls(handler)
            handler.close()

    return ForeignConnection(
        "orm", id(handler), alias, params, list, is_open, is_connected, use_database, close
    )


def _of_clients() -> Iterator[ForeignConnection]:
    module = sys.modules.get(_MANAGERS)
    manager = getattr(getattr(module, "ConnectionManager", None), "_instance", None)
    if manager is None:
        return
    for managed in _managed_by(manager):
        params = _params(managed.handler, managed.config.token, _database_of(managed))
        if params is not None:
            yield _client("client", manager, managed, params)


def _of_async_clients() -> Iterator[ForeignConnection]:
    module = sys.modules.get(_MANAGERS)
    managers = getattr(getattr(module, "AsyncConnectionManager", None), "_instances", {})
    for manager in list(managers.values()):
        for managed in _managed_by(manager):
            params = _params(managed.handler, managed.config.token, _database_of(managed))
            if params is not None:
                yield _client("async", manager, managed, params)


def _managed_by(manager: Any) -> list[Any]:
    both = [*manager._registry.values(), *manager._dedicated.values()]
    return [
        managed
        for managed in both
        # Ours is there for a moment, too, while it is being made.
        if getattr(managed.handler, "_connect_reserved", {}).get("app") != "milvus_nb"
        and _channel(managed.handler) is not None
    ]


def _client(
    kind: Literal["client", "async"], manager: Any, managed: Any, params: Any
) -> ForeignConnection:
    held, users = weakref.ref(managed), managed.clients

    def is_open() -> bool:
        there = held()
        return there is not None and any(there is other for other in _managed_by(manager))

    def use_database(db_name: str) -> None:
        for client in list(users):
            client._config.db_name = db_name

    def is_connected() -> bool:
        return has_socket(getattr(held(), "handler", None))

    def close() -> None:
        there = held()
        if there is None:
            return
        # Without the manager's lock, which it holds while any client of a silent server connects.
        _take_out(manager, there)
        for client in list(users):
            client._closed = True  # of an async one
            client._handler = None  # as its own `close` leaves it
        _close(there)

    key, clients = id(managed.handler), lambda: list(users)
    return ForeignConnection(
        kind, key, "", params, clients, is_open, is_connected, use_database, close
    )


def _take_out(manager: Any, managed: Any) -> None:
    for home in (manager._registry, manager._dedicated):
        for key, other in list(home.items()):
            if other is managed:
                home.pop(key, None)


def _close(managed: Any) -> None:
    if hasattr(managed.handler, "_async_channel"):
        if hasattr(managed.strategy, "_stop_refresher"):
            managed.strategy._stop_refresher()
        close_async_handler(managed.handler)
    else:
        refuse_calls(managed.handler)
        managed.strategy.close(managed)


def _channel(handler: Any) -> Any:
    return getattr(handler, "_channel", None) or getattr(handler, "_async_channel", None)


def _database_of(managed: Any) -> str:
    for client in list(managed.clients):
        return str(client._config.db_name)  # where `use_database` keeps it
    return str(managed.config.db_name)


def _params(handler: Any, token: str, db_name: str) -> ConnectionParams | None:
    """Say what a handler is connected to; None where its address is none that we know."""
    try:
        place = parse_address(handler._address, "address")
        options = grpc_options(handler._grpc_options)
    except ParamsError:
        return None
    user, colon, _ = token.partition(":")
    endpoint = Endpoint(
        place.kind,
        host=place.host,
        port=place.port or 0,
        path=place.path,
        secure=handler._secure,
        tls=_tls(handler, name_in(in_clear(options)) if handler._secure else ""),
        user=user if colon else "",
        credentials=Secret(token),
        grpc_options=options,
    )
    if (path := _lite_path(endpoint)) is not None:
        endpoint = Endpoint("lite", path=path)
    return ConnectionParams(endpoint, "" if db_name == "default" else db_name, DEFAULT_TIMEOUT)


def _tls(handler: Any, name: str) -> Tls:
    """Give the TLS files as pymilvus uses them: an authority's only beside a client's own."""
    client, key = handler._client_pem_path, handler._client_key_path
    server, name = handler._server_pem_path, handler._server_name or name
    authority = handler._ca_pem_path
    if server or not (client and key and authority):
        return Tls(server_pem_path=server, server_name=name)
    return Tls(authority, "", client, key, name)


def _lite_path(endpoint: Endpoint) -> str | None:
    """Give the Milvus Lite file that is served there; None where none is."""
    module = sys.modules.get("milvus_lite.server_manager")
    manager = getattr(module, "server_manager_instance", None)  # it may just be being imported
    if manager is None or endpoint.host != "127.0.0.1":
        return None
    for path, served in list(manager._servers.items()):
        # Milvus Lite 2, which its user may have, serves over no port.
        if isinstance(served, tuple) and served[2] == endpoint.port:
            return str(path)
    return None


@dataclass(frozen=True)
class _Details(grpc.ClientCallDetails):
    method: str = ""
    timeout: float | None = None
    metadata: tuple[tuple[str, str], ...] = ()
    credentials: Any = None


def _token_of(handler: Any) -> str:
    """Read back the credentials of a handler of the ORM, which keeps them in an interceptor."""
    interceptor = handler._authorization_interceptor
    if interceptor is None:
        return ""
    metadata = dict(
        interceptor.intercept_unary_unary(lambda details, _: details.metadata, _Details(), None)
    )
    return base64.b64decode(metadata.get("authorization", b"")).decode()
