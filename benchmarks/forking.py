"""What becomes of children of a process that is connected: forks, and pools of processes."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

from benchmarks.report import Table

if TYPE_CHECKING:
    from tests.support.servers import MilvusTestServer

_CODE = """
import concurrent.futures, json, math, multiprocessing, os, threading, time
from milvus_nb import ConnectionRegistry
from tests.support.servers import FaultProxy
connections = ConnectionRegistry(heartbeat=0.2)
found = connections.connect("here", uri="{uri}")
way = FaultProxy(("127.0.0.1", {port}))
def ask():
    while True:
        found.ping(3)
if {kind!r} == "a probe under way":
    threading.Thread(target=ask, daemon=True).start()
def make():
    while True:
        connections.connect("other", uri="{uri}", timeout=60).client
        connections.disconnect("other")
if {kind!r} == "a client being made":
    threading.Thread(target=make, daemon=True).start()
if {kind!r} == "a server unreachable":
    way.__enter__()
    far = connections.connect("far", uri=way.address)
    way.blackhole()
    while far.state != "unreachable":
        time.sleep(0.05)
died, longest = 0, 0.0
for _ in range({forks}):
    start = time.perf_counter()
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    longest = max(longest, time.perf_counter() - start)
    died += os.waitpid(pid, 0)[1] != 0
broken = 0
context = multiprocessing.get_context("fork")
for _ in range({pools}):
    try:
        with concurrent.futures.ProcessPoolExecutor(2, mp_context=context) as pool:
            list(pool.map(math.sqrt, [1, 4, 9]))
    except Exception:
        broken += 1
print(json.dumps([died, broken, 1000 * longest, found.state]), flush=True)
os._exit(0)
"""
_KINDS = ("connected", "a probe under way", "a client being made", "a server unreachable")


def run(server: MilvusTestServer, forks: int = 400, pools: int = 100) -> list[Table]:
    """Fork, and use pools of two processes, in a fresh process for each kind."""
    rows = []
    for kind in _KINDS:
        code = _CODE.format(uri=server.uri, port=server.port, kind=kind, forks=forks, pools=pools)
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        )
        died, broken, longest, state = json.loads(done.stdout.splitlines()[-1])
        lines = len(done.stderr.splitlines())
        rows.append(
            [
                kind,
                f"{died} of {forks}",
                f"{broken} of {pools}",
                f"{longest:.0f} ms",
                state,
                f"{lines}",
            ]
        )
    return [
        Table(
            "children of a connected process",
            ["", "forks died", "pools broke", "longest fork", "parent", "lines on stderr"],
            rows,
            ["A fork waits until no call of ours is under way, or interrupts what takes longer."],
        )
    ]
