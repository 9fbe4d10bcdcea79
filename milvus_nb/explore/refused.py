"""What a server refuses, in the words of somebody who has to do something about it."""

from __future__ import annotations

import functools
import json
import re
from typing import TYPE_CHECKING, Final

from ..errors import DeniedError, ExploreError
from ..params.suggestion import closest
from ..probing.outside import cut

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "Refusal", "grant", "no_collection", "no_database", "no_field", "no_index", "not_loaded",
    "privilege", "still_loading",
]  # fmt: skip

_DENIED: Final = re.compile(r"Privilege(?P<privilege>\w+): permission deny")
_AT: Final = re.compile(r"line (?P<line>\d+):(?P<after>\d+) |at column (?P<column>\d+)")
_FIELD: Final = re.compile(
    r"field (?!of\b)['\"]?(?P<name>\w+)['\"]? (?:does )?not exist|[Ff]ield not found.*?"
    r"(?P<named>\w+)\]?$|unknown field:? ['\"]?(?P<unknown>\w+)"
)
_EXPRESSION: Final = re.compile(
    r"cannot parse expression|failed to create query plan|invalid expression|expression|at column",
    re.IGNORECASE,
)
_NOT_LOADED: Final = re.compile(r"not (fully )?loaded|not been loaded", re.IGNORECASE)
_INDEX: Final = re.compile(r"index not found|no vector index|index doesn't exist", re.IGNORECASE)
_WORD: Final = re.compile(r"\w+")
_LONG: Final = 4  # characters
_MOST_NAMES: Final = 8
_MOST_SAID: Final = 300
_DATABASE_GONE: Final = 800
_COLLECTION_GONE: Final = (4, 100)
_LITE_CODE: Final = 6
_RELEASED: Final = 101
_NO_INDEX: Final = 700

# Privileges on a collection; all others are on the whole server.
_OF_COLLECTION: Final = frozenset({
    "Compaction", "CreateIndex", "Delete", "DropIndex", "Flush", "GetFlushState", "GetLoadState",
    "GetLoadingProgress", "GetStatistics", "Import", "IndexDetail", "Insert", "Load", "Query",
    "Release", "Search", "Upsert", "ShowPartitions", "HasPartition",
})  # fmt: skip
# In 2.5 and later they are all named in one way.
_GRANT_V2: Final = (2, 5)


class Refusal(Exception):  # noqa: N818  # never leaves this package
    """A Milvus answered, and refused.

    Parameters
    ----------
    call
        The name of the method.
    code
        Milvus's error code, or gRPC's name of a status.
    said
        Its words, cleaned.
    """

    def __init__(self, call: str, code: int | str, said: str) -> None:
        super().__init__(said)
        self.call = call
        self.code = code
        self.said = said

    @property
    def is_unknown(self) -> bool:
        """Whether the server does not know the call at all."""
        return self.code == "UNIMPLEMENTED"

    @property
    def is_denied(self) -> bool:
        """Whether the user lacks a privilege."""
        return self.code == "PERMISSION_DENIED" or bool(_DENIED.search(self.said))

    @property
    def is_no_database(self) -> bool:
        """Whether there is no such database."""
        return (
            self.code in (_DATABASE_GONE, "NOT_FOUND")
            or "database not found" in (self.said.lower())
            or (self.code == _LITE_CODE and "atabase" in self.said)
        )

    @property
    def is_no_collection(self) -> bool:
        """Whether there is no such collection."""
        return not self.is_no_database and (
            self.code in _COLLECTION_GONE
            or "can't find collection" in self.said
            or "invalid collection name" in self.said.lower()  # none can be called so
        )

    @property
    def is_not_loaded(self) -> bool:
        """Whether the collection is not loaded."""
        return self.code == _RELEASED or bool(_NOT_LOADED.search(self.said))

    @property
    def is_no_index(self) -> bool:
        """Whether a vector field has no index."""
        return self.code == _NO_INDEX or bool(_INDEX.search(self.said))

    @property
    def is_about_expression(self) -> bool:
        """Whether the server does not understand the filter."""
        return bool(_EXPRESSION.search(self.said) or _FIELD.search(self.said))

    @property
    def field(self) -> str:
        """The field that does not exist; empty where it is not that."""
        found = _FIELD.search(self.said)
        return next((one for one in found.groups() if one), "") if found else ""

    def without(self, where: str, typed: str) -> Refusal:
        """Give the same without the words of a filter that its user has not typed."""
        return Refusal(self.call, self.code, _without(self.said, where, typed))

    def expression_error(self, where: str, typed: str) -> ExploreError:
        """Say what the server does not understand of a filter, and where in it.

        Parameters
        ----------
        where
            The filter.
        typed
            As its user has typed it: what variables have put in is not shown.
        """
        told, at = self.said, _AT.search(self.said)
        told = told.rpartition(f"cannot parse expression: {' '.join(where.split())}, error: ")[2]
        place = ""
        if at is not None:
            column = _place(at, where)
            before, behind = where[:column][-20:], where[column:][:20]
            told = told.replace(at[0], "").split(" expecting {")[0]
            near = f"at {behind!r}" if behind else f"behind {before!r}"
            place = f"At column {column + 1}{f', {near}' if typed == where else ''}: "
        # Lite draws the filter again, with a caret below it.
        told = re.sub(rf"\s*{re.escape(' '.join(where.split()))}\s*\^+\s*", "; ", told)
        told = _without(told.strip(" ;^"), where, typed)
        return ExploreError(
            f"Milvus does not understand the filter {cut(typed, 120)!r}.",
            f"{place}{cut(told, _MOST_SAID)}",
            "A filter reads like: year > 1990 and title like 'A%'. Text stands in quotes.",
            "filter",
        )


def _without(said: str, where: str, typed: str) -> str:
    """Take out of a server's words those of a filter that its user has not typed."""
    where, typed = where.lower(), typed.lower()
    whole = set(_WORD.findall(where))

    def shown(found: re.Match[str]) -> str:
        word = found[0].lower()
        # The server may tell a part of a word; a short one may be in any other.
        is_of_it = word in whole or (len(word) >= _LONG and word in where)
        return "…" if is_of_it and word not in typed else found[0]

    return said if where == typed else _WORD.sub(shown, said)


def _place(at: re.Match[str], where: str) -> int:
    """Count the characters of a filter in front of the place that a server tells."""
    if at["line"] is None:
        return int(at["column"]) - 1
    before = where.split("\n")[: int(at["line"]) - 1]
    return sum(len(line) + 1 for line in before) + int(at["after"])


def privilege(refusal: Refusal) -> str:
    """Name the privilege that is missing; empty where the server does not say."""
    found = _DENIED.search(refusal.said)
    return found["privilege"] if found else ""


def grant(name: str, role: str, database: str, collection: str, version: str) -> str:
    """Write what an administrator runs to give a privilege, as one line of pymilvus.

    Parameters
    ----------
    name
        The privilege.
    role
        Who gets it.
    database, collection
        On what.
    version
        The server's: those from 2.5 on have another call.
    """
    numbers = tuple(int(part) for part in re.findall(r"\d+", version)[:2])
    q = json.dumps
    if numbers >= _GRANT_V2:
        on = collection if name in _OF_COLLECTION and collection else "*"
        return (
            f"client.grant_privilege_v2({q(role)}, {q(name)}, {q(on, ensure_ascii=False)}, "
            f"db_name={q(database, ensure_ascii=False)})"
        )
    kind = "Collection" if name in _OF_COLLECTION else "Global"
    on = collection if kind == "Collection" and collection else "*"
    return (
        f"client.grant_privilege({q(role)}, {q(kind)}, {q(name)}, "
        f"{q(on, ensure_ascii=False)}, {q(database, ensure_ascii=False)})"
    )


def denied(what: str, user: str, name: str, line: str, said: str) -> DeniedError:
    """Say which privilege is missing, and what to ask an administrator for."""
    who = user or "This sign-in"
    reason = f"{who} lacks the privilege {name}." if name else f"The server says: {said}"
    fix = f"Ask an administrator to run: {line}" if line else "Ask an administrator for it."
    return DeniedError(what, reason, fix, privilege=name, grant=line)


def no_database(alias: str, name: str, known: Iterable[str]) -> ExploreError:
    """Say that there is no such database."""
    names = sorted(known)
    return ExploreError(
        f"{alias} has no database {name!r}.", "", _near(name, names, "databases"), "no-database"
    )


def no_collection(
    alias: str, database: str, name: str, known: Iterable[str], *, was_there: bool = False
) -> ExploreError:
    """Say that there is no such collection (any more)."""
    names = sorted(known)
    what = f"Database {database} of {alias} has no collection {name!r}."
    if was_there:
        what = f"Collection {name!r} was dropped meanwhile."
    return ExploreError(what, "", _near(name, names, "collections"), "no-collection")


def no_field(
    collection: str, name: str, known: Iterable[str], *, is_shown: bool = True
) -> ExploreError:
    """Say that there is no such field; `is_shown`: its name is not a variable's, but was typed."""
    told = repr(name) if is_shown else "of the name that the filter has"
    return ExploreError(
        f"{collection} has no field {told}.", "", _near(name, list(known), "fields"), "no-field"
    )


def not_loaded(alias: str, database: str, collection: str, *, own_database: str) -> ExploreError:
    """Say that rows cannot be read, and give the line that loads them."""
    q = functools.partial(json.dumps, ensure_ascii=False)
    of = "" if database == own_database else f", {q(database)}"
    line = f"connections.find({q(alias)}).load({q(collection)}{of})"
    return ExploreError(
        f"{_in(database, collection)} is released: its rows are not in Milvus's memory.",
        "Milvus reads rows only of what it has loaded, and looking loads nothing by itself.",
        f"To load it: from milvus_nb import connections; {line}",
        "released",
    )


def no_index(collection: str) -> ExploreError:
    """Say that a collection cannot be loaded as it is."""
    return ExploreError(
        f"{collection} cannot be loaded: it has a vector field without an index.",
        "Milvus loads only collections of which each vector field has one.",
        "Create it with client.create_index, and load it then.",
        "no-index",
    )


def still_loading(database: str, collection: str, load: str) -> ExploreError:
    """Say that rows cannot be read yet."""
    return ExploreError(
        f"{_in(database, collection)} is not there yet: {load}.",
        "Milvus reads rows only of what it has loaded.",
        "Try again in a moment.",
        "loading",
    )


def _in(database: str, collection: str) -> str:
    return collection if database in ("", "default") else f"{collection} in {database}"


def _near(name: str, known: list[str], what: str) -> str:
    near = closest(name, known)
    few = ", ".join(known[:_MOST_NAMES]) + (", …" if len(known) > _MOST_NAMES else "")
    if near:
        return f"Did you mean {near}?"
    return f"The {what} there: {few}." if few else f"It has no {what}, or does not tell of any."
