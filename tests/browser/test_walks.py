"""From nothing to rows in a cell and back in the sidebar alone: no line of code is typed.

Somebody has a profile of a file of Milvus Lite and one of a server that wants a password, which the
profile has a reference to: nothing else connects without typing.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from pymilvus import MilvusClient

from tests.browser.lab import LOAD, Sidebar, busy_while
from tests.support.exploring import make_vectors
from tests.support.helpers import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Locator

    from tests.browser.lab import JupyterLab, Notebook
    from tests.support.servers import MilvusTestServer

NAME = "walked"
SECRET = "WALKED_PASSWORD"
BUSY = "walked_busy"

#: What somebody did before, with the secret where the profile refers to.
BEFORE = f"""
import os
os.environ["{SECRET}"] = "Milvus"
from milvus_nb import connections
connections.connect("made", uri="./{NAME}.db", timeout=60)
client = connections.client("made")
client.drop_collection("{NAME}")
client.create_collection("{NAME}", dimension=4)
client.insert("{NAME}", [{{"id": 7, "vector": [0.0] * 4}}])
connections.disconnect("made");
"""

FIELD = re.compile("FLOAT_VECTOR 4")
ROWS = "[0, 0, … 4]"

#: Whether the focus is somewhere: of a button that goes away it may not be lost.
IS_HELD = """() => document.activeElement !== document.body"""

#: Which cell is the active one.
ACTIVE = "() => window.jupyterapp.shell.currentWidget.content.activeCellIndex"

#: Whether the focus is behind an element in the order of the page, or in it.
IS_BEHIND = """node => Boolean(node.compareDocumentPosition(document.activeElement)
  & Node.DOCUMENT_POSITION_FOLLOWING)"""


class Mouse:
    """Goes through the sidebar with the mouse.

    Parameters
    ----------
    notebook
        The notebook in front.
    """

    def __init__(self, notebook: Notebook) -> None:
        self.notebook = notebook
        self.page = notebook.page
        self.sidebar = Sidebar(notebook.page)

    def item(self, alias: str, name: str) -> Locator:
        """Give a row of what is in a connection."""
        tree = self.sidebar.row(alias).get_by_role("tree", name=f"What is in {alias}")
        return tree.get_by_role("treeitem", name=name, exact=True)

    def cell(self, number: int) -> Locator:
        """Give a cell of the notebook."""
        return self.page.locator(".jp-Notebook .jp-CodeCell").nth(number)

    def show(self) -> None:
        """Bring the sidebar in sight."""
        if not self.sidebar.node.is_visible():
            self.page.locator("[data-id='milvus_nb-sidebar']").click()

    def press(self, button: Locator) -> None:
        """Press a button."""
        button.click()

    def choose(self, alias: str, name: str, action: str) -> None:
        """Choose what is done with a collection."""
        self.item(alias, name).click(button="right")
        self.sidebar.node.get_by_role("menuitem", name=action, exact=True).click()

    def open(self, alias: str, *names: str) -> None:
        """Open a connection, and in it what has these names, one in the other."""
        self.sidebar.button(f"Open {alias}").click()
        for name in names:
            self.item(alias, name).click()

    def take_along(self, alias: str, name: str, number: int) -> None:
        """Bring the code that reads a collection into a cell."""
        self.item(alias, name).hover()
        self.page.mouse.down()
        self.cell(number).locator(".cm-content").hover()
        self.page.mouse.up()

    def run(self, number: int) -> None:
        """Run a cell."""
        self.cell(number).locator(".jp-InputPrompt").click()
        run = "notebook:run-cell-and-select-next"
        self.page.locator(f".jp-NotebookPanel-toolbar [data-command='{run}']").click()


class Keyboard(Mouse):
    """Goes through the sidebar by keyboard alone: the focus comes by keys, too."""

    def type(self, *keys: str) -> None:
        """Press keys; each leaves the focus somewhere."""
        for key in keys:
            self.page.keyboard.press(key)
            wait_until(lambda: self.page.evaluate(IS_HELD), what=f"the focus after {key}")

    def go(self, target: Locator, key: str = "") -> None:
        """Press a key until the focus is there; Tab, or back, where none is given."""
        expect(target).to_be_visible()
        key = key or ("Shift+Tab" if target.evaluate(IS_BEHIND) else "Tab")
        for _ in range(80):
            if target.evaluate("node => node === document.activeElement"):
                return
            self.type(key)
        pytest.fail(f"{key} does not lead to {target}")

    def show(self) -> None:
        """Bring the sidebar in sight, and the focus there."""
        self.type("Alt+Shift+M")

    def press(self, button: Locator) -> None:
        """Press a button, from wherever the focus is in the sidebar."""
        self.go(button)
        self.type("Enter")

    def choose(self, alias: str, name: str, action: str) -> None:
        """Choose what is done with a collection, from what is shown of it."""
        if not self.item(alias, name).evaluate("node => node === document.activeElement"):
            tree = self.sidebar.row(alias).get_by_role("tree")
            self.go(tree.locator("[role='treeitem'][tabindex='0']"))
            self.go(self.item(alias, name), "ArrowUp")
        self.type("Shift+F10")
        entry = self.sidebar.node.get_by_role("menuitem", name=action, exact=True)
        self.go(entry, "ArrowDown")
        self.type("Enter")

    def open(self, alias: str, *names: str) -> None:
        """Open a connection, and in it what has these names, one in the other."""
        self.show()
        self.go(self.sidebar.panel.locator("li.milvus-nb-row[tabindex='0']"))
        self.type("Home")
        self.go(self.sidebar.row(alias), "ArrowDown")
        self.type("ArrowRight")
        for name in names:
            self.go(self.item(alias, name), "ArrowDown")
            self.type("ArrowRight")

    def take_along(self, alias: str, name: str, number: int) -> None:
        """Bring the code that reads a collection into the active cell."""
        assert self.page.evaluate(ACTIVE) == number
        self.choose(alias, name, "Insert code")

    def run(self, number: int) -> None:
        """Run the active cell: the focus is in the notebook since the code was inserted."""
        assert self.page.evaluate(ACTIVE) == number
        self.type("Shift+Enter")


@pytest.fixture
def database(
    milvus_auth: MilvusTestServer, make_database: Callable[[MilvusTestServer, str], str]
) -> Iterator[str]:
    """Give a database with a loaded collection at the server that wants a password."""
    name = make_database(milvus_auth, NAME)
    token = milvus_auth.root_token
    client = MilvusClient(milvus_auth.uri, token=token, db_name=name, dedicated=True)
    make_vectors(client, NAME, "FLOAT_VECTOR", "L2", dim=4)
    yield name
    client.drop_collection(NAME)
    client.close()


@pytest.fixture
def _profiles(lab: JupyterLab, milvus_auth: MilvusTestServer) -> Iterator[None]:
    """Have the profiles lite and auth, and what the file of Lite is made of not yet."""
    path: Path = lab.folder / "config" / "milvus_nb" / "profiles.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        f'[profiles.lite]\naddress = "{lab.work / NAME}.db"\ntimeout = 60\n\n'
        f'[profiles.auth]\naddress = "{milvus_auth.address}"\nuser = "root"\n'
        f'secret = "env:{SECRET}"\ntimeout = 60\n'
    )
    yield
    path.unlink()
    (lab.work / BUSY).unlink(missing_ok=True)


@pytest.mark.usefixtures("_profiles")
@pytest.mark.parametrize(
    "way",
    [
        "mouse",
        pytest.param("keyboard", marks=pytest.mark.matrix),
        pytest.param("mouse while a cell runs", marks=pytest.mark.matrix),
        pytest.param("keyboard while a cell runs", marks=pytest.mark.matrix),
    ],
)
def test_from_connect_to_disconnect(
    open_notebook: Callable[..., Notebook], database: str, way: str
) -> None:
    """A file of Lite and a server with sign-in: opened, previewed, read by a cell, closed."""
    is_busy = way.endswith("runs")
    notebook = open_notebook(f"{LOAD}\n{BEFORE}", busy_while(BUSY) if is_busy else "", "", "")
    walker = (Keyboard if way.startswith("keyboard") else Mouse)(notebook)
    begin(notebook, is_busy=is_busy)
    sidebar = walker.sidebar
    walker.show()
    for alias in ("lite", "auth"):
        walker.press(sidebar.button(f"Connect {alias}"))
        expect(sidebar.row(alias)).to_contain_text("Connected")

    for number, alias, where in ((2, "lite", "default"), (3, "auth", database)):
        walker.open(alias, where, NAME)
        expect(walker.item(alias, "vector")).to_have_accessible_description(FIELD)
        walker.choose(alias, NAME, "Preview rows")
        if alias == "lite":  # has loaded nothing of a file that it opens
            walker.press(sidebar.button(f"Load {NAME}"))
        rows = sidebar.row(alias).get_by_role("region", name=f"Rows of {NAME}")
        expect(rows).to_contain_text(ROWS)
        again = f"Read the rows of {NAME} again"
        walker.press(sidebar.row(alias).get_by_role("button", name=again))
        walker.take_along(alias, NAME, number)
        expect(walker.cell(number).locator(".cm-content")).to_contain_text(f'query("{NAME}"')
        walker.run(number)
        if is_busy:
            assert notebook.is_running()

    (notebook.lab.work / BUSY).unlink(missing_ok=True)
    for number in (2, 3):
        result = walker.cell(number).locator(".jp-OutputArea-output").first
        expect(result).to_contain_text("'vector': [0.0, 0.0, 0.0, 0.0]")
    for alias in ("lite", "auth"):
        walker.show()
        walker.press(sidebar.button(f"Disconnect {alias}"))
        expect(sidebar.row(alias)).to_have_count(0)
    saved = notebook.save()
    assert ROWS not in saved  # what is previewed is in the page alone
    assert "password" not in saved.lower().replace(SECRET.lower(), "")


def begin(notebook: Notebook, *, is_busy: bool) -> None:
    """Run the first two cells; the third is the active one then, and the focus is there."""
    run = "notebook:run-cell-and-select-next"
    notebook.page.evaluate("run => window.jupyterapp.commands.execute(run)", run)
    notebook.command(run)
    if is_busy:
        wait_until((notebook.lab.work / BUSY).exists)
