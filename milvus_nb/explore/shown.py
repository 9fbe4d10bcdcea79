"""What was found, laid out to be shown: of each kind a function that `blocks_of` finds."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from ..probing.outside import cut
from ..views.blocks import Block, Cell, Code, Facts, Line, Part, Table, Title, joined
from .model import (
    Collections,
    Databases,
    Description,
    Entry,
    Load,
    Overview,
    Schema,
    Untold,
    blocks_of,
)
from .rows import Peek
from .values import short

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .schema import Field, Function, Index

__all__: list[str] = []  # `blocks_of` finds them

_MOST_NAMES: Final = 200
_MOST_FIELDS: Final = 100
_MOST_ROWS: Final = 50
_MOST_LISTED: Final = 20
_MOST_COLUMNS: Final = 30
_MOST_CELL: Final = 60
_SHAPES: Final = {"loaded": ("●", "good"), "loading": ("◐", "warn"), "released": ("○", "muted")}


# Lists


@blocks_of.register(Databases)
def _databases(databases: Databases) -> list[Block]:
    count = _count(len(databases.names), "database")
    rows = [
        (name, Part("current", "muted") if name == databases.current else "")
        for name in databases.names[:_MOST_NAMES]
    ]
    return [
        Title(databases.alias, f"{count}, {_asked(databases.asked_at)}"),
        Table(("", ""), tuple(rows)),
        *_more(len(databases.names), _MOST_NAMES),
        *_untold([databases.untold] if databases.untold else []),
    ]


@blocks_of.register(Collections)
def _collections(collections: Collections) -> list[Block]:
    count = _count(len(collections), "collection")
    title = Title(
        f"{collections.alias}/{collections.database}", f"{count}, {_asked(collections.asked_at)}"
    )
    if not collections.names:
        return [title, *_untold(collections.untold)]
    if collections.details:
        rows = tuple(_entry(entry) for entry in collections.details[:_MOST_NAMES])
        table = Table(("Collection", "Rows", ""), rows, frozenset({1}))
    else:
        table = Table(("Collection",), tuple((name,) for name in collections.names[:_MOST_NAMES]))
    return [title, table, *_more(len(collections), _MOST_NAMES), *_untold(collections.untold)]


def _entry(entry: Entry) -> tuple[Cell, ...]:
    rows = "–" if entry.rows is None else str(entry.rows)
    return (entry.name, rows, _load(entry.load) if entry.load else "")


@blocks_of.register(Overview)
def _overview(overview: Overview) -> list[Block]:
    others = [name for name in overview.databases.names if name != overview.collections.database]
    lines: list[Block] = [*_collections(overview.collections)]
    if others:
        few = ", ".join(others[:_MOST_LISTED])
        more = f", … {len(others) - _MOST_LISTED:,} more" if len(others) > _MOST_LISTED else ""
        lines.append(Line((Part("Other databases: ", "muted"), few + more)))
    if overview.databases.untold is not None:
        lines += _untold([overview.databases.untold])
    return lines


# A collection


@blocks_of.register(Description)
def _description(collection: Description) -> list[Block]:
    size: list[Cell] = []
    if collection.rows is not None:
        size.append(f"{collection.rows} {'row' if collection.rows.count == 1 else 'rows'}")
    if collection.load is not None:
        size.append(_load(collection.load))
    if collection.shards is not None:
        size.append(_count(collection.shards, "shard"))
    if collection.consistency:
        size.append(f"consistency {collection.consistency}")
    if collection.created_at is not None:
        created = time.strftime("%Y-%m-%d %H:%M", time.localtime(collection.created_at))
        size.append(f"created {created}")
    pairs = [
        ("Partitions", _names(collection.partitions)),
        ("Aliases", _names(collection.aliases)),
        ("Functions", "; ".join(_function(one) for one in collection.functions)),
        ("Properties", ", ".join(f"{key} = {value}" for key, value in collection.properties)),
    ]
    told = tuple((label, words) for label, words in pairs if words)
    return [
        _title(collection),
        *([Line((collection.description,))] if collection.description else []),
        *([Line(joined(size))] if size else []),
        *_uncounted(collection),
        *_fields(collection),
        *([Facts(told)] if told else []),
        *_untold(collection.untold),
    ]


def _uncounted(collection: Description) -> list[Block]:
    if collection.rows is None or collection.rows.is_exact or collection.rows.count:
        return []
    return [Line((Part("What is not flushed is not counted while it is not loaded.", "muted"),))]


@blocks_of.register(Schema)
def _schema(schema: Schema) -> list[Block]:
    of = schema.description
    return [_title(of), *_fields(of), *_untold(of.untold)]


def _title(collection: Description) -> Title:
    asked = f"asked for as {collection.asked_as}, " if collection.asked_as else ""
    place = f"{collection.alias}/{collection.database}/{collection.name}"
    return Title(place, f"{asked}{_asked(collection.asked_at)}")


def _fields(collection: Description) -> list[Block]:
    rows: list[tuple[Cell, ...]] = []
    for field in collection.fields[:_MOST_FIELDS]:
        rows.append(_field(field, collection))
        rows += [_field(one, collection, of=field) for one in field.fields]
    if collection.has_dynamic_field:
        rows.append((Part("…", "muted"), Part("any", "muted"), "", "dynamic field"))
    headers = ("Field", "Type", "Index", "")
    return [Table(headers, tuple(rows)), *_more(len(collection.fields), _MOST_FIELDS)]


def _field(field: Field, collection: Description, of: Field | None = None) -> tuple[Cell, ...]:
    path = f"{of.name}[{field.name}]" if of is not None else field.name
    index = collection.index_of(path) or (collection.index_of(field.name) if of is None else None)
    name: Cell = Part(f"  {field.name}", "muted") if of is not None else field.name
    if field.is_primary:
        name = Part(field.name, "strong")
    return (name, field.full_type, _index(index) if index else "", _notes(field))


def _notes(field: Field) -> str:
    notes = [
        "primary key" if field.is_primary else "",
        "auto id" if field.auto_id else "",
        "partition key" if field.is_partition_key else "",
        "clustering key" if field.is_clustering_key else "",
        "nullable" if field.nullable else "",
        f"default {short(field.default)}" if field.has_default else "",
        f"analyzer {cut(field.analyzer, 60)}" if field.analyzer else "",
        "made by a function" if field.is_function_output else "",
        cut(field.description, 80),
    ]
    return ", ".join(note for note in notes if note)


def _index(index: Index) -> str:
    params = ", ".join(f"{key} {value}" for key, value in index.params if key != "mmap.enabled")
    words = [index.type, index.metric, f"({cut(params, 60)})" if params else ""]
    if index.state and index.state != "finished":
        share = ""
        if index.total_rows:
            share = f" {100 * index.indexed_rows // index.total_rows} %"
        words.append(f"– {index.state}{share}" + (f": {index.reason}" if index.reason else ""))
    return " ".join(word for word in words if word)


def _function(function: Function) -> str:
    made = f"{', '.join(function.inputs)} → {', '.join(function.outputs)}"
    params = ", ".join(f"{key} {value}" for key, value in function.params)
    return f"{function.name}: {function.type}, {made}" + (f" ({cut(params, 60)})" if params else "")


# Rows


@blocks_of.register(Peek)
def _peek(peek: Peek) -> list[Block]:
    where = f"where {cut(peek.where, 80)}, " if peek.where else ""
    count = _count(len(peek.rows), "row")
    title = Title(
        f"{peek.alias}/{peek.database}/{peek.collection}",
        f"{count}, {where}{_asked(peek.asked_at)}",
    )
    if not peek.rows:
        return [title]
    columns = peek.columns[:_MOST_COLUMNS]
    types = dict(zip(peek.columns, peek.types, strict=True))
    rows = tuple(
        tuple(_cell(row, name, types[name]) for name in columns) for row in peek.rows[:_MOST_ROWS]
    )
    numbers = frozenset(place for place, name in enumerate(columns) if _is_number(peek.rows, name))
    more = len(peek.columns) - len(columns)
    return [
        title,
        Table(tuple(cut(name, 40) for name in columns), rows, numbers),
        *([Line((Part(f"… and {more:,} more fields", "muted"),))] if more > 0 else []),
        *_more(len(peek.rows), _MOST_ROWS),
    ]


def _cell(row: dict[str, Any], name: str, kind: str) -> Cell:
    if name not in row:
        return ""
    words = cut(short(row[name], kind), _MOST_CELL)
    return Part(words, "muted") if row[name] is None else words


def _is_number(rows: Sequence[dict[str, Any]], name: str) -> bool:
    values = [row[name] for row in rows if row.get(name) is not None]
    return bool(values) and all(isinstance(one, (int, float)) for one in values)


# Shared


def _load(load: Load) -> Part:
    shape, tone = _SHAPES[load.state]
    return Part(f"{shape} {load}", tone)


def _names(names: tuple[str, ...] | None) -> str:
    if not names:
        return ""
    more = len(names) - _MOST_LISTED
    return ", ".join(names[:_MOST_LISTED]) + (f", … {more:,} more" if more > 0 else "")


def _untold(untold: Iterable[Untold]) -> list[Block]:
    told: list[Block] = []
    grants: list[str] = []
    for one in untold:
        told.append(Line((Part("Not shown. ", "warn"), one.reason)))
        if one.grant and one.grant not in grants:
            grants.append(one.grant)
    if grants:
        told.append(Line((Part("Ask an administrator to run:", "muted"),)))
        told += [Code(line) for line in grants]
    return told


def _more(count: int, most: int) -> list[Block]:
    return [Line((Part(f"… and {count - most:,} more", "muted"),))] if count > most else []


def _count(count: int, what: str) -> str:
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"


def _asked(when: float) -> str:
    return f"at {time.strftime('%H:%M:%S', time.localtime(when))}"
