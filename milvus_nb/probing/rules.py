"""What a cause of a failure is known by: what gRPC, OpenSSL, the system or the far side says.

Who wrote a text decides what it means. "Connection refused" is ours where no connection came about;
behind a gateway that speaks HTTP/2 it is the gateway's, and tells of a way that it could not go.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

__all__ = [
    "ANSWERS", "TRANSPORT", "Rule", "cause_by_status", "http_status", "is_ours", "is_page",
    "match", "no_socket",
]  # fmt: skip


class Rule(NamedTuple):
    """What is said, and which cause that means."""

    code: str  # gRPC's status code
    pattern: str  # searched in its details, case-insensitively
    cause: str


# Order matters in both tables: the first row that matches names the cause.

#: What our own side says: gRPC's transport, OpenSSL, the operating system.
TRANSPORT: Final = (
    Rule("UNAVAILABLE", "http proxy returned", "proxy-refused"),
    Rule("UNAVAILABLE", "too many open files", "no-files"),
    Rule("UNAVAILABLE", "connection refused", "refused"),
    Rule("UNAVAILABLE", "temporary failure in name resolution", "dns-silent"),
    Rule("UNAVAILABLE", "errors resolving|name resolution|hostname lookup|dns resolution", "dns"),
    Rule("UNAVAILABLE", "wrong_version_number|record_layer_failure", "tls-to-plaintext"),
    Rule("UNAVAILABLE", "certificate has expired", "tls-expired"),
    Rule("UNAVAILABLE", "certificate is not yet valid", "tls-not-yet-valid"),
    Rule("UNAVAILABLE", "self.signed certificate(?! in)", "tls-self-signed"),
    Rule("UNAVAILABLE", "certificate_verify_failed", "tls-untrusted"),
    Rule("UNAVAILABLE", "hostname verification", "tls-name"),
    # The server says the same of a client certificate that is missing and of one it does not like.
    Rule(
        "UNAVAILABLE",
        "tsi_data_corrupted|certificate_required|"
        "alert_(bad_certificate|unknown_ca|certificate|unsupported_certificate|access_denied)",
        "tls-client-missing",
    ),
    Rule("UNAVAILABLE", "security handshaker|no such file", "tls-bad-file"),
    Rule("UNAVAILABLE", "alpn", "tls-no-http2"),
    Rule("UNAVAILABLE", "ssl|tls", "tls-handshake"),
    Rule("UNAVAILABLE", "http1.x server", "http1"),
    Rule("UNAVAILABLE", "failed parsing http/2", "other-protocol"),
    Rule("UNAVAILABLE|INTERNAL|CANCELLED", "stream removed|rst_stream", "cut-off"),
    Rule("UNAVAILABLE", "goaway|too_many_pings", "cut-off"),
    Rule("UNAVAILABLE", "connection (reset|abort)|broken pipe|not connected", "reset"),
    Rule("UNAVAILABLE", "socket closed", "forward-nowhere"),
    Rule("UNAVAILABLE", "unreachable|no route to host|permission denied|family not", "no-route"),
    Rule("UNAVAILABLE", "(network|host) is down|invalid argument|cannot assign", "no-route"),
    Rule("UNAVAILABLE", "timed out|timeout", "dropped"),
    Rule("DEADLINE_EXCEEDED", "", "unanswered"),
)

#: What the far side says: Milvus, or a gateway in front of it. Milvus's own sentences come first;
#: whatever else has such a code is the gateway's.
ANSWERS: Final = (
    Rule(
        "UNAVAILABLE|UNKNOWN|INTERNAL|FAILED_PRECONDITION",
        r"\bnot ready\b|(proxy|server is) not healthy|initializ|state code: abnormal",
        "starting",
    ),
    # Milvus before 2.3.5 says it as UNKNOWN.
    Rule("UNAUTHENTICATED|UNKNOWN", "check api key is correct", "wrong-api-key"),
    Rule("UNAUTHENTICATED|UNKNOWN", "missing (authorization|metadata) in", "no-credentials"),
    Rule("UNAUTHENTICATED|UNKNOWN", "auth check failure", "wrong-password"),
    Rule("UNAUTHENTICATED", "", "gateway-sign-in"),
    Rule("PERMISSION_DENIED", "privilege|permission deny", "permission-denied"),
    Rule("PERMISSION_DENIED", "", "gateway-forbidden"),
    Rule("UNIMPLEMENTED", "unknown method", "server-too-old"),
    Rule("UNIMPLEMENTED", "unknown service|method not found|not implement", "not-milvus"),
    Rule("UNIMPLEMENTED", "404|page|http", "gateway"),
    Rule("UNIMPLEMENTED", "", "gateway-no-milvus"),
    Rule("RESOURCE_EXHAUSTED", "message larger than max", "server-error"),
    Rule("RESOURCE_EXHAUSTED", "", "limited"),
    Rule("UNAVAILABLE|UNKNOWN", "rate.?limit|too many requests", "limited"),
    Rule("UNAVAILABLE", "", "upstream"),
    Rule(
        "DEADLINE_EXCEEDED|INTERNAL|UNKNOWN|NOT_FOUND", "upstream|gateway|http status", "upstream"
    ),
    Rule("DEADLINE_EXCEEDED", "", "unanswered"),
)


def match(rules: tuple[Rule, ...], code: str, details: str) -> str:
    """Name the cause by the first row that fits; ``"unknown"`` where none does."""
    for rule in rules:
        if re.fullmatch(rule.code, code) and re.search(rule.pattern, details, re.IGNORECASE):
            return rule.cause
    return "unknown"


# How gRPC begins what it says itself: of one call, of a connection that ended, and of one that did
# not come about.
_OF_A_CALL: Final = (
    "received http2 header|no status received|stream removed|received rst_stream|"
    r"deadline exceeded\Z|call host does not match|channel closed"
)
_OF_AN_END: Final = (
    r"socket closed\Z|recvmsg|connection reset|broken pipe|goaway|too many pings|keepalive|"
    "endpoint closing|transport closed|connection closed"
)
_OF_NO_CONNECTION: Final = (
    "failed to|errors resolving|dns resolution|empty address list|http proxy|handshake|ssl|tls|"
    "security|certificate|connections to all|unable to"
)


def is_ours(details: str, channel: str, *, has_metadata: bool = False) -> bool:
    """Tell whether gRPC itself wrote the details of a failed call, and not the far side.

    Parameters
    ----------
    details
        The call's.
    channel
        The name of the channel's state after the call; empty where it is not known.
    has_metadata
        Whether metadata came with the call's status: then somebody has sent both.
    """
    known = [_OF_A_CALL]
    if channel != "READY" and not has_metadata:
        known.append(_OF_AN_END)
        # Whoever has answered may hang up then, so that another call begins a new connection.
        if channel != "IDLE":
            known.append(_OF_NO_CONNECTION)
    return any(re.match(pattern, details, re.IGNORECASE) for pattern in known)


def no_socket(details: str) -> str:
    """Give the system's words where gRPC could not open a Unix socket; else nothing."""
    found = re.search(r": connect failed: addr: unix:.* error: (.+)", details, re.IGNORECASE)
    return found[1] if found else ""


def http_status(details: str) -> int:
    """Give the HTTP status of an answer that is none of gRPC's; 0 where it is one."""
    if details == "No status received":
        return 200
    found = re.search(r"http2 header with status: (\d+)", details, re.IGNORECASE)
    return int(found[1]) if found else 0


def is_page(details: str) -> bool:
    """Tell whether what came is a page for browsers: gRPC's answers end otherwise."""
    pattern = "data frame with end_stream|deserializing response"
    return re.search(pattern, details, re.IGNORECASE) is not None


# What gateways and load balancers say by which status; 520 to 530 are Cloudflare's, 460 to 561
# also AWS's.
_STATUSES: Final = {
    **dict.fromkeys((301, 302, 303, 307, 308), "gateway-redirect"),
    **dict.fromkeys((401, 407, 511, 561), "gateway-sign-in"),
    **dict.fromkeys((402, 403, 451), "gateway-forbidden"),
    **dict.fromkeys((420, 429, 529), "limited"),
    **dict.fromkeys((408, 502, 503, 504), "upstream"),
    **dict.fromkeys((*range(520, 529), 530), "upstream"),
}


def cause_by_status(status: int) -> str:
    """Name the cause by the HTTP status of a gateway's answer."""
    return _STATUSES.get(status, "gateway")
