"""The pymilvus clients that are ours: closing one closes its socket; the watch's is `probe`'s."""

from __future__ import annotations

import asyncio
import functools
import inspect
import itertools
import time
from typing import TYPE_CHECKING, Any, Final, TypeVar

from ..errors import ClosedError, ConnectError, Diagnosis
from ..params.secret import Masked
from ..probing import diagnosis
from ..probing.certificate import default_roots
from ..probing.channel import CHANNEL_OPTIONS, WITHOUT_PROXY
from ..probing.environment import check_environment
from ..probing.forks import GATE
from ..probing.proxies import blamed, late, proxy
from ..probing.waiting import EndedError, running_loop, within
from . import private_names as theirs
from .channels import AsyncChannels, Channels, channel_of, pass_gate, refuse_calls
from .loading import as_known, load_pymilvus
from .masked import hide_sign_in

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from pymilvus import AsyncMilvusClient, MilvusClient

    from ..params.endpoint import ConnectionParams

__all__ = [
    "close_async_client",
    "close_client",
    "is_closed",
    "is_of_this_loop",
    "loop_of",
    "make_async_client",
    "make_client",
    "sockets_of",
    "use_database",
]

T = TypeVar("T")

# So long a client may take to connect anew, in seconds, and closing it to wait for that.
_RECONNECT_S: Final = 2.0

# gRPC would not even try where no time is left.
_LEAST_S: Final = 0.001


def make_client(alias: str, params: ConnectionParams, target: str) -> MilvusClient:
    """Make a client whose channel and socket are its own, so that closing it closes them.

    Parameters
    ----------
    alias
        Shown by the server in its list of clients.
    params
        Where to connect, with which credentials; the timeout is the connect's, in seconds.
    target
        gRPC's target; for Milvus Lite the one that its server got.

    Raises
    ------
    diagnosis.ProbeError
        The server did not answer, or refused.
    """
    load_pymilvus()  # which may change the environment
    arguments, ends = _arguments(alias, params, target), time.monotonic() + params.timeout
    for times in itertools.count():
        arguments["timeout"] = max(ends - time.monotonic(), _LEAST_S)
        client = _made_in_one_go(params, arguments, times)
        if client is not None:
            break
    return client


def _made_in_one_go(
    params: ConnectionParams, arguments: dict[str, Any], times: int
) -> MilvusClient | None:
    """Make a client; None where a fork, whose child could break it off, has interrupted that."""
    pymilvus, channels = load_pymilvus(), Channels()
    making = GATE.interruptible(channels.close, times)
    try:
        with as_known(), making:
            client: MilvusClient = _client_class()(channels, **arguments)
    except Exception as error:
        channels.close()
        if GATE.was_interrupted(making):
            return None
        if not isinstance(error, pymilvus.MilvusException):
            raise
        found = _diagnose(params, error)
    else:
        if not GATE.was_interrupted(making):
            return client
        close_client(client)
        return None
    # Outside, so that pymilvus's frames, which hold the token, are not kept as its context.
    raise diagnosis.ProbeError(found)


@functools.cache
def _client_class() -> Any:
    """Give pymilvus's MilvusClient with a manager of its own.

    That of all clients of the process holds one lock while it connects a client, for as long as
    that takes: one of a silent server would keep those of all others from being made, and closed.
    """
    pymilvus = load_pymilvus()
    from pymilvus.client import connection_manager as managers

    base: Any = managers.ConnectionManager
    see_errors_of = theirs.ON_ERROR.get(base)

    class Manager(base):  # type: ignore[misc]  # pymilvus has no types
        def __init__(self, channels: Channels) -> None:
            super().__init__()
            self.channels = channels

        def release(self, handler: Any, client: Any = None) -> None:
            pass_gate(super().release, handler, client)
            self.channels.close()

    def see_errors_and_keep(manager: Any, handler: Any) -> None:
        # It has not connected yet.
        manager.channels.keep_those_of(handler)
        hide_sign_in(handler)
        see_errors_of(manager, handler)

    class MilvusClient(pymilvus.MilvusClient):  # type: ignore[misc,name-defined]
        # What a cell shows of it.
        __module__, __qualname__ = "pymilvus", "MilvusClient"

        def __init__(self, channels: Channels, **arguments: Any) -> None:
            self.channels_of_ours, self.manager_of_ours = channels, Manager(channels)
            theirs.ON_ERROR.get(self.manager_of_ours)
            super().__init__(**arguments)
            theirs.CONFIG.get(self)
            dedicated = theirs.DEDICATED.get(theirs.MANAGER.get(self))
            managed = dedicated.get(id(theirs.HANDLER.get(self)))
            if managed is None:  # it has asked another manager
                self.close()
                raise theirs.GoneError(theirs.MANAGER)
            managed.connect_timeout = min(managed.connect_timeout, _RECONNECT_S)

    # pymilvus puts the manager of all clients there before it asks it for a connection.
    own = property(lambda client: client.manager_of_ours, lambda _, __: None)
    setattr(Manager, theirs.ON_ERROR.name, see_errors_and_keep)
    setattr(MilvusClient, theirs.MANAGER.name, own)
    return MilvusClient


def make_async_client(alias: str, params: ConnectionParams, target: str) -> AsyncMilvusClient:
    """Make an async client; it connects, in whatever event loop, with its first call.

    Parameters
    ----------
    alias, params, target
        As in `make_client`.
    """
    pymilvus = load_pymilvus()
    with as_known():
        theirs.ASYNC_CONNECT.get(pymilvus.AsyncMilvusClient)
        client: AsyncMilvusClient = _async_class()(alias, params, target)
        for name in (theirs.HANDLER, theirs.MANAGER, theirs.CONFIG, theirs.CLOSED):
            name.get(client)
    return client


class _InOnePlace:
    """A client: a copy is the client itself, and its secret is not to be written anywhere."""

    def __copy__(self) -> Any:
        return self

    def __deepcopy__(self, memo: Any) -> Any:
        return self

    def __reduce__(self) -> Any:
        raise TypeError(
            "A client cannot be pickled: it has a socket and a secret. Pickle "
            "milvus_nb.connections instead; where it arrives, connect and ask it for a client."
        )


@functools.cache
def _async_class() -> Any:
    """Give pymilvus's AsyncMilvusClient with a way of connecting that is our own."""
    pymilvus = load_pymilvus()
    from pymilvus.client import connection_manager as managers

    base: Any = pymilvus.AsyncMilvusClient
    guarded: Any = type("Guarded", (base,), _guarded_calls(base))

    class AsyncMilvusClient(_InOnePlace, guarded):  # type: ignore[misc]  # pymilvus has no types
        __module__, __qualname__ = "pymilvus", "AsyncMilvusClient"

        def __init__(self, alias: str, params: ConnectionParams, target: str) -> None:
            super().__init__(**_arguments(alias, params, target))
            self._params = alias, params
            self._connecting = asyncio.Lock()
            self.channels_of_ours = AsyncChannels()

        async def _connect(self) -> None:
            # Two calls at once would otherwise make two connections, one of them for ever.
            async with self._connecting:
                if theirs.HANDLER.get(self) is not None:
                    return None
                alias, params = self._params
                try:
                    with as_known():
                        return await self._connect_once(params.timeout)
                except pymilvus.MilvusException as error:
                    found = _diagnose(params, error)
            # Outside, as in `make_client`.
            what = f"Could not connect the async client of {alias} ({params.endpoint.address})."
            raise ConnectError(what, found)

        async def _connect_once(self, timeout: float) -> None:
            # A manager of its own, as in `_client_class`.
            manager, config = managers.AsyncConnectionManager(), theirs.CONFIG.get(self)
            dedicated = theirs.DEDICATED.get(manager)
            strategy = _async_strategy(config)
            handler = strategy.create_handler(config)
            try:
                self.channels_of_ours.keep_those_of(handler)
                hide_sign_in(handler)
                theirs.ON_ERROR.get(manager)(handler)
                await handler.ensure_channel_ready(timeout=timeout)
                self._refuse_if_closed()
            except BaseException:
                await handler.close()
                raise
            dedicated[id(handler)] = managers.ManagedConnection(
                handler=handler,
                config=config,
                strategy=strategy,
                connect_timeout=min(timeout, _RECONNECT_S),
            )
            theirs.MANAGER.put(self, manager)
            theirs.HANDLER.put(self, handler)
            self.is_self_hosted = handler.get_server_type() == "milvus"

        async def close(self) -> None:
            try:
                await super().close()
            finally:
                self.channels_of_ours.close()

        def _refuse_if_closed(self) -> None:
            if theirs.CLOSED.get(self):
                raise _closed()

    return AsyncMilvusClient


def _async_strategy(config: Any) -> Any:
    from pymilvus.client import connection_manager as managers

    is_global = config.is_global
    return managers.AsyncGlobalStrategy() if is_global else managers.AsyncRegularStrategy()


def _guarded_calls(base: type) -> dict[str, Any]:
    """Give pymilvus's async calls, which say that the client was closed where it was.

    gRPC cancels what is under way then: in a task that nobody cancelled, which ``except Exception``
    would not see.
    """
    calls = inspect.getmembers(base, inspect.iscoroutinefunction)
    return {name: _guarded(call) for name, call in calls if name[0] != "_" and name != "close"}


def _guarded(call: Callable[..., Coroutine[Any, Any, T]]) -> Callable[..., Any]:
    @functools.wraps(call)
    async def guarded(self: Any, *args: Any, **kwargs: Any) -> T:
        try:
            return await within(None, call(self, *args, **kwargs))
        except EndedError:
            pass
        except Exception:
            if not theirs.CLOSED.get(self):
                raise
        raise _closed()

    return guarded


def _closed() -> ClosedError:
    return ClosedError("This client was closed.", "", "Ask its alias for a new one.")


def is_closed(client: MilvusClient | AsyncMilvusClient) -> bool:
    """Tell whether somebody has closed a client."""
    # A MilvusClient has no handler then; an AsyncMilvusClient has none before its first call.
    is_async = inspect.iscoroutinefunction(client.close)
    return bool(theirs.CLOSED.get(client)) if is_async else theirs.HANDLER.get(client) is None


def sockets_of(client: MilvusClient | AsyncMilvusClient) -> int:
    """Count the sockets that a client of ours has at this moment."""
    sockets: int = client.channels_of_ours.sockets()
    return sockets


def loop_of(client: AsyncMilvusClient) -> asyncio.AbstractEventLoop | None:
    """Give the event loop that an async client has connected in; None before its first call."""
    loop: asyncio.AbstractEventLoop | None
    loop = theirs.AIO_LOOP.find(channel_of(theirs.HANDLER.get(client)))
    return loop


def is_of_this_loop(client: AsyncMilvusClient) -> bool:
    """Tell whether the event loop that runs on this thread is the client's."""
    loop = loop_of(client)
    return loop is not None and running_loop() is loop


def close_client(client: MilvusClient) -> None:
    """Close a client of ours and its sockets."""
    refuse_calls(theirs.HANDLER.get(client))
    client.close()


def close_async_client(client: AsyncMilvusClient) -> None:
    """Close an async client of ours and its sockets, from any thread; see `AsyncChannels.close`."""
    theirs.CLOSED.put(client, True)  # what its own `close` does
    theirs.HANDLER.put(client, None)
    manager = theirs.MANAGER.get(client)
    if manager is not None:
        theirs.DEDICATED.get(manager).clear()  # nothing is connected anew
    client.channels_of_ours.close()


def use_database(client: MilvusClient | AsyncMilvusClient, db_name: str) -> None:
    """Let a client's calls go to another database; the caller knows that it is there.

    ``MilvusClient.use_database`` does the same after DescribeDatabase, which Milvus before 2.4.4
    does not know.
    """
    theirs.CONFIG.get(client).db_name = db_name


def _arguments(alias: str, params: ConnectionParams, target: str) -> dict[str, Any]:
    """Give what both clients are made with."""
    endpoint = params.endpoint
    check_environment(endpoint)  # again: pymilvus has read it by now
    tls = endpoint.tls
    # What is decided here is so for the client, too: gRPC's rules differ by its version.
    without_proxy = WITHOUT_PROXY if proxy(endpoint) is None else {}
    return {
        "uri": f"http://{target}" if endpoint.kind == "lite" else endpoint.pymilvus_uri,
        "token": Masked(endpoint.credentials.reveal()),
        "db_name": params.db_name,
        "timeout": params.timeout,
        "dedicated": True,
        "secure": endpoint.secure,
        # pymilvus takes the authority's certificate under this name when there is no client
        # certificate, and under ca_pem_path when there is one.
        "server_pem_path": "" if tls.client_pem_path else tls.root_pem_path,
        # Without it, it would leave out the client certificate.
        "ca_pem_path": tls.root_pem_path or (default_roots() if tls.client_pem_path else ""),
        "client_pem_path": tls.client_pem_path,
        "client_key_path": tls.client_key_path,
        "server_name": tls.server_name,
        "grpc_options": {**CHANNEL_OPTIONS, **without_proxy, **endpoint.channel_arguments},
        "option": {"app": "milvus_nb", "alias": alias},
    }


def _diagnose(params: ConnectionParams, error: Any) -> Diagnosis:
    """Say why pymilvus could not connect."""
    endpoint, cause = params.endpoint, error.__cause__
    if hasattr(cause, "code") and hasattr(cause, "details"):
        found = diagnosis.from_rpc(endpoint, cause.code(), cause.details())
        if found.cause != "unanswered":
            return blamed(endpoint, found)
        cause = asyncio.TimeoutError()
    if isinstance(cause, asyncio.TimeoutError):
        return late(endpoint, "", params.timeout)
    return diagnosis.server_refused(endpoint, error.code, error.message)
