"""The pictures of the profiles: ``python -m tests.browser.profile_screenshots``."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import expect
from pymilvus import MilvusClient

from tests.browser.lab import Notebook, Sidebar
from tests.browser.screenshots import IMAGES
from tests.browser.sidebar_screenshots import run, taker

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Locator, Page

    from tests.browser.lab import JupyterLab
    from tests.support.servers import MilvusTestServer

_PROFILES = """\
[profiles.prod]
address = "{address}"
user = "root"
secret = "ask"
label = "Production"
color = "red"
confirm = true

[profiles.staging]
address = "https://in03.example.com"
secret = "env:STAGING_TOKEN"
db_name = "sales"
label = "Staging"
color = "orange"

[profiles.scratch]
address = "~/scratch.db"
default = true
"""

_BROKEN = """
[profiles.old]
address = "db.example"
password = "x"
"""


def main() -> None:
    """Start everything, go through the states, stop everything."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else IMAGES
    folder.mkdir(parents=True, exist_ok=True)
    run(go_through, folder)


def profile_taker(sidebar: Sidebar, folder: Path) -> Callable[[str], None]:
    """Give what takes the pictures of a state."""
    return taker(sidebar, folder, "profiles")


def go_through(
    lab: JupyterLab,
    page: Page,
    prod: MilvusTestServer,
    folder: Path,
    camera: Callable[[Sidebar, Path], Callable[[str], None]] = profile_taker,
) -> None:
    """Show the profiles in each state."""
    page.set_viewport_size({"width": 1180, "height": 1500})
    sidebar = Sidebar(page)
    take = camera(sidebar, folder)
    path = lab.folder / "config" / "milvus_nb" / "profiles.toml"
    path.parent.mkdir(parents=True)
    path.write_text(_PROFILES.format(address=prod.address) + _BROKEN)
    notebook = Notebook(
        lab, page, "search.ipynb", ["client = %milvus client\nclient.list_collections()"]
    )
    sidebar.show()
    expect(sidebar.node).to_contain_text("stands in clear")
    take("before-loading")
    path.write_text(_PROFILES.format(address=prod.address))
    home = lab.folder / "home"
    home.mkdir()
    notebook.execute(f"import os; os.environ['HOME'] = {str(home)!r}")
    sidebar.load()
    expect(sidebar.node).not_to_contain_text("stands in clear")
    row = sidebar.panel.get_by_role("listitem", name="Profile prod", exact=True)
    row.get_by_role("button", name="Connect prod").click()
    question = sidebar.panel.get_by_role("group", name="Connect prod?")
    take("asked")
    question.get_by_label("Password of root").fill("wrong")
    question.get_by_role("button", name="Connect", exact=True).click()
    expect(question).to_contain_text("Wrong password")
    take("refused")
    question.get_by_label("Password of root").fill("Milvus")
    question.get_by_role("button", name="Connect", exact=True).click()
    expect(sidebar.row("prod")).to_contain_text("Connected")
    expect(question).to_have_count(0)
    take("connected")
    sidebar.button("Disconnect prod").click()
    take("confirm")
    page.keyboard.press("Escape")
    notebook.choose("prod", "Save as profile")
    take("save")
    page.keyboard.press("Escape")
    show_actions(sidebar, row, path, take)
    show_form(notebook, sidebar, prod, take)
    show_trust(notebook, sidebar, prod, take)
    show_import(sidebar, home, take)
    show_restart(page, sidebar, take)


def show_actions(sidebar: Sidebar, row: Locator, path: Path, take: Callable[[str], None]) -> None:
    """Show what is done with a profile by its menu."""
    page = sidebar.page
    row.get_by_role("button", name="More actions for profile prod").click()
    sidebar.panel.get_by_role("menuitem", name="Test", exact=True).locator("visible=true").click()

    question = sidebar.panel.get_by_role("group", name="Test prod?")
    question.get_by_label("Password of root").fill("Milvus")
    question.get_by_role("button", name="Test", exact=True).click()
    expect(sidebar.panel).to_contain_text("Everything answers")
    take("tested")
    sidebar.panel.get_by_role("button", name="Close", exact=True).click()
    row.get_by_role("button", name="More actions for profile prod").click()
    sidebar.panel.get_by_role("menuitem", name="Edit", exact=True).locator("visible=true").click()
    take("edit")
    text = path.read_text()
    path.write_text(text.replace("[profiles.prod]", '[profiles.prod]\ndb_name = "library"'))
    expect(row.get_by_role("alert")).to_contain_text("Somebody has changed it")
    take("changed")
    path.write_text(text)
    page.keyboard.press("Escape")
    row.get_by_role("button", name="More actions for profile prod").click()
    sidebar.panel.get_by_role("menuitem", name="Delete", exact=True).locator("visible=true").click()
    take("delete")
    page.keyboard.press("Escape")


def show_form(
    notebook: Notebook, sidebar: Sidebar, prod: MilvusTestServer, take: Callable[[str], None]
) -> None:
    """Show what the form offers about a database, a project's profile and a name."""
    form = sidebar.panel.get_by_role("form", name="New connection")
    notebook.fill_form(
        Address=prod.address, Alias="books", Database="library", sign_in="Password",
        User="root", Password="Milvus",
    )  # fmt: skip
    notebook.submit()
    expect(form.get_by_role("button", name="Create database library")).to_be_visible()
    take("create-database")
    form.get_by_role("button", name="Connect, or save and connect").click()
    form.get_by_role("menuitem", name="Save & Connect").click()
    notebook.field("Save as").fill("team/books")
    form.get_by_role("button", name="Save & Connect", exact=True).click()
    expect(form.get_by_role("alert")).to_contain_text("cannot be the name of a profile")
    take("refused-name")
    form.get_by_role("button", name="Cancel", exact=True).click()


_TEAM = """\
[profiles.team]
address = "{address}"
user = "team"
secret = "{secret}"
"""


def show_trust(
    notebook: Notebook, sidebar: Sidebar, prod: MilvusTestServer, take: Callable[[str], None]
) -> None:
    """Show what is asked about a project's profile, and what is offered where it was changed."""
    path = notebook.lab.work / "milvus.toml"
    path.write_text(_TEAM.format(address=prod.address, secret="ask"))
    client = MilvusClient(prod.uri, token="root:Milvus", dedicated=True)
    client.create_user("team", "Team-1234")
    sidebar.button("Connect team").click()
    question = sidebar.panel.get_by_role("group", name="Connect team?")
    take("trust")
    question.get_by_label("Password of team").fill("Team-1234")
    question.get_by_role("button", name="Connect", exact=True).click()
    expect(sidebar.row("team")).to_contain_text("Connected")
    client.update_password("team", "Team-1234", "Team-5678")
    path.write_text(_TEAM.format(address=prod.address, secret="env:TEAM"))
    sidebar.button("Sign in (team)").click()
    form = sidebar.panel.get_by_role("form", name="Connect team again")
    notebook.field("Password").fill("Team-5678")
    form.get_by_role("button", name="Connect", exact=True).click()
    expect(form.get_by_role("button", name="Trust this project's profile…")).to_be_visible()
    take("trust-offer")
    form.get_by_role("button", name="Cancel", exact=True).click()
    sidebar.button("Disconnect team").click()
    expect(sidebar.row("team")).to_have_count(0)
    client.drop_user("team")
    client.close()
    path.unlink()
    expect(sidebar.button("Connect team")).to_have_count(0)
    sidebar.button("New profile").click()
    take("new")
    sidebar.page.keyboard.press("Escape")


_CLI = {
    "books": {"uri": "http://books.example:19530", "token": "root:Milvus"},
    "papers": {"uri": "https://papers.example", "token": "9f2c4b7e"},
    "prod": {"uri": "http://prod.example:19530"},
}


def show_import(sidebar: Sidebar, home: Path, take: Callable[[str], None]) -> None:
    """Show what the Milvus CLI has saved."""
    path = home / ".milvus_cli_connections.json"
    path.write_text(json.dumps(_CLI))
    sidebar.button("Import from the Milvus CLI").click()
    expect(sidebar.panel.get_by_role("form", name="Import from the Milvus CLI")).to_be_visible()
    take("import")
    sidebar.page.keyboard.press("Escape")
    path.unlink()


def show_restart(page: Page, sidebar: Sidebar, take: Callable[[str], None]) -> None:
    """Show what one is asked when the kernel was restarted."""
    page.evaluate(
        "() => { void window.jupyterapp.shell.currentWidget.sessionContext.restartKernel(); }"
    )
    expect(sidebar.lost).to_contain_text("The kernel was restarted.", timeout=20_000)
    sidebar.lost.get_by_label("Password of root for prod").fill("Milvus")
    sidebar.button("Reconnect what was connected").click()
    expect(sidebar.lost).to_contain_text("Tick it")
    expect(sidebar.node).to_contain_text("No connections")
    take("lost")


if __name__ == "__main__":
    main()
