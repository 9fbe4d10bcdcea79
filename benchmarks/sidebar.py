"""The sidebar: until it is painted, until it follows, from a click to its effect, and its price."""

from __future__ import annotations

import io
import json
import math
import statistics
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from playwright.sync_api import sync_playwright

from benchmarks.pages import awaited
from benchmarks.report import Figures, Table
from tests.browser.lab import (
    NOTE_DISCONNECTS,
    JupyterLab,
    Notebook,
    Sidebar,
    launch_chromium,
    write_notebook,
)
from tests.support.helpers import wait_until

if TYPE_CHECKING:
    from collections.abc import Sequence

    from playwright.sync_api import Browser, Page

    from tests.support.servers import MilvusTestServer

KERNELS = 50

_RUNS = 8
_STARTS = 40
_EXTENSION = Path(sys.prefix) / "share" / "jupyter" / "labextensions" / "milvus_nb"

_BUSY = """
import os, time
open("busy", "w").close()
while not os.path.exists("go"):
    time.sleep(0.01)
"""

# Until JupyterLab has restored its layout and has nothing to do: who clicks is answered. In ms
# since the page was asked for.
_STARTED = """async () => {
  await window.jupyterapp.restored;
  await new Promise(resolve => requestIdleCallback(resolve));
  return performance.now();
}"""

# Milliseconds until the named row, and no other, is painted in the sidebar: from when the sidebar
# is shown, or from when JupyterLab has the notebook in front.
_UNTIL_SEEN = """([what, alias]) => new Promise(resolve => {
  const { shell } = window.jupyterapp;
  let start = performance.now();
  const sidebar = document.getElementById('milvus_nb-sidebar');
  const look = () => {
    const rows = [...sidebar.querySelectorAll('.milvus-nb-row')];
    const seen = rows.filter(row => row.closest('[hidden]') === null);
    if (start > 0 && seen.length === 1 && seen[0].getAttribute('aria-label') === alias) {
      changes.disconnect();
      const drawn = performance.now() - start;
      requestAnimationFrame(() => requestAnimationFrame(
        () => resolve([drawn, performance.now() - start])));
    }
  };
  const changes = new MutationObserver(look);
  changes.observe(sidebar, { subtree: true, childList: true, attributes: true });
  if (what === 'show') {
    shell.activateById('milvus_nb-sidebar');
    look();
  } else {
    const widget = [...shell.widgets('main')].find(one => one.sessionContext?.path === what);
    start = 0;
    const begin = () => {
      start = performance.now();
      shell.currentChanged.disconnect(begin);
    };
    shell.currentChanged.connect(begin);
    shell.activateById(widget.id);
  }
})"""

# When the row of an alias has gone from the sidebar, in Unix seconds.
_GONE_AT = """alias => new Promise(resolve => {
  const look = () => document.querySelector(
    `#milvus_nb-sidebar .milvus-nb-row[aria-label="${alias}"]`) === null
    ? resolve(Date.now() / 1000) : requestAnimationFrame(look);
  look();
})"""


def run(server: MilvusTestServer, kernels: int = KERNELS) -> Sequence[Figures | Table]:
    """Measure in JupyterLabs with folders of their own, one after another."""
    with sync_playwright() as playwright:
        browser = launch_chromium(playwright)
        try:
            return [*_use(browser, server), _many(browser, kernels), _size()]
        finally:
            browser.close()


def start(pairs: int = _STARTS) -> list[Figures]:
    """Measure what it adds to JupyterLab's start: pages with and without it, in pairs."""
    with sync_playwright() as playwright:
        browser = launch_chromium(playwright)
        try:
            return _start(browser, pairs)
        finally:
            browser.close()


def _start(browser: Browser, pairs: int) -> list[Figures]:
    with (
        tempfile.TemporaryDirectory() as one,
        tempfile.TemporaryDirectory() as other,
    ):
        labs = {
            "with milvus_nb": JupyterLab(Path(one)),
            "JupyterLab without it": JupyterLab(Path(other), disabled=["milvus_nb"]),
        }
        found: dict[str, list[tuple[float, float]]] = {name: [] for name in labs}
        try:
            for turn in range(pairs + 1):
                # In turns, so that neither always finds a server that the other has warmed up.
                for name, lab in sorted(labs.items(), reverse=turn % 2 == 1):
                    times = _started(browser, lab)
                    if turn:
                        found[name].append(times)
        finally:
            for lab in labs.values():
                lab.stop()
    titles = (
        "JupyterLab's start, nothing cached: page asked for to interactive",
        "JupyterLab: JavaScript until then, on the page's main thread",
    )
    figures = []
    for number, title in enumerate(titles):
        times_of = {name: [pair[number] for pair in pairs] for name, pairs in found.items()}
        added = [ours - theirs for ours, theirs in zip(*times_of.values(), strict=True)]
        error = statistics.stdev(added) / math.sqrt(len(added))
        text = f"{title}; in pairs it adds {statistics.mean(added):.0f} ± {error:.0f} ms"
        figures.append(Figures(text, times_of))
    return figures


def _started(browser: Browser, lab: JupyterLab) -> tuple[float, float]:
    """Load the page with an empty cache."""
    context = browser.new_context()
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("Performance.enable")
    page.goto(f"{lab.url}/lab?reset")
    page.wait_for_function("() => window.jupyterapp !== undefined")
    restored_ms = float(awaited(page, _STARTED))
    metrics = session.send("Performance.getMetrics")["metrics"]
    script_s = next(one["value"] for one in metrics if one["name"] == "ScriptDuration")
    context.close()
    return restored_ms, script_s * 1000


def _use(browser: Browser, server: MilvusTestServer) -> list[Figures]:
    with tempfile.TemporaryDirectory() as folder:
        lab = JupyterLab(Path(folder))
        page = browser.new_page()
        try:
            return [*_views(lab, page, server), *_clicks(lab, page, server)]
        finally:
            page.close()
            lab.stop()


def _views(lab: JupyterLab, page: Page, server: MilvusTestServer) -> list[Figures]:
    connect = f"%load_ext milvus_nb\nc = %milvus connect {server.address} -a "
    notebook = Notebook(lab, page, "one.ipynb", [f"{connect}one"])
    sidebar = Sidebar(page)
    notebook.run_all()
    shown = []
    for _ in range(_RUNS + 1):
        page.evaluate("() => window.jupyterapp.shell.activateById('filebrowser')")
        shown.append(float(awaited(page, _UNTIL_SEEN, ["show", "one"])[1]))
    sidebar.open(write_notebook(lab, "two.ipynb", [f"{connect}two"]))
    notebook.run_all()
    sidebar.row("two").wait_for()
    followed = [awaited(page, _UNTIL_SEEN, [f"{name}.ipynb", name]) for name in ("one", "two") * 5][
        1:
    ]
    changed = []
    for number in range(_RUNS):
        notebook.execute(f"%milvus connect ./x.db -a x{number}")
        sidebar.row(f"x{number}").wait_for()
        notebook.execute(
            "import threading, time\nfrom milvus_nb import connections\n"
            "def close():\n    open('closed', 'w').write(str(time.time()))\n"
            f"    connections.disconnect('x{number}')\n"
            "threading.Timer(0.3, close).start()"
        )
        gone_at = float(awaited(page, _GONE_AT, f"x{number}"))
        changed.append((gone_at - float((lab.work / "closed").read_text())) * 1000)
    return [
        Figures(
            f"sidebar: shown to painted (the first time {shown[0]:.0f} ms)",
            {"again": shown[1:]},
        ),
        Figures(
            "sidebar: another notebook in front",
            {
                "to its panel in the page": [drawn for drawn, _ in followed],
                "to the frame after, with the notebook's own": [seen for _, seen in followed],
            },
        ),
        Figures("sidebar: connection closed by code to gone from the page", {"": changed}),
    ]


def _clicks(lab: JupyterLab, page: Page, server: MilvusTestServer) -> list[Figures]:
    connects = "\n".join(
        f"%milvus connect {server.address} -a c{number}" for number in range(2 * _RUNS)
    )
    cells = ["%load_ext milvus_nb", NOTE_DISCONNECTS, connects, _BUSY]
    notebook = Notebook(lab, page, "clicks.ipynb", cells)
    Sidebar(page).show()
    for _ in cells[:-1]:
        page.evaluate(
            "() => window.jupyterapp.commands.execute('notebook:run-cell-and-select-next')"
        )
    clicks: dict[str, list[float]] = {"kernel idle": [], "kernel busy": []}
    for name, times in clicks.items():
        if name == "kernel busy":
            notebook.command("notebook:run-cell")
            wait_until((lab.work / "busy").exists, 60)
        for number in range(_RUNS):
            alias = f"c{number + (_RUNS if name == 'kernel busy' else 0)}"
            times.append(notebook.click_disconnect(alias))
    (lab.work / "go").touch()
    return [Figures("sidebar: click on Disconnect to the closed connection", clicks)]


def _many(browser: Browser, kernels: int) -> Table:
    """Measure with many kernels that have a connection each."""
    with tempfile.TemporaryDirectory() as folder:
        lab = JupyterLab(Path(folder))
        page = browser.new_page()
        try:
            notebook = Notebook(lab, page, "front.ipynb", ["1"])
            code = "%load_ext milvus_nb\n%milvus connect ./{number}.db -a many{number}"
            for number in range(kernels):
                awaited(
                    page,
                    """async ([path, code]) => {
                      const { sessions } = window.jupyterapp.serviceManager;
                      const session = await sessions.startNew(
                        { path, name: path, type: 'notebook', kernel: { name: 'python3' } });
                      await session.kernel.requestExecute({ code }).done;
                      session.dispose();
                    }""",
                    [f"{number}.ipynb", code.format(number=number)],
                )
            page.goto("about:blank")  # and with it this page's connections to them
            sockets: list[str] = []
            page.on("websocket", lambda socket: sockets.append(socket.url))
            page.goto(lab.url_of("front.ipynb"))
            page.wait_for_function("() => window.jupyterapp !== undefined")
            notebook.wait_idle()
            found: dict[str, Any] = awaited(
                page,
                """count => new Promise(resolve => {
                  const start = performance.now();
                  const rows = () => document.querySelectorAll('.milvus-nb-kernel-row').length;
                  window.jupyterapp.shell.activateById('milvus_nb-sidebar');
                  let first = 0;
                  const look = () => {
                    if (first === 0 && rows() > 0) {
                      first = performance.now() - start;
                    }
                    if (rows() === count) {
                      resolve({ first, all: performance.now() - start });
                    } else {
                      requestAnimationFrame(look);
                    }
                  };
                  look();
                })""",
                kernels,
            )
            busy = float(
                awaited(
                    page,
                    """async () => {
                      let long = 0;
                      const seen = new PerformanceObserver(list => {
                        for (const entry of list.getEntries()) {
                          long += entry.duration;
                        }
                      });
                      seen.observe({ entryTypes: ['longtask'] });
                      await new Promise(done => setTimeout(done, 10000));
                      return long / 100;
                    }""",
                )
            )
        finally:
            page.close()
            lab.stop()
    return Table(
        f"sidebar: {kernels} other kernels with a connection each, read from their files",
        ["", "ms"],
        [
            ["sidebar shown to the first of them", f"{found['first']:.0f}"],
            ["to all of them", f"{found['all']:.0f}"],
        ],
        [
            f"Afterwards {busy:.1f} % of 10 s were tasks of over 50 ms in the page.",
            f"Websockets to kernels: {sum('/api/kernels/' in url for url in sockets)}, its own.",
        ],
    )


def _size() -> Table:
    """Tell what the extension takes on disk, and of the wheel."""
    files = [path for path in _EXTENSION.rglob("*") if path.is_file()]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in files:
            archive.write(path, path.relative_to(_EXTENSION))
    version = json.loads((_EXTENSION / "package.json").read_text())["version"]
    return Table(
        f"labextension {version}",
        ["", "KB"],
        [
            ["installed", f"{sum(path.stat().st_size for path in files) / 1000:.0f}"],
            ["in the wheel", f"{len(packed.getvalue()) / 1000:.0f}"],
        ],
    )
