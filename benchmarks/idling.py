"""What connections cost while nobody uses them: threads, CPU and memory."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from benchmarks.report import Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.support.servers import MilvusTestServer

# With authorization off the server takes any token, and each is an endpoint of its own.
_OURS = """
from milvus_nb import ConnectionRegistry
connections = ConnectionRegistry()
connections.aliases()
import grpc.aio
kept = []
if {with_clients}:
    import pymilvus
def connect(number, token):
    kept.append(connections.connect(f"c{{number}}", uri={uri!r}, token=token, timeout=30))
    if {with_clients}:
        kept.append(connections.client(f"c{{number}}"))
"""
_THEIRS = """
import pymilvus
kept = []
def connect(number, token):
    kept.append(pymilvus.MilvusClient({uri!r}, token=token, dedicated=True))
"""
_LIMIT = """
import grpc
kept, threads = [], []
def connect(number, token):
    if number < {endpoints}:
        channel = grpc.insecure_channel({target!r}, [("grpc.use_local_subchannel_pool", 1)])
        kept.append(channel.unary_unary("/milvus.proto.milvus.MilvusService/CheckHealth"))
    if not threads:
        threads.append(threading.Thread(target=ask, daemon=True))
        threads[0].start()
def ask():
    asked = 0
    while True:
        time.sleep(3.5)
        for _ in range(min(len(kept), 24)):
            kept[asked % len(kept)](b"")
            asked += 1
"""
_MEASURE = """
import gc, json, threading, time
import psutil
process = psutil.Process()
gc.collect()
before = process.memory_info().rss
for number in range({count}):
    connect(number, f"u{{number % {endpoints}}}:x" if {endpoints} > 1 else "")
time.sleep({settle_s})
cpu, start = time.process_time(), time.perf_counter()
time.sleep({idle_s})
cpu, took = time.process_time() - cpu, time.perf_counter() - start
peers = [c for c in process.net_connections("tcp") if c.raddr and c.raddr.port == {port}]
print(json.dumps({{
    "threads": sum("milvus-nb" in thread.name for thread in threading.enumerate()),
    "native": process.num_threads(),
    "sockets": len(peers),
    "cpu": 100 * cpu / took,
    "mb": (process.memory_info().rss - before) / 2**20,
}}), flush=True)
import os
os._exit(0)  # closing them is not what is measured
"""

_OURS_NAME = "milvus_nb"
_WITH_CLIENTS_NAME = "milvus_nb, .client made"
_THEIRS_NAME = "MilvusClient (watches nothing)"
_LIMIT_NAME = "gRPC alone: as many calls"
_CODES = {_THEIRS_NAME: _THEIRS, _LIMIT_NAME: _LIMIT}
_CASES = (
    *((_OURS_NAME, *case) for case in ((1, 1), (100, 1), (1000, 1), (100, 100), (1000, 100))),
    *((_WITH_CLIENTS_NAME, *case) for case in ((100, 1), (100, 100))),
    *((_THEIRS_NAME, *case) for case in ((1, 1), (100, 1), (1000, 1), (100, 100), (1000, 100))),
    *((_LIMIT_NAME, *case) for case in ((1, 1), (100, 100), (1000, 100))),
)

#: Those that say most.
SOME = tuple(case for case in _CASES if case[1:] == (1000, 100))
_MOST_CPU = 2.0


def run(
    server: MilvusTestServer,
    settle_s: float = 5.0,
    idle_s: float = 20.0,
    cases: Sequence[tuple[str, int, int]] = _CASES,
) -> list[Table]:
    """Measure in a fresh process each time.

    Parameters
    ----------
    server
        Without authorization.
    settle_s, idle_s
        Seconds between the last connect and the measurement, and of the measurement.
    cases
        Whose, how many connections, and to how many endpoints.
    """
    rows, cpu = [], {}
    for name, count, endpoints in cases:
        found = _idle(
            _CODES.get(name, _OURS),
            uri=server.uri,
            target=f"localhost:{server.port}",
            port=server.port,
            count=count,
            endpoints=endpoints,
            settle_s=settle_s,
            idle_s=idle_s,
            with_clients=name == _WITH_CLIENTS_NAME,
        )
        cpu[name] = found["cpu"]  # the last is that of most endpoints
        rows.append(
            [
                name,
                f"{count}",
                f"{endpoints}",
                f"{found['threads']}",
                f"{found['native']}",
                f"{found['sockets']}",
                f"{found['cpu']:.2f} %",
                f"{found['mb']:.1f} MB",
            ]
        )
    return [
        Table(
            f"idle for {idle_s:g} s, after {settle_s:g} s of settling",
            [
                "", "connections", "endpoints", "milvus-nb threads", "native threads", "sockets",
                "CPU of a core", "RSS growth",
            ],
            rows,
            [
                "An endpoint is one server and one user. Ours asks up to 24 of them each 3.5 s;",
                "MilvusClient objects (dedicated=True) ask nothing and know nothing while idle.",
                "gRPC alone is the limit: CheckHealth on open channels, one after another, of",
                "as many in the same time, in turn as ours.",
                "RSS growth is over the same process after its imports.",
                *_compared(cpu),
            ],
        )
    ]  # fmt: skip


def _compared(cpu: dict[str, float]) -> list[str]:
    """Say of the last of each kind how ours compares, and whether it is what it is to be."""
    ours = cpu[_OURS_NAME]
    ratios = [
        f"{ours / each:.2f} times {name}" for name, each in cpu.items() if name in _CODES and each
    ]
    is_met = "met" if ours <= _MOST_CPU else "MISSED"
    goal = f"Of a core ours takes {ours:.2f} %   goal: at most {_MOST_CPU:g}, {is_met}"
    return [goal, f"That is {', '.join(ratios)}."]


def _idle(code: str, **values: Any) -> dict[str, float]:
    text = "import threading, time\n" + code + _MEASURE
    done = subprocess.run(
        [sys.executable, "-c", text.format(**values)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"this failed: {values}\n{done.stderr}")
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found
