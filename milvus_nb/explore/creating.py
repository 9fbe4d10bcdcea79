"""A collection as code that creates one like it, under another name, without its rows."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..code.snippets.quoting import python as literal
from ..params.secret import MASK

if TYPE_CHECKING:
    from .model import Description
    from .schema import Field, Function, Index

__all__ = ["creating"]


def creating(collection: Description) -> str:
    """Write code that creates it, for a ``client`` that is connected."""
    options = [f"enable_dynamic_field={collection.has_dynamic_field}"]
    if collection.description:
        options.append(f"description={literal(collection.description)}")
    copy = literal(f"{collection.name}_copy")
    lines = [
        "# A collection like it, under another name, without its rows.",
        f"schema = client.create_schema({', '.join(options)})",
        *(line for one in collection.fields for line in _field(one)),
        *(_function(one) for one in collection.functions),
        "index_params = client.prepare_index_params()",
        *(_index(one) for one in collection.indexes),
        "client.create_collection(",
        f"    {copy},",
        "    schema=schema,",
        "    index_params=index_params,",
        *(f"    {option}," for option in _options(collection)),
        ")",
    ]
    return "\n".join(lines) + "\n"


def _options(collection: Description) -> list[str]:
    options = []
    if collection.consistency:
        options.append(f"consistency_level={literal(collection.consistency)}")
    if collection.shards is not None and collection.shards > 1:
        options.append(f"num_shards={collection.shards}")
    if collection.properties:
        options.append(f"properties={_dict(collection.properties)}")
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


def _function(function: Function) -> str:
    options = [
        f"name={literal(function.name)}",
        f"function_type=FunctionType.{function.type}",
        f"input_field_names=[{', '.join(map(literal, function.inputs))}]",
        f"output_field_names=[{', '.join(map(literal, function.outputs))}]",
    ]
    if function.params:
        options.append(f"params={_dict(function.params)}")
    return f"schema.add_function(Function({', '.join(options)}))"


def _index(index: Index) -> str:
    options = [literal(index.field)]
    if index.type:
        options.append(f"index_type={literal(index.type)}")
    if index.metric:
        options.append(f"metric_type={literal(index.metric)}")
    if index.params:
        options.append(f"params={_dict(index.params)}")
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
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    return literal(text) if value is None else repr(value)


def _read(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
