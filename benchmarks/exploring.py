"""Looking into databases, beside pymilvus's MilvusClient, idle and beside a busy cell."""

from __future__ import annotations

import contextlib
import threading
import time
from typing import TYPE_CHECKING, Any

import pymilvus
from pymilvus.grpc_gen import milvus_pb2

from benchmarks.report import Figures, in_turns
from milvus_nb import ConnectionRegistry
from tests.support.servers import HEALTHY, ScriptedMilvus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.support.servers import MilvusTestServer

_NAME = "bench_exploring"
_DIM = 768
_ROWS = 100


def run(
    server: MilvusTestServer, counts: tuple[int, ...] = (1, 100, 1_000, 10_000)
) -> list[Figures]:
    """Measure names on a server that only answers them, the rest on a real one."""
    connections = ConnectionRegistry()
    figures = [_names(connections, count) for count in counts]
    connection = connections.connect("bench", uri=server.uri, timeout=20)
    client = pymilvus.MilvusClient(server.uri, dedicated=True)
    _make(client)
    theirs_of_one = {
        "describe": lambda: _describe(client),
        "peek": lambda: client.query(
            _NAME, filter="", output_fields=["*"], limit=5, consistency_level="Strong"
        ),
    }
    ours = {
        "describe": lambda: connection.describe(_NAME),
        "peek": lambda: connection.peek(_NAME),
    }
    for what, title in (("describe", "describe a collection"), ("peek", f"5 rows of {_DIM}")):
        for is_busy in (False, True):
            with _busy() if is_busy else contextlib.nullcontext():
                figures.append(
                    in_turns(
                        f"{title}{', beside a busy cell' if is_busy else ''}",
                        10,
                        {
                            "milvus_nb": _timed(ours[what]),
                            "the same calls of MilvusClient": _timed(theirs_of_one[what]),
                        },
                    )
                )
    client.drop_collection(_NAME)
    client.close()
    connections.shutdown()
    return figures


def _names(connections: ConnectionRegistry, count: int) -> Figures:
    names = [f"a_collection_of_some_name_{number}" for number in range(count)]
    listed = milvus_pb2.ShowCollectionsResponse(collection_names=names)
    methods = {**HEALTHY, "ShowCollections": listed.SerializeToString()}
    with ScriptedMilvus(methods) as script:
        connection = connections.connect("names", uri=script.address, timeout=20)
        client = pymilvus.MilvusClient(f"http://{script.address}", dedicated=True)
        found = in_turns(
            f"names of {count:,} collections",
            20,
            {
                "milvus_nb": _timed(connection.collections),
                "MilvusClient.list_collections()": _timed(client.list_collections),
            },
        )
        client.close()
        connections.disconnect("names")
    return found


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
    if client.has_collection(_NAME):
        client.drop_collection(_NAME)
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
