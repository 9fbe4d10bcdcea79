"""The HTTP proxy that gRPC would use, and the way through it."""

from __future__ import annotations

import asyncio
import base64
import ipaddress
import os
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

from ..params.host import host_port
from ..params.secret import Secret
from . import diagnosis
from .diagnosis import ProbeError
from .outside import without
from .surroundings import exempting_variable

if TYPE_CHECKING:
    import socket

    from ..errors import Diagnosis
    from ..params.endpoint import Endpoint

__all__ = ["VARIABLES", "Proxy", "blamed", "late", "port_of", "proxy", "tunnel"]

#: What gRPC looks at, in its order; it ignores the upper-case spellings.
VARIABLES: Final = ("grpc_proxy", "https_proxy", "http_proxy")

_OPTION: Final = "grpc.http_proxy"
_DEFAULT_PORT: Final = 80  # gRPC's, whatever the variable
_MOST_BYTES: Final = 16_384

# What gRPC says of whomever it connects to, and of a proxy then.
_ON_THE_WAY: Final = {
    "refused": "Connection refused",
    "reset": "it resets connections",
    "dns": "its name is unknown",
    "dns-silent": "its name could not be looked up",
    "no-route": "there is no way to it",
    "dropped": "timed out",
}
_REFUSAL: Final = re.compile(r"HTTP proxy returned response code \d+")


@dataclass(frozen=True)
class Proxy:
    """A proxy, and the environment variable that names it.

    Attributes
    ----------
    variable
        Such as ``"http_proxy"``; or gRPC's option, ``"grpc.http_proxy"``.
    host, port
        Where it is.
    credentials
        ``user:password`` for it, or nothing.
    """

    variable: str
    host: str
    port: int
    credentials: Secret = field(default_factory=Secret)

    @property
    def address(self) -> str:
        """Where it is, for people; never its credentials."""
        return host_port(self.host, self.port)

    @property
    def facts(self) -> dict[str, str]:
        """What the words of a failure need."""
        kind = "option" if self.variable == _OPTION else "variable"
        return {"proxy": self.address, "variable": f"the {kind} {self.variable}"}


def port_of(endpoint: Endpoint) -> int:
    """Give the port that gRPC connects to: the endpoint's or its proxy's; 0 for a Unix socket."""
    found = proxy(endpoint)
    return endpoint.port if found is None else found.port


def proxy(endpoint: Endpoint) -> Proxy | None:
    """Give the proxy that gRPC would use for this endpoint, or None."""
    options = endpoint.channel_arguments
    if endpoint.kind != "tcp" or options.get("grpc.enable_http_proxy") == 0:
        return None
    # The first that is set counts, also where it is empty; and what is exempt, for the option too.
    given = {name: str(options[name]) for name in (_OPTION,) if name in options}
    given |= {name: os.environ[name] for name in VARIABLES if name in os.environ}
    variable, text = next(iter(given.items()), ("", ""))
    exempt = os.environ.get(exempting_variable(), "") if text else ""
    if not text or any(_is_exempt(endpoint.host, part) for part in exempt.split(",")):
        return None
    try:
        url = urlsplit(text)
        host, port = url.hostname or "", url.port or _DEFAULT_PORT
    except ValueError:
        return None
    if url.scheme != "http" or not host:  # gRPC knows no other
        return None
    user = unquote(url.username or "")
    credentials = f"{user}:{unquote(url.password or '')}" if user else ""
    return Proxy(variable, host, port, Secret(credentials))


def _is_exempt(host: str, part: str) -> bool:
    """Tell whether a part of ``no_proxy`` is the host, its domain, or its address's network."""
    part = part.strip().lower().removeprefix(".")
    if not part:
        return False
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(part, strict=False)
    except ValueError:
        return f".{host}".endswith(f".{part}")


def late(endpoint: Endpoint, stage: str, deadline: float) -> Diagnosis:
    """Report that a deadline passed; see `diagnosis.silent`. A proxy in the way is named."""
    found = diagnosis.silent(endpoint, stage, deadline)
    way = proxy(endpoint)
    if way is None or stage not in ("resolve", "tcp"):
        return found
    late = diagnosis.of(endpoint, "proxy-unreachable", found.answered, **way.facts)
    return replace(late, took_ms=found.took_ms)


def blamed(endpoint: Endpoint, found: Diagnosis) -> Diagnosis:
    """Name the proxy in a failure of gRPC's, which speaks of it as if it were the server."""
    way = proxy(endpoint)
    if way is None or found.cause not in ("proxy-refused", *_ON_THE_WAY):
        return found
    if found.cause == "proxy-refused":
        refusal = _REFUSAL.search(found.answered)
        said, cause = refusal[0] if refusal else found.answered, "proxy-refused"
    else:
        said, cause = _ON_THE_WAY[found.cause], "proxy-unreachable"
    return replace(diagnosis.of(endpoint, cause, said, **way.facts), answered=found.answered)


async def tunnel(endpoint: Endpoint, way: Proxy, connection: socket.socket) -> None:
    """Ask a proxy for a way to the endpoint (CONNECT), over a connection to the proxy.

    Raises
    ------
    ProbeError
        It refused, or is no proxy.
    """
    loop = asyncio.get_running_loop()
    place = endpoint.target.removeprefix("ipv6:")
    head = [f"CONNECT {place} HTTP/1.1", f"Host: {place}"]
    if way.credentials:
        encoded = base64.b64encode(way.credentials.reveal().encode()).decode()
        head.append(f"Proxy-Authorization: Basic {encoded}")
    await loop.sock_sendall(connection, "\r\n".join([*head, "", ""]).encode())
    answer = b""
    # One byte at a time beyond the head would swallow what the server says first; Milvus waits.
    while b"\r\n\r\n" not in answer and len(answer) < _MOST_BYTES:
        more = await loop.sock_recv(connection, 4096)
        if not more:
            break
        answer += more
    status = without(answer.split(b"\r\n")[0].decode("latin-1"), way.credentials)
    words = status.split()
    facts = way.facts
    if not status.startswith("HTTP/1"):
        said = f"it answered {status[:60]!r}" if status else "it closed the connection"
        raise ProbeError(diagnosis.of(endpoint, "proxy-unreachable", said, **facts))
    if len(words) < 2 or not words[1].startswith("2"):
        raise ProbeError(diagnosis.of(endpoint, "proxy-refused", status[:80], **facts))
