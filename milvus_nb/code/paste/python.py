"""pymilvus code: ``MilvusClient(…)`` and ``connections.connect(…)``, read by Python's own grammar.

Only its syntax tree is looked at. Names that the text assigns, environment variables and text put
together from them have a value; any other expression has none.
"""

from __future__ import annotations

import ast
import re
import textwrap
import warnings
from typing import TYPE_CHECKING, Final

from ...errors import ParamsError
from ...params.suggestion import closest
from ...params.tls import PEM_FILES
from .addresses import as_pymilvus_reads
from .reading import EXPRESSION, MOST_STEPS, Finding, Unread, Value, as_text, joined, variable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .reading import Reading

__all__ = ["read_python"]

_CLIENTS: Final = {"MilvusClient", "AsyncMilvusClient"}
_CALL: Final = re.compile(
    r"\b(?:\w{1,40}\.){0,3}(?:(?:Async)?MilvusClient|connections\.connect)\s{0,40}\("
)
# What has brackets in it that are none, and brackets; a string that is not closed ends its line.
_BRACKET: Final = re.compile(
    r"""\#[^\n]*|(["'])(?:(?!\1)[^\\\n]|\\[\s\S])*\1?|(?P<opens>[(\[{])|(?P<closes>[)\]}])"""
)
_PARTNERS: Final = {"(": ")", "[": "]", "{": "}"}
_ASSIGNMENT: Final = re.compile(r"\s*\w+\s*(:[^=]*)?=[^=]")
_PROMPT: Final = re.compile(r"\s*(>>>|\.\.\.|In \[\d*\]:|\.{3,}:)( |$)")
_ORM: Final = ("alias", "user", "password", "db_name", "token")
_CLIENT: Final = ("uri", "user", "password", "db_name", "token", "timeout")
_KEYWORDS: Final = {
    "alias", "uri", "address", "host", "port", "user", "password", "token", "db_name", "secure",
    *PEM_FILES, "server_name", "timeout", "grpc_options",
}  # fmt: skip
# How a connection is made, which is milvus_nb's own affair.
_SILENT: Final = {"dedicated", "handler", "_async", "_unbind_with_db"}
_DEFAULT_URI: Final = "http://localhost:19530"


def read_python(text: str, reading: Reading) -> None:
    """Read the first call that connects.

    Raises
    ------
    ParamsError
        It is no complete Python, no call connects, or a value cannot be known.
    """
    tree = _tree(text)
    aliases = _import_names(tree)
    calls = [
        (node, kind)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and (kind := _kind(node, aliases))
    ]
    if not calls:
        ends = re.search(r"\.\s*(disconnect|close)\s*\(", text)
        raise ParamsError(
            f"The pasted Python {'ends a connection' if ends else 'connects to nothing'}.",
            "It has no call of MilvusClient or connections.connect.",
            "Paste the lines with that call.",
        )
    calls.sort(key=lambda found: (found[0].lineno, found[0].col_offset))
    if len(calls) > 1:
        reading.note(f"the text connects {len(calls)} times; the first one was read")
    call, kind = calls[0]
    _read_call(call, kind, _Scope(tree, call.lineno, reading.env), reading)


def _read_call(call: ast.Call, kind: str, scope: _Scope, reading: Reading) -> None:
    names = _ORM if kind == "connections.connect" else _CLIENT
    for name, finding in _arguments(call, names, kind, scope):
        if name == "handler" and finding != Value("GRPC"):
            reading.note("handler is left out: only GRPC is supported")
        if name in _KEYWORDS:
            reading.put(name, _ours(name, finding), f"{name} of {kind}(…)")
        elif near := closest(name, _KEYWORDS, 0.75):
            raise ParamsError(
                f"{kind} has no parameter {name[:40]!r}.", "", f"Did you mean {near!r}?"
            )
        elif name not in _SILENT:
            reading.note(f"{name} is not a connection parameter")
    if names is _CLIENT and not reading.given.keys() & {"uri", "address", "host", "port"}:
        reading.put("uri", Value(_DEFAULT_URI), "uri")


def _arguments(
    call: ast.Call, names: tuple[str, ...], kind: str, scope: _Scope
) -> Iterator[tuple[str, Finding]]:
    if len(call.args) > len(names) or any(isinstance(node, ast.Starred) for node in call.args):
        raise ParamsError(
            f"The arguments of {kind}(…) cannot be told apart.",
            "There are too many without a name, or they come from a list.",
            "Write them with their names: uri=…, token=…",
        )
    for name, node in zip(names, call.args, strict=False):
        yield name, scope.value(node)
    for keyword in call.keywords:
        finding = scope.value(keyword.value)
        if keyword.arg is not None:
            yield keyword.arg, finding
        elif isinstance(finding, Value) and isinstance(finding.value, dict):
            yield from finding.value.items()
        else:
            raise ParamsError(
                f"The ** arguments of {kind}(…) cannot be read.",
                "They come from something that is no dictionary in the pasted text.",
                "Paste the dictionary as well, or write the arguments with their names.",
            )


def _ours(name: str, finding: Finding) -> Finding:
    """Turn an address into ours, and a dictionary of findings into one of values."""
    if name == "uri" and isinstance(finding, Value) and isinstance(finding.value, str):
        return Value(as_pymilvus_reads(finding.value), finding.typed)
    if not (isinstance(finding, Value) and isinstance(finding.value, dict)):
        return finding
    values = {}
    for key, inner in finding.value.items():
        if isinstance(inner, Unread):
            return inner
        values[key] = inner.value
    return Value(values, finding.typed)


class _Scope:
    """What the names of a text stand for, at one of its lines."""

    def __init__(self, tree: ast.AST, line: int, env: Mapping[str, str]) -> None:
        self._env = env
        self._steps = 0
        self._nodes: dict[str, ast.expr] = {}
        before = [node for node in ast.walk(tree) if getattr(node, "lineno", line) <= line]
        before.sort(key=lambda node: getattr(node, "lineno", 0))
        for node in before:
            if isinstance(node, ast.AnnAssign) and node.value:
                self._assign(node.target, node.value)
            elif isinstance(node, ast.Assign):
                for target in node.targets:
                    self._assign(target, node.value)

    def _assign(self, target: ast.expr, value: ast.expr) -> None:
        if isinstance(target, ast.Name):
            self._nodes[target.id] = value
        elif isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
            for one, its in zip(target.elts, value.elts, strict=False):
                self._assign(one, its)

    def value(  # noqa: C901, PLR0911  # one branch a form of value
        self, node: ast.expr, seen: frozenset[str] = frozenset()
    ) -> Finding:
        """Give the value of an expression, without running it."""
        self._steps += 1
        if self._steps > MOST_STEPS:
            return EXPRESSION
        match node:
            case ast.Constant(value=str() | int() | float() | None as constant):
                return Value(constant)
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as number)):
                return Value(-number)
            case ast.Name(id=name):
                return self._named(name, seen)
            case ast.Dict(keys=keys, values=values):
                return self._dictionary(keys, values, seen)
            case ast.JoinedStr(values=pieces):
                return joined([self.value(piece, seen) for piece in pieces])
            case ast.FormattedValue(value=inner, conversion=-1, format_spec=None):
                return self.value(inner, seen)
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                both = [self.value(left, seen), self.value(right, seen)]
                is_text = all(isinstance(one, Unread) or isinstance(one.value, str) for one in both)
                return joined(both) if is_text else EXPRESSION
            case ast.BoolOp(op=ast.Or(), values=choices):
                return self._first([self.value(choice, seen) for choice in choices])
            case ast.Subscript(value=ast.Name(id=name), slice=ast.Constant(value=str() as key)) if (
                name != "environ"
            ):
                return _item(self._named(name, seen), key)
            case ast.Call(func=ast.Name(id="str" | "int" as kind), args=[inner], keywords=[]):
                return _converted(self.value(inner, seen), kind)
            case _:
                return self._from_environment(node, seen)

    def _named(self, name: str, seen: frozenset[str]) -> Finding:
        if name in seen:
            return EXPRESSION
        if name in self._nodes:
            return self.value(self._nodes[name], seen | {name})
        told = f"The pasted text does not say what {name} is."
        return Unread(
            told if len(name) <= 64 else EXPRESSION.reason,
            "Paste the line that assigns it as well, or write the value itself in its place.",
        )

    def _dictionary(
        self, keys: list[ast.expr | None], values: list[ast.expr], seen: frozenset[str]
    ) -> Finding:
        found: dict[str, Finding] = {}
        for key, node in zip(keys, values, strict=True):
            if not (isinstance(key, ast.Constant) and isinstance(key.value, str)):
                return EXPRESSION
            found[key.value] = self.value(node, seen)
        return Value(found)

    @staticmethod
    def _first(choices: list[Finding]) -> Finding:
        """Give the first choice with a value: a variable that is not set has none."""
        for choice in choices[:-1]:
            if choice is EXPRESSION or (isinstance(choice, Value) and choice.value):
                return choice
        return choices[-1]

    def _from_environment(self, node: ast.expr, seen: frozenset[str]) -> Finding:
        default: list[ast.expr] = []
        match node:
            case ast.Subscript(value=place, slice=ast.Constant(value=str() as name)):
                if not _is_name(place, "environ"):
                    return EXPRESSION
            case ast.Call(
                func=ast.Attribute(value=place, attr="get"),
                args=[ast.Constant(value=str() as name), *default],
            ):
                if not _is_name(place, "environ"):
                    return EXPRESSION
            case ast.Call(func=function, args=[ast.Constant(value=str() as name), *default]):
                if not _is_name(function, "getenv"):
                    return EXPRESSION
            case _:
                return EXPRESSION
        value = self.value(default[0], seen) if default else None
        # A default of None or "" is no default: the sign-in would silently be missing.
        if isinstance(value, Value) and not value.value:
            value = None
        return variable(name, self._env, value)


def _item(finding: Finding, key: str) -> Finding:
    if isinstance(finding, Value) and isinstance(finding.value, dict):
        inner = finding.value.get(key, EXPRESSION)
        return inner if isinstance(inner, (Value, Unread)) else EXPRESSION
    return finding if isinstance(finding, Unread) else EXPRESSION


def _converted(finding: Finding, kind: str) -> Finding:
    """Read ``str(x)`` and ``int(x)``, where they change nothing but the type."""
    if isinstance(finding, Unread):
        return finding
    text = as_text(finding.value)
    if text is None or (kind == "int" and not re.fullmatch(r"[0-9]{1,9}", text)):
        return EXPRESSION
    return Value(int(text) if kind == "int" else text, finding.typed)


def _is_name(node: ast.expr, name: str) -> bool:
    match node:
        case ast.Name(id=found) | ast.Attribute(attr=found):
            return found == name
        case _:
            return False


def _import_names(tree: ast.AST) -> dict[str, str]:
    return {
        name.asname: name.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for name in node.names
        if name.asname
    }


def _kind(call: ast.Call, aliases: dict[str, str]) -> str:
    match call.func:
        case ast.Name(id=name) if aliases.get(name, name) in _CLIENTS:
            return aliases.get(name, name)
        case ast.Attribute(attr=name) if name in _CLIENTS:
            return name
        case ast.Attribute(attr="connect", value=ast.Name(id=place)):
            is_ours = aliases.get(place, place) == "connections"
        case ast.Attribute(attr="connect", value=ast.Attribute(attr=place)):
            is_ours = place == "connections"
        case _:
            is_ours = False
    return "connections.connect" if is_ours else ""


def _tree(text: str) -> ast.AST:
    text = _without_prompts(text)
    tree = _parsed(text)
    if tree is None:
        tree = _parsed(_call_alone(text))
    if tree is None:
        raise ParamsError(
            "The pasted Python cannot be read.",
            "It is not complete, or it has a syntax error.",
            "Paste the whole call, from its name to the closing bracket.",
        )
    return tree


def _parsed(text: str) -> ast.AST | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of "\d" in the user's text
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError):
        return None


def _without_prompts(text: str) -> str:
    """Leave out prompts, the output between them, and the lines that are IPython's."""
    lines = text.expandtabs().splitlines()
    found = [_PROMPT.match(line) for line in lines]
    if any(match and match[1].startswith((">>>", "In")) for match in found):
        lines = [line[match.end() :] for line, match in zip(lines, found, strict=True) if match]
    lines = ["" if line.lstrip()[:1] in {"%", "!"} else line for line in lines]
    return textwrap.dedent("\n".join(lines))


def _call_alone(text: str) -> str:
    """Cut the call, and the assignments that stand alone, out of a text with other things in it."""
    start = _CALL.search(text)
    if start is None:
        return text
    end = _closing(text, start.end() - 1)
    lines = text[: start.start()].splitlines()
    known = [line.strip() for line in lines if _ASSIGNMENT.match(line) and _parsed(line.strip())]
    return "\n".join([*known, text[start.start() : end]])


def _closing(text: str, place: int) -> int:
    """Give the place after the partner of the bracket at a place; the text's end without one."""
    waiting: list[str] = []
    for found in _BRACKET.finditer(text, place):
        if found["opens"]:
            waiting.append(_PARTNERS[found["opens"]])
        elif waiting and found["closes"] == waiting[-1]:
            waiting.pop()
            if not waiting:
                return found.end()
    return len(text)
