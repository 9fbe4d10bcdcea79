"""From a server's death to our knowing it, beside a client that is asked again and again."""

from __future__ import annotations

import logging
import random
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pymilvus
from playwright.sync_api import sync_playwright

from benchmarks.pages import awaited
from benchmarks.report import Figures
from milvus_nb import ConnectionRegistry
from tests.browser.lab import JupyterLab, Notebook, launch_chromium

if TYPE_CHECKING:
    from collections.abc import Callable

    from milvus_nb import Connection
    from tests.support.servers import MilvusTestServer

_POLL_S = 0.05
_CAP_S = 30.0
_HEARTBEAT_S = 4.0  # no less than the default one

# Notes when the row has said a word: Unix milliseconds, after that frame.
_STAMP = """word => {
  const row = () => document.querySelector('[aria-label="bench"][role="listitem"]')
    ?? document.querySelector('.milvus-nb-row');
  if (row().textContent.includes(word)) throw Error(`it says ${word} already`);
  window.stampedAt = new Promise(resolve => {
    const observer = new MutationObserver(() => {
      if (!row()?.textContent.includes(word)) return;
      observer.disconnect();
      requestAnimationFrame(() => setTimeout(
        () => resolve(performance.timeOrigin + performance.now())));
    });
    observer.observe(document.body, {subtree: true, childList: true, characterData: true});
  });
}"""


def run(
    server: MilvusTestServer, kills: int = 5, freezes: int = 3, pages: int = 5
) -> list[Figures]:
    """Measure deaths (SIGKILL), freezes (SIGSTOP), and deaths as a page shows them."""
    logging.getLogger("pymilvus").setLevel(logging.CRITICAL)
    killed = _deaths(server, server.kill, kills, {"timeout": 1.0})
    frozen = _deaths(server, server.pause, freezes, {})
    return [
        Figures(
            'server killed: until known ("unreachable" observed)',
            {
                "milvus_nb, watching": killed[0],
                "list_collections(timeout=1) every 50 ms": killed[1],
            },
            cap=_CAP_S * 1000,
        ),
        Figures(
            'server frozen: until known ("unreachable" observed)',
            {
                "milvus_nb, watching": frozen[0],
                "list_collections() every 50 ms": frozen[1],
            },
            cap=_CAP_S * 1000,
        ),
        Figures(
            'server killed: until "Unreachable" is painted in the panel',
            {"milvus_nb": _painted(server, pages)},
        ),
    ]


def _deaths(
    server: MilvusTestServer, stop: Callable[[], None], runs: int, keywords: dict[str, Any]
) -> tuple[list[float], list[float]]:
    """Give our times and stock's, of the same deaths, in milliseconds."""
    connections = ConnectionRegistry()
    ours: list[float] = []
    theirs: list[float] = []
    try:
        for _ in range(runs):
            connection = connections.connect("bench", uri=server.uri)
            client = pymilvus.MilvusClient(server.uri)
            client.list_collections()
            death = _Death(connection, client, keywords)
            # At no special time between two heartbeats.
            time.sleep(1 + random.uniform(0, _HEARTBEAT_S))  # noqa: S311  # hides nothing
            start = time.monotonic()
            stop()
            seen, failed = death.wait(start + _CAP_S)
            ours.append((seen - start) * 1000)
            theirs.append((failed - start) * 1000)
            # A server that was frozen for long has lost its own sessions.
            server.restart()
            death.end()
            client.close()
            connections.disconnect("bench")
    finally:
        connections.shutdown()
    return ours, theirs


class _Death:
    """Two who find out that a server does not answer any more, from now on."""

    def __init__(
        self, connection: Connection, client: pymilvus.MilvusClient, keywords: dict[str, Any]
    ) -> None:
        self._seen: list[float] = []
        self._failed: list[float] = []
        self._stop = threading.Event()
        connection.observe(self._observe, "state")
        self._client = client
        self._keywords = keywords
        self._poller = threading.Thread(target=self._poll, daemon=True)
        self._poller.start()

    def wait(self, deadline: float) -> tuple[float, float]:
        """Give when each knew, in `time.monotonic`'s seconds; infinity for one that did not."""
        while time.monotonic() < deadline and not (self._seen and self._failed):
            time.sleep(0.01)
        infinity = float("inf")
        return (*self._seen, infinity)[0], (*self._failed, infinity)[0]

    def end(self) -> None:
        """Stop asking."""
        self._stop.set()
        self._poller.join()

    def _observe(self, change: Any) -> None:
        if change["new"] == "unreachable":
            self._seen.append(time.monotonic())

    def _poll(self) -> None:
        while not self._stop.wait(_POLL_S):
            try:
                self._client.list_collections(**self._keywords)
            except Exception:  # noqa: BLE001  # the first one is what is waited for
                self._failed.append(time.monotonic())
                return


def _painted(server: MilvusTestServer, runs: int) -> list[float]:
    """Give the milliseconds from each death to the word on the page."""
    times: list[float] = []
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        lab = JupyterLab(Path(folder))
        try:
            browser = launch_chromium(playwright)
            page = browser.new_page()
            connect = f"%milvus connect {server.address} -a bench"
            cells = ["%load_ext milvus_nb", connect, "%milvus panel"]
            notebook = Notebook(lab, page, "watching.ipynb", cells)
            notebook.run_all()
            for _ in range(runs):
                notebook.row("bench").get_by_text("Connected").first.wait_for(timeout=30_000)
                page.evaluate(_STAMP, "Unreachable")
                killed_at = time.time()
                server.kill()
                times.append(float(awaited(page, "() => window.stampedAt")) - killed_at * 1000)
                server.restart()
            browser.close()
        finally:
            lab.stop()
    return times
