"""The panel in JupyterLab: until it is painted, and from a click to its effect."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import sync_playwright

from benchmarks.pages import awaited
from benchmarks.report import Figures
from tests.browser.lab import NOTE_DISCONNECTS, JupyterLab, Notebook, launch_chromium
from tests.support.helpers import wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Browser, WebSocket

    from tests.support.servers import MilvusTestServer

#: As many connections as there may be.
MOST = 65_536

# Runs the selected cell; gives the milliseconds until what it shows is painted.
_RUN_UNTIL_PAINTED = """selector => new Promise(resolve => {
  const before = document.querySelectorAll(selector).length;
  const start = performance.now();
  const look = () => document.querySelectorAll(selector).length > before
    ? requestAnimationFrame(() => resolve(performance.now() - start))
    : requestAnimationFrame(look);
  void window.jupyterapp.commands.execute('notebook:run-cell-and-select-next');
  look();
})"""

# Shows the sidebar; gives the milliseconds until the list is painted.
_SHOW_UNTIL_PAINTED = """([id, selector]) => new Promise(resolve => {
  const start = performance.now();
  const look = () => document.querySelector(`#${id} ${selector}`)
    ? requestAnimationFrame(() => resolve(performance.now() - start))
    : requestAnimationFrame(look);
  window.jupyterapp.shell.activateById(id);
  look();
})"""

# How often each list of many is opened, and that in a page of its own.
_OPENED = 4
_SHOWN = 2
# Until all those are connected and the first list of them is painted, in seconds.
_LONG_S = 150
_LABEL = "the limit: ipywidgets.Label"
_FILES = "JupyterLab's file browser (drawn before)"
_RUNS = 8
_ROW = ".milvus-nb-row:not(.milvus-nb-mod-awaited)"
_LABELLED = ".widget-label"
_PAINTED_MS = 500.0
_WIRE_KB = 300
_BUSY = """
import os, time
open("busy", "w").close()
while not os.path.exists("go"):
    time.sleep(0.01)
"""


def run(server: MilvusTestServer, many: int = 0) -> list[Figures]:
    """Measure in one JupyterLab, with one kernel; and in another with many connections, if any."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        lab = JupyterLab(Path(folder))
        try:
            browser = launch_chromium(playwright)
            page = browser.new_page()
            connects = "\n".join(
                f"%milvus connect {server.address} -a c{number}" for number in range(2 * _RUNS)
            )
            setup = ["%load_ext milvus_nb", NOTE_DISCONNECTS, connects, "import ipywidgets"]
            shows = ["%milvus panel", "ipywidgets.Label('x')"] * _RUNS
            notebook = Notebook(lab, page, "bench.ipynb", [*setup, *shows, _BUSY])
            for _ in setup:
                page.evaluate(
                    "() => window.jupyterapp.commands.execute('notebook:run-cell-and-select-next')"
                )
            selectors = {"%milvus panel": ".milvus-nb-row", _LABEL: _LABELLED}
            painted: dict[str, list[float]] = {name: [] for name in selectors}
            for _ in range(_RUNS):
                for name, selector in selectors.items():
                    painted[name].append(float(awaited(page, _RUN_UNTIL_PAINTED, selector)))
            first = painted["%milvus panel"].pop(0)
            painted[_LABEL].pop(0)

            clicks: dict[str, list[float]] = {"kernel idle": [], "kernel busy": []}
            for name, times in clicks.items():
                if name == "kernel busy":
                    page.evaluate(  # the clicks have made another cell the active one
                        "() => { const cells = window.jupyterapp.shell.currentWidget.content;"
                        " cells.activeCellIndex = cells.widgets.length - 1; }"
                    )
                    notebook.command("notebook:run-cell")
                    wait_until((lab.work / "busy").exists, 60)
                for number in range(_RUNS):
                    alias = f"c{number + (_RUNS if name == 'kernel busy' else 0)}"
                    times.append(notebook.click_disconnect(alias))
            (lab.work / "go").touch()
            browser.close()
        finally:
            lab.stop()
    figures = [
        Figures(f"panel: run cell to painted (the first one took {first:.0f} ms)", painted),
        Figures("panel: click on Disconnect to the closed connection", clicks),
    ]
    return figures if many == 0 else [*figures, *_many(server, many)]


def _many(server: MilvusTestServer, count: int) -> list[Figures]:
    """Measure what opening a list of many connections takes, and what is sent for it."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        lab = JupyterLab(Path(folder))
        browser = launch_chromium(playwright)
        try:
            return _opened(lab, browser, server, count)
        finally:
            browser.close()
            lab.stop()


def _opened(
    lab: JupyterLab, browser: Browser, server: MilvusTestServer, count: int
) -> list[Figures]:
    page = browser.new_page()
    page.set_default_timeout(600_000)
    received: list[int] = []

    def follow(socket: WebSocket) -> None:
        socket.on("framereceived", lambda payload: received.append(len(payload)))

    page.on("websocket", follow)
    connects = (
        "%load_ext milvus_nb\nfrom milvus_nb import connections\n"
        f"for n in range({count}):\n    connections.connect(f'c{{n:05}}', uri={server.uri!r})"
    )
    setup = [connects, "import ipywidgets"]
    shows = ["%milvus panel", "ipywidgets.Label('x')"] * (_OPENED + 1)
    notebook = Notebook(lab, page, "many.ipynb", [*setup, *shows])
    for _ in setup:
        page.evaluate(
            "() => window.jupyterapp.commands.execute('notebook:run-cell-and-select-next')"
        )
    panel, sidebar = "%milvus panel", "the sidebar, in a page of its own"
    opened: dict[str, list[float]] = {name: [] for name in (panel, _LABEL, sidebar, _FILES)}
    sent: dict[str, list[int]] = {name: [] for name in opened}

    def measure(name: str, script: str, what: str | list[str]) -> None:
        received.clear()
        opened[name].append(float(awaited(page, script, what, _LONG_S)))
        sent[name].append(sum(received))

    for _ in range(_OPENED + 1):
        measure(panel, _RUN_UNTIL_PAINTED, _ROW)
        measure(_LABEL, _RUN_UNTIL_PAINTED, _LABELLED)
    for name in (panel, _LABEL):
        opened[name].pop(0)
        sent[name].pop(0)
    notebook.save()
    for _ in range(_SHOWN):
        page.goto("about:blank")
        page.goto(lab.url_of("many.ipynb"))
        page.wait_for_function("() => window.jupyterapp !== undefined")
        notebook.wait_idle()
        awaited(page, "() => window.jupyterapp.restored.then(() => null)")
        measure(sidebar, _SHOW_UNTIL_PAINTED, ["milvus_nb-sidebar", _ROW])
        measure(_FILES, _SHOW_UNTIL_PAINTED, ["filebrowser", ".jp-DirListing-item"])
    figures = []
    for name, beside in ((panel, _LABEL), (sidebar, _FILES)):
        kb = max(sent[name]) / 1000
        met = "met" if kb <= _WIRE_KB else "MISSED"
        figures.append(
            Figures(
                f"{name}, {count:,} connections: opened to painted",
                {each: opened[each] for each in (name, beside)},
                notes={name: f"{kb:.0f} KB over the wire   goal: at most {_WIRE_KB}, {met}"},
                goals={name: _PAINTED_MS},
            )
        )
    return figures
