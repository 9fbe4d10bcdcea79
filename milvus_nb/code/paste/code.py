"""The little of JavaScript, Go and Java that it takes to read how a program connects.

A text becomes tokens; an expression is a span of tokens. It has a value where it is a literal, a
name that the text assigns, an environment variable, or text put together from these.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from .reading import EXPRESSION, MOST_STEPS, Finding, Found, Unread, joined, variable
from .tokens import NODE, tokens, unescaped

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .tokens import Dialect

__all__ = ["Code", "Span"]


_PARTNERS: Final = {"(": ")", "[": "]", "{": "}"}
# What a line may end or begin with, while the expression goes on in the next one.
_OPERATORS: Final = {"+", "*", ".", "?.", "??", "||", "(", "[", "{", "=", ":=", ","}
_ENDS: Final = {";", ",", ")", "]", "}", "=", ":="}

#: Two indexes of tokens, the second one after the last.
Span = tuple[int, int]


class Code:
    """A text as tokens, and what its names stand for.

    Parameters
    ----------
    text
        The program, or a part of it.
    dialect
        Its language.
    env
        The environment.
    """

    def __init__(self, text: str, dialect: Dialect, env: Mapping[str, str] | None = None) -> None:
        self.dialect = dialect
        self.tokens = list(tokens(text, dialect))
        self._env = env or {}
        self._size = len(text)
        self._steps = 0
        self._partner = self._pair()
        self._opening = {other: one for one, other in self._partner.items()}
        self._names = self._assignments()

    def text(self, index: int) -> str:
        """Give the text of a token that is no string; "" where there is none."""
        token = self.tokens[index] if 0 <= index < len(self.tokens) else None
        return token.text if token and token.kind in {"name", "mark", "number"} else ""

    def find(self, *texts: str) -> Iterator[int]:
        """Find each place where these tokens stand in a row; give the index after them."""
        for index in range(len(self.tokens) - len(texts) + 1):
            if all(self.text(index + place) == text for place, text in enumerate(texts)):
                yield index + len(texts)

    def inside(self, opening: int) -> Span:
        """Give the span between a bracket and its partner."""
        return opening + 1, self._partner.get(opening, len(self.tokens))

    def closing(self, place: int) -> int:
        """Give the place in the text after the partner of the bracket at a place."""
        index = next((i for i, token in enumerate(self.tokens) if token.start == place), -1)
        partner = self._partner.get(index)
        return self._size if partner is None else self.tokens[partner].start + 1

    def parts(self, span: Span, separators: tuple[str, ...] = (",",)) -> list[Span]:
        """Split a span at separators that are not within brackets."""
        found, start = [], span[0]
        index = start
        while index < span[1]:
            if self.text(index) in separators:
                found.append((start, index))
                start = index + 1
            index = self._partner.get(index, index) + 1
        found.append((start, span[1]))
        return [(one, end) for one, end in found if one < end]

    def entries(self, span: Span) -> dict[str, Finding]:
        """Read what stands between the braces of an object or a struct: ``name: value, …``."""
        found: dict[str, Finding] = {}
        for start, end in self.parts(span):
            token = self.tokens[start]
            if token.text == "..." and token.kind == "mark":
                inner = self.value((start + 1, end))
                if isinstance(inner, Found) and isinstance(inner.value, dict):
                    found.update(inner.value)
            elif token.kind in {"name", "string"} and self.text(start + 1) == ":":
                found[token.text] = self.value((start + 2, end))
            elif token.kind == "name" and end == start + 1:
                found[token.text] = self.value((start, end))
        return found

    def value(self, span: Span, seen: frozenset[str] = frozenset()) -> Finding:  # noqa: PLR0911
        """Give the value of an expression, without running it."""
        self._steps += 1
        if self._steps > MOST_STEPS:
            return EXPRESSION
        start, end = self._unwrapped(span)
        if start >= end:
            return EXPRESSION
        if len(choices := self.parts((start, end), ("??", "||"))) > 1:
            return self._first(choices, seen)
        if len(pieces := self.parts((start, end), ("+",))) > 1:
            found = [self.value(piece, seen) for piece in pieces]
            is_text = any(isinstance(one, Found) and isinstance(one.value, str) for one in found)
            unread = next((one for one in found if isinstance(one, Unread)), None)
            return joined(found) if is_text or unread else EXPRESSION
        if len(factors := self.parts((start, end), ("*",))) > 1:
            return _product([self.value(factor, seen) for factor in factors])
        if end == start + 1:
            return self._single(start, seen)
        if self.text(start) == "{" and self._partner.get(start) == end - 1:
            return Found(self.entries((start + 1, end - 1)))
        return self._path(start, end, seen)

    def dotted(self, span: Span) -> str:
        """Give ``a.b.c`` where the span is nothing else, and "" otherwise."""
        start, end = span
        names = [self.text(index) for index in range(start, end)]
        dots = all(mark in {".", "?."} for mark in names[1::2])
        words = all(self.tokens[index].kind == "name" for index in range(start, end, 2))
        return "".join(names).replace("?.", ".") if len(names) % 2 and dots and words else ""

    def _unwrapped(self, span: Span) -> Span:
        """Leave out what does not change a value: brackets, ``await``, ``&``, ``!``."""
        start, end = span
        while start < end:
            if self.text(start) == "(" and self._partner.get(start) == end - 1:
                start, end = start + 1, end - 1
            elif self.text(start) in {"await", "&"}:
                start += 1
            elif self.text(end - 1) == "!":
                end -= 1
            elif end - start > 2 and self.text(end - 2) == "as":
                end -= 2
            else:
                break
        return start, end

    def _first(self, choices: list[Span], seen: frozenset[str]) -> Finding:
        """Give the first choice with a value: a variable that is not set has none."""
        for choice in choices[:-1]:
            finding = self.value(choice, seen)
            if finding is EXPRESSION or (isinstance(finding, Found) and finding.value):
                return finding
        return self.value(choices[-1], seen)

    def _single(self, index: int, seen: frozenset[str]) -> Finding:
        token = self.tokens[index]
        if token.kind == "string":
            return Found(token.text)
        if token.kind == "template":
            return self._template(token.text, seen)
        if token.kind == "number":
            return _number(token.text)
        words = dict(self.dialect.words)
        if token.text in words:
            return Found(words[token.text])
        return self._named(token.text, index, seen) if token.kind == "name" else EXPRESSION

    def _named(self, name: str, index: int, seen: frozenset[str]) -> Finding:
        if name in seen:
            return EXPRESSION
        places = self._names.get(name)
        if not places:
            return Unread(
                f"The pasted text does not say what {name} is."
                if len(name) <= 64
                else EXPRESSION.why,
                "Paste the line that assigns it as well, or write the value itself in its place.",
            )
        before = [place for place in places if place[1] <= index]
        start, end = (before or places)[-1 if before else 0]
        if self.dotted((start, end)) == "process.env" and self.text(start - 2) == "}":
            return variable(name, self._env)
        return self.value((start, end), seen | {name})

    def _template(self, text: str, seen: frozenset[str]) -> Finding:
        """Read a JavaScript template or a Go raw string."""
        if self.dialect is not NODE:
            return Found(text.replace("\r", ""))
        pieces: list[Finding] = []
        for index, part in enumerate(re.split(r"(?<!\\)\$\{([^{}]*)\}", text)):
            if index % 2 == 0:
                pieces.append(Found(unescaped(part, self.dialect)))
                continue
            inner = Code(part, self.dialect, self._env)
            # Its names are those of this text; it stands at its end.
            span = len(self.tokens), len(self.tokens) + len(inner.tokens)
            self.tokens += inner.tokens
            self._partner.update(
                {one + span[0]: other + span[0] for one, other in inner._partner.items()}
            )
            pieces.append(self.value(span, seen))
        return joined(pieces)

    def _path(self, start: int, end: int, seen: frozenset[str]) -> Finding:
        """Read an environment variable, or a property of an object that the text has."""
        opening = next((i for i in range(start, end) if self.text(i) in {"(", "["}), end)
        path = self.dotted((start, opening))
        if opening < end:
            closed = self._partner.get(opening, end)
            if closed != end - 1:
                return self._java_environment(path, closed, end, seen)
            arguments = self.parts((opening + 1, closed))
            is_env = path in self.dialect.getenv
            if self.text(opening) == "[":
                is_env = self.dialect is NODE and path == "process.env"
            return self._variable(arguments, seen) if is_env else EXPRESSION
        if self.dialect is NODE and path.startswith("process.env.") and path.count(".") == 2:
            return variable(path.rpartition(".")[2], self._env)
        finding: Finding = self._named(self.text(start), start, seen) if path else EXPRESSION
        for name in path.split(".")[1:]:
            inside = finding.value if isinstance(finding, Found) else None
            finding = inside.get(name, EXPRESSION) if isinstance(inside, dict) else EXPRESSION
        return finding

    def _java_environment(self, path: str, closed: int, end: int, seen: frozenset[str]) -> Finding:
        """Read ``System.getenv().getOrDefault("NAME", …)`` and its ``get``."""
        name, opening = self.text(closed + 2), closed + 3
        if (
            path not in self.dialect.getenv
            or name not in {"get", "getOrDefault"}
            or self._partner.get(opening) != end - 1
        ):
            return EXPRESSION
        return self._variable(self.parts((opening + 1, end - 1)), seen)

    def _variable(self, arguments: list[Span], seen: frozenset[str]) -> Finding:
        name = self.value(arguments[0], seen) if arguments else EXPRESSION
        if not (isinstance(name, Found) and isinstance(name.value, str)):
            return EXPRESSION
        default = self.value(arguments[1], seen) if len(arguments) == 2 else None
        return variable(name.value, self._env, default)

    def _pair(self) -> dict[int, int]:
        """Find the closing bracket of each opening one."""
        found: dict[int, int] = {}
        waiting: list[int] = []
        for index in range(len(self.tokens)):
            text = self.text(index)
            if text in _PARTNERS:
                waiting.append(index)
            elif waiting and text == _PARTNERS[self.text(waiting[-1])]:
                found[waiting.pop()] = index
        return found

    def _assignments(self) -> dict[str, list[Span]]:
        """Find what is assigned to which name: several times, in several places."""
        found: dict[str, list[Span]] = {}
        for index in range(len(self.tokens)):
            if self.text(index) in {"=", ":="}:
                span = index + 1, self._end(index + 1)
                for name in self._targets(index):
                    found.setdefault(name, []).append(span)
        return found

    def _targets(self, index: int) -> list[str]:
        """Give the names left of an assignment: ``const uri: string =``, ``ca, err :=``."""
        before = index - 1
        if self.text(before) == "}":
            opening = self._opening.get(before, before)
            return [self.text(i) for i in range(opening + 1, before) if self.text(i) != ","]
        names = []
        while before >= 0 and self.tokens[before].kind == "name" and self.text(before - 1) != ".":
            names.append(self.text(before))
            # A type stands after a name in Go, after a colon in TypeScript, before it in Java.
            is_type = self.tokens[before - 1].kind == "name" and not self.tokens[before].first
            goes_on = self.text(before - 1) in {":", ","}
            if before == 0 or len(names) == 4 or not (is_type or goes_on):
                break
            before -= 2 if goes_on else 1
        return names

    def _end(self, start: int) -> int:
        """Find where an expression ends."""
        index = start
        while index < len(self.tokens):
            text = self.text(index)
            goes_on = index == start or {text, self.text(index - 1)} & _OPERATORS
            if text in _ENDS or (self.tokens[index].first and not goes_on):
                break
            index = self._partner.get(index, index) + 1
        return index


def _number(text: str) -> Finding:
    digits = text.replace("_", "").rstrip("LlDdFfn")
    if re.fullmatch(r"[0-9]{1,18}", digits):
        return Found(int(digits))
    if re.fullmatch(r"[0-9]{1,12}\.[0-9]{0,12}", digits):
        return Found(float(digits))
    return EXPRESSION


def _product(factors: list[Finding]) -> Finding:
    product: float = 1
    for factor in factors:
        if isinstance(factor, Unread) or isinstance(factor.value, (bool, str, dict)):
            return EXPRESSION
        product *= factor.value or 0
    return Found(product)
