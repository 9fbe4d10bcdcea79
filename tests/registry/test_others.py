"""What other code of this kernel opened: found, named, given an alias, closed for real."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pymilvus
import pytest
from pymilvus import Collection, MilvusClient

from milvus_nb import AliasError
from milvus_nb.registry.variables import holders
from tests.support.helpers import sockets_to, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from IPython.core.interactiveshell import InteractiveShell

    from milvus_nb import Connection, ConnectionRegistry
    from tests.support.kernels import Kernel
    from tests.support.servers import FaultProxy, MilvusTestServer

pytestmark = pytest.mark.filterwarnings("ignore:.*ORM-style PyMilvus API")


@pytest.fixture(autouse=True)
def _nothing_is_left_open(connections: ConnectionRegistry) -> Iterator[None]:
    """Close what a test has opened with pymilvus; the next one would find it."""
    yield
    connections.look().wait()
    for other in connections.others():
        connections.disconnect(other.alias)
    pymilvus.connections.remove_connection("old")  # which remembers it


def others(connections: ConnectionRegistry) -> dict[str, Connection]:
    """Look, and give what was found by name."""
    connections.look().wait()
    return {other.alias: other for other in connections.others()}


def test_two_clients_of_others_are_listed_named_and_closed_for_real(
    connections: ConnectionRegistry, milvus_auth: MilvusTestServer, ip: InteractiveShell
) -> None:
    """One of the ORM, one shared MilvusClient in a variable; their sockets are gone afterwards."""
    port = milvus_auth.port
    pymilvus.connections.connect("old", host="localhost", port=port, user="root", password="Milvus")
    ip.user_ns["client"] = MilvusClient(milvus_auth.uri, token="root:Milvus")
    found = others(connections)
    assert set(found) == {"orm:old", "client:client"}
    one, other = found["orm:old"], found["client:client"]
    assert (one.origin, one.user, one.state) == ("pymilvus connections", "root", "connected")
    assert (other.origin, other.user, other.state) == ("MilvusClient", "root", "connected")
    assert (one.db_name, other.db_name, other.users) == ("default", "default", ["client"])
    connections.disconnect("orm:old")
    connections.disconnect("client:client")
    assert sockets_to(port) == []
    assert not pymilvus.connections.has_connection("old")
    with pytest.raises(pymilvus.MilvusException, match="create connection first"):
        ip.user_ns["client"].list_collections()
    assert others(connections) == {}


def test_a_client_that_was_closed_but_left_its_socket_open_is_found(
    connections: ConnectionRegistry, milvus: MilvusTestServer
) -> None:
    """A shared client's connection stays for the life of the process; we can end it."""
    client = MilvusClient(milvus.uri)
    client.close()
    assert len(sockets_to(milvus.port)) == 1
    [found] = others(connections).values()
    assert (found.origin, found.users) == ("MilvusClient", [])
    connections.disconnect(found.alias)
    assert sockets_to(milvus.port) == []


def test_who_uses_it_is_told_wherever_it_is_kept(
    connections: ConnectionRegistry,
    milvus: MilvusTestServer,
    make_database: Callable[[MilvusTestServer, str], str],
    ip: InteractiveShell,
) -> None:
    """Variables, stores as LangChain and LlamaIndex have them, Collections of the ORM."""

    class Vectors:
        """Keeps its client where pydantic's models do, and so LlamaIndex's store."""

        __slots__ = ("__pydantic_private__",)

    database = make_database(milvus, "held_here")
    client = MilvusClient(milvus.uri, db_name=database)
    vectors = Vectors()
    object.__setattr__(vectors, "__pydantic_private__", {"_milvusclient": client})
    ip.user_ns.update(
        store=SimpleNamespace(_milvus_client=client),
        index=SimpleNamespace(_vector_store=vectors),
        kept={"clients": [client]},
    )
    pymilvus.connections.connect("old", host="localhost", port=milvus.port, db_name=database)
    client.create_collection("held", dimension=4)
    ip.user_ns["books"] = Collection("held", using="old")
    found = others(connections)
    assert found["client:store._milvus_client"].users == [
        "store._milvus_client",
        "index._vector_store._milvusclient",
        "kept['clients'][0]",
    ]
    assert found["orm:old"].users == ["books"]
    client.drop_collection("held")


def test_an_adopted_connection_is_one_of_ours_with_its_own_client(
    connections: ConnectionRegistry, milvus: MilvusTestServer, ip: InteractiveShell
) -> None:
    """It has an alias, is watched, gives that very client, and closes for real."""
    client = ip.user_ns["client"] = MilvusClient(milvus.uri)
    others(connections)
    events = []
    connections.subscribe(lambda event: events.append((event.kind, event.alias)))
    connection = connections.adopt("client:client", "mine")
    assert events == [("removed", "client:client"), ("added", "mine"), ("current", "mine")]
    assert connections["mine"] is connection is connections.current
    assert connections.client("mine") is client
    assert connection.ping(2).count == 2
    assert others(connections) == {}
    connections.disconnect("mine")
    assert sockets_to(milvus.port) == []
    assert connections.connect("mine").state == "connected"  # remembered


def test_an_alias_of_the_orm_can_be_adopted_under_its_name(
    connections: ConnectionRegistry, milvus: MilvusTestServer
) -> None:
    """It goes on working in the ORM, has a MilvusClient now, and closing ends both."""
    pymilvus.connections.connect("old", host="localhost", port=milvus.port)
    others(connections)
    connections.adopt("orm:old", "old")
    assert isinstance(pymilvus.utility.list_collections(using="old"), list)
    assert isinstance(connections.client("old").list_collections(), list)
    connections.disconnect("old")
    assert sockets_to(milvus.port) == []
    assert not pymilvus.connections.has_connection("old")


def test_what_cannot_be_adopted_is_said(
    connections: ConnectionRegistry, milvus: MilvusTestServer, ip: InteractiveShell
) -> None:
    """An unknown name, a taken alias, and a connection that has an alias."""
    ip.user_ns["client"] = MilvusClient(milvus.uri)
    others(connections)
    connections.connect("prod", uri=milvus.address)
    with pytest.raises(AliasError, match=r"no connection client:clint.*\n.*\n.*client:client"):
        connections.adopt("client:clint", "mine")
    with pytest.raises(AliasError, match="The alias prod is taken"):
        connections.adopt("client:client", "prod")
    with pytest.raises(AliasError, match="prod is one of our own"):
        connections.adopt("prod", "mine")
    with pytest.raises(AliasError, match=r"%milvus adopt client:client -a ALIAS"):
        connections.use("client:client")


def test_one_that_its_owner_closes_goes_away_here(
    connections: ConnectionRegistry, milvus: MilvusTestServer, ip: InteractiveShell
) -> None:
    """Adopted or not; and nothing of it stays open."""
    client = ip.user_ns["client"] = MilvusClient(milvus.uri, dedicated=True)
    pymilvus.connections.connect("old", host="localhost", port=milvus.port)
    others(connections)
    connections.adopt("client:client", "mine")
    client.close()
    pymilvus.connections.disconnect("old")
    assert others(connections) == {}
    assert connections.aliases() == []
    assert sockets_to(milvus.port) == []


def test_its_state_is_measured_like_ours(connections: ConnectionRegistry, way: FaultProxy) -> None:
    """A server that dies is unreachable within a moment, without a look."""
    client = MilvusClient(f"http://{way.address}")
    [found] = others(connections).values()
    assert found.state == "connected"
    way.refuse()
    way.reset_all()
    wait_until(lambda: found.state == "unreachable")
    assert found.reason
    del client


def test_it_follows_its_database(
    connections: ConnectionRegistry,
    milvus: MilvusTestServer,
    make_database: Callable[[MilvusTestServer, str], str],
) -> None:
    """A client of somebody else may change it at any time."""
    name = make_database(milvus, "adopted")
    client = MilvusClient(milvus.uri)
    others(connections)
    client._config.db_name = name  # `use_database` needs a newer server than 2.3
    [found] = others(connections).values()
    assert found.db_name == name
    client.close()


@pytest.mark.parametrize("how", ["disconnected", "replaced"])
def test_a_lite_database_of_somebody_else_is_released_with_its_last_client(
    connections: ConnectionRegistry, lite_path: Path, run_python: Callable[[str], str], how: str
) -> None:
    """It is shown by its path, and another notebook can open it once it is closed here."""
    client = MilvusClient(str(lite_path))
    [found] = others(connections).values()
    assert found.address.endswith("demo.db")
    assert found.state == "connected"
    if how == "disconnected":
        connections.disconnect(found.alias)
    else:
        connections.adopt(found.alias, "mine")
        connections.connect("mine", uri=str(lite_path.parent / "new.db"), replace=True)
        assert found.state == "disconnected"
    told = run_python(
        "from milvus_nb import connections\n"
        f"print(connections.connect(uri={str(lite_path)!r}, timeout=20).state)\n"
    )
    assert told.strip() == "connected"
    del client


def test_an_async_client_of_somebody_else_is_closed_in_its_own_loop(
    connections: ConnectionRegistry, milvus: MilvusTestServer
) -> None:
    """From another thread, while its loop runs; a call of it that is under way ends."""

    async def work() -> None:
        client = pymilvus.AsyncMilvusClient(milvus.uri)
        await client.list_collections()
        await connections.look()
        [found] = connections.others()
        assert (found.origin, found.state) == ("AsyncMilvusClient", "connected")
        await asyncio.to_thread(connections.disconnect, found.alias)
        with pytest.raises(pymilvus.MilvusException):
            await client.list_collections()

    asyncio.run(work())
    assert sockets_to(milvus.port) == []


def test_looking_runs_none_of_the_users_code() -> None:
    """Neither properties nor ``__getattr__``, whatever they would do."""

    class Hostile:
        def __getattr__(self, name: str) -> Any:
            raise AssertionError(name)

        @property
        def client(self) -> Any:
            raise AssertionError

    wanted = object()
    hostile = Hostile()
    hostile.__dict__["inner"] = wanted
    loop: dict[str, Any] = {"hostile": hostile}
    loop["self"] = loop
    assert holders(
        {"a": loop, "_hidden": wanted}, lambda thing: 1 if thing is wanted else None
    ) == {1: ["a['hostile'].inner"]}


def test_in_a_notebook(kernel: Kernel, milvus: MilvusTestServer) -> None:
    """`status` lists them, `adopt` names them, `disconnect` asks for --force where it harms."""
    kernel.run("%load_ext milvus_nb")
    kernel.run(f"from pymilvus import MilvusClient; client = MilvusClient('{milvus.uri}')")
    told = kernel.run("%milvus status").text
    assert "Opened by other code of this kernel" in told
    assert "client:client" in told
    assert "MilvusClient, used by client." in told
    refused = kernel.execute("%milvus disconnect client:client")
    assert "client would stop working" in refused.text
    assert "--force" in refused.text
    assert "is the connection client now" in kernel.run("%milvus adopt client:client").text
    assert "True" in kernel.run("same = %milvus client\nprint(same is client)").text
    assert "Disconnected client" in kernel.run("%milvus disconnect client").text
    assert sockets_to(milvus.port, kernel.pid) == []


def test_a_lite_database_stays_open_for_a_client_of_somebody_else(
    connections: ConnectionRegistry, lite_path: Path
) -> None:
    """Our last alias on the file does not take it from a client that the user made."""
    connections.connect("ours", uri=str(lite_path))
    client = MilvusClient(str(lite_path))
    connections.disconnect("ours")
    assert client.list_collections() == []


def test_our_alias_keeps_and_then_releases_a_lite_database_that_others_opened(
    connections: ConnectionRegistry, lite_path: Path, run_python: Callable[[str], str]
) -> None:
    """Closing theirs leaves ours working; closing ours then releases the file."""
    client = MilvusClient(str(lite_path))
    connections.connect("ours", uri=str(lite_path))
    [found] = others(connections).values()
    connections.disconnect(found.alias)
    assert connections.client("ours").list_collections() == []
    connections.disconnect("ours")
    told = run_python(
        "from milvus_nb import connections\n"
        f"print(connections.connect(uri={str(lite_path)!r}, timeout=20).state)\n"
    )
    assert told.strip() == "connected"
    del client


def test_shutting_down_leaves_to_others_what_is_theirs(
    connections: ConnectionRegistry, milvus: MilvusTestServer, ip: InteractiveShell
) -> None:
    """Unloading the extension closes no connection that other code opened, adopted or not."""
    one = ip.user_ns["one"] = MilvusClient(milvus.uri, dedicated=True)
    other = ip.user_ns["other"] = MilvusClient(milvus.uri)
    assert set(others(connections)) == {"client:one", "client:other"}
    connections.adopt("client:one", "mine")
    connections.shutdown()
    assert one.list_collections() == other.list_collections()
    assert connections.aliases() == []
    one.close()


def test_a_client_that_no_variable_holds_is_told_as_such(
    connections: ConnectionRegistry, milvus: MilvusTestServer
) -> None:
    """It may be in use by a library; closing it needs the same word as any other."""
    hidden = [MilvusClient(milvus.uri)]
    [found] = others(connections).values()
    assert (found.alias, found.users) == ("client:1", ["a MilvusClient in no variable"])
    hidden.clear()
    [found] = others(connections).values()
    assert found.users == []
