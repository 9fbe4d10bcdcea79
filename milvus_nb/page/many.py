"""Of which connections a page is told where there are many: of those that it shows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple, get_args

from ..protocol import State

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ..protocol import Many
    from ..registry.connection import Connection

    #: A connection, and whether it has an alias of ours.
    Found = tuple[Connection, bool]

__all__ = ["MOST_CHANGED", "MOST_TOLD", "Part", "part", "told"]

#: Of up to so many connections a page is told each.
MOST_TOLD: Final = 200
#: Of so many that change together each is told.
MOST_CHANGED: Final = 100
#: Of so many in trouble each is told.
_MOST_TROUBLED: Final = 100

_IN_TROUBLE: Final = frozenset({"unreachable", "rejected", "degraded"})
_STATES: Final[tuple[str, ...]] = get_args(State)


class Part(NamedTuple):
    """Some of the connections that match: where the first of them is, and among how many."""

    found: Sequence[Found]
    offset: int
    total: int


def told(found: Sequence[Found], current: str) -> tuple[list[Found], Many | None]:
    """Choose those of which a page is told without asking, and count all.

    Parameters
    ----------
    found
        All connections.
    current
        The current one's alias.

    Returns
    -------
    tuple
        All of a few, and None; of many the current one and those in trouble, and their number.
    """
    if len(found) <= MOST_TOLD:
        return list(found), None
    own = troubled = 0
    profiles: set[str] = set()
    chosen: list[Found] = []
    for one in found:
        connection, is_own = one
        own += is_own
        profiles.add(connection.params.guard.profile)
        is_in_trouble = connection.state in _IN_TROUBLE
        troubled += is_in_trouble
        is_told = is_in_trouble and troubled <= _MOST_TROUBLED
        if is_told or (is_own and connection.alias == current):
            chosen.append(one)
    return chosen, {
        "own": own,
        "others": len(found) - own,
        "troubled": troubled,
        "profiles": sorted(profiles - {""}),
    }


def part(found: Sequence[Found], window: Mapping[str, Any]) -> Part:
    """Choose those that a page asks for; with a filter it takes a while.

    Parameters
    ----------
    found
        All connections.
    window
        The `Window` of the page.
    """
    own = window["own"]
    of_kind = [one for one in found if one[1] == own]
    if not own:
        of_kind.sort(key=lambda one: _natural(one[0].alias))
    matches = _matching(window)
    matching = of_kind if matches is None else [one for one in of_kind if matches(one[0])]
    count = max(0, min(window["count"], MOST_TOLD))
    offset = window["offset"]
    if around := window.get("around"):
        at = [number for number, one in enumerate(matching) if one[0].alias == around]
        offset = at[0] - count // 2 if at else offset
    offset = max(0, min(offset, len(matching) - count))
    return Part(matching[offset : offset + count], offset, len(matching))


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
