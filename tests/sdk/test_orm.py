"""Our aliases in pymilvus's ORM, on a real server: they work there, and they go with ours."""

from __future__ import annotations

import sys
import warnings
from typing import TYPE_CHECKING

import pymilvus
import pytest
from pymilvus import Collection, CollectionSchema, DataType, FieldSchema, db, utility
from pymilvus.exceptions import ConnectionNotExistException

from milvus_nb import ConnectError, ConnectionRegistry
from tests.support.helpers import sockets_to, threads

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.support.servers import MilvusTestServer

theirs = pymilvus.connections

# What the user calls is the user's affair; ours must not warn, see below.
pytestmark = pytest.mark.filterwarnings("ignore:.*ORM-style PyMilvus API")


@pytest.fixture
def mirrored() -> Iterator[ConnectionRegistry]:
    """Give a registry whose aliases the ORM sees, as the process's own one is."""
    found = ConnectionRegistry(mirrored=True)
    yield found
    found.shutdown()
    assert threads("milvus-nb") == []


def collection(name: str, using: str) -> Collection:
    """Make a collection of two vectors, loaded."""
    fields = [
        FieldSchema("id", DataType.INT64, is_primary=True),
        FieldSchema("vector", DataType.FLOAT_VECTOR, dim=4),
    ]
    found = Collection(name, CollectionSchema(fields), using=using)
    found.insert([[1, 2], [[0.0] * 4, [1.0] * 4]])
    found.create_index("vector", {"index_type": "FLAT", "metric_type": "L2", "params": {}})
    found.load()
    return found


def test_an_alias_serves_a_search_and_closing_it_leaves_no_socket(
    mirrored: ConnectionRegistry, milvus_auth: MilvusTestServer
) -> None:
    """The ORM uses the connection's own client; without the alias it says so in its own words."""
    mirrored.connect("prod", uri=milvus_auth.address, token="root:Milvus")
    found = collection("searched", "prod")
    hits = found.search([[1.0] * 4], "vector", {"metric_type": "L2"}, limit=1)
    assert [hit.id for hit in hits[0]] == [2]
    assert utility.list_collections(using="prod") == mirrored.client("prod").list_collections()
    utility.drop_collection("searched", using="prod")
    # The probe's and the client's, which the ORM shares.
    assert len(sockets_to(milvus_auth.port)) == 2
    mirrored.disconnect("prod")
    assert sockets_to(milvus_auth.port) == []
    assert not theirs.has_connection("prod")
    with pytest.raises(ConnectionNotExistException):
        Collection("searched", using="prod")


def test_pymilvus_lists_our_aliases_without_secrets(
    mirrored: ConnectionRegistry, milvus_auth: MilvusTestServer
) -> None:
    """`list_connections` and `get_connection_addr` of pymilvus know them."""
    connection = mirrored.connect("prod", uri=milvus_auth.address, token="root:Milvus")
    shown = dict(theirs.list_connections())
    assert repr(shown["prod"]) == repr(connection)
    assert theirs.get_connection_addr("prod") == {
        "address": milvus_auth.address,
        "user": "root",
        "db_name": "default",
        "secure": False,
    }


def test_the_database_is_one_wherever_it_is_changed(
    mirrored: ConnectionRegistry,
    milvus_auth: MilvusTestServer,
    make_database: Callable[[MilvusTestServer, str], str],
) -> None:
    """`db.using_database` changes the alias's, `use` changes the ORM's; a missing one neither."""
    connection = mirrored.connect("prod", uri=milvus_auth.address, token="root:Milvus")
    name = make_database(milvus_auth, "orm_sales")
    assert name in db.list_database(using="prod")
    db.using_database(name, using="prod")
    assert connection.db_name == name
    assert utility.list_collections(using="prod") == []
    with pytest.raises(ConnectError, match="no database nowhere"):
        db.using_database("nowhere", using="prod")
    assert theirs.get_connection_addr("prod")["db_name"] == name
    mirrored.use("prod", db_name="default")
    assert theirs.get_connection_addr("prod")["db_name"] == "default"


def test_closing_it_there_closes_it_here(
    mirrored: ConnectionRegistry, milvus: MilvusTestServer
) -> None:
    """Who disconnects an alias with pymilvus means it."""
    connection = mirrored.connect("prod", uri=milvus.address)
    utility.list_collections(using="prod")
    theirs.disconnect("prod")
    assert connection.state == "disconnected"
    assert mirrored.list_connections() == [("prod", None)]
    assert sockets_to(milvus.port) == []


def test_a_replaced_alias_is_the_new_one_there_too(
    mirrored: ConnectionRegistry, milvus: MilvusTestServer, milvus_auth: MilvusTestServer
) -> None:
    """The ORM follows to the other server."""
    mirrored.connect("prod", uri=milvus.address)
    mirrored.connect("prod", uri=milvus_auth.address, token="root:Milvus", replace=True)
    assert theirs.get_connection_addr("prod")["address"] == milvus_auth.address
    assert isinstance(utility.list_collections(using="prod"), list)


def test_what_the_user_opened_with_pymilvus_is_left_alone(
    mirrored: ConnectionRegistry, milvus: MilvusTestServer, milvus_auth: MilvusTestServer
) -> None:
    """The same alias in both stays two connections, and each closes its own."""
    theirs.connect("both", host="localhost", port=milvus.port)
    mirrored.connect("both", uri=milvus_auth.address, token="root:Milvus")
    assert theirs.get_connection_addr("both")["address"] == milvus.address
    mirrored.disconnect("both")
    assert theirs.has_connection("both")
    theirs.disconnect("both")
    assert sockets_to(milvus.port) == []
    theirs.remove_connection("both")


def test_shutting_down_gives_everything_back(milvus: MilvusTestServer) -> None:
    """What pymilvus knew of an alias before, it knows again; no import hook stays."""
    before, hooks = theirs.get_connection_addr("default"), list(sys.meta_path)
    registry = ConnectionRegistry(mirrored=True)
    registry.connect(uri=milvus.address)
    assert theirs.get_connection_addr("default")["address"] == milvus.address
    registry.shutdown()
    assert theirs.get_connection_addr("default") == before
    assert not theirs.has_connection("default")
    assert sys.meta_path == hooks


def test_we_cause_no_warning(mirrored: ConnectionRegistry, milvus: MilvusTestServer) -> None:
    """Of its ORM pymilvus warns with each use; of ours never."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        mirrored.connect("prod", uri=milvus.address)
        mirrored.client("prod").list_collections()
        mirrored.use("prod", db_name="default")
        mirrored.look().wait()
        mirrored.disconnect("prod")
    assert caught == []


def test_pymilvus_imported_after_connecting_sees_the_alias(
    run_python: Callable[[str], str], milvus: MilvusTestServer
) -> None:
    """Connecting does not import it; whenever the user does, the aliases are there."""
    told = run_python(
        "import sys, warnings\n"
        "warnings.simplefilter('ignore')\n"
        "from milvus_nb import connections\n"
        f"connections.connect('prod', uri={milvus.address!r})\n"
        "print('pymilvus' in sys.modules)\n"
        "from pymilvus import utility\n"
        "from pymilvus.orm import connections as module\n"
        "print(isinstance(utility.list_collections(using='prod'), list))\n"
        "print(type(module.__spec__.loader).__name__, type(module.__loader__).__name__)\n"
        "connections.disconnect('prod')\n"
        "print(module.connections.has_connection('prod'))\n"
    )
    assert told.split() == ["False", "True", "SourceFileLoader", "SourceFileLoader", "False"]


def test_pymilvus_still_has_the_private_names_that_the_mirror_needs() -> None:
    """A change of them switches the mirror off, silently; so it has to be noticed here."""
    from milvus_nb.sdk.orm import aliases_of

    assert aliases_of(sys.modules["pymilvus.orm.connections"]) is theirs
