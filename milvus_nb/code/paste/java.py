"""Java: the builders ``ConnectConfig.builder()`` and, older, ``ConnectParam.newBuilder()``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ...errors import ParamsError
from ...params.address import parse_address
from .code import Code
from .reading import Finding, Found, Unread
from .tokens import JAVA

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .code import Span
    from .reading import Reading

__all__ = ["read_java"]

_KEYWORDS: Final = {
    "uri": "uri", "host": "host", "port": "port", "token": "token", "username": "user",
    "password": "password", "dbname": "db_name", "databasename": "db_name", "secure": "secure",
    "capempath": "ca_pem_path", "serverpempath": "server_pem_path",
    "clientpempath": "client_pem_path", "clientkeypath": "client_key_path",
    "servername": "server_name",
}  # fmt: skip
_UNITS: Final = {
    "MICROSECONDS": 1e-6, "MILLISECONDS": 1e-3, "SECONDS": 1.0, "MINUTES": 60.0, "HOURS": 3600.0,
}  # fmt: skip


def read_java(text: str, reading: Reading) -> None:
    """Read the first builder."""
    code = Code(text, JAVA, reading.env)
    builders = [
        (place, source)
        for source, make in (("ConnectConfig", "builder"), ("ConnectParam", "newBuilder"))
        for place in code.find(source, ".", make, "(", ")")
    ]
    if not builders:
        raise ParamsError(
            "The pasted Java connects to nothing.",
            "It has neither ConnectConfig.builder() nor ConnectParam.newBuilder().",
            "Paste the lines with one of them.",
        )
    if len(builders) > 1:
        reading.note(f"the text has {len(builders)} builders; the first one was read")
    start, source = min(builders)
    for method, arguments in _calls(code, start):
        _put(method, arguments, code, reading, source)
    if not reading.given.keys() & {"uri", "host", "port"}:
        # MilvusClientV2 refuses to start without one; the older client takes this machine.
        if source == "ConnectConfig":
            raise ParamsError(
                "ConnectConfig has no uri.",
                "MilvusClientV2 connects to nowhere without one.",
                'Paste the whole builder, with .uri("…").',
            )
        reading.put("host", Found("localhost"), "host")
    uri = str(reading.given.get("uri", ""))
    if uri and parse_address(uri).host == str(reading.given.get("server_name", "")).lower():
        del reading.given["server_name"]  # Java's client wants it named, although it is the host


def _calls(code: Code, index: int) -> Iterator[tuple[str, list[Span]]]:
    """Follow ``.name(…).name(…)``."""
    while code.text(index) == "." and code.text(index + 2) == "(":
        span = code.inside(index + 2)
        yield code.text(index + 1), code.parts(span)
        index = span[1] + 1


def _put(method: str, spans: list[Span], code: Code, reading: Reading, source: str) -> None:
    name = (method.removeprefix("with") if method[4:5].isupper() else method).lower()
    arguments = [code.value(span) for span in spans]
    shown = f"{method} of {source}"
    if name == "authorization" and len(arguments) == 2:
        reading.put("user", arguments[0], f"the user in {shown}")
        reading.put("password", arguments[1], f"the password in {shown}")
    elif name == "authorization" and arguments:
        # Its single argument is the header itself, in Base64.
        reading.put("token", Unread("It is encoded."), shown)
    elif name == "connecttimeoutms" and arguments:
        reading.put("timeout", _seconds(arguments[0], 1e-3), shown)
    elif name == "connecttimeout" and len(spans) == 2:
        unit = _UNITS.get(code.dotted(spans[1]).rpartition(".")[2], 0)
        reading.put("timeout", _seconds(arguments[0], unit), shown)
    elif name == "secure" and arguments == [Found(value=False)]:
        return  # https:// and a certificate turn TLS on nevertheless
    elif name in _KEYWORDS and arguments:
        reading.put(_KEYWORDS[name], arguments[0], shown)
    elif name != "build":
        reading.note(f"{method} is not a connection parameter")


def _seconds(finding: Finding, unit: float) -> Finding:
    if isinstance(finding, Unread):
        return finding
    value = finding.value
    if not unit or isinstance(value, bool) or not isinstance(value, (int, float)):
        return Unread("It is no number with a unit that is known here.", "Write it as a number.")
    return Found(round(value * unit, 9), finding.typed)
