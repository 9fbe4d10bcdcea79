"""What a scripted Milvus says of its collections, as it is sent."""

from __future__ import annotations

from typing import Any

from pymilvus.grpc_gen import common_pb2, milvus_pb2, schema_pb2

STRING, INT64 = 21, 5


def reply(message: Any) -> bytes:
    """Give a message as it is sent."""
    return bytes(message.SerializeToString())


def schema_of(*fields: Any, **more: Any) -> bytes:
    """Give a description of a collection of such fields."""
    schema = schema_pb2.CollectionSchema(name="books", fields=fields, **more)
    return reply(milvus_pb2.DescribeCollectionResponse(schema=schema, collection_name="books"))


def field(name: str, kind: int = STRING, **more: Any) -> Any:
    """Give a field of a schema."""
    return schema_pb2.FieldSchema(name=name, data_type=kind, **more)


def texts(name: str, *values: str) -> Any:
    """Give a column of rows."""
    data = schema_pb2.StringArray(data=values)
    scalars = schema_pb2.ScalarField(string_data=data)
    return schema_pb2.FieldData(type=STRING, field_name=name, scalars=scalars)


def failed(code: int, reason: str) -> Any:
    """Give the status of a call that failed."""
    return common_pb2.Status(code=code, error_code=1, reason=reason)
