"""Connections that somebody else opened with pymilvus in this process.

pymilvus knows them all: its ORM by alias, MilvusClient's manager by address and token, whether or
not a client still uses them, and a manager of AsyncMilvusClient for each event loop.
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
from ..params.defaults import DEFAULT_TIMEOUT_S
from ..params.endpoint import ConnectionParams, Endpoint
from ..params.secret import Secret
from ..params.tls import Tls, name_in
from ..params.values import grpc_options, in_clear
from . import private_names as theirs
from .channels import channel_of, close_async_handler, has_socket, is_async, pass_gate, refuse_calls
from .orm import MODULE, Handler, aliases_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

__all__ = ["ForeignConnection", "alias_used_by", "find_foreign"]

_MANAGERS: Final = "pymilvus.client.connection_manager"

# The classes of its ORM whose objects go by an alias.
_WITH_ALIAS: Final = ("Collection", "Role")


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
    using = theirs.USING.find(thing) if type(thing).__name__ in _WITH_ALIAS else None
    return using if isinstance(using, str) else None


def find_foreign() -> list[ForeignConnection]:
    """List the connections of others. pymilvus is not imported for that."""
    found: list[ForeignConnection] = []
    for look in (_of_orm, _of_clients, _of_async_clients):
        try:
            found += look()
        except theirs.GoneError:
            pass
        except AttributeError as error:  # a public name
            theirs.other(error).note()
    return found


def _of_orm() -> Iterator[ForeignConnection]:
    connections = aliases_of(sys.modules.get(MODULE))
    if connections is None:
        return
    for alias, handler in list(theirs.ALIAS_HANDLERS.get(connections).items()):
        # No public name of pymilvus puts an AsyncGrpcHandler there.
        if isinstance(handler, Handler) or is_async(handler) or channel_of(handler) is None:
            continue
        given = theirs.ALIAS_CONFIG.get(connections).get(alias, {})
        db_name = str(given.get("db_name", ""))
        params = _params(handler, given, _token_of(handler), db_name)
        if params is not None:
            yield _orm_alias(connections, alias, handler, params)


def _orm_alias(
    connections: Any, alias: str, handler: Any, params: ConnectionParams
) -> ForeignConnection:
    handlers, held = theirs.ALIAS_HANDLERS.get(connections), weakref.ref(handler)

    def use_database(db_name: str) -> None:
        if is_open():
            theirs.ALIAS_CONFIG.get(connections)[alias]["db_name"] = db_name

    def is_open() -> bool:
        return (there := held()) is not None and handlers.get(alias) is there

    def is_connected() -> bool:
        return has_socket(held())

    def close() -> None:
        if is_open():
            handler = handlers.pop(alias)
            refuse_calls(handler)
            pass_gate(handler.close)

    return ForeignConnection(
        "orm", id(handler), alias, params, list, is_open, is_connected, use_database, close
    )


def _of_clients() -> Iterator[ForeignConnection]:
    kind = getattr(sys.modules.get(_MANAGERS), "ConnectionManager", None)
    return _managed("client", [kind.get_instance()] if kind is not None else [])


def _of_async_clients() -> Iterator[ForeignConnection]:
    kind = getattr(sys.modules.get(_MANAGERS), "AsyncConnectionManager", None)
    return _managed("async", theirs.INSTANCES.get(kind).values() if kind is not None else [])


def _managed(
    kind: Literal["client", "async"], managers: Iterable[Any]
) -> Iterator[ForeignConnection]:
    for manager in list(managers):
        for managed in _managed_by(manager):
            token, given = managed.config.token, managed.config.get_handler_kwargs()
            params = _params(managed.handler, given, token, _database_of(managed))
            if params is not None:
                yield _client(kind, manager, managed, params)


def _managed_by(manager: Any) -> list[Any]:
    homes = theirs.REGISTRY.get(manager), theirs.DEDICATED.get(manager)
    return [
        managed
        for home in homes
        for managed in list(home.values())
        # Ours is there for a moment, too, while it is being made.
        if managed.config.get_handler_kwargs().get("option", {}).get("app") != "milvus_nb"
        and channel_of(managed.handler) is not None
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
            theirs.CONFIG.get(client).db_name = db_name

    def is_connected() -> bool:
        return has_socket(getattr(held(), "handler", None))

    def close() -> None:
        there = held()
        if there is None:
            return
        # Without the manager's lock, which it holds while any client of a silent server connects.
        _take_out(manager, there)
        for client in list(users):
            if kind == "async":
                theirs.CLOSED.put(client, True)  # as its own `close` leaves it
            theirs.HANDLER.put(client, None)
        _close(there)

    key, clients = id(managed.handler), lambda: list(users)
    return ForeignConnection(
        kind, key, "", params, clients, is_open, is_connected, use_database, close
    )


def _take_out(manager: Any, managed: Any) -> None:
    for home in (theirs.REGISTRY.get(manager), theirs.DEDICATED.get(manager)):
        for key, other in list(home.items()):
            if other is managed:
                home.pop(key, None)


def _close(managed: Any) -> None:
    handler, strategy = managed.handler, managed.strategy
    if is_async(handler):
        close_async_handler(handler, lambda: strategy.close_async(managed))
    else:
        refuse_calls(handler)
        pass_gate(strategy.close, managed)


def _database_of(managed: Any) -> str:
    for client in list(managed.clients):
        return str(theirs.CONFIG.get(client).db_name)  # where `use_database` keeps it
    return str(managed.config.db_name)


def _params(
    handler: Any, given: dict[str, Any], token: str, db_name: str
) -> ConnectionParams | None:
    """Say what a handler is connected to; None where its address is none that we know.

    Parameters
    ----------
    handler
        Which one.
    given
        What it was made with.
    token, db_name
        Its sign-in and its database.
    """
    try:
        place = parse_address(handler.server_address, "address")
        options = grpc_options(given.get("grpc_options", {}))
    except ParamsError:
        return None
    user, colon, _ = token.partition(":")
    secure = bool(given.get("secure", False))
    endpoint = Endpoint(
        place.kind,
        host=place.host,
        port=place.port or 0,
        path=place.path,
        secure=secure,
        tls=_tls(given, name_in(in_clear(options)) if secure else ""),
        user=user if colon else "",
        credentials=Secret(token),
        grpc_options=options,
    )
    if (path := _lite_path(endpoint)) is not None:
        endpoint = Endpoint("lite", path=path)
    return ConnectionParams(endpoint, "" if db_name == "default" else db_name, DEFAULT_TIMEOUT_S)


def _tls(given: dict[str, Any], name: str) -> Tls:
    """Give the TLS files as pymilvus uses them: an authority's only beside a client's own."""
    client, key, server, authority, server_name = (
        given.get(option, "")
        for option in (
            "client_pem_path",
            "client_key_path",
            "server_pem_path",
            "ca_pem_path",
            "server_name",
        )
    )
    if server or not (client and key and authority):
        return Tls(server_pem_path=server, server_name=server_name or name)
    return Tls(authority, "", client, key, server_name or name)


def _lite_path(endpoint: Endpoint) -> str | None:
    """Give the Milvus Lite file that is served there; None where none is."""
    module = sys.modules.get("milvus_lite.server_manager")
    manager = getattr(module, "server_manager_instance", None)  # it may just be being imported
    if manager is None or endpoint.host != "127.0.0.1":
        return None
    for path, served in list((theirs.SERVERS.find(manager) or {}).items()):
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
    interceptor = theirs.SIGN_IN.get(handler)
    if interceptor is None:
        return ""
    metadata = dict(
        interceptor.intercept_unary_unary(lambda details, _: details.metadata, _Details(), None)
    )
    return base64.b64decode(metadata.get("authorization", b"")).decode()
