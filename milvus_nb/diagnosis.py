"""A failure → its cause, the evidence, and what to do. The words are in `causes`."""

from __future__ import annotations

import errno
import os
import re
import socket
import ssl
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from .causes import CAUSES, RULES, FailedState

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
    "of",
    "plain",
    "server_refused",
    "silent",
    "with_evidence",
]

_MOST_SHOWN: Final = 300  # characters of an answer


@dataclass(frozen=True)
class Diagnosis:
    """Why a connection fails.

    Attributes
    ----------
    cause
        A stable identifier, such as ``"wrong-password"``; see `milvus_nb.causes`.
    why
        The reason, one line.
    fix
        What to do, one line.
    state
        ``"unreachable"`` where no Milvus answered, ``"rejected"`` where one answered and refused.
    asked
        What was asked, such as ``"TCP connection"`` or ``"Connect (gRPC)"``.
    answered
        What was answered, as it came.
    took_ms
        How long that took, in milliseconds; None where nothing was measured.
    """

    cause: str
    why: str
    fix: str
    state: FailedState
    asked: str = ""
    answered: str = ""
    took_ms: float | None = None

    @property
    def evidence(self) -> str:
        """What was asked, what was answered, and how long it took, in one line."""
        took = "" if self.took_ms is None else f" ({self.took_ms:.1f} ms)"
        asked = f"{self.asked}: " if self.asked else ""
        return f"{asked}{self.answered or 'no answer'}{took}"


class ProbeError(Exception):
    """A probe failed; `diagnosis` says why. Never leaves the package."""

    def __init__(self, diagnosis: Diagnosis) -> None:
        super().__init__(diagnosis.why)
        self.diagnosis = diagnosis


def of(endpoint: Endpoint, cause: str, answered: str = "", **facts: str) -> Diagnosis:
    """Make the diagnosis of a known cause.

    Parameters
    ----------
    endpoint
        Where it failed.
    cause
        A key of `CAUSES`.
    answered
        What was answered, as it came.
    **facts
        What the words of the cause need besides the endpoint's own.
    """
    words = CAUSES[cause]
    answered = plain(answered)[:_MOST_SHOWN]
    known = {**_facts(endpoint), "details": answered, **{k: plain(v) for k, v in facts.items()}}
    return Diagnosis(
        cause,
        words.why.format(**known).strip(),
        words.fix.format(**known).strip(),
        words.state,
        answered=answered,
    )


def with_evidence(found: Diagnosis, asked: str, took_ms: float | None) -> Diagnosis:
    """Add what was asked and how long it took, where that is not yet known."""
    if found.asked:
        return found
    return replace(found, asked=asked, took_ms=took_ms)


def from_rpc(
    endpoint: Endpoint, code: grpc.StatusCode, details: str | None, method: str = ""
) -> Diagnosis:
    """Name the cause of a failed gRPC call.

    Parameters
    ----------
    endpoint
        Where the call went.
    code, details
        The call's status, as gRPC reported it.
    method
        The method that was called.

    Returns
    -------
    Diagnosis
        With cause ``"unknown"`` and the details themselves where no row of `RULES` fits.
    """
    details = plain(details or "")
    answered = f"{code.name}: {details}" if details else code.name
    if endpoint.kind == "lite" and code.name in ("UNAVAILABLE", "DEADLINE_EXCEEDED"):
        return of(endpoint, "lite-gone", answered)
    if details == "No status received":
        details = "received http2 header with status: 200"
    if found := re.search(r"http2 header with status: (\d+)", details, re.IGNORECASE):
        return replace(of(endpoint, "gateway", found[1]), answered=answered)
    cause = _match(endpoint, code.name, details)
    if cause == "permission-denied":
        return replace(of(endpoint, cause, details), answered=answered)
    return of(endpoint, cause, answered, method=method or "the call that was made")


def from_os_error(endpoint: Endpoint, error: OSError) -> Diagnosis:
    """Name the cause of a failed name look-up, TCP connect or TLS handshake."""
    text = str(error)
    if isinstance(error, socket.gaierror):
        return of(
            endpoint,
            "dns-silent" if error.errno == socket.EAI_AGAIN else "dns",
            error.strerror or text,
        )
    if isinstance(error, ssl.SSLError):
        text = text.partition(" (_ssl.c")[0]  # a line of Python's source
        return of(endpoint, _match(endpoint, "UNAVAILABLE", f"ssl {error.reason} {text}"), text)
    if isinstance(error, TimeoutError):  # the operating system's, not ours
        return of(endpoint, "dropped", "timed out", seconds="the system's limit of time")
    if endpoint.kind == "unix" and error.errno not in (errno.ECONNRESET, errno.EPIPE):
        return of(endpoint, "socket", os.strerror(error.errno) if error.errno else text)
    if isinstance(error, ConnectionError) and not error.errno:  # asyncio's word for it
        return of(endpoint, "forward-nowhere", "closed during the TLS handshake")
    if error.errno:  # asyncio's own words hide it
        text = os.strerror(error.errno)
    return of(endpoint, _match(endpoint, "UNAVAILABLE", text), text or type(error).__name__)


_SILENT_AT: Final = {
    "resolve": "dns-silent",
    "tcp": "dropped",
    "tls": "silent",
    "grpc": "silent",
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
    cause = _SILENT_AT.get(stage, "unanswered")
    seconds = f"{deadline:.3g} s"
    answered = f"nothing in {seconds}"
    return replace(of(endpoint, cause, answered, seconds=seconds), took_ms=deadline * 1000)


# How somebody else begins to speak, and who that is.
_PROTOCOLS: Final = (
    (rb"SSH-", "an SSH server"),
    (rb"-ERR|\+OK|\+PONG|-NOAUTH|-DENIED", "a Redis server"),
    (rb"220[ -]", "a mail or FTP server"),
    (rb".\x00\x00\x00[\x09\x0a]", "a MySQL server"),
    (rb"E\x00\x00", "a PostgreSQL server"),
    (rb"AMQP", "an AMQP server"),
    (rb"\x15\x03", "a TLS server"),
)


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
        cause = "cut-off" if endpoint.secure else "forward-nowhere"
        return of(endpoint, cause, "closed without a word")
    first = answer.split(b"\r\n")[0][:60].decode("latin-1")
    if re.match(rb"HTTP/1|\s*<(!doctype|html)", answer, re.IGNORECASE):
        return of(endpoint, "http1", first)
    if answer.startswith(b"\x15\x03") and endpoint.kind == "tcp":
        return of(endpoint, "plaintext-to-tls", "a TLS alert", trust="")
    if answer[3:4] == b"\x04":
        return of(endpoint, "cut-off", f"{len(answer)} bytes of HTTP/2, then closed")
    who = next((name for start, name in _PROTOCOLS if re.match(start, answer, re.DOTALL)), "")
    return of(endpoint, "other-protocol", repr(first), protocol=who or "another kind of server")


def plain(text: str) -> str:
    """Make one line of printable characters of a server's text: a terminal would obey the rest."""
    words = " ".join(text.split())
    return "".join(
        letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in words
    )


def server_refused(endpoint: Endpoint, code: int, reason: str) -> Diagnosis:
    """Report a call that arrived and was answered with an error status of Milvus itself."""
    if re.search(r"not ready|initializ|state code: Abnormal|unhealthy", reason, re.IGNORECASE):
        return of(endpoint, "starting", reason)
    return of(endpoint, "server-error", f"{code}: {reason}")


def database_missing(endpoint: Endpoint, db_name: str, existing: list[str]) -> Diagnosis:
    """Report a database that the server does not have."""
    names = ", ".join(sorted(existing)[:10]) + (", …" if len(existing) > 10 else "")
    fix = f"The databases there: {names}." if names else "Create it, or leave the database out."
    return of(endpoint, "database-missing", f"only {names}", database=db_name, existing=fix)


def connection_lost(endpoint: Endpoint) -> Diagnosis:
    """Report a call that was under way when the connection was found lost, or was closed."""
    return of(endpoint, "connection-lost", "the channel was closed")


def _match(endpoint: Endpoint, code: str, details: str) -> str:
    cause = "unknown"
    for rule in RULES:
        if re.fullmatch(rule.code, code) and re.search(rule.pattern, details, re.IGNORECASE):
            cause = rule.cause
            break
    if cause == "tls-client-missing" and endpoint.tls.client_pem_path:
        return "tls-client-rejected"
    return cause


def _facts(endpoint: Endpoint) -> dict[str, Any]:
    tls = endpoint.tls
    host = f"[{endpoint.host}]" if ":" in endpoint.host else endpoint.host
    given = [path for path in (tls.root_pem_path, tls.client_pem_path, tls.client_key_path) if path]
    return {
        "address": endpoint.address,
        "path": endpoint.address,
        "host": endpoint.host or endpoint.path,
        "port": str(endpoint.port or endpoint.path),
        "user": endpoint.user or "(none)",
        "right_port": "19530",
        "right_address": f"{host}:19530",
        "tls_option": "--secure, https:// and the TLS files" if tls else "--secure or https://",
        "roots": tls.root_pem_path or "gRPC's list of authorities",
        "expected": tls.server_name or endpoint.host,
        "client_file": tls.client_pem_path,
        "files": ", ".join(given) or "they",
        # What an investigation may find out.
        "protocol": "another kind of server",
        "proxy": "",
        "variable": "",
        "method": "the call that was made",
        "database": "",
        "existing": "",
        "drops": "several",
        "lived": "a moment",
        "seconds": "time",
        "names": "another name",
        "first_name": "NAME",
        "since": "a later time",
        "until": "a day in the past",
        "now": "",
        "shown": "",
        "trust": "",
        "holder": "",
        "where": "",
    }
