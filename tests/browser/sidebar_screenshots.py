"""The pictures of the sidebar: ``python -m tests.browser.sidebar_screenshots``.

Each state in each theme of `screenshots`, 300 and 250 pixels wide.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import expect, sync_playwright

from tests.browser import kernelspecs
from tests.browser.lab import JupyterLab, Notebook, Sidebar, launch_chromium, write_notebook
from tests.browser.screenshots import ALL_THEMES, IMAGES, THEMES, change_theme, save, widths_of
from tests.support.servers import MilvusTestServer

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

WIDTHS = {"wide": 300, "narrow": 250}

# The sidebar alone, as high as what is in it.
STYLE = """width => {
  const style = document.getElementById('picture') ?? document.createElement('style');
  style.id = 'picture';
  style.textContent = width === 0 ? '' : `#milvus_nb-sidebar {
    width: ${width}px !important; height: auto !important; min-height: 0 !important;
    min-width: 0 !important;
    contain: none !important; }`;
  document.head.append(style);
  return new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
}"""


_WIDE = (
    "addEventListener('DOMContentLoaded', () => document.documentElement.style"
    ".setProperty('--jp-sidebar-min-width', '300px'))"
)


def main() -> None:
    """Start everything, go through the states, stop everything."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else IMAGES
    folder.mkdir(parents=True, exist_ok=True)
    run(go_through, folder)


def run(show: Callable[[JupyterLab, Page, MilvusTestServer, Path], None], folder: Path) -> None:
    """Start everything, show the states, stop everything."""
    prod = MilvusTestServer(auth=True)
    try:
        with tempfile.TemporaryDirectory() as temporary, sync_playwright() as playwright:
            lab = JupyterLab(Path(temporary))
            try:
                browser = launch_chromium(playwright)
                page = browser.new_page(viewport={"width": 1180, "height": 860})
                page.add_init_script(_WIDE)
                show(lab, page, prod, folder)
                browser.close()
            finally:
                lab.stop()
    finally:
        prod.stop()


def taker(sidebar: Sidebar, folder: Path, kind: str = "sidebar") -> Callable[[str], None]:
    """Give what takes the pictures of a state: ``KIND-STATE-THEME-WIDTH.webp``."""
    page = sidebar.page

    def take(state: str) -> None:
        for theme in ALL_THEMES:
            change_theme(page, theme)
            for width in widths_of(theme):
                page.evaluate(STYLE, WIDTHS[width])
                save(sidebar.node, folder / f"{kind}-{state}-{theme}-{width}.webp")
            page.evaluate(STYLE, 0)
        change_theme(page, "light")
        print(state, flush=True)

    return take


def go_through(
    lab: JupyterLab,
    page: Page,
    prod: MilvusTestServer,
    folder: Path,
    camera: Callable[[Sidebar, Path], Callable[[str], None]] = taker,
) -> None:
    """Bring the sidebar into each state."""
    sidebar = Sidebar(page)
    take = camera(sidebar, folder)
    data = lab.folder / "jupyter-data"
    kernelspecs.install(data, "echo", "echo", kernelspecs.ECHO)
    kernelspecs.install(data, "bare", "python", kernelspecs.BARE)
    notebook = Notebook(
        lab, page, "search.ipynb", ["client = %milvus client\nclient.list_collections()"]
    )
    sidebar.show()
    expect(sidebar.button("Load milvus_nb")).to_be_visible()
    take("absent")
    sidebar.load()
    expect(sidebar.panel).to_contain_text("No connections")
    take("empty")
    notebook.connect(
        "prod", Address=prod.address, sign_in="Password", User="root", Password="Milvus"
    )
    notebook.connect("scratch", Address="./demo.db")
    sidebar.open(write_notebook(lab, "ingest.ipynb", ["rows = load_rows()"]))
    sidebar.load()
    notebook.connect(
        "ingest", Address=prod.address, sign_in="Password", User="root", Password="Milvus"
    )
    sidebar.activate(notebook.path)
    expect(sidebar.row("scratch")).to_contain_text("Connected")
    expect(sidebar.others).to_contain_text("ingest")
    take("connected")
    for theme in THEMES:
        change_theme(page, theme)
        page.screenshot(path=folder / f"lab-{theme}.png")
    change_theme(page, "light")

    take_tree(notebook, sidebar, take)
    take_denied(notebook, sidebar, prod, take)
    take_running(page, folder)
    sidebar.show()
    take_restart(sidebar, take)
    take_reasons(lab, sidebar, take)


# What somebody keeps in a database.
_MAKE = """
from milvus_nb import connections
from pymilvus import DataType
client = connections.client("scratch")
for name, rows in ("books", 1204), ("papers", 310):
    schema = client.create_schema()
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("title", DataType.VARCHAR, max_length=200)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=768)
    index = client.prepare_index_params()
    index.add_index("vector", index_type="HNSW", metric_type="COSINE")
    client.create_collection(name, schema=schema, index_params=index)
    vector = [0.1] * 768
    client.insert(name, [{"id": i, "title": f"Title {i}", "vector": vector} for i in range(rows)])
client.release_collection("papers")
"""


def take_tree(notebook: Notebook, sidebar: Sidebar, take: Callable[[str], None]) -> None:
    """Open a connection down to the fields of a collection."""
    notebook.execute(_MAKE)
    sidebar.button("Open scratch").click()
    tree = sidebar.row("scratch").get_by_role("tree", name="What is in scratch")
    for name in ("default", "books"):
        tree.get_by_role("treeitem", name=name, exact=True).click()
    expect(tree).to_contain_text("FLOAT_VECTOR")
    expect(tree).to_contain_text("1,204")
    take("tree")
    for name, action, state in (
        ("books", "Preview rows", "preview"),
        ("books", "Release…", "release"),
        ("papers", "Preview rows", "released"),
    ):
        tree.get_by_role("treeitem", name=name, exact=True).click(button="right")
        sidebar.node.get_by_role("menuitem", name=action).click()
        expect(tree).to_contain_text(_TOLD[state])
        take(state)
        tree.get_by_role("button", name=f"Hide the rows of {name}").click()
    sidebar.button("Open scratch").click()


_TOLD = {"preview": "Title 0", "release": "Searches of everybody", "released": "is released"}

# Somebody who may look into a collection, and then no more.
_READER = """
client = connections.client("prod")
client.create_collection("orders", dimension=4)
client.create_user("reader", "Reader-1")
connections.connect("reader", uri="{uri}", token="reader:Reader-1")
"""
_DENIED = """
client.revoke_privilege("public", "Global", "DescribeCollection", "*", db_name="*")
"""


def take_denied(
    notebook: Notebook, sidebar: Sidebar, prod: MilvusTestServer, take: Callable[[str], None]
) -> None:
    """Look into a collection as somebody whose right to do so is taken away."""
    notebook.execute(_READER.format(uri=prod.uri))
    sidebar.button("Open reader").click()
    tree = sidebar.row("reader").get_by_role("tree", name="What is in reader")
    for name in ("default", "orders"):
        tree.get_by_role("treeitem", name=name, exact=True).click()
    expect(tree).to_contain_text("FLOAT_VECTOR")
    take("untold")
    notebook.execute(_DENIED)
    tree.get_by_role("treeitem", name="orders", exact=True).click(button="right")
    sidebar.node.get_by_role("menuitem", name="Refresh").click()
    expect(tree).to_contain_text("You may not describe")
    take("denied")
    tree.get_by_text("What to do").click()
    take("what-to-do")
    sidebar.button("Disconnect reader").click()
    expect(sidebar.row("reader")).to_have_count(0)
    notebook.execute("client.drop_collection('orders'); client.drop_user('reader')")


def take_running(page: Page, folder: Path) -> None:
    """Show the section of the Running panel."""
    page.evaluate("() => window.jupyterapp.shell.activateById('jp-running-sessions')")
    expect(page.locator(".milvus-nb-running")).to_have_count(3)
    for theme in THEMES:
        change_theme(page, theme)
        page.locator("#jp-running-sessions").screenshot(path=folder / f"running-{theme}.png")
    change_theme(page, "light")


def take_restart(sidebar: Sidebar, take: Callable[[str], None]) -> None:
    """Restart the kernel, and fail to reconnect."""
    sidebar.page.evaluate(
        "() => { void window.jupyterapp.shell.currentWidget.sessionContext.restartKernel(); }"
    )
    expect(sidebar.lost).to_contain_text("was restarted")
    take("restarted")
    sidebar.lost.get_by_label("Password of root for prod").fill("wrong")
    sidebar.button("Reconnect what was connected").click()
    expect(sidebar.lost).to_contain_text("Wrong password")
    expect(sidebar.row("scratch")).to_contain_text("Connected")
    take("reconnect-failed")
    sidebar.button("Not now").click()


def take_reasons(lab: JupyterLab, sidebar: Sidebar, take: Callable[[str], None]) -> None:
    """Show each reason for no panel."""
    page = sidebar.page
    sidebar.open(write_notebook(lab, "other.ipynb", [], "echo"))
    expect(sidebar.node).to_contain_text("does not speak Python")
    take("foreign")
    sidebar.open(write_notebook(lab, "bare.ipynb", [], "bare"))
    sidebar.button("Load milvus_nb").click()
    expect(sidebar.node).to_contain_text("not installed")
    take("missing")
    page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.shutdown()")
    expect(sidebar.node).to_contain_text("No kernel")
    take("no-kernel")
    page.evaluate(
        "() => [...window.jupyterapp.shell.widgets('main')].forEach(widget => widget.dispose())"
    )
    expect(sidebar.node).to_contain_text("No notebook is open")
    take("nothing-open")


if __name__ == "__main__":
    main()
