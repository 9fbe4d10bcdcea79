"""A long run: ``python -m benchmarks.soak [SECONDS]``, an hour by default (``make soak``).

1,000 connections on 100 endpoints, of which ten come and go, again and again. Memory, threads and
files end where they began, and it costs at most 2 % of a core. Not part of CI.
"""

from __future__ import annotations

import argparse
import gc
import os
import threading
import time
from dataclasses import dataclass

os.environ.setdefault("GRPC_VERBOSITY", "ERROR")

import psutil

from milvus_nb import ConnectionRegistry
from tests.support.helpers import sockets_to, wait_until
from tests.support.servers import MilvusTestServer

_ENDPOINTS = 100
_ALIASES_EACH = 10
_COMING_AND_GOING = 10
_EVERY_S = 20.0

# What counts as "where it began": of memory in MiB, of the rest as such; and of a core in percent.
_MOST_MORE_MB = 8.0
_MOST_CPU = 2.0
_REPORTS = 20


@dataclass
class _Look:
    at: float
    cpu: float
    mb: float
    threads: int
    files: int
    sockets: int

    def __str__(self) -> str:
        return (
            f"{self.mb:8.1f} MB {self.threads:5} threads {self.files:5} files"
            f" {self.sockets:5} sockets"
        )


class Soak:
    """The connections of one run.

    Parameters
    ----------
    server
        With authorization off: it takes any token, and each is an endpoint of its own.
    """

    def __init__(self, server: MilvusTestServer) -> None:
        self._server = server
        self._connections = ConnectionRegistry(timeout=30.0)
        self._process = psutil.Process()
        self._rounds = 0
        self._looked = 0.0  # CPU seconds that were spent on looking

    def run(self, seconds: float) -> list[str]:
        """Let it go on for so long; give what is wrong afterwards."""
        before = self._look()
        for endpoint in range(_ENDPOINTS):
            self._connect(endpoint)
        self._come_and_go()  # what is kept of the first time is none of what grows
        first = last = self._look()
        print(f"start     {before}\nconnected {first}", flush=True)
        ends, report = first.at + seconds, seconds / _REPORTS
        told = first.at
        while time.monotonic() < ends:
            self._come_and_go()
            time.sleep(min(_EVERY_S, max(ends - time.monotonic(), 0)))
            if time.monotonic() - told >= report:
                told, last = time.monotonic(), self._look()
                print(f"{last.at - first.at:7.0f} s {last} {_cpu(first, last):6.2f} %", flush=True)
        last = self._look()
        wrong = _compared(first, last)
        states = {self._connections[alias].state for alias in self._connections}
        wrong += [f"not all are connected: {states}"] if states != {"connected"} else []
        self._connections.disconnect_all()
        wrong += ["sockets are left"] if sockets_to(self._server.port) else []
        self._connections.shutdown()
        wait_until(lambda: not any("milvus-nb" in one.name for one in threading.enumerate()))
        after = self._look()
        print(
            f"end       {last} {_cpu(first, last):6.2f} %, {self._rounds} rounds\nclosed    {after}"
        )
        return wrong

    def _connect(self, endpoint: int) -> None:
        for number in range(_ALIASES_EACH):
            alias, token = f"c{endpoint}-{number}", f"user{endpoint}:x"
            self._connections.connect(alias, uri=self._server.uri, token=token)

    def _come_and_go(self) -> None:
        """Have ten endpoints go, others each time, and come back."""
        first = self._rounds * _COMING_AND_GOING % _ENDPOINTS
        gone = range(first, first + _COMING_AND_GOING)
        self._connections.disconnect_each(
            f"c{endpoint}-{number}" for endpoint in gone for number in range(_ALIASES_EACH)
        )
        for endpoint in gone:
            self._connect(endpoint)
        self._rounds += 1

    def _threads(self) -> int:
        """Count those that stay: gRPC has one for each call that is under way."""
        counts = []
        for _ in range(20):
            counts.append(self._process.num_threads())
            time.sleep(0.05)
        return min(counts)

    def _look(self) -> _Look:
        began = time.process_time()
        gc.collect()
        found = _Look(
            at=time.monotonic(),
            cpu=began - self._looked,
            mb=self._process.memory_info().rss / 2**20,
            threads=self._threads(),
            files=self._process.num_fds(),
            sockets=len(sockets_to(self._server.port)),
        )
        self._looked += time.process_time() - began
        return found


def _cpu(first: _Look, last: _Look) -> float:
    return 100 * (last.cpu - first.cpu) / max(last.at - first.at, 1e-9)


def _compared(first: _Look, last: _Look) -> list[str]:
    wrong = []
    if last.mb > first.mb + _MOST_MORE_MB:
        wrong.append(f"memory grew from {first.mb:.1f} to {last.mb:.1f} MB")
    for name in ("threads", "files", "sockets"):
        began, ended = getattr(first, name), getattr(last, name)
        if ended > began + (2 if name == "threads" else 0):  # gRPC's own come and go
            wrong.append(f"{name}: {began} at first, {ended} at the end")
    if (cpu := _cpu(first, last)) > _MOST_CPU:
        wrong.append(f"it took {cpu:.2f} % of a core, more than {_MOST_CPU:g}")
    return wrong


def main() -> None:
    """Run it, and fail where something is wrong."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.add_argument("seconds", nargs="?", type=float, default=3600.0)
    given = parser.parse_args()
    server = MilvusTestServer()
    try:
        wrong = Soak(server).run(given.seconds)
    finally:
        server.stop()
    if wrong:
        raise SystemExit("\n".join(wrong))
    print("Everything is where it began.")


if __name__ == "__main__":
    main()
