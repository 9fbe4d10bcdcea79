"""Go: ``milvusclient.New(ctx, &milvusclient.ClientConfig{…})``, and the older SDK's functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ...errors import ParamsError
from .code import Code
from .reading import EXPRESSION, Finding, Found, Unread
from .tokens import GO

if TYPE_CHECKING:
    from .code import Span
    from .reading import Reading

__all__ = ["read_go"]

_FIELDS: Final = {
    "Address": "uri", "Username": "user", "Password": "password", "DBName": "db_name",
    "APIKey": "token", "EnableTLSAuth": "secure",
}  # fmt: skip
_USER: Final = ("uri", "user", "password")
# The older SDK's functions: what follows the context.
_FUNCTIONS: Final = {
    "NewGrpcClient": _USER[:1],
    "NewDefaultGrpcClient": _USER[:1],
    "NewDefaultGrpcClientWithAuth": _USER,
    "NewDefaultGrpcClientWithTLSAuth": _USER,
    "NewDefaultGrpcClientWithURI": _USER,
}
_UNITS: Final = {
    "time.Nanosecond": 1e-9,
    "time.Microsecond": 1e-6,
    "time.Millisecond": 1e-3,
    "time.Second": 1.0,
    "time.Minute": 60.0,
}


def read_go(text: str, reading: Reading) -> None:
    """Read the first configuration, or the first call of the older SDK."""
    code = Code(text, GO, reading.env)
    configs = [(place - 1, "ClientConfig") for place in code.find("ClientConfig", "{")]
    configs += [(place - 1, "Config") for place in code.find("client", ".", "Config", "{")]
    calls = [(place - 1, name) for name in _FUNCTIONS for place in code.find(name, "(")]
    if not configs and not calls:
        raise ParamsError(
            "The pasted Go connects to nothing.",
            "It has neither milvusclient.ClientConfig{…} nor client.NewGrpcClient(…).",
            "Paste the lines with one of them.",
        )
    if len(configs) + len(calls) > 1:
        reading.note("the text connects more than once; the first one was read")
    opening, name = min(configs + calls)
    if name in _FUNCTIONS:
        _read_call(code, opening, name, reading)
    else:
        _read_config(code, opening, name, reading)
    _read_tls(code, reading)
    _read_timeout(code, reading)
    if "uri" not in reading.given:
        raise ParamsError(
            f"{name} has no address.",
            "The Go SDK connects to nowhere without one.",
            'Paste all of it, with Address: "…".',
        )


def _read_config(code: Code, opening: int, name: str, reading: Reading) -> None:
    for field, finding in code.entries(code.inside(opening)).items():
        if finding == Found(value=False):
            continue  # the zero value: https:// turns TLS on nevertheless
        if field in _FIELDS:
            reading.put(_FIELDS[field], finding, f"{field} of {name}")
        elif field not in {"DialOptions", "TLSConfig"}:
            reading.note(f"{field} is not a connection parameter")


def _read_call(code: Code, opening: int, name: str, reading: Reading) -> None:
    arguments = code.parts(code.inside(opening))[1:]
    for keyword, span in zip(_FUNCTIONS[name], arguments, strict=False):
        reading.put(keyword, code.value(span), f"{keyword} of {name}(…)")
    if name == "NewDefaultGrpcClientWithTLSAuth":
        reading.put("secure", Found(value=True), "secure")


def _read_tls(code: Code, reading: Reading) -> None:
    """Read the files and the name that crypto/tls is set up with, wherever in the text."""
    for place in code.find("NewClientTLSFromFile", "("):
        _put_arguments(code, place - 1, ("ca_pem_path", "server_name"), reading)
    for place in code.find("LoadX509KeyPair", "("):
        _put_arguments(code, place - 1, ("client_pem_path", "client_key_path"), reading)
    if next(code.find("AppendCertsFromPEM"), None):
        for place in code.find("ReadFile", "("):
            _put_arguments(code, place - 1, ("ca_pem_path",), reading)
    for place in code.find("tls", ".", "Config", "{"):
        fields = code.entries(code.inside(place - 1))
        reading.put("secure", Found(value=True), "secure")
        if "ServerName" in fields:
            reading.put("server_name", fields["ServerName"], "ServerName of tls.Config")
        if fields.get("InsecureSkipVerify") == Found(value=True):
            reading.note("InsecureSkipVerify is left out: a certificate is always checked")


def _put_arguments(code: Code, opening: int, keywords: tuple[str, ...], reading: Reading) -> None:
    name = code.text(opening - 1)
    for keyword, span in zip(keywords, code.parts(code.inside(opening)), strict=False):
        reading.put(keyword, code.value(span), f"{keyword} of {name}(…)")


def _read_timeout(code: Code, reading: Reading) -> None:
    for place in code.find("WithTimeout", "("):
        arguments = code.parts(code.inside(place - 1))
        finding = _duration(code, arguments[1]) if len(arguments) == 2 else EXPRESSION
        if isinstance(finding, Unread):
            reading.note("the timeout is left out: it is no plain duration")
        else:
            reading.put("timeout", finding, "the timeout")
        return


def _duration(code: Code, span: Span) -> Finding:
    """Read ``5 * time.Second``."""
    unit, seconds = 0.0, 1.0
    for factor in code.parts(span, ("*",)):
        if path := code.dotted(factor):
            unit = _UNITS.get(path, unit)
        else:
            finding = code.value(factor)
            value = finding.value if isinstance(finding, Found) else None
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                return EXPRESSION
            seconds *= value
    return Found(round(seconds * unit, 9)) if unit else EXPRESSION
