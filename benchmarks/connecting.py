"""Connecting, disconnecting, breaking off: beside pymilvus's client and beside gRPC alone."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
import socket
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc
import pymilvus

from benchmarks.report import Figures, in_turns, seconds_until_printed
from milvus_nb import ConnectionRegistry
from milvus_nb.probing import wire
from tests.support.helpers import wait_until
from tests.support.kernels import Kernel

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.servers import MilvusTestServer

_OURS = "from milvus_nb import connections\nc = connections.connect(uri={uri!r})\n"
_THEIRS = "import pymilvus\nc = pymilvus.MilvusClient({uri!r}, dedicated=True)\n"
_LIST = "c.list_collections()\n"
_PRINT = "print('done', flush=True)\n"

_BARE = (
    "import grpc\n"
    "c = grpc.insecure_channel('{address}').unary_unary('" + wire.GetVersion.path + "')(b'')\n"
)

_BARE_LIST = (
    "import grpc\n"
    "c = grpc.insecure_channel('{address}')\n"
    "for method in ('GetVersion', 'ShowCollections'):\n"
    "    c.unary_unary('/milvus.proto.milvus.MilvusService/' + method)(b'')\n"
)

# So long whoever is broken off would wait for an answer, and has waited, in seconds.
_SILENT_S = 10
_BEGUN_S = 0.5

_CLIENT = "MilvusClient(dedicated=True)"
_SHARED = "MilvusClient (shares a connection)"
_LIMIT = "the limit: a new gRPC channel and one call"
_VERIFIED = "the same, with the call that signs in (Connect)"
_CALL = "the limit: one call on an open gRPC channel"
_BARE_NAME = "the limit: gRPC alone, a channel and one call"
_BARE_LIST_NAME = "the limit: gRPC alone, a channel and two calls"
_HAND_OVER = "the limit: a hand-over to an event loop and back"
_CLOSED = "the limit: a gRPC channel, until its socket is closed"


def run(server: MilvusTestServer, runs: int = 200, fresh: int = 10) -> list[Figures]:
    """Measure fresh processes, then warm connects and disconnects in this one."""
    figures = [*_fresh(server, fresh), *_Warm(server).run(runs)]
    return [*figures, _broken_off(min(fresh, 10))]


def _fresh(server: MilvusTestServer, runs: int) -> list[Figures]:
    address = f"localhost:{server.port}"

    def fresh(code: str) -> float:
        return seconds_until_printed((code + _PRINT).format(uri=server.uri, address=address))

    stock = "import pymilvus; MilvusClient(...)"
    return [
        in_turns(
            "fresh process to connected (ours verified: Connect, GetVersion, CheckHealth)",
            runs,
            {
                "milvus_nb": lambda: fresh(_OURS),
                stock: lambda: fresh(_THEIRS),
                _BARE_NAME: lambda: fresh(_BARE),
            },
        ),
        in_turns(
            "fresh process to the client's first answer (list_collections)",
            runs,
            {
                "milvus_nb": lambda: fresh(_OURS + "c = c.client\n" + _LIST),
                stock: lambda: fresh(_THEIRS + _LIST),
                _BARE_LIST_NAME: lambda: fresh(_BARE_LIST),
            },
        ),
    ]


class _Warm:
    """Everything is imported, and the name of the server is known.

    Parameters
    ----------
    server
        Without authorization; it listens on all addresses of this machine.
    """

    def __init__(self, server: MilvusTestServer) -> None:
        self._uri = server.uri
        self._address = f"localhost:{server.port}"
        self._port = server.port
        self._connections = ConnectionRegistry()
        self._open: Any = None
        self._places = (f"127.0.{i}.{j}" for i in range(1, 250) for j in range(1, 250))

    def run(self, runs: int) -> list[Figures]:
        """Measure each so often."""
        watched = ConnectionRegistry()
        watched.connect("watched", uri=self._uri)
        channel = grpc.insecure_channel(self._address)
        call = _call(channel, wire.GetVersion)
        wait_until(lambda: call(wire.GetVersion.request()).version)
        self._shared, loop = pymilvus.MilvusClient(self._uri), _Loop()

        def two_calls() -> float:
            return _timed(lambda: [call(wire.GetVersion.request()) for _ in range(2)])

        figures = [
            in_turns(
                "warm connect (ours proves its sign-in, and knows version, health and round trip)",
                runs,
                {
                    "milvus_nb": lambda: self._connect(self._uri),
                    _CLIENT: lambda: self._connect_theirs(self._uri),
                    _LIMIT: lambda: self._connect_limit(self._address),
                    _VERIFIED: lambda: self._connect_limit(self._address, wire.Connect),
                },
                goals={_CLIENT: 0.75, _LIMIT: 2.0},
            ),
            in_turns(
                "connect to a server that nobody has asked for a while (nothing of it is known)",
                runs,
                {
                    "milvus_nb": lambda: self._connect(f"http://{self._place()}"),
                    _CLIENT: lambda: self._connect_theirs(f"http://{self._place()}"),
                    _LIMIT: lambda: self._connect_limit(self._place()),
                },
            ),
            in_turns(
                "a further alias of a server that is connected",
                runs,
                {
                    "milvus_nb": lambda: _then(
                        _timed(lambda: watched.connect("further", uri=self._uri)),
                        lambda: watched.disconnect("further"),
                    ),
                    _SHARED: self._connect_shared,
                    "two calls on an open gRPC channel": two_calls,
                    _CALL: lambda: _timed(lambda: call(wire.GetVersion.request())),
                },
                goals={"two calls on an open gRPC channel": 1.0},
            ),
            in_turns(
                "disconnect where another alias goes on",
                runs,
                {
                    "milvus_nb": lambda: self._disconnect(watched, "further"),
                    f"{_SHARED}.close()": self._close_shared,
                    _HAND_OVER: loop.hand_over,
                },
                goals={"milvus_nb": 0.6},
            ),
            in_turns(
                "disconnect the last one (ours returns when the socket is closed)",
                runs,
                {
                    "milvus_nb": lambda: self._disconnect(self._connections, "bench"),
                    f"{_CLIENT}.close()": self._close_theirs,
                    _CLOSED: self._close_limit,
                },
            ),
        ]
        loop.close()
        self._shared.close()
        channel.close()
        watched.shutdown()
        self._connections.shutdown()
        return figures

    def _place(self) -> str:
        return f"{next(self._places)}:{self._port}"

    def _connect(self, uri: str) -> float:
        seconds = _timed(lambda: self._connections.connect("bench", uri=uri))
        self._connections.disconnect("bench")
        return seconds

    def _connect_theirs(self, uri: str) -> float:
        seconds = _timed(lambda: self._keep(pymilvus.MilvusClient(uri, dedicated=True)))
        self._open.close()
        return seconds

    def _connect_shared(self) -> float:
        seconds = _timed(lambda: self._keep(pymilvus.MilvusClient(self._uri)))
        self._open.close()
        return seconds

    def _connect_limit(self, address: str, method: wire.Method = wire.GetVersion) -> float:
        seconds = _timed(lambda: self._connect_bare(address, method))
        self._open.close()
        return seconds

    def _connect_bare(self, address: str, method: wire.Method = wire.GetVersion) -> None:
        # A socket of its own, as the others have.
        options = [("grpc.use_local_subchannel_pool", 1)]
        self._keep(grpc.insecure_channel(address, options))
        _call(self._open, method)(method.request())

    def _disconnect(self, connections: ConnectionRegistry, alias: str) -> float:
        connections.connect(alias, uri=self._uri)
        return _timed(lambda: connections.disconnect(alias))

    def _close_theirs(self) -> float:
        self._keep(pymilvus.MilvusClient(self._uri, dedicated=True))
        return _timed(self._open.close)

    def _close_shared(self) -> float:
        self._keep(pymilvus.MilvusClient(self._uri))
        return _timed(self._open.close)

    def _close_limit(self) -> float:
        before = _sockets()
        self._connect_bare(self._address)
        mine = _sockets() - before

        def close() -> None:
            self._open.close()
            while mine & _sockets():
                pass

        return _timed(close)

    def _keep(self, opened: object) -> None:
        self._open = opened


class _Loop:
    """An event loop on a thread of its own, as whoever watches something has one."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()

    def hand_over(self) -> float:
        return _timed(lambda: asyncio.run_coroutine_threadsafe(_nothing(), self._loop).result())

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


async def _nothing() -> None:
    pass


def _sockets() -> set[str]:
    """List this process's sockets."""
    links = []
    for name in os.listdir("/dev/fd"):
        with contextlib.suppress(OSError):
            links.append(os.readlink(f"/dev/fd/{name}"))
    return {link for link in links if link.startswith("socket:")}


def _call(channel: grpc.Channel, method: wire.Method) -> Any:
    return channel.unary_unary(
        method.path, method.request.SerializeToString, method.response.FromString
    )


def _timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _then(seconds: float, clean_up: Callable[[], object]) -> float:
    clean_up()
    return seconds


def _broken_off(runs: int) -> Figures:
    with tempfile.TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as silent:
        kernel, uri = Kernel(Path(folder)), f"http://localhost:{silent.getsockname()[1]}"
        kernel.run("%load_ext milvus_nb\nimport pathlib, time, pymilvus")

        def interrupt(line: str) -> float:
            begun = Path(folder, "begun")
            begun.unlink(missing_ok=True)
            cell = kernel.submit(f"pathlib.Path('begun').touch()\n{line}")
            wait_until(begun.exists)
            time.sleep(_BEGUN_S)
            start = time.perf_counter()
            kernel.interrupt()
            kernel.finish(cell)
            return time.perf_counter() - start

        lines = {
            "milvus_nb": f"%milvus connect {uri} --timeout {_SILENT_S}",
            _CLIENT: f"pymilvus.MilvusClient('{uri}', timeout={_SILENT_S}, dedicated=True)",
            "the limit: a cell that sleeps": f"time.sleep({_SILENT_S})",
        }
        try:
            return in_turns(
                "Ctrl-C to the end of a cell that connects to a silent server",
                runs,
                {name: functools.partial(interrupt, line) for name, line in lines.items()},
                goals={"milvus_nb": 100},
            )
        finally:
            kernel.stop()
