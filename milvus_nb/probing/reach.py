"""Whether an endpoint speaks HTTP/2, asked over a socket of our own.

gRPC is only started where this succeeds. It says which layer fails, where gRPC has one text for
all, and it can be cancelled: gRPC keeps the socket of an attempt that nobody answers until the
attempt times out, even after its channel is closed (grpcio 1.85).
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from . import diagnosis
from .certificate import Certificate, handshake
from .diagnosis import ProbeError
from .dial import UNIX, Attempt, SocketAddress, dial, look_up, shown
from .environment import check_environment
from .oserror import reason
from .proxies import Proxy, proxy, tunnel
from .waiting import within

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from ..params.endpoint import Endpoint
    from .stages import Stages

__all__ = ["Reached", "greet", "is_http2", "reach"]

# RFC 9113: the client's preface, followed by an empty SETTINGS frame; the server's first frame is
# SETTINGS, too.
_PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))
_FRAME_HEADER_BYTES: Final = 9
# A first frame is shorter than 64 kB: the three bytes of its length begin with a zero.
_FIRST_BYTE: Final = b"\0"
_SETTINGS: Final = re.compile(rb"\0..\x04.\0\0\0\0", re.DOTALL)

# So long who has begun to say something else may go on, in seconds.
_ELSE_S: Final = 0.1

# So long one address of a name may be silent before the next is tried, in seconds.
_OTHERS_WAIT_S: Final = 1.0


@dataclass
class Reached:
    """What was seen on the way to an endpoint.

    Attributes
    ----------
    target
        gRPC's target for the address that answered; empty where gRPC finds its own way.
    attempts
        What came of each address that was tried.
    proxy
        The proxy that was gone through.
    certificate
        What the server showed; None without TLS.
    """

    target: str = ""
    attempts: list[Attempt] = field(default_factory=list)
    proxy: Proxy | None = None
    certificate: Certificate | None = None
    addresses: list[SocketAddress] = field(default_factory=list)
    """The addresses of the host, or of the proxy; then the one that accepted."""


async def reach(endpoint: Endpoint, stages: Stages, seen: Reached, *, every: bool = False) -> None:
    """Go through name, TCP, TLS and HTTP/2, and close the socket again.

    No credentials are sent. Whether a certificate is trusted is gRPC's to say, but where it is
    certain that it is not, gRPC is not asked: it would write into the cell.

    Parameters
    ----------
    endpoint
        Where to go. A Unix socket has no name and no TLS, Milvus Lite none of all this.
    stages
        Where to record them.
    seen
        Where to record what was seen, which is worth having also where it fails.
    every
        Whether to try every address of the name, not just until one accepts.

    Raises
    ------
    ProbeError
        A layer failed.
    """
    if endpoint.kind == "lite":
        return
    await _resolve(endpoint, stages, seen)
    # What listens on one address of a name says nothing about the others.
    left, slow = seen.addresses, list[SocketAddress]()
    failed: ProbeError | None = None
    while left:
        addresses = seen.addresses = left
        try:
            # What came of each address is recorded once, not again where it is asked once more.
            is_first = not seen.attempts
            connection = await _connect(endpoint, stages, seen, every=every and is_first)
            # Those before it have failed already, or are the proxy's.
            used = seen.addresses[0]
            later = addresses[addresses.index(used) + 1 :] if used in addresses else []
            left = later if seen.proxy is None else []
            talk = _talk_first(endpoint, stages, seen, connection)
            await within(_OTHERS_WAIT_S if left else None, talk)
        except asyncio.TimeoutError:
            slow.append(used)
        except ProbeError as error:
            failed = failed or error
            left = left if left is not addresses else []
        else:
            return
        if not left:  # who was only slow gets all the time that there is
            left, slow = slow, []
    raise failed or ProbeError(diagnosis.of(endpoint, "dns", "the name has no address"))


async def _talk_first(
    endpoint: Endpoint, stages: Stages, seen: Reached, connection: socket.socket
) -> None:
    first = [connection]
    try:
        await _talk(endpoint, stages, seen, lambda: _again(endpoint, seen, first))
    finally:
        for unused in first:
            unused.close()


async def _talk(
    endpoint: Endpoint,
    stages: Stages,
    seen: Reached,
    connect: Callable[[], Awaitable[socket.socket]],
) -> None:
    if not endpoint.secure:
        stages.skip("tls")
        with stages.run("grpc") as found, _diagnosed(endpoint):
            with await connect() as plaintext:
                _require_http2(endpoint, await greet(plaintext))
            found("HTTP/2")
        return
    with stages.run("tls") as found, _diagnosed(endpoint):
        tls = await handshake(endpoint, connect)
        seen.certificate = tls.certificate
        problem = f"; not trusted: {tls.problem}" if tls.problem else ""
        found(f"{tls.version}, certificate {tls.certificate}{problem}")
        if tls.refused:
            tls.writer.transport.abort()
            raise ProbeError(diagnosis.from_handshake(endpoint, tls.refused))
    if tls.problem and endpoint.tls.client_pem_path:
        # It was not shown the client's certificate. Whether it can be trusted, gRPC knows.
        tls.writer.transport.abort()
        stages.skip("grpc")
        return
    try:
        with stages.run("grpc") as found, _diagnosed(endpoint):
            tls.writer.write(_PREFACE)
            try:
                answer = await _first_frame(tls.reader.read)
            except ConnectionError:  # closed with what we have sent unread
                answer = b""
            _require_http2(endpoint, answer)
            found("HTTP/2")
    finally:
        tls.writer.transport.abort()


async def greet(connection: socket.socket) -> bytes:
    """Say hello in HTTP/2 and give the first bytes of the answer; none if it hangs up."""
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(connection, _PREFACE)
    return await _first_frame(lambda most: loop.sock_recv(connection, most))


async def _first_frame(receive: Callable[[int], Awaitable[bytes]]) -> bytes:
    """Read a frame's header, or as much of something else."""
    answer = await receive(512)
    while answer and len(answer) < _FRAME_HEADER_BYTES:
        limit = None if answer.startswith(_FIRST_BYTE) else _ELSE_S
        try:
            more = await within(limit, receive(512))
        except asyncio.TimeoutError:  # all that it says: a short greeting, say
            break
        if not more:
            break
        answer += more
    return answer


async def _resolve(endpoint: Endpoint, stages: Stages, seen: Reached) -> None:
    try:
        check_environment(endpoint)
        if endpoint.kind == "unix" and UNIX is None:
            raise ProbeError(diagnosis.of(endpoint, "no-sockets", "there is no socket.AF_UNIX"))
        if endpoint.kind == "unix" and "," in endpoint.path:
            said = "gRPC takes a comma for the end of a path"
            raise ProbeError(diagnosis.of(endpoint, "socket", said))
    except ProbeError as error:
        stages.blame("resolve", error)
        raise
    if endpoint.kind == "unix" and UNIX is not None:
        stages.skip("resolve")
        seen.addresses = [(UNIX, endpoint.path)]
        return
    seen.proxy = way = proxy(endpoint)
    with stages.run("resolve") as found:
        if way is None:
            with _diagnosed(endpoint):
                seen.addresses = await look_up(endpoint.host, endpoint.port)
            found(", ".join(dict.fromkeys(str(where[0]) for _, where in seen.addresses)))
            return
        with _through(endpoint, way):
            seen.addresses = await look_up(way.host, way.port)
        found(f"left to the proxy {way.address} ({way.variable})")


async def _connect(
    endpoint: Endpoint, stages: Stages, seen: Reached, *, every: bool
) -> socket.socket:
    way = seen.proxy
    with stages.run("tcp") as found, _through(endpoint, way), _diagnosed(endpoint):
        connection = await dial(seen.addresses, seen.attempts if every else None)
        try:
            place = connection.getpeername()
            seen.addresses = [(connection.family, place)]
            if way is not None:
                await tunnel(endpoint, way, connection)
        except BaseException:
            connection.close()
            raise
        if way is not None:
            found(f"through {way.address} ({way.variable})")
        elif endpoint.kind == "unix":
            seen.target = endpoint.target
        else:
            found(shown((connection.family, place)))
            kind = "ipv6" if connection.family == socket.AF_INET6 else "ipv4"
            seen.target = f"{kind}:{shown((connection.family, place)).replace('%', '%25')}"
    return connection


async def _again(endpoint: Endpoint, seen: Reached, unused: list[socket.socket]) -> socket.socket:
    """Give the connection that is there, or a new one to the same address."""
    if unused:
        return unused.pop()
    connection = await dial(seen.addresses)
    try:
        if seen.proxy is not None:
            await tunnel(endpoint, seen.proxy, connection)
    except BaseException:
        connection.close()
        raise
    return connection


def is_http2(answer: bytes) -> bool:
    """Tell whether these are the first bytes of a server that speaks HTTP/2."""
    return _SETTINGS.match(answer) is not None


def _require_http2(endpoint: Endpoint, answer: bytes) -> None:
    if not is_http2(answer):
        raise ProbeError(diagnosis.from_answer(endpoint, answer))


@contextlib.contextmanager
def _diagnosed(endpoint: Endpoint) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ProbeError(diagnosis.from_os_error(endpoint, error)) from None


@contextlib.contextmanager
def _through(endpoint: Endpoint, way: Proxy | None) -> Iterator[None]:
    """Blame the proxy for what fails on the way to it."""
    try:
        yield
    except (OSError, ProbeError) as error:
        if way is None:
            raise
        if isinstance(error, ProbeError) and error.diagnosis.cause.startswith("proxy-"):
            raise
        said = error.diagnosis.answered if isinstance(error, ProbeError) else reason(error)
        found = diagnosis.of(endpoint, "proxy-unreachable", said, **way.facts)
    else:
        return
    raise ProbeError(found)
