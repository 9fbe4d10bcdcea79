"""Single values: text, secrets, paths, ports, seconds and gRPC options, each checked by itself.

``None`` and ``""`` mean "not given". Every function takes the name of the parameter for its error.
"""

from __future__ import annotations

import contextlib
import math
import operator
import os
from typing import TYPE_CHECKING, Final

from ..errors import ParamsError
from .files import absolute_path
from .secret import Secret

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "check_port", "file_path", "grpc_options", "in_clear", "is_given", "path_text", "seconds",
    "secret", "text",
]  # fmt: skip

MOST_SECONDS: Final = 86_400.0


def is_given(value: object) -> bool:
    """Say whether a value was given; what else is falsy was, and is refused where it is no use."""
    return bool(value) if isinstance(value, (str, Secret)) else value is not None


def text(name: str, value: object) -> str:
    """Check text; not given is ``""``."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ParamsError(
            f"{name} has to be text, not {type(value).__name__}.",
            fix=f"Write it in quotes: {name}='…'",
        )
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
    return text(name, os.fspath(value) if isinstance(value, os.PathLike) else value)


def secret(name: str, value: object) -> Secret:
    """Check text that must not be shown."""
    return Secret(text(name, value.reveal() if isinstance(value, Secret) else value))


def file_path(name: str, value: object) -> str:
    """Check the path of a file, and make it absolute."""
    path = path_text(name, value)
    return absolute_path(path, name) if path else ""


def check_port(name: str, value: object) -> int:
    """Check a port number.

    Parameters
    ----------
    name
        The name of the parameter, for the error text.
    value
        An integer, or the same in decimal digits.

    Returns
    -------
    int
        The port, 1 to 65535.

    Raises
    ------
    ParamsError
        `value` is anything else.
    """
    port = 0
    if isinstance(value, str):
        digits = value.lstrip("0")
        # int() reads "１９" and refuses very long texts with an error of its own.
        if value.isascii() and value.isdigit() and len(digits) <= 5:
            port = int(digits or "0")
    elif not isinstance(value, bool) and hasattr(value, "__index__"):
        port = operator.index(value)
    if 1 <= port <= 65535:
        return port
    raise ParamsError(
        f"{name}: {shown(value)} is not a port number.",
        "A port is a whole number from 1 to 65535.",
        "Milvus listens on 19530 unless it was configured otherwise.",
    )


def seconds(name: str, value: object) -> float:
    """Check a time in seconds: above 0, at most a day."""
    number = math.nan
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


def grpc_options(options: object) -> tuple[tuple[str, int | Secret], ...]:
    """Check gRPC channel arguments, and sort them by name.

    Text is kept as a secret: the URL of a proxy has a password in it, a user agent whatever its
    user has put there.
    """
    if not is_given(options):
        return ()
    try:
        pairs = dict(options)  # type: ignore[call-overload]  # whatever is no mapping raises
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


def shown(value: object) -> str:
    """Return a refused value for an error text: short, and its type where it is no plain value."""
    # repr() refuses whole numbers with thousands of digits.
    if isinstance(value, int) and abs(value) >= 10**12:
        return "a number that large"
    if not isinstance(value, (str, int, float)):
        return f"a value of type {type(value).__name__}"
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:40]}…"
