"""JavaScript and TypeScript: ``new MilvusClient({address, token, …})`` of Milvus's Node SDK."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from ...errors import ParamsError
from .code import Code
from .reading import EXPRESSION, Finding, Found, Unread
from .tokens import NODE

if TYPE_CHECKING:
    from .reading import Reading

__all__ = ["read_node"]

_CLIENTS: Final = ("MilvusClient", "HttpClient")
_POSITIONS: Final = ("address", "ssl", "username", "password", "channelOptions")
_KEYWORDS: Final = {
    "address": "uri", "endpoint": "uri", "baseURL": "uri", "token": "token", "username": "user",
    "password": "password", "database": "db_name",
}  # fmt: skip
_TLS: Final = {
    "rootCertPath": "ca_pem_path", "certChainPath": "client_pem_path",
    "privateKeyPath": "client_key_path", "serverName": "server_name",
}  # fmt: skip
_UNITS: Final = {"": 1, "ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000}


def read_node(text: str, reading: Reading) -> None:
    """Read the first ``new MilvusClient(…)``."""
    code = Code(text, NODE, reading.env)
    calls = [(place - 1, name) for name in _CLIENTS for place in code.find("new", name, "(")]
    if not calls:
        raise ParamsError(
            "The pasted JavaScript connects to nothing.",
            "It has no new MilvusClient(…).",
            "Paste the lines with that call.",
        )
    if len(calls) > 1:
        reading.note(f"the text connects {len(calls)} times; the first one was read")
    opening, name = min(calls)
    arguments = [code.value(span) for span in code.parts(code.inside(opening))]
    first = arguments[0] if arguments else EXPRESSION
    if isinstance(first, Found) and isinstance(first.value, dict):
        options = first.value
    else:
        options = dict(zip(_POSITIONS, arguments, strict=False))
    source = f"new {name}(…)"
    for option, finding in options.items():
        _put(option, finding, source, reading)
    if "uri" not in reading.given:
        raise ParamsError(
            f"{source} has no address.",
            "The Node SDK connects to nowhere without one.",
            "Paste the whole call; its first argument is { address: …, token: … }.",
        )


def _put(option: str, finding: Finding, source: str, reading: Reading) -> None:
    if option in _KEYWORDS:
        reading.put(_KEYWORDS[option], finding, f"{option} of {source}")
    elif option == "ssl":
        if finding == Found(value=False):
            return  # https:// and a certificate turn TLS on nevertheless
        reading.put("secure", finding, f"ssl of {source}")
    elif option == "timeout":
        reading.put("timeout", _seconds(finding), f"timeout of {source}")
    elif option in {"tls", "channelOptions"}:
        _put_inner(option, finding, source, reading)
    else:
        reading.note(f"{option} is not a connection parameter")


def _put_inner(option: str, finding: Finding, source: str, reading: Reading) -> None:
    if not (isinstance(finding, Found) and isinstance(finding.value, dict)):
        reading.put(option, Unread("It is no object in the pasted text."), f"{option} of {source}")
        return
    for name, inner in finding.value.items():
        if option == "tls" and name in _TLS:
            reading.put(_TLS[name], inner, f"tls.{name} of {source}")
        elif name == "grpc.ssl_target_name_override":
            reading.put("server_name", inner, f"{name} of {source}")
        elif name == "skipCertCheck":
            reading.note("skipCertCheck is left out: a certificate is always checked")
        else:
            reading.note(f"{option}.{name} is left out: it has no counterpart here")


def _seconds(finding: Finding) -> Finding:
    """Turn milliseconds, or a text such as ``"5s"``, into seconds."""
    if isinstance(finding, Unread):
        return finding
    value = finding.value
    if isinstance(value, str):
        match = re.fullmatch(r"([0-9]{1,9})\s?(ms|s|m|h|)", value)
        value = int(match[1]) * _UNITS[match[2]] if match else None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return Unread("It is no number of milliseconds.", "Write for example timeout: 5000.")
    return Found(value / 1000, finding.typed)
