"""A long list of connections: who acts in the middle of it, or while it changes, stays there."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.browser.lab import LOAD, Sidebar
from tests.browser.test_signals import lose, signals
from tests.support.helpers import wait_until
from tests.support.servers import FaultProxy

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Locator, Page

    from tests.browser.lab import Notebook
    from tests.support.servers import MilvusTestServer

_CONNECT = """
from milvus_nb import connections
for n, uri in enumerate({uris} * {each}):
    connections.connect(f"c{{n:03}}", uri=uri)
"""

#: The kernel tells the end of the list when the file is there.
_HELD = """
import os, time
from milvus_nb.page.session import PageSession

do_list = PageSession._do_list

def held(session, request):
    while request.params["offset"] > 500 and not os.path.exists("go"):
        time.sleep(0.01)
    do_list(session, request)

PageSession._do_list = held
"""

#: Scrolls a row to where the header ends.
_TO_THE_TOP = """row => {
  const scroller = row.closest('.milvus-nb-scroller');
  const { top } = scroller.getBoundingClientRect();
  scroller.scrollTop += row.getBoundingClientRect().top - top - 32;
}"""


def scroll_to(row: Locator, top: int) -> None:
    """Scroll what a row is in."""
    row.evaluate("(row, top) => { row.closest('.milvus-nb-scroller').scrollTop = top; }", top)


def test_who_disconnects_in_the_middle_stays_there_with_the_way_back_in_sight(
    open_notebook: Callable[..., Notebook], page: Page, sidebar: Sidebar, milvus: MilvusTestServer
) -> None:
    """In a cell and in the sidebar: the next one comes under the pointer, to be closed as well."""
    notebook = open_notebook(LOAD, _CONNECT.format(uris=[milvus.uri], each=100), "%milvus panel")
    notebook.run_all()
    for panel, start in (notebook.panel, 40), (sidebar.panel, 60):
        if start == 60:
            sidebar.show()
        scroll_to(panel.get_by_role("listitem").first, start * 26)
        for n in start + 12, start + 13:
            row = panel.get_by_role("listitem", name=f"c{n:03}", exact=True)
            button = row.get_by_role("button", name=f"Disconnect c{n:03}")
            expect(button).to_be_in_viewport()
            place = button.bounding_box()
            assert place is not None
            page.mouse.click(place["x"] + 5, place["y"] + 5)
            expect(row).to_have_count(0)
            undo = panel.get_by_role("button", name=f"Reconnect c{n:03}")
            expect(undo).to_be_focused()
            expect(undo).to_be_in_viewport()
            after = panel.get_by_role("button", name=f"Disconnect c{n + 1:03}").bounding_box()
            assert after is not None
            assert abs(after["y"] - place["y"]) < 3
        panel.get_by_role("button", name=f"Reconnect c{start + 12:03}").click()
        expect(panel.get_by_role("listitem", name=f"c{start + 12:03}", exact=True)).to_be_focused()


def test_keys_count_from_where_the_last_one_led_also_before_that_is_told(
    open_notebook: Callable[..., Notebook], page: Page, milvus: MilvusTestServer
) -> None:
    """End, then three rows up, faster than the kernel tells what is there."""
    connect = _CONNECT.format(uris=[milvus.uri], each=1000)
    notebook = open_notebook(LOAD, connect + _HELD, "%milvus panel")
    notebook.run_all()
    go = notebook.lab.work / "go"
    try:
        notebook.row("c000").focus()
        for key in ("ArrowDown", "ArrowDown", "End", "ArrowUp", "ArrowUp", "ArrowUp"):
            page.keyboard.press(key)
        go.touch()
        expect(notebook.row("c996")).to_be_focused()
        page.keyboard.press("ArrowDown")
        expect(notebook.row("c997")).to_be_focused()
    finally:
        go.unlink(missing_ok=True)


def test_a_list_whose_servers_all_die_shows_what_it_showed_and_is_told_once(
    open_notebook: Callable[..., Notebook], page: Page, sidebar: Sidebar, milvus: MilvusTestServer
) -> None:
    """Each row grows by what is wrong, those above the sight as well; and shrinks again."""
    with ExitStack() as stack:
        proxies = [
            stack.enter_context(FaultProxy(("127.0.0.1", milvus.port), host=f"127.0.7.{n}"))
            for n in range(20, 25)
        ]
        uris = [f"http://{proxy.address}" for proxy in proxies]
        pace = "%config MilvusMagics.heartbeat = 0.5"
        notebook = open_notebook(LOAD, pace, _CONNECT.format(uris=uris, each=30))
        notebook.run_all()
        sidebar.show()
        row = sidebar.row("c060")

        def is_scrolled() -> bool:  # as far as it goes before all of the list is there
            scroll_to(sidebar.panel.get_by_role("listitem").first, 60 * 26)
            return row.count() == 1

        wait_until(is_scrolled)
        expect(row).to_be_in_viewport()
        row.evaluate(_TO_THE_TOP)
        for proxy in proxies:
            lose(proxy)
        toast = signals(page)[0]
        expect(toast).to_contain_text("several servers are lost")
        expect(row).to_contain_text("nothing listens")
        expect(sidebar.panel.locator(".milvus-nb-mark[data-mark=connected]")).to_have_count(0)
        expect(row).to_be_in_viewport()
        expect(toast).to_have_count(1)
        for proxy in proxies:
            proxy.listen_again()
        expect(sidebar.panel.locator(".milvus-nb-mark[data-mark=unreachable]")).to_have_count(0)
        expect(toast).to_have_count(0)
        expect(row).to_be_in_viewport()
