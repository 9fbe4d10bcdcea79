"""The panel in JupyterLab: until it is painted, and from a click to its effect."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import sync_playwright

from benchmarks.pages import RUN_UNTIL_PAINTED, awaited
from benchmarks.report import Figures
from tests.browser.lab import NOTE_DISCONNECTS, JupyterLab, Notebook, launch_chromium
from tests.support.helpers import wait_until

if TYPE_CHECKING:
    from tests.support.servers import MilvusTestServer

_SELECT = "the peer: ipywidgets.Select, as many entries"
_LABEL = "the limit: ipywidgets.Label"
_RUNS = 8
_BUSY = """
import os, time
open("busy", "w").close()
while not os.path.exists("go"):
    time.sleep(0.01)
"""
# Not in a cell: which one is active, the clicks have changed.
_RUN_ASIDE = """code => {
  window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.requestExecute({ code });
}"""


def run(server: MilvusTestServer) -> list[Figures]:
    """Measure in one JupyterLab, with one kernel."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        lab = JupyterLab(Path(folder))
        try:
            browser = launch_chromium(playwright)
            page = browser.new_page()
            connects = "\n".join(
                f"%milvus connect {server.address} -a c{number}" for number in range(2 * _RUNS)
            )
            setup = ["%load_ext milvus_nb", NOTE_DISCONNECTS, connects, "import ipywidgets"]
            select = f"ipywidgets.Select(options=[str(n) for n in range({2 * _RUNS})])"
            shows = ["%milvus panel", select, "ipywidgets.Label('x')"] * _RUNS
            notebook = Notebook(lab, page, "bench.ipynb", [*setup, *shows])
            for _ in setup:
                page.evaluate(
                    "() => window.jupyterapp.commands.execute('notebook:run-cell-and-select-next')"
                )
            selectors = {
                "%milvus panel": ".milvus-nb-row",
                _SELECT: ".widget-select",
                _LABEL: ".widget-label",
            }
            painted: dict[str, list[float]] = {name: [] for name in selectors}
            for _ in range(_RUNS):
                for name, selector in selectors.items():
                    painted[name].append(float(awaited(page, RUN_UNTIL_PAINTED, selector)))
            first = painted["%milvus panel"].pop(0)
            painted[_SELECT].pop(0)
            painted[_LABEL].pop(0)

            clicks: dict[str, list[float]] = {"kernel idle": [], "kernel busy": []}
            for name, times in clicks.items():
                if name == "kernel busy":
                    page.evaluate(_RUN_ASIDE, _BUSY)
                    wait_until((lab.work / "busy").exists, 60)
                for number in range(_RUNS):
                    alias = f"c{number + (_RUNS if name == 'kernel busy' else 0)}"
                    times.append(notebook.click_disconnect(alias))
            (lab.work / "go").touch()
            browser.close()
        finally:
            lab.stop()
    return [
        Figures(f"panel: run cell to painted (the first one took {first:.0f} ms)", painted),
        Figures("panel: click on Disconnect to the closed connection", clicks),
    ]
