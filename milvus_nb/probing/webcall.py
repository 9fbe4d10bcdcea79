"""One HTTP/1.1 request, with bounds: what a server answers beside gRPC.

Straight to the server, unless the caller has another way, and a redirect is an answer like any
other, so that credentials go nowhere else.
"""

from __future__ import annotations

import asyncio
import functools
import re
import ssl
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from ..params.host import host_port
from . import oserror
from .certificate import default_roots, trust
from .dial import dial, look_up
from .outside import MOST_REST_BYTES, MOST_TOLD, plain
from .reach import is_http2
from .waiting import within

if TYPE_CHECKING:
    import socket
    from collections.abc import Awaitable, Callable, Mapping

    from ..params.tls import Tls

__all__ = ["Answer", "fetch"]

_MOST_HEAD_BYTES: Final = 1 << 16
_FIRST_BYTES: Final = 9  # a frame's header, where it is HTTP/2
_STATUS: Final = re.compile(r"HTTP/1\.\d (?P<status>\d{3}) ?(?P<reason>.*)")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_WITHOUT_BODY: Final = (204, 304)


@dataclass(frozen=True)
class Answer:
    """What came back.

    Attributes
    ----------
    status
        Such as 200; 0 where there was no answer.
    reason
        The server's words for the status, as they came.
    kind
        The media type, such as ``"text/html"``.
    body
        As it came.
    problem
        Why there was no answer; empty where there was one.
    ms
        How long it took, in milliseconds.
    """

    status: int = 0
    reason: str = ""
    kind: str = ""
    body: bytes = b""
    problem: str = ""
    ms: float = 0.0


async def fetch(
    host: str,
    port: int,
    path: str,
    deadline: float,
    *,
    tls: Tls | None = None,
    headers: Mapping[str, str] | None = None,
    content: bytes | None = None,
    connect: Callable[[], Awaitable[socket.socket]] | None = None,
) -> Answer:
    """Ask a web server; whatever goes wrong is told in the answer.

    Parameters
    ----------
    host, port, path
        Where.
    deadline
        How long all of it may take, in seconds.
    tls
        Makes it https, with these files and this name; None is plain HTTP.
    headers
        More headers.
    content
        Sent by POST; None asks by GET.
    connect
        Gives a connection to it; OSError or ValueError say why there is none. None: straight there.
    """
    start = time.perf_counter()
    try:
        request = _request(host, port, path, headers or {}, content)
        connecting = connect or functools.partial(_straight, host, port)
        answer = await within(deadline, _exchange(host, connecting, request, tls))
    except asyncio.TimeoutError:
        return Answer(problem=f"no answer in {deadline:.3g} s")
    except (OSError, ValueError) as error:
        return Answer(problem=plain(_why(error), MOST_TOLD))
    except asyncio.IncompleteReadError:
        return Answer(problem="it closed the connection in the middle of its answer")
    return replace(answer, ms=(time.perf_counter() - start) * 1000)


def _request(
    host: str, port: int, path: str, headers: Mapping[str, str], content: bytes | None
) -> bytes:
    bare, _, _ = host.partition("%")  # the zone of an address is this machine's affair
    given = {"Host": host_port(bare, port), "Connection": "close", **headers}
    if content is not None:
        given["Content-Length"] = str(len(content))
    for name, value in given.items():
        if _CONTROL.search(value):
            # Not shown: it may be a password.
            raise ValueError(f"its {name} header would hold a control character")
    lines = [f"{'GET' if content is None else 'POST'} {path} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in given.items()]
    return "\r\n".join([*lines, "", ""]).encode() + (content or b"")


async def _straight(host: str, port: int) -> socket.socket:
    # Not by the name: asyncio would look it up in a thread that stays.
    return await dial(await look_up(host, port))


async def _exchange(
    host: str, connect: Callable[[], Awaitable[socket.socket]], request: bytes, tls: Tls | None
) -> Answer:
    context = _context(tls) if tls is not None else None
    bare = host.partition("%")[0].removesuffix(".")
    connection = await connect()
    try:
        reader, writer = await asyncio.open_connection(
            sock=connection,
            ssl=context,
            server_hostname=(tls.server_name or bare) if tls is not None else None,
            limit=_MOST_HEAD_BYTES,
        )
    except BaseException:
        connection.close()
        raise
    try:
        writer.write(request)
        return await _read(reader)
    finally:
        writer.transport.abort()


async def _read(reader: asyncio.StreamReader) -> Answer:
    try:
        first = await reader.readexactly(_FIRST_BYTES)
    except asyncio.IncompleteReadError as error:
        if error.partial:
            raise ValueError("it does not speak HTTP") from None
        raise ValueError("it closed the connection without an answer") from None
    if is_http2(first):
        raise ValueError("it speaks only HTTP/2 there, as gRPC does")
    if not first.startswith(b"HTTP/1."):
        raise ValueError("it does not speak HTTP")
    try:
        head = first + await reader.readuntil(b"\r\n\r\n")
    except asyncio.LimitOverrunError:
        raise ValueError("its headers are too long") from None
    start, *rest = head.decode("latin-1").split("\r\n")
    if (found := _STATUS.fullmatch(start)) is None:
        raise _malformed()
    status = int(found["status"])
    pairs = (line.partition(":") for line in rest)
    fields = {name.strip().lower(): value.strip() for name, _, value in pairs}
    kind = fields.get("content-type", "").partition(";")[0].strip().lower()
    body = await _body(reader, fields) if status not in _WITHOUT_BODY else b""
    return Answer(status, found["reason"], kind, body)


async def _body(reader: asyncio.StreamReader, fields: Mapping[str, str]) -> bytes:
    if "chunked" in fields.get("transfer-encoding", "").lower():
        return await _chunks(reader)
    if "content-length" in fields:
        return await reader.readexactly(_size(fields["content-length"], 10))
    body = bytearray()
    while more := await reader.read(_MOST_HEAD_BYTES):
        body += more
        if len(body) > MOST_REST_BYTES:
            raise _too_long()
    return bytes(body)


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    body = bytearray()
    while True:
        try:
            line = await reader.readuntil(b"\r\n")
        except asyncio.LimitOverrunError:
            raise _malformed() from None
        size = _size(line.partition(b";")[0].decode("latin-1").strip(), 16)
        if size == 0:
            return bytes(body)
        if len(body) + size > MOST_REST_BYTES:
            raise _too_long()
        body += (await reader.readexactly(size + 2))[:size]  # and the line's end


def _size(text: str, base: int) -> int:
    digits = r"[0-9]{1,16}" if base == 10 else r"[0-9A-Fa-f]{1,16}"
    if not re.fullmatch(digits, text):
        raise _malformed()
    if (size := int(text, base)) > MOST_REST_BYTES:
        raise _too_long()
    return size


def _malformed() -> ValueError:
    return ValueError("its answer is malformed")


def _too_long() -> ValueError:
    return ValueError(f"its answer is longer than {MOST_REST_BYTES >> 10} kB")


def _why(error: OSError | ValueError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        reason = (error.reason or str(error)).replace("_", " ").lower()
        if "alert" in reason and ("certificate" in reason or "unknown ca" in reason):
            return "it wants a client certificate that it trusts"
        return f"TLS failed: {reason}"
    if isinstance(error, ConnectionError) and not error.errno:  # asyncio's word for it
        return "it closed the connection during the TLS handshake"
    if isinstance(error, OSError):
        return oserror.reason(error)
    return "it cannot be written in HTTP" if isinstance(error, UnicodeError) else str(error)


def _context(tls: Tls) -> ssl.SSLContext:
    """Make a context that insists on the server's certificate and its name, as gRPC does."""
    roots = tls.root_pem_path or default_roots()
    if not tls.client_pem_path and not tls.root_pem_path:
        return _default_context(roots)
    context = _new_context(roots)
    if tls.client_pem_path:
        # Without the password argument OpenSSL would ask on the terminal.
        context.load_cert_chain(tls.client_pem_path, tls.client_key_path, password="")
    return context


@functools.cache  # some 150 authorities
def _default_context(roots: str) -> ssl.SSLContext:
    return _new_context(roots)


def _new_context(roots: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.set_alpn_protocols(["http/1.1"])
    # As gRPC does: the server's own certificate is enough of a chain.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    trust(context, roots)
    return context
