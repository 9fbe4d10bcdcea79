"""Where Milvus is: what `uri`, `address`, `host` and `port` say together, or the environment."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ..errors import ParamsError
from ..printing import printable
from .address import Address, display, parse_address
from .dotenv import set_by
from .host import host_name
from .secret import Secret
from .tidy import tidy_word
from .values import check_port, is_given, text

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["DEFAULT_PORT", "addresses", "from_environment", "port_of", "refuse_foreign_place"]

DEFAULT_PORT: Final = 19530
HTTPS_PORT: Final = 443

# The place, and which parameter said what of it.
Places = tuple[Address, list[tuple[str, Address]]]


def addresses(uri: str, address: str, host: str, port: object) -> Places:
    """Merge what `uri`, `address` and `host`/`port` say; nothing is given: no sources."""
    sources = [
        (name, parse_address(given, name))
        for name, given in (("uri", uri), ("address", address))
        if given
    ]
    if host or is_given(port):
        name = host_name(host) if host else ""
        number = check_port(port) if is_given(port) else None
        sources.append(("host/port", Address("tcp", name, number)))
    place = Address("tcp")
    for index, (name, other) in enumerate(sources):
        place = _merge(sources[:index], place, name, other) if index else other
    return place, sources


def _merge(before: list[tuple[str, Address]], place: Address, name: str, other: Address) -> Address:
    for part in ("kind", "host", "port", "path", "secure"):
        one, two = getattr(place, part), getattr(other, part)
        # False is an answer (http://), None and "" leave it to the other.
        if one not in (None, "") and two not in (None, "") and one != two:
            names = " and ".join(source for source, _ in before)
            raise ParamsError(
                f"{names} and {name} name different places: {display(place)} and {display(other)}.",
                "One connection goes to one place.",
                f"Leave out {names} or {name}.",
            )
    return replace(
        place,
        host=place.host or other.host,
        port=place.port or other.port,
        secure=other.secure if place.secure is None else place.secure,
    )


def from_environment(env: Mapping[str, str], has_sign_in: bool, has_database: bool) -> Places:
    """Give what ``MILVUS_URI`` says, but for what was given beside it; else no sources."""
    uri = tidy_word(env.get("MILVUS_URI", ""))
    if not uri:
        return Address("tcp"), []
    place = parse_address(text("MILVUS_URI", uri), "MILVUS_URI")
    if has_sign_in:
        place = replace(place, user="", password=Secret())
    if has_database:
        place = replace(place, db_name="")
    return place, [("MILVUS_URI", place)]


def refuse_foreign_place(*, is_given: bool) -> None:
    """Refuse to send a user's secret where a project's ``.env`` wants it to go."""
    file = set_by("MILVUS_URI")
    if file and (is_given or set_by("MILVUS_TOKEN") != file):
        raise ParamsError(
            f"MILVUS_URI is set by a file of the project: {printable(file)!r}.",
            "The token or password is not: it is not sent there unless you say so.",
            "Write the address, and the token: %milvus connect ADDRESS --token-env VARIABLE",
        )


def port_of(place: Address) -> int:
    """Give the port of a place; 0 where it has none."""
    if place.kind != "tcp":
        return 0
    return place.port or (HTTPS_PORT if place.secure else DEFAULT_PORT)
