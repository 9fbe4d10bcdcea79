"""The words of a shell's command line, with the values of variables put in, as findings."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from ...errors import ParamsError
from .reading import EXPRESSION, Finding, Unread, Value, joined, variable

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Shell", "sliced"]

_ASSIGNMENT: Final = re.compile(
    r"^[ \t]*(?:\$[ \t]+)?(?:export[ \t]+|set[ \t]+|\$env:)?([A-Za-z_]\w{0,63})[ \t]*=(?!=)[ \t]*",
    re.MULTILINE,
)
_PIECE: Final = re.compile(
    r"""
    (?P<continued>[\\^`][ \t]*\r?\n)
  | (?P<blank>[ \t\r]+)
  | (?P<end>[\n;|&]+)
  | (?P<redirect>[0-9]?[<>]+&?[ \t]*)
  | '(?P<single>[^']*)'
  | "(?P<double>(?:[^"\\]|\\[\s\S])*)"
  | (?P<variable>\$env:\w+|\$\w+|\$\{\w+(?::?-[^{}]*)?\}|%[A-Za-z_]\w*%)
  | (?P<run>\$\([\s\S]*|`[\s\S]*)
  | \\(?P<escaped>[\s\S])
  | (?P<plain>[^\s'"\\$;|&<>%^`]+|[\s\S])
    """,
    re.VERBOSE,
)
_IN_QUOTES: Final = re.compile(
    r"(\$env:\w+|\$\w+|\$\{\w+(?::?-[^{}]*)?\}|%[A-Za-z_]\w*%)|\\([\"\\$`\n])|(\$\()"
)
_NAME: Final = re.compile(r"\$env:(\w+)|\$\{?(\w+)(?::?-(.*))?\}?|%(\w+)%", re.DOTALL)


class Shell:
    """What a text for a shell assigns, and its commands.

    Parameters
    ----------
    text
        The text, of a POSIX shell, of Windows' ``cmd`` or of PowerShell.
    env
        The environment.
    """

    def __init__(self, text: str, env: Mapping[str, str]) -> None:
        self._text = text
        self._env = env
        # %20 is no variable elsewhere.
        self._is_windows = re.search(r"\^[ \t]*\r?\n|\bcurl\.exe\b", text) is not None
        self._assigned: dict[str, Finding] = {}
        for match in _ASSIGNMENT.finditer(text):
            words = self.words(match.end())
            self._assigned[match[1]] = words[0] if words else Value("")

    def words(self, start: int) -> list[Finding]:
        """Split the command that starts at a place of the text into words.

        Raises
        ------
        ParamsError
            A quote is not closed.
        """
        found: list[Finding] = []
        pieces: list[Finding] = []
        skips = False
        for match in _PIECE.finditer(self._text, start):
            kind = match.lastgroup or ""
            if kind in {"continued", "blank", "end", "redirect"}:
                if pieces:
                    if not skips:
                        found.append(joined(pieces))
                    skips = False
                    pieces = []
                if kind == "end":
                    break
                skips = skips or kind == "redirect"
                continue
            pieces += self._pieces(kind, match[kind])
        if pieces and not skips:
            found.append(joined(pieces))
        return found

    def _pieces(self, kind: str, text: str) -> list[Finding]:
        if kind == "variable" and (self._is_windows or not text.startswith("%")):
            return [self._variable(text)]
        if kind == "run":
            return [EXPRESSION]
        if kind == "double":
            return self._double(text)
        if kind == "plain" and text in {"'", '"'}:
            raise ParamsError(
                "A quote in the pasted command is not closed.",
                "So it cannot be told where a value ends.",
                "Paste the whole command.",
            )
        return [Value(text)]

    def _double(self, text: str) -> list[Finding]:
        pieces: list[Finding] = [Value("")]
        place = 0
        for match in _IN_QUOTES.finditer(text):
            pieces.append(Value(text[place : match.start()]))
            place = match.end()
            if match[3]:
                return [EXPRESSION]
            if match[2]:
                pieces.append(Value("" if match[2] == "\n" else match[2]))
            elif match[1].startswith("%") and not self._is_windows:
                pieces.append(Value(match[1]))
            else:
                pieces.append(self._variable(match[1]))
        return [*pieces, Value(text[place:])]

    def _variable(self, text: str) -> Finding:
        match = _NAME.fullmatch(text)
        if match is None:
            return EXPRESSION
        name = match[1] or match[2] or match[4]
        if name in self._assigned:
            return self._assigned[name]
        finding = variable(name, self._env, Value(match[3]) if match[3] else None)
        # What follows a dollar sign may be a part of a password that lacks its quotes.
        if isinstance(finding, Unread) and not re.fullmatch(r"[A-Z_][A-Z0-9_]*", name):
            return Unread(
                "A word of the command has a variable in it that is not set.",
                "Put a value that has a dollar sign in it in single quotes.",
            )
        return finding


def sliced(finding: Finding, pattern: re.Pattern[str]) -> Finding | None:
    """Take what the first group of a pattern finds in a text; ``None`` where it does not fit."""
    if isinstance(finding, Unread):
        return finding
    match = pattern.match(finding.value) if isinstance(finding.value, str) else None
    return Value(match[1], finding.typed) if match else None
