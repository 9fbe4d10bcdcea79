"""The Python names that a line sees: those of the code where it stands."""

from __future__ import annotations

import inspect
from collections import ChainMap
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import CodeType, FrameType

    from IPython.core.interactiveshell import InteractiveShell

__all__ = ["names_of_caller"]

# Whose frames are between the user's code and ours.
_BETWEEN: Final = ("IPython", "decorator", "milvus_nb")


def names_of_caller(
    shell: InteractiveShell | None, local: Mapping[str, Any] | None
) -> Mapping[str, Any]:
    """Give the names of the code that called the magic, the innermost first.

    IPython knows a function's own variables, and those of the notebook. Between the two, Python has
    those of the functions around it, which a text does not make its own, and those of its module.

    Parameters
    ----------
    shell
        The one that the magic runs in.
    local
        What IPython gives as local variables.
    """
    found = [dict(local or {})]
    caller = _caller()
    if caller is not None:
        found += [dict(frame.f_locals) for frame in _functions_around(caller)]
        found.append(caller.f_globals)
    return ChainMap(*found, shell.user_ns if shell is not None else {})


def _caller() -> FrameType | None:
    frame = inspect.currentframe()
    while frame is not None and _package(frame) in _BETWEEN:
        frame = frame.f_back
    return frame


def _package(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", "")).partition(".")[0]


def _functions_around(caller: FrameType) -> Iterator[FrameType]:
    """Give the calls, still under way, of the functions in which the caller's code is written."""
    code, frame = caller.f_code, caller.f_back
    while frame is not None and code.co_name != "<module>":
        # A class's own names are not seen from its functions, nor are there others in a module.
        if frame.f_code.co_flags & inspect.CO_OPTIMIZED and _holds(frame.f_code, code):
            yield frame
            code = frame.f_code
        frame = frame.f_back


def _holds(outer: CodeType, inner: CodeType) -> bool:
    parts = [part for part in outer.co_consts if inspect.iscode(part)]
    return any(part is inner or _holds(part, inner) for part in parts)
