"""What the tests connect to.

Real Milvus servers (`milvus`), and what goes wrong on the way to one: a proxy that fails on command
(`faults`), peers that are something else (`peers`), and broken networks (`namespaces`).
"""

from tests.support.servers.certificates import (
    Certificates,
    make_certificates,
    make_self_signed,
    server_tls,
)
from tests.support.servers.faults import FaultProxy
from tests.support.servers.milvus import MilvusTestServer, why_no_server
from tests.support.servers.namespaces import run_in_namespace, why_no_namespaces
from tests.support.servers.peers import (
    HEALTHY,
    ConnectProxy,
    ConnectRequest,
    FullBacklog,
    GatewayPeer,
    MilvusCall,
    MysqlPeer,
    Peer,
    PostgresPeer,
    RedisPeer,
    ScriptedMilvus,
    SilentPeer,
    SmtpPeer,
    SshPeer,
    WebServer,
    grpc_answer,
)

__all__ = [
    "HEALTHY",
    "Certificates",
    "ConnectProxy",
    "ConnectRequest",
    "FaultProxy",
    "FullBacklog",
    "GatewayPeer",
    "MilvusCall",
    "MilvusTestServer",
    "MysqlPeer",
    "Peer",
    "PostgresPeer",
    "RedisPeer",
    "ScriptedMilvus",
    "SilentPeer",
    "SmtpPeer",
    "SshPeer",
    "WebServer",
    "grpc_answer",
    "make_certificates",
    "make_self_signed",
    "run_in_namespace",
    "server_tls",
    "why_no_namespaces",
    "why_no_server",
]
