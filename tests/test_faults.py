"""The means to provoke network faults: each does what it says, as sockets, ssl and gRPC see it."""

from __future__ import annotations

import contextlib
import datetime as dt
import http.client
import socket
import ssl
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc
import pytest

from tests.helpers import free_port, sockets_to, threads, wait_until
from tests.servers import (
    Certificates,
    ConnectProxy,
    FaultProxy,
    FullBacklog,
    GatewayPeer,
    MysqlPeer,
    Peer,
    PostgresPeer,
    RedisPeer,
    ScriptedMilvus,
    SilentPeer,
    SmtpPeer,
    SshPeer,
    WebServer,
    make_certificates,
    make_self_signed,
    namespaces,
    run_in_namespace,
    server_tls,
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


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """Give an authority with a server and a client."""
    return make_certificates(tmp_path_factory.mktemp("certificates"))


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


def _called(
    target: str,
    credentials: grpc.ChannelCredentials | None = None,
    *,
    timeout_s: float = 5,
    **options: int | str,
) -> tuple[str, str]:
    """Call Connect once; return the status and its text, or "OK" and the answer."""
    pairs = [(f"grpc.{name}", value) for name, value in options.items()]
    pairs.append(("grpc.use_local_subchannel_pool", 1))
    channel = (
        grpc.insecure_channel(target, pairs)
        if credentials is None
        else grpc.secure_channel(target, credentials, pairs)
    )
    with channel:
        call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(_CONNECT)
        try:
            answer = call(b"", timeout=timeout_s, metadata=(("authorization", "c2VjcmV0"),))
        except grpc.RpcError as error:
            return error.code().name, error.details() or ""
        return "OK", answer.decode()


def _patience_s(status: str) -> float:
    """Short where nothing will come."""
    return 0.2 if status == "DEADLINE_EXCEEDED" else 5


def _trusting(certificates: Certificates, client: Certificates | None = None) -> Any:
    authority = Path(certificates.ca_pem).read_bytes()
    if client is None:
        return grpc.ssl_channel_credentials(authority)
    key, chain = (Path(file).read_bytes() for file in (client.client_key, client.client_pem))
    return grpc.ssl_channel_credentials(authority, key, chain)


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


@pytest.mark.parametrize(
    ("fault", "arguments", "status", "text"),
    [
        ("pass_through", (), "OK", ""),
        ("delay", (0.02,), "OK", ""),
        ("blackhole", (), "DEADLINE_EXCEEDED", "Deadline Exceeded"),
        ("hold", (), "DEADLINE_EXCEEDED", "Deadline Exceeded"),
        ("half_close", (), "UNAVAILABLE", "Socket closed"),
        ("close_new", (), "UNAVAILABLE", "Socket closed"),
        ("reset_new", (), "UNAVAILABLE", "Connection reset by peer"),
        ("refuse", (), "UNAVAILABLE", "Connection refused"),
        # Within the server's first frame, and after it.
        ("truncate", (9,), "UNAVAILABLE", "failed to connect to all addresses"),
        ("truncate", (60,), "UNAVAILABLE", "Stream removed (Socket closed)"),
    ],
)
def test_what_grpc_says_of_the_proxy(
    fault: str, arguments: tuple[float, ...], status: str, text: str
) -> None:
    """With a Milvus behind it."""
    with ScriptedMilvus() as milvus, FaultProxy((milvus.host, milvus.port)) as proxy:
        getattr(proxy, fault)(*arguments)
        found, details = _called(proxy.address, timeout_s=_patience_s(status))
        assert (found, text in details) == (status, True), details


# The peers


@pytest.mark.parametrize(
    ("peer", "status", "text"),
    [
        (SilentPeer, "DEADLINE_EXCEEDED", "Deadline Exceeded"),
        pytest.param(FullBacklog, "DEADLINE_EXCEEDED", "Deadline Exceeded", marks=on_linux),
        (SshPeer, "UNAVAILABLE", "got frame type 45)"),
        (SmtpPeer, "UNAVAILABLE", "got frame type 32)"),
        (RedisPeer, "UNAVAILABLE", "got frame type 82)"),
        (MysqlPeer, "UNAVAILABLE", "got frame type 0)"),
        (WebServer, "UNAVAILABLE", "got frame type 79)"),
        (PostgresPeer, "UNAVAILABLE", "Socket closed"),
    ],
)
def test_what_grpc_says_of_a_peer_that_is_something_else(
    peer: type[Any], status: str, text: str
) -> None:
    """The fourth byte of what the peer says is taken for the type of an HTTP/2 frame."""
    with peer() as other:
        found, details = _called(other.address, timeout_s=_patience_s(status))
        assert (found, text in details) == (status, True), details
        assert b"c2VjcmV0" not in getattr(other, "received", b"")


@pytest.mark.parametrize(
    ("peer", "first_words"),
    [
        (SshPeer, b"SSH-2.0-OpenSSH_9.2\r\n"),
        (SmtpPeer, b"220 mail.test ESMTP\r\n"),
        (MysqlPeer, b"\x4a\x00\x00\x00\x0a8.0.36\x00"),
    ],
)
def test_peers_that_speak_first(
    peer: type[Peer], first_words: bytes, connect: Callable[..., socket.socket]
) -> None:
    """Before they have heard a byte."""
    with peer() as other:
        assert connect(other).recv(1000).startswith(first_words)
        assert other.received == b""


def test_the_greeting_of_mysql_is_whole() -> None:
    """Its head says how long it is."""
    assert int.from_bytes(MysqlPeer.greeting[:3], "little") == len(MysqlPeer.greeting) - 4


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


@pytest.mark.parametrize(
    ("http_status", "status"),
    [
        (400, "INTERNAL"),
        (401, "UNAUTHENTICATED"),
        (403, "PERMISSION_DENIED"),
        (404, "UNIMPLEMENTED"),
        (500, "UNKNOWN"),
        (503, "UNAVAILABLE"),
    ],
)
def test_a_gateway_that_knows_no_grpc(http_status: int, status: str) -> None:
    """What gRPC makes of an HTTP status."""
    with GatewayPeer(http_status) as gateway:
        text = f"Received http2 header with status: {http_status}"
        assert _called(gateway.address) == (status, text)
        gateway.status = 404
        assert _called(gateway.address)[0] == "UNIMPLEMENTED"


@on_linux
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_full_backlog_lets_connect_hang(host: str, connect: Callable[..., socket.socket]) -> None:
    """It neither accepts nor refuses."""
    with FullBacklog(host) as full, pytest.raises(TimeoutError):
        connect(full, 0.2)


def test_a_web_server() -> None:
    """Pages may change, and https is one, too."""
    with WebServer({"/healthz": (200, b"OK")}) as web:
        web.pages["/busy"] = (503, b"wait")
        client = http.client.HTTPConnection(web.host, web.port, timeout=5)
        answers = []
        for path in ("/healthz", "/busy", "/nowhere"):
            client.request("GET", path)
            answer = client.getresponse()
            answers.append((answer.status, answer.read()))
        client.close()
    assert answers == [(200, b"OK"), (503, b"wait"), (404, b"404 page not found\n")]
    assert web.requests == ["/healthz", "/busy", "/nowhere"]


@pytest.mark.parametrize(
    ("alpn", "text"),
    [((), "missing selected ALPN property"), (("h2",), "Failed parsing HTTP/2")],
)
def test_an_https_server(certificates: Certificates, alpn: tuple[str, ...], text: str) -> None:
    """Without and with the promise to speak HTTP/2."""
    with WebServer(tls=server_tls(certificates, alpn=alpn)) as web:
        found, details = _called(web.address, _trusting(certificates))
        assert (found, text in details) == ("UNAVAILABLE", True), details


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


def test_a_scripted_milvus_with_tls(certificates: Certificates, tmp_path: Path) -> None:
    """Its certificate is its authority's, and not another's."""
    foreign = make_certificates(tmp_path / "foreign")
    with ScriptedMilvus(certificates=certificates) as milvus:
        assert _called(milvus.address, _trusting(certificates))[0] == "OK"
        assert "CERTIFICATE_VERIFY_FAILED" in _called(milvus.address, _trusting(foreign))[1]
        other_name = _called(
            milvus.address, _trusting(certificates), ssl_target_name_override="other.test"
        )
        assert "Hostname Verification Check failed" in other_name[1]
        assert "Socket closed" in _called(milvus.address)[1]


def test_a_scripted_milvus_with_mutual_tls(certificates: Certificates, tmp_path: Path) -> None:
    """It takes the clients of its authority only."""
    foreign = make_certificates(tmp_path / "foreign")
    with ScriptedMilvus(certificates=certificates, mutual=True) as milvus:
        assert _called(milvus.address, _trusting(certificates, certificates))[0] == "OK"
        assert _called(milvus.address, _trusting(certificates, foreign))[0] == "UNAVAILABLE"
        assert _called(milvus.address, _trusting(certificates))[0] == "UNAVAILABLE"


# A proxy for CONNECT


@pytest.mark.parametrize(
    ("mode", "refusal", "status", "text"),
    [
        ("tunnel", 0, "OK", ""),
        ("refuse", 407, "UNAVAILABLE", "HTTP proxy returned response code 407"),
        ("refuse", 403, "UNAVAILABLE", "HTTP proxy returned response code 403"),
        ("hang", 0, "DEADLINE_EXCEEDED", "Deadline Exceeded"),
        ("garbage", 0, "UNAVAILABLE", "Expected 'H'"),
    ],
)
def test_a_proxy_for_connect(
    mode: Any, refusal: int, status: str, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It tunnels, or fails as it is told, and notes what it was asked."""
    with ScriptedMilvus() as milvus, ConnectProxy(mode, refusal=refusal) as proxy:
        monkeypatch.setenv("grpc_proxy", f"http://user:secret@{proxy.address}")
        found, details = _called(milvus.address, timeout_s=_patience_s(status))
        assert (found, text in details) == (status, True), details
        request = proxy.requests[0]
        assert request.line == f"CONNECT {milvus.address} HTTP/1.1"
        assert request.headers["proxy-authorization"] == "Basic dXNlcjpzZWNyZXQ="
        assert len(milvus.calls) == (status == "OK")


def test_what_a_refusing_proxy_asks_for(connect: Callable[..., socket.socket]) -> None:
    """The header by which a client knows how to sign in."""
    with ConnectProxy("refuse") as proxy:
        connection = connect(proxy)
        connection.sendall(b"CONNECT milvus.test:19530 HTTP/1.1\r\n\r\n")
        answer = connection.makefile("rb").read()
        assert answer.startswith(b"HTTP/1.1 407 Proxy Authentication Required\r\n")
        assert b"\r\nProxy-Authenticate: Basic " in answer


def test_a_proxy_for_connect_leads_nowhere_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not off this machine; a name is what the test says it is."""
    with ScriptedMilvus() as milvus, ConnectProxy() as proxy:
        monkeypatch.setenv("grpc_proxy", f"http://{proxy.address}")
        assert "response code 403" in _called("milvus.test:19530")[1]
        assert "response code 403" in _called("192.0.2.1:19530")[1]
        assert "response code 502" in _called(f"127.0.0.1:{free_port()}")[1]
        proxy.routes["milvus.test:19530"] = (milvus.host, milvus.port)
        assert _called("milvus.test:19530")[0] == "OK"


# Certificates


def _handshake(peer: Peer, authority: str, client: Certificates | None = None) -> bytes:
    """Shake hands as a client that trusts `authority`, say hello, and return the answer."""
    context = ssl.create_default_context(cafile=authority)
    context.set_alpn_protocols(["h2"])
    if client is not None:
        context.load_cert_chain(client.client_pem, client.client_key)
    with (
        socket.create_connection((peer.host, peer.port), 5) as connection,
        context.wrap_socket(connection, server_hostname="localhost") as secure,
    ):
        assert secure.selected_alpn_protocol() == "h2"
        secure.sendall(b"hello")
        return secure.recv(5)


@pytest.mark.parametrize(
    ("from_days", "to_days", "message"),
    [(-2, -1, "certificate has expired"), (1, 2, "certificate is not yet valid")],
)
def test_certificates_out_of_their_time(
    tmp_path: Path, from_days: int, to_days: int, message: str
) -> None:
    """The server's is; the authority's is not."""
    now = dt.datetime.now(dt.timezone.utc)
    made = make_certificates(
        tmp_path,
        not_before=now + dt.timedelta(days=from_days),
        not_after=now + dt.timedelta(days=to_days),
    )
    with Echo(tls=server_tls(made)) as peer, pytest.raises(ssl.SSLCertVerificationError) as caught:
        _handshake(peer, made.ca_pem)
    assert caught.value.verify_message == message


def test_a_self_signed_certificate(certificates: Certificates, tmp_path: Path) -> None:
    """Whoever trusts itself takes it, and nobody else."""
    made = make_self_signed(tmp_path)
    with Echo(tls=server_tls(made)) as peer:
        assert _handshake(peer, made.ca_pem) == b"hello"
        with pytest.raises(ssl.SSLCertVerificationError) as caught:
            _handshake(peer, certificates.ca_pem)
    assert "self-signed certificate" in caught.value.verify_message
    with ScriptedMilvus(certificates=made) as milvus:
        assert _called(milvus.address, _trusting(made))[0] == "OK"
        assert "self signed certificate" in _called(milvus.address, _trusting(certificates))[1]


def test_mutual_tls_of_a_peer(certificates: Certificates, tmp_path: Path) -> None:
    """Of TLS 1.3 a client learns only afterwards that it was refused: by an error, or an end."""
    foreign = make_certificates(tmp_path / "foreign")
    with Echo(tls=server_tls(certificates, mutual=True)) as peer:
        assert _handshake(peer, certificates.ca_pem, certificates) == b"hello"
        for client in (None, foreign):
            with contextlib.suppress(OSError):
                assert _handshake(peer, certificates.ca_pem, client) == b""
        assert (peer.connections_seen, peer.received) == (1, b"hello")


# Networks of our own

_TRY_ALL = f"""
import errno, socket
for host in ("{namespaces.FAR}", "{namespaces.FAR_6}", "127.0.0.1", "::1"):
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as connection:
        connection.settimeout(0.2)
        try:
            connection.connect((host, 19530))
        except OSError as error:
            print(errno.errorcode.get(error.errno, error))
"""


@needs_namespaces
@pytest.mark.parametrize(
    ("setup", "said"),
    [
        ("no route", "ENETUNREACH ENETUNREACH ECONNREFUSED ECONNREFUSED"),
        ("host unreachable", "EHOSTUNREACH EHOSTUNREACH ECONNREFUSED ECONNREFUSED"),
        ("prohibited", "EACCES EACCES ECONNREFUSED ECONNREFUSED"),
        ("blackhole route", "EINVAL EINVAL ECONNREFUSED ECONNREFUSED"),
        ("vanishing", "timed,out timed,out ECONNREFUSED ECONNREFUSED"),
        ("packets dropped", "ENETUNREACH ENETUNREACH timed,out timed,out"),
        ("no IPv6", "ENETUNREACH EADDRNOTAVAIL ECONNREFUSED EADDRNOTAVAIL"),
    ],
)
def test_what_connect_says_in_a_broken_network(setup: str, said: str) -> None:
    """To a far server and to this machine, over IPv4 and IPv6."""
    printed = run_in_namespace(_TRY_ALL, setup=namespaces.SETUPS[setup])
    assert printed.replace(" ", ",").split() == said.split()


@needs_namespaces
def test_packets_may_be_dropped_for_a_while() -> None:
    """TCP sends again what was dropped."""
    printed = run_in_namespace(f"""
import socket, subprocess
from tests.servers import RedisPeer
with RedisPeer() as redis, socket.create_connection((redis.host, redis.port), 5) as connection:
    subprocess.run({namespaces.PACKETS_DROPPED[0]!r}, shell=True, check=True)
    connection.sendall(b"PRI")
    connection.settimeout(0.1)
    try:
        print(connection.recv(4))
    except TimeoutError:
        print("silence")
    subprocess.run({namespaces.PACKETS_PASS[0]!r}, shell=True, check=True)
    connection.settimeout(5)
    print(connection.recv(4))
""")
    assert printed.split() == ["silence", "b'-ERR'"]


@needs_namespaces
def test_names_in_a_network_of_our_own() -> None:
    """A name may have the addresses that the test says, or none."""
    look_up = """
import socket
try:
    print({address[0] for *_, address in socket.getaddrinfo("milvus.test", 19530)})
except socket.gaierror as error:
    print(error.errno == socket.EAI_NONAME, error.errno == socket.EAI_AGAIN)
"""
    hosts = {"/etc/hosts": f"{namespaces.FAR} milvus.test\n127.0.0.1 milvus.test\n"}
    assert eval(run_in_namespace(look_up, files=hosts)) == {namespaces.FAR, "127.0.0.1"}  # noqa: S307  # our own text
    assert run_in_namespace(look_up, files=namespaces.NO_SUCH_NAME) == "True False\n"
    nobody = {"/etc/resolv.conf": f"nameserver {namespaces.FAR}\n"}
    assert run_in_namespace(look_up, files=nobody) == "False True\n"


@needs_namespaces
def test_what_fails_in_a_network_of_our_own_is_told() -> None:
    """The code, and the commands before it."""
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        run_in_namespace("1 / 0")
    with pytest.raises(RuntimeError, match="code 3"):
        run_in_namespace("print('not reached')", setup=["exit 3"])
