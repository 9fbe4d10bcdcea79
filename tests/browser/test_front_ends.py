"""Other front ends than JupyterLab, the real ones: each goes the whole way once.

Load, connect to Milvus Lite and to a server, see both in a table and in a live panel, disconnect
while a cell runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import nbformat
import pytest
from playwright.sync_api import expect

from tests.browser.lab import LOAD, new_context
from tests.browser.programs import Program
from tests.support.helpers import sockets_to, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

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
