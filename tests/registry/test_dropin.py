"""`connections` in the place of pymilvus's: the same calls on both, on real servers.

What is the same is here; what differs, and why, is in `test_differences`. `test_versions` runs both
with other pymilvus versions, this one also where pymilvus has no `connections` any more.
"""

from __future__ import annotations

import asyncio
import inspect
from typing import TYPE_CHECKING, Any

import nbclient
import nbformat
import pymilvus
import pytest
from pymilvus import MilvusException
from pymilvus.exceptions import ConnectionConfigException, ParamError

from milvus_nb import AliasError, ConnectionRegistry, ParamsError
from milvus_nb.registry import aliases
from tests.support.helpers import sockets_to, wait_until
from tests.support.other_pymilvus import their_registry
from tests.support.servers import FaultProxy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.servers import MilvusTestServer

# With each use of its `connections` pymilvus warns that they will go.
pytestmark = pytest.mark.filterwarnings("ignore:.*ORM-style PyMilvus API")

BOTH = ["milvus_nb", *(["pymilvus"] if hasattr(pymilvus, "connections") else [])]


@pytest.fixture(params=BOTH)
def registry(request: pytest.FixtureRequest, connections: ConnectionRegistry) -> Iterator[Any]:
    """Give our registry, then pymilvus's."""
    if request.param == "milvus_nb":
        yield connections
    else:
        with their_registry() as theirs:
            yield theirs


@pytest.mark.parametrize(
    ("method", "names"),
    [
        ("connect", ["alias", "user", "password", "db_name", "token"]),
        ("disconnect", ["alias"]),
        ("add_connection", []),
        ("remove_connection", ["alias"]),
        ("list_connections", []),
        ("has_connection", ["alias"]),
        ("get_connection_addr", ["alias"]),
        ("async_disconnect", ["alias"]),
        ("async_remove_connection", ["alias"]),
    ],
)
def test_every_method_takes_the_same_in_the_same_order(
    registry: Any, method: str, names: list[str]
) -> None:
    """By position and by name; only what is pymilvus's own has an underscore."""
    found = inspect.signature(getattr(registry, method)).parameters.values()
    positional = [one for one in found if one.kind is one.POSITIONAL_OR_KEYWORD]
    assert [one.name for one in positional if one.name[0] != "_"] == names
    takes_any = any(one.kind is one.VAR_KEYWORD for one in found)
    assert takes_any == (method in {"connect", "add_connection"})
    if method == "connect":
        assert [one.default for one in positional[:3]] == ["default", "", ""]


@pytest.mark.parametrize(
    ("place", "sign_in"),
    [
        ({"host": "localhost", "port": "PORT"}, {"user": "root", "password": "Milvus"}),
        ({"host": "localhost", "port": 0}, {"token": "root:Milvus"}),
        ({"address": "localhost:PORT"}, {"token": "root:Milvus", "secure": False}),
        ({"uri": "http://localhost:PORT"}, {"token": "root:Milvus", "timeout": 4}),
        ({"uri": "tcp://localhost:PORT"}, {"user": "root", "password": "Milvus", "token": None}),
        ({"uri": "http://root:Milvus@localhost:PORT"}, {"user": None, "password": None}),
        ({"uri": "http://localhost:PORT", "host": ""}, {"token": "root:Milvus", "db_name": ""}),
        ({"uri": "http://localhost:PORT"}, {"token": "root:Milvus", "db_name": "default"}),
    ],
)
def test_every_way_to_say_where_and_who(
    registry: Any, milvus_auth: MilvusTestServer, place: dict[str, Any], sign_in: dict[str, Any]
) -> None:
    """It connects, and is then known by its alias, with its address."""
    for name, value in place.items():
        text = value.replace("PORT", str(milvus_auth.port)) if isinstance(value, str) else value
        place = {**place, name: milvus_auth.port if text == 0 else text}
    registry.connect("prod", **place, **sign_in)
    assert registry.has_connection("prod") is True
    assert dict(registry.list_connections())["prod"] is not None
    address = registry.get_connection_addr("prod")
    assert address["address"] == milvus_auth.address
    assert address["db_name"] == "default"
    assert not address.get("secure", False)
    assert "Milvus" not in str(address)


def test_connect_takes_its_first_five_by_position(
    registry: Any, milvus_auth: MilvusTestServer
) -> None:
    """Alias, user, password, database, token."""
    registry.connect("prod", "root", "Milvus", "default", "", uri=milvus_auth.uri)
    registry.connect("again", None, None, "default", "root:Milvus", uri=milvus_auth.uri)
    assert registry.has_connection("prod")
    assert registry.has_connection(alias="again")


def test_without_an_alias_it_is_the_default_one(registry: Any, milvus: MilvusTestServer) -> None:
    """As in `Collection("books")`, which asks for the alias default."""
    registry.connect(host="localhost", port=milvus.port)
    assert registry.has_connection("default")
    assert registry.get_connection_addr("default")["address"] == milvus.address


def test_disconnecting_keeps_the_address_and_removing_forgets_it(
    registry: Any, milvus: MilvusTestServer
) -> None:
    """The alias stays in the list, without a connection, until it is removed."""
    registry.connect("prod", host="localhost", port=milvus.port)
    assert registry.disconnect("prod") is None
    assert registry.has_connection("prod") is False
    assert ("prod", None) in registry.list_connections()
    assert registry.get_connection_addr("prod")["address"] == milvus.address
    wait_until(lambda: not sockets_to(milvus.port))
    registry.connect("prod", host="localhost", port=milvus.port)
    assert registry.remove_connection("prod") is None
    assert "prod" not in dict(registry.list_connections())
    assert registry.get_connection_addr("prod") == {}
    wait_until(lambda: not sockets_to(milvus.port))


def test_an_unknown_alias_is_no_error(registry: Any) -> None:
    """To disconnect what is not connected does nothing, and nobody knows of it."""
    assert registry.disconnect("nobody") is None
    assert registry.remove_connection(alias="nobody") is None
    assert asyncio.run(registry.async_disconnect("nobody")) is None
    assert asyncio.run(registry.async_remove_connection("nobody")) is None
    assert registry.has_connection("nobody") is False
    assert registry.get_connection_addr("nobody") == {}


def test_added_aliases_are_known_but_not_connected(registry: Any) -> None:
    """The example of pymilvus's documentation, without its server."""
    added = registry.add_connection(
        default={"host": "localhost", "port": "19530"},
        dev1={"host": "localhost", "port": 19531},
        dev2={"uri": "http://random.example/random"},
        dev3={"uri": "tcp://localhost:19530"},
        dev4={"address": "localhost:19532"},
        dev5={"host": "other.example"},
        dev6={"uri": "unix:/run/milvus.sock"},
        cloud={"uri": "https://cloud.example"},
    )
    assert added is None
    addresses = {alias: registry.get_connection_addr(alias)["address"] for alias in ADDED}
    assert addresses == ADDED
    assert registry.get_connection_addr("cloud")["secure"] is True
    assert {alias: registry.has_connection(alias) for alias in ADDED} == dict.fromkeys(ADDED, False)
    assert dict(registry.list_connections()) == dict.fromkeys(ADDED)


ADDED = {
    "default": "localhost:19530",
    "dev1": "localhost:19531",
    "dev2": "random.example:19530",
    "dev3": "localhost:19530",
    "dev4": "localhost:19532",
    "dev5": "other.example:19530",
    "dev6": "unix:/run/milvus.sock",
    "cloud": "cloud.example:443",
}


def test_an_added_alias_is_where_connect_goes(registry: Any, milvus_auth: MilvusTestServer) -> None:
    """Its address, with the sign-in that connect is given."""
    registry.add_connection(prod={"host": "localhost", "port": str(milvus_auth.port)})
    registry.connect("prod", user="root", password="Milvus")
    assert registry.get_connection_addr("prod")["address"] == milvus_auth.address
    assert registry.get_connection_addr("prod")["user"] == "root"


def test_a_live_alias_does_not_move(
    registry: Any, milvus: MilvusTestServer, milvus_auth: MilvusTestServer
) -> None:
    """Neither connect nor add_connection takes it elsewhere."""
    registry.connect("prod", host="localhost", port=milvus.port)
    with pytest.raises(ConnectionConfigException):
        registry.connect("prod", uri=milvus_auth.uri, token="root:Milvus")
    with pytest.raises(ConnectionConfigException):
        registry.add_connection(prod={"uri": milvus_auth.uri})
    assert registry.has_connection("prod")
    assert registry.get_connection_addr("prod")["address"] == milvus.address
    registry.add_connection(prod={"address": milvus.address})


@pytest.mark.parametrize("alias", [None, 7, b"prod", ["prod"]])
def test_an_alias_is_text(registry: Any, milvus: MilvusTestServer, alias: Any) -> None:
    """Every method that takes one says so."""
    with pytest.raises(ConnectionConfigException):
        registry.connect(alias, uri=milvus.uri)
    for method in ("disconnect", "remove_connection", "has_connection", "get_connection_addr"):
        with pytest.raises(ConnectionConfigException):
            getattr(registry, method)(alias)
    for method in ("async_disconnect", "async_remove_connection"):
        with pytest.raises(ConnectionConfigException):
            asyncio.run(getattr(registry, method)(alias))


@pytest.mark.parametrize("alias", ["", " ", "a b\tc", "Büro 1", "🐘", "x" * 100_000, "a\nb"])
def test_an_alias_is_any_text(registry: Any, milvus: MilvusTestServer, alias: str) -> None:
    """Empty, with blanks, in any script, and very long."""
    registry.connect(alias, uri=milvus.uri)
    assert registry.has_connection(alias)
    registry.disconnect(alias)
    registry.remove_connection(alias)
    assert alias not in dict(registry.list_connections())


@pytest.mark.parametrize("port", [65536, 70_000, -1, "abc", "", None, 1.5, "19530x"])
def test_a_port_that_is_none_is_refused(registry: Any, port: Any) -> None:
    """Before anything is sent; not given is the default port."""
    if port in ("", None):
        registry.add_connection(prod={"host": "localhost", **({"port": ""} if port == "" else {})})
        assert registry.get_connection_addr("prod")["address"] == "localhost:19530"
        return
    with pytest.raises(ConnectionConfigException):
        registry.add_connection(prod={"host": "localhost", "port": port})
    with pytest.raises(ConnectionConfigException):
        registry.connect("prod", host="localhost", port=port)


@pytest.mark.parametrize("port", [1, "1", 80, 65534, "65534"])
def test_every_other_port_is_taken(registry: Any, port: Any) -> None:
    """As a number or as text."""
    registry.add_connection(prod={"host": "localhost", "port": port})
    assert registry.get_connection_addr("prod")["address"] == f"localhost:{port}"


@pytest.mark.parametrize("token", ["root:wrong", "no-key", ""])
def test_a_refused_sign_in_is_pymilvus_exception_and_leaves_nothing(
    registry: Any, milvus_auth: MilvusTestServer, token: str
) -> None:
    """`except MilvusException` catches it; its code is 2, failed to connect."""
    with pytest.raises(MilvusException) as failure:
        registry.connect("prod", uri=milvus_auth.uri, token=token, timeout=3)
    assert failure.value.code == 2
    assert milvus_auth.address in failure.value.message
    assert registry.has_connection("prod") is False
    assert "prod" not in dict(registry.list_connections())


# --- Ours alone: what pymilvus cannot show ------------------------------------------------------


def test_async_methods_close_and_forget(
    connections: ConnectionRegistry, milvus: MilvusTestServer
) -> None:
    """`async_disconnect` keeps the address, `async_remove_connection` forgets it, too."""

    async def close_both() -> None:
        await connections.async_disconnect("a")
        await connections.async_remove_connection(alias="b")

    for alias in ("a", "b"):
        connections.connect(alias, uri=milvus.uri)
    asyncio.run(close_both())
    assert connections.list_connections() == [("a", None)]
    assert sockets_to(milvus.port) == []


def test_refusals_have_the_classes_of_the_milvus_documentation(
    connections: ConnectionRegistry,
) -> None:
    """NotImplementedError for a handler, ParamError for a pool; the defaults are taken."""
    with pytest.raises(NotImplementedError):
        connections.connect(handler="HTTP")
    with pytest.raises(ParamError):
        connections.connect(pool="SingletonThread")
    with pytest.raises(ConnectionConfigException, match="async_client"):
        connections.connect(_async=True)
    with pytest.raises(ConnectionConfigException, match="database"):
        connections.connect(_unbind_with_db=True)
    connections.add_connection(a={"handler": "GRPC", "pool": "QueuePool", "keep_alive": True})
    connections.add_connection(b={"_async": False, "_unbind_with_db": False, "keep_alive": None})
    assert len(connections.list_connections()) == 2


@pytest.mark.parametrize("config", [None, 7, "localhost:19530", ["host"]])
def test_add_connection_takes_dicts(connections: ConnectionRegistry, config: Any) -> None:
    """Anything else is refused with an example, and of several aliases none is added."""
    with pytest.raises(ParamsError, match="add_connection"):
        connections.add_connection(good={"host": "localhost"}, bad=config)
    assert connections.list_connections() == []


def test_what_is_given_changes_what_is_remembered(
    connections: ConnectionRegistry, milvus_auth: MilvusTestServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without an address it is the alias's own, not that of the environment; the rest stays."""
    monkeypatch.setenv("MILVUS_URI", "http://elsewhere.example:1")
    connections.add_connection(prod={"uri": f"{milvus_auth.uri}/sales", "token": "root:wrong"})
    found = connections.start_connect("prod", db_name="default", password="Milvus").wait()
    assert (found.address, found.user, found.db_name) == (milvus_auth.address, "root", "default")
    with pytest.raises(AliasError, match=r"differ in database \(the server's default, not other\)"):
        connections.connect("prod", db_name="other")
    connections.disconnect("prod")
    with pytest.raises(ParamsError, match="no password"):
        connections.connect("prod", user="anna")  # never anna with root's password
    assert connections.connect("prod", timeout=7).params.timeout == 7


def test_a_replaced_sign_in_keeps_the_address(
    connections: ConnectionRegistry, milvus_auth: MilvusTestServer
) -> None:
    """A rotated token needs only the alias."""
    connections.connect("prod", uri=milvus_auth.uri, user="root", password="Milvus")
    with pytest.raises(MilvusException, match="Wrong password"):
        connections.connect("prod", password=123456, replace=True)  # type: ignore[arg-type]  # as users do
    assert connections.has_connection("prod")
    assert connections.connect("prod", token="root:Milvus").address == milvus_auth.address


@pytest.mark.parametrize("port", [0, 65536, "65536", True, "٣٣", 10**30, "0x10"])
def test_ports_are_1_to_65535(connections: ConnectionRegistry, port: Any) -> None:
    """Whatever way they are written."""
    with pytest.raises(ParamsError, match="port"):
        connections.add_connection(prod={"port": port})
    for highest in (65535, "65535"):
        connections.add_connection(prod={"port": highest})
        assert connections.get_connection_addr("prod")["address"] == "localhost:65535"


def test_an_alias_that_no_server_could_be_told_is_refused(
    connections: ConnectionRegistry,
) -> None:
    """Half a character can be sent nowhere: not later, by the client, but at once."""
    with pytest.raises(ParamsError, match="alias"):
        connections.connect("\ud800")
    with pytest.raises(ParamsError, match="alias"):
        connections.add_connection(**{"\ud800": {}})


def test_the_limit_counts_connections_not_names(
    connections: ConnectionRegistry, milvus: MilvusTestServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """65,536, here lowered: names are free, a live alias is reused, and a closed one makes room."""
    assert aliases.MAX_CONNECTIONS == 65_536
    monkeypatch.setattr(aliases, "MAX_CONNECTIONS", 2)
    connections.add_connection(**{f"name{number}": {} for number in range(5)})
    connections.connect("a", uri=milvus.uri)
    connections.connect("b", uri=milvus.uri)
    with pytest.raises(ConnectionConfigException, match="limit"):
        connections.connect("c", uri=milvus.uri)
    assert not connections.has_connection("c")
    connections.connect("b", uri=milvus.uri)
    connections.connect("b", uri=milvus.uri, db_name="default", replace=True)
    connections.disconnect("a")
    connections.connect("c", uri=milvus.uri)
    assert [alias for alias, live in connections.list_connections() if live] == ["b", "c"]


# --- The seed of this project -------------------------------------------------------------------

CONNECT = """\
from milvus_nb import connections
connections.connect(
  alias="default",
  uri="localhost:19530",
  token="root:Milvus",
)
"""


@pytest.mark.matrix  # beside it others look whether anything is on the usual ports
@pytest.mark.usefixtures("usual_ports")
def test_the_notebook_of_milvus_documentation_runs_with_another_import(
    milvus_auth: MilvusTestServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The Python lines of "Manage Milvus Connections", on a server that needs a sign-in."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    lines = [CONNECT, "connections.list_connections()", 'connections.disconnect("default")']
    lines.append('connections.has_connection("default"), connections.list_connections()')
    cells = [nbformat.v4.new_code_cell(line) for line in lines]
    notebook = nbformat.v4.new_notebook(cells=cells)
    with FaultProxy(("127.0.0.1", milvus_auth.port), port=19530):
        client = nbclient.NotebookClient(notebook, resources={"metadata": {"path": str(tmp_path)}})
        client.execute()
    connected, listed, disconnected, after = (str(cell.outputs) for cell in notebook.cells)
    assert "connected" in connected
    assert "root" in connected
    assert "localhost:19530" in listed
    assert disconnected == "[]"
    assert "(False, [('default', None)])" in after
    assert "root:Milvus" not in connected + listed + after
