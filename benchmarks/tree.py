"""What is in a database: from a click to its names, beside the plain calls and the file browser."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pymilvus
from playwright.sync_api import sync_playwright

from benchmarks.exploring import MOST_REAL, answering, with_collections
from benchmarks.pages import awaited
from benchmarks.report import Figures, Table
from tests.browser.lab import JupyterLab, Notebook, Sidebar, busy_while, launch_chromium
from tests.support.helpers import wait_until

if TYPE_CHECKING:
    from collections.abc import Sequence

    from playwright.sync_api import Browser, Page

    from tests.support.servers import MilvusTestServer

COUNTS = (1, 100, 1_000, 10_000)
ROWS = (100, 10_000)

_RUNS = 8
_SCROLLED_S = 3
_FIRST = "a_collection_of_some_name_0"

# What is seen: found, and two frames later.
_SEEN = """
  const until = find => new Promise(done => {
    const look = () => {
      if (find()) {
        changes.disconnect();
        requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now())));
      }
    };
    const changes = new MutationObserver(look);
    changes.observe(document.body, { subtree: true, childList: true, attributes: true });
    look();
  });
"""

# Opens a connection that was never open, and a database in it; the milliseconds of both.
_OPEN = f"""async ([alias, database, first]) => {{
  {_SEEN}
  const row = document.querySelector(`#milvus_nb-sidebar .milvus-nb-row[aria-label="${{alias}}"]`);
  const node = name => row.querySelector(`[role="treeitem"][aria-label="${{name}}"]`);
  const opener = row.querySelector('.milvus-nb-opener');
  const start = performance.now();
  opener.click();
  const opened = await until(() => node(database));
  const again = performance.now();
  node(database).querySelector('.milvus-nb-node-line').click();
  const listed = await until(() => node(first));
  opener.click();
  return [opened - start, listed - again];
}}"""

# Opens a folder in JupyterLab's file browser.
_FOLDER = f"""async ([folder, first]) => {{
  {_SEEN}
  const left = [...window.jupyterapp.shell.widgets('left')];
  const browser = left.find(one => one.id === 'filebrowser');
  await browser.model.cd('/');
  await until(() => browser.node.querySelector(`[title^="Name: ${{folder}}"]`));
  const start = performance.now();
  void browser.model.cd(folder);
  return await until(() => browser.node.querySelector(`[title^="Name: ${{first}}"]`)) - start;
}}"""

# Frames a second for some seconds, while the list is scrolled or is not.
_FRAMES = """([seconds, step]) => new Promise(resolve => {
  const list = document.getElementById('milvus_nb-sidebar');
  let frames = 0;
  let way = step;
  const start = performance.now();
  const next = now => {
    frames++;
    const before = list.scrollTop;
    list.scrollTop += way;
    if (list.scrollTop === before) {
      way = -way;
    }
    if (now - start < seconds * 1000) {
      requestAnimationFrame(next);
    } else {
      resolve(frames * 1000 / (now - start));
    }
  };
  requestAnimationFrame(next);
})"""


def run(
    server: MilvusTestServer, counts: Sequence[int] = COUNTS, rows: Sequence[int] = ROWS
) -> list[Figures | Table]:
    """Measure in a JupyterLab of its own; 10,000 collections on a server that only has names."""
    results: list[Figures | Table] = []
    with sync_playwright() as playwright:
        browser = launch_chromium(playwright)
        try:
            for count in counts:
                is_real = count <= MOST_REAL
                with with_collections(server, count) if is_real else answering(count) as at:
                    results += _opened(browser, count, *at)
            results.append(_scrolled(browser, server, rows))
        finally:
            browser.close()
    return results


def _opened(browser: Browser, count: int, uri: str, database: str) -> list[Figures]:
    with tempfile.TemporaryDirectory() as folder:
        lab = JupyterLab(Path(folder))
        page = browser.new_page()
        try:
            files = lab.work / "folder"
            files.mkdir()
            for number in range(count):
                (files / f"{_FIRST[:-1]}{number}").touch()
            return _opened_in(lab, page, count, uri, database)
        finally:
            page.close()
            lab.stop()


def _opened_in(lab: JupyterLab, page: Page, count: int, uri: str, database: str) -> list[Figures]:
    connect = (
        "from milvus_nb import connections\n"
        f"for n in range({2 * _RUNS + 2}):\n"
        f"    connections.connect(f'b{{n}}', uri={uri!r}, db_name={database!r}, timeout=60)"
    )
    notebook = Notebook(lab, page, "tree.ipynb", ["%load_ext milvus_nb", connect])
    sidebar = Sidebar(page)
    sidebar.show()
    notebook.run_all()
    sidebar.row("b0").wait_for()
    client = pymilvus.MilvusClient(uri, db_name=database, dedicated=True)
    times: dict[str, list[float]] = {
        "kernel idle": [],
        "while a cell runs": [],
        "MilvusClient: databases and collections": [],
        "JupyterLab's file browser: as many files": [],
    }
    opened: dict[str, list[float]] = {"kernel idle": [], "while a cell runs": []}
    aliases = (f"b{number}" for number in range(2 * _RUNS + 2))
    for name, shown in opened.items():
        if name != "kernel idle":
            page.evaluate(
                "code => { void window.jupyterapp.shell.currentWidget.sessionContext.session.kernel"
                ".requestExecute({ code }); }",
                busy_while("busy"),
            )
            wait_until((lab.work / "busy").exists)
        for turn in range(_RUNS + 1):
            to_databases, to_names = awaited(
                page, _OPEN, [next(aliases), database or "default", _FIRST]
            )
            if turn:
                shown.append(to_databases)
                times[name].append(to_names)
    (lab.work / "busy").unlink()
    page.evaluate("() => window.jupyterapp.shell.activateById('filebrowser')")
    for turn in range(_RUNS + 1):
        start = time.perf_counter()
        client.list_databases()
        client.list_collections()
        plain = (time.perf_counter() - start) * 1000
        in_browser = float(awaited(page, _FOLDER, ["folder", _FIRST]))
        if turn:
            times["MilvusClient: databases and collections"].append(plain)
            times["JupyterLab's file browser: as many files"].append(in_browser)
    client.close()
    of = "" if count <= MOST_REAL else ", of a server that only answers"
    return [
        Figures(f"sidebar: click on a connection to its databases painted{of}", opened),
        Figures(f"sidebar: click on a database to {count:,} collections painted{of}", times),
    ]


def _scrolled(browser: Browser, server: MilvusTestServer, rows: Sequence[int]) -> Table:
    found: list[list[str]] = []
    for count in rows:
        with tempfile.TemporaryDirectory() as folder:
            lab = JupyterLab(Path(folder))
            page = browser.new_page()
            try:
                found.append([f"{count:,}", *_frames(lab, page, server, count)])
            finally:
                page.close()
                lab.stop()
    return Table(
        f"sidebar: frames a second, in {_SCROLLED_S} s",
        ["connections", "at rest", "scrolled by 40 px a frame", "by 4,000 px a frame"],
        found,
    )


def _frames(lab: JupyterLab, page: Page, server: MilvusTestServer, count: int) -> list[str]:
    connect = (
        "from milvus_nb import connections\n"
        f"for n in range({count}):\n"
        f"    connections.connect(f'c{{n:05}}', uri={server.uri!r}, timeout=60)"
    )
    notebook = Notebook(lab, page, "many.ipynb", ["%load_ext milvus_nb", connect])
    sidebar = Sidebar(page)
    sidebar.show()
    page.set_default_timeout(600_000)
    notebook.run_all()
    sidebar.row("c00000").wait_for()
    figures: list[Any] = [awaited(page, _FRAMES, [_SCROLLED_S, step]) for step in (0, 40, 4_000)]
    return [f"{float(figure):.0f}" for figure in figures]
