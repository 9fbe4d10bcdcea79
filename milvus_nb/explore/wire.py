"""The Milvus calls that look into a database, load or release, and create one, without pymilvus.

Like those of a probe they go over the connection's own channel on the monitor's event loop: with a
deadline, cancelled by Ctrl-C, beside a running cell. pymilvus's would block a thread that nobody
can cancel, log a traceback into the cell for each refusal, and be missing for some connections.

The numbers are those of milvus-proto (``milvus.proto``, ``schema.proto``); a test compares them
with pymilvus's. protobuf skips the fields that are not named here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..probing.wire import ListDatabases, Method, message_classes

if TYPE_CHECKING:
    from ..probing.wire import Fields

__all__ = [
    "MESSAGES", "CollectionStatistics", "CreateDatabase", "DescribeCollection", "DescribeIndex",
    "ListAliases", "ListDatabases", "LoadCollection", "LoadState", "LoadingProgress", "Query",
    "ReleaseCollection", "SelectGrant", "SelectUser", "ShowCollections", "ShowPartitions",
]  # fmt: skip

_STATUS: Final = (("status", 1, "Status", False),)
_DATABASE: Final = (("db_name", 2, "string", False),)
_COLLECTION: Final = (*_DATABASE, ("collection_name", 3, "string", False))
_OF_LOADING: Final = (("collection_name", 2, "string", False), ("db_name", 4, "string", False))

MESSAGES: Final[dict[str, Fields]] = {
    "Status": (
        ("error_code", 1, "int32", False),
        ("reason", 2, "string", False),
        ("code", 3, "int32", False),
    ),
    "KeyValuePair": (("key", 1, "string", False), ("value", 2, "string", False)),
    "CreateDatabaseRequest": _DATABASE,
    # Collections
    "ShowCollectionsRequest": (
        *_DATABASE,
        ("type", 4, "int32", False),
        ("collection_names", 5, "string", True),
    ),
    "ShowCollectionsResponse": (
        *_STATUS,
        ("collection_names", 2, "string", True),
        ("created_utc_timestamps", 5, "uint64", True),
        ("inMemory_percentages", 6, "int64", True),
    ),
    "DescribeCollectionRequest": _COLLECTION,
    "DescribeCollectionResponse": (
        *_STATUS,
        ("schema", 2, "CollectionSchema", False),
        ("created_utc_timestamp", 7, "uint64", False),
        ("shards_num", 8, "int32", False),
        ("aliases", 9, "string", True),
        ("consistency_level", 11, "int32", False),
        ("collection_name", 12, "string", False),
        ("properties", 13, "KeyValuePair", True),
        ("db_name", 14, "string", False),
    ),
    "CollectionSchema": (
        ("name", 1, "string", False),
        ("description", 2, "string", False),
        ("autoID", 3, "bool", False),
        ("fields", 4, "FieldSchema", True),
        ("enable_dynamic_field", 5, "bool", False),
        ("functions", 7, "FunctionSchema", True),
        ("struct_array_fields", 9, "StructArrayFieldSchema", True),
    ),
    "FieldSchema": (
        ("name", 2, "string", False),
        ("is_primary_key", 3, "bool", False),
        ("description", 4, "string", False),
        ("data_type", 5, "int32", False),
        ("type_params", 6, "KeyValuePair", True),
        ("autoID", 8, "bool", False),
        ("element_type", 10, "int32", False),
        ("default_value", 11, "ValueField", False),
        ("is_dynamic", 12, "bool", False),
        ("is_partition_key", 13, "bool", False),
        ("is_clustering_key", 14, "bool", False),
        ("nullable", 15, "bool", False),
        ("is_function_output", 16, "bool", False),
    ),
    # One of them is set. Read as lists, they tell a 0 from nothing.
    "ValueField": (
        ("bool_data", 1, "bool", True),
        ("int_data", 2, "int32", True),
        ("long_data", 3, "int64", True),
        ("float_data", 4, "float", True),
        ("double_data", 5, "double", True),
        ("string_data", 6, "string", True),
        ("bytes_data", 7, "bytes", True),
        ("timestamptz_data", 8, "int64", True),
    ),
    "StructArrayFieldSchema": (
        ("name", 2, "string", False),
        ("description", 3, "string", False),
        ("fields", 4, "FieldSchema", True),
        ("type_params", 5, "KeyValuePair", True),
        ("nullable", 6, "bool", False),
    ),
    "FunctionSchema": (
        ("name", 1, "string", False),
        ("description", 3, "string", False),
        ("type", 4, "int32", False),
        ("input_field_names", 5, "string", True),
        ("output_field_names", 7, "string", True),
        ("params", 9, "KeyValuePair", True),
    ),
    "DescribeIndexRequest": _COLLECTION,
    "DescribeIndexResponse": (*_STATUS, ("index_descriptions", 2, "IndexDescription", True)),
    "IndexDescription": (
        ("index_name", 1, "string", False),
        ("params", 3, "KeyValuePair", True),
        ("field_name", 4, "string", False),
        ("indexed_rows", 5, "int64", False),
        ("total_rows", 6, "int64", False),
        ("state", 7, "int32", False),
        ("index_state_fail_reason", 8, "string", False),
    ),
    "LoadCollectionRequest": _COLLECTION,
    "ReleaseCollectionRequest": _COLLECTION,
    "GetLoadStateRequest": _OF_LOADING,
    "GetLoadStateResponse": (*_STATUS, ("state", 2, "int32", False)),
    "GetLoadingProgressRequest": _OF_LOADING,
    "GetLoadingProgressResponse": (*_STATUS, ("progress", 2, "int64", False)),
    "GetCollectionStatisticsRequest": _COLLECTION,
    "GetCollectionStatisticsResponse": (*_STATUS, ("stats", 2, "KeyValuePair", True)),
    "ShowPartitionsRequest": _COLLECTION,
    "ShowPartitionsResponse": (*_STATUS, ("partition_names", 2, "string", True)),
    "ListAliasesRequest": _COLLECTION,
    "ListAliasesResponse": (*_STATUS, ("aliases", 4, "string", True)),
    # Rows
    "QueryRequest": (
        *_COLLECTION,
        ("expr", 4, "string", False),
        ("output_fields", 5, "string", True),
        ("query_params", 9, "KeyValuePair", True),
        ("consistency_level", 11, "int32", False),
    ),
    "QueryResults": (*_STATUS, ("fields_data", 2, "FieldData", True)),
    "FieldData": (
        ("type", 1, "int32", False),
        ("field_name", 2, "string", False),
        ("scalars", 3, "ScalarField", False),
        ("vectors", 4, "VectorField", False),
        ("is_dynamic", 6, "bool", False),
        ("valid_data", 7, "bool", True),
        ("struct_arrays", 8, "StructArrayField", False),
    ),
    "ScalarField": (
        ("bool_data", 1, "BoolArray", False),
        ("int_data", 2, "IntArray", False),
        ("long_data", 3, "LongArray", False),
        ("float_data", 4, "FloatArray", False),
        ("double_data", 5, "DoubleArray", False),
        ("string_data", 6, "StringArray", False),
        ("bytes_data", 7, "BytesArray", False),
        ("array_data", 8, "ArrayArray", False),
        ("json_data", 9, "BytesArray", False),
        ("geometry_data", 10, "BytesArray", False),
        ("timestamptz_data", 11, "LongArray", False),
        ("geometry_wkt_data", 12, "StringArray", False),
    ),
    "BoolArray": (("data", 1, "bool", True),),
    "IntArray": (("data", 1, "int32", True),),
    "LongArray": (("data", 1, "int64", True),),
    "FloatArray": (("data", 1, "float", True),),
    "DoubleArray": (("data", 1, "double", True),),
    "StringArray": (("data", 1, "string", True),),
    "BytesArray": (("data", 1, "bytes", True),),
    "ArrayArray": (("data", 1, "ScalarField", True),),
    "VectorField": (
        ("dim", 1, "int64", False),
        ("float_vector", 2, "FloatArray", False),
        ("binary_vector", 3, "bytes", False),
        ("float16_vector", 4, "bytes", False),
        ("bfloat16_vector", 5, "bytes", False),
        ("sparse_float_vector", 6, "SparseFloatArray", False),
        ("int8_vector", 7, "bytes", False),
        ("vector_array", 8, "VectorArray", False),
    ),
    "SparseFloatArray": (("contents", 1, "bytes", True),),
    "VectorArray": (("data", 2, "VectorField", True), ("element_type", 3, "int32", False)),
    "StructArrayField": (("fields", 1, "FieldData", True),),
    # Rights
    "Named": (("name", 1, "string", False),),
    "SelectUserRequest": (("user", 2, "Named", False), ("include_role_info", 3, "bool", False)),
    "SelectUserResponse": (*_STATUS, ("results", 2, "UserResult", True)),
    "UserResult": (("user", 1, "Named", False), ("roles", 2, "Named", True)),
    "SelectGrantRequest": (("entity", 2, "GrantEntity", False),),
    "SelectGrantResponse": (*_STATUS, ("entities", 2, "GrantEntity", True)),
    "GrantEntity": (
        ("role", 1, "Named", False),
        ("object", 2, "Named", False),
        ("object_name", 3, "string", False),
        ("grantor", 4, "GrantorEntity", False),
        ("db_name", 5, "string", False),
    ),
    "GrantorEntity": (("privilege", 2, "Named", False),),
}

_CLASSES: Final = message_classes("milvus_nb.explore.wire", MESSAGES)


def _method(name: str, response: str = "") -> Method:
    return Method(name, f"{name}Request", response or f"{name}Response", _CLASSES)


CreateDatabase: Final = _method("CreateDatabase", "Status")
ShowCollections: Final = _method("ShowCollections")
DescribeCollection: Final = _method("DescribeCollection")
DescribeIndex: Final = _method("DescribeIndex")
LoadCollection: Final = _method("LoadCollection", "Status")
ReleaseCollection: Final = _method("ReleaseCollection", "Status")
LoadState: Final = _method("GetLoadState")
LoadingProgress: Final = _method("GetLoadingProgress")
CollectionStatistics: Final = _method("GetCollectionStatistics")
ShowPartitions: Final = _method("ShowPartitions")
ListAliases: Final = _method("ListAliases")
Query: Final = _method("Query", "QueryResults")
SelectUser: Final = _method("SelectUser")
SelectGrant: Final = _method("SelectGrant")
