"""A collection as code: runnable pymilvus, with its own names, dimensions and metrics."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from ..code.snippets import code
from ..code.snippets.quoting import python as literal
from ..params.secret import MASK
from . import refused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..params.endpoint import ConnectionParams
    from .model import Description
    from .schema import Field, Function, Index

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
    found: Description, params: ConnectionParams, field: str = "", *, reads: bool = False
) -> str:
    """Write code that connects and does with a collection what one does with it.

    Parameters
    ----------
    found
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
    _check_field(found, field)
    database = "" if found.database == "default" else found.database
    frame = code(replace(params, db_name=database), found.alias, "python")
    wanted: Sequence[str] = ("describe", *_READING) if field else PARTS
    if reads:
        wanted = _READING
    written = parts(found, field)
    body = "\n".join(written[name] for name in wanted if written[name])
    before, _, after = frame.partition(_LAST)
    return f"{_imports(before, body)}\n{body}\n{after}"


def code_here(found: Description, own_database: str, field: str = "") -> str:
    """Write code that reads a collection in the kernel that has its connection; it writes nothing.

    Parameters
    ----------
    found
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
    _check_field(found, field)
    alias = literal(found.alias)
    client = f"connections.client({alias})"
    if found.database != own_database:
        client = f"connections.use({alias}, {literal(found.database)}).client"
    written = parts(found, field)
    body = "\n".join(written[name] for name in _READING if written[name])
    before = f"from milvus_nb import connections\n\nclient = {client}\n"
    return f"{_imports(before, body)}\n{body}"


def _check_field(found: Description, field: str) -> None:
    names = [one.name for one in found.fields]
    if field and field not in names:
        raise refused.no_field(found.name, field, names)


def parts(found: Description, field: str = "") -> dict[str, str]:
    """Write each part apart, for a ``client`` that is connected; empty where one is not possible.

    Parameters
    ----------
    found
        The collection.
    field
        As in `code_for`.
    """
    name = literal(found.name)
    output = [one for one in found.fields if not field or one.name == field or one.is_primary]
    fields = "[" + ", ".join(literal(one.name) for one in output) + "]" if field else '["*"]'
    return {
        "describe": f"# What it is.\nprint(client.describe_collection({name}))\n",
        "load": f"# Rows are read and searched in memory.\nclient.load_collection({name})\n",
        "query": (
            "# Five rows.\n"
            f'rows = client.query({name}, filter="", output_fields={fields}, limit=5)\n'
            "for row in rows:\n    print(row)\n"
        ),
        "search": _searches(found, field),
        "insert": _insert(found),
        "create": _create(found),
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


def _searches(found: Description, field: str) -> str:
    vectors = [one for one in found.fields if one.is_vector and field in ("", one.name)]
    return "\n".join(_search(found, one) for one in vectors)


def _search(found: Description, field: Field) -> str:
    name, index = literal(field.name), found.index_of(field.name)
    if index is None:
        return f"# {name} has no index: it cannot be searched.\n"
    made_of = next(
        (one for one in found.functions if one.type in _MADE_BY and field.name in one.outputs),
        None,
    )
    query = '"what to look for"' if made_of is not None else _value(field)
    outputs = [
        literal(one.name) for one in found.fields if not one.is_vector and not one.is_primary
    ]
    metric = f', search_params={{"metric_type": {literal(index.metric)}}}' if index.metric else ""
    by = f" by {index.metric}" if index.metric else ""
    lines = [
        f"# The five rows nearest to one, in {name}{by}.",
        f"query = {query}",
        "found = client.search(",
        f"    {literal(found.name)},",
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


def _insert(found: Description) -> str:
    lines = [
        f"    {literal(one.name)}: {_key(one) if one.is_primary else _value(one)},"
        for one in found.fields
        if not (one.auto_id or one.is_function_output or _is_made(one, found))
    ]
    name = literal(found.name)
    head = "# One row of its schema: this writes."
    return "\n".join([head, "row = {", *lines, "}", f"print(client.insert({name}, [row]))"]) + "\n"


def _is_made(field: Field, found: Description) -> bool:
    return any(field.name in one.outputs for one in found.functions)


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


# A collection like it


def _create(found: Description) -> str:
    options = [f"enable_dynamic_field={found.has_dynamic_field}"]
    if found.description:
        options.append(f"description={literal(found.description)}")
    copy = literal(f"{found.name}_copy")
    lines = [
        "# A collection like it, under another name, without its rows.",
        f"schema = client.create_schema({', '.join(options)})",
        *(line for one in found.fields for line in _field(one)),
        *(_function(one) for one in found.functions),
        "index_params = client.prepare_index_params()",
        *(_index(one) for one in found.indexes),
        "client.create_collection(",
        f"    {copy},",
        "    schema=schema,",
        "    index_params=index_params,",
        *(f"    {option}," for option in _options(found)),
        ")",
    ]
    return "\n".join(lines) + "\n"


def _options(found: Description) -> list[str]:
    options = []
    if found.consistency:
        options.append(f"consistency_level={literal(found.consistency)}")
    if found.shards is not None and found.shards > 1:
        options.append(f"num_shards={found.shards}")
    if found.properties:
        options.append(f"properties={_dict(found.properties)}")
    return options


def _field(field: Field) -> list[str]:
    if field.type == "ARRAY_OF_STRUCT":
        inner = [
            line.replace("schema.", "struct.", 1)
            for one in field.fields
            for line in _field(replace(one, type=one.element_type, element_type=""))
        ]
        options = f"element_type=DataType.STRUCT, struct_schema=struct, {_sizes(field)}"
        return [
            "struct = client.create_struct_field_schema()",
            *inner,
            f"schema.add_field({literal(field.name)}, DataType.ARRAY, {options.rstrip(', ')})",
        ]
    options = ", ".join(filter(None, (_sizes(field), _traits(field))))
    kind = f"DataType.{field.type}" if field.type.isidentifier() else "DataType.UNKNOWN"
    more = f", {options}" if options else ""
    return [f"schema.add_field({literal(field.name)}, {kind}{more})"]


def _sizes(field: Field) -> str:
    options = {
        "element_type": f"DataType.{field.element_type}" if field.element_type else None,
        "dim": field.dim,
        "max_length": field.max_length,
        "max_capacity": field.max_capacity,
    }
    if field.type == "ARRAY_OF_STRUCT":
        del options["element_type"]
    if field.element_type == "VARCHAR" and field.max_length is None:
        options["max_length"] = 65_535  # Lite does not tell it
    return ", ".join(f"{key}={value}" for key, value in options.items() if value is not None)


def _traits(field: Field) -> str:
    known = dict(field.params)
    flags = {
        "is_primary": field.is_primary,
        "auto_id": field.auto_id,
        "is_partition_key": field.is_partition_key,
        "is_clustering_key": field.is_clustering_key,
        "nullable": field.nullable,
        "enable_analyzer": known.get("enable_analyzer", "").lower() == "true",
        "enable_match": known.get("enable_match", "").lower() == "true",
    }
    options = [f"{name}=True" for name, is_so in flags.items() if is_so]
    if field.has_default:
        options.append(f"default_value={field.default!r}")
    if known.get("analyzer_params"):
        options.append(f"analyzer_params={_read(known['analyzer_params'])!r}")
    if field.description:
        options.append(f"description={literal(field.description)}")
    return ", ".join(options)


def _function(one: Function) -> str:
    options = [
        f"name={literal(one.name)}",
        f"function_type=FunctionType.{one.type}",
        f"input_field_names=[{', '.join(map(literal, one.inputs))}]",
        f"output_field_names=[{', '.join(map(literal, one.outputs))}]",
    ]
    if one.params:
        options.append(f"params={_dict(one.params)}")
    return f"schema.add_function(Function({', '.join(options)}))"


def _index(one: Index) -> str:
    options = [literal(one.field)]
    if one.type:
        options.append(f"index_type={literal(one.type)}")
    if one.metric:
        options.append(f"metric_type={literal(one.metric)}")
    if one.params:
        options.append(f"params={_dict(one.params)}")
    return f"index_params.add_index({', '.join(options)})"


def _dict(pairs: tuple[tuple[str, str], ...]) -> str:
    inner = ", ".join(f"{literal(key)}: {_param(key, value)}" for key, value in pairs)
    return f"{{{inner}}}"


def _param(key: str, value: str) -> str:
    if value == MASK:  # an API key, which is not known here
        return f"os.environ[{literal(key.upper())}]"
    return _number(value)


def _number(text: str) -> str:
    try:
        return repr(json.loads(text)) if json.loads(text) is not None else literal(text)
    except ValueError:
        return literal(text)


def _read(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
