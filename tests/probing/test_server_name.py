"""A certificate for another name than the host's: `server_name`, wherever it is given."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from milvus_nb.errors import ConnectError, ParamsError
from milvus_nb.params import parsing
from tests.support.helpers import wait_until

if TYPE_CHECKING:
    from milvus_nb import ConnectionRegistry
    from tests.support.servers import MilvusTestServer

# 127.0.0.2 is not in the certificate of the tests' servers, the others are.
ELSEWHERE = (
    ("127.0.0.2", "localhost"),
    ("127.0.0.1", "localhost"),
    ("localhost", "127.0.0.1"),
    ("[::1]", "localhost"),
    ("127.0.0.2", "::1"),
)


@pytest.fixture
def given(milvus_mutual_tls: MilvusTestServer) -> dict[str, Any]:
    """Give what every connection to the server with mutual TLS needs, but for its address."""
    server = milvus_mutual_tls
    return {
        "user": server.user,
        "password": server.password,
        "ca_pem_path": server.ca_pem,
        "client_pem_path": server.client_pem,
        "client_key_path": server.client_key,
    }


@pytest.mark.parametrize(("host", "name"), ELSEWHERE)
def test_the_connection_and_both_clients(
    connections: ConnectionRegistry,
    milvus_mutual_tls: MilvusTestServer,
    given: dict[str, Any],
    host: str,
    name: str,
) -> None:
    """It signs in, its clients answer, and the heartbeat goes on."""
    connections.monitor.pace.heartbeat = 0.1
    uri = f"https://{host}:{milvus_mutual_tls.port}"
    connection = connections.connect("a", uri=uri, server_name=name, **given)
    assert connection.state == "connected"
    assert connection.client.list_collections() == []

    async def names() -> object:
        return await connections.async_client("a").list_collections()

    assert asyncio.run(names()) == []
    checked = connection.checked_at
    wait_until(lambda: connection.checked_at != checked)
    assert connection.state == "connected"


def test_the_doctor_and_the_form(
    connections: ConnectionRegistry, milvus_mutual_tls: MilvusTestServer, given: dict[str, Any]
) -> None:
    """An examination goes through all layers."""
    uri = f"https://127.0.0.2:{milvus_mutual_tls.port}"
    there = parsing.parse(uri=uri, server_name="localhost", env={}, **given)
    report = connections.examine(there).wait()
    assert report.ok, report
    connections.connect("a", uri=uri, server_name="localhost", **given)
    assert connections.diagnose("a").ok


def test_a_name_that_the_certificate_does_not_have(
    connections: ConnectionRegistry, milvus_mutual_tls: MilvusTestServer, given: dict[str, Any]
) -> None:
    """It is the certificate's name that is wrong, not the password."""
    for host, name in (("localhost", "other.test"), ("127.0.0.2", "")):
        uri = f"https://{host}:{milvus_mutual_tls.port}"
        with pytest.raises(ConnectError) as failure:
            connections.connect("a", uri=uri, server_name=name, **given)
        assert failure.value.cause == "tls-name"
        assert (name or host) in str(failure.value)


@pytest.mark.parametrize(
    "option",
    [{"grpc.ssl_target_name_override": "localhost"}, {"grpc.default_authority": "localhost:1"}],
)
def test_the_same_as_an_option_of_grpc(
    connections: ConnectionRegistry,
    milvus_mutual_tls: MilvusTestServer,
    given: dict[str, Any],
    option: dict[str, str],
) -> None:
    """Who knows gRPC's own way of saying it is understood."""
    uri = f"https://127.0.0.2:{milvus_mutual_tls.port}"
    connection = connections.connect("a", uri=uri, grpc_options=option, **given)
    assert connection.client.list_collections() == []
    assert connections.diagnose("a").ok


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("127.0.0.2", "LOCALHOST"),
        ("127.0.0.2", " 'localhost.' "),
        ("127.0.0.1", "[::1]"),
    ],
)
def test_a_name_as_people_write_it(
    connections: ConnectionRegistry,
    milvus_mutual_tls: MilvusTestServer,
    given: dict[str, Any],
    host: str,
    name: str,
) -> None:
    """In capitals, with the dot of a full name, in brackets."""
    uri = f"https://{host}:{milvus_mutual_tls.port}"
    connection = connections.connect("a", uri=uri, server_name=name, **given)
    assert connection.client.list_collections() == []


def test_a_host_as_tls_knows_it() -> None:
    """Without the dot of a full name, and without an address's zone."""
    for host, name in (("db.example.", "db.example"), ("[fe80::1%eth0]", "fe80::1")):
        endpoint = parsing.parse(uri=f"https://{host}:1", env={}).endpoint
        assert endpoint.certificate_name == name


@pytest.mark.parametrize("name", ["localhost:19530", "https://localhost", "a b"])
def test_what_is_no_name_is_refused(name: str) -> None:
    """Before anything is asked: no certificate is for it."""
    with pytest.raises(ParamsError, match="server_name"):
        parsing.parse(uri="https://localhost:1", server_name=name, env={})
