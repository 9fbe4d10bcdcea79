"""A call of Milvus's REST interface with curl."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs

from ...errors import ParamsError
from ...params.host import in_brackets
from .reading import Finding, Unread, Value
from .shell import Shell, sliced

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .reading import Reading

__all__ = ["CURL", "read_curl"]

#: What printf writes may be its header: so it is in no argument.
CURL: Final = re.compile(
    r"^[^\S\n]*(?:[$>#%]\s|PS[^>\n]*>\s*)?(?P<printf>printf\s.*\|[^\S\n]*)?curl(?:\.exe)?(?=\s)",
    re.MULTILINE,
)

_SHORT: Final = {
    "H": "header", "d": "data", "u": "user", "m": "max-time", "E": "cert", "k": "insecure",
    "X": "request", "A": "user-agent", "b": "cookie", "c": "cookie-jar", "e": "referer",
    "F": "form", "o": "output", "T": "upload-file", "w": "write-out", "x": "proxy",
}  # fmt: skip
_WITH_VALUE: Final = {
    *_SHORT.values(), "url", "cacert", "capath", "key", "connect-timeout", "data-raw",
    "data-binary", "data-ascii", "data-urlencode", "json", "oauth2-bearer", "unix-socket",
    "connect-to", "resolve", "retry", "retry-delay", "interface", "cert-type", "key-type", "pass",
} - {"insecure"}  # fmt: skip
_PATHS: Final = {"cacert": "ca_pem_path", "key": "client_key_path"}
_BODIES: Final = {"data", "data-raw", "data-binary", "data-ascii", "json"}
_BEARER: Final = re.compile(r"(?is)\s*authorization\s*:\s*bearer\s(.*)")
_BASIC: Final = re.compile(r"(?i)\s*authorization\s*:\s*basic\s+()")
_URL: Final = re.compile(
    r"(?P<scheme>[A-Za-z]+://)?(?P<sign_in>[^/?#]*@)?"
    r"(?P<host>\[[^\]]*\]|[^/?#:]*)(?P<port>:[0-9]*)?(?P<path>/[^?#]*)?(?P<query>\?[^#]*)?(?:#.*)?"
)
_HOST: Final = re.compile(r"[\w.-]+|\[[^\]]*\]")
_DATABASE: Final = re.compile(r"dbName=(.*)", re.DOTALL)
_OTHER_PLACE: Final = re.compile(r"[^:]*:[0-9]*:(\[[^\]]*\]|[^:]*):?([0-9]*)")
_RESOLVED: Final = re.compile(r"[^:]*:([0-9]*):\[?([^\],]*)")


def read_curl(text: str, reading: Reading) -> None:
    """Read the first curl command."""
    start = CURL.search(text)
    shell = Shell(text, reading.env)
    options = list(_options(shell.words(start.end()) if start else []))
    if start and start["printf"]:
        written = shell.words(start.start("printf") + len("printf"))[-1:]
        options += [("header", finding) for finding in written]
    urls = [finding for name, finding in options if name == "url"] + [
        finding for name, finding in options if not name
    ]
    with_scheme = [url for url in urls if isinstance(url, Value) and "://" in str(url.value)]
    url = next(iter(with_scheme or urls), None)
    if url is None:
        raise ParamsError(
            "The pasted curl command has no URL.",
            "It may have been cut off.",
            "Paste the whole command, with the lines that a backslash continues.",
        )
    values = {name: finding for name, finding in options if name != "header"}
    _read_url(url, values, reading)
    for name, finding in options:
        _read_option(name, finding, reading)
    limit = values.get("connect-timeout") or values.get("max-time")
    if limit is not None:
        reading.put("timeout", _seconds(limit), "the timeout of curl")


def _options(words: list[Finding]) -> Iterator[tuple[str, Finding]]:
    """Pair options with their values; a word that belongs to no option has the name ""."""
    waiting = iter(words)
    nothing = Unread("Its value is missing.", "Paste the whole command.")
    for word in waiting:
        text = word.value if isinstance(word, Value) else ""
        if text.startswith("--"):
            name, equals, value = text[2:].partition("=")
            if name not in _WITH_VALUE:
                yield name or "--", Value(value=True)
            elif equals:
                yield name, Value(value, word.typed if isinstance(word, Value) else True)
            else:
                yield name, next(waiting, nothing)
        elif text.startswith("-") and text != "-":
            for place, letter in enumerate(text[1:], start=2):
                name = _SHORT.get(letter, letter)
                if name in _WITH_VALUE:
                    rest = sliced(word, re.compile(rf"(?s).{{{place}}}(.*)"))
                    is_there = len(text) > place and rest is not None
                    yield name, rest if is_there and rest else next(waiting, nothing)
                    break
                yield name, Value(value=True)
        else:
            yield "", word


def _read_option(  # noqa: C901  # one branch an option
    name: str, finding: Finding, reading: Reading
) -> None:
    if name == "header":
        if (token := sliced(finding, _BEARER)) is not None:
            reading.put("token", token, "the Authorization header")
        elif sliced(finding, _BASIC) is not None:
            unread = Unread("It is encoded.", "Write it as Authorization: Bearer user:password.")
            reading.put("token", unread, "the Authorization header")
    elif name == "oauth2-bearer":
        reading.put("token", finding, "--oauth2-bearer")
    elif name == "user":
        reading.put("user", sliced(finding, re.compile(r"([^:]*)")) or finding, "-u of curl")
        password = sliced(finding, re.compile(r"(?s)[^:]*:(.*)"))
        reading.put("password", password or Value(""), "-u of curl")
    elif name in _PATHS:
        reading.put(_PATHS[name], finding, f"--{name} of curl")
    elif name == "cert":
        _read_certificate(finding, reading)
    elif name in _BODIES:
        _read_body(finding, reading)
    elif name == "data-urlencode":
        if (database := sliced(finding, _DATABASE)) is not None:
            reading.put("db_name", database, "dbName of curl")
    elif name == "insecure":
        reading.note("-k is left out: a certificate is always checked")
    elif name == "proxy":
        reading.note("the proxy is left out: gRPC takes it from the environment")


def _read_url(url: Finding, values: dict[str, Finding], reading: Reading) -> None:
    if isinstance(url, Unread):
        reading.put("uri", url, "the URL of curl")
        return
    parts = _URL.fullmatch(url.value)
    if parts is not None and not parts["scheme"] and not _HOST.fullmatch(parts["host"]):
        # A password with a quote in it has ended before its end, and this is the rest of it.
        raise ParamsError(
            "The pasted curl command has no URL that can be read.",
            "A quote in a password ends it, and what follows is another word.",
            "Write http:// or https:// before the host, and '\\'' for a quote in a password.",
        )
    if parts is None:
        reading.put("uri", url, "the URL of curl")
        return
    if (socket := values.get("unix-socket")) is not None:
        if isinstance(socket, Value):
            socket = Value(f"unix:{socket.value}", socket.typed)
        reading.put("uri", socket, "--unix-socket of curl")
    else:
        place = _place(parts, values, reading)
        reading.put("uri", Value(place, url.typed), "the URL of curl")
    names = parse_qs((parts["query"] or "")[1:]).get("dbName")
    if names:
        reading.put("db_name", Value(names[0], url.typed), "dbName of curl")


def _place(parts: re.Match[str], values: dict[str, Finding], reading: Reading) -> str:
    scheme = parts["scheme"] or "http://"
    host, port = parts["host"], (parts["port"] or "")[1:]
    is_https = scheme.lower() == "https://"
    other_host, other_port = _elsewhere(values)
    if other_host and other_host != host:
        if is_https:
            reading.put("server_name", Value(host.strip("[]")), "the host of curl's URL")
        host = in_brackets(other_host.strip("[]"))
    # curl, unlike Milvus's clients, takes port 80 where none is given.
    port = other_port or port or ("443" if is_https else "80")
    path = parts["path"] or ""
    is_call = path.strip("/").partition("/")[0] in {"", "v1", "v2"}
    return f"{scheme}{parts['sign_in'] or ''}{host}:{port}{'' if is_call else path}"


def _elsewhere(values: dict[str, Finding]) -> tuple[str, str]:
    """Give where curl really connects to, with --connect-to and --resolve."""
    for name, pattern, order in (("connect-to", _OTHER_PLACE, 1), ("resolve", _RESOLVED, -1)):
        finding = values.get(name)
        text = finding.value if isinstance(finding, Value) else None
        if isinstance(text, str) and (match := pattern.match(text)):
            host, port = match.groups()[::order]
            return host, port
    return "", ""


def _read_certificate(finding: Finding, reading: Reading) -> None:
    """Read ``FILE`` or ``FILE:PASSPHRASE``; a colon of the file has a backslash before it."""
    if isinstance(finding, Value) and isinstance(finding.value, str):
        text = finding.value
        drive = text[:2] if re.match(r"[A-Za-z]:[\\/]", text) else ""
        match = re.match(r"(?s)((?:[^\\:]|\\[\\:]|\\)*)(:?)", text[len(drive) :])
        if match:
            finding = Value(drive + re.sub(r"\\([\\:])", r"\1", match[1]), finding.typed)
            if match[2]:
                reading.note(
                    "the passphrase of --cert is left out: an encrypted key cannot be used"
                )
    reading.put("client_pem_path", finding, "--cert of curl")


def _read_body(finding: Finding, reading: Reading) -> None:
    if isinstance(finding, Unread):
        reading.note("the body is left out: it has a value that is not known")
        return
    try:
        body = json.loads(finding.value)
    except (ValueError, TypeError):
        return
    if isinstance(body, dict) and "dbName" in body:
        reading.put("db_name", Value(body["dbName"], finding.typed), "dbName of curl")


def _seconds(finding: Finding) -> Finding:
    if isinstance(finding, Value) and re.fullmatch(r"[0-9]{1,9}(\.[0-9]{0,30})?", finding.value):
        return Value(float(finding.value), finding.typed)
    return finding if isinstance(finding, Unread) else Unread("It is no number of seconds.")
