"""Privileges: what a user may not see is said, with what an administrator has to run."""

from __future__ import annotations

import pickle
from dataclasses import replace
from typing import TYPE_CHECKING

import grpc
import pytest
from pymilvus import MilvusClient, MilvusException

from milvus_nb.errors import ConnectError, DeniedError
from milvus_nb.params.parsing import parse
from tests.support.helpers import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from milvus_nb import Connection, ConnectionRegistry
    from milvus_nb.explore import Peek
    from milvus_nb.params.endpoint import ConnectionParams
    from tests.support.servers import MilvusTestServer


SHOP, BOB, READER = "shop_in_explore", "bob_in_explore", "reader_in_explore"


def _may_read(client: MilvusClient) -> bool:
    """Tell whether what was granted has come to where it is asked for, which takes a while."""
    try:
        client.list_partitions("books")
        client.get_collection_stats("books")
        client.query("books", "id >= 0", limit=1)
    except (MilvusException, grpc.RpcError):
        return False
    return True


@pytest.fixture
def milvus_rights(make_milvus: Callable[..., MilvusTestServer]) -> MilvusTestServer:
    """Give a server on which nobody else changes users, roles or privileges."""
    return make_milvus(auth=True)


@pytest.fixture
def bob(connections: ConnectionRegistry, milvus_rights: MilvusTestServer) -> Iterator[Connection]:
    """Give the connection of a user who may read one collection of one database."""
    root = MilvusClient(milvus_rights.uri, token=milvus_rights.root_token, dedicated=True)
    root.create_database(SHOP)
    theirs = MilvusClient(
        milvus_rights.uri, token=milvus_rights.root_token, db_name=SHOP, dedicated=True
    )
    for name in ("books", "films"):
        theirs.create_collection(name, 2)
        theirs.insert(name, [{"id": number, "vector": [0.1, 0.2]} for number in range(3)])
    root.create_role(READER)
    root.create_user(BOB, "Bobs-pass1")
    root.grant_role(BOB, READER)
    for privilege in ("Query", "Load", "GetStatistics", "ShowPartitions"):
        theirs.grant_privilege(READER, "Collection", privilege, "books", SHOP)
    mine = MilvusClient(
        milvus_rights.uri, user=BOB, password="Bobs-pass1", db_name=SHOP, dedicated=True
    )
    wait_until(lambda: _may_read(mine), what="the server knows of the grants")
    mine.close()
    connection = connections.connect(
        BOB, uri=milvus_rights.uri, user=BOB, password="Bobs-pass1", db_name=SHOP, timeout=20
    )
    connection.set_trait("note", "")
    yield connection
    root.drop_user(BOB)
    for right in theirs.describe_role(READER)["privileges"]:
        theirs.revoke_privilege(READER, right["object_type"], right["privilege"],
                                right["object_name"], right.get("db_name") or SHOP)  # fmt: skip
    root.drop_role(READER)
    for name in ("books", "films"):
        theirs.drop_collection(name)
    root.drop_database(SHOP)
    theirs.close()
    root.close()


def expect_creating(
    bob: Connection, connections: ConnectionRegistry, milvus: MilvusTestServer
) -> None:
    """Offer a missing database to be created to who may do so, and have it created then."""

    def connected(params: ConnectionParams, *, creates: bool = False) -> list[tuple[str, str]]:
        params = replace(params, db_name="zoo_in_rights")
        try:
            connections.start_attempt("new", params, creates=creates).wait().disconnect()
        except ConnectError as error:
            offers = error.advice.offers
            return [*((one.action, one.value) for one in offers), (error.cause, "")]
        return []

    root = parse(uri=milvus.uri, token=milvus.root_token, timeout=20)
    default, missing = ("database", "default"), ("database-missing", "")
    assert connected(bob.params) == [default, missing]
    assert connected(bob.params, creates=True) == [("permission-denied", "")]
    assert connected(root) == [("create-database", "zoo_in_rights"), default, missing]
    assert connected(root, creates=True) == []
    assert connected(root) == []
    client = MilvusClient(milvus.uri, token=milvus.root_token, dedicated=True)
    client.drop_database("zoo_in_rights")
    client.close()


def test_a_user_sees_what_the_server_shows_him_and_reads_what_is_missing(
    bob: Connection, connections: ConnectionRegistry, milvus_rights: MilvusTestServer
) -> None:
    """Real Milvus 2.3.5 with roles: the rest works, and the grant, run by root, mends it.

    His roles and privileges are told as far as the server tells them: in the connection's own
    database, and everybody's.
    """
    pairs = dict(bob.rights().pairs())
    assert pairs["Roles"] == READER
    assert f"{SHOP}/books: " in pairs["Privileges"]
    assert "Query" in pairs["Privileges"]
    assert "DescribeCollection" in pairs["Privileges"]

    listed = bob.databases()
    assert listed.names == (SHOP,)
    assert listed.untold is not None
    assert listed.untold.privilege == "ListDatabases"
    entries = {one.name: one for one in bob.collections(details=True).entries}
    assert str(entries["books"].rows) == "3"
    assert entries["films"].rows is None
    assert [row["id"] for row in bob.peek("books")] == [0, 1, 2]
    told = bob.describe("books")
    assert [one.privilege for one in told.untold] == ["ListAliases"]
    assert "Ask an administrator to run:" in repr(told)
    with pytest.raises(DeniedError, match="You may not read films") as caught:
        bob.peek("films")
    assert caught.value.privilege == "Query"
    assert caught.value.reason == f"{BOB} lacks the privilege Query."
    assert caught.value.grant in caught.value.fix
    assert _copied(caught.value).grant == caught.value.grant

    expect_creating(bob, connections, milvus_rights)

    client = MilvusClient(
        milvus_rights.uri, token=milvus_rights.root_token, db_name=SHOP, dedicated=True
    )
    for line in (caught.value.grant, listed.untold.grant, told.untold[0].grant):
        exec(line, {"client": client})  # noqa: S102  # what the user would do
    client.close()
    wait_until(lambda: _allowed(lambda: bob.peek("films")), 20)
    wait_until(lambda: bob.databases().untold is None, 20)
    assert bob.describe("books").untold == ()


def _copied(error: DeniedError) -> DeniedError:
    copied: DeniedError = pickle.loads(pickle.dumps(error))  # noqa: S301  # our own
    return copied


def _allowed(look: Callable[[], Peek]) -> bool:
    try:
        return len(look()) == 3
    except DeniedError:
        return False


def test_who_does_not_sign_in_has_no_roles(on_lite: Connection) -> None:
    """And nobody is asked."""
    assert on_lite.rights().pairs() == []
