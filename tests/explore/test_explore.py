"""What is in a database: databases, collections, fields, rows, as Python values."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import logging
import pickle
import threading
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from pymilvus import MilvusClient, MilvusException
from pymilvus.grpc_gen import common_pb2, milvus_pb2, schema_pb2

from milvus_nb.errors import ClosedError, ConnectError, ExploreError, ParamsError
from milvus_nb.explore import framed, wire
from tests.support.exploring import ROWS, make_every_type, make_vectors
from tests.support.helpers import wait_until
from tests.support.replies import INT64, failed, field, reply, schema_of, texts
from tests.support.servers import HEALTHY, ScriptedMilvus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    import grpc

    from milvus_nb import Connection, ConnectionRegistry
    from tests.support.servers import MilvusTestServer

# Servers are shared with tests that run in other processes.
HERE = "explored_in_explore"

# Names of this package's messages that stand for several of pymilvus's.
SAME = {
    "BytesArray": ("BytesArray", "JSONArray", "GeometryArray"),
    "LongArray": ("LongArray", "TimestamptzArray"),
    "Named": ("UserEntity", "RoleEntity", "ObjectEntity", "PrivilegeEntity"),
    "StringArray": ("StringArray", "GeometryWktArray"),
}


@pytest.fixture(scope="module")
def explored(milvus: MilvusTestServer) -> Iterator[MilvusTestServer]:
    """Give the shared server with a database of the tests: creating takes it seconds."""
    client = MilvusClient(milvus.uri, dedicated=True)
    client.create_database(HERE)
    client.close()
    client = MilvusClient(milvus.uri, db_name=HERE, dedicated=True)
    make_every_type(client, "every", is_lite=False)
    make_vectors(client, "bits", "BINARY_VECTOR", "HAMMING")
    make_vectors(client, "halves", "FLOAT16_VECTOR", "L2")
    client.close()  # a test adopts a connection to this database
    yield milvus
    client = MilvusClient(milvus.uri, db_name=HERE, dedicated=True)
    for name in client.list_collections():
        client.drop_collection(name)
    client.drop_database(HERE)
    client.close()


@pytest.fixture
def on_server(connections: ConnectionRegistry, explored: MilvusTestServer) -> Connection:
    """Give a connection to the real server with such collections."""
    return connections.connect("server", uri=explored.uri, db_name=HERE, timeout=20)


@pytest.fixture(params=["lite", "server"])
def found(request: pytest.FixtureRequest) -> Connection:
    """Give one and the other."""
    connection: Connection = request.getfixturevalue(f"on_{request.param}")
    return connection


def asked(server: ScriptedMilvus) -> list[str]:
    """List the calls that no probe makes."""
    return [call.method for call in server.calls if call.method not in HEALTHY]


def test_the_numbers_of_the_messages_are_those_of_milvus() -> None:
    """All of them, as pymilvus has them."""
    files = (milvus_pb2, schema_pb2, common_pb2)
    for message, fields in wire.MESSAGES.items():
        for name in SAME.get(message, (message,)):
            known: Any = next(
                file.DESCRIPTOR.message_types_by_name[name]
                for file in files
                if name in file.DESCRIPTOR.message_types_by_name
            )
            for field_name, number, _, is_repeated in fields:
                theirs = known.fields_by_name[field_name]
                assert theirs.number == number, (name, field_name)
                assert theirs.is_repeated == is_repeated or message == "ValueField"


def test_databases_are_a_sequence_of_their_names(on_server: Connection) -> None:
    """And say which one is the connection's own, and when they were asked for."""
    listed = on_server.databases()
    assert {"default", HERE} <= set(listed)
    assert listed.current == HERE
    assert listed.untold is None
    assert HERE in repr(listed)
    assert listed.asked_at > 0


def test_collections_are_a_sequence_of_their_names(found: Connection) -> None:
    """With rows and load state only where those are asked for."""
    listed = found.collections()
    assert "every" in listed
    assert all(entry.load is None and entry.rows is None for entry in listed.entries)
    every = next(one for one in found.collections(details=True).entries if one.name == "every")
    assert every.load is not None
    assert every.load.state == "loaded"
    assert every.rows is not None
    assert (every.rows.count, every.rows.is_exact) == (ROWS, True)


def test_a_description_has_all_that_the_server_tells(found: Connection) -> None:
    """Fields, indexes, rows, load state, partitions; of Lite, which tells less, less."""
    told = found.describe("every")
    assert told.primary is not None
    assert told.primary.name == "id"
    assert told.field("vector").full_type == "FLOAT_VECTOR 4"
    assert told.field("word").full_type == "VARCHAR(64)"
    assert told.field("sizes").full_type == "ARRAY of INT64, 4"
    index = told.index_of("vector")
    assert index is not None
    assert (index.type, index.metric) == ("HNSW", "COSINE")
    assert (told.rows, told.has_dynamic_field) == (told.rows, True)
    assert told.rows is not None
    assert str(told.rows) == str(ROWS)
    assert str(told.load) == "loaded"
    assert told.partitions == ("_default",)
    assert told.untold == ()
    if found.alias == "server":
        assert told.description == "All."
        assert dict(index.params) == {"M": "8", "efConstruction": "64"}
        assert told.created_at is not None
    else:
        assert told.field("maybe").nullable
        assert told.field("usual").default == "none"
        assert told.created_at is None


def test_a_bm25_function_is_described(on_lite: Connection) -> None:
    """With the field that it makes, and the analyzer of the one that it reads."""
    told = on_lite.describe("texts")
    (function,) = told.functions
    assert (function.type, function.inputs, function.outputs) == ("BM25", ("text",), ("sparse",))
    assert told.field("sparse").is_function_output
    assert told.field("text").analyzer == "standard"


def test_peek_gives_each_type_as_python_has_it(found: Connection) -> None:
    """The rows are those that pymilvus itself reads."""
    rows = found.peek("every", 2)
    assert len(rows) == 2
    theirs = found.client.query("every", filter="id >= 0", output_fields=["*"], limit=2)
    for ours, other in zip(sorted(rows, key=lambda row: row["id"]), theirs, strict=True):
        assert {name: ours[name] for name in other} == dict(other)
    assert rows.columns[0] == "id"
    assert rows[0]["extra"] == {"n": 0}


@pytest.mark.parametrize(("name", "shown"), [("bits", "0000 16 bits"), ("halves", "[0, 0, … 16]")])
def test_peek_shortens_binary_and_half_vectors(
    on_server: Connection, name: str, shown: str
) -> None:
    """The value is whole."""
    rows = on_server.peek(name, 1)
    assert shown in repr(rows)
    assert len(rows[0]["vector"]) == (2 if name == "bits" else 16)


def test_peek_takes_a_filter(found: Connection) -> None:
    """In Milvus's words."""
    assert [row["id"] for row in found.peek("every", where="id > 3 and flag == true")] == [4, 5]


def test_peek_is_a_dataframe_that_shows_itself_shortened(found: Connection) -> None:
    """What is made of it is a plain one; its values are whole."""
    pd: Any = pytest.importorskip("pandas")

    rows = found.peek("every", 2)
    frame = framed(rows)
    assert isinstance(frame, pd.DataFrame)
    assert len(frame["vector"][0]) == 4
    assert repr(frame) == repr(rows)
    assert "[0.5, -0.25, … 4]" in repr(frame)
    assert "<b>bold" not in frame._repr_html_()
    assert type(frame.head(1)) is pd.DataFrame
    assert type(pickle.loads(pickle.dumps(frame))) is pd.DataFrame  # noqa: S301  # our own
    assert type(copy.copy(frame)) is pd.DataFrame
    frame.loc[0, "int8"] = 99
    assert "99" in repr(frame)


def test_numbers_beside_nulls_stay_whole(
    connections: ConnectionRegistry, script: ScriptedMilvus
) -> None:
    """Pandas alone would make floats of them, which do not hold each number of 64 bits."""
    pd: Any = pytest.importorskip("pandas")
    large = 2**53 + 1
    longs = schema_pb2.ScalarField(long_data=schema_pb2.LongArray(data=[large, 0]))
    truths = schema_pb2.ScalarField(bool_data=schema_pb2.BoolArray(data=[True, False]))
    more = schema_pb2.JSONArray(data=[b'{"n": 7, "on": false}', b"{}"])
    dynamic = schema_pb2.ScalarField(json_data=more)
    no_null = {"valid_data": [True, False]}
    columns = [
        schema_pb2.FieldData(type=INT64, field_name="count", scalars=longs, **no_null),
        schema_pb2.FieldData(type=1, field_name="flag", scalars=truths, **no_null),
        schema_pb2.FieldData(type=23, field_name="$meta", scalars=dynamic, is_dynamic=True),
    ]
    script.methods |= {
        "DescribeCollection": schema_of(field("count", INT64, is_primary_key=True)),
        "Query": reply(milvus_pb2.QueryResults(fields_data=columns)),
    }
    frame = framed(connections.connect("a", uri=script.address).peek("books"))
    kinds = {"count": "Int64", "flag": "boolean", "n": "Int64", "on": "boolean"}
    assert {name: str(kind) for name, kind in frame.dtypes.items()} == kinds
    assert frame["count"][0] == large
    assert "null" in repr(frame)
    frame.loc[0, "count"] = pd.NA
    assert str(large) not in repr(frame)


def test_what_nests_too_deep_to_be_read_is_shown_as_text(
    connections: ConnectionRegistry, script: ScriptedMilvus
) -> None:
    """A row that only another client can have written does not hide the others."""
    data = schema_pb2.JSONArray(data=[b"[" * 5_000 + b"]" * 5_000, b'{"n": 7}'])
    scalars = schema_pb2.ScalarField(json_data=data)
    told = schema_pb2.FieldData(type=23, field_name="meta", scalars=scalars)
    script.methods |= {
        "DescribeCollection": schema_of(field("meta", 23)),
        "Query": reply(milvus_pb2.QueryResults(fields_data=[told])),
    }
    first, second = connections.connect("a", uri=script.address).peek("books").rows
    assert first["meta"].startswith("[[[")
    assert second["meta"] == {"n": 7}


def test_without_pandas_peek_is_a_list(found: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which shows itself the same."""
    rows = found.peek("every", 2)
    monkeypatch.setitem(__import__("sys").modules, "pandas", None)
    listed = framed(rows)
    assert listed == list(rows.rows)
    assert repr(listed) == repr(rows)


def test_a_released_collection_is_not_loaded_by_looking(on_lite: Connection) -> None:
    """Peek says so, and gives the line that loads it."""
    on_lite.client.release_collection("every")
    with pytest.raises(ExploreError, match="is released") as caught:
        on_lite.peek("every")
    assert 'connections.find("lite").load("every")' in caught.value.fix
    told = on_lite.describe("every")
    assert str(told.load) == "released"
    assert told.rows is not None
    assert str(told.rows) == f"about {ROWS}"
    assert on_lite.client.get_load_state("every")["state"].name == "NotLoad"


def test_an_alias_of_a_collection_is_described_as_what_it_stands_for(found: Connection) -> None:
    """With the name that was asked for."""
    found.client.create_alias("every", "all_of_them")
    try:
        told = found.describe("all_of_them")
        assert told.aliases == ("all_of_them",)
        assert [row["id"] for row in found.peek("all_of_them", 1)] == [0]
        if found.alias == "server":  # Lite tells the alias as the name
            assert (told.name, told.asked_as) == ("every", "all_of_them")
    finally:
        found.client.drop_alias("all_of_them")


# What is not there


def test_a_name_that_is_nearly_right_is_named(found: Connection) -> None:
    """Did you mean, for collections, databases and fields."""
    with pytest.raises(ExploreError, match="has no collection 'evry'") as caught:
        found.describe("evry")
    assert caught.value.fix == "Did you mean every?"
    with pytest.raises(ExploreError, match="has no database 'defalt'") as caught:
        found.collections("defalt")
    assert caught.value.fix == "Did you mean default?"
    with pytest.raises(ExploreError, match="has no database 'defalt'"):
        found.peek("every", db="defalt")
    with pytest.raises(ExploreError, match="no collection 'nothing_like_it'") as caught:
        found.peek("nothing_like_it")
    assert "every" in caught.value.fix


def test_a_filter_of_several_lines_is_told_with_its_place(on_server: Connection) -> None:
    """The place is counted from its start, and the server's words are as short as else."""
    with pytest.raises(ExploreError) as caught:
        on_server.peek("every", where="id > 1\n  and id ==")
    assert caught.value.reason.startswith("At column 19, behind ")
    assert "expecting {" not in caught.value.reason


def test_a_filter_that_is_no_condition_is_told(on_server: Connection) -> None:
    """With why, not with the type alone."""
    with pytest.raises(ExploreError) as caught:
        on_server.peek("every", where="word")
    assert "not a boolean expression" in caught.value.reason


def test_blanks_are_no_filter(found: Connection) -> None:
    """All rows, as without one."""
    assert len(found.peek("every", where=" \n ")) == len(found.peek("every"))


def test_a_database_that_no_one_can_have_is_told(
    on_lite: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    """Lite is not asked for its collections: it would log a traceback."""
    for ask in (on_lite.describe, on_lite.schema, on_lite.peek):
        with pytest.raises(ExploreError, match="has no database"):
            ask("every", db="..")
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize("opened_by", ["us", "somebody else"])
def test_the_line_that_loads_works_as_it_stands(
    on_server: Connection,
    connections: ConnectionRegistry,
    explored: MilvusTestServer,
    opened_by: str,
) -> None:
    """In the collection's database, whatever the connection's; that, and which is current, stay."""
    theirs = MilvusClient(explored.uri, dedicated=True) if opened_by == "somebody else" else None
    name = "elsewhere"
    if theirs is None:
        connections.connect(name, uri=explored.uri, timeout=20)
    else:
        connections.look().settle(5)
        name = next(one.alias for one in connections.others() if one.db_name == "default")
    connections.use("server")
    elsewhere = connections.find(name)
    on_server.client.release_collection("halves")
    try:
        with pytest.raises(ExploreError, match=f"halves in {HERE} is released") as caught:
            elsewhere.peek("halves", db=HERE)
        line = caught.value.fix.partition(": ")[2]
        used = line.replace("from milvus_nb import connections; ", "")  # the tests have their own

        def is_loaded() -> bool:
            try:
                exec(used, {"connections": connections})  # noqa: S102
            except ExploreError as error:  # a slow machine takes longer than a call may
                if "not there yet" not in str(error):
                    raise
                return False
            return True

        wait_until(is_loaded)
        assert used != line
        assert len(elsewhere.peek("halves", db=HERE))
        assert (elsewhere.db_name, connections.current) == ("default", on_server)
    finally:
        on_server.client.load_collection("halves")
        if theirs is not None:
            theirs.close()


def test_loading_says_what_is_in_its_way(
    connections: ConnectionRegistry, script: ScriptedMilvus, on_lite: Connection
) -> None:
    """No such collection, no index, or it takes long: then it goes on by itself."""
    with pytest.raises(ExploreError, match="has no collection 'evry'") as caught:
        on_lite.load("evry")
    assert caught.value.fix == "Did you mean every?"
    script.methods |= {
        "DescribeCollection": schema_of(field("id", INT64, is_primary_key=True)),
        "LoadCollection": reply(common_pb2.Status()),
        "GetLoadState": reply(milvus_pb2.GetLoadStateResponse(state=2)),
        "GetLoadingProgress": reply(milvus_pb2.GetLoadingProgressResponse(progress=40)),
    }
    connection = connections.connect("a", uri=script.address, timeout=2)
    with pytest.raises(ExploreError, match="not there yet: loading 40 %"):
        connection.load("books")
    script.methods["LoadCollection"] = reply(failed(700, "index not found[collection=books]"))
    with pytest.raises(ExploreError, match=r"books cannot be loaded: .* without") as caught:
        asyncio.run(connection.async_load("books"))
    assert "client.create_index" in caught.value.fix
    script.methods["LoadCollection"] = reply(failed(65535, "no more memory"))
    with pytest.raises(ExploreError, match="books could not be loaded") as caught:
        connection.load("books")
    assert "no more memory" in caught.value.reason


@pytest.mark.parametrize("where", ["id >", "id > 1 and", "id in [1, 2", "@", "word > 1", "id = ="])
def test_a_filter_that_is_not_understood_is_told_with_its_place(
    found: Connection, where: str
) -> None:
    """In the server's words, and where in it."""
    with pytest.raises(ExploreError, match="does not understand the filter") as caught:
        found.peek("every", where=where)
    assert "Traceback" not in str(caught.value)
    assert "expecting {" not in caught.value.reason
    if where == "id > 1 and":
        assert "column" in caught.value.reason
        assert "'id > 1 and'" in caught.value.reason


def test_a_field_that_is_not_there_is_told(on_lite: Connection) -> None:
    """With the one that was meant."""
    with pytest.raises(ExploreError, match="has no field 'txt'") as caught:
        on_lite.peek("texts", where="txt == 'a'")
    assert caught.value.fix == "Did you mean text?"


@pytest.mark.parametrize(
    ("ask", "told"),
    [
        *(
            (lambda on, n=n: on.peek("books", n), "n = .* is not possible")
            for n in (0, -1, 1_001, 10**30, "5", 2.5, 2.0, True, None, np.float64(2),
                      np.bool_(True), np.array([1, 2]))
        ),
        (lambda on: on.peek(None), "No collection is named"),
        (lambda on: on.describe(""), "No collection is named"),
        (lambda on: on.schema(b""), "collection has to be text, not bytes"),
        (lambda on: on.describe(5), "collection has to be text, not int"),
        (lambda on: on.peek(["books"]), "collection has to be text, not list"),
        (lambda on: on.describe("\ud800"), "half a character"),
        (lambda on: on.peek("books", where=5), "where has to be text, not int"),
        (lambda on: on.peek("books", where=[1]), "where has to be text, not list"),
        (lambda on: on.peek("books", where="\udfff"), "half a character"),
        (lambda on: on.collections(5), "db has to be text, not int"),
        (lambda on: on.describe("books", 1.5), "db has to be text, not float"),
        (lambda on: on.peek("books", db="\ud800"), "half a character"),
    ],
)  # fmt: skip
def test_what_nobody_can_mean_is_refused(
    connections: ConnectionRegistry,
    script: ScriptedMilvus,
    ask: Callable[[Connection], Any],
    told: str,
) -> None:
    """Before anything is sent."""
    connection = connections.connect("a", uri=script.address)
    with pytest.raises(ParamsError, match=told):
        ask(connection)
    assert asked(script) == []


def test_what_stands_for_a_text_or_a_number_is_taken(on_lite: Connection) -> None:
    """As it comes out of DataFrames and files."""
    connection: Any = on_lite
    assert len(connection.peek(b"every", np.int64(2), None)) == 2
    assert len(connection.peek(np.str_("every"), 2, np.str_("id > 1"), None)) == 2
    assert connection.ping(np.int8(2)).count == 2


def test_pymilvus_users_catch_it(on_lite: Connection) -> None:
    """An error of looking is also pymilvus's, and none of its log lines appears."""
    seen: list[logging.LogRecord] = []
    handler = logging.Handler(logging.DEBUG)
    handler.emit = seen.append  # type: ignore[assignment,method-assign]  # all that a handler is for
    logging.getLogger().addHandler(handler)
    try:
        for look in (lambda: on_lite.describe("no"), lambda: on_lite.collections("no")):
            with pytest.raises(MilvusException):
                look()
    finally:
        logging.getLogger().removeHandler(handler)
    assert [one.getMessage() for one in seen if one.levelno >= logging.WARNING] == []


# A good guest


def test_names_cost_one_call_and_nothing_else_is_asked(
    connections: ConnectionRegistry, script: ScriptedMilvus
) -> None:
    """Of 1,000 collections, too; of so many no details are asked for, either."""
    names = [f"c{number:04}" for number in range(1_000)]
    listed = milvus_pb2.ShowCollectionsResponse(collection_names=names)
    script.methods["ShowCollections"] = reply(listed)
    connection = connections.connect("a", uri=script.address)
    assert asked(script) == []
    assert list(connection.collections()) == names
    assert asked(script) == ["ShowCollections"]
    connection.collections(details=True)
    assert asked(script) == ["ShowCollections"] * 2


def test_the_default_database_is_not_touched_unasked(
    connections: ConnectionRegistry, script: ScriptedMilvus
) -> None:
    """Every call names the connection's own database, or the one that was asked for."""
    shown = milvus_pb2.ShowCollectionsResponse(collection_names=["books"])
    script.methods |= {
        "ShowCollections": reply(shown),
        "DescribeCollection": schema_of(field("id", INT64, is_primary_key=True)),
        "Query": reply(milvus_pb2.QueryResults(fields_data=[texts("word", "a")])),
        "ListDatabases": b"\x12\x05sales",
    }
    connection = connections.connect("a", uri=script.address, db_name="sales")
    script.calls.clear()
    connection.collections(details=True)
    connection.describe("books")
    connection.peek("books")
    connection.rights()
    looked = [call for call in script.calls if call.method not in HEALTHY]
    assert {call.metadata.get("dbname") for call in looked} == {"sales"}
    script.calls.clear()
    connection.describe("books", "other")
    looked = [call for call in script.calls if call.method not in HEALTHY]
    assert {call.metadata.get("dbname") for call in looked} == {"other"}


def test_at_most_eight_calls_are_under_way(
    connections: ConnectionRegistry, script: ScriptedMilvus
) -> None:
    """However many are asked for at once."""
    lock, now, most = threading.Lock(), [0], [0]
    more = threading.Event()

    def wait(_: grpc.ServicerContext) -> bytes:
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
            if now[0] > 8:
                more.set()
        more.wait(0.1)
        with lock:
            now[0] -= 1
        return reply(milvus_pb2.ShowCollectionsResponse(collection_names=["a"]))

    script.methods["ShowCollections"] = wait
    connection = connections.connect("a", uri=script.address)

    async def ask_often() -> list[Any]:
        return await asyncio.gather(*(connection.async_collections() for _ in range(40)))

    assert len(asyncio.run(ask_often())) == 40
    assert most[0] <= 8


def test_a_call_has_a_deadline(connections: ConnectionRegistry, script: ScriptedMilvus) -> None:
    """The connection's timeout; the connection lives on."""
    script.methods["ShowCollections"] = _until_given_up
    connection = connections.connect("a", uri=script.address, timeout=2)
    with pytest.raises(ConnectError, match="Could not look into a"):
        connection.collections()
    assert connection.ping(1).count == 1


def test_a_late_heartbeat_costs_no_answer(
    connections: ConnectionRegistry, script: ScriptedMilvus
) -> None:
    """It closes the channel of a server that is only busy; within its time the call is repeated."""
    late, dropped = threading.Event(), threading.Event()
    healthy = HEALTHY["CheckHealth"]

    def heartbeat(context: grpc.ServicerContext) -> bytes:
        return _until_given_up(context) if late.is_set() else healthy

    def busy(context: grpc.ServicerContext) -> bytes:
        if not dropped.is_set():
            late.set()
            _until_given_up(context)
            dropped.set()
            late.clear()
        return reply(milvus_pb2.ShowCollectionsResponse(collection_names=["books"]))

    script.methods |= {"CheckHealth": heartbeat, "ShowCollections": busy}
    connection = connections.connect("a", uri=script.address, timeout=60)
    connections.set_pace(0.5, 0.5)
    assert list(connection.collections()) == ["books"]
    assert dropped.is_set()


def test_a_call_is_cancelled_with_who_waits_for_it(
    connections: ConnectionRegistry, script: ScriptedMilvus
) -> None:
    """At the server, too."""
    begun, gone = threading.Event(), threading.Event()

    def wait(context: grpc.ServicerContext) -> bytes:
        begun.set()
        _until_given_up(context)
        gone.set()
        return b""

    script.methods["ShowCollections"] = wait
    connection = connections.connect("a", uri=script.address, timeout=30)

    async def give_up() -> None:
        asking = asyncio.create_task(connection.async_collections())
        await asyncio.to_thread(begun.wait, 15)
        asking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asking

    asyncio.run(give_up())
    assert gone.wait(10)


def _until_given_up(context: grpc.ServicerContext) -> bytes:
    with contextlib.suppress(TimeoutError):
        wait_until(lambda: not context.is_active(), 15)
    return b""


def test_a_disconnect_ends_what_is_under_way(
    connections: ConnectionRegistry, script: ScriptedMilvus
) -> None:
    """Whoever waits is told so."""
    script.methods["ShowCollections"] = _until_given_up
    connection = connections.connect("a", uri=script.address, timeout=30)

    async def look() -> BaseException | None:
        asking = asyncio.create_task(connection.async_collections())
        await asyncio.to_thread(wait_until, lambda: "ShowCollections" in asked(script))
        await connections.async_disconnect("a")
        await asyncio.wait([asking])
        return asking.exception()

    assert isinstance(asyncio.run(look()), ClosedError)


def _here(names: Iterable[str]) -> list[str]:
    """Leave out what tests of other files make on the same server meanwhile."""
    return [name for name in names if name in ("default", HERE)]


def test_the_twins_give_the_same(found: Connection) -> None:
    """`await` for each."""

    async def look() -> tuple[Any, ...]:
        return (
            _here(await found.async_databases()),
            list(await found.async_collections()),
            (await found.async_describe("every")).fields,
            (await found.async_peek("every", 3)).rows,
        )

    assert asyncio.run(look()) == (
        _here(found.databases()),
        list(found.collections()),
        found.describe("every").fields,
        found.peek("every", 3).rows,
    )


def test_an_adopted_connection_can_be_looked_into(
    connections: ConnectionRegistry, explored: MilvusTestServer
) -> None:
    """In the database that its client uses."""
    client = MilvusClient(explored.uri, db_name=HERE, dedicated=True)
    connections.look().settle(5)
    name = next(one.alias for one in connections.others() if one.db_name == HERE)
    adopted = connections.adopt(name, "theirs")
    assert "every" in adopted.collections()
    assert len(adopted.peek("every", 1)) == 1
    assert adopted.describe("every").database == HERE
    assert client.list_collections()
    connections.disconnect("theirs")
