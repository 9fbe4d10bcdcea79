"""The means to provoke network faults: each does what it says, as sockets see it.

What gRPC makes of them is in `test_diagnosis`, where each provokes its cause.
"""

from __future__ import annotations

import contextlib
import socket
import sys
import time
from typing import TYPE_CHECKING, Any

import grpc
import pytest

from tests.support.helpers import free_port, sockets_to, threads, wait_until
from tests.support.servers import (
    ConnectProxy,
    FaultProxy,
    FullBacklog,
    Peer,
    PostgresPeer,
    RedisPeer,
    ScriptedMilvus,
    SilentPeer,
    run_in_namespace,
    why_no_namespaces,
)

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterator

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="so behaves Linux's backlog")
needs_namespaces = pytest.mark.skipif(bool(why_no_namespaces()), reason=why_no_namespaces())

_CONNECT = "/milvus.proto.milvus.MilvusService/Connect"


class Echo(Peer):
    """It says what it hears."""

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await self.read(reader):
            writer.write(data)


@pytest.fixture
def echo() -> Iterator[Echo]:
    """Give a peer that says what it hears."""
    with Echo() as peer:
        yield peer


@pytest.fixture
def proxy(echo: Echo) -> Iterator[FaultProxy]:
    """Give a proxy before the echo."""
    with FaultProxy((echo.host, echo.port)) as proxy:
        yield proxy


@pytest.fixture
def connect() -> Iterator[Callable[..., socket.socket]]:
    """Connect to something that has a `host` and a `port`; sockets time out after 5 s."""
    with contextlib.ExitStack() as stack:

        def connect(place: Any, timeout_s: float = 5) -> socket.socket:
            return stack.enter_context(
                socket.create_connection((place.host, place.port), timeout_s)
            )

        yield connect


def _asked(connection: socket.socket, data: bytes) -> bytes:
    connection.sendall(data)
    return connection.recv(len(data))


def _is_silent(connection: socket.socket) -> bool:
    """Whether nothing arrives, and no end, for 0.1 s."""
    connection.settimeout(0.1)
    try:
        connection.recv(1)
    except TimeoutError:
        return True
    finally:
        connection.settimeout(5)
    return False


def _called(target: str) -> tuple[str, str]:
    """Call Connect once; return the status and its text, or "OK" and the answer."""
    with grpc.insecure_channel(target, [("grpc.use_local_subchannel_pool", 1)]) as channel:
        call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(_CONNECT)
        try:
            answer = call(b"", timeout=30, metadata=(("authorization", "c2VjcmV0"),))
        except grpc.RpcError as error:
            return error.code().name, error.details() or ""
        return "OK", answer.decode()


# The proxy


def test_it_passes_on_and_counts(
    proxy: FaultProxy, echo: Echo, connect: Callable[..., socket.socket]
) -> None:
    """Bytes, ends and the number of connections, also when it is asked right after connect()."""
    before = time.monotonic()
    first, second = connect(proxy), connect(proxy)
    assert (proxy.live, proxy.connections_seen) == (2, 2)
    assert before <= proxy.accepted_at[0] <= proxy.accepted_at[1] <= time.monotonic()
    assert _asked(first, b"one") == b"one"
    first.close()
    wait_until(lambda: proxy.live == 1)
    assert _asked(second, b"two") == b"two"
    second.shutdown(socket.SHUT_WR)
    assert second.recv(1) == b""
    wait_until(lambda: sockets_to(echo.port) == [])
    assert proxy.connections_seen == 2
    assert echo.received == b"onetwo"


def test_it_passes_much(proxy: FaultProxy, connect: Callable[..., socket.socket]) -> None:
    """More than all buffers hold, in order, also through a delay."""
    proxy.delay(0.01)
    data = bytes(range(256)) * 16_000
    connection = connect(proxy)
    connection.setblocking(False)
    sent, got = 0, b""

    def all_is_back() -> bool:
        nonlocal sent, got
        with contextlib.suppress(BlockingIOError):
            sent += connection.send(data[sent : sent + 100_000])
        with contextlib.suppress(BlockingIOError):
            got += connection.recv(1 << 20)
        return len(got) == len(data)

    wait_until(all_is_back, every_s=0)
    assert got == data


def test_it_passes_on_resets(
    proxy: FaultProxy, echo: Echo, connect: Callable[..., socket.socket]
) -> None:
    """An RST of the server's side is one of the client's."""
    connection = connect(proxy)
    assert _asked(connection, b"one") == b"one"
    with FaultProxy((proxy.host, proxy.port)) as outer:
        connection = connect(outer)
        assert _asked(connection, b"one") == b"one"
        proxy.reset_all()
        with pytest.raises(ConnectionResetError):
            connection.recv(1)


def test_blackhole(proxy: FaultProxy, echo: Echo, connect: Callable[..., socket.socket]) -> None:
    """Live and new connections are silent; one of which bytes were swallowed stays so."""
    lost, idle = connect(proxy), connect(proxy)
    assert [_asked(connection, b"one") for connection in (lost, idle)] == [b"one", b"one"]
    proxy.blackhole()
    new = connect(proxy)
    for connection in (lost, new):
        connection.sendall(b"two")
        assert _is_silent(connection)
    assert proxy.live == 3
    proxy.pass_through()
    assert _asked(idle, b"three") == b"three"
    assert _asked(connect(proxy), b"four") == b"four"
    lost.sendall(b"five")
    assert _is_silent(lost)
    assert _is_silent(new)
    assert b"two" not in echo.received


def test_blackhole_swallows_what_is_on_its_way(
    proxy: FaultProxy, echo: Echo, connect: Callable[..., socket.socket]
) -> None:
    """Bytes, and the end of the connection."""
    proxy.hold()
    connection = connect(proxy)
    connection.sendall(b"one")
    connection.shutdown(socket.SHUT_WR)
    wait_until(lambda: proxy.live == 0)
    proxy.blackhole()
    assert _is_silent(connection)
    assert echo.received == b""


def test_delay(proxy: FaultProxy, connect: Callable[..., socket.socket]) -> None:
    """Each direction takes that long, on a live connection, too; and no longer when it ends."""
    connection = connect(proxy)
    assert _asked(connection, b"one") == b"one"
    proxy.delay(0.05)
    began = time.monotonic()
    assert _asked(connection, b"two") == b"two"
    assert time.monotonic() - began >= 0.1
    proxy.delay(100)
    connection.sendall(b"three")
    assert _is_silent(connection)
    proxy.pass_through()
    assert connection.recv(5) == b"three"


def test_hold(proxy: FaultProxy, connect: Callable[..., socket.socket]) -> None:
    """What is held is delivered afterwards, in order, on new connections, too."""
    live = connect(proxy)
    proxy.hold()
    new = connect(proxy)
    for connection in (live, new):
        connection.sendall(b"one, ")
        assert _is_silent(connection)
        connection.sendall(b"two")
        connection.shutdown(socket.SHUT_WR)
    proxy.pass_through()
    for connection in (live, new):
        assert connection.makefile("rb").read() == b"one, two"


def test_reset_all(proxy: FaultProxy, echo: Echo, connect: Callable[..., socket.socket]) -> None:
    """Also those that have only just connected; the next ones are served."""
    connections = [connect(proxy) for _ in range(3)]
    assert _asked(connections[0], b"one") == b"one"
    proxy.reset_all()
    assert proxy.live == 0
    for connection in connections:
        with pytest.raises(ConnectionResetError):
            connection.recv(1)
    assert sockets_to(echo.port) == []
    assert _asked(connect(proxy), b"two") == b"two"


def test_reset_new(proxy: FaultProxy, connect: Callable[..., socket.socket]) -> None:
    """The live ones go on."""
    live = connect(proxy)
    proxy.reset_new()
    with pytest.raises(ConnectionResetError):
        connect(proxy).recv(1)
    assert _asked(live, b"one") == b"one"
    assert (proxy.live, proxy.connections_seen) == (1, 2)


def test_close_new(proxy: FaultProxy, connect: Callable[..., socket.socket]) -> None:
    """The live ones go on."""
    live = connect(proxy)
    proxy.close_new()
    assert connect(proxy).recv(1) == b""
    assert _asked(live, b"one") == b"one"
    assert (proxy.live, proxy.connections_seen) == (1, 2)


def test_half_close(proxy: FaultProxy, echo: Echo, connect: Callable[..., socket.socket]) -> None:
    """The client hears the end and may go on to talk."""
    live = connect(proxy)
    proxy.half_close()
    for connection in (live, connect(proxy)):
        assert connection.recv(1) == b""
        for _ in range(3):
            connection.sendall(b"still here")
    assert proxy.live == 2
    assert echo.received == b""


def test_truncate(proxy: FaultProxy, connect: Callable[..., socket.socket]) -> None:
    """So many bytes of each connection from the call on, and its end."""
    live = connect(proxy)
    assert _asked(live, b"before") == b"before"
    proxy.truncate(5)
    for connection in (live, connect(proxy)):
        assert _asked(connection, b"123") == b"123"
        connection.sendall(b"456")
        assert connection.makefile("rb").read() == b"45"
    wait_until(lambda: proxy.live == 0)


def test_refuse(proxy: FaultProxy, connect: Callable[..., socket.socket]) -> None:
    """Nobody listens, and the port stays ours; the live ones go on."""
    live = connect(proxy)
    for _ in range(2):
        proxy.refuse()
        proxy.refuse()
        with pytest.raises(ConnectionRefusedError):
            connect(proxy)
        assert _asked(live, b"one") == b"one"
        proxy.listen_again()
        proxy.listen_again()
        assert _asked(connect(proxy), b"two") == b"two"


def test_flap(proxy: FaultProxy, connect: Callable[..., socket.socket]) -> None:
    """Each period ends all connections, until it passes again."""
    proxy.flap(0.05)
    for _ in range(2):
        with pytest.raises(ConnectionResetError):
            connect(proxy).recv(1)
    proxy.pass_through()
    connection = connect(proxy)
    assert _is_silent(connection)
    assert _asked(connection, b"one") == b"one"


def test_a_target_that_does_not_listen(connect: Callable[..., socket.socket]) -> None:
    """It closes the connection."""
    with FaultProxy(("localhost", free_port())) as proxy:
        assert connect(proxy).recv(1) == b""


def test_it_leaves_nothing(echo: Echo) -> None:
    """No thread, no socket; its clients are reset. It cannot be switched any more, only read."""
    with FaultProxy((echo.host, echo.port), "::1") as proxy:
        assert proxy.address == f"[::1]:{proxy.port}"
        client = socket.create_connection(("::1", proxy.port), 5)
        assert _asked(client, b"one") == b"one"
    with client, pytest.raises(ConnectionResetError):
        client.recv(1)
    assert threads("fault-proxy") == []
    assert sockets_to(echo.port) == []
    assert (proxy.live, proxy.connections_seen) == (0, 1)
    with pytest.raises(RuntimeError, match="outside"):
        proxy.blackhole()


# The peers


def test_peers_that_wait(connect: Callable[..., socket.socket]) -> None:
    """They answer, hang up, or do nothing, when they have heard something."""
    with RedisPeer() as redis, PostgresPeer() as postgres, SilentPeer() as silent:
        connections = [connect(peer) for peer in (redis, postgres, silent)]
        assert all(_is_silent(connection) for connection in connections)
        for connection in connections:
            connection.sendall(b"PRI * HTTP/2.0\r\n\r\n")
        assert connections[0].recv(1000).startswith(b"-ERR unknown command 'PRI'")
        assert connections[1].recv(1000) == b""
        assert _is_silent(connections[2])
        assert redis.received == postgres.received == silent.received == b"PRI * HTTP/2.0\r\n\r\n"
        assert silent.connections_seen == 1
    assert connections[2].recv(1) == b""
    assert threads("Peer") == []


@on_linux
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_full_backlog_lets_connect_hang(host: str, connect: Callable[..., socket.socket]) -> None:
    """It neither accepts nor refuses."""
    with FullBacklog(host) as full, pytest.raises(TimeoutError):
        connect(full, 0.2)


# A Milvus to a script


def test_a_scripted_milvus_answers_as_it_is_told() -> None:
    """By bytes or by a function; unknown methods as Go says it."""
    with ScriptedMilvus() as milvus:
        assert _called(milvus.address) == ("OK", "")
        assert milvus.calls[0].method == "Connect"
        assert milvus.calls[0].metadata["authorization"] == "c2VjcmV0"
        milvus.methods["Connect"] = lambda context: context.abort(
            grpc.StatusCode.UNAUTHENTICATED, "auth check failure"
        )
        assert _called(milvus.address) == ("UNAUTHENTICATED", "auth check failure")
        milvus.methods["Connect"] = lambda _: b"hello"
        assert _called(milvus.address) == ("OK", "hello")
        del milvus.methods["Connect"]
        unknown = "unknown method Connect for service milvus.proto.milvus.MilvusService"
        assert _called(milvus.address) == ("UNIMPLEMENTED", unknown)
    assert _called(milvus.address)[0] == "UNAVAILABLE"
    with milvus:  # again, on its port
        assert _called(milvus.address) == ("UNIMPLEMENTED", unknown)


# A proxy for CONNECT


def test_a_proxy_for_connect_leads_nowhere_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not off this machine; a name is what the test says it is."""
    with ScriptedMilvus() as milvus, ConnectProxy() as proxy:
        monkeypatch.setenv("grpc_proxy", f"http://{proxy.address}")
        assert "response code 403" in _called("milvus.test:19530")[1]
        assert "response code 403" in _called("192.0.2.1:19530")[1]
        assert "response code 502" in _called(f"127.0.0.1:{free_port()}")[1]
        proxy.routes["milvus.test:19530"] = (milvus.host, milvus.port)
        assert _called("milvus.test:19530")[0] == "OK"


# Networks of our own


@needs_namespaces
def test_what_fails_in_a_network_of_our_own_is_told() -> None:
    """The code, and the commands before it."""
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        run_in_namespace("1 / 0")
    with pytest.raises(RuntimeError, match="code 3"):
        run_in_namespace("print('not reached')", setup=["exit 3"])
