"""What the readers share: values that were found, and the parameters they add up to."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from ...errors import ParamsError
from ...params.address import parse_address
from ...params.secret import Secret, holds_sign_in
from .placeholders import is_placeholder

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "EXPRESSION",
    "MOST_CHARACTERS",
    "MOST_STEPS",
    "Finding",
    "Pasted",
    "Reading",
    "Unread",
    "Value",
    "as_text",
    "joined",
    "variable",
]  # fmt: skip

#: The longest text that is read, and the most steps that finding one value may take.
MOST_CHARACTERS: Final = 64 * 1024
MOST_STEPS: Final = 20_000

_SECRETS: Final = {"password", "token"}
_ADDRESSES: Final = {"uri", "address"}
_SCHEME: Final = re.compile(r"\s*[A-Za-z][A-Za-z0-9+.-]*://")


@dataclass(frozen=True, slots=True)
class Pasted:
    """What a pasted text says.

    Parameters
    ----------
    kind
        ``"pymilvus"``, ``"milvus-cli"``, ``"magic"``, ``"curl"``, or
        ``"uri"`` for an address, JSON and lines of names and values.
    alias
        Empty where the text names none.
    given
        Keywords of `params.parse`. A password and a token are a `Secret`, and no address has a
        sign-in in it.
    secret_shown
        Whether a secret stands in the text in clear, not as the name of an environment variable.
    notes
        What was left out, and why.
    """

    kind: str
    alias: str = ""
    given: dict[str, Any] = field(default_factory=dict)
    secret_shown: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Value:
    """A value that was read; `typed` says that it stands in the text itself."""

    value: Any = field(repr=False)
    typed: bool = True


@dataclass(frozen=True, slots=True)
class Unread:
    """A value that cannot be known without running the text, and why. It is no error until used."""

    reason: str
    fix: str = "Write the value itself in its place, or the name of an environment variable."


Finding = Value | Unread

EXPRESSION: Final = Unread("It is an expression, and a pasted text is never run.")


def variable(name: str, env: Mapping[str, str], default: Finding | None = None) -> Finding:
    """Read an environment variable; one that is empty counts as not set."""
    if value := env.get(name, ""):
        return Value(value, typed=False)
    if default is not None:
        return default
    shown = name if re.fullmatch(r"\w{1,64}", name) else "it names"
    return Unread(
        f"The environment variable {shown} is not set.",
        "Set it before the kernel starts, or write the value itself in its place.",
    )


def joined(findings: list[Finding]) -> Finding:
    """Put pieces of text together, such as ``"root:" + password``."""
    for finding in findings:
        if isinstance(finding, Unread):
            return finding
    pieces = [finding for finding in findings if isinstance(finding, Value)]
    if not all(as_text(piece.value) is not None for piece in pieces):
        return EXPRESSION
    text = "".join(as_text(piece.value) or "" for piece in pieces)
    if len(text) > MOST_CHARACTERS:
        return EXPRESSION
    return Value(text, typed=all(piece.typed for piece in pieces))


def as_text(value: object) -> str | None:
    """Return text, or a whole number as text; ``None`` for anything else."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**18:
        return str(value)
    return value if isinstance(value, str) else None


class Reading:
    """The parameters of one text, as they are found.

    Parameters
    ----------
    kind
        See `Pasted`.
    env
        The environment.
    """

    def __init__(self, kind: str, env: Mapping[str, str]) -> None:
        self.kind = kind
        self.env = env
        self.alias = ""
        self.given: dict[str, Any] = {}
        self._secret_shown = False
        self._notes: list[str] = []
        self._in_address: dict[str, Any] = {}

    def put(self, keyword: str, finding: Finding, source: str) -> None:
        """Take a value for a keyword of `params.parse`, or for the alias.

        Parameters
        ----------
        keyword
            ``"uri"``, ``"token"``, …, or ``"alias"``.
        finding
            The value; ``None`` and empty text are "not given".
        source
            What the text calls it, for error texts: ``"token of MilvusClient(…)"``.

        Raises
        ------
        ParamsError
            The value cannot be known, is a placeholder, or is no address.
        """
        if isinstance(finding, Unread):
            raise ParamsError(f"{source} cannot be read.", finding.reason, finding.fix)
        value = finding.value
        if value is None or value == "":
            return
        if finding.typed and isinstance(value, str) and is_placeholder(keyword, value):
            raise ParamsError(
                f"{source} is a placeholder.",
                "It stands where the author of the text left a value to be filled in.",
                "Write your own value there, or leave it out where none is needed.",
                "placeholder",
            )
        if keyword == "alias":
            self.alias = _name(_text(value, source), source)
        elif keyword in _SECRETS:
            self.given[keyword] = Secret(_text(value, source))
            self._secret_shown |= finding.typed
        elif keyword in _ADDRESSES:
            self.given[keyword] = self._address(_text(value, source), source, typed=finding.typed)
        else:
            if keyword != "user" and isinstance(value, str):
                _name(value, source, is_path=keyword.endswith("_path"))
            self.given[keyword] = value

    def note(self, text: str) -> None:
        """Say what was left out, once."""
        if text not in self._notes:
            self._notes.append(text)

    def done(self) -> Pasted:
        """Give the result.

        Raises
        ------
        ParamsError
            The sign-in in the address is not the one beside it.
        """
        given = self.given
        for keyword, value in self._in_address.items():
            if given.setdefault(keyword, value) != value:
                raise ParamsError(
                    f"The text has two values for {keyword}: in the address, and beside it.",
                    "Only one sign-in can be sent.",
                    "Leave out one of them.",
                )
        address = f"{given.get('uri', '')} {given.get('address', '')}"
        if given.get("secure") is False and "https:" in address.lower():
            del given["secure"]  # pymilvus lets the address decide
        return Pasted(self.kind, self.alias, given, self._secret_shown, tuple(self._notes))

    def _address(self, text: str, source: str, *, typed: bool) -> str:
        """Check an address, and take the sign-in out of it."""
        place = parse_address(text, source)
        if not (place.user or place.password):
            return text
        if place.user:
            self._in_address["user"] = place.user
        if place.password:
            self._in_address["password"] = place.password
            self._secret_shown |= typed
        scheme = _SCHEME.match(text)
        return (scheme[0].strip() if scheme else "") + text.rpartition("@")[2]


def _name(text: str, source: str, *, is_path: bool = False) -> str:
    """Refuse an address in the place of an alias, a database or a file, which are shown."""
    if holds_sign_in(text, is_path=is_path):
        raise ParamsError(
            f"{source} is an address, or has a sign-in in it; it is no name.",
            "It may hold a password, so it is not repeated here.",
            "An address is written behind uri=",
        )
    return text


def _text(value: object, source: str) -> str:
    if isinstance(value, str):
        return value
    raise ParamsError(
        f"{source} has to be text.",
        f"It is a value of type {type(value).__name__}.",
        "Write it in quotes.",
    )
