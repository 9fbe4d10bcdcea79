"""The host of an address, the characters of one, and how an address is refused."""

from __future__ import annotations

import ipaddress
import re
from typing import Final

from ..errors import ParamsError
from .secret import redact_address
from .tidy import as_place, check_expanded

__all__ = [
    "SHAPES", "check_characters", "host_name", "host_port", "in_brackets", "ipv6", "plain_name",
    "refusal",
]  # fmt: skip

#: What to write instead, for the last line of an error.
SHAPES: Final = "Write host:port, https://host/database or ./file.db, for example localhost:19530."

_LABEL: Final = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_MOST_CHARACTERS: Final = 8192


def host_name(text: str, source: str = "host") -> str:
    """Check the name or IP address of a host.

    Parameters
    ----------
    text
        A name, an IPv4 address or an IPv6 address with or without brackets.
    source
        The name of the parameter, for the error text.

    Returns
    -------
    str
        In lower case, IPv6 without brackets, an international name in its ASCII form (IDNA).

    Raises
    ------
    ParamsError
        `text` is none of these.
    """
    text = as_place(text)
    check_characters(text, source)
    check_expanded(source, text, "place")
    bracketed = text.startswith("[") and text.endswith("]")
    if bracketed or text.count(":") > 1:
        if name := ipv6(text[1:-1] if bracketed else text):
            return name
        raise refusal(text, source, "It is not an IPv6 address.", "An example: ::1")
    if name := plain_name(text):
        return name
    reason = "A host name has letters, digits, '-', '_' and '.' only."
    raise refusal(text, source, reason, "Give the host alone here; use uri for a whole address.")


def ipv6(text: str) -> str:
    """Return the address in its short form, or "" where it is none."""
    address, percent, zone = text.partition("%")
    zone = zone.removeprefix("25")  # RFC 6874: in a URI the percent sign is itself encoded
    if percent and not re.fullmatch(r"[A-Za-z0-9_.-]+", zone):
        return ""
    try:
        return ipaddress.IPv6Address(address).compressed + (percent and f"%{zone}")
    except ValueError:
        return ""


def in_brackets(host: str) -> str:
    """Write a host as it stands in front of a port: an IPv6 address in brackets."""
    return f"[{host}]" if ":" in host else host


def host_port(host: str, port: int | str) -> str:
    """Write ``host:port``, with an IPv6 address in brackets."""
    return f"{in_brackets(host)}:{port}"


def plain_name(text: str) -> str:
    """Return the name or IPv4 address in lower case and ASCII, or "" where it is none."""
    name = text.lower()
    if not name.isascii():
        try:
            name = name.encode("idna").decode("ascii")
        except UnicodeError:
            return ""
    labels = name.removesuffix(".").split(".")
    if len(name) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        return ""
    if labels[-1].isdigit():  # RFC 1123, 2.1: such a name can only be an IPv4 address
        try:
            ipaddress.IPv4Address(name)
        except ValueError:
            return ""
    return name


def check_characters(text: str, source: str) -> None:
    """Refuse what is blank, too long, or has characters that cannot be seen."""
    if not text:
        reason = "A parameter that is given cannot be empty or blank."
        raise ParamsError(f"{source} is blank.", reason, SHAPES)
    if len(text) > _MOST_CHARACTERS:
        raise ParamsError(
            f"{source} is {len(text):,} characters long.",
            f"No address has more than {_MOST_CHARACTERS:,}.",
            "Was the content of a file given instead of an address?",
        )
    if text.isprintable():
        return
    for place, character in enumerate(text, start=1):
        if not character.isprintable():
            unseen = f"Character {place} is U+{ord(character):04X}"
            reason = f"{unseen}, which cannot be seen or printed."
            raise refusal(text, source, reason, "Type the address again rather than pasting it.")


def refusal(text: str, source: str, reason: str, fix: str, cause: str = "") -> ParamsError:
    """Make the error for text that is no address; what may be secret in it is hidden."""
    shown = redact_address(text)
    if len(shown) > 100:
        shown = f"{shown[:100]}…"
    return ParamsError(f"{source}: {shown!r} is not an address.", reason, fix, cause)
