"""A collection as code: each part of it runs, for every type of field that a server has."""

from __future__ import annotations

import io
from contextlib import redirect_stdout
from typing import TYPE_CHECKING, Any

import pytest
from pymilvus import MilvusClient
from pymilvus.client.types import DataType

from milvus_nb.errors import ExploreError
from milvus_nb.explore import Description, Field, Function, Index
from milvus_nb.explore.code import PARTS, code_for, code_here, parts
from tests.support.exploring import (
    ROWS,
    Embeddings,
    make_embedded,
    make_every_type,
    make_vectors,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from milvus_nb import Connection, ConnectionRegistry
    from tests.support.servers import MilvusTestServer

HERE = "coded_in_explore"
VECTORS = {"FLOAT_VECTOR": "L2", "BINARY_VECTOR": "JACCARD", "FLOAT16_VECTOR": "IP"}


@pytest.fixture(scope="module")
def coded(milvus: MilvusTestServer) -> Iterator[MilvusTestServer]:
    """Give the shared server with collections of every type."""
    client = MilvusClient(milvus.uri, dedicated=True)
    client.create_database(HERE)
    client.close()
    client = MilvusClient(milvus.uri, db_name=HERE, dedicated=True)
    make_every_type(client, "every", is_lite=False)
    for kind, metric in VECTORS.items():
        make_vectors(client, kind.lower(), kind, metric)
    yield milvus
    for name in client.list_collections():
        client.drop_collection(name)
    client.drop_database(HERE)
    client.close()


@pytest.fixture
def on_server(connections: ConnectionRegistry, coded: MilvusTestServer) -> Connection:
    """Give a connection to it."""
    return connections.connect("server", uri=coded.uri, db_name=HERE, timeout=20)


def run(code: str) -> str:
    """Run it as its user would, apart from everything; give what it printed."""
    printed = io.StringIO()
    with redirect_stdout(printed):
        exec(code, {"__name__": "__main__"})  # noqa: S102  # what the user would do
    return printed.getvalue()


def test_each_part_runs_on_the_real_server(on_server: Connection) -> None:
    """Every type that Milvus 2.3.5 has: describe, load, query, search, insert, a copy."""
    for name in ("every", *(kind.lower() for kind in VECTORS)):
        _all_of_it(on_server, name)


def test_each_part_runs_on_lite(on_lite: Connection) -> None:
    """Every type that Lite has, and a BM25 function, which is searched by text."""
    for name in ("every", "texts"):
        _all_of_it(on_lite, name)


def _all_of_it(connection: Connection, name: str) -> None:
    told = connection.describe(name)
    written = parts(told)
    assert set(written) == set(PARTS)
    assert all(written.values())
    printed = run(code_for(told, connection.params))
    assert printed.count("\n") > ROWS  # what it is, five rows, what was inserted
    assert "insert_count" in printed
    copy = connection.describe(f"{name}_copy")
    assert _comparable(copy.fields) == _comparable(told.fields)
    assert copy.functions == told.functions
    assert [(one.field, one.type, one.metric, one.params) for one in copy.indexes] == [
        (one.field, one.type, one.metric, one.params) for one in told.indexes
    ]
    assert (copy.has_dynamic_field, copy.description, copy.consistency) == (
        told.has_dynamic_field,
        told.description,
        told.consistency,
    )
    connection.client.drop_collection(f"{name}_copy")


def _comparable(fields: tuple[Field, ...]) -> list[tuple[Any, ...]]:
    return [
        (one.name, one.full_type, one.is_primary, one.auto_id, one.nullable, one.default)
        for one in fields
    ]


def test_a_released_collection_is_loaded_by_its_code(on_lite: Connection) -> None:
    """The line stands before those that need it."""
    on_lite.client.release_collection("every")
    code = code_for(on_lite.describe("every"), on_lite.params)
    assert code.index("load_collection") < code.index("client.query")
    run(code)


def test_code_of_one_field_searches_it_alone(on_lite: Connection) -> None:
    """With did you mean."""
    told = on_lite.describe("every")
    code = code_for(told, on_lite.params, "sparse")
    assert 'anns_field="sparse"' in code
    assert 'anns_field="vector"' not in code
    assert "insert" not in code
    run(code)
    with pytest.raises(ExploreError, match="has no field 'vectr'") as caught:
        code_for(told, on_lite.params, "vectr")
    assert caught.value.fix == "Did you mean vector?"


def test_code_holds_no_secret(
    connections: ConnectionRegistry,
    milvus_auth: MilvusTestServer,
    make_database: Callable[[MilvusTestServer, str], str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is a reference to an environment variable, and works with it."""
    connection = connections.connect(
        "a",
        uri=milvus_auth.uri,
        token=milvus_auth.root_token,
        db_name=make_database(milvus_auth, "secret_in_explore"),
        timeout=20,
    )
    name = "books"
    connection.client.create_collection(name, 4)
    try:
        code = code_for(connection.describe(name), connection.params)
        assert milvus_auth.root_token not in code
        assert 'os.environ["MILVUS_PASSWORD"]' in code
        monkeypatch.setenv("MILVUS_PASSWORD", "Milvus")
        assert "insert_count" in run(code)
    finally:
        for one in (name, f"{name}_copy"):
            connection.client.drop_collection(one)


def test_an_api_key_of_a_function_is_not_shown(
    connections: ConnectionRegistry, lite_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its code takes it from the environment: searches by text, inserts, makes a copy."""
    connection = connections.connect("a", uri=str(lite_path))
    with Embeddings() as embeddings:
        make_embedded(connection.client, "texts", embeddings.url, "sk-Sesame")
        told = connection.describe("texts")
        (function,) = told.functions
        assert (function.type, function.outputs) == ("TEXTEMBEDDING", ("vector",))
        code = code_for(told, connection.params)
        assert "Sesame" not in repr(told) + told._repr_html_() + str(function) + code
        assert 'query = "what to look for"' in code
        monkeypatch.setenv("API_KEY", "sk-Sesame")
        assert "insert_count" in run(code)
        (copied,) = connection.client.describe_collection("texts_copy")["functions"]
        assert copied["params"]["api_key"] == "sk-Sesame"


HOSTILE = "x\"'); import os #\\"


def test_hostile_names_stay_data(connections: ConnectionRegistry, lite_path: Path) -> None:
    """The code is compiled, and each name in it is a literal."""
    params = connections.connect("a", uri=str(lite_path)).params
    told = Description(
        alias="a",
        database="default",
        name=HOSTILE,
        description=HOSTILE,
        fields=(
            Field(HOSTILE, "INT64", is_primary=True, description=HOSTILE),
            Field("v", "FLOAT_VECTOR", dim=2, params=(("dim", "2"),)),
            Field("t", "VARCHAR", max_length=9, has_default=True, default=HOSTILE),
        ),
        indexes=(Index("v", "v", HOSTILE, HOSTILE, ((HOSTILE, HOSTILE),)),),
        functions=(Function(HOSTILE, "BM25", (HOSTILE,), (HOSTILE,)),),
        asked_at=0.0,
        properties=((HOSTILE, HOSTILE),),
        consistency=HOSTILE,
    )
    compile(code_for(told, params), "code", "exec")


def test_a_collection_that_no_server_of_these_tests_has_is_written(
    connections: ConnectionRegistry, lite_path: Path
) -> None:
    """A short key of text, several shards, an analyzer, a vector without an index."""
    params = connections.connect("a", uri=str(lite_path)).params
    analyzer = (("enable_analyzer", "true"), ("analyzer_params", '{"type": "english"}'))
    told = Description(
        alias="a",
        database="other",
        name="books",
        fields=(
            Field("isbn", "VARCHAR", is_primary=True, max_length=13),
            Field("text", "VARCHAR", max_length=99, params=analyzer),
            Field("v", "FLOAT_VECTOR", dim=2),
        ),
        asked_at=0.0,
        shards=2,
    )
    code = code_for(told, params)
    compile(code, "code", "exec")
    for line in (
        '"isbn": uuid.uuid4().hex[:13]',
        "num_shards=2",
        "enable_analyzer=True, analyzer_params={'type': 'english'}",
        '# "v" has no index: it cannot be searched.',
        "import uuid",
    ):
        assert line in code
    here = code_here(told, "default")
    assert 'client = connections.use("a", "other").client' in here


def test_an_array_of_structs_is_written(connections: ConnectionRegistry, lite_path: Path) -> None:
    """As pymilvus takes it; no server of these tests knows it."""
    params = connections.connect("a", uri=str(lite_path)).params
    told = Description(
        alias="a",
        database="default",
        name="books",
        fields=(
            Field("id", "INT64", is_primary=True, auto_id=True),
            Field(
                "parts",
                "ARRAY_OF_STRUCT",
                element_type="STRUCT",
                max_capacity=8,
                fields=(
                    Field("word", "ARRAY", element_type="VARCHAR", max_length=16, max_capacity=8),
                    Field("vec", "ARRAY_OF_VECTOR", element_type="FLOAT_VECTOR", dim=4),
                ),
            ),
        ),
        asked_at=0.0,
    )
    code = code_for(told, params)
    assert '"parts": [{"word": "text", "vec": [0.1] * 4}]' in code
    start, end = code.index("schema = client"), code.index("index_params =")
    client = connections.client("a")
    made: dict[str, Any] = {"client": client, "DataType": DataType}
    exec(code[start:end], made)  # noqa: S102  # what the user would do
    schema = made["schema"].to_dict()
    assert [one["name"] for one in schema["struct_fields"]] == ["parts"]
