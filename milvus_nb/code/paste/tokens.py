"""A program in a language with braces → its tokens: comments left out, strings with their value."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["GO", "JAVA", "NODE", "PYTHON", "Dialect", "Token", "tokens", "unescaped"]


@dataclass(frozen=True)
class Dialect:
    """What differs between the languages: comments, escapes, and words that are values."""

    comment: str = r"//[^\n]*|/\*[\s\S]*?(?:\*/|\Z)"
    escapes: str = "bfnrt"
    words: tuple[tuple[str, object], ...] = (("true", True), ("false", False), ("null", None))
    getenv: tuple[str, ...] = ()


NODE: Final = Dialect(
    escapes="bfnrtv",
    words=(("true", True), ("false", False), ("null", None), ("undefined", None)),
)
GO: Final = Dialect(
    escapes="abfnrtv",
    words=(("true", True), ("false", False), ("nil", None)),
    getenv=("os.Getenv",),
)
JAVA: Final = Dialect(escapes="bfnrst", getenv=("System.getenv",))
PYTHON: Final = Dialect(comment=r"\#[^\n]*")

_CONTROL: Final = dict(zip("abfnrtvs", "\a\b\f\n\r\t\v ", strict=True))
_ESCAPE: Final = re.compile(
    r"\\(u\{([0-9a-fA-F]{1,6})\}|u+([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|x([0-9a-fA-F]{2})"
    r"|([0-7]{1,3})|(\r?\n)|([\s\S]))"
)
_GRAMMAR: Final = r"""
    (?P<blank>\s+)
  | (?P<comment>{comment})
  | (?P<string>(?P<quote>["'])(?:(?!(?P=quote))[^\\\n]|\\[\s\S])*(?P<end>(?P=quote))?)
  | (?P<template>`(?:[^`\\]|\\[\s\S])*(?P<last>`)?)
  | (?P<number>\d[\w.]*)
  | (?P<name>[^\W\d][\w$]*|\$[\w$]*)
  | (?P<mark>:=|=>|={{2,3}}|!=+|[<>]=|&&|\|\||\?\?|\?\.|\.\.\.|[^\w\s])
"""


class Token(NamedTuple):
    """One token; a string's text is its value, everything else stands as it was written."""

    kind: str
    text: str
    start: int
    first: bool  # of its line


def tokens(text: str, dialect: Dialect) -> Iterator[Token]:
    """Take a text apart; a string that is not closed ends with its line."""
    pattern = re.compile(_GRAMMAR.format(comment=dialect.comment), re.VERBOSE)
    first = True
    for match in pattern.finditer(text):
        kind, shown = match.lastgroup or "", match.group()
        if match["blank"] or match["comment"]:
            first = first or "\n" in shown
            continue
        if match["string"]:
            kind = "string" if match["end"] else "open"
            shown = unescaped(shown[1:-1], dialect)
        elif match["template"]:
            kind = "template" if match["last"] else "open"
            shown = shown[1:-1]
        elif match["mark"]:
            kind = "mark"
        yield Token(kind, shown, match.start(), first)
        first = False


def unescaped(text: str, dialect: Dialect) -> str:
    """Put the characters in for their escapes."""
    if "\\" not in text:
        return text

    def character(match: re.Match[str]) -> str:
        braced, short, long, byte, octal, line, other = match.groups()[1:]
        if digits := braced or short or long or byte:
            code = int(digits, 16)
            return chr(code) if code <= 0x10FFFF else "\ufffd"
        if octal:
            return chr(int(octal, 8))
        if line:
            return ""
        return _CONTROL[other] if other in dialect.escapes else other

    # JavaScript and Java write a character beyond U+FFFF as two halves.
    units = _ESCAPE.sub(character, text).encode("utf-16-le", "surrogatepass")
    return units.decode("utf-16-le", "surrogatepass")
