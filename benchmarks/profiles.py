"""Profiles: a change to its being seen, a connect by name beside one by address, the extension."""

from __future__ import annotations

import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import sync_playwright

from benchmarks.pages import awaited
from benchmarks.report import Figures
from milvus_nb import ConnectionRegistry
from milvus_nb.profiles.profile import Profile
from milvus_nb.profiles.store import ProfileStore
from tests.browser.lab import JupyterLab, Notebook, Sidebar, launch_chromium

if TYPE_CHECKING:
    from collections.abc import Sequence

    from playwright.sync_api import Page

    from tests.support.servers import MilvusTestServer

_CONNECTS = 100

# When a text has come into the sidebar, in Unix ms.
_SEEN_AT = """text => new Promise(resolve => {
  const look = () => document.getElementById('milvus_nb-sidebar').textContent.includes(text)
    ? resolve(Date.now()) : requestAnimationFrame(look);
  look();
})"""

_IMPORT = """
import sys, time
import jupyter_server.serverapp
began = time.perf_counter()
import milvus_nb.server.extension
print((time.perf_counter() - began) * 1000)
"""


def run(server: MilvusTestServer, runs: int = 12) -> Sequence[Figures]:
    """Measure in a JupyterLab, in this process, and in fresh ones."""
    return [*_changes(runs), _connects(server), _imports(runs)]


def _changes(runs: int) -> list[Figures]:
    """Change the file as an editor does, until the sidebar shows it."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        lab = JupyterLab(Path(folder))
        browser = launch_chromium(playwright)
        try:
            page = browser.new_page()
            Notebook(lab, page, "one.ipynb", ["1"])
            sidebar = Sidebar(page)
            sidebar.show()
            served = _seen(page, lab, "served", runs)
            sidebar.load()
            return [
                Figures(
                    "profiles: file changed to seen in the sidebar",
                    {
                        "by Jupyter Server": served,
                        "by a kernel": _seen(page, lab, "kernel", runs),
                    },
                )
            ]
        finally:
            browser.close()
            lab.stop()


def _seen(page: Page, lab: JupyterLab, word: str, runs: int) -> list[float]:
    store = ProfileStore("", path=str(lab.folder / "config" / "milvus_nb" / "profiles.toml"))
    times = []
    for number in range(runs + 1):
        store.save(Profile(f"{word}{number}", "localhost"))
        began = time.time() * 1000
        times.append(float(awaited(page, _SEEN_AT, f"{word}{number}")) - began)
        time.sleep(random.uniform(0.0, 0.9))  # noqa: S311  # at any moment of the watching
    return times[1:]


def _connects(server: MilvusTestServer) -> Figures:
    """Connect the same server by address and by name, warm, in turns."""
    times: dict[str, list[float]] = {"by address": [], "by name": []}
    with tempfile.TemporaryDirectory() as folder:
        registry = ConnectionRegistry()
        registry.profiles = ProfileStore("", path=str(Path(folder) / "profiles.toml"))
        for number in range(50):
            registry.profiles.save(Profile(f"p{number}", server.address))
        try:
            for _ in range(_CONNECTS):
                began = time.perf_counter()
                registry.connect("a", uri=server.address)
                times["by address"].append((time.perf_counter() - began) * 1000)
                registry.disconnect("a")
                began = time.perf_counter()
                registry.connect_profile("p7", "b")
                times["by name"].append((time.perf_counter() - began) * 1000)
                registry.disconnect("b")
        finally:
            registry.shutdown()
    ratio = statistics.median(times["by name"]) / statistics.median(times["by address"])
    return Figures(f"connect, warm, one of 50 profiles: {ratio:.2f} times by address", times)


def _imports(runs: int) -> Figures:
    times = [
        float(
            subprocess.run([sys.executable, "-c", _IMPORT], check=True, capture_output=True).stdout
        )
        for _ in range(runs)
    ]
    return Figures("what the extension adds to Jupyter Server's start: its import", {"": times})
