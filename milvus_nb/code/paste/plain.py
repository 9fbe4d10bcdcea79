"""No program: JSON, environment files, the labelled lines of a console, or an address alone."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

from ...errors import ParamsError
from .reading import Finding, Unread, Value
from .shell import Shell

if TYPE_CHECKING:
    from .reading import Reading

__all__ = ["LINES", "keyword_of", "read_json", "read_lines", "read_uri"]

LINES: Final = re.compile(
    r"^[^\S\n]*(?:\$[^\S\n]+)?(?:export[^\S\n]+|set[^\S\n]+|-[^\S\n]+)?"
    r"[\"']?(?P<label>[A-Za-z][\w .-]{0,40}?)[\"']?[^\S\n]*(?P<mark>=|:(?!//|\d))(?P<value>.*)$",
    re.MULTILINE,
)
_LABEL_ALONE: Final = re.compile(r"[A-Za-z][A-Za-z_ -]{0,40}:?")
_URL: Final = re.compile(r"(https?|tcp|grpc)://\S+$", re.IGNORECASE)
_QUOTED: Final = re.compile(r"([\"'])([^\"']*)\1[,;]?(?:\s*#.*)?")
# A row of a console's table: the name, blanks, the value.
_CELLS: Final = re.compile(r"([A-Za-z]+(?: [A-Za-z]+){0,3})[ \t]+(\S+)")
_BEFORE: Final = re.compile(
    r"(milvus|zilliz|cloud|cluster|public|vectordb|connection|server|grpc)+"
)
_KEYWORDS: Final = {
    "uri": "uri", "url": "uri", "endpoint": "uri", "address": "uri", "addr": "uri", "host": "host",
    "hostname": "host", "port": "port", "user": "user", "username": "user",
    "password": "password", "passwd": "password", "pwd": "password", "token": "token",
    "apikey": "token", "accesstoken": "token", "db": "db_name", "dbname": "db_name",
    "database": "db_name", "databasename": "db_name", "secure": "secure", "ssl": "secure",
    "tls": "secure", "usetls": "secure", "alias": "alias", "timeout": "timeout",
    "capempath": "ca_pem_path", "cacert": "ca_pem_path", "serverpempath": "server_pem_path",
    "clientpempath": "client_pem_path", "clientkeypath": "client_key_path",
    "servername": "server_name",
}  # fmt: skip
_NESTED: Final = {"milvus", "connection_args", "connection", "zilliz", "vectordb"}
_FLAGS: Final = {"true": True, "1": True, "yes": True, "on": True,
                 "false": False, "0": False, "no": False, "off": False}  # fmt: skip


def keyword_of(label: str) -> str:
    """Give the keyword that a label means, such as ``MILVUS_URI`` or ``Public Endpoint``; or ""."""
    name = re.sub(r"[\W_]", "", label).lower()
    if name in _KEYWORDS:
        return _KEYWORDS[name]
    return _KEYWORDS.get(_BEFORE.sub("", name, count=1), "") if _BEFORE.match(name) else ""


def read_json(text: str, reading: Reading) -> bool:
    """Read a JSON object; say whether it is one."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return False
    if not isinstance(found, dict):
        return False
    inner = next((found[name] for name in found if name.lower() in _NESTED), None)
    for label, value in (inner if isinstance(inner, dict) else found).items():
        _put(label, Value(value), reading)
    return bool(reading.given)


def read_lines(text: str, reading: Reading) -> bool:
    """Read lines of a name and a value; say whether any of them says where to connect, or as whom.

    A value may stand in the line after its name, and of two lines without names the first may be
    the address and the second the token: so consoles show them.
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    pairs: list[tuple[str, Finding]] = []
    for index, line in enumerate(lines):
        after = lines[index + 1] if index + 1 < len(lines) else ""
        match = LINES.match(line)
        if match and keyword_of(match["label"]):
            value = match["value"].strip()
            is_next = not value and match["mark"] == ":" and not LINES.match(after)
            pairs.append((match["label"], _value(after if is_next else value, match, reading)))
        elif _LABEL_ALONE.fullmatch(line) and keyword_of(line) and after:
            pairs.append((line, Value(after)))
        elif (cells := _CELLS.fullmatch(line)) and keyword_of(cells[1]):
            pairs.append((cells[1], Value(cells[2])))
    if (
        not pairs
        and len(lines) == 2
        and _URL.match(lines[0])
        and not re.search(r"\s|://", lines[1])
    ):
        pairs = [("uri", Value(lines[0])), ("token", Value(lines[1]))]
    if not any(keyword_of(label) not in {"", "alias", "timeout"} for label, _ in pairs):
        return False
    for label, finding in pairs:
        _put(label, finding, reading)
    return True


def read_uri(text: str, reading: Reading) -> None:
    """Read an address, in quotes or not."""
    text = text.strip().rstrip(",;")
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"`":
        text = text[1:-1]
    reading.put("uri", Value(text), "the address")


def _value(text: str, match: re.Match[str], reading: Reading) -> Finding:
    if match["mark"] == "=" and "$" in text and not text.startswith("'"):
        words = Shell(text, reading.env).words(0)
        return words[0] if words else Value("")
    if quoted := _QUOTED.fullmatch(text):
        return Value(quoted[2])
    return Value(re.sub(r"\s#.*", "", text).strip())


def _put(label: str, finding: Finding, reading: Reading) -> None:
    keyword = keyword_of(label)
    if isinstance(finding, Value) and isinstance(finding.value, str):
        if keyword == "secure":
            finding = _flag(finding.value)
        elif keyword == "timeout":
            finding = _seconds(finding.value)
    if keyword:
        before = reading.given.get(keyword)
        reading.put(keyword, finding, label.strip(" :"))
        if before is not None and reading.given[keyword] != before:
            # One server's secret must not go to another.
            raise ParamsError(
                f"The pasted text has {label.strip(' :')[:40]} twice, with different values.",
                "It is about more than one server.",
                "Paste the lines of one.",
            )
    else:
        reading.note(f"{label[:40]} is not a connection parameter")


def _flag(text: str) -> Finding:
    if text.lower() in _FLAGS:
        return Value(_FLAGS[text.lower()])
    return Unread("It is neither true nor false.", "Write true or false.")


def _seconds(text: str) -> Finding:
    if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{0,9})?", text):
        return Value(float(text))
    return Unread("It is no number of seconds.", "Write for example timeout=5.")
