"""The four Milvus calls that a probe makes, without pymilvus.

Connecting needs Connect, GetVersion, CheckHealth and ListDatabases, and of their messages only a
few fields. pymilvus has all of them, but importing it takes some ten times as long as connecting
does. So the fields are declared here, in a descriptor pool of their own that cannot collide with
pymilvus's. The numbers are those of milvus-proto (``milvus.proto`` and ``common.proto``); protobuf
skips the fields that we do not name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.descriptor_pb2 import FieldDescriptorProto as Field

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TypeAlias

__all__ = ["CheckHealth", "Connect", "GetVersion", "ListDatabases", "Method", "message_classes"]

_PACKAGE: Final = "milvus_nb.wire"
SERVICE: Final = "/milvus.proto.milvus.MilvusService/"

_SCALARS: Final = {
    "bool": Field.TYPE_BOOL,
    "bytes": Field.TYPE_BYTES,
    "double": Field.TYPE_DOUBLE,
    "float": Field.TYPE_FLOAT,
    "int32": Field.TYPE_INT32,
    "int64": Field.TYPE_INT64,
    "uint64": Field.TYPE_UINT64,
    "string": Field.TYPE_STRING,
}

#: A message's fields: name, number, type, whether it is repeated. Enums are int32 on the wire.
Fields: TypeAlias = tuple[tuple[str, int, str, bool], ...]

_MESSAGES: Final[dict[str, Fields]] = {
    "Status": (
        ("error_code", 1, "int32", False),
        ("reason", 2, "string", False),
        ("code", 3, "int32", False),
    ),
    "ClientInfo": (
        ("sdk_type", 1, "string", False),
        ("sdk_version", 2, "string", False),
        ("local_time", 3, "string", False),
        ("user", 4, "string", False),
        ("host", 5, "string", False),
    ),
    "ServerInfo": (("build_tags", 1, "string", False), ("deploy_mode", 5, "string", False)),
    "Empty": (),
    "ConnectRequest": (("client_info", 2, "ClientInfo", False),),
    "ConnectResponse": (("status", 1, "Status", False), ("server_info", 2, "ServerInfo", False)),
    "GetVersionResponse": (("status", 1, "Status", False), ("version", 2, "string", False)),
    "CheckHealthResponse": (
        ("status", 1, "Status", False),
        ("isHealthy", 2, "bool", False),
        ("reasons", 3, "string", True),
        ("quota_states", 4, "int32", True),
    ),
    "ListDatabasesResponse": (("status", 1, "Status", False), ("db_names", 2, "string", True)),
}


def message_classes(package: str, messages: Mapping[str, Fields]) -> dict[str, Any]:
    """Make the classes of messages, in a descriptor pool of their own.

    Parameters
    ----------
    package
        Of the messages; any name.
    messages
        Their fields, whose types are scalars or messages among them.
    """
    file = descriptor_pb2.FileDescriptorProto(
        name=f"{package}.proto", package=package, syntax="proto3"
    )
    for name, fields in messages.items():
        message = file.message_type.add(name=name)
        for field_name, number, type_name, repeated in fields:
            field = message.field.add(
                name=field_name,
                number=number,
                label=Field.LABEL_REPEATED if repeated else Field.LABEL_OPTIONAL,
            )
            if type_name in _SCALARS:
                field.type = _SCALARS[type_name]
            else:
                field.type = Field.TYPE_MESSAGE
                field.type_name = f".{package}.{type_name}"
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(file.SerializeToString())
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{package}.{name}"))
        for name in messages
    }


_CLASSES: Final = message_classes(_PACKAGE, _MESSAGES)


class Method:
    """One unary call of ``MilvusService``.

    Parameters
    ----------
    name
        The method's name in the service.
    request, response
        Names of the messages.
    classes
        Where they are; by default among those of this module.
    """

    def __init__(
        self, name: str, request: str, response: str, classes: Mapping[str, Any] = _CLASSES
    ) -> None:
        self.name = name
        self.path = SERVICE + name
        self.request = classes[request]
        self.response = classes[response]


Connect: Final = Method("Connect", "ConnectRequest", "ConnectResponse")
GetVersion: Final = Method("GetVersion", "Empty", "GetVersionResponse")
CheckHealth: Final = Method("CheckHealth", "Empty", "CheckHealthResponse")
ListDatabases: Final = Method("ListDatabases", "Empty", "ListDatabasesResponse")

# QuotaState of milvus.proto, in the words of a user.
QUOTA_STATES: Final = {
    2: "reading is slowed down",
    3: "writing is slowed down",
    4: "reading is denied",
    5: "writing is denied",
    6: "changing the schema is denied",
}
