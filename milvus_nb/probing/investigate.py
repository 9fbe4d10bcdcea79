"""One more question, where one answer has several causes.

"Connection closed" is what a TLS server says to plaintext, and what a forwarded port with nothing
behind it says to everybody: a TLS greeting tells which. Each question is short, and asked only when
a failure is new.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ..params.host import host_port
from ..params.place import DEFAULT_PORT
from ..params.secret import Secret
from . import diagnosis
from .certificate import Handshake, day, handshake
from .diagnosis import ProbeError
from .dial import dial
from .management import MANAGEMENT_PORT, ask_management
from .probe import Probe
from .reach import Reached, greet, is_http2, reach
from .stages import Stages
from .waiting import to_the_end, within

if TYPE_CHECKING:
    import socket

    from ..errors import Diagnosis
    from ..params.endpoint import Endpoint
    from .proxies import Proxy

__all__ = ["investigate", "silent_but_managed"]

# How long one question may take, in seconds: on a network that swallows packets the failure should
# not be named much later.
_QUESTION_S: Final = 0.25

# How long a call may take where something answers already, in seconds.
_CALL_S: Final = 1.0

# What is said of who accepts a connection and closes it without a word.
_HANGS_UP: Final = ("reset", "forward-nowhere", "cut-off")

# Such a refusal is a Milvus's own.
_MILVUS_SAYS: Final = ("no-credentials", "wrong-password", "wrong-api-key", "starting")


async def investigate(
    endpoint: Endpoint, base: Diagnosis, seen: Reached, *, has_worked: bool = False
) -> Diagnosis:
    """Look closer at a failure.

    Parameters
    ----------
    endpoint
        Where it failed.
    base
        What the failure says by itself.
    seen
        What was seen on the way.
    has_worked
        Whether a Milvus has answered there before: then no other place is meant.

    Returns
    -------
    Diagnosis
        `base`, where nothing more was found out.
    """
    if seen.proxy is not None:
        return base if has_worked else _behind_proxy(endpoint, base, seen.proxy)
    if endpoint.kind != "tcp":
        return base
    if has_worked and base.cause == "refused":
        return base
    look = {
        "refused": _refused,
        "forward-nowhere": _closed,
        "reset": _closed,
        "plaintext-to-tls": _closed,
        "http1": _web_server,
        "tls-to-plaintext": _plaintext,
    }.get(base.cause, _certificate if base.cause.startswith("tls-") else None)
    if look is None:
        return base
    found = await look(endpoint, base, seen)
    return replace(found, asked=base.asked, answered=base.answered, took_ms=base.took_ms)


def _behind_proxy(endpoint: Endpoint, base: Diagnosis, way: Proxy) -> Diagnosis:
    """Say that it is the proxy which hangs up: whether anything is behind it, only that knows."""
    if base.cause not in _HANGS_UP:
        return base
    said = "it opens a way and closes it"
    found = diagnosis.of(endpoint, "proxy-unreachable", said, **way.facts)
    return replace(found, asked=base.asked, answered=base.answered, took_ms=base.took_ms)


async def silent_but_managed(endpoint: Endpoint, base: Diagnosis) -> Diagnosis:
    """Look whether a silent server is one that is still starting."""
    if endpoint.kind != "tcp" or base.cause not in ("silent", "unanswered"):
        return base
    management = await ask_management(endpoint, MANAGEMENT_PORT, _QUESTION_S)
    if not management.is_milvus or management.is_healthy:
        return base
    found = diagnosis.of(
        endpoint, "starting", f"{management.address}/healthz says {management.text}"
    )
    return replace(found, asked=base.asked, took_ms=base.took_ms)


async def _refused(endpoint: Endpoint, base: Diagnosis, _: Reached) -> Diagnosis:
    if endpoint.port == DEFAULT_PORT or not await _is_milvus(endpoint):
        return base
    address = _usual(endpoint).address
    return diagnosis.of(endpoint, "other-port", right_address=address, milvus_address=address)


async def _closed(endpoint: Endpoint, base: Diagnosis, seen: Reached) -> Diagnosis:
    """Tell a TLS server from one that closes every connection."""
    if endpoint.secure:
        return await _plaintext(endpoint, base, seen)

    async def connect() -> socket.socket:
        return await dial(seen.addresses)

    async def shake_hands() -> Handshake:
        found = await handshake(replace(endpoint, secure=True), connect)
        found.writer.transport.abort()
        return found

    try:
        tls = await within(_CALL_S, shake_hands())
    except (OSError, asyncio.TimeoutError):
        return base
    trust = in_form = ""
    if tls.problem:
        needs = "Its certificate needs {} as well ({})."
        trust = needs.format("--ca-pem-path FILE", tls.certificate)
        in_form = needs.format("a CA certificate", tls.certificate)
    return diagnosis.of(endpoint, "plaintext-to-tls", trust=trust, trust_in_form=in_form)


async def _web_server(endpoint: Endpoint, base: Diagnosis, seen: Reached) -> Diagnosis:
    """Tell Milvus's management port from other web servers, and name the right one.

    A web server that wants TLS says so in plain text: 400 Bad Request.
    """
    management = await ask_management(endpoint, endpoint.port, _QUESTION_S)
    if not management.is_milvus:
        wants_tls = not endpoint.secure and " 400 " in f"{base.answered} "
        return await _closed(endpoint, base, seen) if wants_tls else base
    return diagnosis.of(endpoint, "management-port", **await _right_port(endpoint))


async def _plaintext(endpoint: Endpoint, base: Diagnosis, seen: Reached) -> Diagnosis:
    """Tell a Milvus without TLS from somebody else without TLS."""
    plaintext = replace(endpoint, secure=False)
    try:
        with await dial(seen.addresses) as connection:
            answer = await within(_QUESTION_S, greet(connection))
    except (OSError, asyncio.TimeoutError):
        return base
    if is_http2(answer):
        return diagnosis.of(endpoint, "tls-to-plaintext")
    found = diagnosis.from_answer(plaintext, answer)
    if found.cause == "http1":
        return await _web_server(endpoint, found, seen)
    return found if found.cause in ("other-protocol", "forward-nowhere") else base


async def _certificate(endpoint: Endpoint, base: Diagnosis, seen: Reached) -> Diagnosis:
    certificate = seen.certificate
    if certificate is None:
        return base
    names = certificate.names
    certified = [name for name in names if "*" not in name]
    cause = base.cause
    if cause in ("tls-untrusted", "tls-self-signed"):
        # Which of several reasons is named depends on the library.
        if certificate.not_after < time.time():
            cause = "tls-expired"
        elif certificate.not_before > time.time():
            cause = "tls-not-yet-valid"
        elif certificate.subject == certificate.issuer:
            cause = "tls-self-signed"
    return diagnosis.of(
        endpoint,
        cause,
        base.answered,
        names=", ".join(names[:5]) or certificate.subject,
        first_name=(certified or [name.replace("*", "NAME") for name in names] or ["NAME"])[0],
        certified_name=(certified or [""])[0],
        since=certificate.since,
        until=certificate.until,
        now=day(time.time()),
        shown=f"It was issued by {certificate.issuer}.",
    )


async def _right_port(endpoint: Endpoint) -> dict[str, str]:
    """Say where Milvus's own port is, if it is where it usually is."""
    if await _is_milvus(endpoint):
        address = _usual(endpoint).address
        return {"right_address": address, "milvus_address": address}
    return {"right_address": f"{host_port(endpoint.host, 'PORT')} (19530 by default)"}


def _usual(endpoint: Endpoint) -> Endpoint:
    """Give the same place with Milvus's usual port, and without credentials."""
    return replace(endpoint, port=DEFAULT_PORT, user="", credentials=Secret())


async def _is_milvus(endpoint: Endpoint) -> bool:
    """Ask whether a Milvus's proxy is on the usual port; internal ports speak gRPC as well."""
    usual, seen = _usual(endpoint), Reached()
    try:
        await within(_QUESTION_S, reach(usual, Stages(), seen))
        probe = Probe(usual, seen.target)
    except (ProbeError, asyncio.TimeoutError):
        return False
    try:
        await probe.version(_CALL_S)
    except ProbeError as error:
        return error.diagnosis.cause in _MILVUS_SAYS
    finally:
        await to_the_end(probe.close())
    return True
