"""The panel in JupyterLab: until it is painted, and from a click to its effect."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import sync_playwright

from benchmarks.report import Figures
from tests.browser.lab import NOTE_DISCONNECTS, JupyterLab, Notebook, launch_chromium
from tests.support.helpers import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

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
_SHOW_UNTIL_PAINTED = """selector => new Promise(resolve => {
  const start = performance.now();
  const look = () => document.querySelector(`#milvus_nb-sidebar ${selector}`)
    ? requestAnimationFrame(() => resolve(performance.now() - start))
    : requestAnimationFrame(look);
  window.jupyterapp.shell.activateById('milvus_nb-sidebar');
  look();
})"""

_RUNS = 8
_SHOWN = 4
_ROW = ".milvus-nb-row:not(.milvus-nb-mod-awaited)"
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
            selectors = {"%milvus panel": ".milvus-nb-row", "ipywidgets.Label": ".widget-label"}
            painted: dict[str, list[float]] = {name: [] for name in selectors}
            for _ in range(_RUNS):
                for name, selector in selectors.items():
                    painted[name].append(float(page.evaluate(_RUN_UNTIL_PAINTED, selector)))
            first = painted["%milvus panel"].pop(0)
            painted["ipywidgets.Label"].pop(0)

            clicks: dict[str, list[float]] = {"kernel idle": [], "kernel busy": []}
            for name, times in clicks.items():
                if name == "kernel busy":
                    page.evaluate(  # the clicks have made another cell the active one
                        "() => { const cells = window.jupyterapp.shell.currentWidget.content;"
                        " cells.activeCellIndex = cells.widgets.length - 1; }"
                    )
                    notebook.command("notebook:run-cell")
                    wait_until((lab.work / "busy").exists, 10)
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
    notebook = Notebook(lab, page, "many.ipynb", [connects, *["%milvus panel"] * (_RUNS + 1)])
    page.evaluate("() => window.jupyterapp.commands.execute('notebook:run-cell-and-select-next')")
    opened: dict[str, list[float]] = {"%milvus panel": [], "the sidebar, in a page of its own": []}
    sent: dict[str, list[int]] = {name: [] for name in opened}

    def measure(name: str, look: Callable[[], float]) -> None:
        received.clear()
        opened[name].append(look())
        sent[name].append(sum(received))

    panel, sidebar = opened
    for _ in range(_RUNS + 1):
        measure(panel, lambda: float(page.evaluate(_RUN_UNTIL_PAINTED, _ROW)))
    for times in (opened[panel], sent[panel]):
        times.pop(0)
    notebook.save()
    for _ in range(_SHOWN):
        page.goto("about:blank")
        page.goto(lab.url_of("many.ipynb"))
        page.wait_for_function("() => window.jupyterapp !== undefined")
        notebook.wait_idle()
        page.evaluate("() => window.jupyterapp.restored")
        measure(sidebar, lambda: float(page.evaluate(_SHOW_UNTIL_PAINTED, _ROW)))
    most = {name: max(sizes) / 1000 for name, sizes in sent.items()}
    notes = {
        name: f"{kb:.0f} KB over the wire   goal: at most {_WIRE_KB}, "
        f"{'met' if kb <= _WIRE_KB else 'MISSED'}"
        for name, kb in most.items()
    }
    return [
        Figures(
            f"{name}, {count:,} connections: opened to painted",
            {name: times},
            notes=notes,
            goals={name: _PAINTED_MS},
        )
        for name, times in opened.items()
    ]
