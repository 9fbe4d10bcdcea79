"""The Python names that a line sees: those of the code where it stands."""

from __future__ import annotations

import inspect
import linecache
import symtable
from typing import TYPE_CHECKING, Any, Final

from ..code.arguments import Names

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import CodeType, FrameType

    from IPython.core.interactiveshell import InteractiveShell

__all__ = ["names_of_caller"]

# Whose frames are between the user's code and ours.
_BETWEEN: Final = ("IPython", "decorator", "milvus_nb")


def names_of_caller(shell: InteractiveShell | None, local: Mapping[str, Any] | None) -> Names:
    """Give the names of the code that called the magic, the innermost first.

    IPython knows a function's own variables, and those of the notebook. Between the two, Python has
    those of the functions around it, which a text does not make its own, and those of its module.
    What a function's source makes a variable of one of those functions is never another one of the
    same name: where its value cannot be had, the name has none.

    Parameters
    ----------
    shell
        The one that the magic runs in.
    local
        What IPython gives as local variables.
    """
    notebook = shell.user_ns if shell is not None else {}
    caller = _caller()
    if caller is None:
        return Names({**notebook, **(local or {})})
    # To a cell's magic IPython gives the notebook's, wherever it is called.
    own = caller.f_locals if local is None or local is notebook else local
    around, lost = _around(caller)
    names = Names({**notebook, **caller.f_globals, **around, **own})
    names.lost = {name: why for name, why in lost.items() if name not in own}
    for name in names.lost:
        names.pop(name, None)
    return names


def _caller() -> FrameType | None:
    frame = inspect.currentframe()
    while frame is not None and _package(frame) in _BETWEEN:
        frame = frame.f_back
    return frame


def _package(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", "")).partition(".")[0]


def _around(caller: FrameType) -> tuple[dict[str, Any], dict[str, tuple[str, str]]]:
    """Give the variables of the functions around a caller, and why others have no value."""
    calls = list(_functions_around(caller))
    found: dict[str, Any] = {}
    lost: dict[str, tuple[str, str]] = {}
    scopes = _scopes_in_source(caller)
    if not scopes:
        for call in reversed(calls):
            found |= call.f_locals
        return found, lost
    decided = set[str]()
    for scope in scopes:
        if not isinstance(scope, symtable.Function):
            continue  # a class's names are its own frame's, and nobody else's
        # Which of several calls has made the inner function, nobody knows.
        made = [call for call in calls if _is(scope, call.f_code)]
        values = made[0].f_locals if len(made) == 1 else {}
        for symbol in scope.get_symbols():
            name, is_global = symbol.get_name(), symbol.is_declared_global()
            if name in decided or not (symbol.is_local() or is_global):
                continue
            decided.add(name)
            if name in values and not is_global:
                found[name] = values[name]
            elif not is_global:
                lost[name] = _why(scope, scopes[0], name)
    return found, lost


def _why(owner: symtable.SymbolTable, own: symtable.SymbolTable, name: str) -> tuple[str, str]:
    """Say why a variable has no value, and what to do."""
    if owner is own:
        reason = f"It is a variable of {owner.get_name()}, and has none before this line."
        return reason, "Give it a value first."
    around, inner = owner.get_name(), own.get_name()
    reason = f"It is a variable of {around}, not kept for {inner}, whose code does not name it."
    return reason, f"Name it there (nonlocal {name}), or give it as a parameter."


def _functions_around(caller: FrameType) -> Iterator[FrameType]:
    """Give the calls, still under way, of the functions in which the caller's code is written."""
    frame = None if _is_module(caller.f_code) else caller.f_back
    while frame is not None:
        # A class's own names are not seen from its functions.
        if frame.f_code.co_flags & inspect.CO_OPTIMIZED and _holds(frame.f_code, caller.f_code):
            yield frame
        frame = frame.f_back


def _is_module(code: CodeType) -> bool:
    return code.co_name.startswith(("<module>", "<cell line"))


def _holds(outer: CodeType, inner: CodeType) -> bool:
    parts = [part for part in outer.co_consts if inspect.iscode(part)]
    return any(part is inner or _holds(part, inner) for part in parts)


def _scopes_in_source(caller: FrameType) -> list[symtable.SymbolTable]:
    """Give what the source says of the caller's function and of what is around it, inside out.

    Nothing where the caller is in no function, or its source cannot be had.
    """
    code = caller.f_code
    if _is_module(code):
        return []
    source = "".join(linecache.getlines(code.co_filename, caller.f_globals))
    try:
        ways = list(_ways([symtable.symtable(source, code.co_filename, "exec")]))
    except (SyntaxError, ValueError):
        return []
    ways = [way for way in ways if _is(way[-1], code)]
    if not ways:
        return []
    # A decorator's line is the code's first, but not the function's.
    return min(ways, key=lambda way: way[-1].get_lineno())[::-1]


def _ways(way: list[symtable.SymbolTable]) -> Iterator[list[symtable.SymbolTable]]:
    yield way
    for inner in way[-1].get_children():
        yield from _ways([*way, inner])


def _is(table: symtable.SymbolTable, code: CodeType) -> bool:
    return table.get_name() == code.co_name.strip("<>") and (
        table.get_lineno() >= code.co_firstlineno
    )
