"""Connecting, disconnecting and breaking off, beside pymilvus's MilvusClient."""

from __future__ import annotations

import socket
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pymilvus

from benchmarks.report import Figures, in_turns, seconds_until_printed
from milvus_nb import ConnectionRegistry
from tests.support.helpers import sockets_to, wait_until
from tests.support.kernels import Kernel

if TYPE_CHECKING:
    from tests.support.servers import MilvusTestServer

_OURS = "from milvus_nb import connections\nc = connections.connect(uri={uri!r})\n"
_THEIRS = "import pymilvus\nc = pymilvus.MilvusClient({uri!r}, dedicated=True)\n"
_LIST = "c.list_collections()\n"
_PRINT = "print('done', flush=True)\n"


def run(server: MilvusTestServer) -> list[Figures]:
    """Measure fresh processes, then warm connects and disconnects in this one."""
    uri = server.uri

    def fresh(code: str) -> float:
        return seconds_until_printed((code + _PRINT).format(uri=uri))

    connections = ConnectionRegistry()
    clients: list[pymilvus.MilvusClient] = []

    def connect_ours() -> float:
        start = time.perf_counter()
        connections.connect("bench", uri=uri)
        return time.perf_counter() - start

    def connect_theirs() -> float:
        start = time.perf_counter()
        clients.append(pymilvus.MilvusClient(uri, dedicated=True))
        return time.perf_counter() - start

    def disconnect_ours() -> float:
        start = time.perf_counter()
        connections.disconnect("bench")
        return time.perf_counter() - start

    def disconnect_theirs() -> float:
        client = clients.pop()
        start = time.perf_counter()
        client.close()
        return time.perf_counter() - start

    def then(measure: object, cleanup: object) -> float:
        seconds = measure()  # type: ignore[operator]  # both are functions of this module
        cleanup()  # type: ignore[operator]
        return float(seconds)

    def after(setup: object, measure: object) -> float:
        setup()  # type: ignore[operator]
        return float(measure())  # type: ignore[operator]

    figures = [
        in_turns(
            "fresh process to connected (ours verified: Connect, GetVersion, CheckHealth)",
            10,
            {
                "milvus_nb": lambda: fresh(_OURS),
                "import pymilvus; MilvusClient(...)": lambda: fresh(_THEIRS),
            },
        ),
        in_turns(
            "fresh process to the client's first answer (list_collections)",
            10,
            {
                "milvus_nb": lambda: fresh(_OURS + "c = c.client\n" + _LIST),
                "import pymilvus; MilvusClient(...)": lambda: fresh(_THEIRS + _LIST),
            },
        ),
        in_turns(
            "warm connect (ours verified)",
            200,
            {
                "milvus_nb": lambda: then(connect_ours, disconnect_ours),
                "MilvusClient(dedicated=True)": lambda: then(connect_theirs, disconnect_theirs),
            },
        ),
        in_turns(
            "warm disconnect (the socket is closed)",
            200,
            {
                "milvus_nb": lambda: after(connect_ours, disconnect_ours),
                "MilvusClient.close()": lambda: after(connect_theirs, disconnect_theirs),
            },
        ),
    ]
    connections.shutdown()
    return [*figures, _broken_off()]


def _broken_off() -> Figures:
    with tempfile.TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as silent:
        kernel, port = Kernel(Path(folder)), silent.getsockname()[1]
        kernel.run("%load_ext milvus_nb")

        def interrupt() -> float:
            cell = kernel.submit(f"%milvus connect localhost:{port} --timeout 60")
            wait_until(lambda: sockets_to(port, kernel.pid))
            start = time.perf_counter()
            kernel.interrupt()
            kernel.finish(cell)
            return time.perf_counter() - start

        try:
            title = "Ctrl-C to the end of a cell that connects to a silent server (at most 100 ms)"
            return in_turns(title, 10, {"milvus_nb": interrupt})
        finally:
            kernel.stop()
