"""Whether an endpoint speaks HTTP/2, asked over a socket of our own.

gRPC is only started where this succeeds. It says which layer fails, where gRPC has one text for
all, and it can be cancelled: gRPC keeps the socket of an attempt that nobody answers until the
attempt times out, even after its channel is closed (grpcio 1.85).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import ssl
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from . import diagnosis
from .blocking import run_blocking
from .diagnosis import ProbeError
from .params import Secret

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .params import Endpoint
    from .stages import Stages

__all__ = ["Recent", "proxy", "reach"]

# RFC 9113: the client's preface, followed by an empty SETTINGS frame; the server's first frame is
# SETTINGS, too.
_PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))
_FRAME_HEADER_BYTES: Final = 9
_TYPE_BYTE, _SETTINGS = 3, 4

# What gRPC looks at, in its order; it ignores the upper-case spellings.
_PROXY_VARIABLES: Final = ("grpc_proxy", "https_proxy", "http_proxy")

_RECENT_S: Final = 10.0

_SocketAddress = tuple[int, Any]  # family, and what connect() of that family takes


class Recent:
    """Where HTTP/2 was spoken a moment ago, and need not be asked about again."""

    def __init__(self) -> None:
        self._spoke: dict[Endpoint, tuple[str, float]] = {}

    def remember(self, endpoint: Endpoint, target: str) -> None:
        """Note that the endpoint spoke HTTP/2 under this gRPC target just now."""
        self._spoke[_place(endpoint)] = target, time.monotonic()

    def forget(self, endpoint: Endpoint) -> None:
        """Note that it does not any more."""
        self._spoke.pop(_place(endpoint), None)

    def target(self, endpoint: Endpoint) -> str:
        """Give the target under which it spoke HTTP/2 a moment ago, or nothing."""
        target, when = self._spoke.get(_place(endpoint), ("", 0.0))
        return target if time.monotonic() - when < _RECENT_S else ""


def _place(endpoint: Endpoint) -> Endpoint:
    return replace(endpoint, user="", credentials=Secret())


async def reach(endpoint: Endpoint, stages: Stages) -> str:
    """Go through name, TCP, TLS and HTTP/2, and close the socket again.

    TLS is spoken without checking the certificate, and no credentials are sent: gRPC does both,
    with its own list of authorities.

    Parameters
    ----------
    endpoint
        Where to go. A Unix socket has no name and no TLS. Milvus Lite needs none of this, and
        through a proxy only gRPC knows the way: nothing is asked then.
    stages
        Where to record them.

    Returns
    -------
    str
        gRPC's target for the address that answered; empty where nothing was asked.

    Raises
    ------
    ProbeError
        A layer failed.
    """
    if endpoint.kind == "lite" or proxy(endpoint):
        stages.skip("resolve", "tcp", "tls", "grpc")
        return ""
    if endpoint.kind == "unix":
        stages.skip("resolve")
        addresses: list[_SocketAddress] = [(socket.AF_UNIX, endpoint.path)]
    else:
        with stages.run("resolve"), _diagnosed(endpoint):
            addresses = await _resolve(endpoint)
    with stages.run("tcp"), _diagnosed(endpoint):
        connection = await _connect(addresses)
    with connection:
        target = _target(endpoint, connection)
        if not endpoint.secure:
            stages.skip("tls")
            with stages.run("grpc"), _diagnosed(endpoint):
                _require_http2(endpoint, await _greet(connection))
            return target
        with stages.run("tls"), _diagnosed(endpoint):
            reader, writer = await _tls_handshake(endpoint, connection)
        try:
            with stages.run("grpc"), _diagnosed(endpoint):
                writer.write(_PREFACE)
                _require_http2(endpoint, await reader.read(_FRAME_HEADER_BYTES))
        finally:
            writer.transport.abort()
        return target


def proxy(endpoint: Endpoint) -> str:
    """Give the environment variable whose proxy gRPC would use for this endpoint, or nothing."""
    if endpoint.kind != "tcp" or dict(endpoint.grpc_options).get("grpc.enable_http_proxy") == 0:
        return ""
    variable = next((name for name in _PROXY_VARIABLES if os.environ.get(name)), "")
    suffixes = os.environ.get("no_proxy", "").split(",")
    bypassed = any(endpoint.host.endswith(part.strip()) for part in suffixes if part.strip())
    return "" if bypassed else variable


async def _resolve(endpoint: Endpoint) -> list[_SocketAddress]:
    def look_up(flags: int = 0) -> list[_SocketAddress]:
        found = socket.getaddrinfo(
            endpoint.host, endpoint.port, type=socket.SOCK_STREAM, flags=flags
        )
        return [(family, address) for family, _, _, _, address in found]

    if endpoint.host == "localhost":  # never asked of a name server (RFC 6761)
        return look_up()
    try:
        return look_up(socket.AI_NUMERICHOST)
    except socket.gaierror:
        return await run_blocking(look_up)


async def _connect(addresses: list[_SocketAddress]) -> socket.socket:
    """Connect to the first address that accepts."""
    failure: OSError | None = None
    for family, address in addresses:
        connection = socket.socket(family, socket.SOCK_STREAM)
        connection.setblocking(False)
        try:
            await asyncio.get_running_loop().sock_connect(connection, address)
        except OSError as error:
            connection.close()
            failure = failure or error
        except BaseException:
            connection.close()
            raise
        else:
            return connection
    raise failure or OSError("the name has no address")


def _target(endpoint: Endpoint, connection: socket.socket) -> str:
    if endpoint.kind == "unix":
        return endpoint.target
    host, port = connection.getpeername()[:2]
    return f"ipv6:[{host}]:{port}" if ":" in host else f"ipv4:{host}:{port}"


async def _tls_handshake(
    endpoint: Endpoint, connection: socket.socket
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    tls = endpoint.tls
    if tls.client_pem_path:
        context.load_cert_chain(tls.client_pem_path, tls.client_key_path)
    return await asyncio.open_connection(
        sock=connection, ssl=context, server_hostname=tls.server_name or endpoint.host
    )


async def _greet(connection: socket.socket) -> bytes:
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(connection, _PREFACE)
    return await loop.sock_recv(connection, _FRAME_HEADER_BYTES)


def _require_http2(endpoint: Endpoint, answer: bytes) -> None:
    if len(answer) < _FRAME_HEADER_BYTES or answer[_TYPE_BYTE] != _SETTINGS:
        raise ProbeError(diagnosis.from_answer(endpoint, answer))


@contextlib.contextmanager
def _diagnosed(endpoint: Endpoint) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ProbeError(diagnosis.from_os_error(endpoint, error)) from None
