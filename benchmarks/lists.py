"""The page's list of as many connections as there may be: until it is painted, and what is sent."""

from __future__ import annotations

import json
import tempfile
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

from playwright.sync_api import sync_playwright

from benchmarks.pages import RUN_UNTIL_PAINTED, awaited
from benchmarks.report import Figures
from tests.browser.lab import JupyterLab, Notebook, launch_chromium
from tests.support.helpers import wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Response, WebSocket

    from tests.support.servers import MilvusTestServer

#: As many connections as there may be.
MOST = 65_536

_SIDEBAR = "milvus_nb-sidebar"
_ROW = ".milvus-nb-row:not(.milvus-nb-mod-awaited)"
_PAINTED_MS = 500.0
_WIRE_KB = 300
# So many bytes the limits are sent; the lists are sent some more.
_BYTES = 40_000
# JupyterLab's file browser has fewer entries: of some thousands it takes half a minute.
_FILES = 1_000
_OPENED = 4
_SHOWN = 3
_PEERS = 2
# Until all those are connected and the first list of them is painted, in seconds.
_LONG_S = 150

_LIMIT_CELL = f"ipywidgets.HTML('<b class=\"of-a-size\">x</b><!--' + {_BYTES} * 'x' + '-->')"
_PEER_CELL = f"ipywidgets.Select(options=[f'c{{n:05}}' for n in range({MOST})])"

# JupyterLab has restored its layout, has the notebook's kernel, and has nothing to do.
_SETTLED = """async () => {
  await window.jupyterapp.restored;
  await window.jupyterapp.shell.currentWidget.sessionContext.ready;
  await new Promise(resolve => requestIdleCallback(resolve));
}"""

# Shows the sidebar; gives the milliseconds until the list is painted.
_SHOW_UNTIL_PAINTED = """([id, selector]) => new Promise(resolve => {
  const start = performance.now();
  const look = () => document.querySelector(`#${id} ${selector}`)
    ? requestAnimationFrame(() => resolve(performance.now() - start))
    : requestAnimationFrame(look);
  window.jupyterapp.shell.activateById(id);
  look();
})"""

# In a page that has only begun to load: when JupyterLab has the kernel, and when the list is
# painted, in milliseconds since the page was asked for.
_LOAD_UNTIL_PAINTED = """([id, selector]) => new Promise(resolve => {
  let kernel = 0;
  const look = () => {
    const context = window.jupyterapp?.shell.currentWidget?.sessionContext;
    if (kernel === 0 && context?.session?.kernel?.connectionStatus === 'connected') {
      kernel = performance.now();
    }
    if (kernel > 0 && document.querySelector(`#${id} ${selector}`)) {
      requestAnimationFrame(() => resolve([kernel, performance.now()]));
    } else {
      requestAnimationFrame(look);
    }
  };
  look();
})"""

# Opens a folder in the file browser; gives the milliseconds until its entries are painted.
_FOLDER_UNTIL_PAINTED = """path => new Promise(resolve => {
  const start = performance.now();
  const look = () => [...document.querySelectorAll('#filebrowser .jp-DirListing-item')]
    .some(one => one.textContent.startsWith('f0'))
    ? requestAnimationFrame(() => resolve(performance.now() - start))
    : requestAnimationFrame(look);
  void window.jupyterapp.commands.execute('filebrowser:go-to-path', { path });
  look();
})"""

# Asks the kernel for so many bytes and paints some of them; gives the milliseconds.
_TEXT_UNTIL_PAINTED = """async bytes => {
  const start = performance.now();
  const { kernel } = window.jupyterapp.shell.currentWidget.sessionContext.session;
  const asked = { code: 'pass', store_history: false, user_expressions: { x: `'x' * ${bytes}` } };
  const { content } = await kernel.requestExecute(asked).done;
  const label = document.createElement('div');
  label.textContent = content.user_expressions.x.data['text/plain'].slice(0, 100);
  document.getElementById('jp-main-statusbar').append(label);
  await new Promise(resolve => requestAnimationFrame(resolve));
  const taken = performance.now() - start;
  label.remove();
  return taken;
}"""

_RUN = "() => window.jupyterapp.commands.execute('notebook:run-cell-and-select-next')"


def run(server: MilvusTestServer, count: int = MOST) -> list[Figures]:
    """Measure in one JupyterLab, with one kernel that has so many connections."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        lab = JupyterLab(Path(folder))
        browser = launch_chromium(playwright)
        try:
            return _Lists(lab, browser, server, count).measure()
        finally:
            browser.close()
            lab.stop()


class _Lists:
    def __init__(
        self, lab: JupyterLab, browser: Browser, server: MilvusTestServer, count: int
    ) -> None:
        self._lab = lab
        self._count = count
        self._page: Page = browser.new_page()
        self._page.set_default_timeout(600_000)
        self._received: list[int] = []
        self._page.on("websocket", self._follow)
        self._page.on("response", self._note)
        connects = (
            "%load_ext milvus_nb\nfrom milvus_nb import connections\n"
            f"for n in range({count}):\n    connections.connect(f'c{{n:05}}', uri={server.uri!r})"
        )
        self._setup = [connects, "import ipywidgets"]
        shows = ["%milvus panel", _LIMIT_CELL] * (_OPENED + 1)
        cells = [*self._setup, *shows, *[_PEER_CELL] * _PEERS]
        self._notebook = Notebook(lab, self._page, "many.ipynb", cells)

    def _follow(self, socket: WebSocket) -> None:
        socket.on("framereceived", lambda payload: self._received.append(len(payload)))

    def _note(self, response: Response) -> None:
        if "/milvus_nb/" in response.url and "/static/" not in response.url:
            self._received.append(int(response.headers.get("content-length", 0)))

    def measure(self) -> list[Figures]:
        """Measure the sidebar in pages without anything else of ours, then the panel."""
        for _ in self._setup:
            self._page.evaluate(_RUN)
        self._notebook.save()
        return [*self._sidebar(), self._panel()]

    def _timed(self, script: str, argument: object) -> tuple[Any, float]:
        """Give what the page tells, and how many kilobytes it was sent meanwhile."""
        self._received.clear()
        found = awaited(self._page, script, argument, _LONG_S)
        return found, sum(self._received) / 1000

    def _sidebar(self) -> list[Figures]:
        page, list_of_it = self._page, [_SIDEBAR, _ROW]
        opened, limits, files, kilobytes = [], [], [], []
        for _ in range(_SHOWN):
            page.goto("about:blank")
            page.goto(self._lab.url_of("many.ipynb"))
            self._settle()
            limits.append(float(awaited(page, _TEXT_UNTIL_PAINTED, _BYTES)))
            taken, sent = self._timed(_SHOW_UNTIL_PAINTED, list_of_it)
            opened.append(float(taken))
            kilobytes.append(sent)
        wait_until(self._is_kept_open, 30, what="the layout to be saved")
        loaded = []
        for _ in range(_SHOWN):
            page.goto("about:blank")
            page.goto(self._lab.url_of("many.ipynb").partition("?")[0], wait_until="commit")
            times, sent = self._timed(_LOAD_UNTIL_PAINTED, list_of_it)
            loaded.append((float(times[0]), float(times[1])))
            self._settle()
        folder = self._lab.work / "files"
        folder.mkdir()
        for number in range(_FILES):
            (folder / f"f{number:05}").touch()
        page.evaluate("() => window.jupyterapp.shell.activateById('filebrowser')")
        for _ in range(_PEERS):
            files.append(float(awaited(page, _FOLDER_UNTIL_PAINTED, "files")))
            go = "() => window.jupyterapp.commands.execute('filebrowser:go-to-path', {path: ''})"
            page.evaluate(go)
        later = "opened in a page that is loaded"
        return [
            Figures(
                f"the sidebar, {self._count:,} connections: opened to painted",
                {
                    later: opened,
                    f"the peer: a folder of {_FILES:,} in JupyterLab": files,
                    f"the limit: {_BYTES // 1000} KB asked of the kernel, a label": limits,
                },
                notes={later: _wire(kilobytes)},
                goals={later: _PAINTED_MS},
            ),
            Figures(
                f"the sidebar, {self._count:,} connections, open when the page is loaded",
                {
                    "JupyterLab has the kernel, to painted": [end - at for at, end in loaded],
                    "page asked for, to JupyterLab has the kernel": [at for at, _ in loaded],
                },
                goals={"JupyterLab has the kernel, to painted": _PAINTED_MS},
            ),
        ]

    def _panel(self) -> Figures:
        """Run the cells in the page that was loaded last."""
        page, panel = self._page, "%milvus panel"
        page.evaluate(
            "at => { window.jupyterapp.shell.currentWidget.content.activeCellIndex = at; }",
            len(self._setup),
        )
        opened, limits, kilobytes = [], [], []
        for _ in range(_OPENED + 1):
            taken, sent = self._timed(RUN_UNTIL_PAINTED, f".milvus-nb-panel {_ROW}")
            opened.append(float(taken))
            kilobytes.append(sent)
            limits.append(float(awaited(page, RUN_UNTIL_PAINTED, ".of-a-size")))
        peers = [
            float(awaited(page, RUN_UNTIL_PAINTED, ".widget-select", _LONG_S))
            for _ in range(_PEERS)
        ]
        return Figures(
            f"{panel}, {self._count:,} connections: opened to painted"
            f" (the first one, with its code, {opened[0]:.0f} ms and {kilobytes[0]:.0f} KB)",
            {
                panel: opened[1:],
                f"the peer: ipywidgets.Select, {MOST:,} options": peers,
                f"the limit: ipywidgets.HTML, {_BYTES // 1000} KB": limits[1:],
            },
            notes={panel: _wire(kilobytes)},
            goals={panel: _PAINTED_MS},
        )

    def _settle(self) -> None:
        self._page.wait_for_function("() => window.jupyterapp !== undefined")
        self._notebook.wait_idle()
        awaited(self._page, _SETTLED)

    def _is_kept_open(self) -> bool:
        """Tell whether JupyterLab has noted that the sidebar is in sight."""
        url = f"{self._lab.url}/lab/api/workspaces/default"
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310  # our own
            layout = json.load(answer)["data"].get("layout-restorer:data", {})
        return bool(layout.get("left", {}).get("current") == _SIDEBAR)


def _wire(kilobytes: list[float]) -> str:
    most = max(kilobytes)
    met = "met" if most <= _WIRE_KB else "MISSED"
    return f"{most:.0f} KB over the wire   goal: at most {_WIRE_KB}, {met}"
