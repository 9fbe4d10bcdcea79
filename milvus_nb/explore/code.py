"""A collection as code: runnable pymilvus, with its own names, dimensions and metrics."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ..code.snippets import code
from ..code.snippets.quoting import python as literal
from . import refused
from .creating import creating

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..params.endpoint import ConnectionParams
    from .model import Description
    from .schema import Field

__all__ = ["PARTS", "code_for", "code_here", "parts"]

#: What `parts` gives, in the order of `code_for`.
PARTS: Final = ("describe", "load", "query", "search", "insert", "create")
_READING: Final = ("load", "query", "search")

_MOST_OUTPUT: Final = 5
_MOST_TEXT: Final = 20
_COLUMN: Final = 100
_BITS: Final = 8
_LAST: Final = "print(client.list_collections())\n"
_MADE_BY: Final = ("BM25", "TEXTEMBEDDING")

# A value of each type; of texts, arrays and vectors see `_value`.
_VALUES: Final = {
    "BOOL": "True",
    "INT8": "1",
    "INT16": "1",
    "INT32": "1",
    "INT64": "1",
    "FLOAT": "0.5",
    "DOUBLE": "0.5",
    "JSON": '{"key": "value"}',
    "GEOMETRY": '"POINT (1 2)"',
    "TIMESTAMPTZ": '"2025-01-01T00:00:00Z"',
    "SPARSE_FLOAT_VECTOR": "{1: 0.5, 100: 0.25}",
}
_IMPORTS: Final = {
    "numpy.": "import numpy",
    "ml_dtypes.": "import ml_dtypes",
    "time.": "import time",
    "uuid.": "import uuid",
    "os.": "import os",
}


def code_for(
    collection: Description, params: ConnectionParams, field: str = "", *, reads: bool = False
) -> str:
    """Write code that connects and does with a collection what one does with it.

    Parameters
    ----------
    collection
        The collection.
    params
        Of its connection; a secret becomes a reference to an environment variable.
    field
        Only what is done with this field: what it is, and a search where it is a vector.
    reads
        Only what reads: it is put where it may be run without a look.

    Raises
    ------
    ExploreError
        There is no such field.
    """
    _check_field(collection, field)
    database = "" if collection.database == "default" else collection.database
    frame = code(replace(params, db_name=database), collection.alias, "python")
    wanted: Sequence[str] = ("describe", *_READING) if field else PARTS
    if reads:
        wanted = _READING
    written = parts(collection, field)
    body = "\n".join(written[name] for name in wanted if written[name])
    before, _, after = frame.partition(_LAST)
    return f"{_imports(before, body)}\n{body}\n{after}"


def code_here(collection: Description, own_database: str, field: str = "") -> str:
    """Write code that reads a collection in the kernel that has its connection; it writes nothing.

    Parameters
    ----------
    collection
        The collection.
    own_database
        The connection's, which its client works in.
    field
        As in `code_for`.

    Raises
    ------
    ExploreError
        There is no such field.
    """
    _check_field(collection, field)
    alias = literal(collection.alias)
    client = f"connections.client({alias})"
    if collection.database != own_database:
        client = f"connections.use({alias}, {literal(collection.database)}).client"
    written = parts(collection, field)
    body = "\n".join(written[name] for name in _READING if written[name])
    before = f"from milvus_nb import connections\n\nclient = {client}\n"
    return f"{_imports(before, body)}\n{body}"


def _check_field(collection: Description, field: str) -> None:
    names = [one.name for one in collection.fields]
    if field and field not in names:
        raise refused.no_field(collection.name, field, names)


def parts(collection: Description, field: str = "") -> dict[str, str]:
    """Write each part apart, for a ``client`` that is connected; empty where one is not possible.

    Parameters
    ----------
    collection
        The collection.
    field
        As in `code_for`.
    """
    name = literal(collection.name)
    output = [one for one in collection.fields if not field or one.name == field or one.is_primary]
    fields = "[" + ", ".join(literal(one.name) for one in output) + "]" if field else '["*"]'
    return {
        "describe": f"# What it is.\nprint(client.describe_collection({name}))\n",
        "load": f"# Rows are read and searched in memory.\nclient.load_collection({name})\n",
        "query": (
            "# Five rows.\n"
            f'rows = client.query({name}, filter="", output_fields={fields}, limit=5)\n'
            "for row in rows:\n    print(row)\n"
        ),
        "search": _searches(collection, field),
        "insert": _insert(collection),
        "create": creating(collection),
    }


def _imports(before: str, body: str) -> str:
    """Put in front what the body needs."""
    needed = [line for start, line in _IMPORTS.items() if start in body and line not in before]
    classes = [one for one in ("DataType", "Function", "FunctionType") if f"{one}." in body]
    if "Function(" in body and "Function" not in classes:
        classes.insert(1, "Function")
    names = ", ".join([*classes, "MilvusClient"])
    before = before.replace("from pymilvus import MilvusClient", f"from pymilvus import {names}")
    lines = before.split("\n")
    has_imports = lines[0].startswith("import ")
    first = sorted([*needed, *([lines.pop(0)] if has_imports else [])])
    rest = "\n".join(lines).lstrip("\n")
    return "\n".join([*first, "", rest]) if first else rest


# Searching


def _searches(collection: Description, field: str) -> str:
    vectors = [one for one in collection.fields if one.is_vector and field in ("", one.name)]
    return "\n".join(_search(collection, one) for one in vectors)


def _search(collection: Description, field: Field) -> str:
    name, index = literal(field.name), collection.index_of(field.name)
    if index is None:
        return f"# {name} has no index: it cannot be searched.\n"
    made_of = next(
        (one for one in collection.functions if one.type in _MADE_BY and field.name in one.outputs),
        None,
    )
    query = '"what to look for"' if made_of is not None else _value(field)
    outputs = [
        literal(one.name) for one in collection.fields if not one.is_vector and not one.is_primary
    ]
    metric = f', search_params={{"metric_type": {literal(index.metric)}}}' if index.metric else ""
    by = f" by {index.metric}" if index.metric else ""
    lines = [
        f"# The five rows nearest to one, in {name}{by}.",
        f"query = {query}",
        "found = client.search(",
        f"    {literal(collection.name)},",
        "    data=[query],",
        f"    anns_field={name},",
        "    limit=5,",
        f"    output_fields=[{', '.join(outputs[:_MOST_OUTPUT])}],",
        *([f"    {metric[2:]},"] if metric else []),
        ")",
        "for hit in found[0]:",
        "    print(hit)",
    ]
    return "\n".join(lines) + "\n"


# Rows


def _insert(collection: Description) -> str:
    lines = [
        f"    {literal(one.name)}: {_key(one) if one.is_primary else _value(one)},"
        for one in collection.fields
        if not (one.auto_id or one.is_function_output or _is_made(one, collection))
    ]
    name = literal(collection.name)
    head = "# One row of its schema: this writes."
    return "\n".join([head, "row = {", *lines, "}", f"print(client.insert({name}, [row]))"]) + "\n"


def _is_made(field: Field, collection: Description) -> bool:
    return any(field.name in one.outputs for one in collection.functions)


def _key(field: Field) -> str:
    """Write a key that is probably new."""
    if field.type == "INT64":
        return "time.time_ns()"
    most = field.max_length or _COLUMN
    return "uuid.uuid4().hex" + (f"[:{most}]" if most < 32 else "")  # its length


def _value(field: Field) -> str:
    kind, dim = field.type, field.dim or 1
    if kind in _VALUES:
        return _VALUES[kind]
    if kind == "ARRAY_OF_STRUCT":
        inner = ", ".join(f"{literal(one.name)}: {_element(one)}" for one in field.fields)
        return f"[{{{inner}}}]"
    if kind == "ARRAY":
        return f"[{_element(field)}]"
    vectors = {
        "FLOAT_VECTOR": f"[0.1] * {dim}",
        "BINARY_VECTOR": f"bytes({dim // _BITS})",
        "FLOAT16_VECTOR": f"numpy.full({dim}, 0.1, dtype=numpy.float16)",
        "BFLOAT16_VECTOR": f"numpy.full({dim}, 0.1, dtype=ml_dtypes.bfloat16)",
        "INT8_VECTOR": f"numpy.full({dim}, 1, dtype=numpy.int8)",
    }
    return vectors.get(kind) or literal("text"[: field.max_length or _MOST_TEXT])


def _element(field: Field) -> str:
    """Write one element of an array."""
    return _value(replace(field, type=field.element_type, element_type=""))
