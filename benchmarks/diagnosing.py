"""From a connect that must fail to its error, and what the error says; beside MilvusClient."""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pymilvus

from benchmarks.report import Figures, in_turns
from milvus_nb import ConnectionRegistry
from tests.support.helpers import free_port
from tests.support.servers import MilvusTestServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_OURS = "milvus_nb"
_THEIRS = "MilvusClient(...)"
_THEIRS_WITH_CALL = "MilvusClient(...).list_collections()"


@dataclass
class _Failure:
    """What is asked for in vain: the keywords, which both know."""

    name: str
    uri: str
    more: dict[str, Any] = field(default_factory=dict)
    runs: int = 5
    with_call: bool = False  # whether the failure may show only at the first call


def run(server: MilvusTestServer, runs: int = 5) -> list[Figures]:
    """Measure each failure in turns; a registry, and so a monitor, of its own each time."""
    logging.getLogger("pymilvus").setLevel(logging.CRITICAL)  # it would print a traceback each time
    with contextlib.ExitStack() as stack:
        auth = stack.enter_context(_server(auth=True))
        tls = stack.enter_context(_server(tls="server"))
        silent = stack.enter_context(_silent_port())
        host = server.host
        failures = [
            _Failure("closed port", f"http://{host}:{free_port()}"),
            _Failure("name that does not resolve", "http://nowhere.invalid:19530"),
            _Failure("wrong password", auth.uri, {"token": "root:wrong"}),
            _Failure("TLS asked of a plaintext server", f"https://{server.address}"),
            _Failure("plaintext asked of a TLS server", f"http://{tls.address}"),
            _Failure("certificate of an unknown authority", tls.uri),
            _Failure("management port as address", f"http://{host}:{server.http_port}"),
            _Failure("missing database", server.uri, {"db_name": "nowhere"}, with_call=True),
            _Failure("silent peer, timeout=1", f"http://{host}:{silent}", {"timeout": 1.0}, 3),
        ]
        return [_measure(failure, min(failure.runs, runs)) for failure in failures]


def _measure(failure: _Failure, runs: int) -> Figures:
    notes: dict[str, str] = {}

    def ours() -> float:
        connections = ConnectionRegistry()  # its thread starts with the first connect
        keywords = {"uri": failure.uri, **failure.more}
        seconds, error = _seconds_to_error(lambda: connections.connect(**keywords))
        connections.shutdown()
        diagnosis = getattr(error, "diagnosis", None)
        notes[_OURS] = f"cause: {diagnosis.cause if diagnosis else _first_line(error)}"
        return seconds

    def theirs() -> float:
        clients: list[Any] = []

        def connect() -> None:
            clients.append(pymilvus.MilvusClient(failure.uri, **failure.more))
            if failure.with_call:
                clients[0].list_collections()

        seconds, error = _seconds_to_error(connect)
        for client in clients:
            client.close()
        notes[name] = f"it says: {_first_line(error)}"
        return seconds

    name = _THEIRS_WITH_CALL if failure.with_call else _THEIRS
    title = f"time to the error: {failure.name}"
    return in_turns(title, runs, {_OURS: ours, name: theirs}, notes)


def _seconds_to_error(call: Callable[[], object]) -> tuple[float, Exception | None]:
    start = time.perf_counter()
    try:
        call()
    except Exception as error:  # noqa: BLE001  # whichever it is
        return time.perf_counter() - start, error
    return time.perf_counter() - start, None


def _first_line(error: Exception | None) -> str:
    if error is None:
        return "(no error)"
    text = str(getattr(error, "message", "")) or str(error)
    return f"{' '.join(text.split())[:60]!r}"


@contextlib.contextmanager
def _server(**parameters: Any) -> Iterator[MilvusTestServer]:
    server = MilvusTestServer(**parameters)
    try:
        yield server
    finally:
        server.stop()


@contextlib.contextmanager
def _silent_port() -> Iterator[int]:
    """Give a port that accepts connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        kept: list[socket.socket] = []

        def accept() -> None:
            with contextlib.suppress(OSError):  # the server was closed
                while True:
                    kept.append(server.accept()[0])

        threading.Thread(target=accept, daemon=True).start()
        yield server.getsockname()[1]
        for connection in kept:
            connection.close()
