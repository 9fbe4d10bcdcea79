"""A failure → its cause, the evidence, and what to do.

gRPC reports most failures as ``UNAVAILABLE`` with a text from deep inside; the true cause can be
read from that text. `_CAUSES` is the table of what was seen on real servers (grpcio 1.85, Milvus
2.3.5). A failure that matches no row is reported as what was seen, never as a guess.
"""

from __future__ import annotations

import os
import re
import socket
import ssl
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    import grpc

    from .params import Endpoint

__all__ = [
    "Diagnosis",
    "ProbeError",
    "connection_lost",
    "database_missing",
    "from_answer",
    "from_os_error",
    "from_rpc",
    "plain",
    "server_refused",
    "silent",
]

FailedState = Literal["unreachable", "rejected"]


@dataclass(frozen=True)
class Diagnosis:
    """Why a connection fails.

    Attributes
    ----------
    cause
        A stable identifier, such as ``"wrong-password"``.
    why
        The reason, one line.
    fix
        What to do, one line.
    evidence
        What was answered, as it came.
    state
        ``"unreachable"`` where no Milvus answered, ``"rejected"`` where one answered and refused.
    """

    cause: str
    why: str
    fix: str
    evidence: str
    state: FailedState


class ProbeError(Exception):
    """A probe failed; `diagnosis` says why. Never leaves the package."""

    def __init__(self, diagnosis: Diagnosis) -> None:
        super().__init__(diagnosis.why)
        self.diagnosis = diagnosis


@dataclass(frozen=True)
class _Cause:
    cause: str
    code: str  # gRPC status code, or "" for any
    pattern: str  # searched in the details, case-insensitively
    why: str
    fix: str
    state: FailedState = "unreachable"


# Order matters: the first row that matches names the cause.
_CAUSES: Final = (
    _Cause(
        "wrong-api-key", "UNAUTHENTICATED", "api key",
        "The server does not accept this API key.",
        "Check the key. For a user and password, write the token as user:password.",
        "rejected",
    ),
    _Cause(
        "no-credentials", "UNAUTHENTICATED", "missing authorization",
        "The server asks for credentials, and none were given.",
        "Sign in: add --user and --ask, or --token-env VARIABLE.",
        "rejected",
    ),
    _Cause(
        "wrong-password", "UNAUTHENTICATED", "",
        "Wrong password for user {user}, or no such user.",
        "Check the user's name and password. A fresh Milvus has root with the password Milvus.",
        "rejected",
    ),
    _Cause(
        "permission-denied", "PERMISSION_DENIED", "",
        "The server knows {user} but does not allow this: {details}",
        "Ask the server's administrator for the privilege.",
        "rejected",
    ),
    _Cause(
        "too-old", "UNIMPLEMENTED", "unknown method",
        "The Milvus server on {address} is too old: it does not know the call that was made.",
        "Use a server of version 2.2.9 or later.",
    ),
    _Cause(
        "not-milvus-grpc", "UNIMPLEMENTED", "unknown service",
        "{address} speaks gRPC but is not Milvus's proxy (etcd, or a port inside a cluster).",
        "Use the port of the Milvus proxy; its default is 19530.",
    ),
    _Cause(
        "not-grpc-gateway", "UNIMPLEMENTED", "http2 header with status",
        "{address} is a web server or gateway that does not pass gRPC on: {details}",
        "Use the address that Milvus's own gRPC port has, or let the gateway forward gRPC.",
    ),
    _Cause(
        "refused", "UNAVAILABLE", "connection refused",
        "Connection refused: nothing listens on {address}.",
        "Is Milvus running, and is {port} its port? The default is 19530.",
    ),
    _Cause(
        "dns", "UNAVAILABLE", "errors resolving|name resolution|hostname lookup",
        "The name {host} cannot be resolved.",
        "Check the spelling of {host}, and your network or VPN.",
    ),
    _Cause(
        "tls-to-plaintext", "UNAVAILABLE", "wrong_version_number",
        "TLS was asked for, but the server on {address} does not speak TLS.",
        "Leave out --secure and https://, or switch TLS on in the server.",
    ),
    _Cause(
        "tls-untrusted", "UNAVAILABLE", "certificate_verify_failed",
        "The server's certificate is not signed by an authority that this machine trusts.",
        "Give the authority's certificate: --ca-pem-path ca.pem",
    ),
    _Cause(
        "tls-name", "UNAVAILABLE", "hostname verification",
        "The server's certificate is for another name than {host}.",
        "Connect by the certificate's name, or say it: --server-name NAME",
    ),
    _Cause(
        "tls-client-certificate", "UNAVAILABLE", "tsi_data_corrupted|certificate_required|_alert_",
        "The server ended the TLS handshake: it asks for a client certificate that it trusts.",
        "Give yours: --client-pem-path FILE --client-key-path FILE, with --ca-pem-path FILE",
    ),
    _Cause(
        "tls-bad-file", "UNAVAILABLE", "security handshaker",
        "The TLS files cannot be used: {details}",
        "Check that each file is the PEM file that its option asks for.",
    ),
    _Cause(
        "http1", "UNAVAILABLE", "http1.x server",
        "{address} answers, but as a plain HTTP server; it is not Milvus's gRPC port.",
        "Port 9091 is for health and metrics. Connect to 19530 or whatever port maps to it.",
    ),
    _Cause(
        "not-http2", "UNAVAILABLE", "failed parsing http/2",
        "{address} answers, but speaks another protocol than gRPC.",
        "Check the port: Milvus's default is 19530.",
    ),
    _Cause(
        "reset", "UNAVAILABLE", "connection reset",
        "{address} accepts connections and drops them at once.",
        "Is Milvus still starting, or a forwarded port without a server behind it?",
    ),
    _Cause(
        "plaintext-to-tls", "UNAVAILABLE", "socket closed",
        "{address} accepted the connection and closed it without a word.",
        "If the server uses TLS, add --secure. If it was stopped just now, start it again.",
    ),
    _Cause(
        "no-route", "UNAVAILABLE", "network is unreachable|no route to host",
        "There is no route to {host}.",
        "Check your network or VPN.",
    ),
    _Cause(
        "silent", "DEADLINE_EXCEEDED", "",
        "{address} did not answer in time.",
        "Is Milvus still starting, or a firewall in between? Raise --timeout if it is only slow.",
    ),
)  # fmt: skip


def from_rpc(endpoint: Endpoint, code: grpc.StatusCode, details: str | None) -> Diagnosis:
    """Name the cause of a failed gRPC call.

    Parameters
    ----------
    endpoint
        Where the call went.
    code, details
        The call's status, as gRPC reported it.

    Returns
    -------
    Diagnosis
        With cause ``"unknown"`` and the details themselves where no row of the table fits.
    """
    details = plain(details or "")
    return _match(endpoint, code.name, details, f"{code.name}: {details}")


def from_os_error(endpoint: Endpoint, error: OSError) -> Diagnosis:
    """Name the cause of a failed name look-up, TCP connect or TLS handshake."""
    code, text = "UNAVAILABLE", str(error)
    if isinstance(error, socket.gaierror):
        text = f"errors resolving {endpoint.host}: {text}"
    elif isinstance(error, TimeoutError):  # the operating system's, not ours
        code = "DEADLINE_EXCEEDED"
    elif error.errno and not isinstance(error, ssl.SSLError):
        text = os.strerror(error.errno)  # asyncio's own words hide it
    return _match(endpoint, code, text, f"{type(error).__name__}: {text}".rstrip(": "))


_SILENT_AT: Final = {
    "resolve": "its name was not resolved",
    "tcp": "no TCP connection was made",
    "tls": "it accepted the connection and did not answer the TLS handshake",
    "grpc": "it accepted the connection and said nothing",
}


def silent(endpoint: Endpoint, stage: str, deadline: float) -> Diagnosis:
    """Report that a deadline passed.

    Parameters
    ----------
    endpoint
        Who did not answer.
    stage
        What was waited for; see `milvus_nb.stages`.
    deadline
        How long, in seconds.
    """
    how = _SILENT_AT.get(stage, "it accepted the connection, but a call was not answered")
    evidence = f"{deadline:g} s in stage {stage or 'call'}"
    found = _match(endpoint, "DEADLINE_EXCEEDED", "", evidence)
    return replace(found, why=f"{endpoint.address} did not answer in {deadline:.3g} s: {how}.")


def from_answer(endpoint: Endpoint, answer: bytes) -> Diagnosis:
    """Name the cause where the first bytes of an answer are not those of HTTP/2.

    Parameters
    ----------
    endpoint
        Who answered.
    answer
        Its first bytes; empty if it closed the connection instead.
    """
    if not answer:
        details = "socket closed"
    elif answer.startswith(b"HTTP/1"):
        details = f"http1.x server, it says {answer!r}"
    else:
        details = f"failed parsing HTTP/2, it says {answer!r}"
    return _match(endpoint, "UNAVAILABLE", details, details)


def plain(text: str) -> str:
    """Make one line of printable characters of a server's text: a terminal would obey the rest."""
    words = " ".join(text.split())
    return "".join(
        letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in words
    )


def server_refused(endpoint: Endpoint, code: int, reason: str) -> Diagnosis:
    """Report a call that arrived and was answered with an error status of Milvus itself."""
    return Diagnosis(
        "server-error",
        f"{endpoint.address} answered with error {code}: {plain(reason)}",
        "The server's log tells more.",
        f"code {code}: {reason}",
        "rejected",
    )


def database_missing(endpoint: Endpoint, db_name: str, existing: list[str]) -> Diagnosis:
    """Report a database that the server does not have."""
    names = ", ".join(plain(name) for name in sorted(existing)[:10]) + (
        ", …" if len(existing) > 10 else ""
    )
    return Diagnosis(
        "database-missing",
        f"There is no database {db_name} on {endpoint.address}.",
        f"The databases there: {names}." if names else "Create it, or leave the database out.",
        f"ListDatabases: {names}",
        "rejected",
    )


def connection_lost(endpoint: Endpoint) -> Diagnosis:
    """Report a call that was under way when the connection was found lost, or was closed."""
    return Diagnosis(
        "connection-lost",
        f"The connection to {endpoint.address} was lost.",
        "It is tried again until the server is back; %milvus status tells.",
        "the channel was closed",
        "unreachable",
    )


def _match(endpoint: Endpoint, code: str, details: str, evidence: str) -> Diagnosis:
    facts = {
        "address": endpoint.address,
        "host": endpoint.host or endpoint.path,
        "port": str(endpoint.port or endpoint.path),
        "user": endpoint.user or "(none)",
        "details": details,
    }
    if endpoint.kind == "lite":
        return Diagnosis(
            "lite-gone",
            f"Milvus Lite does not serve {endpoint.address} any more: {details or code}",
            "Disconnect and connect again.",
            evidence,
            "unreachable",
        )
    for row in _CAUSES:
        if row.code == code and re.search(row.pattern, details, re.IGNORECASE):
            why, fix = row.why.format(**facts), row.fix.format(**facts)
            return Diagnosis(row.cause, why, fix, evidence, row.state)
    return Diagnosis(
        "unknown",
        f"{endpoint.address} answered {evidence}",
        "This failure is not one we know. The text above is what gRPC reported.",
        evidence,
        "unreachable",
    )
