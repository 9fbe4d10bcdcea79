"""An idle kernel looks idle: Jupyter Server ends a connected one as soon as a plain one."""

from __future__ import annotations

import json
import urllib.request
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.lab import LOAD, JupyterLab, Notebook, Sidebar, write_notebook
from tests.helpers import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Page

    from tests.servers import MilvusTestServer

#: Longer than anything of this test takes while nobody touches anything.
IDLE_S = 20

#: What the browser says of a tab that is put behind another.
HIDE = """() => {
  Object.defineProperty(document, 'hidden', { configurable: true, get: () => true });
  Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => 'hidden' });
  document.dispatchEvent(new Event('visibilitychange'));
}"""
SHOW = """() => {
  delete document.hidden;
  delete document.visibilityState;
  document.dispatchEvent(new Event('visibilitychange'));
}"""

#: Does something, and gives the milliseconds until an element has a text.
UNTIL_SHOWN = """async ([node, text, event]) => {
  const since = performance.now();
  const shown = new Promise(done => {
    const look = () => node.textContent.includes(text) && done(performance.now() - since);
    new MutationObserver(look).observe(
      node.ownerDocument, {subtree: true, childList: true, characterData: true});
  });
  dispatchEvent(event);
}"""


@pytest.fixture(scope="module")
def culling_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterLab]:
    """Give a JupyterLab that ends idle kernels, also those that a page is connected to."""
    manager = "--MappingKernelManager"
    found = JupyterLab(
        tmp_path_factory.mktemp("culling"),
        options=[
            f"{manager}.cull_idle_timeout={IDLE_S}",
            f"{manager}.cull_interval=1",
            f"{manager}.cull_connected=True",
        ],
    )
    yield found
    found.stop()


def kernel_ids(lab: JupyterLab) -> set[str]:
    url = f"{lab.url}/api/kernels"
    with urllib.request.urlopen(url, timeout=20) as answer:  # noqa: S310  # our own
        return {kernel["id"] for kernel in json.load(answer)}


def kernel_of(page: Page) -> str:
    found: str = page.evaluate(
        "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.id"
    )
    return found


def test_a_connected_kernel_is_ended_as_soon_as_a_plain_one(
    culling_lab: JupyterLab, chromium: Browser, milvus: MilvusTestServer
) -> None:
    """Its page closed, hidden, not touched for five minutes, or with another notebook in front."""
    lab = culling_lab
    connect = f"c = %milvus connect {milvus.address} -a one"
    with ExitStack() as stack:

        def opened(name: str, *cells: str) -> tuple[Page, str]:
            context = chromium.new_context()
            stack.callback(context.close)
            page = context.new_page()
            if name == "untouched":
                page.clock.install()
            notebook = Notebook(lab, page, f"{name}.ipynb", [LOAD, connect, *cells])
            sidebar = Sidebar(page)
            sidebar.show()
            notebook.run_all()
            expect(sidebar.row("one")).to_contain_text("Connected")
            return page, kernel_of(page)

        behind, kernel_behind = opened("behind")
        Sidebar(behind).open(write_notebook(lab, "front.ipynb", ["1"]))
        closed, kernel_closed = opened("closed", "%milvus panel")
        hidden, kernel_hidden = opened("hidden")
        untouched, kernel_untouched = opened("untouched", "%milvus panel")
        plain = behind.evaluate(
            "async () => (await window.jupyterapp.serviceManager.kernels.startNew()).id"
        )
        closed.close()
        hidden.evaluate(HIDE)
        untouched.clock.fast_forward(5 * 60_000 + 1000)
        expect(Sidebar(untouched).row("one")).to_contain_text("Connected as of")
        kernels = {
            "plain": plain,
            "closed": kernel_closed,
            "hidden": kernel_hidden,
            "untouched": kernel_untouched,
            "behind": kernel_behind,
        }

        def left() -> list[str]:
            behind.mouse.move(*((100, 100) if len(moves) % 2 else (120, 120)))
            moves.append(0)
            running = kernel_ids(lab)
            return [name for name, number in kernels.items() if number in running]

        moves: list[int] = []
        wait_until(lambda: left() == [], 2 * IDLE_S, every_s=0.5, what="all are ended")


def test_who_comes_back_sees_what_is_true(
    open_notebook: Callable[..., Notebook],
    page: Page,
    make_milvus: Callable[..., MilvusTestServer],
) -> None:
    """Ten minutes untouched: the row says so, and nothing else; a touch brings it up to date."""
    server = make_milvus()
    page.clock.install()
    notebook = open_notebook(LOAD, f"c = %milvus connect {server.address} -a one")
    sidebar = Sidebar(page)
    sidebar.show()
    notebook.run_all()
    row = sidebar.row("one")
    expect(row).to_contain_text("Connected")
    page.clock.fast_forward(10 * 60_000)
    expect(row).to_contain_text("Connected as of 10 min ago")
    server.kill()
    took = page.evaluate("() => 1")
    expect(row).to_contain_text("Connected as of 10 min ago")
    page.mouse.move(300, 300)
    expect(row).to_contain_text("Unreachable")
    del took
