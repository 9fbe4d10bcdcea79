"""As many connections as there may be: one after another, from several threads, and all closed."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from benchmarks.report import Figures, Table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.support.servers import MilvusTestServer

_MEASURE = """
import json, threading, time
import psutil
from milvus_nb import ConnectionRegistry
from milvus_nb.views.status import StatusTable
process = psutil.Process()
connections = ConnectionRegistry()
connections.connect("first", uri={uri!r})
before = process.memory_info().rss

def connect(part):
    for number in range(part, {count} - 1, {threads}):
        connections.connect(f"c{{number}}", uri={uri!r})

def timed(work):
    start = time.perf_counter()
    work()
    return time.perf_counter() - start

def connect_all():
    threads = [threading.Thread(target=connect, args=(part,)) for part in range({threads})]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

connecting = timed(connect_all)
assert len(connections) == {count}
grown = process.memory_info().rss - before
status = timed(lambda: repr(StatusTable(connections.connections(), "first", 20, [], [])))
closing = timed(connections.disconnect_all)
peers = [c for c in process.net_connections("tcp") if c.raddr and c.raddr.port == {port}]
assert not len(connections) and not peers, peers
connections.shutdown()
print(json.dumps([connecting, grown, status, closing]), flush=True)
"""

# Those of pymilvus that share a connection, as ours do; and one call each, as a limit.
_THEIRS = """
import json, time
import psutil, pymilvus
import grpc
process = psutil.Process()
kept = [pymilvus.MilvusClient({uri!r})]
channel = grpc.insecure_channel({target!r}, [("grpc.use_local_subchannel_pool", 1)])
call = channel.unary_unary("/milvus.proto.milvus.MilvusService/GetVersion")
call(b"")
before = process.memory_info().rss

def timed(work):
    start = time.perf_counter()
    for _ in range({count}):
        work()
    return time.perf_counter() - start

def sockets():
    return len([c for c in process.net_connections("tcp") if c.raddr and c.raddr.port == {port}])

def close_channel():
    left, start = sockets(), time.perf_counter()
    channel.close()
    while sockets() >= left and time.perf_counter() - start < 1:
        pass
    return time.perf_counter() - start

connecting = timed(lambda: kept.append(pymilvus.MilvusClient({uri!r})))
grown = process.memory_info().rss - before
closing = timed(lambda: kept.pop().close())
calls = timed(lambda: call(b""))
print(json.dumps([connecting, grown, closing, calls, close_channel()]), flush=True)
"""
_THEIR_COUNT = 1_024
_PEER = "MilvusClient (shares a connection)"

# In seconds.
_CONNECTING_S = 60.0
_CLOSING_S = 3.0


#: Threads → how many aliases they connect.
AS_MANY = {1: 65_536, 8: 65_536}

#: What takes less time.
SOME = {1: 65_536, 8: 16_384}


def run(server: MilvusTestServer, counts: Mapping[int, int] = AS_MANY) -> list[Figures | Table]:
    """Measure in a fresh process each time; goals are in proportion to the number of aliases."""
    theirs, their_memory, left, calls, closed = _measured(
        _THEIRS, uri=server.uri, port=server.port, target=server.address, count=_THEIR_COUNT
    )
    figures: list[Figures | Table] = []
    rows: list[list[str]] = []
    for threads, count in counts.items():
        connecting, grown, status, closing = _measured(
            _MEASURE, uri=server.uri, port=server.port, count=count, threads=threads
        )
        share, times = count / 65_536, count / _THEIR_COUNT
        what = f"{count:,} aliases of one server, {threads} thread{'s' if threads > 1 else ''}"
        figures += [
            Figures(
                f"{what}: connected",
                {
                    "milvus_nb": [connecting],
                    f"{_PEER}, {_THEIR_COUNT:,} in proportion": [theirs * times],
                    "the limit: a call each on an open channel": [calls * times],
                },
                unit="s",
                goals={"milvus_nb": _CONNECTING_S * share},
            ),
            Figures(
                f"{what}: all closed (disconnect_all; no socket is left)",
                {
                    "milvus_nb": [closing],
                    f"{_PEER}.close(), in proportion": [left * times],
                    "the limit: their one channel and its socket": [closed],
                },
                unit="s",
                goals={"milvus_nb": _CLOSING_S * share},
            ),
        ]
        rows.append([what, f"{grown / count / 1024:.1f} KiB", f"{status * 1000:.0f} ms"])
    rows.append(
        [f"{_THEIR_COUNT:,} of {_PEER}", f"{their_memory / _THEIR_COUNT / 1024:.1f} KiB", ""]
    )
    return [*figures, Table("what they take", ["", "memory of each", "%milvus status"], rows)]


def _measured(code: str, **values: Any) -> list[float]:
    done = subprocess.run(
        [sys.executable, "-c", code.format(**values)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"this failed: {values}\n{done.stderr}")
    found: list[float] = json.loads(done.stdout.splitlines()[-1])
    return found
