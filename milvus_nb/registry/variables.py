"""Which variables of the user hold an object, themselves or somewhere inside."""

from __future__ import annotations

import re
import sys
from collections import deque
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Mapping

__all__ = ["holders", "user_namespace"]

#: Never more than so many objects are looked at.
_MOST_OBJECTS: Final = 10_000
#: A store in an index of a query engine holds its client so deep.
_DEEPEST: Final = 4
_WIDEST: Final = 64
# Of letters alone, as no key of an API is; the names of attributes are written by programmers.
_KEY: Final = re.compile(r"[a-z]{1,16}")
_NAME: Final = re.compile(r"[A-Za-z_]\w{0,39}")
_PLAIN: Final = (str, bytes, bytearray, int, float, complex, bool, type(None), type)


def user_namespace() -> dict[str, Any]:
    """Give the variables that the user sees: those of IPython, else of ``__main__``."""
    ipython = sys.modules.get("IPython.core.interactiveshell")
    if ipython is not None and ipython.InteractiveShell.initialized():
        shell = ipython.InteractiveShell.instance()
        hidden = shell.user_ns_hidden
        return {name: value for name, value in shell.user_ns.copy().items() if name not in hidden}
    return dict(vars(sys.modules["__main__"]))


def holders(
    namespace: Mapping[str, Any], held: Callable[[Any], Hashable | None]
) -> dict[Hashable, list[str]]:
    """Find the variables that hold certain objects.

    None of the user's code is run: no property, no ``__getattr__``.

    Parameters
    ----------
    namespace
        Names and values.
    held
        Gives an object's key, or None for an object that is not looked for.

    Returns
    -------
    dict
        For each key that was found the places that hold it, such as ``"client"`` and
        ``"store._milvus_client"``: one a variable, the nearest first.
    """
    found: dict[Hashable, dict[str, str]] = {}
    for name, path, thing in _walk(namespace):
        if (key := held(thing)) is not None:
            found.setdefault(key, {}).setdefault(name, path)
    return {key: list(places.values()) for key, places in found.items()}


def _walk(namespace: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """Give all values and what is inside them, the nearest first: the variable, where, what."""
    names = [(name, value) for name, value in list(namespace.items()) if name[:1] != "_"]
    waiting = deque((name, name, value, 0) for name, value in names)
    seen: set[tuple[str, int]] = set()
    while waiting and len(seen) < _MOST_OBJECTS:
        name, path, thing, depth = waiting.popleft()
        if issubclass(type(thing), _PLAIN) or (name, id(thing)) in seen:
            continue
        seen.add((name, id(thing)))
        yield name, path, thing
        if depth < _DEEPEST:
            waiting.extend(
                (name, f"{path}{step}", inner, depth + 1) for step, inner in _inside(thing)
            )


def _inside(thing: Any) -> list[tuple[str, Any]]:
    if type(thing) is dict:
        items = list(thing.items())[:_WIDEST]
        return [(_step(key), inner) for key, inner in items if type(key) in (str, int)]
    if type(thing) in (list, tuple, set, frozenset):
        return [(f"[{index}]", inner) for index, inner in enumerate(list(thing)[:_WIDEST])]
    if type(thing).__module__ == "builtins":
        return []
    found: list[tuple[str, Any]] = []
    # The second is where pydantic's models keep what begins with an underscore.
    for home in ("__dict__", "__pydantic_private__"):
        try:
            inside = object.__getattribute__(thing, home)
        except Exception:  # noqa: BLE001, S112  # a property of the user's; one object is passed over
            continue
        if type(inside) is dict:
            found += [
                (f".{key}" if _NAME.fullmatch(str(key)) else "[…]", inner)
                for key, inner in list(inside.items())[:_WIDEST]
            ]
    return found


def _step(key: str | int) -> str:
    """Write a key of a dict, which may be a token; what a person calls a thing is shown."""
    return f"[{key!r}]" if type(key) is str and _KEY.fullmatch(key) else "[…]"
