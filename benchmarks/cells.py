"""What somebody waits for in a fresh kernel, cell by cell, beside the same with pymilvus alone."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.report import Figures
from tests.support.kernels import Kernel

if TYPE_CHECKING:
    from tests.support.servers import MilvusTestServer


def _call(method: str) -> str:
    return f"channel.unary_unary('/milvus.proto.milvus.MilvusService/{method}')(b'')"


_OURS = {
    "load": "%load_ext milvus_nb",
    "connect": "%milvus connect {uri}",
    "client": "client = %milvus client",
    "list": "client.list_collections()",
}
_THEIRS = {
    "load": "from pymilvus import MilvusClient",
    "connect": "client = MilvusClient('{uri}', dedicated=True)",
    "list": "client.list_collections()",
}
_LIMIT = {
    "load": "import grpc",
    "connect": "channel = grpc.insecure_channel('{address}'); " + _call("GetVersion"),
    "list": _call("ShowCollections"),
}
_CANDIDATES = {"milvus_nb": _OURS, "pymilvus alone": _THEIRS, "the limit: gRPC alone": _LIMIT}
# Where somebody has a client: theirs, and gRPC's channel, are made in the cell that connects.
_IN_PLACE_OF = {"client": "connect"}
_TITLES = {
    "load": "fresh kernel: the cell that loads (ours: %load_ext; theirs: import pymilvus)",
    "connect": "then, a second later: the cell that connects",
    "client": "then, a second later: client = %milvus client (the others: the cell that connects)",
    "list": "then: the client's first answer (list_collections)",
    "all": "all these cells together, without the pauses",
}
_READING_S = 1.0


def run(server: MilvusTestServer, runs: int = 10) -> list[Figures]:
    """Measure in kernels of their own, in turns; the user reads and types between the cells."""
    found: dict[str, list[dict[str, float]]] = {name: [] for name in _CANDIDATES}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(runs):
            for name, cells in _CANDIDATES.items():
                found[name].append(_cells(Path(folder), cells, server))
    figures = []
    for name, title in _TITLES.items():
        times = {
            who: [one.get(name) or one[_IN_PLACE_OF[name]] for one in each]
            for who, each in found.items()
        }
        goals = {"milvus_nb": 50.0} if name == "connect" else {}
        figures.append(Figures(title, times, goals=goals))
    return figures


def _cells(folder: Path, cells: dict[str, str], server: MilvusTestServer) -> dict[str, float]:
    kernel = Kernel(folder)
    try:
        kernel.run("None")
        times = {}
        for name, code in cells.items():
            start = time.perf_counter()
            kernel.run(code.format(uri=server.uri, address=f"localhost:{server.port}"))
            times[name] = (time.perf_counter() - start) * 1000
            time.sleep(_READING_S)
        return times | {"all": sum(times.values())}
    finally:
        kernel.stop()
