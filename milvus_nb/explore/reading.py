"""Replies → values. All text of a server is cut and cleaned here, where it comes in."""

from __future__ import annotations

import json
import re
import time
from typing import TYPE_CHECKING, Any, Final

from ..params.secret import MASK, redact
from ..probing.outside import MOST_NAME, cut, names, plain, said
from .model import Description, Load
from .rights import Right
from .schema import Field, Function, Index
from .values import column, type_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..params.endpoint import Endpoint

__all__ = ["MOST_COLLECTIONS", "Reader", "load", "moment", "right", "rows"]

#: So many collections of one database are known by name; Milvus's own limit is 65,536 of them.
MOST_COLLECTIONS: Final = 100_000

_MOST_TEXT: Final = 1_000
_LATEST_S: Final = 32_503_680_000  # the year 3000: no system's clock shows all that is later
_KEYS: Final = (
    r"[\w.-]*?(?:(?:api|access|secret|private)[_.-]?key|secret|password|passwd|token|authorization)"
)
_SECRET: Final = re.compile(_KEYS, re.IGNORECASE)
_IN_JSON: Final = re.compile(rf'("{_KEYS}"\s*:\s*")(?:[^"\\]|\\.)*("?)', re.IGNORECASE)
_MOST_PARAMS: Final = 100
_MOST_FIELDS: Final = 5_000
_FUNCTIONS: Final = {1: "BM25", 2: "TEXTEMBEDDING", 3: "RERANK", 4: "MINHASH"}
_INDEX_STATES: Final = {1: "unissued", 2: "in progress", 3: "finished", 4: "failed", 5: "retry"}
_LEVELS: Final = ("Strong", "Session", "Bounded", "Eventually", "Customized")
_OF_INDEX: Final = ("index_type", "metric_type")


class Reader:
    """Reads what one server says.

    Parameters
    ----------
    endpoint
        Whose server it is: the credentials that it was sent are taken out of its words.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint

    def said(self, text: str) -> str:
        """Clean a refusal's words."""
        return said(self._endpoint, text)

    def names(self, told: Iterable[str]) -> list[str]:
        """Give the names that can be those of databases, collections or partitions."""
        return names(self._endpoint, told, MOST_COLLECTIONS)

    def pairs(self, told: Iterable[Any]) -> tuple[tuple[str, str], ...]:
        """Read keys and values; of an embedding's provider there may be an API key among them."""
        few = list(told)[:_MOST_PARAMS]
        return tuple((plain(one.key, MOST_NAME), _value(one.key, one.value)) for one in few)

    def description(self, reply: Any, alias: str, database: str, asked_for: str) -> Description:
        """Read a DescribeCollectionResponse.

        Parameters
        ----------
        reply
            The server's.
        alias, database
            Of the connection; the name of the database.
        asked_for
            The collection's name, or an alias of it.
        """
        schema = reply.schema
        told = self.names([schema.name or reply.collection_name])
        name = next(iter(told), "") or asked_for
        return Description(
            alias=alias,
            database=database,
            name=name,
            asked_as=asked_for if asked_for != name else "",
            description=plain(schema.description, _MOST_TEXT),
            fields=self.fields(schema),
            functions=self.functions(schema),
            has_dynamic_field=schema.enable_dynamic_field,
            shards=reply.shards_num or None,
            consistency=consistency(reply.consistency_level),
            properties=self.pairs(reply.properties),
            aliases=tuple(self.names(reply.aliases)) or None,
            created_at=moment(reply.created_utc_timestamp),
            asked_at=time.time(),
        )

    # Of a schema

    def fields(self, schema: Any) -> tuple[Field, ...]:
        """Read the fields of a schema, arrays of structs last."""
        plain_ones = [
            self._field(one, is_auto=schema.autoID)
            for one in schema.fields[:_MOST_FIELDS]
            if not one.is_dynamic
        ]
        structs = [self._struct(one) for one in schema.struct_array_fields[:_MOST_FIELDS]]
        return (*plain_ones, *structs)

    def _field(self, told: Any, *, is_auto: bool = False) -> Field:
        params = self.pairs(told.type_params)
        known = dict(params)
        has_default, default = _default(told.default_value)
        return Field(
            name=plain(told.name, MOST_NAME),
            type=type_name(told.data_type),
            description=plain(told.description, _MOST_TEXT),
            element_type=type_name(told.element_type) if told.element_type else "",
            dim=_whole(known.get("dim")),
            max_length=_whole(known.get("max_length")),
            max_capacity=_whole(known.get("max_capacity")),
            is_primary=told.is_primary_key,
            # Old servers tell it of the schema, new ones of the field.
            auto_id=told.autoID or (is_auto and told.is_primary_key),
            nullable=told.nullable,
            is_partition_key=told.is_partition_key,
            is_clustering_key=told.is_clustering_key,
            is_function_output=told.is_function_output,
            has_default=has_default,
            default=default,
            params=params,
        )

    def _struct(self, told: Any) -> Field:
        params = self.pairs(told.type_params)
        parts = tuple(self._field(one) for one in told.fields[:_MOST_FIELDS])
        capacity = next((one.max_capacity for one in parts if one.max_capacity), None)
        return Field(
            name=plain(told.name, MOST_NAME),
            type="ARRAY_OF_STRUCT",
            element_type="STRUCT",
            description=plain(told.description, _MOST_TEXT),
            max_capacity=_whole(dict(params).get("max_capacity")) or capacity,
            nullable=told.nullable,
            params=params,
            fields=parts,
        )

    def functions(self, schema: Any) -> tuple[Function, ...]:
        """Read the functions of a schema."""
        return tuple(
            Function(
                name=plain(one.name, MOST_NAME),
                type=_FUNCTIONS.get(one.type, f"TYPE {one.type}"),
                inputs=tuple(plain(name, MOST_NAME) for name in one.input_field_names),
                outputs=tuple(plain(name, MOST_NAME) for name in one.output_field_names),
                params=self.pairs(one.params),
                description=plain(one.description, _MOST_TEXT),
            )
            for one in schema.functions[:_MOST_PARAMS]
        )

    def indexes(self, told: Iterable[Any]) -> tuple[Index, ...]:
        """Read the indexes of a collection."""
        return tuple(self._index(one) for one in list(told)[:_MOST_FIELDS])

    def _index(self, told: Any) -> Index:
        known = dict(self.pairs(told.params))
        params = {key: value for key, value in known.items() if key not in _OF_INDEX}
        try:  # some servers tell the parameters as one JSON text, some one by one
            inner = json.loads(params.get("params", "{}"))
            if isinstance(inner, dict):
                params.pop("params", None)
                params |= {str(key): str(value) for key, value in inner.items()}
        except (ValueError, RecursionError):
            pass
        return Index(
            field=plain(told.field_name, MOST_NAME),
            name=plain(told.index_name, MOST_NAME),
            type=known.get("index_type", ""),
            metric=known.get("metric_type", ""),
            params=tuple(params.items()),
            indexed_rows=told.indexed_rows,
            total_rows=told.total_rows,
            state=_INDEX_STATES.get(told.state, ""),
            reason=self.said(told.index_state_fail_reason),
        )


def _value(key: str, told: str) -> str:
    if told and _SECRET.fullmatch(key):
        return MASK
    masked = _IN_JSON.sub(rf"\g<1>{MASK}\g<2>", cut(told, 2 * _MOST_TEXT))
    return plain(redact(masked), _MOST_TEXT)


def rows(
    reply: Any, fields: Iterable[Field], most: int
) -> tuple[list[str], tuple[dict[str, Any], ...]]:
    """Read a QueryResults: the names of its columns, the primary key first, and so many rows."""
    columns: dict[str, list[Any]] = {}
    dynamic: list[Any] = []
    for data in reply.fields_data:
        if data.is_dynamic or data.field_name == "$meta":
            dynamic = column(data)
        else:
            columns[plain(data.field_name, MOST_NAME)] = column(data)
    known = sorted(fields, key=lambda field: not field.is_primary)
    order = [field.name for field in known if field.name in columns]
    order += [name for name in columns if name not in order]
    count = max((len(values) for values in columns.values()), default=0)
    read: list[dict[str, Any]] = []
    for place in range(min(count, most)):
        row = {name: columns[name][place] for name in order if place < len(columns[name])}
        more = dynamic[place] if place < len(dynamic) else None
        if isinstance(more, dict):
            row |= {plain(str(key), MOST_NAME): value for key, value in more.items()
                    if str(key) not in row}  # fmt: skip
        read.append(row)
    return list(dict.fromkeys([*order, *(name for row in read for name in row)])), tuple(read)


def right(role: str, told: Any) -> Right:
    """Read a GrantEntity of a role."""
    return Right(
        role=role,
        privilege=plain(told.grantor.privilege.name, MOST_NAME),
        object=plain(told.object.name, MOST_NAME),
        name=plain(told.object_name, MOST_NAME),
        database=plain(told.db_name, MOST_NAME),
    )


def moment(milliseconds: int) -> float | None:
    """Give a time in Unix seconds; None where it is none that can be shown."""
    return milliseconds / 1000 if 0 < milliseconds < 1000 * _LATEST_S else None


def consistency(number: int) -> str:
    """Name a consistency level."""
    return _LEVELS[number] if 0 <= number < len(_LEVELS) else ""


def load(percent: int) -> Load:
    """Say what a percentage means."""
    if percent >= 100:
        return Load("loaded", 100)
    return Load("loading", percent) if percent > 0 else Load("released", 0)


def _whole(text: str | None) -> int | None:
    return int(text) if text is not None and text.isascii() and text.isdigit() else None


def _default(told: Any) -> tuple[bool, Any]:
    for descriptor, values in told.ListFields():
        value = values[0]
        if isinstance(value, str):
            value = cut(value, _MOST_TEXT)
        return True, value if descriptor.name != "bytes_data" else _text(value)
    return False, None


def _text(data: bytes) -> Any:
    """Read the default of a JSON field."""
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return data.decode(errors="replace")
