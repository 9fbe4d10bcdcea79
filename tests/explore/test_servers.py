"""What servers of all kinds say of their databases: old, new, broken, hostile; all scripted."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from pymilvus.grpc_gen import common_pb2, milvus_pb2, schema_pb2

from milvus_nb.errors import ConnectError, ExploreError
from tests.support.helpers import Call, wait_until
from tests.support.replies import INT64, STRING, failed, field, reply, schema_of, texts
from tests.support.servers import HEALTHY, ScriptedMilvus

if TYPE_CHECKING:
    import grpc

    from milvus_nb import ConnectionRegistry


def test_what_a_server_does_not_know_is_not_shown(
    connections: ConnectionRegistry, script: ScriptedMilvus
) -> None:
    """UNIMPLEMENTED is no error: nothing is guessed, and nothing said."""
    script.methods["DescribeCollection"] = schema_of(field("id", INT64, is_primary_key=True))
    told = connections.connect("a", uri=script.address).describe("books")
    assert (told.rows, told.load, told.partitions, told.aliases) == (None, None, None, None)
    assert (told.indexes, told.untold, told.shards) == ((), (), None)
    assert "not" not in repr(told).lower()


def test_newer_types_are_read(connections: ConnectionRegistry, script: ScriptedMilvus) -> None:
    """bfloat16, int8, arrays of structs, nulls, a type that nobody knows yet."""
    struct = schema_pb2.StructArrayFieldSchema(
        name="parts",
        fields=[
            field("word", 22, element_type=STRING),
            field("vec", 106, element_type=101,
                  type_params=[common_pb2.KeyValuePair(key="dim", value="2")]),
        ],
    )  # fmt: skip
    script.methods["DescribeCollection"] = schema_of(
        field("id", INT64, is_primary_key=True),
        field("half", 103),
        field("small", 105),
        field("later", 31),
        field("maybe", INT64, nullable=True),
        struct_array_fields=[struct],
    )
    vectors, scalars = schema_pb2.VectorField, schema_pb2.ScalarField
    parts = [
        schema_pb2.FieldData(
            type=22,
            field_name="parts[word]",
            scalars=scalars(array_data=schema_pb2.ArrayArray(
                data=[scalars(string_data=schema_pb2.StringArray(data=["a", "b"]))],
                element_type=STRING,
            )),
        ),
        schema_pb2.FieldData(
            type=106,
            field_name="parts[vec]",
            vectors=vectors(dim=2, vector_array=schema_pb2.VectorArray(
                dim=2, element_type=101,
                data=[vectors(dim=2, float_vector=schema_pb2.FloatArray(data=[1, 2, 3, 4]))],
            )),
        ),
    ]  # fmt: skip
    longs = schema_pb2.LongArray
    script.methods["Query"] = reply(
        milvus_pb2.QueryResults(
            fields_data=[
                schema_pb2.FieldData(
                    type=INT64, field_name="id", scalars=scalars(long_data=longs(data=[7]))
                ),
                schema_pb2.FieldData(
                    type=103, field_name="half",
                    vectors=vectors(dim=2, bfloat16_vector=b"\x80\x3f\x00\xc0"),
                ),
                schema_pb2.FieldData(
                    type=105, field_name="small", vectors=vectors(dim=2, int8_vector=b"\x01\xff")
                ),
                schema_pb2.FieldData(
                    type=INT64, field_name="maybe", scalars=scalars(long_data=longs(data=[0])),
                    valid_data=[False],
                ),
                schema_pb2.FieldData(
                    type=200, field_name="parts",
                    struct_arrays=schema_pb2.StructArrayField(fields=parts),
                ),
            ]
        )
    )  # fmt: skip
    connection = connections.connect("a", uri=script.address)
    (row,) = connection.peek("books")
    assert row == {
        "id": 7,
        "half": [1.0, -2.0],
        "small": [1, -1],
        "maybe": None,
        "parts": [{"word": "a", "vec": [1.0, 2.0]}, {"word": "b", "vec": [3.0, 4.0]}],
    }
    told = connection.describe("books")
    assert told.field("later").type == "TYPE 31"
    assert [one.name for one in told.field("parts").fields] == ["word", "vec"]
    assert "INT8_VECTOR" in repr(told)


def test_a_loading_collection_says_how_far_it_is(
    connections: ConnectionRegistry, script: ScriptedMilvus
) -> None:
    """In its description, and where rows are asked for."""
    refusal = failed(101, "collection not fully loaded")
    script.methods |= {
        "DescribeCollection": schema_of(field("id", INT64, is_primary_key=True)),
        "GetLoadState": reply(milvus_pb2.GetLoadStateResponse(state=2)),
        "GetLoadingProgress": reply(milvus_pb2.GetLoadingProgressResponse(progress=40)),
        "Query": reply(milvus_pb2.QueryResults(status=refusal)),
    }
    connection = connections.connect("a", uri=script.address)
    assert "◐ loading 40 %" in repr(connection.describe("books"))
    with pytest.raises(ExploreError, match="not there yet: loading 40 %"):
        connection.peek("books")


def test_an_old_server_gets_a_filter_that_is_always_true(
    connections: ConnectionRegistry, script: ScriptedMilvus
) -> None:
    """Milvus 2.2 refuses a query without any."""
    refusal = failed(1, "invalid expression: expression is empty")
    script.methods |= {
        "DescribeCollection": schema_of(field("key", is_primary_key=True)),
        "Query": lambda _: reply(
            milvus_pb2.QueryResults(fields_data=[texts("key", "a")])
            if b'key >= ""' in script.calls[-1].request
            else milvus_pb2.QueryResults(status=refusal)
        ),
    }
    assert [row["key"] for row in connections.connect("a", uri=script.address).peek("books")] == [
        "a"
    ]


# Bad input


def test_a_collection_that_is_dropped_meanwhile_is_told(
    connections: ConnectionRegistry, script: ScriptedMilvus
) -> None:
    """Between its description and its rows; and in a list it is left out."""
    gone = failed(100, "collection not found[collection=books]")
    script.methods |= {
        "DescribeCollection": schema_of(field("id", INT64, is_primary_key=True)),
        "Query": reply(milvus_pb2.QueryResults(status=gone)),
        "ShowCollections": reply(
            milvus_pb2.ShowCollectionsResponse(collection_names=["books", "films"])
        ),
        "GetCollectionStatistics": reply(milvus_pb2.GetCollectionStatisticsResponse(status=gone)),
    }
    connection = connections.connect("a", uri=script.address)
    with pytest.raises(ExploreError, match="was dropped meanwhile"):
        connection.peek("books")
    assert connection.collections(details=True).names == ()


def test_a_server_that_dies_in_the_middle_is_told(connections: ConnectionRegistry) -> None:
    """As of any other call: what, why, what to do; and it goes on when the server is back."""
    dying, begun = threading.Event(), threading.Event()

    def wait(context: grpc.ServicerContext) -> bytes:
        begun.set()
        wait_until(lambda: dying.is_set() or not context.is_active(), 15)
        return b""

    with ScriptedMilvus({**HEALTHY, "ShowCollections": wait}) as script:
        connection = connections.connect("a", uri=script.address, timeout=15)
        call = Call(connection.collections)
        assert begun.wait(10)
    assert isinstance(call.ended().error, ConnectError)
    assert "Could not look into a" in str(call.error)
    again = {**HEALTHY, "ShowCollections": b""}
    with ScriptedMilvus(again, port=script.port):
        wait_until(lambda: connection.state == "connected", 30)
        assert connection.collections().names == ()


def test_65536_collections_are_listed(
    connections: ConnectionRegistry, script: ScriptedMilvus
) -> None:
    """All of them; some are shown."""
    names = [f"{'long_name_' * 8}{number}" for number in range(65_536)]
    listed = milvus_pb2.ShowCollectionsResponse(collection_names=names)
    script.methods["ShowCollections"] = reply(listed)
    found = connections.connect("a", uri=script.address, timeout=20).collections()
    assert len(found) == 65_536
    assert "and 65,336 more" in repr(found)
    assert len(found._repr_html_()) < 100_000


AWKWARD = ["<script>alert(1)</script>", "a/b", "a b", "名前", "$x{y}", 'it\'s "q"', "é" * 200]


def test_awkward_names_are_data(connections: ConnectionRegistry, script: ScriptedMilvus) -> None:
    """Escaped where they are shown; what a terminal would obey, or too long, is left out."""
    names = [*AWKWARD, "bad\x1b[31m", "two\nlines", "x" * 1_000, ""]
    listed = milvus_pb2.ShowCollectionsResponse(collection_names=names)
    script.methods |= {
        "ShowCollections": reply(listed),
        "DescribeCollection": schema_of(
            field("<b>id</b>\x1b", INT64, is_primary_key=True, description="<i>\x1b[2J")
        ),
        "Query": reply(
            milvus_pb2.QueryResults(fields_data=[texts("<b>id</b>", "<img src=x>\x1b[2J\u202e")])
        ),
    }
    connection = connections.connect("a", uri=script.address)
    found = connection.collections()
    assert set(AWKWARD) <= set(found)
    for shown in (found, connection.describe("books"), connection.peek("books")):
        for text in (repr(shown), shown._repr_html_()):
            assert "\x1b" not in text
        page = shown._repr_html_()
        assert not {"<script>", "<b>id", "<i>", "<img"} & {
            part for part in ("<script>", "<b>id", "<i>", "<img") if part in page
        }


# Persian, emoji, Hindi.
JOINED = ["\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "👩\u200d👧", "क्\u200dष"]


@pytest.mark.parametrize("text", JOINED, ids=ascii)
def test_what_is_joined_stays_joined(
    connections: ConnectionRegistry, script: ScriptedMilvus, text: str
) -> None:
    """Unlike marks that turn a line around, joiners harm nobody, and words need them."""
    script.methods |= {
        "DescribeCollection": schema_of(field("word", is_primary_key=True)),
        "Query": reply(milvus_pb2.QueryResults(fields_data=[texts("word", text)])),
    }
    rows = connections.connect("a", uri=script.address).peek("books")
    assert text in repr(rows)
    assert text in rows._repr_html_()


def test_a_schema_of_1000_fields_is_read(
    connections: ConnectionRegistry, script: ScriptedMilvus
) -> None:
    """All of it; some is shown."""
    fields = [field(f"f{number}", INT64, is_primary_key=not number) for number in range(1_000)]
    script.methods["DescribeCollection"] = schema_of(*fields)
    told = connections.connect("a", uri=script.address).describe("books")
    assert len(told.fields) == 1_000
    assert "and 900 more" in repr(told)


def test_a_row_of_16_mb_is_read(connections: ConnectionRegistry, script: ScriptedMilvus) -> None:
    """And shown as a few letters."""
    script.methods |= {
        "DescribeCollection": schema_of(field("word", is_primary_key=True)),
        "Query": reply(milvus_pb2.QueryResults(fields_data=[texts("word", "x" * 2**24)])),
    }
    rows = connections.connect("a", uri=script.address, timeout=20).peek("books")
    assert len(rows[0]["word"]) == 2**24
    assert len(repr(rows)) < 500
    assert len(rows._repr_html_()) < 2_000


def test_a_probe_still_reads_little(
    connections: ConnectionRegistry, script: ScriptedMilvus
) -> None:
    """What nobody asked for may not be large, although rows may."""
    script.methods["GetVersion"] = b"\x12\x80\x80\x80\x04" + b"v" * 2**23
    connection = connections.connect("a", uri=script.address)
    assert connection.state == "degraded"
    assert connection.server_version == ""


def test_a_server_that_repeats_the_password_is_not_shown(
    connections: ConnectionRegistry, script: ScriptedMilvus
) -> None:
    """In a name, and in a refusal."""
    secret = "Sesame-0pen!"
    listed = milvus_pb2.ShowCollectionsResponse(collection_names=["books", f"x{secret}"])
    refusal = failed(1, f"no, {secret}")
    script.methods |= {
        "ShowCollections": reply(listed),
        "DescribeCollection": reply(milvus_pb2.DescribeCollectionResponse(status=refusal)),
    }
    connection = connections.connect("a", uri=script.address, user="u", password=secret)
    assert list(connection.collections()) == ["books"]
    with pytest.raises(ExploreError) as caught:
        connection.describe("books")
    assert secret not in str(caught.value)
