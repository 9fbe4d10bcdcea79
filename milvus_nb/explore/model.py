"""What is in a database, as values that do not change: with an age, as text and as HTML.

What a server does not tell is None, or an empty text or tuple: nothing is guessed.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, overload

from ..printing import printable
from ..views import blocks

if TYPE_CHECKING:
    from ..protocol import LoadState
    from ..views.blocks import Block
    from .schema import Field, Function, Index

__all__ = [
    "Collections", "Databases", "Description", "Entry", "Load", "Overview", "RowCount", "Schema",
    "Shown", "Untold", "blocks_of",
]  # fmt: skip


@functools.singledispatch
def blocks_of(found: object) -> list[Block]:
    """Lay out what was found; ``shown`` knows how, of each kind."""
    raise TypeError(type(found))


class Shown:
    """What has text and HTML of its own."""

    def __repr__(self) -> str:
        return printable(blocks.text(blocks_of(self)))

    def _repr_html_(self) -> str:
        return blocks.html(blocks_of(self))


class _Names(Sequence[str], Shown):
    """Names, as a sequence of ``str``."""

    names: tuple[str, ...]

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[str, ...]: ...
    def __getitem__(self, index: int | slice) -> str | tuple[str, ...]:
        return self.names[index]

    def __len__(self) -> int:
        return len(self.names)


@dataclass(frozen=True)
class Untold:
    """What the server did not tell of something that it told else.

    Attributes
    ----------
    what
        ``"rows"``, ``"load"``, ``"indexes"``, ``"partitions"``, ``"aliases"``.
    reason
        One sentence.
    privilege
        The one that is missing, such as ``"GetStatistics"``; empty where it is not that.
    grant
        What an administrator runs to give it: one line of pymilvus; empty where it is not that.
    """

    what: str
    reason: str
    privilege: str = ""
    grant: str = ""


@dataclass(frozen=True)
class Load:
    """Whether a collection's rows are in the memory of the server, where it searches them.

    Attributes
    ----------
    state
        ``"loaded"``, ``"loading"`` or ``"released"``.
    percent
        How much of it is there, 0 to 100; None where the server does not tell.
    """

    state: LoadState
    percent: int | None = None

    def __str__(self) -> str:
        if self.state == "loading" and self.percent is not None:
            return f"loading {self.percent} %"
        return self.state


@dataclass(frozen=True)
class RowCount:
    """How many rows a collection has.

    Attributes
    ----------
    count
        Rows.
    is_exact
        Whether they were counted (``count(*)``, as the collection's consistency level sees it).
        Else it is the server's statistics, which know nothing of what was written just now, and
        count deleted rows until they are compacted away.
    """

    count: int
    is_exact: bool

    def __str__(self) -> str:
        return f"{self.count:,}" if self.is_exact else f"about {self.count:,}"


@dataclass(frozen=True, repr=False)
class Databases(_Names):
    """The names of a server's databases that the user may see: a sequence of ``str``.

    Attributes
    ----------
    alias
        Of the connection.
    names
        Sorted; shape ``(databases,)``.
    current
        The database that the connection uses.
    asked_at
        When the server said so, Unix seconds.
    untold
        Why the names are not known; `names` has then the current one alone.
    """

    alias: str
    names: tuple[str, ...]
    current: str
    asked_at: float
    untold: Untold | None = None


@dataclass(frozen=True)
class Entry:
    """One collection of a list.

    Attributes
    ----------
    name
        Its name.
    created_at
        Unix seconds; None where the server does not tell.
    load, rows
        None where nobody asked, or the server does not tell.
    """

    name: str
    created_at: float | None = None
    load: Load | None = None
    rows: RowCount | None = None


@dataclass(frozen=True, repr=False)
class Collections(_Names):
    """The collections of a database that the user may see: a sequence of their names.

    Attributes
    ----------
    alias
        Of the connection.
    database
        Whose they are.
    names
        Sorted; shape ``(collections,)``.
    asked_at
        When the server said so, Unix seconds.
    created
        Each name with when it was made, Unix milliseconds; empty where the server does not tell.
    details
        One entry a collection, where those were asked for; else empty.
    untold
        What it did not tell of them; empty where all was told that was asked for.
    """

    alias: str
    database: str
    names: tuple[str, ...]
    asked_at: float
    created: Mapping[str, int] = field(default_factory=dict)
    details: tuple[Entry, ...] = ()
    untold: tuple[Untold, ...] = ()

    @property
    def entries(self) -> tuple[Entry, ...]:
        """One a collection, sorted by name; shape ``(collections,)``."""
        if self.details:
            return self.details
        made = self.created  # not before somebody asks: 10,000 of them take a while
        return tuple(Entry(name, made[name] / 1000 if name in made else None) for name in self)


@dataclass(frozen=True, repr=False)
class Description(Shown):
    """One collection: all that the server tells of it.

    Attributes
    ----------
    alias, database, name
        Of the connection, the database, the collection.
    asked_as
        The alias by which it was asked for; empty where that was its name.
    fields, functions, indexes
        In the order of the schema.
    has_dynamic_field
        Whether rows may have fields that are not in the schema.
    rows, load
        None where the server does not tell.
    partitions, aliases
        Names; None where the server does not tell.
    shards
        How many; None where the server does not tell.
    consistency
        ``"Strong"``, ``"Session"``, ``"Bounded"``, ``"Eventually"``; empty where it is not told.
    properties
        Such as ``("collection.ttl.seconds", "3600")``.
    created_at, asked_at
        Unix seconds.
    untold
        What the server did not tell, and why.
    """

    alias: str
    database: str
    name: str
    fields: tuple[Field, ...]
    asked_at: float
    asked_as: str = ""
    description: str = ""
    functions: tuple[Function, ...] = ()
    indexes: tuple[Index, ...] = ()
    has_dynamic_field: bool = False
    rows: RowCount | None = None
    load: Load | None = None
    partitions: tuple[str, ...] | None = None
    aliases: tuple[str, ...] | None = None
    shards: int | None = None
    consistency: str = ""
    properties: tuple[tuple[str, str], ...] = ()
    created_at: float | None = None
    untold: tuple[Untold, ...] = ()

    @property
    def primary(self) -> Field | None:
        """The field of the primary key."""
        return next((one for one in self.fields if one.is_primary), None)

    def field(self, name: str) -> Field:
        """Give a field by its name; KeyError where there is none."""
        for one in self.fields:
            if one.name == name:
                return one
        raise KeyError(name)

    def index_of(self, name: str) -> Index | None:
        """Give the index of a field; None where there is none."""
        return next((one for one in self.indexes if one.field == name), None)


@dataclass(frozen=True, repr=False)
class Overview(Shown):
    """The databases of a server, and the collections of one of them.

    Attributes
    ----------
    databases, collections
        Each with its age.
    """

    databases: Databases
    collections: Collections


@dataclass(frozen=True, repr=False)
class Schema(Shown):
    """The fields of a collection, with their indexes.

    Attributes
    ----------
    description
        Of which the rest was not asked for.
    """

    description: Description

    @property
    def fields(self) -> tuple[Field, ...]:
        """One a field; shape ``(fields,)``."""
        return self.description.fields
