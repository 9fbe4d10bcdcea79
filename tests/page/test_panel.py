"""The panel's kernel side, spoken to as the page does: through the comm of a real kernel."""

from __future__ import annotations

import json
import queue
import sys
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from anywidget import _util

from milvus_nb._version import PROTOCOL as V
from milvus_nb.page import messages
from milvus_nb.page.panel import Panel
from milvus_nb.probing.rest import Source
from milvus_nb.probing.stages import LITE_STAGE_NAMES
from tests.support.helpers import free_port, sockets_to, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from milvus_nb import ConnectionRegistry
    from tests.support.kernels import Execution, Kernel
    from tests.support.servers import MilvusTestServer


class Page:
    """The page's end of the comm of a kernel's panel."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self.events: list[dict[str, Any]] = []
        self._answers: dict[int, dict[str, Any]] = {}
        self._next = 1
        # What a message says of that, beside the request; a real page says it again and again.
        self.attends: dict[str, Any] = {"page": "patient", "stays_s": 600}
        kernel.run("%load_ext milvus_nb\npanel = %milvus panel")
        self._comm_id = kernel.run("print(panel.comm.comm_id)").stdout.strip()

    def send(self, content: object) -> None:
        """Send anything."""
        client = self.kernel.client
        message = {"comm_id": self._comm_id, "data": {"method": "custom", "content": content}}
        client.shell_channel.send(client.session.msg("comm_msg", message))

    def start(self, method: str, **params: Any) -> int:
        """Ask, without waiting for the answer."""
        number, self._next = self._next, self._next + 1
        self.send({"v": V, "id": number, "method": method, "params": params, **self.attends})
        return number

    def answer(self, number: int, deadline_s: float = 90.0) -> dict[str, Any]:
        """Wait for the answer to a question."""
        self.read_until(lambda: number in self._answers, deadline_s)
        return self._answers.pop(number)

    def ask(self, method: str, **params: Any) -> Any:
        """Ask, and give the result."""
        answer = self.answer(self.start(method, **params))
        assert "error" not in answer, answer
        return answer["result"]

    def refusal(self, method: str, **params: Any) -> dict[str, str]:
        """Ask, and give the error."""
        error: dict[str, str] = self.answer(self.start(method, **params))["error"]
        return error

    def read_until(self, condition: Callable[[], bool], deadline_s: float = 90.0) -> None:
        """Read what the kernel says until a condition holds."""
        end = time.monotonic() + deadline_s
        while not condition():
            assert time.monotonic() < end, self.events[-3:]
            try:
                message = self.kernel.client.get_iopub_msg(timeout=0.1)
            except queue.Empty:
                continue
            self.hear(message)

    def hear(self, message: dict[str, Any]) -> None:
        """Take in a message of the kernel."""
        content = message["content"]
        if message["msg_type"] == "comm_msg" and content["comm_id"] == self._comm_id:
            said = content["data"].get("content", {})
            if "event" in said:
                self.events.append(said)
            elif "id" in said:
                self._answers[said["id"]] = said

    def run(self, cell: str) -> Execution:
        """Run a cell, and hear what the kernel says to the page meanwhile."""
        done = self.kernel.execute(cell)
        for message in done.messages:
            self.hear(message)
        return done

    def overhear(self, cell: str) -> str:
        """Run a cell, hear all that the kernel says till its end, and give what was printed."""
        request = self.kernel.client.execute(cell)
        printed = ""
        while True:
            message = self.kernel.client.get_iopub_msg(timeout=30)
            self.hear(message)
            if message["parent_header"].get("msg_id") == request:
                printed += str(message["content"].get("text", ""))
                if message["content"].get("execution_state") == "idle":
                    return printed

    def read_row(self, alias: str) -> dict[str, Any]:
        """Wait until the page is told of a connection that is connected, without being asked."""
        found: list[dict[str, Any]] = []

        def is_told() -> bool:
            found[:] = [
                row
                for event in self.events
                for row in event.get("changed", [])
                if row["alias"] == alias and row["state"] == "connected"
            ]
            return bool(found)

        self.read_until(is_told)
        return found[-1]

    def row(self, alias: str) -> dict[str, Any]:
        """Give an alias's connection, as the page is told when it opens."""
        rows: list[dict[str, Any]] = self.ask("hello")["connections"]
        return next(row for row in rows if row["alias"] == alias)


@pytest.fixture
def page(shared_kernel: Kernel) -> Page:
    """Give a page whose kernel shows its panel."""
    return Page(shared_kernel)


def test_a_connection_from_its_stages_to_its_undo(page: Page) -> None:
    """Connect, facts, ping, details, disconnect, reconnect."""
    request = page.start("connect", address="./demo.db", alias="lite")
    assert page.answer(request)["result"] == {"alias": "lite"}
    stages = [event["stages"] for event in page.events if event["event"] == "stage"]
    assert [stage["name"] for stage in stages[-1]] == list(LITE_STAGE_NAMES)
    assert {stage["status"] for stage in stages[-1]} == {"ok"}
    row = page.row("lite")
    assert row["state"] == "connected"
    assert row["address"] == "./demo.db"
    assert row["latency_ms"] > 0
    assert page.ask("hello")["current"] == "lite"
    assert page.ask("ping", alias="lite")["median_ms"] > 0
    assert ["Address", "./demo.db"] in page.ask("details", alias="lite")["rows"]

    assert page.ask("disconnect", alias="lite") == {}
    page.read_until(lambda: any("lite" in event.get("removed", []) for event in page.events))
    assert page.ask("hello")["connections"] == []
    assert "lite is not connected" in page.refusal("disconnect", alias="lite")["what"]
    assert page.ask("reconnect", alias="lite") == {"alias": "lite"}
    assert page.row("lite")["state"] == "connected"


def test_a_refused_connect_says_what_why_and_what_to_do(page: Page) -> None:
    """In the answer; nothing is left of the attempt."""
    port = free_port()
    error = page.refusal("connect", address=f"localhost:{port}", alias="x")
    assert f"localhost:{port}" in error["what"]
    assert "refused" in error["reason"]
    assert error["fix"]
    error = page.refusal("connect", address="localhost:99999", alias="x")
    assert "65535" in str(error)
    assert page.ask("hello")["connections"] == []


def test_a_profile_that_goes_elsewhere_by_now_gets_no_secret(
    page: Page, milvus_auth: MilvusTestServer
) -> None:
    """What the user saw when typing it is what counts."""
    path = page.kernel.folder / "config" / "milvus_nb" / "profiles.toml"
    path.parent.mkdir(parents=True)
    text = '[profiles.p]\naddress = "{}"\nuser = "root"\nsecret = "ask"\n'
    path.write_text(text.format(milvus_auth.address))
    [seen] = page.ask("hello")["profiles"]["profiles"]
    path.write_text(text.format("127.0.0.66:6666"))
    given = {"address": seen["address"], "alias": "p", "profile": "p", "password": "Milvus"}
    given["seal"] = seen["seal"]
    for method in ("connect", "test"):
        assert page.answer(page.start(method, **given))["error"]["cause"] == "profile-changed"
    path.write_text(text.format(milvus_auth.address))
    assert page.ask("connect", **given) == {"alias": "p"}


def test_a_profile_that_was_changed_by_hand_is_not_overwritten(page: Page) -> None:
    """What the form has shown is what it changes: also where the file has a mistake by now."""
    path = page.kernel.folder / "config" / "milvus_nb" / "profiles.toml"
    path.parent.mkdir(parents=True)
    text = '[profiles.p]\naddress = "one.example"\nlabel = "mine"\n'
    path.write_text(text)

    def saved(seen: str, name: str = "p") -> dict[str, Any]:
        given = {"name": name, "was": "p", "alias": "", "project": False, "replace": True}
        return page.answer(page.start("save_profile", **given, address="two.example", seen=seen))

    [shown] = page.ask("hello")["profiles"]["profiles"]
    for changed in (text.replace("one", "other"), text + "timeout = 9\n", text + "secure = 3\n"):
        path.write_text(changed)
        for name in ("p", "new name"):
            error = saved(shown["revision"], name)["error"]
            assert error["cause"] == "profile-changed"
            assert str(path) in error["reason"]
        assert path.read_text() == changed
    path.write_text(text + "# mine\n")
    assert saved(shown["revision"])["result"] == {"name": "p"}
    assert "# mine" in path.read_text()
    path.write_text("")
    assert saved(shown["revision"])["result"] == {"name": "p"}  # nothing is overwritten


def test_a_secret_need_not_be_typed_again_and_can_be_forgotten(
    page: Page, milvus_auth: MilvusTestServer
) -> None:
    """The kernel keeps it for the next try of the same form, and gives it to nobody."""
    number = page.start("connect", address="localhost:1", alias="x", token=milvus_auth.root_token)
    assert "error" in page.answer(number)
    second = page.start("test", address=milvus_auth.address, alias="x", secret_from=number)
    assert "result" in page.answer(second)
    page.ask("forget", request=second)
    error = page.refusal("connect", address=milvus_auth.address, alias="x", secret_from=second)
    assert error["fix"] == "Type it once more."
    error = page.refusal(
        "connect", address=milvus_auth.address, alias="x", user="root", password="no"
    )
    assert "Wrong password" in error["reason"]
    assert milvus_auth.root_token not in str(page.events)


def test_an_attempt_can_be_cancelled_by_its_request_or_by_its_alias(
    page: Page, silent_port: int
) -> None:
    """Both end it at once; the row goes."""
    for cancel in ("cancel", "disconnect"):
        number = page.start("connect", address=f"localhost:{silent_port}", alias="x", timeout=60)
        page.read_until(
            lambda: any(
                row["alias"] == "x" for event in page.events for row in event.get("changed", [])
            )
        )
        start = time.monotonic()
        page.ask(cancel, **({"request": number} if cancel == "cancel" else {"alias": "x"}))
        assert page.answer(number)["error"]["what"] == "Cancelled."
        assert time.monotonic() - start < 40  # not the 60 s of the connect
        assert page.ask("hello")["connections"] == []
        page.events.clear()


def test_a_malformed_message_is_answered_where_it_can_be_and_kills_nothing(page: Page) -> None:
    """Wrong versions, methods, parameters and types, and things that are no message at all."""
    hopeless: tuple[Any, ...] = (
        None, 7, [], {}, {"v": 1}, {"id": {}}, {"v": V, "id": "x", "method": "hello"},
    )  # fmt: skip
    for content in hopeless:
        page.send(content)
    wrong: tuple[dict[str, Any], ...] = (
        {"v": V + 1},
        {"v": None},
        {"method": "explode"},
        {"method": "__init__"},
        {"method": ["hello"]},
        {"params": []},
        {"params": {"alias": "x"}},
        {"method": "ping", "params": {}},
        {"method": "ping", "params": {"alias": 7}},
        {"method": "cancel", "params": {"request": True}},
        {"method": "connect", "params": {"alias": "x", "secure": 1}},
        {"method": "connect", "params": {"alias": "x", "timeout": "5"}},
        {"method": "paste", "params": {}},
        {"method": "adopt", "params": {"alias": "x"}},
        {"method": "code", "params": {"alias": "x"}},
        {"page": 1},
        {"page": "x" * 65},
        {"stays_s": "1"},
        {"stays_s": -1},
        {"stays_s": 1e9},
    )
    for number, changes in enumerate(wrong, start=1000):
        page.send({"v": V, "id": number, "method": "hello", "params": {}, **changes})
        error = page.answer(number)["error"]
        assert error["what"], changes
    assert page.ask("hello")["connections"] == []


def test_a_burst_of_changes_is_a_few_messages(page: Page) -> None:
    """200 connections come and go; the page hears of it at most 20 times a second."""
    page.ask("connect", address="./demo.db", alias="first")
    page.events.clear()
    start = time.monotonic()
    page.run(
        "from milvus_nb import connections\n"
        "for n in range(200):\n    connections.connect(f'c{n}', uri='./demo.db')\n"
        "for n in range(200):\n    connections.disconnect(f'c{n}')"
    )
    assert [row["alias"] for row in page.ask("hello")["connections"]] == ["first"]
    rows = [event for event in page.events if event["event"] == "rows"]
    assert 1 <= len(rows) <= 20 * (time.monotonic() - start) + 2


def test_ticks_tell_each_endpoint_once(page: Page) -> None:
    """Ten aliases of one file are measured, and told, once."""
    page.kernel.run(
        "from milvus_nb import connections\n"
        "for n in range(10):\n    connections.connect(f'c{n}', uri='./demo.db')"
    )
    rows = page.ask("hello")["connections"]
    assert {row["endpoint"] for row in rows} == {rows[0]["endpoint"]}
    page.events.clear()
    page.read_until(lambda: any(event["event"] == "tick" for event in page.events))
    tick = next(event for event in page.events if event["event"] == "tick")
    assert [measured[0] for measured in tick["measured"]] == [rows[0]["endpoint"]]


OPEN_CLIENT = """
import pymilvus
{name} = pymilvus.MilvusClient({uri!r}, token="root:Milvus", dedicated=True)
"""


def test_what_others_open_is_told_while_a_page_is_there(
    page: Page, milvus_auth: MilvusTestServer
) -> None:
    """Who opened it, which variable holds it, how it is; and when it is gone."""
    page.ask("hello")
    page.run(OPEN_CLIENT.format(name="store", uri=milvus_auth.uri))
    row = page.read_row("client:store")  # the page has asked for nothing
    assert row["origin"] == "MilvusClient"
    assert row["users"] == ["store"]
    assert row["own"] is False
    assert row["user"] == "root"
    assert row["address"] == milvus_auth.address
    assert page.ask("ping", alias="client:store")["median_ms"] > 0
    facts = page.ask("details", alias="client:store")["rows"]
    assert ["Opened with", "MilvusClient"] in facts
    assert ["Used by", "store"] in facts
    report = page.ask("diagnose", alias="client:store")
    assert report["failure"] is None
    assert "alias here" in page.refusal("use", alias="client:store")["what"]
    page.run("store.close()")
    page.events.clear()
    page.ask("look")
    page.read_until(
        lambda: any("client:store" in event.get("removed", []) for event in page.events)
    )


#: Lets five heartbeats pass, in which a server goes away and others open and close something.
EVENTFUL = """
import threading, time, pymilvus
from milvus_nb import connections
passed, five = [], threading.Event()
def count():
    passed.append(1)
    if len(passed) == 5:
        five.set()
ticker = connections.monitor.each_heartbeat(count)
store = pymilvus.MilvusClient({uri!r}, dedicated=True)
connections.connect("more", uri="./demo.db")
connections.disconnect("more")
five.wait(20)
ticker.cancel()
"""


def is_forgotten(page: Page) -> bool:
    return page.overhear("print(panel._session._attention.is_there)") == "False\n"


@pytest.mark.parametrize("how", ["it says so", "it says nothing more"])
def test_where_no_page_attends_nothing_is_said(
    page: Page, milvus: MilvusTestServer, how: str
) -> None:
    """It is hidden or closed, or its browser was killed; one that comes back is told everything."""
    page.attends = {"page": "p", "stays_s": 0.5}
    page.ask("hello")
    page.run("%config MilvusMagics.heartbeat = 0.2")
    if how == "it says so":
        page.ask("leave")
    else:
        wait_until(lambda: is_forgotten(page))
    page.events.clear()
    page.overhear(EVENTFUL.format(uri=milvus.uri))
    assert page.events == []
    page.attends = {"page": "p", "stays_s": 20}
    assert page.ask("look") == {"missed": True}
    page.read_row("client:store")
    assert page.ask("look") == {"missed": False}


def test_a_page_that_leaves_is_no_end_for_another(page: Page) -> None:
    """Each says for itself that it attends."""
    page.run("%config MilvusMagics.heartbeat = 0.2")
    page.attends = {"page": "one", "stays_s": 60}
    page.ask("hello")
    page.attends = {"page": "two", "stays_s": 60}
    page.ask("hello")
    page.ask("leave")
    page.events.clear()
    page.read_until(lambda: any(event["event"] == "tick" for event in page.events))


def test_a_cell_that_keeps_a_page_from_saying_so_does_not_end_it(page: Page) -> None:
    """A kernel without subshells hears it only after the cell; it goes on telling meanwhile."""
    page.run("%config MilvusMagics.heartbeat = 0.2")
    page.ask("hello")
    page.read_until(lambda: [event["event"] for event in page.events].count("tick") > 2)
    page.ask("leave")
    page.attends = {"page": "p", "stays_s": 3.0}
    page.ask("hello")
    page.events.clear()
    told = page.overhear(
        "import time; until = max(panel._session._attention._until.values())\n"
        "while time.monotonic() < until + 0.6: time.sleep(0.05)\n"
        "print(time.time() - 0.5)"
    )
    assert any(event["now"] > float(told) for event in page.events)
    assert is_forgotten(page)


#: Disconnects while a page is just being told everything, and has it told of that first.
MEANWHILE = """
import time
from milvus_nb import connections
store = type(connections.profiles)
find = store.find
def slow(self):
    store.find = find
    connections.disconnect("late")
    while panel._session._news._flush_due: time.sleep(0.01)
    return find(self)
store.find = slow
"""


def test_what_changes_while_a_page_is_told_everything(page: Page) -> None:
    """It is told as it is then: what was so before would be shown until something else changes."""
    page.ask("hello")
    page.run("c = %milvus connect ./late.db -a late")
    page.read_row("late")
    page.overhear(MEANWHILE)
    assert page.ask("hello")["connections"] == []


def test_what_others_opened_is_closed_for_real(page: Page, milvus_auth: MilvusTestServer) -> None:
    """The socket is gone, and with it the client."""
    page.run(OPEN_CLIENT.format(name="store", uri=milvus_auth.uri))
    page.ask("hello")
    page.read_row("client:store")
    pid = int(page.run("import os; print(os.getpid())").stdout)
    assert sockets_to(milvus_auth.port, pid)
    page.ask("disconnect", alias="client:store")
    assert sockets_to(milvus_auth.port, pid) == []
    assert page.run("store.list_collections()").error
    assert "no connection client:store" in page.refusal("disconnect", alias="client:store")["what"]


def test_what_others_opened_gets_an_alias(page: Page, milvus_auth: MilvusTestServer) -> None:
    """It keeps its origin and its users; a taken alias is refused."""
    page.run(OPEN_CLIENT.format(name="store", uri=milvus_auth.uri))
    page.ask("connect", address="./demo.db", alias="taken")
    page.read_row("client:store")
    refusal = page.refusal("adopt", alias="client:store", new_alias="taken")
    assert refusal["what"] == "The alias taken is taken."
    assert page.ask("adopt", alias="client:store", new_alias="mine") == {"alias": "mine"}
    row = page.row("mine")
    assert row["own"] is True
    assert row["origin"] == "MilvusClient"
    assert row["users"] == ["store"]
    assert page.run("print(store.list_collections())").stdout == "[]\n"
    page.ask("use", alias="taken")
    page.ask("use", alias="mine")
    assert page.ask("hello")["current"] == "mine"
    page.ask("disconnect", alias="mine")
    assert page.run("store.list_collections()").error


def test_what_is_new_comes_in_the_order_in_which_it_was_connected(
    page: Page, milvus: MilvusTestServer
) -> None:
    """Also where much is told at once; a page that comes later has the same order."""
    page.ask("hello")
    names = [f"in_turn_{number}" for number in range(12)]
    page.run(
        f"from milvus_nb import connections\n"
        f"for name in {names}: connections.connect(name, uri={milvus.uri!r})"
    )
    page.read_row(names[-1])
    changed = [row["alias"] for event in page.events for row in event.get("changed", [])]
    assert list(dict.fromkeys(changed)) == names
    assert [row["alias"] for row in page.ask("hello")["connections"]] == names


def _code(answer: dict[str, Any]) -> str:
    return "".join(words for _, words in answer["words"])


def test_a_connection_as_code_without_its_secret(page: Page, milvus_auth: MilvusTestServer) -> None:
    """In each language, its words told by their kind; one that is not possible is refused."""
    secret = milvus_auth.root_token
    page.ask("connect", address=milvus_auth.address, alias="prod", token=secret)
    first = page.ask("code", alias="prod", language="python")
    assert "MilvusClient(" in _code(first)
    assert ["keyword", "import"] in first["words"]
    assert first["language"] == "python"
    for language in first["languages"]:
        text = _code(page.ask("code", alias="prod", language=language))
        assert str(milvus_auth.port) in text
        assert secret not in text
    page.ask("connect", address="./demo.db", alias="lite")
    assert page.refusal("code", alias="lite", language="go")["what"]
    assert page.refusal("code", alias="prod", language="fortran")["reason"]
    page.run(OPEN_CLIENT.format(name="store", uri=milvus_auth.uri))
    page.read_row("client:store")
    text = _code(page.ask("code", alias="client:store", language="magic"))
    assert "--alias store " in text


def test_a_page_is_told_when_what_the_milvus_cli_has_saved_changes(page: Page) -> None:
    """While it attends: the profiles are told anew, and it asks what can be imported."""
    folder = page.kernel.folder
    path = folder / ".milvus_cli_connections.json"
    entries: dict[str, Any] = {}

    def is_told() -> bool:
        # The first look at the file may come after it was written: so it changes once more.
        entries[f"n{len(entries)}"] = {"uri": "http://books.example:19530"}
        path.write_text(json.dumps(entries))
        return any(event["event"] == "profiles" for event in page.events)

    page.run(f"import os; home = os.environ.get('HOME'); os.environ['HOME'] = {str(folder)!r}")
    try:
        page.ask("hello")
        page.events.clear()
        page.read_until(is_told)
        assert page.ask("importable")["found"][0]["name"] == "n0"
    finally:
        page.run("os.environ.pop('HOME') if home is None else os.environ.update(HOME=home)")
        path.unlink(missing_ok=True)


def test_what_the_milvus_cli_has_saved_is_imported_as_it_was_shown(page: Page) -> None:
    """Nothing takes another's place, and what has changed meanwhile is left alone."""
    folder = page.kernel.folder
    profiles = folder / "config" / "milvus_nb" / "profiles.toml"
    entries = {
        name: {"uri": f"http://{name.replace(' ', '')}.example:1", "token": "root:open-sesame-cli"}
        for name in ("known", "other", "moved", "my db", "my-db")
    }

    def write() -> None:
        (folder / ".milvus_cli_connections.json").write_text(json.dumps(entries))

    page.run(f"import os; home = os.environ.get('HOME'); os.environ['HOME'] = {str(folder)!r}")
    try:
        assert page.ask("importable")["found"] == []
        profiles.parent.mkdir(parents=True)
        profiles.write_text(
            "[profiles.known]\naddress = 'http://known.example:1'\nuser = 'root'\n"
            "secret = 'keyring'\n[profiles.other]\naddress = 'elsewhere.example'\n"
        )
        entries["broken"] = {"uri": "ftp://x"}
        write()
        found = page.ask("importable")["found"]
        assert [(one["name"], bool(one["problem"])) for one in found] == [
            ("other", True), ("moved", False), ("my-db", False), ("my-db", True), ("", True),
        ]  # fmt: skip
        assert (found[1]["place"], found[1]["user"]) == ("moved.example:1, without TLS", "root")
        assert found[1]["has_secret"]
        assert "open-sesame" not in str(found)
        entries["moved"]["uri"] = "http://thief.example:1"
        write()
        done = page.ask("import_profiles", ids=[one["id"] for one in found])
        assert done["names"] == ["my-db"]
        assert len(done["left"]) == 4
        text = profiles.read_text()
        assert "thief" not in text
        assert "open-sesame" not in text
        assert "elsewhere.example" in text
    finally:
        page.run("os.environ['HOME'] = home")


def test_what_a_server_says_over_http(page: Page, milvus: MilvusTestServer) -> None:
    """Each source with a label and words; nothing of a file."""
    page.ask("connect", address=milvus.address, alias="lab")
    rows = page.ask("sources", alias="lab")["rows"]
    assert [row[0] for row in rows][:2] == ["REST", "Health"]
    assert "collections" in rows[0][1]
    page.ask("connect", address="./demo.db", alias="lite")
    assert page.ask("sources", alias="lite")["rows"] == []


def test_only_pages_of_the_web_are_links() -> None:
    """A server cannot have the page run anything."""
    found = messages.sources(
        [
            Source("WebUI", "there", "http://h:9091/webui/"),
            Source("REST", "odd", "javascript:alert(1)"),
            Source("Health", "odder", "http://[h"),
        ]
    )
    assert found["rows"] == [
        ("WebUI", "there", "http://h:9091/webui/"),
        ("REST", "odd"),
        ("Health", "odder"),
    ]


def test_a_pasted_line_fills_the_form_and_its_secret_stays(
    page: Page, milvus_auth: MilvusTestServer
) -> None:
    """The fields come back without it; a connect with `secret_from` uses it."""
    password = "Milvus"
    text = (
        "from pymilvus import MilvusClient\n"
        f'client = MilvusClient(uri="{milvus_auth.uri}", token="root:{password}", timeout=3,\n'
        '    ca_pem_path="/nowhere/ca.pem", pool_size=3)'
    )
    number = page.start("paste", text=text)
    answer = page.answer(number)
    assert password not in str(answer)
    fields = answer["result"]
    assert fields["kind"] == "pymilvus"
    assert fields["sign_in"] == "password"
    assert fields["user"] == "root"
    assert fields["has_secret"] is True
    assert fields["timeout"] == 3
    assert fields["ca_pem_path"] == "/nowhere/ca.pem"  # connecting looks at it
    assert any("pool_size" in note for note in fields["notes"])
    done = page.ask(
        "connect", address=milvus_auth.address, alias="x", user="root", secret_from=number
    )
    assert done == {"alias": "x"}
    assert page.row("x")["user"] == "root"


@pytest.mark.parametrize(
    "text",
    [
        "my secret is Zebra-71, do not tell",
        "MilvusClient(uri='localhost:99999', token='Zebra-71')",
        "MilvusClient('localhost', token=f'Zebra-71{x}')",
        "http://root:Zebra-71@localhost:99999",
        "Zebra-71@",
        "(" * 5000 + "Zebra-71",
    ],
)
def test_what_cannot_be_read_is_refused_without_its_secret(page: Page, text: str) -> None:
    """In no field of the error, and nothing is kept."""
    number = page.start("paste", text=text)
    answer = page.answer(number)
    assert answer["error"]["what"]
    assert "Zebra" not in str(answer)
    error = page.refusal("connect", address="localhost", alias="x", secret_from=number)
    assert error["fix"] == "Type it once more."


def test_a_pasted_plain_address_stays_what_it_is(page: Page) -> None:
    """The page rather asks too often."""
    fields = page.ask("paste", text=" https://db.example/sales ")
    assert fields["address"] == "https://db.example:443"
    assert fields["db_name"] == "sales"
    assert fields["secure"] is False  # the address says it
    assert fields["has_secret"] is False


def test_a_panel_is_a_living_one_each_time(connections: ConnectionRegistry) -> None:
    """One whose comm was closed, as marimo does before it runs a cell again, is not shown again."""
    one = connections.view(Panel)
    assert connections.view(Panel) is one
    alone = connections.view(Panel, shared=False)
    assert alone is not one
    for panel in (one, alone):
        panel.comm.close()  # whoever does so, nobody tells the panel
    two = connections.view(Panel)
    assert two is not one
    assert not two.is_closed
    assert one._session._is_closed
    assert alone._session._is_closed


def test_where_nobody_is_there_the_panel_is_a_table(shared_kernel: Kernel) -> None:
    """What nbclient runs is opened without its kernel, and exported pages prefer widgets."""
    shared_kernel.run("%load_ext milvus_nb\n%milvus connect ./demo.db -a lite")
    widget, html = "application/vnd.jupyter.widget-view+json", "text/html"
    unattended = shared_kernel.run("%milvus panel").result or {}
    assert widget not in unattended
    assert ">lite" in unattended[html]
    seen = shared_kernel.run("%milvus panel", cell_id="1").result or {}
    assert widget in seen
    assert ">lite" in seen[html]


def test_colab_shows_the_panel_without_being_asked(
    connections: ConnectionRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It shows widgets of packages only after a call, which anywidget makes."""
    asked: list[bool] = []
    enable = _util.enable_custom_widget_manager_once
    enable.cache_clear()
    module = SimpleNamespace(enable_custom_widget_manager=lambda: asked.append(True))
    monkeypatch.setitem(sys.modules, "google.colab.output", module)
    connections.view(Panel)
    enable.cache_clear()
    assert asked == [True]


def test_the_page_sees_that_nothing_became_current_by_itself(
    page: Page, milvus: MilvusTestServer
) -> None:
    """After the current one was disconnected none is, until one is chosen."""
    page.run(f"%milvus connect {milvus.address} -a one\n%milvus connect {milvus.address} -a two")
    assert page.ask("hello")["current"] == "two"
    page.ask("disconnect", alias="two")
    page.read_until(lambda: page.events[-1].get("removed") == ["two"])
    assert page.events[-1]["current"] is None
    page.ask("use", alias="one")
    assert page.ask("hello")["current"] == "one"


def test_the_page_is_told_of_a_guard_that_comes_later(page: Page, milvus: MilvusTestServer) -> None:
    """So that its Disconnect asks, and the label shows."""
    page.ask("hello")
    text = f"[profiles.prod]\naddress = '{milvus.address}'\nconfirm = true\nlabel = 'Production'\n"
    (page.kernel.folder / "milvus.toml").write_text(text)
    page.run(f"%milvus connect {milvus.address} -a prod")
    assert not page.read_row("prod")["confirm"]
    page.events.clear()
    page.run("%milvus profile allow prod\n%milvus connect prod --yes")
    row = page.read_row("prod")
    assert (row["confirm"], row["label"], row["profile"]) == (True, "Production", "prod")


def test_the_page_tells_the_connections_own_age(page: Page, milvus: MilvusTestServer) -> None:
    """Not since when its server is watched for another one."""
    page.ask("hello")
    page.run(f"%milvus connect {milvus.address} -a one")
    first = page.read_row("one")
    page.run(f"%milvus connect {milvus.address} -a two")
    second = page.read_row("two")
    assert first["endpoint"] == second["endpoint"]
    assert first["since"] < second["since"] == pytest.approx(second["connected_at"], abs=1)
