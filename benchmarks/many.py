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

# In seconds.
_CONNECTING_S = 60.0
_CLOSING_S = 3.0


#: Threads → how many aliases they connect.
AS_MANY = {1: 65_536, 8: 65_536}

#: What takes less time.
SOME = {1: 65_536, 8: 16_384}


def run(server: MilvusTestServer, counts: Mapping[int, int] = AS_MANY) -> list[Table]:
    """Measure in a fresh process each time; goals are in proportion to the number of aliases."""
    rows = []
    for threads, count in counts.items():
        connecting, grown, status, closing = _measured(
            uri=server.uri, port=server.port, count=count, threads=threads
        )
        share = count / 65_536
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
    heads = ["", "aliases", "connecting", "each", "memory of each", "status", "disconnect_all"]
    note = "All on one server; after disconnect_all no socket is left."
    return [Table("as many aliases as there may be", heads, rows, [note])]


def _goal(seconds: float, most: float) -> str:
    is_met = "met" if seconds <= most else "MISSED"
    return f"{seconds:.2f} s (goal: at most {most:.1f}, {is_met})"


def _measured(**values: Any) -> list[float]:
    done = subprocess.run(
        [sys.executable, "-c", _MEASURE.format(**values)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"this failed: {values}\n{done.stderr}")
    found: list[float] = json.loads(done.stdout.splitlines()[-1])
    return found
