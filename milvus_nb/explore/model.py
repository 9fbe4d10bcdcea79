"""What was found in a database, as values that do not change: with an age, as text and as HTML.

What a server does not tell is None, or an empty text or tuple: nothing is guessed.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, overload

from ..printing import printable
from ..views import blocks

if TYPE_CHECKING:
    from typing_extensions import Self

    from ..views.blocks import Block

__all__ = [
    "Collections", "Databases", "Description", "Entry", "Field", "Function", "Index", "Load",
    "Overview", "Peek", "Right", "Rights", "RowCount", "Schema", "Untold", "blocks_of",
]  # fmt: skip


@functools.singledispatch
def blocks_of(found: object) -> list[Block]:
    """Lay out what was found; ``shown`` knows how, of each kind."""
    raise TypeError(type(found))


class _Shown:
    """What has text and HTML of its own."""

    def __repr__(self) -> str:
        return printable(blocks.text(blocks_of(self)))

    def _repr_html_(self) -> str:
        return blocks.html(blocks_of(self))


# So many objects on which a user has privileges are listed.
_MOST_PLACES: Final = 20


_ALL: Final = {"Collection": "all collections", "Global": "the server", "User": "all users"}


class _Names(Sequence[str], _Shown):
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

    state: Literal["loaded", "loading", "released"]
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


@dataclass(frozen=True)
class Field:
    """One field of a schema.

    Attributes
    ----------
    name, description
        As in the schema.
    type
        In pymilvus's words: ``"INT64"``, ``"VARCHAR"``, ``"FLOAT_VECTOR"``, ``"ARRAY"``,
        ``"ARRAY_OF_STRUCT"``; ``"TYPE 31"`` for one that this version does not know.
    element_type
        Of an array, in the same words; else empty.
    dim
        Of a vector: numbers, or bits of a binary one; else None.
    max_length
        Of a text, in bytes; else None.
    max_capacity
        Of an array, in elements; else None.
    is_primary, auto_id, nullable, is_partition_key, is_clustering_key, is_function_output
        As in the schema; older servers know fewer of them.
    has_default, default
        Whether an absent value has one, and which.
    params
        All type parameters as the server tells them, such as ``analyzer_params``.
    fields
        Of an array of structs: what is in a struct; else empty.
    """

    name: str
    type: str
    description: str = ""
    element_type: str = ""
    dim: int | None = None
    max_length: int | None = None
    max_capacity: int | None = None
    is_primary: bool = False
    auto_id: bool = False
    nullable: bool = False
    is_partition_key: bool = False
    is_clustering_key: bool = False
    is_function_output: bool = False
    has_default: bool = False
    default: Any = None
    params: tuple[tuple[str, str], ...] = ()
    fields: tuple[Field, ...] = ()

    @property
    def analyzer(self) -> str:
        """The parameters of its analyzer, or ``"standard"``; empty where there is none."""
        known = dict(self.params)
        if known.get("enable_analyzer", "").lower() != "true":
            return ""
        return known.get("analyzer_params") or "standard"

    @property
    def is_vector(self) -> bool:
        """Whether it can be searched for neighbours."""
        return self.type.endswith("_VECTOR")

    @property
    def full_type(self) -> str:
        """The type with its size: ``"FLOAT_VECTOR 768"``, ``"ARRAY of VARCHAR(64), 10"``."""
        if self.type == "ARRAY":
            inner = self.element_type
            if self.max_length is not None:
                inner += f"({self.max_length:,})"
            return f"ARRAY of {inner}" + (f", {self.max_capacity:,}" if self.max_capacity else "")
        if self.dim is not None:
            return f"{self.type} {self.dim}"
        if self.max_length is not None:
            return f"{self.type}({self.max_length:,})"
        if self.max_capacity is not None:
            return f"{self.type}, {self.max_capacity:,}"
        return self.type


@dataclass(frozen=True)
class Function:
    """A function that makes one field of another.

    Attributes
    ----------
    name, description
        As in the schema.
    type
        ``"BM25"``, ``"TEXTEMBEDDING"``, ``"RERANK"``, ``"MINHASH"``; ``"TYPE 9"`` for an unknown.
    inputs, outputs
        Names of fields.
    params
        As the server tells them.
    """

    name: str
    type: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    params: tuple[tuple[str, str], ...] = ()
    description: str = ""


@dataclass(frozen=True)
class Index:
    """One index.

    Attributes
    ----------
    field, name
        Of what, and its own name.
    type, metric
        Such as ``"HNSW"`` and ``"COSINE"``; empty where the server does not tell.
    params
        All others, such as ``M`` and ``efConstruction``.
    indexed_rows, total_rows
        How many rows of how many; 0 of 0 where the server does not tell.
    state
        ``"finished"``, ``"in progress"``, ``"failed"``, ``"unissued"``, ``"retry"``, or empty.
    reason
        Why it failed.
    """

    field: str
    name: str
    type: str = ""
    metric: str = ""
    params: tuple[tuple[str, str], ...] = ()
    indexed_rows: int = 0
    total_rows: int = 0
    state: str = ""
    reason: str = ""


@dataclass(frozen=True, repr=False)
class Description(_Shown):
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
class Peek(Sequence[dict[str, Any]], _Shown):
    """Some rows of a collection: a sequence of dicts, field → value.

    A dense vector is a list of float, an int8 one of int; a binary one is bytes, a sparse one a
    dict of place → weight. JSON and arrays are Python's own. Dynamic fields stand in the row like
    all others; a null is None.

    Attributes
    ----------
    alias, database, collection
        Of the connection, the database, the collection.
    columns
        The fields, primary key first; shape ``(fields,)``.
    types
        Of each column, in pymilvus's words; empty for a dynamic field. Shape ``(fields,)``.
    rows
        Shape ``(at most n,)``; which ones is up to the server.
    where
        The filter; empty where there was none.
    asked_at
        Unix seconds.
    """

    alias: str
    database: str
    collection: str
    columns: tuple[str, ...]
    types: tuple[str, ...]
    rows: tuple[dict[str, Any], ...]
    where: str = ""
    asked_at: float = 0.0

    @overload
    def __getitem__(self, index: int) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[dict[str, Any], ...]: ...
    def __getitem__(self, index: int | slice) -> dict[str, Any] | tuple[dict[str, Any], ...]:
        return self.rows[index]

    def __len__(self) -> int:
        return len(self.rows)

    def to_pandas(self) -> Any:
        """Give a ``pandas.DataFrame``, a row each, vectors whole; ImportError without pandas.

        A column of whole numbers with a null among them is an ``Int64``, one of truths a
        ``boolean``: numbers stay as they are.
        """
        pd: Any = importlib.import_module("pandas")  # it has no types
        columns = {name: [row.get(name) for row in self.rows] for name in self.columns}
        series = {name: pd.Series(one, dtype=_dtype(one)) for name, one in columns.items()}
        return pd.DataFrame(series, columns=list(self.columns))


def _dtype(values: list[Any]) -> str | None:
    """Name what pandas would not choose: it makes whole numbers beside a null floats."""
    kinds = {type(value) for value in values}
    if kinds == {int, type(None)} and all(-(2**63) <= value < 2**63 for value in values if value):
        return "Int64"
    return "boolean" if kinds == {bool, type(None)} else None


@dataclass(frozen=True)
class Right:
    """One privilege of a role.

    Attributes
    ----------
    role, privilege
        Their names.
    object
        ``"Collection"``, ``"Global"``, ``"User"``.
    name
        Of the object; ``"*"`` for all.
    database
        Where; ``"*"`` for everywhere; empty where the server does not tell.
    """

    role: str
    privilege: str
    object: str
    name: str
    database: str = ""


@dataclass(frozen=True)
class Rights:
    """The roles and privileges of the connection's own user.

    Attributes
    ----------
    user
        Who.
    roles
        Their names; None where the server does not tell.
    rights
        Those that the roles have in the connection's database; None where it does not tell.
    """

    user: str
    roles: tuple[str, ...] | None = None
    rights: tuple[Right, ...] | None = None
    lacks: tuple[Untold, ...] = field(default=())

    def pairs(self) -> list[tuple[str, str]]:
        """Give labels and texts, as the facts of a connection are shown."""
        pairs: list[tuple[str, str]] = []
        if self.roles is not None:
            all_of_it = "none; by default root may do everything" if self.user == "root" else "none"
            pairs.append(("Roles", ", ".join(self.roles) or all_of_it))
        if self.rights is not None:
            on: dict[str, list[str]] = {}
            for right in self.rights:
                place = right.name if right.name != "*" else _ALL.get(right.object, "all")
                if right.database not in ("", "default"):
                    place = f"{right.database}/{place}" if right.database != "*" else place
                on.setdefault(place, []).append(right.privilege)
            lines = [f"{place}: {', '.join(dict.fromkeys(names))}" for place, names in on.items()]
            pairs.append(("Privileges", "\n".join(lines[:_MOST_PLACES]) or "none in this database"))
        lacks = [one.reason + (f"\n{one.grant}" if one.grant else "") for one in self.lacks]
        return [*pairs, *([("Not told", "\n".join(lacks))] if lacks else [])]

    @classmethod
    def none(cls) -> Self:
        """Give those of nobody: no sign-in."""
        return cls("")


@dataclass(frozen=True, repr=False)
class Overview(_Shown):
    """The databases of a server, and the collections of one of them.

    Attributes
    ----------
    databases, collections
        Each with its age.
    """

    databases: Databases
    collections: Collections


@dataclass(frozen=True, repr=False)
class Schema(_Shown):
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
