"""What is told where one does not look at the list: notifications, the tab, toolbars, commands."""

from __future__ import annotations

import json
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from playwright.sync_api import expect

from tests.browser.lab import LOAD, Sidebar, reload
from tests.support.helpers import wait_until
from tests.support.servers import FaultProxy

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Locator, Page

    from tests.browser.lab import Notebook
    from tests.support.servers import MilvusTestServer

#: What a plugin of JupyterLab's provides.
_SERVICE = "const serviceOf = id => window.jupyterapp.pluginRegistry._plugins.get(id).service;"

_CONNECT = """
%config MilvusMagics.heartbeat = 0.5
from milvus_nb import connections
for alias in {aliases}:
    c = connections.connect(alias, uri="{uri}")
"""


def set_to(page: Page, name: str, value: object) -> None:
    """Change one of our settings, as the settings editor does."""
    page.evaluate(
        f"""async ([name, value]) => {{
          {_SERVICE}
          const registry = serviceOf('@jupyterlab/apputils-extension:settings');
          await registry.set('milvus_nb:plugin', name, value);
        }}""",
        [name, value],
    )


def test_a_lost_server_is_told_once_and_until_it_is_back(
    open_notebook: Callable[..., Notebook], page: Page, sidebar: Sidebar, milvus: MilvusTestServer
) -> None:
    """One notification for all aliases, what the tab and the toolbar say; not after a reload."""
    toast, tab, indicator = signals(page)
    with FaultProxy(("127.0.0.1", milvus.port)) as proxy:
        connect = _CONNECT.format(aliases=["two", "one"], uri=f"http://{proxy.address}")
        notebook = open_notebook(LOAD, connect)
        expect(indicator).to_have_count(0)
        notebook.run_all()
        expect(indicator).to_have_text("one+1")
        assert tab.get_attribute("title") == "Milvus"
        lose(proxy)
        expect(toast).to_contain_text("The connections two and one are lost.")
        expect(toast).to_contain_text("nothing listens")
        expect(toast).to_have_count(1)
        expect(tab).to_have_attribute("title", "Milvus: 2 connections in trouble")
        expect(indicator).to_contain_text("Unreachable")
        toast.get_by_role("button", name="Retry").click()
        toast.get_by_role("button", name="Show").click()
        expect(toast).to_have_count(0)
        expect(sidebar.row("two")).to_be_focused()
        page.locator(".jp-Notebook").focus()
        indicator.click()
        expect(sidebar.row("one")).to_be_focused()
        proxy.listen_again()
        expect(tab).to_have_attribute("title", "Milvus")
        expect(indicator).to_have_text("one+1")

        lose(proxy)
        expect(toast).to_have_count(1)
        proxy.listen_again()
        expect(toast).to_have_count(0)

        switched_off(page, proxy)
        lose(proxy)
        expect(toast).to_have_count(1)
        reload(page)
        expect(tab).to_have_attribute("title", "Milvus: 2 connections in trouble")
        run_beats(page, 3)
        assert told(page) == []


def test_a_notification_that_was_changed_a_moment_ago_goes_with_what_it_told(
    open_notebook: Callable[..., Notebook], page: Page, milvus: MilvusTestServer
) -> None:
    """A page that was held up has both at once: what it tells is other now, and all is well."""
    toast, tab, indicator = signals(page)
    with FaultProxy(("127.0.0.1", milvus.port)) as proxy:
        connect = _CONNECT.format(aliases=["two", "one"], uri=f"http://{proxy.address}")
        notebook = open_notebook(LOAD, connect)
        for _ in range(2):
            notebook.run_all()
            expect(indicator).to_have_text("one+1")
            lose(proxy)
            expect(toast).to_contain_text(" and ")
            notebook.execute("connections.disconnect('two')")
            back = threading.Timer(0.2, proxy.listen_again)
            back.start()
            page.evaluate(
                """() => new Promise(told => setTimeout(() => {
                  const ends = performance.now() + 2000;
                  while (performance.now() < ends);
                  told();
                }, 100))"""
            )
            back.join()
            expect(tab).to_have_attribute("title", "Milvus")
            expect(toast).to_have_count(0, timeout=5000)


def signals(page: Page) -> tuple[Locator, Locator, Locator]:
    """Give the notifications, the tab of the sidebar, and the place in the notebook's toolbar."""
    toolbar = page.locator(".jp-NotebookPanel-toolbar")
    return (
        page.locator(".Toastify__toast"),
        page.locator(".lm-TabBar-tab[data-id='milvus_nb-sidebar']"),
        toolbar.get_by_role("button", name="Milvus connection"),
    )


def switched_off(page: Page, proxy: FaultProxy) -> None:
    """Lose the server with notifications switched off, and see none, also not afterwards."""
    _, tab, indicator = signals(page)
    set_to(page, "notebookToolbar", False)
    expect(indicator).to_have_count(0)
    set_to(page, "notebookToolbar", True)
    try:
        set_to(page, "notifications", False)
        lose(proxy)
        expect(tab).to_have_attribute("title", "Milvus: 2 connections in trouble")
        run_beats(page, 3)
    finally:
        set_to(page, "notifications", True)
    run_beats(page, 3)
    assert told(page) == []
    proxy.listen_again()
    expect(tab).to_have_attribute("title", "Milvus")


def lose(proxy: FaultProxy) -> None:
    """End the server, as its clients see it."""
    proxy.refuse()
    proxy.reset_all()


def told(page: Page) -> list[Any]:
    """Give all notifications that there are."""
    found = page.evaluate(
        """() => [...document.querySelectorAll('.Toastify__toast')].map(one => one.textContent)"""
    )
    return list(found)


def run_beats(page: Page, beats: int) -> Any:
    """Wait for some heartbeats of the kernel in front; count the texts made of its connections."""
    return page.evaluate(
        f"""async beats => {{
          {_SERVICE}
          const {{ session }} = serviceOf('milvus_nb:plugin').notebook.kernel;
          const textOf = session.textOf;
          let made = 0;
          session.textOf = row => {{ made++; return textOf.call(session, row); }};
          await new Promise(done => {{
            const unlisten = session.link.wire.listen(said => {{
              if (said.event === 'tick' && --beats === 0) {{ unlisten(); done(); }}
            }});
          }});
          session.textOf = textOf;
          return made;
        }}""",
        beats,
    )


def test_out_of_sight_no_text_is_made_of_a_connection(
    open_notebook: Callable[..., Notebook], page: Page, sidebar: Sidebar, milvus: MilvusTestServer
) -> None:
    """A heartbeat costs the same with many as with one, while the lists of them are hidden.

    The Running panel draws all that it is given: the current one, and how many more there are.
    """
    aliases = [f"c{n:03}" for n in range(300)]
    notebook = open_notebook(LOAD, _CONNECT.format(aliases=aliases, uri=milvus.uri))
    notebook.run_all()
    status = page.get_by_role("button", name="Milvus: c299")
    expect(status).to_be_visible()
    page.evaluate("() => window.jupyterapp.shell.activateById('jp-running-sessions')")
    running = page.locator(".milvus-nb-running")
    expect(running).to_have_count(2)
    expect(running.first).to_contain_text("c299")
    expect(running.last).to_contain_text("299 more connections")
    page.evaluate("() => window.jupyterapp.shell.activateById('filebrowser')")
    # The current one alone, in the status bar and the toolbar, each second and each heartbeat.
    assert run_beats(page, 5) < 60
    sidebar.show()
    expect(sidebar.row("c000")).to_be_visible()
    wait_until(lambda: run_beats(page, 2) > 20)  # what is in sight is told anew


def keys_of(shortcut: dict[str, Any]) -> set[tuple[frozenset[str], ...]]:
    """Give the keys of a shortcut, on each system: chords one after the other."""
    found = set()
    for name in ("keys", "linuxKeys", "winKeys", "macKeys"):
        for accel in ("CTRL", "CMD"):
            chords = [chord.upper().replace("ACCEL", accel) for chord in shortcut.get(name, [])]
            found.add(tuple(frozenset(chord.split()) for chord in chords))
    return {keys for keys in found if keys not in {(), (frozenset(),)}}


def test_no_shortcut_of_ours_is_another_ones() -> None:
    """None that any plugin of JupyterLab or Notebook has, nor the beginning of one, or the end."""
    shortcuts = [
        shortcut
        for path in (Path(sys.prefix) / "share" / "jupyter" / "lab" / "schemas").rglob("*.json")
        for shortcut in json.loads(path.read_text()).get("jupyter.lab.shortcuts", [])
        if not shortcut.get("disabled")
    ]
    assert len(shortcuts) > 100
    schema = Path(__file__).parents[2] / "lab" / "schema" / "plugin.json"
    for ours in json.loads(schema.read_text())["jupyter.lab.shortcuts"]:
        clashing = [
            theirs["command"]
            for theirs in shortcuts
            for one in keys_of(ours)
            for other in keys_of(theirs)
            if all(a == b for a, b in zip(one, other, strict=False))
        ]
        assert clashing == [], ours


def test_commands_take_arguments(
    open_notebook: Callable[..., Notebook], page: Page, sidebar: Sidebar
) -> None:
    """For a shortcut of the user's, or another extension; each describes what it takes."""
    open_notebook("1")
    does(page, "connect", address="./commands.db", alias="here")
    expect(sidebar.row("here")).to_be_focused()
    does(page, "connect", address="./commands.db", alias="there")
    expect(sidebar.row("there")).to_be_focused()
    assert does(page, "use", "label", alias="here") == "Make here the Current Connection"
    does(page, "use", alias="here")
    expect(sidebar.row("here")).to_contain_text("current")
    does(page, "check", alias="there")
    expect(sidebar.row("there")).to_contain_text("Checked")
    does(page, "show", alias="here")
    expect(sidebar.row("here")).to_be_focused()
    assert does(page, "disconnect", "label", alias="there") == "Disconnect there from Milvus"
    assert does(page, "disconnect", "isEnabled", alias="nowhere") is False
    assert does(page, "use", "isVisible") is False
    does(page, "disconnect", alias="there")
    expect(sidebar.row("there")).to_have_count(0)
    does(page, "connect", address="localhost:1", alias="no")
    expect(sidebar.panel).to_contain_text("nothing listens on localhost:1")
    undescribed = page.evaluate(
        """async () => {
          const { commands } = window.jupyterapp;
          const ours = commands.listCommands().filter(id => id.startsWith('milvus_nb:'));
          const all = await Promise.all(ours.map(id => commands.describedBy(id)));
          return ours.filter((id, at) => all[at].args === null || commands.caption(id) === '');
        }"""
    )
    assert undescribed == []
    page.locator(".jp-NotebookPanel-toolbar").get_by_role("button", name="Milvus conn").click(
        button="right"
    )
    menu = page.get_by_role("menu")
    menu.get_by_role("menuitem", name="Disconnect here from Milvus").click()
    expect(sidebar.row("here")).to_have_count(0)


def does(page: Page, command: str, what: str = "execute", **arguments: str) -> Any:
    """Execute a command of ours and wait for it, or give its label and the like."""
    return page.evaluate(
        """async ([command, what, args]) => {
          const told = await window.jupyterapp.commands[what](`milvus_nb:${command}`, args);
          return what === 'execute' ? null : told;
        }""",
        [command, what, arguments],
    )
