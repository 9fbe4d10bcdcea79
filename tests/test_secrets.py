"""No secret leaves the kernel's memory: each way of giving one, then a search everywhere."""

from __future__ import annotations

import asyncio
import base64
import copy
import gc
import json
import os
import pickle
import re
import sqlite3
import ssl
import subprocess
import sys
import traceback
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import grpc
import keyring
import nbclient
import nbformat
import pymilvus
import pytest
from typing_extensions import override

from milvus_nb import ConnectError, ConnectionRegistry, MilvusNbError
from milvus_nb._version import PROTOCOL
from milvus_nb.code import snippets
from milvus_nb.page.session import PageSession
from milvus_nb.page.sidebar import COMM_ID
from milvus_nb.params.endpoint import Endpoint
from milvus_nb.registry.restart import Memory
from milvus_nb.views.details import facts
from tests.support.helpers import allow_profiles, free_port, wait_until
from tests.support.servers import Peer, make_certificates

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.support.kernels import Execution, Kernel
    from tests.support.servers import Certificates, MilvusTestServer

USER = "amelia"
SECRET = "Zebra#7 quagga/okapi"  # blanks and slashes, as password managers make them
TOKEN = f"{USER}:{SECRET}"
SPELLINGS = (
    SECRET,
    SECRET.split("/")[1],
    quote(SECRET, safe=""),
    base64.b64encode(SECRET.encode()).decode(),
    base64.b64encode(TOKEN.encode()).decode(),
)

# Has all that is logged written into files: the kernel's own log has its own level.
_DEBUG_LOGS = """\
import logging
logging.basicConfig(filename='debug.log', level=logging.DEBUG, force=True)
get_ipython().kernel.log.setLevel(logging.DEBUG)
get_ipython().kernel.log.addHandler(logging.FileHandler('kernel.log'))
"""


@pytest.fixture
def server(milvus_auth: MilvusTestServer) -> Iterator[MilvusTestServer]:
    """Give a server with the user and the password that the tests look for."""
    root = pymilvus.MilvusClient(milvus_auth.uri, token="root:Milvus", dedicated=True)
    root.create_user(USER, SECRET)
    yield milvus_auth
    root.drop_user(USER)
    root.close()


def leaks_in(text: str) -> list[str]:
    return [spelling for spelling in SPELLINGS if spelling in text]


def files_with_secret(folder: Path) -> list[str]:
    return [
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file() and leaks_in(path.read_bytes().decode("utf-8", "replace"))
    ]


def everything(executions: list[Execution]) -> str:
    """Give all messages of the kernel about the cells: outputs, errors, comm messages."""
    return json.dumps(
        [
            [message["msg_type"], message["content"]]
            for execution in executions
            for message in execution.messages
            if message["msg_type"] != "execute_input"  # the cell's own text
        ],
        default=str,
        ensure_ascii=False,
    )


WORK = """
%milvus status
c
repr(c), str(c), c.get_state() if hasattr(c, "get_state") else vars(c), c.params
print(c, c.params, c.params.endpoint, c._repr_html_(), connections.get_connection_addr("x"))
%milvus ping x
client = %milvus client x
print(client.list_collections())
%xmode Verbose
"""
FAILURES = """
for bad in ({"uri": "localhost:1"}, {"uri": ADDRESS, "db_name": "nowhere"}, {"port": 99999}):
    try:
        connections.connect("bad", user=USER, password=get(), **bad)
    except Exception as error:
        import traceback
        print(repr(error), error, error.__dict__)
        frame = error.__traceback__
        while frame:
            if "milvus_nb" in frame.tb_frame.f_code.co_filename:
                print({name: repr(value) for name, value in frame.tb_frame.f_locals.items()})
            frame = frame.tb_next
        print(error.__cause__, error.__context__)
connections.connect("bad", port=1, token=f"{USER}:{get()}")
"""


# Each with what is answered, where it asks.
ELSEWHERE = (
    ("%milvus connect $ADDRESS -a x --user amelia --ask", (SECRET,)),
    ("%milvus connect $ADDRESS -a x --ask", (TOKEN,)),
    ("%milvus connect $ADDRESS -a x --user amelia --password-env THE_PASSWORD", ()),
    ("%milvus connect $ADDRESS -a x --token-env THE_TOKEN", ()),
    ("%milvus connect $ADDRESS -a x --token {os.environ['THE_TOKEN']}", ()),
    ("%milvus connect -a x", ()),  # MILVUS_URI and MILVUS_TOKEN
    ("connections.connect('x', uri=ADDRESS, token=os.environ['THE_TOKEN'])", ()),
)
IN_THE_CELL = (
    (f"%milvus connect $ADDRESS -a x --user amelia --password '{SECRET}'", ()),
    (f"%milvus connect $ADDRESS -a x --token '{TOKEN}'", ()),
    (f"%milvus connect http://amelia:{quote(SECRET, safe='')}@localhost:$PORT -a x", ()),
)


@pytest.mark.parametrize("ways", [ELSEWHERE, IN_THE_CELL], ids=["elsewhere", "in-the-cell"])
def test_no_trace_of_a_secret(
    make_kernel: Callable[..., Kernel],
    server: MilvusTestServer,
    ways: tuple[tuple[str, tuple[str, ...]], ...],
) -> None:
    """Not in outputs, reprs, errors, frames, logs or files; a cell's own text is the user's."""
    kernel = make_kernel(
        THE_PASSWORD=SECRET, THE_TOKEN=TOKEN, MILVUS_URI=server.uri, MILVUS_TOKEN=TOKEN
    )
    kernel.run(
        "import logging, os\n"
        "logging.basicConfig(filename='debug.log', level=logging.DEBUG, force=True)\n"
        "%load_ext milvus_nb\n"
        "from milvus_nb import connections\n"
        f"ADDRESS, PORT, USER = '{server.address}', {server.port}, 'amelia'\n"
        "get = lambda: os.environ['THE_PASSWORD']"
    )
    for connect, answers in ways:
        done = [
            kernel.run(connect, answers=answers),
            kernel.run("c = connections['x']"),
            *[kernel.run(line) for line in WORK.strip().splitlines()],
            kernel.execute(FAILURES),
            kernel.run("%milvus disconnect x\nconnections.remove_connection('x')"),
        ]
        text = everything(done)
        assert "ConnectError" in text
        where = [text[max(0, m.start() - 300) : m.end() + 50] for m in re.finditer("okapi", text)]
        assert leaks_in(text) == [], (connect, where)
        # IPython keeps what was typed; %milvus warns of it.
        assert ("IPython's history" in done[0].stdout) == (ways is IN_THE_CELL)
    history = kernel.history_path
    kernel.stop()
    leaking = files_with_secret(kernel.folder)
    if ways is IN_THE_CELL:
        leaking = [name for name in leaking if "history.sqlite" not in name]
    else:
        with sqlite3.connect(history) as database:
            lines = database.execute("select count(*) from history").fetchone()[0]
        assert lines > 5, "the history was not written, so its search proves nothing"
    assert leaking == []


@pytest.mark.parametrize("door", ["panel", "sidebar"])
def test_the_panels_form_leaves_no_trace(
    kernel: Kernel, server: MilvusTestServer, door: str
) -> None:
    """The message of the page is the only place where the secret stands."""
    host, port = "localhost", server.port
    done = [
        kernel.run(
            _DEBUG_LOGS + "%load_ext milvus_nb\n"
            "from milvus_nb import connections\n"
            "panel = %milvus panel\n"
            "panel"
        )
    ]
    comm_id = COMM_ID
    if door == "panel":
        comm_id = kernel.run("print(panel.comm.comm_id)").stdout.strip()

    def ask(number: int, method: str, **params: Any) -> None:
        content = {"v": PROTOCOL, "id": number, "method": method, "params": params}
        data = {"method": "custom", "content": content} if door == "panel" else content
        message = {"comm_id": comm_id, "data": data}
        client = kernel.client
        client.shell_channel.send(client.session.msg("comm_msg", message))

    address = f"{host}:{port}"
    ask(1, "test", address=address, alias="x", user=USER, password=SECRET)
    ask(2, "connect", address="localhost:1", alias="y", token=TOKEN)
    ask(3, "connect", address=address, alias="x", user=USER, secret_from=1)
    wait_until(lambda: "'x'" in kernel.run("print(list(connections))").stdout)
    ask(4, "details", alias="x")
    ask(5, "connect", address=address, alias=7, password=SECRET)  # malformed
    done.append(kernel.run("panel.get_state(), repr(panel), connections['x'].auth"))
    assert "password" in done[-1].text
    told = json.dumps(
        [m["content"] for m in done[-1].messages if m["msg_type"].startswith("comm")], default=str
    )
    assert leaks_in(everything(done) + told) == []
    kernel.stop()
    assert (kernel.folder / "kernel.log").stat().st_size > 0
    assert (kernel.folder / "debug.log").stat().st_size > 0
    assert files_with_secret(kernel.folder) == []


def test_the_sidebars_form_leaves_no_trace_and_hides_nothing_else(
    kernel: Kernel, server: MilvusTestServer
) -> None:
    """Its comm's messages are kept out of the logs, and no others that have its name in them."""
    kernel.run(_DEBUG_LOGS + "%load_ext milvus_nb\nfrom milvus_nb import connections")
    client = kernel.client
    params = {"address": server.address, "alias": "x", "user": USER, "password": SECRET}
    data = {"v": PROTOCOL, "id": 1, "method": "connect", "params": params}
    content = {"comm_id": COMM_ID, "data": data}
    client.shell_channel.send(client.session.msg("comm_msg", content))
    wait_until(lambda: "'x'" in kernel.run("print(list(connections))").stdout)
    kernel.run(f"'pelican {COMM_ID}'")
    client.comm_info(reply=True, timeout=20)
    kernel.stop()
    log = (kernel.folder / "kernel.log").read_text()
    assert f"pelican {COMM_ID}" in log
    assert "comm_info_request" in log
    assert "handle_msg" not in (kernel.folder / "debug.log").read_text()
    assert files_with_secret(kernel.folder) == []


def test_a_saved_notebook_with_widget_state_holds_no_secret(
    tmp_path: Path, server: MilvusTestServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nbclient saves the widgets' state, as JupyterLab does on demand."""
    monkeypatch.setenv("THE_TOKEN", TOKEN)
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    cells = [
        "%load_ext milvus_nb",
        f"%milvus connect {server.address} --token-env THE_TOKEN",
        "%milvus panel",
        "%milvus status",
        f"%milvus connect localhost:{free_port()} -a y --token-env THE_TOKEN",
        "%milvus client",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    nbclient.NotebookClient(notebook, allow_errors=True, store_widget_state=True).execute()
    text = nbformat.writes(notebook)
    assert "application/vnd.jupyter.widget-state+json" in text
    assert "ConnectError" in text
    assert leaks_in(text) == []
    assert server.address not in json.dumps(notebook.metadata.get("widgets"))


def test_what_a_client_keeps_does_not_show(server: MilvusTestServer) -> None:
    """Neither client's parameters have the token in their repr; both work with it."""
    connections = ConnectionRegistry()

    async def list_them(client: Any) -> list[str]:
        return list(await client.list_collections())

    try:
        found = connections.connect("x", uri=server.address, token=TOKEN)
        assert found.client.list_collections() == []
        assert asyncio.run(list_them(found.async_client)) == []
        for client in (found.client, found.async_client):
            assert client._config.token == TOKEN
            shown = [repr(vars(client)), repr(client._config), repr([client._config.token])]
            assert [leaks_in(text) for text in shown] == [[]] * len(shown)
            assert leaks_in(str(pickle.dumps(client._config.token))) == []
    finally:
        connections.shutdown()


@pytest.fixture(scope="module")
def _also_from_before() -> Iterator[None]:
    """Have `gc.get_objects` also give what was there before the first test."""
    gc.unfreeze()
    yield
    gc.collect()
    gc.freeze()


@pytest.mark.usefixtures("_also_from_before")
def test_nothing_that_we_keep_shows_a_sign_in(
    connections: ConnectionRegistry, server: MilvusTestServer
) -> None:
    """Whatever a debugger or a profiler of memory finds of ours, and shows with its attributes."""
    session = PageSession(connections, lambda _: None)
    session.handle({"v": PROTOCOL, "id": 1, "method": "hello", "params": {}})
    found = connections.connect("x", uri=server.address, token=TOKEN)
    assert found.client.list_collections() == []
    assert found.diagnose().diagnosis is None
    ours = [one for one in gc.get_objects() if str(type(one).__module__).startswith("milvus_nb")]
    shown = [(type(one), f"{one!r} {getattr(one, '__dict__', '')!r}") for one in ours]
    assert [kind for kind, text in shown if leaks_in(text)] == []
    assert "Probe" in {kind.__name__ for kind, _ in shown}
    session.close()


CLIENTS = """
import os, milvus_nb
milvus_nb.connections.connect("x", uri=os.environ["URI"], token=os.environ.pop("GIVEN"))
client, other = (milvus_nb.connections.client("x"), milvus_nb.connections.async_client("x"))
print(client.list_collections() == await other.list_collections())
"""
# What debuggers, loggers and pytest show of the same frames.
FRAMES = """
import sys, traceback
failed = sys.last_value
told = traceback.TracebackException(type(failed), failed, failed.__traceback__, capture_locals=True)
print(len(told.stack), *(frame.locals for frame in told.stack))
"""


def test_a_traceback_of_a_clients_call_shows_no_sign_in(
    server: MilvusTestServer, make_kernel: Callable[..., Kernel]
) -> None:
    """In none of IPython's modes, also where pymilvus's and gRPC's variables are shown."""
    kernel = make_kernel(GIVEN=TOKEN, URI=server.address)
    assert "True" in kernel.run(CLIENTS).text
    for mode in ("Verbose", "Context", "Plain"):
        kernel.run(f"%xmode {mode}")
        for call in ("client.use_database('none')", "await other.list_indexes('none')"):
            failed = kernel.execute(call)
            assert "Error" in failed.traceback or "Exception" in failed.traceback
            assert leaks_in(failed.traceback + failed.text) == []
            frames = kernel.run(FRAMES).text
            assert "pymilvus" in failed.traceback
            assert leaks_in(frames) == []


def test_a_new_password_shows_no_more_than_the_old_one(
    connections: ConnectionRegistry, server: MilvusTestServer
) -> None:
    """A client that goes on with a password that was changed makes its header anew."""
    client = connections.connect("x", uri=server.address, token=TOKEN).client
    passwords = (SECRET, "Impala#8 bongo/okapi", "Impala#9 bongo/okapi")
    client.update_password(USER, passwords[0], passwords[1], reset_connection=True)
    assert client.list_collections() == []
    client._handler.reset_password(USER, passwords[1], passwords[2])
    assert client.list_collections() == []
    with pytest.raises(grpc.RpcError) as failure:
        client.use_database("none")  # 2.3 does not know the call, so gRPC's frames are among these
    told = traceback.TracebackException.from_exception(failure.value, capture_locals=True)
    shown = repr([frame.locals for frame in told.stack])
    assert "authorization" in shown
    for password in passwords:
        assert base64.b64encode(f"{USER}:{password}".encode()).decode() not in shown


def test_what_shows_a_kernels_variables_shows_no_sign_in(
    server: MilvusTestServer, make_kernel: Callable[..., Kernel]
) -> None:
    """Magics that list, store and write variables, settings and the session."""
    kernel = make_kernel(GIVEN=TOKEN, URI=server.address)
    kernel.run(f"%load_ext milvus_nb\n{CLIENTS}\nfound = milvus_nb.connections['x']\nfound")
    for line in (
        "%who", "%whos", "%config MilvusMagics", "%history -o", "%notebook all.ipynb",
        "%store found", "%store client", "vars(client), vars(other), client._config",
        "client._handler.__dict__, found.__dict__, found.trait_values()", "%pinfo2 found",
        "get_ipython().user_ns.copy()", "milvus_nb.connections.__dict__",
        "import rich.pretty; rich.pretty.pprint(vars(client), max_depth=9)",
    ):  # fmt: skip
        done = kernel.execute(line)
        assert leaks_in(done.text + "".join(done.traceback)) == [], line
    written = [path for path in kernel.folder.rglob("*") if path.is_file()]
    assert [path for path in written if leaks_in(path.read_bytes().decode("latin-1"))] == []


@pytest.mark.parametrize(
    ("environment", "shows"),
    [
        ({"GRPC_TRACE": "api", "GRPC_VERBOSITY": "debug"}, True),
        ({"GRPC_VERBOSITY": "debug", "PYTHONASYNCIODEBUG": "1", "PYTHONFAULTHANDLER": "1"}, False),
    ],
)
def test_only_grpcs_tracing_prints_the_sign_in(
    server: MilvusTestServer, environment: dict[str, str], shows: bool
) -> None:
    """Every logger at its most talkative does not, nor does gRPC's own log."""
    code = (
        "import logging, os\nlogging.basicConfig(level=0)\nfrom milvus_nb import connections\n"
        "connections.connect('x', uri=os.environ['URI'], token=os.environ['GIVEN'])\n"
        "print(connections.client('x').list_collections())\nconnections.disconnect('x')\n"
    )
    given = {**os.environ, **environment, "URI": server.address, "GIVEN": TOKEN}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=given, capture_output=True, check=True, timeout=120)
    told = (done.stdout + done.stderr).decode("latin-1")
    assert "[]" in told
    assert bool(leaks_in(told)) == shows


def test_copies_and_pickles_hold_no_secret(server: MilvusTestServer) -> None:
    """A pickle becomes a closed connection that knows where it went, and no secret."""
    connections = ConnectionRegistry()
    try:
        found = connections.connect("x", uri=server.address, token=TOKEN)
        assert copy.copy(found) is found
        assert copy.deepcopy([found])[0] is found
        data = pickle.dumps([found, found.params, found.params.endpoint.credentials])
        assert leaks_in(data.decode("latin-1")) == []
        loaded, params, credentials = pickle.loads(data)  # noqa: S301  # our own
        assert (loaded.alias, loaded.address, loaded.state) == (
            "x",
            found.address,
            "disconnected",
        )
        assert not credentials
        assert params.user == USER
        with pytest.raises(Exception, match="copy from another process"):
            loaded.ping()
    finally:
        connections.shutdown()


PROXY = f"http://{USER}:{quote(SECRET, safe='')}@127.0.0.1:9"


def test_no_text_among_grpcs_options_leaves_the_kernel(
    connections: ConnectionRegistry,
    milvus: MilvusTestServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A proxy's URL, a user agent: not by views, the page, a restart's file, pickles, code."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "milvus.toml").write_text(f"[profiles.p]\naddress = '{milvus.address}'\n")
    monkeypatch.setenv("MILVUS_NB_PROFILES", str(tmp_path / "own.toml"))
    allow_profiles()
    connections.memory = Memory(connections, str(tmp_path / "milvus_nb-kernel.json"))
    said: list[object] = []
    session = PageSession(connections, said.append)
    options = {
        "grpc.http_proxy": PROXY,
        "grpc.enable_http_proxy": 0,
        "grpc.primary_user_agent": f"mine/{quote(SECRET, safe='')}",
    }
    found = connections.connect_profile("p", grpc_options=options, ca_pem_path=None, timeout=7)
    connections.connect("q", uri=milvus.address, grpc_options=options)
    assert found.params.endpoint.channel_arguments == options
    assert found.client.list_collections() == []
    with pytest.raises(MilvusNbError) as failure:
        connections.connect("q", uri=milvus.address, grpc_options={"grpc.http_proxy": "http://h"})
    session.handle({"v": PROTOCOL, "id": 1, "method": "hello", "params": {}})
    [row] = [one for one in said[-1]["result"]["connections"] if one["alias"] == "p"]  # type: ignore[index]
    assert row["again"]["timeout"] == 7
    file = tmp_path / "milvus_nb-kernel.json"
    wait_until(lambda: file.exists() and '"q"' in file.read_text())
    assert [one["again"]["alias"] for one in json.loads(file.read_text())["connected"]] == [
        "p",
        "q",
    ]
    shown = [
        repr(found), found._repr_html_(), repr(found.params), repr(found.params.endpoint),
        str(failure.value), repr(facts(found)), repr(connections.remembered("p")),
        str(pickle.dumps(found)), str(pickle.dumps(found.params)),
        repr(copy.deepcopy(found.params).endpoint.channel_arguments),
        json.dumps(said), file.read_text(),
        *(snippets.code(found.params, "p", language) for language in ("python", "magic", "go")),
    ]  # fmt: skip
    assert [leaks_in(text) for text in shown] == [[]] * len(shown)
    session.close()


class _Curious(Peer):
    """Asks its clients for a certificate, and keeps what they show."""

    def __init__(self, made: Certificates, authority: str, version: ssl.TLSVersion) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(made.server_pem, made.server_key)
        context.load_verify_locations(authority)
        context.verify_mode = ssl.CERT_OPTIONAL
        context.maximum_version = version
        context.set_alpn_protocols(["h2"])
        super().__init__(tls=context)
        self.seen: list[object] = []

    @override
    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.seen.append(writer.get_extra_info("peercert"))
        await super().converse(reader, writer)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("name", ["localhost", "other.test"])
def test_only_who_is_trusted_sees_the_clients_certificate(
    connections: ConnectionRegistry, tmp_path: Path, name: str, version: ssl.TLSVersion
) -> None:
    """Not a server of an authority that is not trusted, and not a trusted one of another name."""
    mine = make_certificates(tmp_path / "mine", names=(name,))
    other = mine if name != "localhost" else make_certificates(tmp_path / "other")
    with _Curious(other, mine.ca_pem, version) as peer:
        with pytest.raises(ConnectError) as failure:
            connections.connect(
                "x",
                uri=f"https://localhost:{peer.port}",
                ca_pem_path=mine.ca_pem,
                client_pem_path=mine.client_pem,
                client_key_path=mine.client_key,
                timeout=5,
            )
        assert peer.seen
        assert not any(peer.seen)
    found = failure.value.diagnosis
    assert found is not None
    assert found.cause == ("tls-untrusted" if name == "localhost" else "tls-name")


@pytest.mark.parametrize("door", ["panel", "sidebar"])
def test_a_form_that_is_sent_after_unloading_leaves_no_trace(kernel: Kernel, door: str) -> None:
    """Nobody takes the message of a page that has not heard of it; no log has it."""
    kernel.run(
        _DEBUG_LOGS + "%load_ext milvus_nb\n"
        "from milvus_nb import connections\n"
        "panel = %milvus panel\n"
    )
    comm_id = COMM_ID if door == "sidebar" else kernel.run("print(panel.comm.comm_id)").stdout
    kernel.run("panel.close()\n%unload_ext milvus_nb")
    params = {"address": "localhost:1", "alias": "x", "user": USER, "password": SECRET}
    content = {"v": PROTOCOL, "id": 1, "method": "connect", "params": params}
    data = {"method": "custom", "content": content} if door == "panel" else content
    client = kernel.client
    message = {"comm_id": comm_id.strip(), "data": data}
    client.shell_channel.send(client.session.msg("comm_msg", message))
    assert kernel.run("print('still here')").stdout == "still here\n"
    kernel.stop()
    assert "still here" in (kernel.folder / "kernel.log").read_text()
    assert files_with_secret(kernel.folder) == []


def test_a_profile_for_another_address_gets_no_secret_of_a_connection(
    connections: ConnectionRegistry,
    server: MilvusTestServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A page that saves a connection with another address, user or TLS has to bring the secret."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    kept: dict[tuple[str, str], str] = {}
    monkeypatch.setattr(keyring, "get_password", lambda *key: kept.get(key))
    monkeypatch.setattr(keyring, "set_password", lambda *key: kept.update({key[:2]: key[2]}))
    connections.connect("x", uri=server.address, user=USER, password=SECRET)
    said: list[Any] = []
    session = PageSession(connections, said.append)

    def save(number: int, name: str, **changes: Any) -> dict[str, Any]:
        params = {"name": name, "was": "", "alias": "x", "project": False, "replace": True}
        params |= {"secret": "keyring", **changes}
        content = {"v": PROTOCOL, "id": number, "method": "save_profile", "params": params}
        session.handle(content)
        answers = wait_until(lambda: [one for one in said if one.get("id") == number])
        return dict(answers[0])

    for number, changes in enumerate(
        [{"address": "evil.example"}, {"user": "root"}, {"server_name": "evil.example"}]
    ):
        answer = save(number, f"p{number}", **changes)
        assert answer["error"]["cause"] == "secret"
        assert "its secret stays there" in answer["error"]["reason"]
        assert f"p{number}" not in connections.profiles
    assert kept == {}
    assert "error" not in save(8, "typed", address="evil.example", typed="another")
    assert list(kept.values()) == ["another"]
    assert "error" not in save(9, "same", label="Mine", db_name="default")
    assert list(kept.values()) == ["another", SECRET]
    session.close()


def test_a_removed_connections_credentials_are_gone(
    milvus_auth: MilvusTestServer,
) -> None:
    """No page keeps them, either: nothing in the process knows them any more."""
    before = known_endpoints(milvus_auth.port)  # of other tests' failures, which pytest keeps

    def fresh() -> list[Endpoint]:
        return [
            one
            for one in known_endpoints(milvus_auth.port)
            if not any(one is known for known in before)
        ]

    registry = ConnectionRegistry()
    session = PageSession(registry, lambda _: None)
    token = "root:" + "Milvus"
    try:
        registry.connect("a", uri=milvus_auth.address, token=token)
        registry.connect("b", uri=milvus_auth.address, token=token)
        session.handle({"v": PROTOCOL, "id": 1, "method": "hello", "params": {}})
        registry.remove_connection("a")
        assert fresh()
        registry.remove_connection("b")
        wait_until(lambda: fresh() == [])
    finally:
        session.close()
        registry.shutdown()


def known_endpoints(port: int) -> list[Endpoint]:
    gc.collect()
    return [
        found
        for found in gc.get_objects()
        if isinstance(found, Endpoint) and found.port == port and found.credentials
    ]
