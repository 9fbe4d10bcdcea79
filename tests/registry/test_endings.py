"""What ends in the moment in which something else begins, fails, or ends too: nothing is left."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import threading
import time
import warnings
from typing import TYPE_CHECKING, Any

import pymilvus
import pytest
from pymilvus.client.async_grpc_handler import AsyncGrpcHandler

from milvus_nb import ClosedError, ConnectError, ConnectionRegistry, MilvusNbError
from milvus_nb.page.panel import Panel
from milvus_nb.params.parsing import parse
from milvus_nb.probing import diagnosis
from milvus_nb.probing.blocking import run_blocking
from milvus_nb.probing.diagnosis import ProbeError
from milvus_nb.probing.reacher import Reacher
from milvus_nb.registry import clients as clients_module
from milvus_nb.sdk import lite, orm
from milvus_nb.sdk.imports import when_imported
from milvus_nb.watching import lite_server as lite_server_module
from milvus_nb.watching.monitor import _Thread
from milvus_nb.watching.rounds import Rounds
from milvus_nb.watching.schedule import Pace
from milvus_nb.watching.turns import Turns
from milvus_nb.watching.watch import Watch
from tests.support.helpers import Call, sockets_to, threads, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from milvus_nb.registry.events import Event
    from tests.support.servers import FaultProxy, MilvusTestServer


def served() -> list[str]:
    """List the Milvus Lite files that this process holds."""
    from milvus_lite.server_manager import server_manager_instance

    return list(server_manager_instance._servers)


# The shutdown


def test_a_shutdown_in_which_something_fails_ends_the_rest(
    connections: ConnectionRegistry, milvus: MilvusTestServer
) -> None:
    """A page's comm, say, whose kernel is ending: the sockets are closed nevertheless."""

    def fail() -> None:
        message = "the comm is broken"
        raise ValueError(message)

    found = connections.connect("a", uri=milvus.uri)
    found.close_here = fail  # type: ignore[method-assign]
    panel = connections.view(Panel)
    panel._session.close = fail  # type: ignore[method-assign]
    with pytest.raises(ValueError, match="broken"):
        connections.shutdown()
    del panel._session.close
    panel.close()
    assert threads("milvus-nb") == []
    wait_until(lambda: sockets_to(milvus.port) == [])  # gRPC's own threads close it


def test_a_disconnect_beside_a_shutdown(connections: ConnectionRegistry, lite_path: Path) -> None:
    """It is disconnected, which is no error, and the event says so."""
    told: dict[str, str] = {}

    def tell(event: Event) -> None:
        told[event.alias] = event.kind

    connections.connect("a", uri=str(lite_path))
    connections.subscribe(tell)
    monitor = connections.monitor
    with lite._turn:  # its server cannot stop yet
        disconnecting = Call(lambda: connections.disconnect("a"))
        wait_until(lambda: threads("milvus-nb-blocking"))
        ending = Call(connections.shutdown)
        wait_until(lambda: monitor._is_ended)
    assert ending.ended(40).error is None
    assert disconnecting.ended(40).error is None
    assert told["a"] == "removed"
    assert served() == []


def test_an_event_while_the_aliases_are_shown_to_the_orm(milvus: MilvusTestServer) -> None:
    """Both look at the registry and at the ORM: neither waits for the other for ever."""
    registry = ConnectionRegistry(mirrored=True)
    registry.connect("a", uri=milvus.uri)
    registry.shutdown()
    told: list[Call] = []

    def event(name: str, attach: Callable[[Any], object]) -> Callable[[], None]:
        """Have something happen to a connection just then, and be told."""
        looking, mirror = threading.Event(), attach.__self__  # type: ignore[attr-defined]
        get = registry.get

        def look(alias: str) -> Any:
            looking.set()
            return get(alias)

        def tell() -> None:
            registry.get = look  # type: ignore[method-assign]
            mirror._theirs = object()
            registry._emit("changed", "nobody")

        told.append(Call(tell))
        assert looking.wait(20)
        mirror._theirs = None
        return when_imported(name, attach)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(orm, "when_imported", event)
        call = Call(lambda: registry.connect("a", uri=milvus.uri))
        assert call.ended(30).error is None
    assert told[0].ended().error is None
    Call(registry.shutdown).ended()


# The thread


def test_a_thread_that_cannot_be_started(
    connections: ConnectionRegistry, milvus: MilvusTestServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody waits for it; and once there is one, it works."""

    def fail(_: object) -> None:
        message = "can't start new thread"
        raise RuntimeError(message)

    with monkeypatch.context() as patch:
        patch.setattr(_Thread, "start", fail)
        for _ in range(2):
            call = Call(lambda: connections.connect("a", uri=milvus.uri)).ended()
            assert isinstance(call.error, MilvusNbError)
            assert "can't start new thread" in str(call.error)
    connections.shutdown()
    assert connections.connect("a", uri=milvus.uri).state == "connected"


# Connections of others


def test_one_of_theirs_is_disconnected_while_its_server_is_asked_for_the_first_time(
    connections: ConnectionRegistry, way: FaultProxy
) -> None:
    """Whoever has looked is not told of it, and the last event is that it is gone."""
    told: list[str] = []
    connections.subscribe(lambda event: told.append(event.kind))
    connections.set_pace(1, 20)
    theirs = pymilvus.MilvusClient(f"http://{way.address}", dedicated=True)
    way.blackhole()
    looking = Call(lambda: connections.look().wait())
    (found,) = wait_until(
        lambda: [one for one in connections.others() if one.address == way.address]
    )
    wait_until(lambda: found._watch is not None and found._watch._asking is not None)
    Call(lambda: connections.disconnect(found.alias)).ended()
    assert looking.ended().error is None
    assert told[-1] == "removed"
    way.pass_through()
    theirs.close()


# Milvus Lite


def test_a_file_that_does_not_close(
    connections: ConnectionRegistry, lite_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Disconnecting and shutting down do not wait for it for ever; it is closed when it can be."""
    monkeypatch.setattr(lite, "STOP_S", 0.1)
    connections.connect("a", uri=str(lite_path))
    with lite._turn:
        Call(connections.shutdown).ended()
    wait_until(lambda: not served() and threads("milvus-nb") == [])


def test_a_client_that_cannot_be_asked(
    connections: ConnectionRegistry, milvus: MilvusTestServer
) -> None:
    """Ctrl-C in the middle of a call may leave a lock of gRPC's behind; nobody waits for that."""
    channel = connections.connect("a", uri=milvus.uri).client._handler._channel
    is_let_go = threading.Event()

    class Held:
        def __init__(self, core: Any) -> None:
            self.close = core.close

        def check_connectivity_state(self, _: bool) -> int:
            return int(is_let_go.wait(60))

    channel._channel = Held(channel._channel)
    try:
        Call(lambda: connections.disconnect("a")).ended(40)
    finally:
        is_let_go.set()
    wait_until(lambda: sockets_to(milvus.port) == [])


def test_a_file_that_is_open_in_the_moment_in_which_its_closing_is_cancelled(
    lite_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It does not stay locked."""
    real = run_blocking
    closing: list[asyncio.Task[None]] = []

    async def start(*args: Any) -> Any:
        found = await real(*args)
        closing[0].cancel()
        return found

    async def work() -> None:
        watch = Watch(parse(uri=str(lite_path)).endpoint, Rounds(Pace(), []), Reacher(), Turns())
        starting = asyncio.create_task(watch.start())
        await asyncio.sleep(0)
        starting.cancel()
        closing.append(asyncio.create_task(watch.close()))
        await asyncio.wait([starting, *closing])
        assert closing[0].cancelled()

    monkeypatch.setattr(lite_server_module, "run_blocking", start)
    asyncio.run(work())
    assert served() == []


# Clients


@pytest.mark.parametrize("kind", ["client", "async_client"])
def test_a_client_that_is_made_in_the_moment_in_which_nobody_wants_it_any_more(
    connections: ConnectionRegistry, way: FaultProxy, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """It is closed with its connection."""
    real = run_blocking
    asking: list[asyncio.Task[Any]] = []
    made: list[Any] = []

    async def make(*args: Any, **kwargs: Any) -> Any:
        made.append(await real(*args, **kwargs))
        asking[0].cancel()
        return made[0]

    found = connections.connect("a", uri=way.address)

    async def ask() -> None:
        get = found.get_client() if kind == "client" else found.get_async_client(None)
        asking.append(asyncio.ensure_future(get))
        await asyncio.wait(asking)
        assert asking[0].cancelled()

    monkeypatch.setattr(clients_module, "run_blocking", make)
    connections.monitor.submit(ask()).wait()
    monkeypatch.undo()
    connections.disconnect("a")
    closed = made[0]._handler is None if kind == "client" else made[0]._closed
    assert closed
    wait_until(lambda: sockets_to(way.port) == [])


def test_a_connection_that_is_closed_as_a_client_is_asked_for_leaves_nothing_behind(
    connections: ConnectionRegistry, milvus: MilvusTestServer
) -> None:
    """No coroutine that was never awaited, which Python would tell in the user's cell."""

    async def close_after(turns: int) -> None:
        found = connections["a"]
        task = asyncio.ensure_future(found.get_client())
        for _ in range(turns):
            await asyncio.sleep(0)
        await found.close()
        await asyncio.wait([task])
        assert isinstance(task.exception(), ClosedError)

    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        for turns in range(6):
            connections.connect("a", uri=milvus.uri)
            connections.monitor.submit(close_after(turns)).wait()
            connections.disconnect("a")
        # What pymilvus does in a thread of its own goes on, and is taken back.
        wait_until(lambda: threads("milvus-nb-blocking") == [])
        gc.collect()
    assert [str(one.message) for one in said if "never awaited" in str(one.message)] == []


def test_the_event_loop_of_an_async_client_ends_in_the_moment_of_the_disconnect(
    connections: ConnectionRegistry, way: FaultProxy
) -> None:
    """Its socket is closed without it."""
    loop = asyncio.new_event_loop()
    runner = threading.Thread(target=loop.run_forever, daemon=True)
    runner.start()
    connections.connect("a", uri=way.address)

    async def use() -> None:
        await connections.async_client("a").list_collections()

    asyncio.run_coroutine_threadsafe(use(), loop).result(30)
    real = loop.call_soon_threadsafe

    def refuse(*_: object) -> None:
        message = "Event loop is closed"
        raise RuntimeError(message)

    loop.call_soon_threadsafe = refuse  # type: ignore[assignment,method-assign]
    connections.disconnect("a")
    assert sockets_to(way.port) == []
    real(loop.stop)
    runner.join(10)


def test_a_client_that_has_connected_anew_leaves_no_socket_behind(
    connections: ConnectionRegistry, way: FaultProxy
) -> None:
    """Not that of the channel either which pymilvus let go of, and gRPC connected by itself."""
    connections.connect("a", uri=way.address)
    client = connections.client("a")

    def connects_anew() -> bool:
        before = client._handler._channel
        way.refuse()
        way.reset_all()
        with contextlib.suppress(pymilvus.MilvusException):
            client.list_collections(timeout=1)
        way.listen_again()
        with contextlib.suppress(pymilvus.MilvusException):
            client.list_collections(timeout=5)
        return client._handler._channel is not before

    gc.disable()  # it would close it, some time
    try:
        wait_until(connects_anew, 30)
        wait_until(lambda: len(sockets_to(way.port)) == 3, 10)  # with that of the watching
        connections.disconnect("a")
        assert sockets_to(way.port) == []
    finally:
        gc.enable()


def test_an_async_client_that_is_just_connecting_anew_leaves_no_socket_behind(
    connections: ConnectionRegistry, way: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What pymilvus connects, after a call that failed, ends with the connection, too."""
    made: list[Any] = []
    make = AsyncGrpcHandler._create_channel

    def make_and_note(self: Any, address: str) -> Any:
        made.append(address)
        return make(self, address)

    monkeypatch.setattr(AsyncGrpcHandler, "_create_channel", make_and_note)
    connections.connect("a", uri=way.address)

    async def use() -> None:
        client = connections.async_client("a")
        await client.list_collections()
        way.hold()
        way.reset_all()
        calling = asyncio.create_task(client.list_collections(timeout=20))
        while len(made) < 2:
            assert not calling.done()
            await asyncio.sleep(0.01)
        await asyncio.to_thread(connections.disconnect, "a")
        way.pass_through()
        with pytest.raises(ClosedError):
            await calling
        del calling
        gc.collect()  # a call that was cancelled keeps its socket
        # What gRPC has begun to connect it ends before it closes that.
        await asyncio.to_thread(wait_until, lambda: sockets_to(way.port) == [], 10)

    asyncio.run(asyncio.wait_for(use(), 40))


# Attempts


def test_a_connect_does_not_fail_with_what_had_begun_before_it(
    connections: ConnectionRegistry, way: FaultProxy
) -> None:
    """It shares an attempt that is under way; where that fails, it makes one of its own."""
    way.blackhole()
    first = Call(lambda: connections.connect("a", uri=way.address, timeout=30))
    watch = wait_until(lambda: next(iter(connections.monitor._watches.values()), None))
    assert watch is not None
    wait_until(lambda: watch._asking is not None)
    second = Call(lambda: connections.connect("b", uri=way.address, timeout=30))
    wait_until(lambda: watch._asking is not None and watch._asking._waiting == 2)
    way.pass_through()
    way.reset_all()
    assert isinstance(first.ended(40).error, ConnectError)
    assert second.ended(40).error is None


def test_a_connect_does_not_fail_with_what_the_watching_has_just_tried(
    connections: ConnectionRegistry, way: FaultProxy
) -> None:
    """A server that is up again is connected by the first who asks, in whichever moment."""
    connections.set_pace(5, 5)
    found = connections.connect("a", uri=way.address)
    tried = connections.monitor._reacher._at(found.params.endpoint)
    for _ in range(5):
        way.refuse()
        way.reset_all()
        wait_until(lambda: found.state == "unreachable")
        now = time.monotonic()
        wait_until(lambda now=now: tried.failed_at > now, every_s=0.001)  # type: ignore[misc]
        way.listen_again()
        assert Call(lambda: connections.connect("a", uri=way.address)).ended().error is None
        assert found.state == "connected"


def test_a_connect_does_not_fail_with_an_old_connection(
    connections: ConnectionRegistry, way: FaultProxy
) -> None:
    """Another alias's to the same server may be broken without anybody knowing yet."""
    found = connections.connect("a", uri=way.address)
    watch = found._watch
    assert watch is not None

    async def broken(*_: Any, **__: Any) -> None:
        raise ProbeError(diagnosis.connection_lost(watch.endpoint))

    watch._asker._beat = broken  # type: ignore[assignment,method-assign]
    assert Call(lambda: connections.connect("b", uri=way.address)).ended().error is None


def test_a_connection_that_is_slow_to_close_does_not_hold_up_the_one_that_replaces_it(
    connections: ConnectionRegistry, milvus: MilvusTestServer, way: FaultProxy
) -> None:
    """Its client may just be connecting anew. The shutdown waits for it."""
    old = connections.connect("a", uri=way.address)
    close, begun, may_end = old.close, threading.Event(), threading.Event()

    async def slowly(**given: Any) -> None:
        begun.set()
        await run_blocking(lambda: may_end.wait(30))
        await close(**given)

    old.close = slowly  # type: ignore[method-assign]
    new = Call(lambda: connections.connect("a", uri=milvus.uri, replace=True, timeout=5))
    assert new.ended(25).error is None
    assert begun.is_set()
    assert connections["a"] is new.result
    assert sockets_to(way.port) != []
    ending = Call(connections.shutdown)
    may_end.set()
    assert ending.ended().error is None
    assert sockets_to(way.port) == []
