"""The sidebar's comm: found, shared by pages, and answered while a cell runs."""

from __future__ import annotations

import contextlib
import queue
import time
from typing import TYPE_CHECKING, Any

import pytest

from milvus_nb._version import PROTOCOL
from milvus_nb.page.sidebar import COMM_ID, TARGET
from tests.support.helpers import sockets_to, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.kernels import Kernel
    from tests.support.servers import MilvusTestServer

LOAD = "%load_ext milvus_nb"
OPENED = "import milvus_nb.page.sidebar; sidebar = milvus_nb.page.sidebar._opened[0]"


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
        return dict(self.reply(asked)["comms"])

    def reply(self, asked: str) -> dict[str, Any]:
        """Wait for the reply to a message on the shell channel."""
        while True:
            reply = self.kernel.client.get_shell_msg(timeout=90)
            if reply["parent_header"].get("msg_id") == asked:
                return dict(reply["content"])

    def take_subshell(self) -> None:
        """Have a subshell of one's own."""
        client = self.kernel.client
        client.control_channel.send(client.session.msg("create_subshell_request", {}))
        self.subshell = client.get_control_msg(timeout=90)["content"]["subshell_id"]

    def start(self, method: str, **params: Any) -> int:
        """Ask, without waiting for the answer."""
        self._next += 1
        self.send({"v": PROTOCOL, "id": self._next, "method": method, "params": params})
        return self._next

    def send(self, data: object) -> None:
        """Send anything."""
        self.shell("comm_msg", {"comm_id": COMM_ID, "data": data})

    def answer(self, number: int) -> dict[str, Any]:
        """Wait for the answer to a question."""
        return self.hear(lambda said: said.get("id") == number)

    def ask(self, method: str, **params: Any) -> Any:
        """Ask, and give the result."""
        answer = self.answer(self.start(method, **params))
        assert "error" not in answer, answer
        return answer["result"]

    def refusal(self, method: str, **params: Any) -> dict[str, str]:
        """Ask, and give the error."""
        error: dict[str, str] = self.answer(self.start(method, **params))["error"]
        return error

    def row(self, alias: str) -> dict[str, Any]:
        """Give a connection."""
        rows = self.ask("hello")["connections"]
        return next(dict(row) for row in rows if row["alias"] == alias)

    def hear(
        self, wanted: Callable[[dict[str, Any]], bool], deadline_s: float = 90.0
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
            said = message["msg_type"] == "comm_msg"
            self.heard.append(content["data"] if said else {"unheard of": message["msg_type"]})

    def listen(self) -> None:
        """Hear what the kernel says until it is silent for longer than it holds changes back."""
        with contextlib.suppress(queue.Empty):
            while True:
                self.take(self.kernel.client.get_iopub_msg(timeout=0.3))

    def run(self, cell: str) -> str:
        """Run a cell, and give what it printed."""
        done = self.kernel.run(cell)
        for message in done.messages:
            self.take(message)
        return done.stdout


@pytest.fixture
def page(shared_kernel: Kernel) -> Page:
    """Give a page of a kernel in which nothing is loaded; other tests have used it."""
    return Page(shared_kernel)


@pytest.fixture
def first(kernel: Kernel) -> Page:
    """Give a page of a kernel of its own, in which nothing was loaded before."""
    return Page(kernel)


def is_here(said: dict[str, Any]) -> bool:
    return said.get("event") == "here"


def is_gone(said: dict[str, Any]) -> bool:
    return said.get("event") == "gone"


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
    """A page is told of both, and by no comm_close: JupyterLab complains, as it opened no comm."""
    page.run(LOAD)
    page.ask("hello")
    page.run("%unload_ext milvus_nb")
    assert page.hear(is_gone)
    assert page.comms() == {}
    page.run("import gc; gc.collect()")
    assert [said for said in page.heard if "unheard of" in said] == []
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
    running, _ = page.kernel.submit(
        "import time\nfrom milvus_nb import connections\n"
        "while connections.has_connection('busy'): time.sleep(0.01)"
    )
    page.ask("disconnect", alias="busy")  # what the cell says may come before the answer, or after
    assert page.reply(running)["status"] == "ok"


SUBSHELLS = "print(len(get_ipython().kernel.shell_channel_thread.manager.list_subshell()))"


def test_pages_share_a_subshell_that_ends_when_none_uses_it(first: Page) -> None:
    """Whoever has made them, and also where the page was killed."""
    first.run(f"{LOAD}\nimport milvus_nb.page.subshells; milvus_nb.page.subshells.KEPT_S = 1.0")
    first.ask("hello")
    pages = [Page(first.kernel) for _ in range(3)]
    for one in pages:
        one.take_subshell()
    assert first.run(SUBSHELLS) == "3\n"
    for one in pages:
        first.answer(one.start("hello"))
    shared = [said["id"] for said in first.heard if said.get("event") == "subshell"]
    assert shared == [pages[0].subshell] * 2
    wait_until(lambda: first.run(SUBSHELLS) == "0\n", what="no subshell")


def test_a_subshell_in_use_stays(first: Page) -> None:
    """For as long as a page speaks on it."""
    first.run(f"{LOAD}\nimport milvus_nb.page.subshells; milvus_nb.page.subshells.KEPT_S = 4.0")
    first.take_subshell()
    began = time.monotonic()
    while time.monotonic() < began + 5:
        first.ask("hello")  # is answered, which none that has ended does
    first.subshell = None
    wait_until(lambda: first.run(SUBSHELLS) == "0\n", what="no subshell")


def test_a_subshell_on_which_something_is_handled_is_not_ended(first: Page) -> None:
    """The kernel would wait for that, and take no message meanwhile."""
    first.run(f"{LOAD}\nimport milvus_nb.page.subshells; milvus_nb.page.subshells.KEPT_S = 0.5")
    shown = first.run(
        f"{OPENED}\nimport time\n"
        "thread, made = get_ipython().kernel.shell_channel_thread, []\n"
        "make = lambda: made.append(thread.manager._create_subshell())\n"
        "thread.io_loop.add_callback(make)\n"
        "while not made: time.sleep(0.01)\n"
        "with sidebar._subshells.in_use(made[0]):\n"
        "    sidebar._subshells.used(made[0])\n"
        f"    time.sleep(1.5)\n    {SUBSHELLS}"
    )
    assert shown == "1\n"
    wait_until(lambda: first.run(SUBSHELLS) == "0\n", what="no subshell")


def test_unloading_ends_the_subshells_of_pages(first: Page) -> None:
    """What others have made is left alone."""
    first.run(f"{LOAD}\nimport milvus_nb.page.subshells; milvus_nb.page.subshells.KEPT_S = 600.0")
    Page(first.kernel).take_subshell()  # of which nothing is said on the comm
    first.take_subshell()
    first.ask("hello")
    first.subshell = None
    assert first.run(SUBSHELLS) == "2\n"
    first.run("%unload_ext milvus_nb")
    wait_until(lambda: first.run(SUBSHELLS) == "1\n", what="no subshell of ours")


def test_a_page_asks_what_became_of_a_request_of_the_page_before(
    page: Page, silent_port: int
) -> None:
    """While it is under way, and after it has failed; what went well needs no word."""
    page.run(LOAD)
    asked = page.start("connect", address=f"127.0.0.1:{silent_port}", alias="slow", timeout=1)
    waiting = page.start("outcome", request=asked)
    failed = page.answer(asked)["error"]
    assert page.answer(waiting)["result"] == {"known": True, "failure": failed}
    assert page.ask("outcome", request=asked) == {"known": True, "failure": failed}
    went_well = page.start("connect", address="./demo.db", alias="lite")
    page.answer(went_well)
    assert page.ask("outcome", request=went_well) == {"known": True, "failure": None}


def test_what_is_asked_again_is_done_once(page: Page, silent_port: int) -> None:
    """A page that has heard no answer asks again; what has been done stays as it is since."""
    page.run(LOAD)
    page.ask("connect", address="./demo.db", alias="lite")
    question = {"v": PROTOCOL, "id": 7, "method": "disconnect", "params": {"alias": "lite"}}
    page.send(question)
    first = page.answer(7)
    page.ask("connect", address="./demo.db", alias="lite")
    page.heard.clear()
    page.send(question)
    assert page.answer(7) == first
    assert page.row("lite")["state"] == "connected"
    page.heard.clear()
    page.send(question | {"method": "outcome", "params": {"request": 7}})  # holds no secret
    assert page.answer(7) == first
    fields = {"address": f"127.0.0.1:{silent_port}", "alias": "slow", "timeout": 1}
    question = {"v": PROTOCOL, "id": 8, "method": "connect", "params": fields}
    for _ in range(2):
        page.send(question)
    page.hear(lambda said: said.get("event") == "taken" and said["request"] == 8)
    assert "error" in page.answer(8)


def test_what_a_page_has_given_up_is_not_done(page: Page) -> None:
    """It may still arrive: when a network is back, or a laptop wakes up."""
    page.run(LOAD)
    page.ask("connect", address="./demo.db", alias="lite")
    question = {"v": PROTOCOL, "id": 7, "method": "disconnect", "params": {"alias": "lite"}}
    assert page.ask("outcome", request=7) == {"known": False, "failure": None}
    page.send(question)
    assert page.answer(7)["error"]["what"] == "This was not done."
    page.send(question | {"id": 8, "until": time.time() - 1})
    assert page.answer(8)["error"]["what"] == "This was not done."
    assert page.row("lite")["state"] == "connected"
    page.send(question | {"id": 9, "until": time.time() + 3600})
    assert page.answer(9)["result"] == {}


def test_the_registry_alone_opens_it(first: Page) -> None:
    """Who only changes an import is seen, too."""
    first.run("from milvus_nb import connections")
    assert list(first.comms()) == [COMM_ID]
    assert first.ask("hello")["connections"] == []


def test_a_package_that_cannot_be_imported_is_told(first: Page) -> None:
    """The sidebar does not wait for ever."""
    first.kernel.run("import sys; sys.modules['grpc'] = None")
    first.kernel.run(LOAD)
    assert "grpc" in first.refusal("hello")["reason"]
    first.kernel.run("del sys.modules['grpc']")
    assert first.ask("hello")["connections"] == []


def test_loading_stays_light(first: Page) -> None:
    """What a page needs is imported when a page asks."""
    heavy = "[n for n in ('grpc', 'pymilvus', 'ipywidgets', 'anywidget') if n in sys.modules]"
    assert first.run(f"import sys\n{LOAD}\nprint({heavy})").strip() == "[]"


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
    assert "above 0" in page.refusal("pace", heartbeat_s=-1)["reason"]


def test_a_page_of_another_version_is_told(page: Page) -> None:
    """The answer carries the kernel's own version, which the page can tell."""
    page.run(LOAD)
    page.send({"v": PROTOCOL + 1, "id": 5, "method": "hello", "params": {}})
    answer = page.hear(lambda said: said.get("id") == 5)
    assert answer["v"] == PROTOCOL
    assert "do not fit together" in answer["error"]["what"]
    page.heard.clear()
    page.send({"v": PROTOCOL + 1, "id": "a kind of id that we do not have"})
    assert page.hear(lambda said: said.get("event") != "tick")["event"] == "here"


def test_first_requests_at_once_make_one_session(page: Page) -> None:
    """Two pages ask on subshells of their own; each change is told once."""
    page.run(LOAD)
    other = Page(page.kernel)
    for one in (page, other):
        one.take_subshell()
    asked = [one.start("hello") for _ in range(5) for one in (page, other)]
    for number in asked:
        page.answer(number)
    counted = "sum('News' in repr(one) for one in sidebar._session._registry._events._listeners)"
    assert page.run(f"{OPENED}\nprint({counted})") == "1\n"


def test_nothing_is_said_after_the_comm_is_closed(page: Page, silent_port: int) -> None:
    """A page would take the kernel for loaded again; what is under way is given up."""
    page.run(LOAD)
    page.ask("hello")
    for number in range(20):
        page.start("connect", address=f"localhost:{silent_port}", alias=f"c{number}", timeout=60)
    page.hear(lambda said: any(row["alias"] == "c19" for row in said.get("changed", [])))
    page.kernel.client.execute("%unload_ext milvus_nb")
    page.hear(is_gone)
    page.listen()
    assert page.heard[-1] == {"v": PROTOCOL, "event": "gone"}


def test_a_request_that_meets_the_unloading_starts_nothing(page: Page) -> None:
    """Neither the monitor's thread nor a listener comes back."""
    page.run(LOAD)
    request = {"v": PROTOCOL, "id": 1, "method": "hello", "params": {}}
    shown = page.run(
        "import threading\n"
        f"{OPENED}\n"
        "%unload_ext milvus_nb\n"
        f"sidebar._on_message({{'content': {{'data': {request}}}}})\n"
        "print([t.name for t in threading.enumerate() if 'milvus-nb' in t.name])",
    )
    assert shown.splitlines()[-1] == "[]"


def test_pages_are_served_after_a_shutdown(page: Page) -> None:
    """`connections.shutdown()` ends the thread that tells of changes; the next one does it."""
    page.run(f"{LOAD}\nfrom milvus_nb import connections\n%config MilvusMagics.heartbeat = 0.3")
    page.ask("connect", address="./demo.db", alias="lite")
    page.run("connections.shutdown()")
    page.heard.clear()
    page.run("c = connections.connect('again', uri='./demo.db')")
    page.hear(lambda said: any(row["alias"] == "again" for row in said.get("changed", [])))
    page.hear(lambda said: said.get("event") == "tick")


def test_threads_that_ask_at_once_get_one_registry(first: Page) -> None:
    """A page's first request and a cell may both be the first."""
    shown = first.run(
        "import sys, threading\n"
        "from milvus_nb.registry.registry import process_registry\n"
        "sys.setswitchinterval(1e-6)\n"
        "found, start = [], threading.Barrier(8)\n"
        "def ask():\n    start.wait()\n    found.append(process_registry())\n"
        "threads = [threading.Thread(target=ask) for _ in range(8)]\n"
        "for thread in threads: thread.start()\n"
        "for thread in threads: thread.join()\n"
        "print(len(set(map(id, found))))"
    )
    assert shown == "1\n"


def test_the_pace_reaches_a_registry_that_was_there_before_the_magic(first: Page) -> None:
    """No line of %milvus has applied the settings yet; what is no pace changes nothing."""
    first.run("from milvus_nb import connections")
    first.ask("hello")
    first.run(LOAD)
    first.ask("pace", heartbeat_s=0.9)
    assert first.ask("hello")["heartbeat_s"] == 0.9
    assert "a day" in first.refusal("pace", heartbeat_s=10**400)["reason"]
    assert first.ask("hello")["heartbeat_s"] == 0.9


def test_an_extension_of_the_configuration_is_found_with_its_settings(kernel: Kernel) -> None:
    """It is loaded before the kernel's first message."""
    folder = kernel.folder / "ipython" / "profile_default"
    (folder / "ipython_kernel_config.py").write_text(
        "c.InteractiveShellApp.extensions = ['milvus_nb']\nc.MilvusMagics.heartbeat = 9.0\n"
    )
    kernel.restart()
    page = Page(kernel)
    assert list(page.comms()) == [COMM_ID]
    assert page.ask("hello")["heartbeat_s"] == 9.0


def test_a_restart_is_no_unloading(first: Page) -> None:
    """The end of the process closes no comm, which a page would take for the user's wish."""
    first.run(LOAD)
    first.ask("hello")
    first.kernel.restart()
    assert first.comms() == {}
    first.listen()
    assert not any(is_gone(said) for said in first.heard)
