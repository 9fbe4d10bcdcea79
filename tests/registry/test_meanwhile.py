"""What is disconnected, replaced or shut down meanwhile: no call hangs, and each says why."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import shutil
import threading
import time
from typing import TYPE_CHECKING, Any

import pymilvus
import pytest

from milvus_nb import ClosedError, ConnectError, ConnectionRegistry, MilvusNbError
from milvus_nb.params.parsing import parse
from tests.support.helpers import Call, connect_watched, sockets_to, threads, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from milvus_nb import Connection
    from milvus_nb.registry.events import Event
    from tests.support.servers import FaultProxy, MilvusTestServer


def test_a_connect_beside_a_disconnect_returns(
    connections: ConnectionRegistry, way: FaultProxy
) -> None:
    """The server froze; and when it is well again, everybody can connect to it."""
    connections.set_pace(0.2, 1.0)  # so that the watch's own loop waits for what b asks
    connections.connect("a", uri=way.address)
    for n in range(4):
        way.blackhole()
        call = Call(lambda n=n: connect_watched(connections, f"b{n}", way.address, 1.5))  # type: ignore[misc]
        wait_until(lambda n=n: f"b{n}" in connections._attempts)  # type: ignore[misc]
        Call(lambda: connections.disconnect("a")).ended()
        assert isinstance(call.ended().error, ConnectError)
        way.pass_through()
        way.reset_all()
        assert Call(lambda: connections.connect("a", uri=way.address)).ended().error is None
    Call(connections.shutdown).ended()
    wait_until(lambda: sockets_to(way.port) == [])


def test_a_short_heartbeat_does_not_swallow_the_end(milvus: MilvusTestServer) -> None:
    """The watch's own loop is ended while it asks, in whichever moment."""
    registry = ConnectionRegistry(heartbeat=0.05, deadline=1.0)
    for _ in range(150):
        Call(lambda: registry.connect("a", uri=milvus.uri, timeout=10)).ended()
        Call(lambda: registry.disconnect("a")).ended()
    Call(registry.shutdown).ended()
    assert threads("milvus-nb") == []
    assert sockets_to(milvus.port) == []


CALLS: dict[str, Callable[[Connection], Any]] = {
    "ping": lambda found: found.ping(1000),
    "client": lambda found: found.client,
    "databases": lambda found: found.live_monitor().submit(found.list_databases()).wait(),
}


@pytest.mark.parametrize("how", ["disconnect", "replace", "shutdown"])
@pytest.mark.parametrize("what", [*CALLS, "use", "async_client"])
def test_a_call_that_is_under_way_says_that_it_was_closed(
    connections: ConnectionRegistry, milvus: MilvusTestServer, way: FaultProxy, how: str, what: str
) -> None:
    """ClosedError, at once; never a CancelledError, which `except Exception` misses."""
    found = connections.connect("a", uri=way.address, timeout=15)
    way.blackhole()
    calls = {
        **CALLS,
        "use": lambda _: connections.use("a", "sales"),
        "async_client": _broken_off_async_call(connections, way),
    }
    call = Call(lambda: calls[what](found))
    time.sleep(0.2)  # it is under way: nothing tells
    if how == "disconnect":
        Call(lambda: connections.disconnect("a")).ended()
    elif how == "replace":
        connections.connect("a", uri=milvus.uri, replace=True)
    else:
        Call(connections.shutdown).ended()
    error = call.ended().error
    assert isinstance(error, ClosedError), repr(error)  # a timeout is a ConnectError
    way.pass_through()
    # What pymilvus does in a thread of its own nobody can end; it has the connection's timeout.
    wait_until(lambda: threads("milvus-nb-blocking") == [])


def _broken_off_async_call(
    connections: ConnectionRegistry, way: FaultProxy
) -> Callable[[Connection], Any]:
    """Give a call of an async client, which has connected already."""
    way.pass_through()
    loop = asyncio.new_event_loop()
    runner = threading.Thread(target=loop.run_forever, daemon=True)
    runner.start()

    async def client() -> Any:
        found = connections.async_client("a")
        await found.list_collections()
        return found

    made = asyncio.run_coroutine_threadsafe(client(), loop).result(30)
    way.blackhole()

    def call(_: Connection) -> None:
        try:
            asyncio.run_coroutine_threadsafe(made.list_collections(), loop).result(30)
        finally:
            loop.call_soon_threadsafe(loop.stop)

    return call


def test_awaited_calls_of_an_async_client(connections: ConnectionRegistry, way: FaultProxy) -> None:
    """A task that nobody cancelled gets ClosedError; one that somebody did is cancelled."""
    connections.connect("a", uri=way.address)

    async def work() -> None:
        client = connections.async_client("a")
        await client.list_collections()
        way.blackhole()
        calls = [asyncio.create_task(client.list_collections()) for _ in range(3)]
        await asyncio.sleep(0.1)
        calls[0].cancel()
        with pytest.raises(asyncio.CancelledError):
            await calls[0]
        await connections.async_disconnect("a")
        for call in calls[1:]:
            with pytest.raises(ClosedError):
                await call
        with pytest.raises(ClosedError):
            await client.list_collections()
        way.pass_through()

    asyncio.run(work())


def test_shutdown_beside_connecting_threads(milvus: MilvusTestServer, way: FaultProxy) -> None:
    """Only documented errors, nothing left, and a connect that begins afterwards works."""
    registry = ConnectionRegistry(heartbeat=0.05)
    stop = threading.Event()
    foreign: list[BaseException] = []

    def busy(number: int) -> None:
        alias, turn = f"a{number % 5}", 0
        while not stop.is_set():
            turn += 1
            try:
                uri = milvus.uri if number % 2 else way.address
                found = registry.connect(alias, uri=uri, replace=True, timeout=5)
                if turn % 3 == 0:
                    found.ping()
                if turn % 4 == 0:
                    registry.disconnect(alias)
                if turn % 7 == 0:
                    registry.disconnect_all()
            except MilvusNbError:
                pass
            except BaseException as error:  # noqa: BLE001  # it is what the test looks at
                foreign.append(error)

    calls = [Call(lambda n=n: busy(n)) for n in range(8)]  # type: ignore[misc]
    for _ in range(8):
        time.sleep(0.15)
        Call(registry.shutdown).ended()
    stop.set()
    for call in calls:
        call.ended()
    registry.shutdown()
    assert foreign == []
    assert threads("milvus-nb-monitor") == []
    wait_until(lambda: sockets_to(way.port) == [])
    wait_until(lambda: sockets_to(milvus.port) == [])
    assert registry.aliases() == []
    assert registry.connect("z", uri=milvus.uri).state == "connected"
    registry.shutdown()


def test_shutdown_beside_threads_that_open_a_lite_file(tmp_path: Path) -> None:
    """It is not locked afterwards."""
    from milvus_lite.server_manager import server_manager_instance

    registry = ConnectionRegistry()
    paths = [tmp_path / f"{number}.db" for number in range(4)]

    def opens(path: Path) -> None:
        with contextlib.suppress(MilvusNbError):
            registry.connect(path.stem, uri=str(path))

    for turn in range(5):
        calls = [Call(lambda path=path: opens(path)) for path in paths]  # type: ignore[misc]
        time.sleep(0.02 + 0.05 * turn)
        Call(registry.shutdown).ended(30)
        for call in calls:
            call.ended(30)
        registry.shutdown()  # of what has begun afterwards
        assert list(server_manager_instance._servers) == []


def test_one_registry_does_not_close_the_lite_file_of_another(
    connections: ConnectionRegistry, lite_path: Path
) -> None:
    """Whoever is the last to use it, stops it."""
    from milvus_lite.server_manager import server_manager_instance

    first = ConnectionRegistry()
    first.connect(uri=str(lite_path))
    second = connections.connect(uri=str(lite_path))
    first.shutdown()
    assert second.ping().count == 5
    connections.disconnect("default")
    assert list(server_manager_instance._servers) == []


def test_a_hurried_connect_beside_a_patient_one_to_the_same_alias(
    connections: ConnectionRegistry, way: FaultProxy
) -> None:
    """Each has its own timeout, whichever was first; also where the alias is live."""
    way.blackhole()
    patient = Call(lambda: connections.connect("a", uri=way.address, timeout=120))
    wait_until(lambda: "a" in connections._attempts)
    hurried = Call(lambda: connections.connect("a", uri=way.address, timeout=0.5))
    assert isinstance(hurried.ended().error, ConnectError)
    assert hurried.took_s < 60
    connections.cancel("a")
    assert isinstance(patient.ended().error, ClosedError)
    way.pass_through()
    found = connections.connect("a", uri=way.address, timeout=120)
    connections.set_pace(0.2, 0.2)
    way.blackhole()
    wait_until(lambda: found.state == "unreachable")
    hurried = Call(lambda: connections.connect("a", uri=way.address, timeout=0.5))
    assert isinstance(hurried.ended().error, ConnectError)
    assert hurried.took_s < 60


def test_a_patient_connect_beside_a_hurried_one_to_the_same_alias(
    connections: ConnectionRegistry, way: FaultProxy
) -> None:
    """It does not fail with the other's timeout."""
    way.delay(0.3)
    hurried = Call(lambda: connections.connect("a", uri=way.address, timeout=0.2))
    wait_until(lambda: "a" in connections._attempts)
    patient = Call(lambda: connections.connect("a", uri=way.address, timeout=120))
    assert isinstance(hurried.ended().error, ConnectError)
    assert patient.ended().error is None
    assert connections["a"] is patient.result


def test_of_two_connects_to_one_alias_one_may_be_cancelled(
    connections: ConnectionRegistry, way: FaultProxy
) -> None:
    """The other goes on, and both get the same connection otherwise."""
    way.delay(0.1)
    params = parse(uri=way.address)
    one, two = connections.start_attempt("a", params), connections.start_attempt("a", params)
    one.cancel()
    with pytest.raises(ClosedError):
        one.wait()
    found = two.wait()
    assert found is connections["a"]
    connections.disconnect("a")
    jobs = [connections.start_attempt("a", params) for _ in range(4)]
    assert len({id(job.wait()) for job in jobs}) == 1
    connections.disconnect("a")
    wait_until(lambda: sockets_to(way.port) == [])


def test_events_end_with_the_truth(connections: ConnectionRegistry, way: FaultProxy) -> None:
    """An alias that is connected again while the old one closes is not "removed"."""
    told: dict[str, str] = {}

    def tell(event: Event) -> None:
        if event.kind != "current":
            told[event.alias] = event.kind

    connections.subscribe(tell)
    way.delay(0.02)
    for _ in range(10):
        connections.connect("a", uri=way.address)
        _ = connections.client("a")
        closing = connections.start_disconnect("a")
        connections.connect("a", uri=way.address)
        closing.wait()
        assert told["a"] in ("added", "changed")
        connections.disconnect("a")
        assert told["a"] == "removed"
    way.refuse()
    way.reset_all()
    for _ in range(10):
        with pytest.raises(ConnectError):
            connections.connect("b", uri=way.address)
        assert told["b"] == "removed"


def test_a_lite_folder_that_is_gone_while_a_client_serves_it(
    connections: ConnectionRegistry, lite_path: Path
) -> None:
    """The client goes on in files that no longer have a name: that is not connected."""
    theirs = pymilvus.MilvusClient(str(lite_path), dedicated=True)
    shutil.rmtree(lite_path)
    with pytest.raises(ConnectError) as failure:
        connections.connect(uri=str(lite_path))
    assert failure.value.cause == "lite-deleted"
    lite_path.mkdir()
    (lite_path / "LOCK").touch()  # another one in its place
    with pytest.raises(ConnectError) as failure:
        connections.connect(uri=str(lite_path))
    assert failure.value.cause == "lite-deleted"
    theirs.close()


def test_a_cancelled_job_is_no_cancelled_task(
    connections: ConnectionRegistry, silent_port: int
) -> None:
    """Whoever awaits what somebody else cancels gets an error that `except Exception` sees."""
    job = connections.start_attempt("a", parse(uri=f"127.0.0.1:{silent_port}", timeout=20))

    async def work() -> None:
        waiting = asyncio.ensure_future(_awaited(job))
        await asyncio.sleep(0.05)
        connections.cancel("a")
        with pytest.raises(ClosedError, match="cancelled"):
            await waiting

    asyncio.run(work())
    with pytest.raises(ClosedError):
        job.wait()


async def _awaited(job: Any) -> Any:
    return await job


def test_nothing_starts_the_thread_but_what_begins_something(
    connections: ConnectionRegistry, milvus: MilvusTestServer
) -> None:
    """After shutdown, none of these needs it."""
    found = connections.connect("a", uri=milvus.uri)
    connections.shutdown()
    connections.disconnect("a")
    connections.disconnect_all()
    found.disconnect()
    connections.set_pace(1, 1)
    for call in (found.ping, lambda: found.client, found.diagnose):
        with pytest.raises(ClosedError):
            call()
    assert threads("milvus-nb") == []


def test_many_shutdowns_at_once(connections: ConnectionRegistry, milvus: MilvusTestServer) -> None:
    """Each returns when everything is closed."""
    connections.connect("a", uri=milvus.uri)
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for job in [pool.submit(connections.shutdown) for _ in range(4)]:
            job.result(20)
    assert threads("milvus-nb") == []
    assert sockets_to(milvus.port) == []
