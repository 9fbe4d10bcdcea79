"""Single values: text, secrets, paths, ports, seconds and gRPC options, each checked by itself.

``None`` and ``""`` mean "not given". What may be one of several parameters takes its name, for the
error.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import ipaddress
import math
import operator
import os
import re
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from ..errors import ParamsError
from .files import absolute_path, path_in_uri
from .secret import Secret, holds_sign_in, shown_name
from .tidy import as_place, check_expanded, tidy_word

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "check_port", "count", "file_path", "grpc_options", "in_clear", "is_given", "place_text",
    "plain", "seconds", "secret", "text",
]  # fmt: skip

MOST_SECONDS: Final = 86_400.0
_MOST_SHOWN: Final = 12  # characters of what should have been a number


def is_given(value: object) -> bool:
    """Say whether a value was given; what else is falsy was, and is refused where it is no use."""
    if value is not None and type(value) is not str:  # as few are
        value = plain(value)
    return bool(value) if isinstance(value, str) else value is not None


def plain(value: object) -> object:
    """Give the text that an object stands for: a secret, bytes, a kind of str; others as they are.

    A secret may be pydantic's ``SecretStr``, which LangChain and others use, or one of ours.
    """
    if value is None or type(value) is str:  # as most are
        return value
    if isinstance(value, Secret):
        return value.reveal()
    reveal = getattr(value, "get_secret_value", None)
    if callable(reveal):
        with contextlib.suppress(Exception):  # then it is refused by its type
            value = reveal()
    if isinstance(value, (bytes, bytearray)) and value:  # none is not "not given"
        with contextlib.suppress(UnicodeDecodeError):
            return value.decode()
    if not isinstance(value, str):
        return value
    # numpy's text, and members of an enumeration of texts; or somebody's stand-in for a text.
    return str.__str__(value) if issubclass(type(value), str) else str(value)


def text(name: str, value: object) -> str:
    """Check text; not given is ``""``."""
    if value is None or (type(value) is str and value.isascii()):  # as most are
        return value or ""
    found = plain(value)
    if not isinstance(found, str):
        # The advice to write a secret in quotes would put it into the notebook.
        is_secret = name in ("password", "token")
        raise ParamsError(
            f"{name} has to be text, not {type(value).__name__}.",
            fix=f"Give the text that it holds, or use {name}_env='VARIABLE'."
            if is_secret
            else f"Write it in quotes: {name}='…'",
        )
    value = found
    try:
        value.encode()
    except UnicodeEncodeError:
        pass  # raised below, outside, so that the value is not kept in the error's context
    else:
        return value
    raise ParamsError(
        f"{name} holds half a character (a lone surrogate), which cannot be sent.",
        fix="Type it again rather than pasting it.",
    )


def path_text(name: str, value: object) -> str:
    """Check text that may also be a path object."""
    if value is None or type(value) is str:  # as most are
        return text(name, value)
    return text(name, os.fsdecode(value) if isinstance(value, os.PathLike) else value)


def place_text(name: str, value: object) -> str:
    """Check text that may also be an object for a path, a URL or an IP address."""
    if value is None or type(value) is str:  # as most are
        return text(name, value)
    for method in ("unicode_string", "geturl"):  # pydantic's; urllib's
        if callable(give := getattr(value, method, None)):
            return text(name, give())
    is_url = type(value).__name__ == "URL" and hasattr(value, "scheme")  # yarl's, httpx's
    if is_url or isinstance(value, (ipaddress.IPv4Address, ipaddress.IPv6Address)):
        return str(value)
    return path_text(name, value)


def secret(name: str, value: object) -> Secret:
    """Check text that must not be shown."""
    found = text(name, value)
    check_expanded(name, found)
    return Secret(found)


def file_path(name: str, value: object) -> str:
    """Check the path of a file, and make it absolute."""
    path = path_text(name, value)
    if not path:
        return ""
    if path[:7].lower() == "file://":
        path = unquote(path_in_uri(path[7:])) or path
    full = absolute_path(path, name)
    if holds_sign_in(path, is_path=True) and not os.path.lexists(full):
        raise ParamsError(
            f"{name} is an address, or has a sign-in in it.",
            "It may hold a password: it is not repeated here.",
            "Give the path of a file.",
        )
    # A file may have quotes in its name.
    return full if os.path.lexists(full) else absolute_path(tidy_word(path) or path, name)


def check_port(value: object) -> int:
    """Check a port number: an integer from 1 to 65535, or the same in decimal digits."""
    port = 0
    value = plain(value)
    if isinstance(value, str):
        value = as_place(value)
        digits = value.lstrip("0")
        # int() reads other digits too, and refuses very long texts with an error of its own.
        if value.isascii() and value.isdigit() and len(digits) <= 5:
            port = int(digits or "0")
    elif not isinstance(value, bool) and hasattr(value, "__index__"):
        port = operator.index(value)
    if 1 <= port <= 65535:
        return port
    raise ParamsError(
        f"port: {_short(value)} is not a port number.",
        "A port is a whole number from 1 to 65535.",
        "Milvus listens on 19530 unless it was configured otherwise.",
    )


def _short(value: object) -> str:
    """Show what was meant for a number; of anything longer it may be a secret."""
    is_short = not isinstance(value, str) or re.fullmatch(r"[-+\w. ]{0,8}", value)
    return shown(value) if is_short else "what was given"


def seconds(name: str, value: object) -> float:
    """Check a time in seconds: above 0, at most a day."""
    number = math.nan
    if isinstance(value, dt.timedelta):
        value = value.total_seconds()
    if not isinstance(value, (bool, str)) and hasattr(value, "__float__"):
        with contextlib.suppress(TypeError, ValueError, OverflowError):
            number = float(value)
    if 0 < number <= MOST_SECONDS:
        return number
    raise ParamsError(
        f"{name}: {shown(value)} is not a number of seconds that can be used.",
        f"It has to be above 0 and at most {MOST_SECONDS:,.0f} (a day).",
        f"Write for example {name}=5, or leave it out.",
    )


def count(name: str, value: object, meaning: str, most: int | None = None) -> int:
    """Check how many of something are wanted: at least one.

    Parameters
    ----------
    name
        The name of the parameter, for the error text.
    value
        A whole number, also numpy's; no bool, which is one to Python.
    meaning
        What is counted, for the error text.
    most
        The largest that is possible.
    """
    if not isinstance(value, bool) and hasattr(value, "__index__"):
        with contextlib.suppress(TypeError):  # numpy has it for arrays, too
            number = operator.index(value)
            if number >= 1 and (most is None or number <= most):
                return number
    limit = "of at least 1" if most is None else f"from 1 to {most:,}"
    raise ParamsError(
        f"{name} = {shown(value)} is not possible.", f"It is {meaning}: a whole number {limit}."
    )


def grpc_options(options: object) -> tuple[tuple[str, int | Secret], ...]:
    """Check gRPC channel arguments, and sort them by name.

    Text is kept as a secret: the URL of a proxy has a password in it, a user agent whatever its
    user has put there.
    """
    if not is_given(options):
        return ()
    try:
        given = dict(options)  # type: ignore[call-overload]  # whatever is no mapping raises
        pairs = {name: _argument(value) for name, value in given.items()}
    except (TypeError, ValueError):
        pairs = {0: 0}  # refused below, outside
    for name, value in pairs.items():
        is_text = isinstance(value, (str, Secret))
        fits = is_text or (isinstance(value, int) and abs(value) < 2**31)
        if not (isinstance(name, str) and fits):
            raise ParamsError(
                "grpc_options has to map names to text or whole numbers of 32 bits.",
                "gRPC takes no other channel arguments.",
                "An example: {'grpc.keepalive_time_ms': 10000}",
            )
    return tuple(
        (name, Secret(value) if isinstance(value, str) else value)
        for name, value in sorted(pairs.items(), key=lambda pair: pair[0])
    )


def in_clear(options: Iterable[tuple[str, int | Secret]]) -> dict[str, int | str]:
    """Give gRPC channel arguments as gRPC takes them."""
    return {name: value.reveal() if isinstance(value, Secret) else value for name, value in options}


def _argument(value: object) -> Any:
    """Make numpy's whole numbers Python's; whatever else hides a text becomes a secret."""
    if isinstance(value, Secret):
        return value
    return operator.index(value) if hasattr(value, "__index__") else plain(value)


def shown(value: object) -> str:
    """Return a refused value for an error text: short, and its type where it is no plain value."""
    # repr() refuses whole numbers with thousands of digits.
    if isinstance(value, int) and abs(value) >= 10**12:
        return "a number that large"
    if not isinstance(value, (str, int, float)):
        return f"a value of type {type(value).__name__}"
    if isinstance(value, str) and (len(value) > _MOST_SHOWN or shown_name(value) != value):
        return "what is given"  # it may be anything
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:40]}…"
