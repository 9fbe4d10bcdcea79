"""Rows as the server sends them, a column each → Python values; and values, shortened for people.

Sources: milvus-proto's ``schema.proto``. A column with nulls has either a value for each row or
one for each that is not null; how many values there are tells which.
"""

from __future__ import annotations

import json
import struct
from typing import TYPE_CHECKING, Any, Final

from ..probing.outside import cut, plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["NAMES", "Sparse", "column", "short", "type_name"]

#: The server's numbers of types, in pymilvus's words.
NAMES: Final = {
    1: "BOOL", 2: "INT8", 3: "INT16", 4: "INT32", 5: "INT64", 10: "FLOAT", 11: "DOUBLE",
    20: "STRING", 21: "VARCHAR", 22: "ARRAY", 23: "JSON", 24: "GEOMETRY", 25: "TEXT",
    26: "TIMESTAMPTZ", 100: "BINARY_VECTOR", 101: "FLOAT_VECTOR", 102: "FLOAT16_VECTOR",
    103: "BFLOAT16_VECTOR", 104: "SPARSE_FLOAT_VECTOR", 105: "INT8_VECTOR",
    106: "ARRAY_OF_VECTOR", 200: "ARRAY_OF_STRUCT", 201: "STRUCT",
}  # fmt: skip

_SCALARS: Final = (
    "bool_data", "int_data", "long_data", "float_data", "double_data", "string_data",
    "timestamptz_data", "geometry_wkt_data", "geometry_data", "bytes_data",
)  # fmt: skip
_MOST_TEXT: Final = 60
_FEW: Final = 2  # numbers of a vector, keys of an object, that are shown


class Sparse(dict[int, float]):
    """A sparse vector: place → weight."""


def type_name(number: int) -> str:
    """Give a type's name, or its number where it is none that we know."""
    return NAMES.get(number, f"TYPE {number}")


def column(data: Any) -> list[Any]:
    """Give the values of one column (``FieldData``), one a row; None for a null."""
    values = _values(data)
    valid = list(data.valid_data)
    if not valid:
        return values
    if len(values) < len(valid):
        given = iter(values)
        return [next(given, None) if is_there else None for is_there in valid]
    return [value if there else None for value, there in zip(values, valid, strict=False)]


def _values(data: Any) -> list[Any]:
    if data.HasField("struct_arrays"):
        return _structs(data.struct_arrays.fields)
    if data.HasField("vectors"):
        return _vectors(data.vectors, data.type)
    if NAMES.get(data.type) == "JSON":
        return [_json(text) for text in data.scalars.json_data.data]
    if data.scalars.HasField("array_data"):
        return [_scalars(one) for one in data.scalars.array_data.data]
    return _scalars(data.scalars)


def _scalars(scalars: Any) -> list[Any]:
    for name in _SCALARS:
        if scalars.HasField(name):
            return list(getattr(scalars, name).data)
    return []


def _json(text: bytes) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):  # an empty text is a null, to some versions
        return text.decode(errors="replace") or None


def _vectors(vectors: Any, number: int) -> list[Any]:
    dim = max(vectors.dim, 1)
    if vectors.HasField("vector_array"):
        array = vectors.vector_array
        return [_vectors(one, array.element_type) for one in array.data]
    if vectors.HasField("sparse_float_vector"):
        return [_sparse(one) for one in vectors.sparse_float_vector.contents]
    if vectors.HasField("float_vector"):
        return _parts(list(vectors.float_vector.data), dim)
    return _packed(vectors, NAMES.get(number, ""), dim)


def _packed(vectors: Any, kind: str, dim: int) -> list[Any]:
    if kind == "BINARY_VECTOR":
        return _parts(vectors.binary_vector, max(dim // 8, 1))
    if kind == "FLOAT16_VECTOR":
        return _parts(_unpacked(vectors.float16_vector, "e", 2), dim)
    if kind == "INT8_VECTOR":
        return _parts(_unpacked(vectors.int8_vector, "b", 1), dim)
    # A bfloat16 is the upper half of a float.
    halves = _unpacked(vectors.bfloat16_vector, "H", 2)
    wide = struct.pack(f"<{len(halves)}I", *(half << 16 for half in halves))
    return _parts(_unpacked(wide, "f", 4), dim)


def _unpacked(data: bytes, letter: str, size: int) -> list[Any]:
    return list(struct.unpack_from(f"<{len(data) // size}{letter}", data))


def _parts(values: Any, size: int) -> list[Any]:
    return [values[start : start + size] for start in range(0, len(values), size)]


def _sparse(data: bytes) -> Sparse:
    return Sparse((place, weight) for place, weight in struct.iter_unpack("<If", data))


def _structs(fields: Iterable[Any]) -> list[Any]:
    """Put structs together, of which each part comes as a column of its own."""
    columns = {_own_name(one.field_name): column(one) for one in fields}
    rows = max((len(values) for values in columns.values()), default=0)
    return [_struct({name: values[row : row + 1] for name, values in columns.items()})
            for row in range(rows)]  # fmt: skip


def _struct(cells: dict[str, list[Any]]) -> list[dict[str, Any]] | None:
    if any(cell == [None] for cell in cells.values()):
        return None
    parts = {name: cell[0] if cell else [] for name, cell in cells.items()}
    count = max((len(part) for part in parts.values()), default=0)
    return [
        {name: part[place] for name, part in parts.items() if place < len(part)}
        for place in range(count)
    ]


def _own_name(name: str) -> str:
    """``struct[field]`` is how the server may call a part."""
    return name[name.index("[") + 1 : -1] if name.endswith("]") and "[" in name else name


# For people


def short(value: Any, kind: str = "") -> str:
    """Write a value on one short line: ``[0.12, -0.03, … 768]``, ``{"a": 1, … 12}``.

    Parameters
    ----------
    value
        One of `column`'s.
    kind
        The type of its field, where it is known.
    """
    if value is None:
        return "null"
    if isinstance(value, bytes):
        bits = f" {8 * len(value)} bits" if kind == "BINARY_VECTOR" else f" {len(value)} bytes"
        return f"{value[:4].hex()}{'…' if len(value) > 4 else ''}{bits}"
    if isinstance(value, (dict, list)):
        return _folded(value, kind)
    if isinstance(value, float):
        return _number(value)
    return cut(plain(str(value), _MOST_TEXT + 1), _MOST_TEXT)


def _folded(value: Any, kind: str) -> str:
    if isinstance(value, Sparse):
        first = [f"{place}: {_number(value[place])}" for place in list(value)[:_FEW]]
        return _listed(first, len(value), "{}")
    if isinstance(value, dict):
        first = [f"{_word(key)}: {_inner(one)}" for key, one in list(value.items())[: _FEW + 1]]
        return _listed(first, len(value), "{}")
    if kind.endswith("_VECTOR"):
        return _listed([_number(one) for one in value[:_FEW]], len(value), "[]")
    return _listed([_inner(one) for one in value[: _FEW + 1]], len(value), "[]")


def _inner(value: Any) -> str:
    if isinstance(value, dict):
        return "{…}" if value else "{}"
    if isinstance(value, list):
        return f"[… {len(value)}]" if value else "[]"
    return _word(value) if isinstance(value, str) else short(value)


def _word(text: Any) -> str:
    return json.dumps(cut(plain(str(text), 25), 24), ensure_ascii=False)


def _number(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _listed(first: Sequence[str], count: int, brackets: str) -> str:
    more = [f"… {count}"] if count > len(first) else []
    return f"{brackets[0]}{', '.join([*first, *more])}{brackets[1]}"
