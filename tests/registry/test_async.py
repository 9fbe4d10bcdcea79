"""The async client: in a notebook's running loop, in a script's, closed with its alias."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import pymilvus
import pytest

from milvus_nb import ClosedError, ConnectError
from tests.support.helpers import first_calls, open_files, sockets_to, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from milvus_nb import ConnectionRegistry
    from tests.support.kernels import Kernel
    from tests.support.servers import FaultProxy, MilvusTestServer

HUNDRED_TIMES = """
import asyncio, gc, threading, warnings
from milvus_nb import connections
caught = []
warnings.showwarning = lambda message, *rest: caught.append(str(message))
asyncio.get_running_loop().set_exception_handler(lambda loop, context: caught.append(str(context)))
async def once():
    connections.connect("often", uri={address!r}, token="root:Milvus")
    client = connections.async_client("often")
    await asyncio.gather(client.list_collections(), client.list_collections())
    connections.disconnect("often")
await once()
before = threading.active_count()
for _ in range(100):
    await once()
gc.collect()
await asyncio.sleep(0)
# One less where gRPC's own thread has ended with the last channel.
print(max(threading.active_count() - before, 0), caught)
"""


def test_plain_await_in_a_notebook(kernel: Kernel, milvus_auth: MilvusTestServer) -> None:
    """The magic gives it, `await` works in a cell, disconnecting closes it at once."""
    kernel.run("%load_ext milvus_nb")
    kernel.run(f"%milvus connect {milvus_auth.address} -a prod --token root:Milvus")
    kernel.run("client = %milvus client --async")
    assert "[" in kernel.run("print(await client.list_collections())").stdout
    kernel.run("again = %milvus client prod --async\nassert again is client")
    assert (
        "0 []"
        in kernel.run(
            "import psutil\n"
            "%milvus disconnect prod\n"
            "open = [one for one in psutil.Process().net_connections('tcp') "
            f"if one.raddr and one.raddr.port == {milvus_auth.port}]\n"
            "print(len(open), open)"
        ).stdout
    )
    failed = kernel.execute("await client.list_collections()")
    assert failed.error is not None
    assert failed.error["ename"] == "ClosedError"


def test_a_hundred_opens_and_closes_leave_nothing(
    kernel: Kernel, milvus_auth: MilvusTestServer
) -> None:
    """No socket, no thread, no warning, no unhandled error of the notebook's loop."""
    told = kernel.run(HUNDRED_TIMES.format(address=milvus_auth.address))
    assert told.stdout.strip() == "0 []"
    assert told.stderr == ""
    assert sockets_to(milvus_auth.port, kernel.pid) == []


def test_one_client_a_loop(connections: ConnectionRegistry, milvus: MilvusTestServer) -> None:
    """The same in one loop, a new one in the next; the ended loop's takes no socket along."""
    connections.connect("a", uri=milvus.address)

    async def work() -> object:
        client = connections.async_client("a")
        await client.list_collections()
        assert connections.async_client("a") is client
        return client

    one, other = asyncio.run(work()), asyncio.run(work())
    assert one is not other
    connections.disconnect("a")
    assert sockets_to(milvus.port) == []


def test_loops_of_several_threads_at_once(
    connections: ConnectionRegistry, milvus: MilvusTestServer
) -> None:
    """Each gets a client of its own, whoever asks first."""
    connections.connect("a", uri=milvus.address)
    found: list[object] = []

    async def work() -> None:
        found.append(await connections.async_client("a").list_collections())

    workers = [threading.Thread(target=asyncio.run, args=(work(),)) for _ in range(5)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(found) == 5
    connections.disconnect("a")
    assert sockets_to(milvus.port) == []


def test_two_first_calls_at_once_make_one_connection(
    connections: ConnectionRegistry, milvus: MilvusTestServer
) -> None:
    """Else one of them would stay open for ever."""
    connections.connect("a", uri=milvus.address)

    async def work() -> None:
        client = connections.async_client("a")
        await asyncio.gather(*(client.list_collections() for _ in range(5)))
        assert len(sockets_to(milvus.port)) == 2  # its own, and the probe's

    asyncio.run(work())


def test_its_database_is_the_connections(
    connections: ConnectionRegistry,
    milvus: MilvusTestServer,
    make_database: Callable[[MilvusTestServer, str], str],
) -> None:
    """`use` changes it for all clients of the alias."""
    connections.connect("a", uri=milvus.address)
    name = make_database(milvus, "async_sales")

    async def work() -> list[str]:
        client = connections.async_client("a")
        connections.use("a", db_name=name)
        found: list[str] = await client.list_collections()
        return found

    assert asyncio.run(work()) == []


def test_a_failed_first_call_says_why(connections: ConnectionRegistry, way: FaultProxy) -> None:
    """The true reason, as pymilvus's exception, and nothing stays open."""
    connections.connect("a", uri=way.address, timeout=1)
    client = connections.async_client("a")
    way.refuse()
    way.reset_all()

    async def work() -> None:
        with pytest.raises(pymilvus.MilvusException) as failure:
            await client.list_collections()
        assert isinstance(failure.value, ConnectError)
        assert failure.value.diagnosis is not None
        assert "async client of a" in str(failure.value)

    asyncio.run(work())
    assert sockets_to(way.port) == []


def test_a_first_call_that_nobody_answers_says_so(
    connections: ConnectionRegistry, way: FaultProxy
) -> None:
    """It names no answer of the server's: there was none."""
    connection = connections.connect(uri=way.address, timeout=1.0)
    way.blackhole()
    for call in first_calls(connection):
        with pytest.raises(ConnectError, match="did not answer in 1 s") as failure:
            call()
        assert failure.value.cause == "unanswered"


def test_disconnecting_from_another_thread_ends_a_call_that_is_under_way(
    connections: ConnectionRegistry, way: FaultProxy
) -> None:
    """While its loop waits for a silent server."""

    async def work() -> None:
        connections.connect("a", uri=way.address)
        client = connections.async_client("a")
        await client.list_collections()
        way.blackhole()
        call = asyncio.create_task(client.list_collections())
        await asyncio.sleep(0)
        await asyncio.to_thread(connections.disconnect, "a")
        with pytest.raises(ClosedError):
            await asyncio.wait_for(call, 5)

    asyncio.run(work())
    wait_until(lambda: sockets_to(way.port) == [])


def test_disconnecting_while_its_loop_is_busy_closes_the_socket(
    connections: ConnectionRegistry, milvus: MilvusTestServer
) -> None:
    """A cell that computes keeps the loop from closing anything; the socket is closed anyway."""
    connections.connect("a", uri=milvus.address)
    closed = threading.Event()
    left: list[object] = []

    def disconnect() -> None:
        connections.disconnect("a")
        left.extend(sockets_to(milvus.port))
        closed.set()

    async def work() -> None:
        await connections.async_client("a").list_collections()
        threading.Thread(target=disconnect).start()
        assert closed.wait(5)  # this blocks the loop

    asyncio.run(work())
    assert left == []


def test_without_a_running_loop_it_is_for_the_next_one(
    connections: ConnectionRegistry, milvus: MilvusTestServer
) -> None:
    """A script asks for the client first and starts its loop then."""
    connections.connect("a", uri=milvus.address)
    client = connections.async_client("a")
    files = open_files()
    assert isinstance(asyncio.run(client.list_collections()), list)
    assert connections.async_client("a") is not client
    connections.disconnect("a")
    assert open_files() <= files
    connection = connections.connect("a")
    connection.disconnect()
    with pytest.raises(ClosedError):
        _ = connection.async_client
