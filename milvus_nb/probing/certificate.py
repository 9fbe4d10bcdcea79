"""What a TLS server shows, and why it is not trusted."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import ipaddress
import os
import ssl
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, Final

from .outside import MOST_FACT, MOST_NAME, cut, plain
from .private_names import roots

if TYPE_CHECKING:
    import socket
    from collections.abc import Awaitable, Callable

    from ..params.endpoint import Endpoint

__all__ = ["ROOTS_VARIABLE", "Certificate", "Handshake", "default_roots", "handshake", "trust"]

#: Names the file of the authorities that gRPC trusts where no other is given.
ROOTS_VARIABLE: Final = "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH"

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=timezone.utc)

# Where OpenSSL says so, gRPC does, too: not yet valid, expired, self-signed (itself, or its root),
# issued by nobody that is known, not signed by any that is. In other questions it is stricter.
_UNTRUSTED: Final = (9, 10, 18, 19, 20, 21)

# OpenSSL's X509_V_FLAG_NO_CHECK_TIME, for which the ssl module has no name.
_NO_CHECK_TIME: Final = 0x200000


@dataclass(frozen=True)
class Certificate:
    """A server's certificate.

    Attributes
    ----------
    subject, issuer
        Whose it is and who signed it, as ``"CN=db.example, O=Example"``.
    names
        The host names and IP addresses that it is for.
    not_before, not_after
        When it is valid, Unix seconds.
    """

    subject: str
    issuer: str
    names: tuple[str, ...]
    not_before: float
    not_after: float

    @property
    def since(self) -> str:
        """When it begins to be valid, as a date."""
        return day(self.not_before)

    @property
    def until(self) -> str:
        """When it expires, as a date."""
        return day(self.not_after)

    def __str__(self) -> str:
        return f"for {cut(', '.join(self.names), MOST_FACT) or self.subject} until {self.until}"


@dataclass
class Handshake:
    """An open TLS connection, and what was seen of the server.

    Attributes
    ----------
    reader, writer
        The connection. The certificate was not checked, see `problem`.
    version
        Such as ``"TLSv1.3"``.
    certificate
        None where it could not be read.
    problem
        Why OpenSSL does not trust the certificate, in its words; empty where it does.
    refused
        Why gRPC would not take the certificate, in its words; empty where it may. It would write
        them into the cell, so it is not to be asked.
    """

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    version: str
    certificate: Certificate | None
    problem: str = ""
    refused: str = ""


async def handshake(
    endpoint: Endpoint, connect: Callable[[], Awaitable[socket.socket]]
) -> Handshake:
    """Speak TLS with an endpoint, whether its certificate can be trusted or not.

    The caller decides about trust; this only looks. No credentials are sent, and who is not trusted
    is not shown the client's certificate.

    Parameters
    ----------
    endpoint
        Whose TLS files to use.
    connect
        Gives a new connection to it; called again where a look needs another.

    Raises
    ------
    OSError
        There was no TLS connection.
    """
    problem = refused = ""
    context = _context(endpoint)
    try:
        reader, writer = await _open(endpoint, await connect(), context)
    except ssl.SSLCertVerificationError as error:
        problem = error.verify_message
        if error.verify_code in _UNTRUSTED:
            refused = f"CERTIFICATE_VERIFY_FAILED: {problem}"
        try:
            reader, writer = await _open(endpoint, await connect(), _blind_context())
        except OSError:
            if not endpoint.tls.client_pem_path:
                raise
            raise error from None  # it wants the client's certificate first
    try:
        tls: ssl.SSLObject = writer.get_extra_info("ssl_object")
        found = tls.getpeercert() if not problem else None
        if problem and (shown := tls.getpeercert(binary_form=True)):
            found = await _decode(endpoint, shown, connect)
        certificate = _certificate(found) if found else None
    except BaseException:
        writer.transport.abort()
        raise
    if certificate is not None and not refused and not is_for(certificate, _expected(endpoint)):
        refused = "Hostname Verification Check failed"
    version = tls.version() or "TLS"
    return Handshake(reader, writer, version, certificate, problem, refused)


def is_for(certificate: Certificate, host: str) -> bool:
    """Tell whether a certificate may be a host's; in doubt, it is."""
    names = [name.lower().rstrip(".") for name in certificate.names]
    host = host.lower().rstrip(".")
    with contextlib.suppress(ValueError):
        host = str(ipaddress.ip_address(host))
    _, _, domain = host.partition(".")
    return not names or host in names or f"*.{domain}" in names


def _expected(endpoint: Endpoint) -> str:
    """Give the name that gRPC looks for in the certificate."""
    given = endpoint.channel_arguments.get("grpc.ssl_target_name_override")
    return str(given or endpoint.certificate_name)


def day(when: float) -> str:
    """Write a time as a date and, since hours may matter, a clock time in UTC."""
    # Not by `time`: on Windows it knows neither 9999, in which what never ends does, nor 1950.
    return f"{_EPOCH + timedelta(seconds=when):%Y-%m-%d %H:%M UTC}"


async def _open(
    endpoint: Endpoint, connection: socket.socket, context: ssl.SSLContext
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    try:
        return await asyncio.open_connection(
            sock=connection, ssl=context, server_hostname=endpoint.certificate_name
        )
    except BaseException:
        connection.close()
        raise


async def _decode(
    endpoint: Endpoint, shown: bytes, connect: Callable[[], Awaitable[socket.socket]]
) -> dict[str, Any] | None:
    """Read a certificate that is not trusted: Python only reads what it trusts, so trust it."""
    context = _blind_context()
    context.verify_mode = ssl.CERT_REQUIRED
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN | _NO_CHECK_TIME
    with contextlib.suppress(OSError, ValueError):
        context.load_verify_locations(cadata=shown)
        _, writer = await _open(endpoint, await connect(), context)
        try:
            return dict(writer.get_extra_info("ssl_object").getpeercert())
        finally:
            writer.transport.abort()
    return None


def _context(endpoint: Endpoint) -> ssl.SSLContext:
    tls = endpoint.tls
    if not tls.client_pem_path and not tls.root_pem_path:
        return _default_context(default_roots())
    context = _blind_context()
    context.verify_mode = ssl.CERT_REQUIRED
    # As gRPC does: the server's own certificate is enough of a chain.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    trust(context, tls.root_pem_path or default_roots())
    if tls.client_pem_path:
        # Whose name is another gets to see nothing either; OpenSSL looks before it shows this.
        context.check_hostname = True
        context.load_cert_chain(tls.client_pem_path, tls.client_key_path)
    return context


@functools.cache  # some 150 authorities
def _default_context(authorities: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.set_alpn_protocols(["h2"])
    trust(context, authorities)
    return context


def trust(context: ssl.SSLContext, authorities: str) -> None:
    """Have a context trust the authorities of a file; those of the system where there is none."""
    if authorities:
        context.load_verify_locations(cafile=authorities)
    else:
        context.load_default_certs()


def default_roots() -> str:
    """Give the file of the authorities that gRPC trusts by itself; empty where it has none."""
    return os.environ.get(ROOTS_VARIABLE, "") or roots()


def _blind_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    return context


def _certificate(found: dict[str, Any]) -> Certificate:
    return Certificate(
        _name(found.get("subject", ())),
        _name(found.get("issuer", ())),
        tuple(_host(*pair) for pair in found.get("subjectAltName", ()) if pair[0] in _HOSTS),
        ssl.cert_time_to_seconds(found["notBefore"]),
        ssl.cert_time_to_seconds(found["notAfter"]),
    )


_HOSTS: Final = ("DNS", "IP Address")


def _host(kind: str, value: str) -> str:
    if kind == "IP Address":
        with contextlib.suppress(ValueError):
            return str(ipaddress.ip_address(value.strip()))
    return plain(value, MOST_NAME)


_SHORT: Final = {
    "commonName": "CN",
    "organizationName": "O",
    "organizationalUnitName": "OU",
    "countryName": "C",
}


def _name(parts: tuple[tuple[tuple[str, str], ...], ...]) -> str:
    pairs = [pair for part in parts for pair in part]
    return plain(", ".join(f"{_SHORT.get(key, key)}={value}" for key, value in pairs), MOST_FACT)
