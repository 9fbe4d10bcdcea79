"""What a page is told of the databases of a connection, when it asks."""

from __future__ import annotations

import contextlib
import io
import threading
from contextlib import redirect_stdout
from typing import TYPE_CHECKING, Any

import pytest
from pymilvus.grpc_gen import common_pb2, milvus_pb2, schema_pb2

from milvus_nb._version import PROTOCOL
from milvus_nb.page.session import PageSession
from tests.support.exploring import ROWS, make_every_type, make_vectors
from tests.support.helpers import wait_until
from tests.support.servers import HEALTHY, ScriptedMilvus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import grpc

    from milvus_nb import ConnectionRegistry
    from tests.support.kernels import Kernel
    from tests.support.servers import MilvusTestServer


class Page:
    """A page, without a kernel between."""

    def __init__(self, connections: ConnectionRegistry) -> None:
        self.heard: list[Any] = []
        self.session = PageSession(connections, self.heard.append)
        self._next = 0

    def start(self, method: str, **params: Any) -> int:
        """Ask, without waiting for the answer."""
        self._next += 1
        message = {"v": PROTOCOL, "id": self._next, "method": method, "params": params}
        self.session.handle(message)
        return self._next

    def answer(self, number: int) -> Any:
        """Wait for the answer to a question."""
        return wait_until(lambda: next((m for m in self.heard if m.get("id") == number), None))

    def ask(self, method: str, alias: str = "lite", **params: Any) -> Any:
        """Ask, and give the result."""
        answer = self.answer(self.start(method, alias=alias, **params))
        assert "error" not in answer, answer
        return answer["result"]

    def refusal(self, method: str, alias: str, **params: Any) -> Any:
        """Ask, and give the error."""
        return self.answer(self.start(method, alias=alias, **params))["error"]


@pytest.fixture
def page(connections: ConnectionRegistry) -> Iterator[Page]:
    """Give a page of this process's connections."""
    found = Page(connections)
    yield found
    found.session.close()


@pytest.fixture
def script() -> Iterator[ScriptedMilvus]:
    """Give a server that answers what a real one cannot be made to."""
    with ScriptedMilvus() as server:
        yield server


IN = {"database": "default"}

#: In place of this process's own connections, the code is given those of the test.
MAIN = "from milvus_nb import connections\n"


def test_a_page_opens_a_connection_down_to_its_rows(
    page: Page, connections: ConnectionRegistry, lite_path: Path
) -> None:
    """Databases, collections, sizes, one description, some rows, and code that runs here."""
    client = connections.connect("lite", uri=str(lite_path)).client
    make_every_type(client, "every", is_lite=True)
    make_vectors(client, "bits", "FLOAT_VECTOR", "L2")
    client.release_collection("bits")

    found = page.ask("databases")
    assert (found["names"], found["current"], found["untold"]) == (["default"], "default", [])
    found = page.ask("collections", **IN)
    assert (found["names"], found["total"]) == (["bits", "every"], 2)
    found = page.ask("sizes", names=["every", "bits", "gone"], **IN)
    sizes = {one["name"]: (one["rows"], one["is_exact"], one["load"]) for one in found["sizes"]}
    assert sizes["every"] == (ROWS, True, "loaded")
    assert sizes["bits"][2] == "released"
    assert sizes.keys() == {"every", "bits"}

    told = page.ask("describe", collection="every", **IN)
    assert (told["name"], told["rows"], told["load"]) == ("every", ROWS, "loaded")
    fields = {one["name"]: one for one in told["fields"]}
    assert fields["id"]["is_primary"]
    assert fields["vector"]["type"] == "FLOAT_VECTOR 4"
    assert fields["usual"]["default"] == "none"
    assert next((one["field"], one["type"]) for one in told["indexes"]) == ("vector", "HNSW")
    assert told["partitions"] == ["_default"]
    assert told["aliases"] == []

    rows = page.ask("preview", collection="every", count=3, **IN)
    row = dict(zip(rows["columns"], rows["rows"][0], strict=True))
    assert len(rows["rows"]) == 3
    assert row["word"] == "<b>bold</b>"  # data; a page shows it as such
    assert row["vector"] == "[0.5, -0.25, … 4]"
    assert row["maybe"] is None

    for field in ("", "vector"):
        code = page.ask("collection_code", collection="every", field=field, **IN)
        with redirect_stdout(io.StringIO()) as printed:
            exec(code["here"].replace(MAIN, ""), {"connections": connections})  # noqa: S102
        assert "'id': 0" in printed.getvalue()
    assert client.query("every", output_fields=["count(*)"])[0]["count(*)"] == ROWS  # none more
    code = page.ask("collection_code", collection="every", field="", **IN)
    assert "MilvusClient(" in code["elsewhere"]
    assert "client.insert(" not in code["elsewhere"]  # it may be run without a look


def test_a_page_loads_and_releases_a_collection(
    page: Page,
    connections: ConnectionRegistry,
    lite_path: Path,
    milvus: MilvusTestServer,
    make_database: Callable[[MilvusTestServer, str], str],
) -> None:
    """When its user says so alone; then its rows are read. What cannot be loaded says why."""
    client = connections.connect("lite", uri=str(lite_path)).client
    make_vectors(client, "bits", "FLOAT_VECTOR", "L2")
    client.release_collection("bits")
    bits: dict[str, Any] = {"collection": "bits", "seen": -1, **IN}
    assert page.refusal("preview", "lite", collection="bits", count=3, **IN)["cause"] == "released"
    assert page.ask("load", **bits) == {"load": "loaded", "percent": 100}
    assert len(page.ask("preview", collection="bits", count=3, **IN)["rows"]) == 3
    page.ask("release", collection="bits", **IN)
    told = page.refusal("load", "lite", **bits | {"seen": 40})  # somebody has released it meanwhile
    assert told["cause"] == "released"
    told = page.refusal("release", "lite", collection="gone", **IN)
    assert told["cause"] == "no-collection"

    name = "books"
    there = {"collection": name, "database": make_database(milvus, "page_loads")}
    options: dict[str, Any] = {"db_name": there["database"], "timeout": 60}
    server = connections.connect("server", uri=milvus.uri, **options).client
    make_vectors(server, name, "FLOAT_VECTOR", "L2")
    server.release_collection(name)
    load, seen = "", -1
    while load != "loaded":
        told = page.ask("load", "server", seen=seen, **there)
        load, seen = told["load"], told["percent"]
    assert len(page.ask("preview", "server", count=3, **there)["rows"]) == 3
    server.release_collection(name)
    server.drop_index(name, "vector")
    told = page.refusal("load", "server", seen=-1, **there)
    assert told["cause"] == "no-index"
    server.drop_collection(name)


@pytest.mark.parametrize("what", ["load", "release"])
def test_who_may_not_load_or_release_is_told_whom_to_ask(
    page: Page, connections: ConnectionRegistry, script: ScriptedMilvus, what: str
) -> None:
    """The privilege, and the line that gives it."""
    connections.connect("a", uri=script.address, user="bob", password="secret")
    schema = schema_pb2.CollectionSchema(name="books")
    script.methods["DescribeCollection"] = bytes(
        milvus_pb2.DescribeCollectionResponse(
            schema=schema, collection_name="books"
        ).SerializeToString()
    )
    name = what.title()
    denied = common_pb2.Status(
        code=65535, error_code=1, reason=f"Privilege{name}: permission deny to bob"
    )
    script.methods[f"{name}Collection"] = bytes(denied.SerializeToString())
    seen = {"seen": -1} if what == "load" else {}
    told = page.refusal(what, "a", collection="books", **seen, **IN)
    assert told["what"] == f"You may not {what} books."
    assert name in told["reason"]
    assert "grant_privilege" in told["fix"]


def test_a_failure_is_an_answer_for_its_node_alone(
    page: Page, connections: ConnectionRegistry, script: ScriptedMilvus
) -> None:
    """A missing privilege with what to ask for; what the user may see is told as before."""
    connections.connect("a", uri=script.address, user="bob", password="secret")
    script.methods["ListDatabases"] = bytes(
        milvus_pb2.ListDatabasesResponse(db_names=["default", "sales"]).SerializeToString()
    )
    status = common_pb2.Status(
        code=65535, error_code=1, reason="PrivilegeShowCollections: permission deny to bob"
    )
    script.methods["ShowCollections"] = bytes(
        milvus_pb2.ShowCollectionsResponse(status=status).SerializeToString()
    )
    assert page.ask("databases", "a")["names"] == ["default", "sales"]
    told = page.refusal("collections", "a", database="sales")
    assert told["what"] == "You may not list the collections of sales."
    assert "ShowCollections" in told["fix"]
    assert page.ask("databases", "a")["names"] == ["default", "sales"]
    assert page.refusal("databases", "nobody")["what"].startswith("There is no connection")
    many = [str(number) for number in range(51)]
    assert "at most 50" in page.refusal("sizes", "a", database="sales", names=many)["fix"]


def test_a_page_is_told_what_the_user_may_do(
    page: Page, connections: ConnectionRegistry, milvus_auth: MilvusTestServer, lite_path: Path
) -> None:
    """As `%milvus status` tells it; nothing of who has not signed in."""
    connections.connect("prod", uri=milvus_auth.uri, token=milvus_auth.root_token, timeout=20)
    told = dict(page.ask("rights", "prod")["rows"])
    assert told["Roles"] == "none; by default root may do everything"
    assert "DescribeCollection" in told["Privileges"]
    connections.connect("lite", uri=str(lite_path))
    assert page.ask("rights")["rows"] == []


def test_a_page_takes_its_question_back(
    page: Page, connections: ConnectionRegistry, script: ScriptedMilvus
) -> None:
    """The call ends at the server; the names of many collections cost one."""
    begun, gone = threading.Event(), threading.Event()

    def wait(context: grpc.ServicerContext) -> bytes:
        begun.set()
        with contextlib.suppress(TimeoutError):
            wait_until(lambda: not context.is_active(), 60)
            gone.set()
        return b""

    connections.connect("a", uri=script.address, timeout=60)
    script.methods["ShowCollections"] = wait
    number = page.start("collections", alias="a", database="")
    assert begun.wait(60)
    page.answer(page.start("cancel", request=number))
    assert page.answer(number)["error"]["what"] == "Cancelled."
    assert gone.wait(60)

    names = [f"c{number:04}" for number in range(1_000)]
    script.methods["ShowCollections"] = bytes(
        milvus_pb2.ShowCollectionsResponse(collection_names=names).SerializeToString()
    )
    script.calls.clear()
    assert page.ask("collections", "a", database="")["names"] == names
    asked = [call.method for call in script.calls if call.method not in HEALTHY]
    assert asked == ["ShowCollections"]


LOOKED = """
from milvus_nb import connections
from milvus_nb.page.session import PageSession
from milvus_nb._version import PROTOCOL as V
heard = []
session = PageSession(connections, heard.append)
def ask(number, method, **params):
    session.handle({"v": V, "id": number, "method": method, "params": params,
                    "page": "p", "stays_s": 600})
"""
TOLD = """
import time
end = time.monotonic() + 60
while not any(m.get({key!r}) == {value!r} for m in heard) and time.monotonic() < end:
    time.sleep(0.01)
print(sum(m.get("event") == "cell" for m in heard))
"""

#: Asks as a page does it, and tells how often it is told that a cell has ended.
BY_COMM = """
from comm import create_comm
comm = create_comm(target_name="asks")
comm.on_msg(lambda message: ask(3, "databases", alias="lite"))
def cells():
    return sum(m.get("event") == "cell" for m in heard)
async def all_is_told():
    pass
connections.monitor.submit(all_is_told()).wait()
before = cells()
comm.handle_msg({})
connections.monitor.submit(all_is_told()).wait()
print(cells() - before)
"""


def test_a_page_that_has_looked_is_told_when_a_cell_has_ended(kernel: Kernel) -> None:
    """Whatever the cell did: the page looks again where a node is open. Before, not a word.

    Nor is it told by its own questions, which would never end.
    """
    kernel.run(LOOKED)
    kernel.run("ask(1, 'hello')" + TOLD.format(key="id", value=1))
    assert kernel.run(TOLD.format(key="id", value=1)).stdout.strip() == "0"
    kernel.run("connections.connect('lite', uri='./looked.db')\nask(2, 'databases', alias='lite')")
    assert int(kernel.run(TOLD.format(key="event", value="cell")).stdout) >= 1
    assert kernel.run(BY_COMM).stdout.strip() == "0"
