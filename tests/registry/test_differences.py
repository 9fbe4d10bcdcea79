"""Where `connections` differs from pymilvus's: the harm there, and what ours does instead.

One test for each row of the table in docs/how-to/old-notebooks.md.
"""

from __future__ import annotations

import asyncio
import warnings
from typing import TYPE_CHECKING, Any

import pytest
from pymilvus import MilvusException
from pymilvus.exceptions import ConnectionConfigException, ParamError
from pymilvus.settings import Config

from milvus_nb import AliasError, ConnectError, ConnectionRegistry, ParamsError
from tests.support.helpers import free_port, sockets_to, wait_until
from tests.support.other_pymilvus import their_registry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.support.servers import MilvusTestServer

# With each use of its `connections` pymilvus warns that they will go.
pytestmark = pytest.mark.filterwarnings("ignore:.*ORM-style PyMilvus API")


@pytest.fixture
def theirs() -> Iterator[Any]:
    """Give pymilvus's own registry."""
    with their_registry() as found:
        yield found


@pytest.fixture
def ours(connections: ConnectionRegistry) -> ConnectionRegistry:
    """Give ours, by the name that it has here."""
    return connections


def test_an_address_without_a_scheme(
    theirs: Any, ours: ConnectionRegistry, milvus_auth: MilvusTestServer
) -> None:
    """Milvus's own documentation writes it; pymilvus refuses it."""
    given: dict[str, Any] = {"uri": milvus_auth.address, "token": "root:Milvus"}
    with pytest.raises(ConnectionConfigException, match="is illegal"):
        theirs.connect("prod", **given)
    assert ours.connect("prod", **given).state == "connected"


def test_credentials_of_an_added_alias(
    theirs: Any, ours: ConnectionRegistry, milvus_auth: MilvusTestServer
) -> None:
    """Pymilvus forgets them, and signs in as nobody."""
    config = {"uri": milvus_auth.uri, "token": "root:Milvus"}
    theirs.add_connection(prod=config)
    with pytest.raises(MilvusException):
        theirs.connect("prod", timeout=2)
    ours.add_connection(prod=config)
    assert ours.connect("prod").user == "root"


def test_a_token_for_an_added_alias(
    theirs: Any, ours: ConnectionRegistry, milvus_auth: MilvusTestServer
) -> None:
    """Pymilvus drops it without a word."""
    for registry in (theirs, ours):
        registry.add_connection(prod={"uri": milvus_auth.uri})
    with pytest.raises(MilvusException):
        theirs.connect("prod", token="root:Milvus", timeout=2)
    assert ours.connect("prod", token="root:Milvus").user == "root"


def test_connecting_a_disconnected_alias_again(
    theirs: Any, ours: ConnectionRegistry, milvus_auth: MilvusTestServer
) -> None:
    """Pymilvus fails in its own code; ours comes back as it was."""
    for registry in (theirs, ours):
        registry.connect("prod", uri=milvus_auth.uri, token="root:Milvus")
        registry.disconnect("prod")
    with pytest.raises(TypeError, match="db_name"):
        theirs.connect("prod")
    assert ours.connect("prod").user == "root"


def test_the_environment_and_an_alias(
    run_python: Callable[[str], str], milvus: MilvusTestServer, milvus_auth: MilvusTestServer
) -> None:
    """With MILVUS_URI set, pymilvus goes there whatever the alias says."""
    told = run_python(
        "import os, warnings\n"
        "warnings.simplefilter('ignore')\n"
        f"os.environ['MILVUS_URI'] = {milvus.uri!r}\n"
        "import pymilvus, milvus_nb\n"
        "for registry in (pymilvus.connections, milvus_nb.connections):\n"
        f"    registry.add_connection(prod={{'address': {milvus_auth.address!r}}})\n"
        "    registry.connect('prod', user='root', password='Milvus')\n"
        "    print(registry.get_connection_addr('prod')['address'])\n"
        "    registry.disconnect('prod')\n"
    )
    assert told.split() == [milvus.address, milvus_auth.address]


def test_a_failed_reconnect(
    theirs: Any, ours: ConnectionRegistry, milvus_auth: MilvusTestServer
) -> None:
    """Pymilvus loses the connection that worked."""
    for registry in (theirs, ours):
        registry.connect("prod", uri=milvus_auth.uri, token="root:Milvus")
        with pytest.raises(MilvusException):
            registry.connect("prod", uri=milvus_auth.uri, token="root:wrong", timeout=2)
    assert not theirs.has_connection("prod")
    with pytest.raises(ConnectError):
        ours.connect("prod", uri=milvus_auth.uri, token="root:wrong", replace=True)
    assert ours.client("prod").list_collections() is not None


def test_connecting_twice(theirs: Any, ours: ConnectionRegistry, milvus: MilvusTestServer) -> None:
    """Pymilvus opens another connection and never closes the first, which a cell may hold."""
    theirs.connect("prod", uri=milvus.uri)
    first = theirs._fetch_handler("prod")  # as a Collection holds it
    theirs.connect("prod", uri=milvus.uri)
    theirs.disconnect("prod")
    assert first.get_server_version().startswith("v2.3")
    assert sockets_to(milvus.port) != []
    first.close()
    wait_until(lambda: not sockets_to(milvus.port))
    connection = ours.connect("prod", uri=milvus.uri)
    assert ours.connect("prod", uri=milvus.uri) is connection
    ours.disconnect("prod")
    assert sockets_to(milvus.port) == []


def test_a_live_alias_with_another_user_or_database(
    theirs: Any, ours: ConnectionRegistry, milvus_auth: MilvusTestServer
) -> None:
    """Pymilvus swaps them under everything that uses the alias."""
    for registry in (theirs, ours):
        registry.connect("prod", uri=milvus_auth.uri, token="root:Milvus")
    theirs.connect("prod", uri=milvus_auth.uri, token="root:Milvus", db_name="nowhere")
    assert theirs.get_connection_addr("prod")["db_name"] == "nowhere"
    with pytest.raises(AliasError, match="database") as failure:
        ours.connect("prod", uri=milvus_auth.uri, token="root:Milvus", db_name="nowhere")
    assert "replace=True" in str(failure.value)
    assert ours["prod"].db_name == "default"


def test_ports(theirs: Any, ours: ConnectionRegistry) -> None:
    """Pymilvus refuses the last one, tries port 0, and has a bare ValueError for one in a URI."""
    with pytest.raises(ConnectionConfigException, match="out of range"):
        theirs.add_connection(a={"port": 65535})
    theirs.add_connection(a={"port": 0})
    with pytest.raises(ValueError, match="Port out of range") as failure:
        theirs.add_connection(a={"uri": "http://localhost:99999"})
    assert not isinstance(failure.value, MilvusException)
    ours.add_connection(a={"port": 65535})
    for refused in ({"port": 0}, {"uri": "http://localhost:99999"}):
        with pytest.raises(ConnectionConfigException, match="1 to 65535"):
            ours.add_connection(b=refused)


def test_ipv6(theirs: Any, ours: ConnectionRegistry, milvus: MilvusTestServer) -> None:
    """Pymilvus refuses it."""
    for given in ({"uri": f"http://[::1]:{milvus.port}"}, {"host": "::1", "port": milvus.port}):
        with pytest.raises(ConnectionConfigException):
            theirs.add_connection(prod=given)
        ours.add_connection(prod=given)
    assert ours.connect("prod").address == f"[::1]:{milvus.port}"


def test_an_encoded_password_in_a_uri(
    theirs: Any, ours: ConnectionRegistry, milvus_auth: MilvusTestServer
) -> None:
    """Pymilvus sends the percent signs."""
    root = ours.connect("root", uri=milvus_auth.uri, token="root:Milvus").client
    root.create_user("anna", "p@ss/word")
    try:
        uri = f"http://anna:p%40ss%2Fword@{milvus_auth.address}"
        with pytest.raises(MilvusException):
            theirs.connect("anna", uri=uri, timeout=2)
        assert ours.connect("anna", uri=uri).user == "anna"
    finally:
        root.drop_user("anna")


def test_a_database_in_a_uri_and_one_that_is_not_there(
    theirs: Any, ours: ConnectionRegistry, milvus: MilvusTestServer
) -> None:
    """Pymilvus overlooks the one, and says nothing of the other until the first call."""
    theirs.connect("prod", uri=f"{milvus.uri}/nowhere")
    assert theirs.get_connection_addr("prod")["db_name"] == "default"
    theirs.connect("prod", uri=milvus.uri, db_name="nowhere")
    with pytest.raises(ConnectError, match="no database nowhere"):
        ours.connect("prod", uri=f"{milvus.uri}/nowhere")
    with pytest.raises(ConnectError, match="no database nowhere"):
        ours.connect("prod", uri=milvus.uri, db_name="nowhere")


@pytest.mark.parametrize(
    "given",
    [{"tokn": "root:Milvus"}, {"handler": "HTTP"}, {"pool": "SingletonThread"}, {"timeout": "5"}],
)
def test_what_pymilvus_does_not_know(
    theirs: Any, ours: ConnectionRegistry, milvus: MilvusTestServer, given: dict[str, Any]
) -> None:
    """It goes on without; ours says so, for a near miss with the word that was meant."""
    theirs.connect("prod", uri=milvus.uri, **given)
    with pytest.raises((ParamsError, NotImplementedError, ParamError)) as failure:
        ours.connect("prod", uri=milvus.uri, **given)
    assert "tokn" not in given or "Did you mean 'token'?" in str(failure.value)


def test_contradictions(theirs: Any, ours: ConnectionRegistry, milvus: MilvusTestServer) -> None:
    """Of two addresses or two users pymilvus takes one, and of half a sign-in nothing."""
    cases: list[dict[str, Any]] = [
        {"address": milvus.address, "uri": "http://elsewhere.example:1"},
        {"uri": f"http://anna:secret@{milvus.address}", "user": "bert", "password": "secret"},
        {"uri": milvus.uri, "user": "anna", "password": "secret", "token": "bert:secret"},
        {"uri": milvus.uri, "user": "anna"},
        {"uri": milvus.uri, "password": "secret"},
    ]
    for given in cases:
        theirs.connect("prod", **given)
        with pytest.raises(ParamsError):
            ours.connect("prod", **given)


def test_a_certificate_without_secure(
    theirs: Any, ours: ConnectionRegistry, milvus_auth: MilvusTestServer, tmp_path: Any
) -> None:
    """Pymilvus then sends the password in clear, and never looks at the file."""
    given: dict[str, Any] = {"uri": milvus_auth.uri, "token": "root:Milvus"}
    theirs.connect("prod", **given, server_pem_path="/nowhere/server.pem")
    with pytest.raises(ParamsError, match="server_pem_path"):
        ours.connect("prod", **given, server_pem_path="/nowhere/server.pem")
    with pytest.raises(ConnectError, match="TLS"):
        ours.connect("prod", **given, server_name="localhost")


def test_why_it_failed(
    theirs: Any, ours: ConnectionRegistry, milvus_auth: MilvusTestServer
) -> None:
    """Pymilvus has one sentence for all."""
    closed = f"http://localhost:{free_port()}"
    for uri, why in (
        (milvus_auth.uri, "Wrong password for user root"),
        (closed, "[Nn]othing listens"),
    ):
        with pytest.raises(MilvusException, match="illegal connection params or server unavail"):
            theirs.connect("prod", uri=uri, token="root:wrong", timeout=1)
        with pytest.raises(MilvusException, match=why):
            ours.connect("prod", uri=uri, token="root:wrong", timeout=1)


def test_async_disconnect(theirs: Any, ours: ConnectionRegistry, milvus: MilvusTestServer) -> None:
    """Pymilvus closes the connection, and then fails."""
    for registry in (theirs, ours):
        registry.connect("prod", uri=milvus.uri)
    with pytest.raises(TypeError, match="await"):
        asyncio.run(theirs.async_disconnect("prod"))
    asyncio.run(ours.async_disconnect("prod"))
    assert sockets_to(milvus.port) == []


def test_the_list_at_the_start(run_python: Callable[[str], str]) -> None:
    """Pymilvus has an alias `default` that nobody made."""
    told = run_python(
        "import warnings\n"
        "warnings.simplefilter('ignore')\n"
        "import pymilvus, milvus_nb\n"
        "print(pymilvus.connections.list_connections(), milvus_nb.connections.list_connections())\n"
    )
    assert told.strip() == "[('default', None)] []"


def test_what_get_connection_addr_gives(
    theirs: Any, ours: ConnectionRegistry, milvus_auth: MilvusTestServer
) -> None:
    """Pymilvus gives what it works with, and leaves out the user of a token."""
    for registry in (theirs, ours):
        registry.connect("prod", uri=milvus_auth.uri, token="root:Milvus")
        registry.get_connection_addr("prod")["address"] = "spoilt"
    assert theirs.get_connection_addr("prod") == {
        "address": "spoilt",
        "user": "",
        "db_name": "default",
    }
    assert ours.get_connection_addr("prod") == {
        "address": milvus_auth.address,
        "user": "root",
        "db_name": "default",
        "secure": False,
    }


def test_what_connect_gives(
    theirs: Any, ours: ConnectionRegistry, milvus: MilvusTestServer
) -> None:
    """Pymilvus gives nothing; ours shows what it found."""
    assert theirs.connect("prod", uri=milvus.uri) is None
    assert "v2.3" in repr(ours.connect("prod", uri=milvus.uri))


def test_a_name_that_nobody_made(
    theirs: Any, ours: ConnectionRegistry, milvus: MilvusTestServer, monkeypatch: Any
) -> None:
    """Pymilvus refuses it; ours goes where `default` goes."""
    with pytest.raises(ConnectionConfigException, match="configuration"):
        theirs.connect("new")
    monkeypatch.setenv("MILVUS_URI", milvus.uri)
    assert ours.connect("new").address == milvus.address


def test_none(theirs: Any, ours: ConnectionRegistry, milvus: MilvusTestServer) -> None:
    """Pymilvus fails at some; for ours it always means "not given"."""
    for name in ("uri", "address", "host", "port", "secure", "server_pem_path", "timeout"):
        given: dict[str, Any] = {"host": "localhost", "port": milvus.port, name: None}
        if name in ("host", "port"):
            given |= {"uri": milvus.uri}
        ours.connect("prod", **given)
    for name in ("uri", "address", "secure"):
        with pytest.raises(MilvusException):
            theirs.connect("prod", host="localhost", port=milvus.port, **{name: None})


def test_the_time_that_connecting_may_take(ours: ConnectionRegistry) -> None:
    """10 s of a silent cell are long."""
    assert pytest.approx(10) == Config.MILVUS_CONN_TIMEOUT
    assert ours.timeout == 5


@pytest.mark.filterwarnings("default:.*ORM-style PyMilvus API")
def test_warnings(theirs: Any, ours: ConnectionRegistry, milvus: MilvusTestServer) -> None:
    """Pymilvus warns with every call that its `connections` will go."""
    for registry, how_many in ((theirs, 2), (ours, 0)):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            registry.connect("prod", uri=milvus.uri)
            registry.disconnect("prod")
        assert len(caught) == how_many
