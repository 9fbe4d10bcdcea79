"""Collections with a field of every type that a server knows, for tests that look into them."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pymilvus import MilvusClient
    from typing_extensions import Self

__all__ = ["ROWS", "Embeddings", "make_embedded", "make_every_type", "make_text", "make_vectors"]

ROWS = 6


def make_every_type(client: MilvusClient, name: str, *, is_lite: bool) -> dict[str, Any]:
    """Make a loaded collection with every type that Lite, or Milvus 2.3.5, has; give its row 0.

    A type that only one of them knows is there on that one alone.
    """
    from pymilvus import DataType

    schema = client.create_schema(auto_id=False, enable_dynamic_field=True, description="All.")
    row: dict[str, Any] = {}

    def field(name: str, kind: Any, value: Any, **more: Any) -> None:
        schema.add_field(name, kind, **more)
        row[name] = value

    field("id", DataType.INT64, 0, is_primary=True)
    field("flag", DataType.BOOL, True)
    for bits in (8, 16, 32, 64):
        field(f"int{bits}", getattr(DataType, f"INT{bits}"), -bits)
    field("single", DataType.FLOAT, 0.5)
    field("wide", DataType.DOUBLE, 0.25)
    field("word", DataType.VARCHAR, "<b>bold</b>", max_length=64, description="A word.")
    field("data", DataType.JSON, {"a": [1, {"b": None}], "c": "<i>"})
    field("tags", DataType.ARRAY, ["x", "y"], element_type=DataType.VARCHAR, max_capacity=4,
          max_length=8)  # fmt: skip
    field("sizes", DataType.ARRAY, [1, 2, 3], element_type=DataType.INT64, max_capacity=4)
    field("vector", DataType.FLOAT_VECTOR, [0.5, -0.25, 0.125, 1.0], dim=4)
    if is_lite:
        field("maybe", DataType.INT64, None, nullable=True)
        field("usual", DataType.VARCHAR, "x", max_length=8, default_value="none")
        field("place", DataType.GEOMETRY, "POINT (1 2)", nullable=True)
        field("moment", DataType.TIMESTAMPTZ, "2025-01-02T03:04:05Z", nullable=True)
        field("sparse", DataType.SPARSE_FLOAT_VECTOR, {3: 0.5, 70_000: 0.25})
    index = client.prepare_index_params()
    index.add_index("vector", index_type="HNSW", metric_type="COSINE",
                    params={"M": 8, "efConstruction": 64})  # fmt: skip
    if is_lite:
        index.add_index("sparse", index_type="SPARSE_INVERTED_INDEX", metric_type="IP")
    client.create_collection(name, schema=schema, index_params=index)
    rows = [{**row, "id": number, "extra": {"n": number}} for number in range(ROWS)]
    client.insert(name, rows)
    client.load_collection(name)
    return {**row, "extra": {"n": 0}}


def make_vectors(client: MilvusClient, name: str, kind: str, metric: str, dim: int = 16) -> None:
    """Make a loaded collection whose one vector field is of a kind, with rows of zeros."""
    from pymilvus import DataType

    schema = client.create_schema(auto_id=True)
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("vector", getattr(DataType, kind), dim=dim)
    index = client.prepare_index_params()
    flat = "BIN_FLAT" if kind == "BINARY_VECTOR" else "FLAT"
    index.add_index("vector", index_type=flat, metric_type=metric)
    client.create_collection(name, schema=schema, index_params=index)
    empty = {"BINARY_VECTOR": dim // 8, "FLOAT16_VECTOR": 2 * dim, "BFLOAT16_VECTOR": 2 * dim}
    value: Any = bytes(empty[kind]) if kind in empty else [0.0] * dim
    client.insert(name, [{"vector": value} for _ in range(ROWS)])
    client.load_collection(name)


def make_text(client: MilvusClient, name: str) -> None:
    """Make a loaded collection with a BM25 function, which Lite knows."""
    from pymilvus import DataType, Function, FunctionType

    schema = client.create_schema(auto_id=True)
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("text", DataType.VARCHAR, max_length=200, enable_analyzer=True)
    schema.add_field("sparse", DataType.SPARSE_FLOAT_VECTOR)
    schema.add_function(Function("bm25", FunctionType.BM25, ["text"], ["sparse"]))
    index = client.prepare_index_params()
    index.add_index("sparse", index_type="SPARSE_INVERTED_INDEX", metric_type="BM25")
    client.create_collection(name, schema=schema, index_params=index)
    client.insert(name, [{"text": f"a text about number {number}"} for number in range(ROWS)])
    client.load_collection(name)


class Embeddings:
    """The HTTP interface of a provider of embeddings, whose vectors tell how long a text is."""

    def __enter__(self) -> Self:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                texts = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["input"]
                vectors = [[float(len(text)), 1.0, 0.5, 0.25] for text in texts]
                found = [{"index": place, "embedding": one} for place, one in enumerate(vectors)]
                body = json.dumps({"data": found}).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def make_embedded(client: MilvusClient, name: str, url: str, api_key: str) -> None:
    """Make a loaded collection whose vectors a provider at `url` makes; Lite knows OpenAI's."""
    from pymilvus import DataType, Function, FunctionType

    schema = client.create_schema(auto_id=True)
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("text", DataType.VARCHAR, max_length=200)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=4)
    params = {"provider": "openai", "api_key": api_key, "base_url": url, "dimensions": 4}
    made = Function("made", FunctionType.TEXTEMBEDDING, ["text"], ["vector"], params=params)
    schema.add_function(made)
    index = client.prepare_index_params()
    index.add_index("vector", index_type="FLAT", metric_type="COSINE")
    client.create_collection(name, schema=schema, index_params=index)
    client.insert(name, [{"text": "x" * (number + 1)} for number in range(ROWS)])
    client.load_collection(name)
