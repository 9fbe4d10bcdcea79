"""The sidebar's comm: found, shared by pages, and answered while a cell runs."""

from __future__ import annotations

import queue
import time
from typing import TYPE_CHECKING, Any

import pytest

from milvus_nb.protocol import PROTOCOL
from milvus_nb.sidebar import COMM_ID, TARGET
from tests.helpers import sockets_to

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.kernels import Kernel
    from tests.servers import MilvusTestServer

LOAD = "%load_ext milvus_nb"


class Page:
    """A page's end of the comm, as the JupyterLab extension speaks."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self.heard: list[dict[str, Any]] = []
        self.subshell: str | None = None
        self._next = id(self) * 1000

    def shell(self, kind: str, content: dict[str, Any]) -> str:
        """Send on the shell channel, to the subshell if there is one."""
        client = self.kernel.client
        message = client.session.msg(kind, content)
        message["header"]["subshell_id"] = self.subshell
        client.shell_channel.send(message)
        return str(message["header"]["msg_id"])

    def comms(self) -> dict[str, Any]:
        """Ask which comms there are."""
        asked = self.shell("comm_info_request", {"target_name": TARGET})
        while True:
            reply = self.kernel.client.get_shell_msg(timeout=20)
            if reply["parent_header"].get("msg_id") == asked:
                return dict(reply["content"]["comms"])

    def take_subshell(self) -> None:
        """Have a subshell of one's own."""
        client = self.kernel.client
        client.control_channel.send(client.session.msg("create_subshell_request", {}))
        self.subshell = client.get_control_msg(timeout=20)["content"]["subshell_id"]

    def start(self, method: str, **params: Any) -> int:
        """Ask, without waiting for the answer."""
        self._next += 1
        data = {"v": PROTOCOL, "id": self._next, "method": method, "params": params}
        self.shell("comm_msg", {"comm_id": COMM_ID, "data": data})
        return self._next

    def ask(self, method: str, **params: Any) -> Any:
        """Ask, and give the result."""
        number = self.start(method, **params)
        answer = self.hear(lambda said: said.get("id") == number)
        assert "error" not in answer, answer
        return answer["result"]

    def refusal(self, method: str, **params: Any) -> dict[str, str]:
        """Ask, and give the error."""
        number = self.start(method, **params)
        error: dict[str, str] = self.hear(lambda said: said.get("id") == number)["error"]
        return error

    def row(self, alias: str) -> dict[str, Any]:
        """Give a connection."""
        rows = self.ask("hello")["connections"]
        return next(dict(row) for row in rows if row["alias"] == alias)

    def hear(
        self, wanted: Callable[[dict[str, Any]], bool], deadline_s: float = 20.0
    ) -> dict[str, Any]:
        """Wait for a message of the kernel; those that came before count, too."""
        end = time.monotonic() + deadline_s
        while True:
            for said in self.heard:
                if wanted(said):
                    return said
            assert time.monotonic() < end, self.heard[-3:]
            try:
                self.take(self.kernel.client.get_iopub_msg(timeout=0.1))
            except queue.Empty:
                continue

    def take(self, message: dict[str, Any]) -> None:
        """Take in a message of the iopub channel."""
        content = message["content"]
        if content.get("comm_id") == COMM_ID:
            closed = message["msg_type"] == "comm_close"
            self.heard.append({"closed": True} if closed else content["data"])

    def run(self, cell: str) -> str:
        """Run a cell, and give what it printed."""
        done = self.kernel.run(cell)
        for message in done.messages:
            self.take(message)
        return done.stdout


@pytest.fixture
def page(kernel: Kernel) -> Page:
    """Give a page of a kernel in which nothing is loaded."""
    return Page(kernel)


def is_here(said: dict[str, Any]) -> bool:
    return said.get("event") == "here"


def test_a_page_finds_the_comm_and_hears_of_it(page: Page) -> None:
    """Before loading there is none; then the kernel says so, and later pages find it."""
    assert page.comms() == {}
    page.run(LOAD)
    assert page.hear(is_here)["v"] == PROTOCOL
    assert list(page.comms()) == [COMM_ID]


def test_from_connect_to_disconnect(page: Page, milvus_auth: MilvusTestServer) -> None:
    """The same requests as a widget's panel; the socket is closed with the answer."""
    page.run(LOAD)
    pid = page.kernel.pid
    page.ask("connect", address=milvus_auth.address, alias="prod", user="root", password="Milvus")
    assert page.row("prod")["state"] == "connected"
    assert len(sockets_to(milvus_auth.port, pid)) == 1
    page.ask("disconnect", alias="prod")
    assert sockets_to(milvus_auth.port, pid) == []


def test_pages_share_the_comm_and_none_closes_it(page: Page) -> None:
    """Each hears the answers to all; one that closes it does not close it for the others."""
    page.run(LOAD)
    other = Page(page.kernel)
    page.ask("connect", address="./demo.db", alias="lite")
    assert other.row("lite")["state"] == "connected"
    other.shell("comm_close", {"comm_id": COMM_ID, "data": {}})
    assert page.row("lite")["state"] == "connected"
    assert list(page.comms()) == [COMM_ID]


def test_unloading_closes_it_and_loading_opens_it_again(page: Page) -> None:
    """A page is told of both."""
    page.run(LOAD)
    page.ask("hello")
    page.run("%unload_ext milvus_nb")
    assert page.hear(lambda said: "closed" in said)
    assert page.comms() == {}
    page.heard.clear()
    page.run("%load_ext milvus_nb")
    assert page.hear(is_here)
    page.heard.clear()
    page.run("%reload_ext milvus_nb")
    assert page.hear(is_here)
    assert page.ask("hello")["connections"] == []


def test_it_answers_while_a_cell_runs(page: Page, milvus: MilvusTestServer) -> None:
    """On a subshell; the cell ends when the connection is closed."""
    page.run(LOAD)
    page.ask("connect", address=milvus.address, alias="busy")
    page.take_subshell()
    running = page.kernel.submit(
        "import time\nfrom milvus_nb import connections\n"
        "while connections.has_connection('busy'): time.sleep(0.01)"
    )
    page.ask("disconnect", alias="busy")
    assert page.kernel.finish(running, timeout_s=20).error is None


def test_the_registry_alone_opens_it(page: Page) -> None:
    """Who only changes an import is seen, too."""
    page.run("from milvus_nb import connections")
    assert list(page.comms()) == [COMM_ID]
    assert page.ask("hello")["connections"] == []


def test_loading_stays_light(page: Page) -> None:
    """What a page needs is imported when a page asks."""
    heavy = "[n for n in ('grpc', 'pymilvus', 'ipywidgets', 'anywidget') if n in sys.modules]"
    assert page.run(f"import sys\n{LOAD}\nprint({heavy})").strip() == "[]"


def test_what_connects_again_names_the_secret_and_never_holds_it(
    page: Page, milvus_auth: MilvusTestServer
) -> None:
    """A variable of the environment is looked up again; what was typed has to be asked for."""
    page.run(f"{LOAD}\nimport os\nos.environ['TOKEN_X'] = 'root:Milvus'")
    page.run(f"c = %milvus connect {milvus_auth.address} -a env --token-env TOKEN_X")
    again = page.row("env")["again"]
    assert again == {"address": milvus_auth.address, "alias": "env", "token_env": "TOKEN_X"}
    page.ask("disconnect", alias="env")
    page.ask("connect", **again)
    assert page.row("env")["again"] == again
    address = milvus_auth.address
    page.ask("connect", address=address, alias="typed", user="root", password="Milvus", timeout=9)
    again = page.row("typed")["again"]
    assert again == {"address": address, "alias": "typed", "user": "root", "timeout": 9}
    error = page.refusal("connect", address=address, alias="none", token_env="TOKEN_Y")
    assert error["what"] == "The environment variable TOKEN_Y is not set."


def test_a_lite_database_is_found_from_another_folder(page: Page) -> None:
    """Its whole path connects again."""
    page.run(LOAD)
    page.ask("connect", address="./demo.db", alias="lite")
    assert page.row("lite")["again"]["address"] == str(page.kernel.folder / "demo.db")


def test_the_cell_that_connects(page: Page, milvus_auth: MilvusTestServer) -> None:
    """It runs in a fresh kernel that has the secret in its environment."""
    page.run(f"{LOAD}\nimport os\nos.environ['PW_X'] = 'Milvus'")
    page.ask("connect", address=milvus_auth.address, alias="p", user="root", password_env="PW_X")
    text = page.ask("cell", alias="p")["text"]
    assert text.splitlines() == [
        LOAD,
        f"%milvus connect {milvus_auth.address} --alias p --user root --password-env PW_X",
    ]


def test_the_pace_is_that_of_the_settings(page: Page) -> None:
    """`%config` shows it, and a nonsensical one is refused."""
    page.run(LOAD)
    page.ask("pace", heartbeat_s=0.7)
    assert page.ask("hello")["heartbeat_s"] == 0.7
    told = page.run("h = %config MilvusMagics.heartbeat\nprint(h)")
    assert told.strip() == "0.7"
    assert "above 0" in page.refusal("pace", heartbeat_s=-1)["why"]


def test_a_page_of_another_version_is_told(page: Page) -> None:
    """The answer carries the kernel's own version, which the page can tell."""
    page.run(LOAD)
    data = {"v": PROTOCOL + 1, "id": 5, "method": "hello", "params": {}}
    page.shell("comm_msg", {"comm_id": COMM_ID, "data": data})
    answer = page.hear(lambda said: said.get("id") == 5)
    assert answer["v"] == PROTOCOL
    assert "do not fit together" in answer["error"]["what"]
