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
_TITLES = {
    "load": "fresh kernel: the cell that loads (ours: %load_ext; theirs: import pymilvus)",
    "connect": "then, a second later: the cell that connects",
    "client": "then, a second later: client = %milvus client",
    "list": "then: the client's first answer (list_collections)",
    "all": "all four cells together, without the pauses",
}
_READING_S = 1.0


def run(server: MilvusTestServer, runs: int = 10) -> list[Figures]:
    """Measure in kernels of their own, in turns; the user reads and types between the cells."""
    ours: list[dict[str, float]] = []
    theirs: list[dict[str, float]] = []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(runs):
            ours.append(_cells(Path(folder), _OURS, server.uri))
            theirs.append(_cells(Path(folder), _THEIRS, server.uri))
    figures = []
    for name, title in _TITLES.items():
        times = {"milvus_nb": [one[name] for one in ours]}
        if name in theirs[0]:
            times["pymilvus alone"] = [one[name] for one in theirs]
        goals = {"milvus_nb": 50.0} if name == "connect" else {}
        figures.append(Figures(title, times, goals=goals))
    return figures


def _cells(folder: Path, cells: dict[str, str], uri: str) -> dict[str, float]:
    kernel = Kernel(folder)
    try:
        kernel.run("None")
        times = {}
        for name, code in cells.items():
            start = time.perf_counter()
            kernel.run(code.format(uri=uri))
            times[name] = (time.perf_counter() - start) * 1000
            time.sleep(_READING_S)
        return times | {"all": sum(times.values())}
    finally:
        kernel.stop()
