"""A failure → its cause, the evidence, and what to do. The words are in `causes`."""

from __future__ import annotations

import errno
import http
import re
import socket
import ssl
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ..errors import Advice, Diagnosis, Offer
from ..params.suggestion import closest
from . import oserror, rules
from .causes import CAUSES, FIX_IN_CONTAINER
from .cloud import is_cloud
from .outside import MOST_ANSWERED, MOST_FACT, said
from .placeholders import placeholders
from .surroundings import in_container, is_this_machine

if TYPE_CHECKING:
    import grpc

    from ..params.endpoint import Endpoint

__all__ = [
    "ProbeError",
    "connection_lost",
    "database_missing",
    "from_answer",
    "from_handshake",
    "from_os_error",
    "from_rpc",
    "of",
    "server_refused",
    "silent",
    "with_evidence",
]


class ProbeError(Exception):
    """A probe failed; `diagnosis` says why. Never leaves the package.

    Parameters
    ----------
    diagnosis
        Why.
    is_answer
        Whether a Milvus that is there answered with an error, which refuses nobody.
    """

    def __init__(self, diagnosis: Diagnosis, *, is_answer: bool = False) -> None:
        super().__init__(diagnosis.reason)
        self.diagnosis = diagnosis
        self.is_answer = is_answer


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
    words, fix = CAUSES[cause], CAUSES[cause].fix
    form = words.form or fix
    if cause in FIX_IN_CONTAINER and is_this_machine(endpoint.host) and in_container():
        fix = form = FIX_IN_CONTAINER[cause]
    answered = said(endpoint, answered, MOST_ANSWERED)
    known = {**placeholders(endpoint), "details": answered}
    known |= {name: said(endpoint, fact, MOST_FACT) for name, fact in facts.items()}
    meant = [Offer(one.action, one.value.format(**known)) for one in words.offers]
    return Diagnosis(
        cause,
        words.reason.format(**known).strip(),
        fix.format(**known).strip(),
        words.state,
        answered=answered,
        advice=Advice(form.format(**known).strip(), tuple(one for one in meant if one.value)),
    )


def with_evidence(found: Diagnosis, asked: str, took_ms: float | None) -> Diagnosis:
    """Add what was asked and how long it took, where that is not yet known."""
    if found.asked:
        return found
    return replace(found, asked=asked, took_ms=took_ms)


def from_rpc(
    endpoint: Endpoint,
    code: grpc.StatusCode,
    details: str | None,
    method: str = "",
    *,
    channel: str = "",
    has_metadata: bool = False,
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
    channel
        The name of the channel's state after it, such as ``"READY"``; empty where it is not known.
    has_metadata
        Whether metadata came with the status.

    Returns
    -------
    Diagnosis
        With cause ``"unknown"`` and the details themselves where no rule fits.
    """
    details = said(endpoint, details or "")
    answered = f"{code.name}: {details}" if details else code.name
    if endpoint.kind == "lite" and code.name in ("UNAVAILABLE", "DEADLINE_EXCEEDED"):
        return of(endpoint, "lite-gone", answered)
    if status := rules.http_status(details):
        found = of(endpoint, rules.cause_by_status(status), _http_status(status))
        return _answering(endpoint, found, answered)
    if rules.is_page(details):
        return of(endpoint, "gateway-page", answered)
    cause = "unknown"
    if rules.is_ours(details, channel, has_metadata=has_metadata):
        cause = _match(endpoint, code.name, details)
    if cause == "unknown":
        cause = _answer(endpoint, code.name, details)
    if endpoint.kind == "unix" and (why := rules.no_socket(details)):
        return _answering(endpoint, of(endpoint, "socket", why), answered)
    if cause == "permission-denied":
        return _answering(endpoint, of(endpoint, cause, details), answered)
    return of(endpoint, cause, answered, method=method or "the call that was made")


def from_handshake(endpoint: Endpoint, refused: str) -> Diagnosis:
    """Name the cause of a certificate that cannot be trusted, in OpenSSL's or gRPC's words."""
    return of(endpoint, _match(endpoint, "UNAVAILABLE", refused), refused)


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
    reason = oserror.reason(error)
    if isinstance(error, TimeoutError) or reason == oserror.TIMED_OUT:  # the system's, not ours
        return of(endpoint, "dropped", "timed out", seconds="the system's limit of time")
    if endpoint.kind == "unix" and error.errno not in (errno.ECONNRESET, errno.EPIPE):
        return of(endpoint, "socket", reason)
    if isinstance(error, ConnectionError) and not error.errno:  # asyncio's word for it
        return of(endpoint, "forward-nowhere", "closed during the TLS handshake")
    return of(endpoint, _match(endpoint, "UNAVAILABLE", reason), reason)


_SILENT_AT: Final = {"resolve": "dns-silent", "tcp": "dropped", "tls": "silent", "grpc": "silent"}


def silent(endpoint: Endpoint, stage: str, deadline: float) -> Diagnosis:
    """Report that a deadline passed.

    Parameters
    ----------
    endpoint
        Who did not answer.
    stage
        What was waited for; see `milvus_nb.probing.stages`.
    deadline
        How long, in seconds.
    """
    cause = _SILENT_AT.get(stage, "unanswered")
    seconds = f"{deadline:.3g} s"
    answered = f"nothing in {seconds}"
    longer = "30" if deadline < 30 else f"{2 * deadline:.0f}"  # as the words say
    found = of(endpoint, cause, answered, seconds=seconds, longer=longer)
    return replace(found, took_ms=deadline * 1000)


# How somebody else begins to speak, and who that is.
_PROTOCOLS: Final = (
    (rb"SSH-", "an SSH server"),
    (rb"-ERR (unknown command|max number)|-NOAUTH|-DENIED", "a Redis server"),
    (rb"\+OK|\* OK", "a mail server"),
    (rb"220[ -]", "a mail or FTP server"),
    (rb".\x00\x00\x00[\x09\x0a\xff]", "a MySQL server"),
    (rb"E\x00\x00..[SV]", "a PostgreSQL server"),
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
        cause = "tls-closed" if endpoint.secure else "forward-nowhere"
        return of(endpoint, cause, "closed without a word")
    first = answer.split(b"\r\n")[0][:60].decode("latin-1")
    if re.match(rb"HTTP/1|\s*<(!doctype|html)", answer, re.IGNORECASE):
        return of(endpoint, "http1", first)
    if answer.startswith(b"\x15\x03") and endpoint.kind == "tcp":
        return of(endpoint, "plaintext-to-tls", "a TLS alert", trust="")
    if re.fullmatch(rb"\0..\x04.{0,4}", answer, re.DOTALL):  # the beginning of a first frame
        return of(endpoint, "cut-off", f"{len(answer)} bytes of HTTP/2, then closed")
    who = next((name for start, name in _PROTOCOLS if re.match(start, answer, re.DOTALL)), "")
    return of(endpoint, "other-protocol", repr(first), protocol=who or "another kind of server")


def server_refused(endpoint: Endpoint, code: int, reason: str) -> Diagnosis:
    """Report a call that arrived and was answered with an error status of Milvus itself."""
    reason = said(endpoint, reason)
    if re.search(r"state code: Abnormal|unhealthy", reason, re.IGNORECASE):
        return of(endpoint, "starting", reason)
    cause = _answer(endpoint, "UNKNOWN", reason)
    if cause == "starting":
        return of(endpoint, cause, reason)
    if cause not in ("limited", "no-credentials", "wrong-api-key", "wrong-password"):
        cause = "server-error"
    return of(endpoint, cause, f"{code}: {reason}")


def database_missing(endpoint: Endpoint, db_name: str, existing: list[str]) -> Diagnosis:
    """Report a database that the server does not have, and those that it tells of."""
    names = ", ".join(sorted(existing)[:10]) + (", …" if len(existing) > 10 else "")
    if names:
        said, fix = f"only {names}", f"The databases there: {names}."
    else:
        said, fix = "database not found", "Check its name: you may not list those that exist."
    near = closest(db_name, existing)
    others = [name for name in (near, "default") if name and name != db_name]
    offers = tuple(Offer("database", name) for name in dict.fromkeys(others))
    found = of(endpoint, "database-missing", said, database=db_name, existing=fix)
    return replace(found, advice=Advice(found.fix, offers))


def connection_lost(endpoint: Endpoint) -> Diagnosis:
    """Report a call that was under way when the connection was found lost, or was closed."""
    return of(endpoint, "connection-lost", "the channel was closed")


def _match(endpoint: Endpoint, code: str, details: str) -> str:
    """Name the cause of what our own side says."""
    cause = rules.match(rules.TRANSPORT, code, details)
    if cause == "tls-client-missing" and endpoint.tls.client_pem_path:
        return "tls-client-rejected"
    return cause


def _answer(endpoint: Endpoint, code: str, details: str) -> str:
    """Name the cause of what the far side says."""
    cause = rules.match(rules.ANSWERS, code, details)
    # In the cloud nobody stands in between; and before API keys, a wrong one was a wrong password.
    is_refusal = cause == "wrong-password" or (
        cause == "gateway-sign-in" and is_cloud(endpoint.host)
    )
    if is_refusal:
        by_sign_in = {"none": "no-credentials", "token": "wrong-api-key"}
        return by_sign_in.get(endpoint.auth, "wrong-password")
    return cause


def _answering(endpoint: Endpoint, found: Diagnosis, answered: str) -> Diagnosis:
    """Let the evidence show all that was answered."""
    return replace(found, answered=said(endpoint, answered, MOST_ANSWERED))


def _http_status(status: int) -> str:
    phrase = ""
    if status in {known.value for known in http.HTTPStatus}:
        phrase = f" {http.HTTPStatus(status).phrase}"
    return f"HTTP status {status}{phrase}"
