"""As many connections as there may be: one after another, from several threads, and all closed."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from benchmarks.report import Table

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
call = grpc.insecure_channel({target!r}).unary_unary(
    "/milvus.proto.milvus.MilvusService/GetVersion"
)
call(b"")
before = process.memory_info().rss

def timed(work):
    start = time.perf_counter()
    for _ in range({count}):
        work()
    return time.perf_counter() - start

connecting = timed(lambda: kept.append(pymilvus.MilvusClient({uri!r})))
grown = process.memory_info().rss - before
closing = timed(lambda: kept.pop().close())
print(json.dumps([connecting, grown, closing, timed(lambda: call(b""))]), flush=True)
"""
_THEIR_COUNT = 1_024

# In seconds.
_CONNECTING_S = 60.0
_CLOSING_S = 3.0


#: Threads → how many aliases they connect.
AS_MANY = {1: 65_536, 8: 65_536}

#: What takes less time.
SOME = {1: 65_536, 8: 16_384}


def run(server: MilvusTestServer, counts: Mapping[int, int] = AS_MANY) -> list[Table]:
    """Measure in a fresh process each time; goals are in proportion to the number of aliases."""
    rows: list[list[str]] = []
    first = 0.0  # seconds an alias, of the first row
    for threads, count in counts.items():
        connecting, grown, status, closing = _measured(
            _MEASURE, uri=server.uri, port=server.port, count=count, threads=threads
        )
        share = count / 65_536
        first = first or connecting / count
        rows.append(
            [
                f"{threads} thread{'s' if threads > 1 else ''}",
                f"{count:,}",
                _goal(connecting, _CONNECTING_S * share),
                f"{connecting / count * 1e6:.0f} µs",
                f"{grown / count / 1024:.1f} KiB",
                f"{status * 1000:.0f} ms",
                _goal(closing, _CLOSING_S * share),
            ]
        )
    theirs, grown, left, calls = _measured(
        _THEIRS, uri=server.uri, target=f"localhost:{server.port}", count=_THEIR_COUNT
    )
    each = grown / _THEIR_COUNT / 1024
    rows += [
        _beside("MilvusClient (shares a connection)", theirs, f"{each:.1f} KiB", f"{left:.2f} s"),
        _beside("the limit: one call each, on an open gRPC channel", calls),
    ]
    heads = ["", "aliases", "connecting", "each", "memory of each", "status", "disconnect_all"]
    peer, limit = first * _THEIR_COUNT / theirs, first * _THEIR_COUNT / calls
    notes = [
        "All on one server; after disconnect_all no socket is left.",
        f"From one thread each of ours takes {peer:.2f} times the peer's, {limit:.2f} the limit's.",
    ]
    return [Table("as many aliases as there may be", heads, rows, notes)]


def _beside(name: str, seconds: float, memory: str = "", closing: str = "") -> list[str]:
    each = f"{seconds / _THEIR_COUNT * 1e6:.0f} µs"
    return [name, f"{_THEIR_COUNT:,}", f"{seconds:.2f} s", each, memory, "", closing]


def _goal(seconds: float, most: float) -> str:
    is_met = "met" if seconds <= most else "MISSED"
    return f"{seconds:.2f} s (goal: at most {most:.1f}, {is_met})"


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
