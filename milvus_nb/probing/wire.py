"""The four Milvus calls that a probe makes, without pymilvus.

Connecting needs Connect, GetVersion, CheckHealth and ListDatabases, and of their messages only a
few fields. pymilvus has all of them, but importing it takes some ten times as long as connecting
does. So the fields are declared here, in a descriptor pool of their own that cannot collide with
pymilvus's. The numbers are those of milvus-proto (``milvus.proto`` and ``common.proto``); protobuf
skips the fields that we do not name.
"""

from __future__ import annotations

from typing import Any, Final

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.descriptor_pb2 import FieldDescriptorProto as Field

__all__ = ["CheckHealth", "Connect", "GetVersion", "ListDatabases", "Method"]

_PACKAGE: Final = "milvus_nb.wire"
SERVICE: Final = "/milvus.proto.milvus.MilvusService/"

_SCALARS: Final = {
    "bool": Field.TYPE_BOOL,
    "int32": Field.TYPE_INT32,
    "string": Field.TYPE_STRING,
}

# message -> ((field, number, type, repeated), …). Enums are int32 on the wire.
_MESSAGES: Final[dict[str, tuple[tuple[str, int, str, bool], ...]]] = {
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
    "ConnectResponse": (
        ("status", 1, "Status", False),
        ("server_info", 2, "ServerInfo", False),
    ),
    "GetVersionResponse": (("status", 1, "Status", False), ("version", 2, "string", False)),
    "CheckHealthResponse": (
        ("status", 1, "Status", False),
        ("isHealthy", 2, "bool", False),
        ("reasons", 3, "string", True),
        ("quota_states", 4, "int32", True),
    ),
    "ListDatabasesResponse": (
        ("status", 1, "Status", False),
        ("db_names", 2, "string", True),
    ),
}


def _message_classes() -> dict[str, Any]:
    file = descriptor_pb2.FileDescriptorProto(
        name="milvus_nb/wire.proto", package=_PACKAGE, syntax="proto3"
    )
    for name, fields in _MESSAGES.items():
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
                field.type_name = f".{_PACKAGE}.{type_name}"
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(file.SerializeToString())
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.{name}"))
        for name in _MESSAGES
    }


_CLASSES: Final = _message_classes()


class Method:
    """One unary call of ``MilvusService``.

    Parameters
    ----------
    name
        The method's name in the service.
    request, response
        Names of the messages in this module.
    """

    def __init__(self, name: str, request: str, response: str) -> None:
        self.name = name
        self.path = SERVICE + name
        self.request = _CLASSES[request]
        self.response = _CLASSES[response]


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
