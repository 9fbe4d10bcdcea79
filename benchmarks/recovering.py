"""From a server's return to the first answer: our client, a stock one, and our state."""

from __future__ import annotations

import contextlib
import logging
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import grpc
import pymilvus

from benchmarks.report import Figures
from milvus_nb import ConnectionRegistry
from tests.support.helpers import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.support.servers import MilvusTestServer

#: Seconds between a server's death and its new start.
OUTAGES = (5.0, 20.0, 60.0)

_CALL_EVERY_S = 0.05
_LOOK_EVERY_S = 0.02
_CAP_S = 150.0
_INFINITY = float("inf")
_OURS, _STOCK = "connections.client(alias)", "MilvusClient(uri)"


class _Place(Protocol):
    """What is taken away, and given back."""

    @property
    def uri(self) -> str: ...
    @property
    def address(self) -> str: ...
    def kill(self) -> None: ...
    def launch(self) -> None: ...


@dataclass
class _Outages:
    """What outages of one length gave, in seconds."""

    down: list[float] = field(default_factory=list)
    ours: list[float] = field(default_factory=list)
    stock: list[float] = field(default_factory=list)
    state: list[float] = field(default_factory=list)
    longest: dict[str, float] = field(default_factory=dict)

    def figures(self, title: str) -> Figures:
        """Give them to be printed; how long it was really away is part of the title."""
        down = ", ".join(f"{value:.1f}" for value in self.down)
        states = ", ".join(f"{value:.2f}" for value in self.state)
        notes = {name: f"the longest call took {self.longest[name]:.1f} s" for name in self.longest}
        notes[_OURS] += f"; connection.state was connected after {states} s"
        return Figures(
            f"{title}, away for {down} s: from back to the first answer",
            {_OURS: self.ours, _STOCK: self.stock},
            unit="s",
            cap=_CAP_S,
            notes=notes,
        )


def run(server: MilvusTestServer, outages: Sequence[float] = OUTAGES) -> list[Figures]:
    """Measure each outage with clients that are called all the time, and not before it is over.

    Each is measured with a server that is killed and with a server whose network goes away: a
    starting Milvus accepts connections long before it answers (and answers them then, which hides
    a client's backoff), a network is back at once.

    Parameters
    ----------
    server
        Killed and started again.
    outages
        Seconds each; one that is named twice is measured twice.
    """
    logging.getLogger("pymilvus").setLevel(logging.CRITICAL)
    figures = []
    for calling in (True, False):
        how = "called every 50 ms" if calling else "not called until it is back"
        killed: dict[float, _Outages] = {seconds: _Outages() for seconds in outages}
        cut: dict[float, _Outages] = {seconds: _Outages() for seconds in outages}
        for seconds in outages:
            _measure(server, seconds, killed[seconds], calling=calling)
            server.wait_ready()
            with _network(server.port) as network:
                _measure(network, seconds, cut[seconds], calling=calling)
        figures += [
            found.figures(f"server killed, started after {seconds:g} s; {how}")
            for seconds, found in killed.items()
        ]
        figures += [
            found.figures(f"network cut for {seconds:g} s; {how}") for seconds, found in cut.items()
        ]
    return figures


def _measure(place: _Place, seconds: float, found: _Outages, *, calling: bool) -> None:
    connections = ConnectionRegistry()
    connection = connections.connect("bench", uri=place.uri)
    connected: list[float] = []

    def observe(change: Any) -> None:
        if change["new"] == "connected":
            connected.append(time.monotonic())

    callers = {
        _OURS: _Caller(connections.client("bench")),
        _STOCK: _Caller(pymilvus.MilvusClient(place.uri)),
    }
    for caller in callers.values():
        caller.call()  # it works
        if calling:
            caller.start()
    time.sleep(1)
    connection.observe(observe, "state")
    killed = time.monotonic()
    place.kill()
    time.sleep(seconds)
    launched = time.monotonic()
    place.launch()
    back = _wait_until_back(place.address)
    if not calling:
        for caller in callers.values():
            caller.start()
    while time.monotonic() < back + _CAP_S and not (
        connected and all(caller.first_answer(launched) < _INFINITY for caller in callers.values())
    ):
        time.sleep(0.02)
    for name, caller in callers.items():
        caller.stop()
        found.longest[name] = max(found.longest.get(name, 0.0), caller.longest)
    found.down.append(back - killed)
    found.ours.append(callers[_OURS].first_answer(launched) - back)
    found.stock.append(callers[_STOCK].first_answer(launched) - back)
    found.state.append(min(connected, default=_INFINITY) - back)
    connections.shutdown()
    callers[_STOCK].client.close()


class _Caller(threading.Thread):
    """Calls a client every 50 ms and notes when it was answered."""

    def __init__(self, client: Any) -> None:
        super().__init__(daemon=True)
        self.client = client
        self.longest = 0.0  # seconds, answered or not
        self._answered: list[float] = []
        self._stop_calling = threading.Event()

    def run(self) -> None:
        """Call until stopped."""
        while not self._stop_calling.is_set():
            start = time.monotonic()
            with contextlib.suppress(Exception):  # the server is away, however it is said
                self.call()
                self._answered.append(time.monotonic())
            self.longest = max(self.longest, time.monotonic() - start)
            self._stop_calling.wait(_CALL_EVERY_S)

    def call(self) -> None:
        """Call once; beside a timeout pymilvus takes `retry_times` without heeding it."""
        self.client.list_collections(timeout=1.0, retry_times=0)

    def first_answer(self, since: float) -> float:
        """Give when a call was first answered after `since`; infinity while none was."""
        return next((moment for moment in self._answered if moment > since), _INFINITY)

    def stop(self) -> None:
        """Stop calling."""
        self._stop_calling.set()
        self.join(30)


class _Forwarder:
    """The network to a server: a process that hands its bytes on, and can be taken away."""

    _CODE = """
import asyncio, contextlib, sys

async def hand_on(reader, writer):
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()

async def accept(reader, writer):
    there, back = await asyncio.open_connection("127.0.0.1", int(sys.argv[2]))
    await asyncio.gather(hand_on(reader, back), hand_on(there, writer))

async def main():
    server = await asyncio.start_server(accept, "127.0.0.1", int(sys.argv[1]))
    await server.serve_forever()

asyncio.run(main())
"""

    def __init__(self, to: int) -> None:
        self._to = to
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"localhost:{self._port}"

    @property
    def uri(self) -> str:
        return f"http://{self.address}"

    def launch(self) -> None:
        command = [sys.executable, "-S", "-c", self._CODE, str(self._port), str(self._to)]
        self._process = subprocess.Popen(command)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@contextlib.contextmanager
def _network(to: int) -> Iterator[_Forwarder]:
    forwarder = _Forwarder(to)
    forwarder.launch()
    try:
        _wait_until_back(forwarder.address)
        yield forwarder
    finally:
        forwarder.kill()


def _wait_until_back(address: str) -> float:
    """Give the time of the first healthy answer to a fresh channel."""
    options = [("grpc.enable_http_proxy", 0), ("grpc.use_local_subchannel_pool", 1)]
    while True:
        with grpc.insecure_channel(address, options) as channel:
            check: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(
                "/milvus.proto.milvus.MilvusService/CheckHealth"
            )
            # Who waits on a connection that a starting Milvus has accepted is answered at once.
            with contextlib.suppress(grpc.RpcError):
                if b"\x10\x01" in check(b"", timeout=0.5):  # field 2, isHealthy, is true
                    return time.monotonic()
        time.sleep(_LOOK_EVERY_S)
