"""The sidebar in a real JupyterLab: it follows, tells the truth, and works by clicks alone."""

from __future__ import annotations

import functools
import os
import re
import signal
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.browser import kernelspecs
from tests.browser.lab import (
    ALL_TEXT,
    LOAD,
    PID,
    JupyterLab,
    Notebook,
    Sidebar,
    busy_while,
    new_context,
    reload,
    write_notebook,
)
from tests.support.helpers import sockets_to, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Browser, Page

    from tests.support.servers import MilvusTestServer


_CONNECT = "c = %milvus connect {address} -a {alias}"


def run(page: Page, code: str) -> Any:
    """Run code in the kernel of the notebook in front; give the value of `told`."""
    return page.evaluate(
        """async code => {
          const { kernel } = window.jupyterapp.shell.currentWidget.sessionContext.session;
          const future = kernel.requestExecute({ code, user_expressions: { told: 'told' } });
          const { content } = await future.done;
          return JSON.parse(content.user_expressions.told.data['text/plain']);
        }""",
        f"told = 0\n{code}",
    )


def restart(page: Page) -> None:
    page.evaluate(
        "() => { void window.jupyterapp.shell.currentWidget.sessionContext.restartKernel(); }"
    )


def is_layout_saved(page: Page, notebook: str) -> bool:
    """Tell whether JupyterLab, which takes its time, has saved what to show after a reload."""
    saved = page.evaluate("async () => (await fetch('/lab/api/workspaces/default')).json()")
    layout = saved["data"].get("layout-restorer:data", {})
    is_shown = layout.get("left", {}).get("current") == "milvus_nb-sidebar"
    return is_shown and notebook in str(layout.get("main"))


def test_without_typing_load_connect_and_disconnect_in_both_places(
    open_notebook: Callable[..., Notebook],
    page: Page,
    sidebar: Sidebar,
    milvus_auth: MilvusTestServer,
) -> None:
    """The button shows what it runs; the sockets are closed; both lists tell the same.

    The Running panel closes one, and all of them after a question, as for kernels.
    """
    notebook = open_notebook(PID)
    notebook.run_all()
    pid = notebook.kernel_pid()
    sidebar.show()
    expect(sidebar.node).to_contain_text("%load_ext milvus_nb")
    sidebar.load()
    notebook.connect("lite", Address="./demo.db")
    notebook.connect(
        "prod", Address=milvus_auth.address, sign_in="Password", User="root", Password="Milvus"
    )
    assert len(sockets_to(milvus_auth.port, pid)) == 1
    page.evaluate("() => window.jupyterapp.shell.activateById('jp-running-sessions')")
    section = page.locator("#jp-running-sessions")
    item = section.locator(".milvus-nb-running", has_text="prod")
    expect(item).to_contain_text("Connected")
    expect(section.locator(".milvus-nb-running", has_text="lite")).to_be_visible()
    item.hover()
    item.get_by_role("button").last.click()
    expect(item).to_have_count(0)
    wait_until(lambda: sockets_to(milvus_auth.port, pid) == [])
    sidebar.show()
    expect(sidebar.row("prod")).to_have_count(0)
    sidebar.button("Disconnect lite").click()
    expect(sidebar.row("lite")).to_have_count(0)

    for alias in ("prod", "lite"):
        sidebar.button(f"Reconnect {alias}").click()
        expect(sidebar.row(alias)).to_contain_text("Connected")
    page.evaluate("() => window.jupyterapp.shell.activateById('jp-running-sessions')")
    expect(page.locator(".milvus-nb-running")).to_have_count(2)
    page.get_by_role("button", name="Disconnect Milvus").click()
    question = page.get_by_role("dialog")
    expect(question).to_contain_text("Their kernels keep running.")
    question.get_by_role("button", name="Disconnect Milvus").click()
    expect(page.locator(".milvus-nb-running")).to_have_count(0)
    wait_until(lambda: sockets_to(milvus_auth.port, pid) == [])
    assert notebook.save().count("milvus") == 0


def test_it_follows_the_notebook_in_front_and_knows_the_others(
    open_notebook: Callable[..., Notebook],
    lab: JupyterLab,
    page: Page,
    sidebar: Sidebar,
    milvus: MilvusTestServer,
) -> None:
    """A busy kernel's connection is closed from the other notebook."""
    first = open_notebook(
        LOAD, _CONNECT.format(address=milvus.address, alias="one"), busy_while("busy1")
    )
    sidebar.show()
    page.evaluate(
        """async () => {
          const { commands, shell } = window.jupyterapp;
          shell.currentWidget.content.activeCellIndex = 0;
          await commands.execute('notebook:run-cell-and-select-next');
          await commands.execute('notebook:run-cell-and-select-next');
        }"""
    )
    pid = first.kernel_pid()
    expect(sidebar.row("one")).to_contain_text("Connected")
    second = write_notebook(
        lab, "second.ipynb", [LOAD, _CONNECT.format(address="./two.db", alias="two")]
    )
    sidebar.open(second)
    first.run_all()
    expect(sidebar.row("two")).to_contain_text("Connected")
    expect(sidebar.row("one")).to_have_count(0)
    expect(sidebar.others).to_contain_text(first.path.name)
    expect(sidebar.others.get_by_role("listitem", name="one")).to_contain_text("Connected")
    for path, alias in ((first.path, "one"), (second, "two")) * 2:
        sidebar.activate(path)
        expect(sidebar.row(alias)).to_be_visible()
        expect(sidebar.panel).to_have_count(1)

    sidebar.activate(first.path)
    first.command("notebook:run-cell")
    wait_until((lab.work / "busy1").exists)
    sidebar.activate(second)
    sidebar.button(f"Disconnect one in {first.path.name}").click()
    wait_until(lambda: sockets_to(milvus.port, pid) == [])
    assert (lab.work / "busy1").exists()
    expect(sidebar.others.get_by_role("button", name="Reconnect one")).to_be_visible()
    (lab.work / "busy1").unlink()
    sidebar.others.get_by_role("button", name=first.path.name, exact=True).click()
    expect(sidebar.panel).to_contain_text("Disconnected one.")


def test_after_a_restart_what_was_connected_comes_back(
    open_notebook: Callable[..., Notebook],
    page: Page,
    sidebar: Sidebar,
    milvus_auth: MilvusTestServer,
) -> None:
    """The password is asked for again, once for all that it is for, and is nowhere in the page."""
    notebook = open_notebook(PID)
    sidebar.load()
    for alias in ("prod", "same"):
        notebook.connect(
            alias, Address=milvus_auth.address, sign_in="Password", User="root", Password="Milvus"
        )
    notebook.connect("lite", Address="./demo.db")
    restart(page)
    expect(sidebar.lost).to_contain_text("The kernel was restarted. Its connections are closed.")
    expect(sidebar.lost).to_contain_text("%load_ext milvus_nb")
    password = sidebar.lost.get_by_label("Password of root for prod")
    expect(sidebar.lost.locator("input")).to_have_count(1)
    expect(sidebar.lost).to_contain_text("with the password typed for prod")
    password.fill("wrong-Zebra")
    sidebar.button("Reconnect what was connected").click()
    expect(sidebar.row("lite")).to_contain_text("Connected")
    expect(sidebar.lost.get_by_role("listitem", name="lite")).to_have_count(0)
    expect(sidebar.lost).to_contain_text("Wrong password for user root")
    expect(password).to_have_value("")
    assert "Zebra" not in page.evaluate(ALL_TEXT)
    password.fill("Milvus")
    page.keyboard.press("Enter")
    expect(sidebar.row("prod")).to_contain_text("Connected")
    expect(sidebar.row("same")).to_contain_text("Connected")
    expect(sidebar.lost).to_have_count(0)
    restart(page)
    expect(sidebar.lost.get_by_role("listitem")).to_have_count(3)
    sidebar.button("Not now").click()
    expect(sidebar.lost).to_have_count(0)
    expect(sidebar.button("Load milvus_nb")).to_be_visible()


def test_a_kernel_that_is_killed_is_told_and_its_connections_offered(
    open_notebook: Callable[..., Notebook], page: Page, sidebar: Sidebar
) -> None:
    """The server restarts it; a secret of the environment needs no typing."""
    notebook = open_notebook(LOAD, "c = %milvus connect ./demo.db -a lite")
    notebook.run_all()
    sidebar.show()
    expect(sidebar.row("lite")).to_contain_text("Connected")
    os.kill(notebook.kernel_pid(), signal.SIGKILL)
    expect(sidebar.lost).to_contain_text("The kernel was restarted.")
    page.get_by_role("button", name="Ok").click()  # JupyterLab tells it, too
    sidebar.button("Reconnect what was connected").click()
    expect(sidebar.row("lite")).to_contain_text("Connected")


@pytest.mark.matrix
def test_a_kernel_that_does_not_answer_can_be_restarted_here(
    open_notebook: Callable[..., Notebook], page: Page, sidebar: Sidebar
) -> None:
    """It hangs, and no cell runs: after a while it is said what is left to do."""
    notebook = open_notebook(LOAD, "c = %milvus connect ./demo.db -a lite")
    notebook.run_all()
    sidebar.show()
    expect(sidebar.row("lite")).to_contain_text("Connected")
    hint = sidebar.node.get_by_text("The kernel itself does not answer.")
    expect(hint).to_have_count(0)
    os.kill(notebook.kernel_pid(), signal.SIGSTOP)
    expect(hint).to_be_visible()
    sidebar.button("Restart the kernel").click()
    page.locator(".jp-Dialog .jp-mod-accept").click()  # JupyterLab asks
    expect(sidebar.lost).to_contain_text("The kernel was restarted.")
    expect(hint).to_have_count(0)


@pytest.mark.matrix
def test_a_reload_leaves_one_of_everything(
    open_notebook: Callable[..., Notebook],
    lab: JupyterLab,
    page: Page,
    sidebar: Sidebar,
    milvus: MilvusTestServer,
) -> None:
    """One sidebar, one panel, one comm, also of a busy kernel; old subshells are ended."""
    notebook = open_notebook(
        LOAD, _CONNECT.format(address=milvus.address, alias="kept"), busy_while("busy2")
    )
    sidebar.show()
    notebook.start_all()
    wait_until((lab.work / "busy2").exists)
    expect(sidebar.row("kept")).to_contain_text("Connected")
    notebook.save()
    wait_until(lambda: is_layout_saved(page, notebook.path.name), every_s=0.2)
    for _ in range(3):
        page.goto(f"{lab.url}/lab/tree/{notebook.path.name}")
        expect(sidebar.row("kept")).to_contain_text("Connected")
        expect(page.locator("#milvus_nb-sidebar")).to_have_count(1)
        expect(notebook.panel).to_have_count(1)
    pid = notebook.kernel_pid()
    assert len(sockets_to(milvus.port, pid)) == 1
    sidebar.button("Disconnect kept").click()
    wait_until(lambda: sockets_to(milvus.port, pid) == [])
    assert (lab.work / "busy2").exists()
    (lab.work / "busy2").unlink()
    notebook.wait_idle()
    ask = (
        "import json\nfrom comm import get_comm_manager\n"
        "comms = [c for c in get_comm_manager().comms.values() if c.target_name == 'milvus_nb']\n"
        "kernel = get_ipython().kernel\n"
        "told = [len(comms), len(kernel.shell_channel_thread.manager.list_subshell())]"
    )
    # None of the pages that were left, which could not end theirs, nor of this one, a while after.
    wait_until(lambda: run(page, ask) == [1, 0])


def test_two_tabs_show_the_same(
    open_notebook: Callable[..., Notebook], page: Page, sidebar: Sidebar, lab: JupyterLab
) -> None:
    """What is done in one is seen in the other, which may be closed."""
    notebook = open_notebook(LOAD)
    notebook.run_all()
    sidebar.show()
    other = page.context.new_page()
    other.goto(f"{lab.url}/lab/workspaces/two/tree/{notebook.path.name}")
    other.wait_for_function("() => window.jupyterapp?.shell.currentWidget?.sessionContext?.isReady")
    second = Sidebar(other)
    second.show()
    notebook.connect("shared", Address="./demo.db")
    expect(second.row("shared")).to_contain_text("Connected")
    restart(page)
    expect(second.lost).to_contain_text("The kernel was restarted.")
    second.button("Reconnect what was connected").click()
    expect(second.row("shared")).to_contain_text("Connected")
    expect(sidebar.row("shared")).to_contain_text("Connected")
    expect(sidebar.lost).to_have_count(0)
    other.close()
    sidebar.button("Disconnect shared").click()
    expect(sidebar.panel).to_contain_text("Disconnected shared.")


def test_each_reason_for_no_panel_is_told(
    open_notebook: Callable[..., Notebook], lab: JupyterLab, page: Page, sidebar: Sidebar
) -> None:
    """Nothing open, no kernel, another language, not installed, and what to do."""
    data = lab.folder / "jupyter-data"
    if not (data / "kernels" / "echo").exists():
        kernelspecs.install(data, "echo", "echo", kernelspecs.ECHO)
        kernelspecs.install(data, "bare", "python", kernelspecs.BARE)
    open_notebook("1")
    page.evaluate("() => window.jupyterapp.serviceManager.kernelspecs.refreshSpecs()")
    sidebar.open(write_notebook(lab, "echo.ipynb", [], "echo"))
    sidebar.show()
    expect(sidebar.node).to_contain_text("This kernel does not speak Python")
    expect(sidebar.node).to_contain_text("Its language is echo.")
    expect(sidebar.button("Choose a kernel")).to_be_visible()
    sidebar.open(write_notebook(lab, "bare.ipynb", [], "bare"))
    sidebar.button("Load milvus_nb").click()
    expect(sidebar.node).to_contain_text("milvus_nb is not installed for this kernel")
    expect(sidebar.node).to_contain_text("%pip install FOLDER_OR_WHEEL_OF_MILVUS_NB")
    page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.shutdown()")
    expect(sidebar.node).to_contain_text("No kernel")
    sidebar.button("Choose a kernel").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("combobox").select_option(label="Python 3 (ipykernel)")
    dialog.locator(".jp-mod-accept").click()
    expect(sidebar.button("Load milvus_nb")).to_be_visible()
    page.evaluate(
        "() => [...window.jupyterapp.shell.widgets('main')].forEach(widget => widget.dispose())"
    )
    expect(sidebar.node).to_contain_text("No notebook is open")


def test_a_console_and_a_renamed_notebook(
    open_notebook: Callable[..., Notebook], page: Page, sidebar: Sidebar
) -> None:
    """A console has connections as well; a name that changes is followed."""
    open_notebook("1")
    sidebar.show()
    page.evaluate(
        "() => window.jupyterapp.commands.execute('console:create',"
        " {kernelPreference: {name: 'python3'}, path: ''})"
    )
    page.wait_for_function(
        "() => window.jupyterapp.shell.currentWidget?.id.startsWith('console-')"
        " && window.jupyterapp.shell.currentWidget.sessionContext.session?.kernel?.status"
        " === 'idle'"
    )
    expect(sidebar.node).to_contain_text("Console 1")
    sidebar.button("Load milvus_nb").click()
    expect(sidebar.panel).to_contain_text("No connections in this kernel")
    page.evaluate(
        "() => window.jupyterapp.shell.currentWidget.sessionContext.session.setName('Renamed')"
    )
    expect(sidebar.node).to_contain_text("Renamed")


def test_commands_and_the_status_bar(
    open_notebook: Callable[..., Notebook],
    page: Page,
    sidebar: Sidebar,
    milvus_auth: MilvusTestServer,
) -> None:
    """From the palette's commands alone; the cell that is inserted connects by itself."""
    notebook = open_notebook(PID)
    notebook.run_all()
    pid = notebook.kernel_pid()
    status = page.get_by_role("button", name="Milvus: ")
    expect(status).to_have_count(0)
    run(page, "import os; os.environ['PW'] = 'Milvus'")
    notebook.command("milvus_nb:connect")
    notebook.field("Address").wait_for()
    expect(status).to_have_accessible_name("Milvus: nothing is connected")
    notebook.button("Cancel").click()
    line = f"c = %milvus connect {milvus_auth.address} -a prod --user root --password-env PW"
    run(page, f"get_ipython().run_cell({line!r})")
    expect(status).to_have_accessible_name("Milvus: prod, connected")
    page.evaluate("() => window.jupyterapp.shell.activateById('filebrowser')")
    status.click()
    expect(sidebar.row("prod")).to_be_visible()
    assert page.evaluate("() => window.jupyterapp.commands.label('milvus_nb:disconnect')") == (
        "Disconnect prod from Milvus"
    )
    notebook.command("milvus_nb:check")
    expect(sidebar.row("prod")).to_contain_text("Checked")
    notebook.command("milvus_nb:copy-code")
    expect(sidebar.row("prod").get_by_role("combobox", name="Language")).to_be_visible()
    notebook.command("milvus_nb:insert-cell")
    cell = page.locator(".jp-Notebook .jp-CodeCell").nth(1)
    expect(cell).to_contain_text(f"%milvus connect {milvus_auth.address} --alias prod --user root")
    run(page, "get_ipython().run_cell('%milvus connect ./x.db -a lab\\n%milvus disconnect lab')")
    expect(status).to_have_accessible_name("Milvus: no connection is current")
    notebook.command("milvus_nb:disconnect-all")
    expect(sidebar.row("prod")).to_have_count(0)
    wait_until(lambda: sockets_to(milvus_auth.port, pid) == [])
    page.evaluate("() => window.jupyterapp.commands.execute('notebook:run-cell')")
    expect(sidebar.row("prod")).to_contain_text("Connected")
    notebook.command("milvus_nb:disconnect")
    expect(sidebar.row("prod")).to_have_count(0)
    page.get_by_role("menuitem", name="Milvus", exact=True).click()
    expect(page.get_by_role("menuitem", name="Connect to Milvus…")).to_be_visible()


def test_the_settings(open_notebook: Callable[..., Notebook], page: Page, sidebar: Sidebar) -> None:
    """Loaded by itself, with the heartbeat that was set, and not in the status bar."""
    open_notebook("1")
    sidebar.show()

    def set_to(name: str, value: object) -> None:
        page.evaluate(
            """async ([name, value]) => {
              const manager = window.jupyterapp.serviceManager.settings;
              const { raw } = await manager.fetch('milvus_nb:plugin');
              const found = { ...JSON.parse(raw.trim() || '{}'), [name]: value };
              await manager.save('milvus_nb:plugin', JSON.stringify(found));
            }""",
            [name, value],
        )

    try:
        set_to("autoload", True)
        set_to("heartbeat", 0.8)
        reload(page)
        sidebar.show()
        sidebar.panel.wait_for()
        ask = "from milvus_nb import connections\ntold = connections.monitor.pace.heartbeat"
        wait_until(lambda: run(page, ask) == 0.8)
        status = page.get_by_role("button", name="Milvus: ")
        expect(status).to_be_visible()
        set_to("statusBar", False)
        reload(page)
        sidebar.show()
        sidebar.panel.wait_for()
        expect(status).to_be_hidden()
        restart(page)
        expect(sidebar.panel).to_contain_text("No connections in this kernel")
        run(page, "get_ipython().run_line_magic('unload_ext', 'milvus_nb')")
        expect(sidebar.button("Load milvus_nb")).to_be_visible()  # and it is not loaded again
    finally:
        page.evaluate(
            "() => window.jupyterapp.serviceManager.settings.save('milvus_nb:plugin', '{}')"
        )
        page.goto("about:blank")  # another page, as this one knows of no change


def test_another_version_of_the_kernels_package_is_told(
    open_notebook: Callable[..., Notebook], page: Page, sidebar: Sidebar
) -> None:
    """Which side to update; nothing breaks."""
    old = (
        "from milvus_nb.page import comms, messages, sidebar\n"
        "for module in (comms, messages, sidebar): module.PROTOCOL -= 1\n"
    )
    notebook = open_notebook(f"{old}\n{LOAD}")
    sidebar.show()
    notebook.run_all()
    expect(sidebar.node).to_contain_text("different versions of milvus_nb")
    expect(sidebar.node).to_contain_text("Update milvus_nb in the environment of the kernel")


@pytest.mark.matrix
def test_it_works_where_other_plugins_are_switched_off(
    chromium: Browser, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Without the status bar, the Running panel and the palette."""
    folder = tmp_path_factory.mktemp("bare-lab")
    lab = JupyterLab(
        folder,
        disabled=[
            "@jupyterlab/statusbar-extension",
            "@jupyterlab/running-extension",
            "@jupyterlab/apputils-extension:palette",
        ],
    )
    context = new_context(chromium)
    try:
        page = context.new_page()
        notebook = Notebook(lab, page, "bare.ipynb", ["1"])
        sidebar = Sidebar(page)
        sidebar.load()
        notebook.connect("lite", Address="./demo.db")
        sidebar.button("Disconnect lite").click()
        expect(sidebar.panel).to_contain_text("Disconnected lite.")
    finally:
        context.close()
        lab.stop()


def test_what_other_code_uses_is_asked_about_first(
    open_notebook: Callable[..., Notebook],
    lab: JupyterLab,
    page: Page,
    sidebar: Sidebar,
    milvus: MilvusTestServer,
) -> None:
    """By the command; from another notebook it cannot be closed in passing."""
    opened = f"import pymilvus\nclient = pymilvus.MilvusClient({milvus.uri!r}, dedicated=True)"
    notebook = open_notebook(LOAD, opened, "a = %milvus adopt client:client -a theirs")
    notebook.run_all()
    sidebar.show()
    expect(sidebar.row("theirs")).to_contain_text("Connected")
    notebook.command("milvus_nb:disconnect")
    question = sidebar.row("theirs").get_by_role("group", name="Disconnect theirs?")
    expect(question).to_contain_text("client uses it and will stop working.")
    sidebar.button("Keep it").click()
    notebook.command("milvus_nb:disconnect-all")
    sidebar.open(write_notebook(lab, "beside.ipynb", ["1"]))
    expect(sidebar.others.get_by_role("listitem", name="theirs")).to_contain_text("Connected")
    expect(sidebar.others.get_by_role("button", name="Disconnect")).to_have_count(0)


_MANY = """
from milvus_nb import connections
for n in range(80):
    connections.connect(f"{name}{{n:02}}", uri="{uri}")
"""


def test_a_list_is_where_it_was_when_it_is_shown_again(
    open_notebook: Callable[..., Notebook],
    lab: JupyterLab,
    sidebar: Sidebar,
    milvus: MilvusTestServer,
) -> None:
    """After a look at another notebook's, at another sidebar, and with none."""
    page = sidebar.page
    first = open_notebook(LOAD, _MANY.format(name="one", uri=milvus.uri))
    first.run_all()
    sidebar.show()
    expect(sidebar.row("one00")).to_contain_text("Connected")
    other = write_notebook(lab, "beside.ipynb", [LOAD, _MANY.format(name="two", uri=milvus.uri)])

    def scroll(top: int) -> None:
        sidebar.node.evaluate(
            """(node, top) => new Promise(done => {
              node.addEventListener('scroll', done, { once: true });
              node.scrollTop = top;
            })""",
            top,
        )

    def is_at(top: int) -> bool:
        return bool(sidebar.node.evaluate("node => node.scrollTop") == top)

    scroll(700)
    expect(sidebar.row("one30")).to_be_visible()
    sidebar.open(other)
    page.evaluate("() => window.jupyterapp.commands.execute('notebook:run-all-cells')")
    expect(sidebar.row("two00")).to_contain_text("Connected")
    scroll(350)
    expect(sidebar.row("two20")).to_be_visible()
    for path, alias, top in ((first.path, "one30", 700), (other, "two20", 350)):
        sidebar.activate(path)
        expect(sidebar.row(alias)).to_be_visible()
        wait_until(functools.partial(is_at, top), what=f"{alias} where it was")
    page.evaluate("() => window.jupyterapp.shell.activateById('filebrowser')")
    expect(sidebar.node).to_be_hidden()
    sidebar.show()
    expect(sidebar.row("two20")).to_be_visible()
    assert is_at(350)
    page.evaluate("() => window.jupyterapp.shell.collapseLeft()")
    expect(sidebar.node).to_be_hidden()
    sidebar.activate(first.path)
    sidebar.show()
    # Who opens it goes on at a connection that is in sight: it is not scrolled to another.
    focused = sidebar.panel.locator("li:focus")
    expect(focused).to_have_attribute("aria-label", re.compile("^one2[3-9]$"))
    assert is_at(700)
