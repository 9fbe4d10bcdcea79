"""Small real peers: those that are not Milvus, and one that plays a Milvus to a script.

Each is a context manager that listens while it is entered, and may be entered again: it is back on
the same port then. All speak over real sockets, each from a thread of its own, and may be looked at
and changed from any other.
"""

from __future__ import annotations

import asyncio
import contextlib
import http.server
import ipaddress
import select
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal

import grpc

from tests.support.helpers import free_port
from tests.support.servers.faults import LoopThread, address_of

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Mapping

    from typing_extensions import Self

    from tests.support.servers.certificates import Certificates

_CHUNK_BYTES = 1 << 16


class Peer:
    """A TCP server that greets, answers and hangs up as its class says.

    Parameters
    ----------
    host, port
        Where to listen. For port 0 a free one is chosen.
    tls
        Spoken from the first byte; see `server_tls`.

    Attributes
    ----------
    received
        All bytes that its clients have sent so far, without TLS.
    connections_seen
        How many connections it has talked to; with TLS, whose handshake was complete.
    """

    #: Sent at once.
    greeting: ClassVar[bytes] = b""
    #: Sent for each piece that a client sends.
    reply: ClassVar[bytes] = b""
    #: Whether it closes the connection after the first piece.
    hangs_up: ClassVar[bool] = False

    def __init__(
        self, host: str = "127.0.0.1", port: int = 0, *, tls: ssl.SSLContext | None = None
    ) -> None:
        self.host = host
        self.port = port or free_port()
        self.received = b""
        self.connections_seen = 0
        self._tls = tls

    def __enter__(self) -> Self:
        self._thread = LoopThread(type(self).__name__)
        try:
            self._thread.run(self._listen())
        except BaseException:
            self._thread.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._server.get_loop().call_soon_threadsafe(self._server.close)
        self._thread.close()

    @property
    def address(self) -> str:
        """Where it listens: ``127.0.0.1:PORT``."""
        return address_of(self.host, self.port)

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Talk to one client; when it returns, the connection is closed."""
        writer.write(self.greeting)
        while await self.read(reader):
            writer.write(self.reply)
            if self.hangs_up:
                await writer.drain()
                return

    async def read(self, reader: asyncio.StreamReader) -> bytes:
        """Read what is there, note it, and return it; nothing where the client has ended."""
        data = await reader.read(_CHUNK_BYTES)
        self.received += data
        return data

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, self.host, self.port, ssl=self._tls)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections_seen += 1
        try:
            # Cancelled when the test is over.
            with contextlib.suppress(OSError, EOFError, asyncio.CancelledError):
                await self.converse(reader, writer)
                writer.close()
                await writer.wait_closed()
        finally:
            writer.transport.abort()


class SilentPeer(Peer):
    """It accepts connections and never says a word."""


class SshPeer(Peer):
    """Like OpenSSH: it names its version at once."""

    greeting = b"SSH-2.0-OpenSSH_9.2\r\n"


class SmtpPeer(Peer):
    """Like a mail server: it greets at once, and understands nothing."""

    greeting = b"220 mail.test ESMTP\r\n"
    reply = b"500 5.5.1 Command unrecognized\r\n"


class RedisPeer(Peer):
    """Like Redis: it waits, and takes HTTP/2's preface for a command."""

    reply = b"-ERR unknown command 'PRI', with args beginning with: '*' 'HTTP/2.0' \r\n"


class PostgresPeer(Peer):
    """Like PostgreSQL: it takes the first bytes for a length that cannot be, and hangs up."""

    hangs_up = True


class MysqlPeer(Peer):
    """Like MySQL: it sends its handshake packet at once, and hangs up on anything unexpected."""

    greeting = (
        b"\x4a\x00\x00\x00"  # 74 bytes follow; the packet's number
        b"\x0a8.0.36\x00"  # the protocol's and the server's version
        b"\x08\x00\x00\x00"  # the connection's number
        b"abcdefgh\x00"  # the first part of the challenge
        b"\xff\xff\xff\x02\x00\xff\xdf\x15"  # capabilities, character set, status
        + bytes(10)
        + b"ijklmnopqrst\x00"  # the second part
        b"caching_sha2_password\x00"
    )
    hangs_up = True


class GatewayPeer(Peer):
    """An HTTP/2 server in front of nothing: each request gets an HTTP status.

    Parameters
    ----------
    status
        The HTTP status, for example 404; may be set at any time.
    fields
        More fields of its answer, with names in lower case, such as those of `grpc_answer`.
    body
        What it sends behind the fields of its answer, such as a page for signing in.
    hangs_up
        Whether it says goodbye (GOAWAY) and closes the connection after an answer.
    host, port, tls
        As of `Peer`.
    """

    # RFC 7541, Appendix A: the index of ":status: …" in HPACK's static table.
    _INDEXES: ClassVar = {200: 8, 204: 9, 206: 10, 304: 11, 400: 12, 404: 13, 500: 14}
    # RFC 9113, section 6: types of frames, and flags.
    _DATA, _HEADERS, _SETTINGS, _PING, _GOAWAY = 0, 1, 4, 6, 7
    _END_STREAM, _ACK, _END_HEADERS = 1, 1, 4
    _PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

    def __init__(
        self,
        status: int = 404,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        fields: Mapping[str, str] | None = None,
        body: bytes = b"",
        hangs_up: bool = False,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        super().__init__(host, port, tls=tls)
        self.status = status
        self._body = body
        self.fields = dict(fields or {})
        self._hangs_up = hangs_up

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.received += await reader.readexactly(len(self._PREFACE))
        writer.write(self._frame(self._SETTINGS))
        while True:
            head = await reader.readexactly(9)
            kind, flags, stream = head[3], head[4], int.from_bytes(head[5:9], "big")
            payload = await reader.readexactly(int.from_bytes(head[:3], "big"))
            self.received += head + payload
            if kind == self._SETTINGS and not flags & self._ACK:
                writer.write(self._frame(self._SETTINGS, self._ACK))
            elif kind == self._PING and not flags & self._ACK:
                writer.write(self._frame(self._PING, self._ACK, payload=payload))
            elif kind == self._HEADERS:
                ends = self._END_HEADERS | (0 if self._body else self._END_STREAM)
                writer.write(self._frame(self._HEADERS, ends, stream, self._header_block()))
                if self._body:
                    writer.write(self._frame(self._DATA, self._END_STREAM, stream, self._body))
                if self._hangs_up:
                    last = stream.to_bytes(4, "big") + bytes(4)  # and no error
                    writer.write(self._frame(self._GOAWAY, payload=last))
                    if writer.can_write_eof():
                        writer.write_eof()
                        await reader.read()  # closed with bytes unread, TCP would take it all back
                    return

    def _header_block(self) -> bytes:
        # RFC 7541, section 6.2.2: literal fields without indexing.
        pairs = (self._text(name) + self._text(value) for name, value in self.fields.items())
        return self._status_field() + b"".join(b"\x00" + pair for pair in pairs)

    def _text(self, text: str) -> bytes:
        encoded = text.encode()
        if len(encoded) < 127:
            return bytes((len(encoded),)) + encoded
        rest = len(encoded) - 127  # RFC 7541, section 5.1
        length = bytes((127, rest)) if rest < 128 else bytes((127, rest % 128 + 128, rest // 128))
        return length + encoded

    def _status_field(self) -> bytes:
        if index := self._INDEXES.get(self.status):
            return bytes((0x80 | index,))
        # The name from the table, the value as text.
        return b"\x08\x03" + str(self.status).encode()

    def _frame(self, kind: int, flags: int = 0, stream: int = 0, payload: bytes = b"") -> bytes:
        head = (len(payload) << 16) | (kind << 8) | flags
        return head.to_bytes(5, "big") + stream.to_bytes(4, "big") + payload


def grpc_answer(status: int, message: str = "") -> dict[str, str]:
    """Give the fields by which a gateway refuses a gRPC call by itself: HTTP status 200, no body.

    Parameters
    ----------
    status
        gRPC's status code, such as 14 for UNAVAILABLE.
    message
        Its details.
    """
    fields = {"content-type": "application/grpc", "grpc-status": str(status)}
    return {**fields, "grpc-message": message} if message else fields


@dataclass(frozen=True)
class ConnectRequest:
    """What a client asked of a proxy; the names of `headers` are in lower case."""

    line: str
    headers: dict[str, str]


class ConnectProxy(Peer):
    """An HTTP proxy for CONNECT.

    Parameters
    ----------
    mode
        "tunnel": it works, to this machine only. "refuse": it answers with `refusal`. "hang": it
        never answers. "garbage": its answer is no HTTP. "hang up": it says that the way is
        open, and closes it. May be set at any time.
    refusal
        The HTTP status with which it refuses: 407 comes with Proxy-Authenticate.
    routes
        Where a CONNECT target leads, for example ``{"milvus.test:19530": ("127.0.0.1", 1234)}``:
        names that only the proxy knows.
    host, port
        As of `Peer`.

    Attributes
    ----------
    requests
        What it was asked, the oldest first. `received` has no more than this either.
    """

    def __init__(
        self,
        mode: Literal["tunnel", "refuse", "hang", "garbage", "hang up"] = "tunnel",
        *,
        refusal: int = 407,
        routes: Mapping[str, tuple[str, int]] | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        super().__init__(host, port)
        self.mode = mode
        self.refusal = refusal
        self.routes = dict(routes or {})
        self.requests: list[ConnectRequest] = []

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        self.received += head
        line, *rest = head.decode("latin-1").rstrip().split("\r\n")
        headers = (text.partition(":") for text in rest)
        self.requests.append(
            ConnectRequest(line, {name.lower(): value.strip() for name, _, value in headers})
        )
        method, target, *_ = [*line.split(), "", ""]
        if self.mode == "hang":
            await reader.read()
        elif self.mode == "hang up":
            writer.write(_http_answer(200))
        elif self.mode == "garbage":
            writer.write(b"\x00\x01\x02 this is no HTTP\r\n\r\n")
        elif self.mode == "refuse":
            writer.write(_http_answer(self.refusal))
        elif method != "CONNECT":
            writer.write(_http_answer(405))
        elif (place := self._place(target)) is None:
            writer.write(_http_answer(403))
        else:
            await self._tunnel(place, reader, writer)

    def _place(self, target: str) -> tuple[str, int] | None:
        """Give where a target leads, or None where it is not on this machine."""
        if target in self.routes:
            return self.routes[target]
        host, _, port = target.rpartition(":")
        host = host.strip("[]")
        with contextlib.suppress(ValueError):
            if host == "localhost" or ipaddress.ip_address(host).is_loopback:
                return host, int(port)
        return None

    async def _tunnel(
        self,
        place: tuple[str, int],
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection(*place)
        except OSError:
            writer.write(_http_answer(502))
            return
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        try:
            await asyncio.gather(_copy(reader, far_writer), _copy(far_reader, writer))
        finally:
            far_writer.transport.abort()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(_CHUNK_BYTES):
        writer.write(data)
        await writer.drain()
    writer.write_eof()


def _http_answer(status: int) -> bytes:
    phrase = http.HTTPStatus(status).phrase
    more = 'Proxy-Authenticate: Basic realm="tests"\r\n' if status == 407 else ""
    return f"HTTP/1.1 {status} {phrase}\r\n{more}Content-Length: 0\r\n\r\n".encode()


class WebServer:
    """An HTTP/1.1 server; also Milvus's management port, with a page ``/healthz``.

    Parameters
    ----------
    pages
        Path → (status, body); may be changed at any time. Other paths are not found (404).
    host, port
        Where to listen. For port 0 a free one is chosen.
    tls
        Makes it an https server; see `server_tls`.

    Attributes
    ----------
    requests
        The paths that were asked for, the oldest first.
    """

    def __init__(
        self,
        pages: Mapping[str, tuple[int, bytes]] | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.pages = dict(pages or {"/": (200, b"<h1>It works!</h1>")})
        self.host = host
        self.port = port or free_port()
        self.requests: list[str] = []
        self._tls = tls

    def __enter__(self) -> Self:
        self._server = _WebServer((self.host, self.port), self._handler())
        if self._tls is not None:
            # The handshake is the first read's, in the connection's own thread.
            self._server.socket = self._tls.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), name="WebServer", daemon=True
        )
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join(10)
        self._server.server_close()

    @property
    def address(self) -> str:
        """Where it listens: ``127.0.0.1:PORT``."""
        return address_of(self.host, self.port)

    def _handler(self) -> type[http.server.BaseHTTPRequestHandler]:
        web = self

        class Handler(http.server.BaseHTTPRequestHandler):
            """Answer one client."""

            protocol_version = "HTTP/1.1"
            # A client that stays without asking is left after these seconds.
            timeout = 5

            def do_GET(self) -> None:
                web.requests.append(self.path)
                status, body = web.pages.get(self.path, (404, b"404 page not found\n"))
                self.send_response(status)
                self.send_header("Content-Type", "text/html")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        return Handler


class _WebServer(http.server.ThreadingHTTPServer):
    """Quiet about clients that go away."""

    daemon_threads = True
    block_on_close = False

    def handle_error(self, *_: object) -> None:
        pass


class FullBacklog:
    """A port whose queue of connections is full: on Linux, `connect` hangs there.

    Nobody is refused: the client's SYN is dropped, and sent again by its kernel.
    """

    def __init__(self, host: str = "127.0.0.1") -> None:
        self.host = host
        self.port = free_port()

    def __enter__(self) -> Self:
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        self._listener = socket.socket(family)
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind((self.host, self.port))
        self._listener.listen(0)
        self._waiting: list[socket.socket] = []
        while not self._waiting or self._connects(self._waiting[-1]):
            self._waiting.append(socket.socket(family))
        return self

    def __exit__(self, *_: object) -> None:
        for connection in self._waiting:
            connection.close()
        self._listener.close()

    @property
    def address(self) -> str:
        """Where it listens: ``127.0.0.1:PORT``."""
        return address_of(self.host, self.port)

    def _connects(self, connection: socket.socket) -> bool:
        connection.setblocking(False)
        connection.connect_ex((self.host, self.port))
        return bool(select.select([], [connection], [], 0.05)[1])


#: What a healthy Milvus 2.6.0 with the database `default` answers to a client that connects.
HEALTHY: Final[dict[str, bytes]] = {
    "Connect": b"",  # an empty status is success
    "GetVersion": b"\x12\x06v2.6.0",  # field 2, version
    "CheckHealth": b"\x10\x01",  # field 2, isHealthy
    "ListDatabases": b"\x12\x07default",  # field 2, db_names
}

_SERVICE = "milvus.proto.milvus.MilvusService"


@dataclass(frozen=True)
class MilvusCall:
    """One call that a `ScriptedMilvus` got; `request` is the message as bytes."""

    method: str
    request: bytes
    metadata: dict[str, str]


class ScriptedMilvus(grpc.GenericRpcHandler):
    """A real gRPC server that answers Milvus's methods as a test says.

    Parameters
    ----------
    methods
        A method's name → the message it answers with, or a function of the call's
        `grpc.ServicerContext` that returns one or calls ``context.abort(code, details)``. May be
        changed at any time. Other methods are unknown, as to a Milvus that is too old. `HEALTHY`
        if None.
    certificates
        Makes it speak TLS.
    mutual
        Whether a client must show a certificate of `certificates`' authority.
    host, port
        Where to listen. For port 0 a free one is chosen.

    Attributes
    ----------
    calls
        What it was asked, the oldest first.

    Notes
    -----
    A function that waits holds one of 16 threads, and the end of the test: let it look at
    ``context.is_active()``.
    """

    def __init__(
        self,
        methods: Mapping[str, bytes | Callable[[grpc.ServicerContext], bytes]] | None = None,
        *,
        certificates: Certificates | None = None,
        mutual: bool = False,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        self.methods = dict(HEALTHY if methods is None else methods)
        self.host = host
        self.port = port or free_port()
        self.calls: list[MilvusCall] = []
        self._certificates = certificates
        self._mutual = mutual

    def __enter__(self) -> Self:
        options = [("grpc.so_reuseport", 0)]
        self._pool = ThreadPoolExecutor(16, "ScriptedMilvus")
        self._server = grpc.server(self._pool, [self], options=options)
        if self._certificates is None:
            self._server.add_insecure_port(self.address)
        else:
            self._server.add_secure_port(self.address, self._credentials(self._certificates))
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop(None).wait()
        self._pool.shutdown()

    @property
    def address(self) -> str:
        """Where it listens: ``127.0.0.1:PORT``."""
        return address_of(self.host, self.port)

    def service(
        self, handler_call_details: grpc.HandlerCallDetails
    ) -> grpc.RpcMethodHandler[Any, Any]:
        """Give gRPC what answers one call."""
        path = handler_call_details.method

        def answer(request: bytes, context: grpc.ServicerContext) -> bytes:
            return self._answer(path, request, context)

        return grpc.unary_unary_rpc_method_handler(answer)

    def _answer(self, path: str, request: bytes, context: grpc.ServicerContext) -> bytes:
        service, _, method = path.lstrip("/").partition("/")
        metadata = {str(key): str(value) for key, value in context.invocation_metadata()}
        self.calls.append(MilvusCall(method, request, metadata))
        if service != _SERVICE:
            context.abort(grpc.StatusCode.UNIMPLEMENTED, f"unknown service {service}")
        if method not in self.methods:
            text = f"unknown method {method} for service {service}"
            context.abort(grpc.StatusCode.UNIMPLEMENTED, text)
        answer = self.methods[method]
        return answer(context) if callable(answer) else answer

    def _credentials(self, certificates: Certificates) -> grpc.ServerCredentials:
        pair = (
            Path(certificates.server_key).read_bytes(),
            Path(certificates.server_pem).read_bytes(),
        )
        authority = Path(certificates.ca_pem).read_bytes() if self._mutual else None
        return grpc.ssl_server_credentials([pair], authority, self._mutual)
