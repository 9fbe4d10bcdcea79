"""Of which connections a page is told where there are many: of those that it shows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple, get_args

from ..protocol import State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from ..protocol import Many
    from ..registry.connection import Connection

    #: A connection, and whether it has an alias of ours.
    Found = tuple[Connection, bool]

__all__ = ["MOST_CHANGED", "MOST_TOLD", "All", "Part", "part", "told"]

#: Of up to so many connections a page is told each.
MOST_TOLD: Final = 200
#: Of so many that change together each is told.
MOST_CHANGED: Final = 100
#: Of so many in trouble each is told.
_MOST_TROUBLED: Final = 100

_IN_TROUBLE: Final = frozenset({"unreachable", "rejected", "degraded"})
_STATES: Final[tuple[str, ...]] = get_args(State)


class All(NamedTuple):
    """All connections: those with an alias of ours, and those of others.

    Of tens of thousands no object is made for each: that costs more than to look at them, and has
    Python look through all that there is for what may be freed.
    """

    own: Sequence[Connection]
    others: Sequence[Connection]


class Part(NamedTuple):
    """Some of the connections that match: where the first of them is, and among how many."""

    found: Sequence[Found]
    offset: int
    total: int


def told(there: All, usual: Iterable[Found]) -> tuple[list[Found], Many | None]:
    """Choose those of which a page is told without asking, and count all.

    Parameters
    ----------
    there
        All connections.
    usual
        Those that each page needs to know, however many there are.

    Returns
    -------
    tuple
        All of a few, and None; of many the usual ones and those in trouble, and their number.
    """
    own, others = there
    count = len(own) + len(others)
    if count <= MOST_TOLD:
        return _found(there), None
    troubled = [[one for one in each if one.state in _IN_TROUBLE] for each in there]
    worst = _found(All(*(each[:_MOST_TROUBLED] for each in troubled)))[:_MOST_TROUBLED]
    profiles = {one.params.guard.profile for each in there for one in each}
    return list(dict.fromkeys([*usual, *worst])), {
        "own": len(own),
        "others": len(others),
        "troubled": sum(map(len, troubled)),
        "profiles": sorted(profiles - {""}),
    }


def part(there: All, window: Mapping[str, Any]) -> Part:
    """Choose those that a page asks for; with a filter it takes a while.

    Parameters
    ----------
    there
        All connections.
    window
        The `Window` of the page.
    """
    own = window["own"]
    of_kind = there.own if own else sorted(there.others, key=lambda one: _natural(one.alias))
    matches = _matching(window)
    matching = of_kind if matches is None else [one for one in of_kind if matches(one)]
    count = max(0, min(window["count"], MOST_TOLD))
    offset = window["offset"]
    if around := window.get("around"):
        at = next((number for number, one in enumerate(matching) if one.alias == around), None)
        offset = offset if at is None else at - count // 2
    offset = max(0, min(offset, len(matching) - count))
    found = [(one, own) for one in matching[offset : offset + count]]
    return Part(found, offset, len(matching))


def _found(there: All) -> list[Found]:
    return [*((one, True) for one in there.own), *((one, False) for one in there.others)]


def _matching(window: Mapping[str, Any]) -> Callable[[Connection], bool] | None:
    words = window["filter"].lower().split()
    profile, confirm = window.get("profile", ""), window.get("confirm", False)
    if not words and not profile and not confirm:
        return None
    called = dict(zip(_STATES, window["states"], strict=False))

    def matches(connection: Connection) -> bool:
        guard = connection.params.guard
        if (profile and guard.profile != profile) or (confirm and not guard.confirm):
            return False
        if not words:
            return True
        text = _text(connection, called)
        return all(word in text for word in words)

    return matches


def _text(connection: Connection, called: Mapping[str, str]) -> str:
    """Give what is shown of it, as the page's own filter of a few has it."""
    state = connection.state
    texts = [
        connection.alias,
        connection.params.guard.label,
        connection.address,
        "api key" if connection.auth == "token" else connection.user,
        f"db {connection.db_name or 'default'}",
        called.get(state, state),
        connection.server_version,
    ]
    if connection.origin != "milvus_nb":
        texts += [connection.origin, *connection.users]
    return "\n".join(texts).lower()


def _natural(alias: str) -> list[tuple[int, str]]:
    """Have numbers in names sorted as such."""
    return [
        (int(piece), "") if piece.isdecimal() else (-1, piece.lower())
        for piece in re.split(r"([0-9]+)", alias)
        if piece
    ]
