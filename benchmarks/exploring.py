"""Looking into databases, beside pymilvus's MilvusClient, idle and beside a busy cell."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pymilvus

from benchmarks.report import Figures, in_turns
from milvus_nb import ConnectionRegistry
from tests.support.servers import MilvusTestServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_NAME = "bench_exploring"
_DIM = 768
_ROWS = 100
MOST_REAL = 1_000
_SERVER = """
import sys
from pymilvus.grpc_gen import milvus_pb2
from tests.support.servers import HEALTHY, ScriptedMilvus
names = [f"a_collection_of_some_name_{{number}}" for number in range({count})]
listed = milvus_pb2.ShowCollectionsResponse(collection_names=names)
there = milvus_pb2.ListDatabasesResponse(db_names=["default"]).SerializeToString()
with ScriptedMilvus(
    {{**HEALTHY, "ShowCollections": listed.SerializeToString(), "ListDatabases": there}}
) as server:
    print(server.address, flush=True)
    sys.stdin.read()  # until it is ended
"""


def run(
    server: MilvusTestServer, counts: tuple[int, ...] = (1, 100, 1_000, 10_000)
) -> list[Figures]:
    """Measure on real servers; 10,000 collections on one that only answers with their names."""
    figures = []
    for count in counts:
        with with_collections(server, count) if count <= MOST_REAL else answering(count) as at:
            figures.append(_names(count, *at))
    # What was just written is read with a server's next time tick, 200 ms by default: one that
    # ticks faster shows what is spent else.
    ticking = MilvusTestServer(settings={"proxy.timeTickInterval": 10})
    try:
        return [*figures, *_one_collection(ticking)]
    finally:
        ticking.stop()


def _one_collection(server: MilvusTestServer) -> list[Figures]:
    connections = ConnectionRegistry()
    connection = connections.connect("bench", uri=server.uri, timeout=20)
    client = pymilvus.MilvusClient(server.uri, dedicated=True)
    _make(client)
    works: dict[str, tuple[Callable[[], Any], Callable[[], Any]]] = {
        "describe a collection": (
            lambda: connection.describe(_NAME),
            lambda: _describe(client),
        ),
        f"5 rows of {_DIM} dimensions": (
            lambda: connection.peek(_NAME),
            lambda: client.query(
                _NAME, filter="", output_fields=["*"], limit=5, consistency_level="Strong"
            ),
        ),
    }
    figures = []
    for title, (ours, theirs) in works.items():
        for is_busy in (False, True):
            with _busy() if is_busy else contextlib.nullcontext():
                figures.append(
                    in_turns(
                        f"{title}{', beside a busy cell' if is_busy else ''}",
                        30,
                        {
                            "milvus_nb": _timed(ours),
                            "the same calls of MilvusClient": _timed(theirs),
                        },
                    )
                )
    client.close()
    connections.shutdown()
    return figures


def _names(count: int, uri: str, database: str) -> Figures:
    connections = ConnectionRegistry()
    connection = connections.connect("names", uri=uri, db_name=database, timeout=20)
    client = pymilvus.MilvusClient(uri, db_name=database, dedicated=True)
    if not len(connection.collections()) == len(client.list_collections()) == count:
        raise RuntimeError(f"{uri} does not have {count} collections")
    of = "" if count <= MOST_REAL else ", of a server that only answers"
    found = in_turns(
        f"names of {count:,} collections{of}",
        50,
        {
            "milvus_nb": _timed(connection.collections),
            "MilvusClient.list_collections()": _timed(client.list_collections),
        },
    )
    client.close()
    connections.shutdown()
    return found


@contextlib.contextmanager
def with_collections(server: MilvusTestServer, count: int) -> Iterator[tuple[str, str]]:
    """Give the address of a database with so many collections."""
    database = f"{_NAME}_{count}"
    root = pymilvus.MilvusClient(server.uri, dedicated=True)
    root.create_database(database)
    client = pymilvus.MilvusClient(server.uri, db_name=database, dedicated=True)
    schema = client.create_schema()
    schema.add_field("id", pymilvus.DataType.INT64, is_primary=True)
    schema.add_field("vector", pymilvus.DataType.FLOAT_VECTOR, dim=2)
    names = [f"a_collection_of_some_name_{number}" for number in range(count)]
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda name: client.create_collection(name, schema=schema), names))
        yield server.uri, database
        list(threads.map(client.drop_collection, names))
    root.drop_database(database)
    client.close()
    root.close()


@contextlib.contextmanager
def answering(count: int) -> Iterator[tuple[str, str]]:
    """Give the address of a server, in a process of its own, that answers with so many names."""
    code = _SERVER.format(count=count)
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        address = process.stdout.readline().strip() if process.stdout else ""
        yield f"http://{address}", ""
        process.terminate()


def _describe(client: pymilvus.MilvusClient) -> None:
    """Ask for what a description has, with the calls that a user would write."""
    client.describe_collection(_NAME)
    for index in client.list_indexes(_NAME):
        client.describe_index(_NAME, index)
    client.get_load_state(_NAME)
    client.list_partitions(_NAME)
    client.list_aliases(_NAME)
    client.query(_NAME, filter="", output_fields=["count(*)"], consistency_level="Strong")


def _make(client: pymilvus.MilvusClient) -> None:
    client.create_collection(_NAME, _DIM)
    client.insert(_NAME, [{"id": row, "vector": [0.5] * _DIM} for row in range(_ROWS)])


def _timed(work: Callable[[], Any]) -> Callable[[], float]:
    def measure() -> float:
        start = time.perf_counter()
        work()
        return time.perf_counter() - start

    return measure


@contextlib.contextmanager
def _busy() -> Iterator[None]:
    """Compute in another thread, as a cell does."""
    done = threading.Event()

    def compute() -> None:
        while not done.is_set():
            sum(range(1_000))

    thread = threading.Thread(target=compute)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
