"""The list at the default width of JupyterLab's sidebar: a line each, and all of it in sight."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

import milvus_nb
from tests.browser.lab import LOAD, Sidebar
from tests.support.helpers import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Locator, Page

    from tests.browser.lab import JupyterLab, Notebook
    from tests.support.servers import MilvusTestServer

_CSS = Path(milvus_nb.__file__).parent / "static" / "panel.css"

#: JupyterLab's default width of a sidebar.
WIDTH = 250

_CONNECT_MANY = """
from milvus_nb import connections
for n in range({many}):
    connections.connect(f"c{{n:02}}", uri="{uri}")
connections.connect("production-eu-west", uri="{uri}")
connections.use("production-eu-west")
"""

#: Widens the sidebar to so many pixels.
_SET_WIDTH = "width => document.getElementById('milvus_nb-sidebar').style.minWidth = `${width}px`"

#: What inside of an element scrolls by itself, itself included: its class.
_SCROLLERS = """node => [node, ...node.querySelectorAll('*')]
  .filter(one => one.scrollHeight > one.clientHeight + 1
    && /auto|scroll/.test(getComputedStyle(one).overflowY))
  .map(one => one.id || one.className)"""


@pytest.fixture
def sidebar(page: Page) -> Sidebar:
    """Give the sidebar of a page that is 700 pixels high."""
    page.set_viewport_size({"width": 1180, "height": 760})
    return Sidebar(page)


def box(locator: Locator) -> Any:
    """Give where something is on the page; it must be there."""
    found = locator.bounding_box()
    assert found is not None
    return found


def in_sight(sidebar: Sidebar, locator: Locator) -> bool:
    """Tell whether all of something is within the sidebar's part of the page."""
    around, found = box(sidebar.node), box(locator)
    return bool(
        found["y"] >= around["y"] - 1
        and found["y"] + found["height"] <= around["y"] + around["height"] + 1
    )


def test_twenty_connections_a_line_each(
    open_notebook: Callable[..., Notebook], sidebar: Sidebar, milvus: MilvusTestServer
) -> None:
    """Within 700 pixels at JupyterLab's default width, with all that can be done; one scroller."""
    notebook = open_notebook(LOAD, _CONNECT_MANY.format(many=21, uri=milvus.uri))
    notebook.run_all()
    sidebar.show()
    expect(sidebar.row("c19")).to_contain_text("Connected")
    assert box(sidebar.node)["width"] <= WIDTH
    top = box(sidebar.node)["y"]
    rows = [sidebar.row(f"c{n:02}") for n in range(20)]
    assert {24 <= box(row)["height"] <= 28 for row in rows} == {True}
    assert sorted(box(row)["y"] + box(row)["height"] for row in rows)[19] - top <= 700
    row = sidebar.row("c07")
    for name in ("Open c07", "Disconnect c07", "More actions for c07"):
        button = row.get_by_role("button", name=name, exact=True)
        expect(button).to_be_visible()
        at = box(button)
        assert at["x"] + at["width"] <= box(sidebar.node)["x"] + WIDTH
    expect(row.get_by_role("button", name="Disconnect c07")).to_have_attribute(
        "title", "Disconnect c07"
    )
    opened = row.get_by_role("tree", name="What is in c07")
    row.get_by_role("button", name="Open c07").click()
    expect(opened).to_be_visible()
    assert sidebar.node.evaluate(_SCROLLERS) in (["milvus_nb-sidebar"], [])
    row.focus()
    sidebar.page.keyboard.press("ArrowLeft")
    expect(opened).to_have_count(0)
    # The name outlives the latency, and then that it is the current one.
    named = sidebar.row("production-eu-west")
    for width in (WIDTH, 310):
        sidebar.node.evaluate(_SET_WIDTH, width)
        alias = named.get_by_text("production-eu-west", exact=True)
        assert alias.evaluate("node => node.scrollWidth <= node.clientWidth"), width
        expect(named).to_contain_text("current")
    row.focus()
    sidebar.page.keyboard.press("ArrowRight")
    expect(opened).to_be_visible()


#: Tells which of a label's characters are seen: all of them, or fewer.
_IS_WHOLE = "node => node.scrollWidth <= node.clientWidth"

_LABELLED = """
[profiles.prod]
address = "{address}"
label = "Production"
color = "red"
[profiles.production-eu-west-first]
address = "{address}"
label = "Production"
[profiles.far]
address = "https://in03-0123456789abcdef.serverless.gcp-us-west1.cloud.example.com"
"""


@pytest.fixture
def profiles_file(lab: JupyterLab) -> Iterator[Path]:
    """Give the path of the user's file, which is not there before and after the test."""
    path = lab.folder / "config" / "milvus_nb" / "profiles.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    yield path
    path.unlink(missing_ok=True)


def test_a_label_is_whole_where_there_is_room(
    open_notebook: Callable[..., Notebook],
    sidebar: Sidebar,
    profiles_file: Path,
    milvus: MilvusTestServer,
) -> None:
    """Of a connection and of its profile; beside a long name it gives way, and never the tick."""
    profiles_file.write_text(_LABELLED.format(address=milvus.address))
    names = ("prod", "production-eu-west-first")
    cells = [f"c = %milvus connect {name} -a {name}" for name in names]
    open_notebook(LOAD, *cells, f"%milvus use {names[1]}").run_all()
    sidebar.show()
    for row in (
        sidebar.row("prod"),
        sidebar.node.get_by_role("listitem", name="Profile prod", exact=True),
    ):
        label = row.get_by_text("Production", exact=True)
        expect(label).to_be_visible()
        assert label.evaluate(_IS_WHOLE)
    current = sidebar.row(names[1]).get_by_text("current", exact=True)
    expect(current).to_be_visible()
    line = box(sidebar.row(names[1]).get_by_text(names[1], exact=True))
    assert abs(box(current)["y"] - line["y"]) < line["height"]
    assert box(sidebar.row(names[1]).get_by_text("Production", exact=True))["width"] > 20
    # An address that has no room shows that it goes on, and all of it to whoever points at it.
    far = sidebar.node.get_by_role("listitem", name="Profile far", exact=True)
    expect(far.get_by_title("in03-0123456789abcdef.serverless")).to_be_visible()
    address = far.get_by_text("https://in03-0123456789abcdef")
    assert box(address)["x"] + box(address)["width"] <= box(far)["x"] + box(far)["width"]
    assert address.evaluate("node => getComputedStyle(node).textOverflow") == "ellipsis"


#: Where on the page the characters of a text are, from the left: those between two places.
_PLACE = """(node, [from, to]) => {
  const text = document.createTreeWalker(node, NodeFilter.SHOW_TEXT).nextNode();
  const range = document.createRange();
  range.setStart(text, from);
  range.setEnd(text, to);
  return range.getBoundingClientRect().left;
}"""

#: How far the tip of a chevron is to the right of its middle, in pixels, and below it.
_POINTS = """node => {
  const svg = node.querySelector('.milvus-nb-chevron');
  const path = svg.querySelector('path');
  const tip = path.getPointAtLength(path.getTotalLength() / 2);
  const { x, y } = new DOMPoint(tip.x, tip.y).matrixTransform(path.getScreenCTM());
  const around = svg.getBoundingClientRect();
  return [x - (around.left + around.right) / 2, y - (around.top + around.bottom) / 2]
    .map(Math.round);
}"""


def test_a_page_that_is_read_from_the_right(
    open_notebook: Callable[..., Notebook],
    sidebar: Sidebar,
    profiles_file: Path,
    milvus: MilvusTestServer,
) -> None:
    """Rows begin there, and open to the left; what is not of its language reads as ever."""
    page = sidebar.page
    profiles_file.write_text(_LABELLED.format(address=milvus.address))
    notebook = open_notebook(LOAD, f"c = %milvus connect {milvus.uri} -a lite")
    notebook.run_all()
    sidebar.show()
    page.evaluate("() => { document.documentElement.dir = 'rtl'; }")
    try:
        row = sidebar.row("lite")
        opener = row.get_by_role("button", name="Open lite")
        expect(opener).to_be_visible()
        assert opener.evaluate(_POINTS) == [-2, 0]
        latency = row.locator(".milvus-nb-short", has_text=re.compile(r"^\d.* ms$")).first
        length = len(latency.inner_text())
        places = [latency.evaluate(_PLACE, [at, at + 1]) for at in (0, length - 1)]
        assert places == sorted(places)
        assert box(latency)["x"] < box(row.get_by_text("lite", exact=True))["x"]
        opener.click()
        expect(opener).to_have_attribute("aria-expanded", "true")
        assert opener.evaluate(_POINTS) == [0, 2]
        far = sidebar.node.get_by_role("listitem", name="Profile far", exact=True)
        address = far.get_by_text("https://in03-0123456789abcdef")
        assert address.evaluate(_PLACE, [0, 1]) >= box(far)["x"]
        name, end = far.get_by_text("far", exact=True), box(far)["x"] + box(far)["width"]
        assert end - box(name)["x"] - box(name)["width"] >= 20  # below the title of its section
        sidebar.button("More actions for lite").click()
        menu = box(sidebar.panel.get_by_role("menu", name="Actions for lite"))
        assert menu["x"] >= box(sidebar.node)["x"]
        page.keyboard.press("Escape")
        notebook.fill_form(Address="./demo.db")
        assert notebook.field("Address").evaluate("node => getComputedStyle(node).unicodeBidi") == (
            "plaintext"
        )
    finally:
        page.evaluate("() => { document.documentElement.removeAttribute('dir'); }")


def test_the_right_mouse_button_opens_the_same_menu(
    open_notebook: Callable[..., Notebook], sidebar: Sidebar
) -> None:
    """As the three dots do; and so does the key of the keyboard."""
    open_notebook(LOAD, "c = %milvus connect ./menu.db -a lite").run_all()
    sidebar.show()
    menu = sidebar.panel.get_by_role("menu", name="Actions for lite")
    sidebar.button("More actions for lite").click()
    expect(menu).to_be_visible()
    entries = menu.get_by_role("menuitem").all_inner_texts()
    assert {"Make current", "Ping", "Check", "Details"} <= set(entries)
    sidebar.page.keyboard.press("Escape")
    expect(menu).to_have_count(0)
    sidebar.row("lite").click(button="right", position={"x": 60, "y": 10})
    expect(menu).to_be_visible()
    assert menu.get_by_role("menuitem").all_inner_texts() == entries
    # An output that grows meanwhile is none of its business.
    sidebar.page.locator(".jp-Notebook").first.dispatch_event("scroll", {"bubbles": False})
    menu.get_by_role("menuitem", name="Ping").click()
    expect(menu).to_have_count(0)
    expect(sidebar.row("lite")).to_contain_text("median")
    sidebar.row("lite").focus()
    sidebar.page.keyboard.press("Shift+F10")
    expect(menu).to_be_visible()


def test_a_failed_connect_is_answered_in_sight(
    open_notebook: Callable[..., Notebook],
    sidebar: Sidebar,
    milvus_tls: MilvusTestServer,
    silent_port: int,
) -> None:
    """Beside the buttons; TLS opens where it has failed; while it lasts there is one Cancel."""
    notebook = open_notebook(LOAD)
    notebook.run_all()
    sidebar.show()
    notebook.fill_form(Address=f"localhost:{silent_port}", Alias="slow")
    before = box(notebook.field("Address"))
    notebook.submit()
    expect(sidebar.row("slow")).to_contain_text("Connecting")
    expect(sidebar.panel.get_by_role("button", name=re.compile("Cancel"))).to_have_count(1)
    expect(sidebar.panel.get_by_text("Replace the connection")).to_have_count(0)
    assert box(notebook.field("Address")) == before
    notebook.button("Cancel").click()
    alert = sidebar.panel.get_by_role("alert").filter(has_text="Cancelled")
    expect(alert).to_be_visible()

    form = sidebar.panel.get_by_role("form", name="New connection")
    notebook.fill_form(Address=milvus_tls.uri, sign_in="Password", User="root", Password="see-me")
    secret = notebook.field("Password")
    expect(secret).to_have_attribute("type", "password")
    form.get_by_role("button", name="Show what is typed").locator("visible=true").click()
    expect(secret).to_have_attribute("type", "text")
    expect(secret).to_have_value("see-me")
    certificate = notebook.field("CA certificate")
    expect(certificate).to_be_hidden()
    notebook.submit()
    alert = sidebar.panel.get_by_role("alert").filter(has_text="not signed by")
    expect(alert).to_be_visible()
    expect(certificate).to_be_visible()
    for one in (alert, *form.get_by_role("button", name=re.compile("^(Test|Connect)$")).all()):
        assert in_sight(sidebar, one)


def test_shortcuts_do_what_their_owner_says(
    open_notebook: Callable[..., Notebook], sidebar: Sidebar
) -> None:
    """JupyterLab's own on a row, on a button and in a text box; ours anywhere."""
    page = sidebar.page
    notebook = open_notebook(LOAD, "c = %milvus connect ./keys.db -a lite")
    notebook.run_all()
    page.locator(".jp-Notebook").focus()
    page.keyboard.press("Alt+Shift+M")
    expect(sidebar.row("lite")).to_be_focused()
    page.keyboard.press("ControlOrMeta+b")  # hides the left area
    expect(sidebar.node).to_be_hidden()
    page.keyboard.press("Alt+Shift+N")
    expect(notebook.field("Address")).to_be_focused()
    for start in (notebook.field("Address"), sidebar.button("Disconnect lite")):
        start.focus()
        page.keyboard.press("ControlOrMeta+Shift+c")
        palette = page.locator("#modal-command-palette")
        expect(palette).to_be_visible()
        page.keyboard.press("Escape")
        expect(palette).to_be_hidden()
    notebook.field("Address").focus()
    page.keyboard.type("typed")
    expect(notebook.field("Address")).to_have_value("typed")
    page.evaluate("() => { window.jupyterapp.shell.currentWidget.context.model.dirty = true; }")
    page.keyboard.press("ControlOrMeta+s")
    wait_until(
        lambda: (
            not page.evaluate("() => window.jupyterapp.shell.currentWidget.context.model.dirty")
        ),
        what="saved",
    )
    clashes = page.evaluate(
        """() => {
          const { keyBindings } = window.jupyterapp.commands;
          const ours = keyBindings.filter(one => one.command.startsWith('milvus_nb:'));
          return [ours.length, keyBindings.filter(one => !ours.includes(one)
            && ours.some(our => our.keys.join() === one.keys.join())).map(one => one.command)];
        }"""
    )
    assert clashes == [2, []]


def test_the_panel_in_a_cell_and_the_sidebar_have_names_of_their_own(
    open_notebook: Callable[..., Notebook], sidebar: Sidebar
) -> None:
    """Whoever goes from landmark to landmark can tell them apart."""
    notebook = open_notebook(LOAD, "%milvus panel", "%milvus panel")
    notebook.run_all()
    sidebar.show()
    expect(notebook.panel).to_have_count(3)
    names = [one.get_attribute("aria-label") for one in notebook.panel.all()]
    assert len(set(names)) == 3, names


def test_an_address_reads_from_left_to_right_in_a_page_that_does_not(chromium: Browser) -> None:
    """A path begins with its dot, which says where it is."""
    page = chromium.new_page()
    page.set_content('<p dir="rtl"><b class="milvus-nb-data">./x.db</b></p>')
    page.add_style_tag(path=_CSS)
    first, last = page.evaluate(
        """() => [0, 5].map(at => {
          const range = document.createRange();
          const text = document.querySelector('b').firstChild;
          range.setStart(text, at);
          range.setEnd(text, at + 1);
          return range.getBoundingClientRect().left;
        })"""
    )
    assert first < last
    page.close()
