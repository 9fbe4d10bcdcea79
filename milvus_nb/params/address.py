"""The grammar of an address: what a user may write for where Milvus is.

======================================== ==========================================
``localhost``, ``localhost:19530``       a server; the port is 19530 where none is given
``[::1]:19530``, ``::1``                 the same by IPv6
``http://``, ``tcp://``, ``grpc://``     the same; ``https://`` turns TLS on, its port is 443
``http://user:password@host:port/db``    with sign-in (percent-encoded) and database
``unix:/run/milvus.sock``                a server behind a Unix socket
``./demo.db``, ``C:/data/demo.db``       a Milvus Lite database, embedded
``file:///data/demo.db``                 the same
======================================== ==========================================
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from typing import Final, Literal, NoReturn
from urllib.parse import unquote

from .files import DRIVE, absolute_path, lite_path, path_in_uri
from .host import SHAPES, check_characters, host_port, in_brackets, ipv6, plain_name, refusal
from .secret import Secret, holds_sign_in, recognised_host, redact_address
from .suggestion import closest
from .tidy import check_expanded, tidy_address, tidy_name

__all__ = ["Address", "Kind", "display", "parse_address"]

Kind = Literal["tcp", "unix", "lite"]

_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_SECURE: Final = {"http": False, "tcp": False, "grpc": False, "https": True}
_MEANT: Final = {
    "grpcs": "https", "tls": "https", "ssl": "https", "wss": "https", "ws": "http",
    "milvus": "http", "zilliz": "https", "sqlite": "file",
}  # fmt: skip
_OF_OTHERS: Final = {
    "ftp",
    "redis",
    "postgresql",
    "postgres",
    "mysql",
    "mongodb",
    "amqp",
    "etcd",
    "s3",
}
# Pages of the management port that are pasted from a browser; none is a database.
_PAGES: Final = {"webui", "healthz", "metrics"}
# What separates something else, such as a token, in a place where a database is named.
_NO_NAME: Final = set(";=")
# How the paths of Milvus's REST interface begin.
_REST: Final = {"v1", "v2", "api"}


@dataclass(frozen=True, slots=True)
class Address:
    """What one address text says; what it leaves open is ``None`` or empty."""

    kind: Kind
    host: str = ""
    port: int | None = None
    path: str = ""
    secure: bool | None = None
    user: str = ""
    password: Secret = Secret()  # noqa: RUF009  immutable
    db_name: str = ""


def parse_address(text: str, source: str = "uri") -> Address:
    """Read one address.

    Parameters
    ----------
    text
        What the user wrote; see `tidy` for what is ignored in it.
    source
        Where it came from (``"uri"``, ``"address"``, ``"MILVUS_URI"``), for the error text.

    Returns
    -------
    Address
        The host in lower case and without brackets, the path absolute.

    Raises
    ------
    ParamsError
        The text is no address, or its Milvus Lite file cannot be used. The error never shows
        what may be a secret.
    """
    text = tidy_address(text)
    found = _SCHEME.match(text)
    scheme = found[1].lower() if found else ""
    rest = text[found.end() :] if found else text
    check_characters(text, source)
    if not scheme and rest.startswith("unix:"):
        return _unix(rest[5:], source)
    if scheme == "unix":
        return _unix(rest, source, after_slashes=True)
    if scheme == "file":
        return Address("lite", path=lite_path(_file_path(rest, text, source), source))
    if rest[:5].lower() == "file:" and not scheme:  # with one slash, or none
        return Address("lite", path=lite_path(_decode(rest[5:], text, source), source))
    is_path = rest[:1] in {".", "/", "~", "\\"} or DRIVE.match(rest)
    if not scheme and (is_path or rest.rstrip("/\\").lower().endswith(".db")):
        return Address("lite", path=lite_path(rest, source))
    if scheme and scheme not in _SECURE:
        _refuse_scheme(scheme, text, source)
    check_expanded(source, rest.rpartition("@")[2], "place")
    if blank := next((character for character in text if character.isspace()), ""):
        raise refusal(text, source, f"It has a blank ({blank!r}) in it.", "Remove the blank.")
    return _server(rest, text, source, _SECURE.get(scheme))


def display(address: Address) -> str:
    """Return the address for people, without sign-in and database: ``https://host:443``."""
    if address.kind == "lite":
        try:
            inside = os.path.relpath(address.path)
        except (OSError, ValueError):  # the working folder is gone, or on another Windows drive
            return address.path
        return address.path if inside.startswith(os.pardir) else os.path.join(os.curdir, inside)
    if address.kind == "unix":
        return f"unix:{address.path}"
    host, port = address.host, address.port
    place = in_brackets(host) if port is None else host_port(host, port)
    return f"https://{place}" if address.secure else place


def _server(rest: str, text: str, source: str, secure: bool | None) -> Address:
    authority, path, extra = _split(rest)
    if secure is None and path.startswith("//") and authority.strip(":;").lower() in _SECURE:
        name = authority.strip(":;").lower()
        fix = f"Write {name}://{redact_address(path.lstrip('/'))}"
        raise refusal(text, source, f"The scheme {name!r} needs a colon and two slashes.", fix)
    if "@" in path or "@" in extra:
        reason = "There is an '@' after the first '/', '?' or '#': the password holds one of these."
        raise refusal(
            text, source, reason, "Write %2F for '/', %3F for '?', %23 for '#', %40 for '@'."
        )
    if extra:
        reason = f"Nothing can follow a {extra[0]!r}."
        raise refusal(text, source, reason, "Leave it out; options are keywords of their own.")
    sign_in, _, place = authority.rpartition("@")
    user, _, password = sign_in.partition(":")
    if place[:-1].lower() in _SECURE and place.endswith(":"):
        raise refusal(text, source, "A scheme is followed by two slashes and a host.", SHAPES)
    if place.endswith(":") and path.strip("/"):  # root:/… may be a password that begins with it
        reason = "Between the colon and the slash there is no port."
        raise refusal(text, source, reason, "Write host:port/database. In a password, write %2F.")
    host, port = _host_and_port(place, text, source)
    found = Address(
        "tcp",
        host=host,
        port=port,
        secure=secure,
        user=tidy_name(_sign_in(user, text, source)),
        password=Secret(_sign_in(password, text, source)),
    )
    return replace(found, db_name=_database(path, text, source, display(found))) if path else found


def _sign_in(part: str, text: str, source: str) -> str:
    check_expanded(source, part)
    return _decode(part, text, source)


def _split(rest: str) -> tuple[str, str, str]:
    end = re.search(r"[?#]", rest)
    extra = rest[end.start() :] if end else ""
    authority, slash, path = rest[: len(rest) - len(extra)].partition("/")
    return authority, slash + path, extra


def _host_and_port(place: str, text: str, source: str) -> tuple[str, int | None]:
    if place.count(":") > 1 and not place.startswith("["):
        if host := ipv6(place):
            return host, None
        first, _, others = place.partition(":")
        if first.lower() in _SECURE:
            reason = f"The scheme {first!r} needs two slashes."
            raise refusal(text, source, reason, f"Write {first}://{redact_address(others)}")
        reason = "It has more than one colon, and is not an IPv6 address."
        raise refusal(text, source, reason, "Write host:port, or [::1]:19530 for IPv6 with a port.")
    if place.startswith("["):
        inside, bracket, after = place[1:].partition("]")
        host = ipv6(inside) if bracket else ""
        if not host or (after and not after.startswith(":")):
            raise refusal(text, source, "It is not an IPv6 address.", "An example: [::1]:19530")
        digits = after[1:]
    else:
        name, _, digits = place.partition(":")
        # ":19530" is this machine, as in pymilvus.
        host = plain_name(name) if name else "localhost" if digits else ""
        if not host:
            _refuse_host(name, text, source)
    if not digits:
        return host, None
    if not (digits.isascii() and digits.isdigit()):
        # It is not shown: root:Milvus given as an address is a mistake with a password in it.
        reason = f"What follows {recognised_host(host) or 'the host'}: is not a port number."
        fix = "A port is 1 to 65535. A sign-in goes before an '@': http://user:password@host:port"
        raise refusal(text, source, reason, fix)
    if len(digits) > 5 or not 1 <= int(digits) <= 65535:
        raise refusal(text, source, "A port is a number from 1 to 65535.", "Milvus's own is 19530.")
    return host, int(digits)


def _database(path: str, text: str, source: str, place: str) -> str:
    scheme, slashes, where = place.rpartition("://")
    certain = f"{scheme}{slashes}{where}" if recognised_host(where) else "HOST:PORT"
    segments = [segment for segment in path.split("/") if segment]
    if segments and segments[0] in _PAGES:
        host = certain.removesuffix(":9091").replace("HOST:PORT", "HOST")
        raise refusal(
            text,
            source,
            "That is a page of Milvus's management port (WebUI, health, metrics), for browsers.",
            f"Milvus's own port is 19530: {host}:19530",
            "webui-url",
        )
    if len(segments) > 1 and segments[0] in _REST:
        reason = "That is the address of a REST call."
        raise refusal(text, source, reason, f"Give host and port alone: {certain}", "rest-url")
    if len(segments) > 1 or ":" in path:
        reason = "After the host comes the name of a database, and nothing else."
        raise refusal(text, source, reason, f"Give host and port alone: {certain}")
    name = tidy_name(_decode(segments[0], text, source)) if segments else ""
    # Percent-encoded they are meant.
    if segments and set(segments[0]) & _NO_NAME:
        reason = "What follows the host is no database's name: letters, digits and underscores."
        raise refusal(text, source, reason, f"Give host and port alone: {certain}")
    return name


def _decode(part: str, text: str, source: str) -> str:
    try:
        return unquote(part, errors="strict") if "%" in part else part
    except UnicodeDecodeError:
        pass  # raised below, outside, so that the bytes are not kept in the error's context
    raise refusal(
        text, source, "Its percent-encoding is not UTF-8.", "Encode it as UTF-8: ü is %C3%BC."
    )


def _unix(path: str, source: str, *, after_slashes: bool = False) -> Address:
    shown = f"unix://{path}" if after_slashes else f"unix:{path}"
    if not path or path.endswith("/") or (after_slashes and not path.startswith("/")):
        reason = "After unix: comes the path of a socket."
        raise refusal(shown, source, reason, "Write unix:/run/milvus.sock")
    if set(path) & set("?#") or holds_sign_in(path, is_path=True):
        reason = "After unix: comes the path of a socket alone: no '?', '#' or sign-in."
        raise refusal(shown, source, reason, "Write unix:/run/milvus.sock")
    return Address("unix", path=absolute_path(path, source))


def _file_path(rest: str, text: str, source: str) -> str:
    path = path_in_uri(rest)
    if not path:
        raise refusal(
            text, source, "A file: address has three slashes.", "Write file:///data/demo.db"
        )
    path = _decode(path, text, source)
    check_characters(path, source)
    return path


def _refuse_scheme(scheme: str, text: str, source: str) -> NoReturn:
    meant = _MEANT.get(scheme, "")
    if not meant:
        meant = closest(scheme, [*_SECURE, "unix", "file"])
    reason = "The schemes are http, https, tcp, grpc, unix and file."
    fix = f"Did you mean {meant}:// ?" if meant else SHAPES
    shown = f"{scheme}://" if meant or scheme in _OF_OTHERS else "Its scheme"
    raise refusal(text, source, f"{shown} is not known here. {reason}", fix)


def _refuse_host(name: str, text: str, source: str) -> NoReturn:
    if not name:
        raise refusal(text, source, "It has no host.", SHAPES)
    if name.isascii() and name.isdigit():
        raise refusal(
            text,
            source,
            "It is a number, not a host.",
            f"Write localhost:{name if len(name) <= 5 else 19530}",
        )
    raise refusal(text, source, "Its host is neither a name nor an IP address.", SHAPES)
