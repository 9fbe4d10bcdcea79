"""The panel in a real JupyterLab: what a user sees and does."""

from __future__ import annotations

import json
import re
import statistics
from typing import TYPE_CHECKING

import psutil
import pytest
from nbconvert import HTMLExporter
from playwright.sync_api import expect

from milvus_nb import ConnectError
from tests.browser.lab import ALL_TEXT, LOAD, NOTE_DISCONNECTS, SAVE_WIDGETS
from tests.support.helpers import free_port, sockets_to, wait_until
from tests.support.servers import FaultProxy

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from milvus_nb import ConnectionRegistry
    from tests.browser.lab import JupyterLab, Notebook
    from tests.support.servers import MilvusTestServer


def test_connect_to_a_server_and_to_lite_see_both_and_disconnect(
    open_notebook: Callable[..., Notebook],
    lab: JupyterLab,
    connections: ConnectionRegistry,
    milvus_auth: MilvusTestServer,
) -> None:
    """By clicks alone: wrong password, right password, own rights, a file, disconnect, undo.

    Another process that wants the file is told which notebook has it: JupyterLab says so to the
    kernels that it starts.
    """
    notebook = open_notebook(LOAD, "%milvus panel")
    notebook.run_all()
    pid = notebook.kernel_pid()
    notebook.fill_form(
        Address=milvus_auth.address, Alias="prod", sign_in="Password", User="root", Password="wrong"
    )
    notebook.submit()
    expect(notebook.panel.get_by_role("alert")).to_contain_text("Wrong password for user root")
    assert notebook.field("Password").input_value() == ""

    notebook.field("Password").fill("Milvus")
    notebook.submit()
    row = notebook.row("prod")
    for text in ("Connected", milvus_auth.address, "root", "db default", "v2.3.5", "ms"):
        expect(row).to_contain_text(text)
    notebook.choose("prod", "Details")
    rights = notebook.row("prod").get_by_label("What you may do on prod")
    expect(rights).to_contain_text("by default root may do everything")
    notebook.choose("prod", "Hide details")
    notebook.connect("lite", Address="./demo.db")
    expect(notebook.row("lite")).to_contain_text("./demo.db")
    with pytest.raises(ConnectError) as failure:
        connections.connect(uri=str(lab.work / "demo.db"))
    assert failure.value.cause == "lite-locked"
    assert f"process {pid}, the kernel of {notebook.path}" in str(failure.value)
    assert len(sockets_to(milvus_auth.port, pid)) == 1

    notebook.button("Disconnect prod").click()
    expect(row).to_have_count(0)
    assert sockets_to(milvus_auth.port, pid) == []
    expect(notebook.panel).to_contain_text("Disconnected prod.")
    notebook.panel.get_by_role("button", name="Reconnect").click()
    expect(notebook.row("prod")).to_contain_text("Connected")
    notebook.button("Disconnect lite").click()
    expect(notebook.row("lite")).to_have_count(0)


def test_disconnect_takes_effect_at_once_also_while_a_cell_runs(
    open_notebook: Callable[..., Notebook], lab: JupyterLab, milvus: MilvusTestServer
) -> None:
    """From the click in the page to the closed connection in the kernel, both on one clock."""
    (lab.work / "go").unlink(missing_ok=True)
    connect = "\n".join(f"%milvus connect {milvus.address} -a c{n}" for n in range(8))
    busy = "import os, time\nwhile not os.path.exists('go'):\n    time.sleep(0.01)"
    notebook = open_notebook(LOAD, NOTE_DISCONNECTS, connect, "%milvus panel", busy)
    notebook.start_all()
    expect(notebook.row("c7")).to_contain_text("Connected")
    times: dict[bool, list[float]] = {True: [], False: []}
    for number in range(8):
        if number == 4:
            (lab.work / "go").touch()
            wait_until(lambda: not notebook.is_running())
        is_busy = notebook.is_running()
        assert is_busy == (number < 4)
        times[is_busy].append(notebook.click_disconnect(f"c{number}"))
        expect(notebook.row(f"c{number}")).to_have_count(0)
    for is_busy, found in times.items():
        median = statistics.median(found)
        print(f"click to effect, {'busy' if is_busy else 'idle'} kernel: median {median:.0f} ms")
        assert median < 500, found  # 50 is the goal; the rest is for noisy machines


def test_everything_by_keyboard_alone(
    open_notebook: Callable[..., Notebook], page: Page, milvus_auth: MilvusTestServer
) -> None:
    """Connect, make current, ping, details, disconnect, undo: no mouse."""
    notebook = open_notebook(LOAD, "%milvus panel")
    notebook.run_all()
    keyboard = page.keyboard

    def focused() -> str:
        return str(
            page.evaluate(
                "() => { const e = document.activeElement; return e.getAttribute('aria-label')"
                " ?? e.labels?.[0]?.textContent ?? e.textContent ?? ''; }"
            )
        ).strip()

    def tab_to(name: str) -> None:
        seen: list[str] = []
        for _ in range(30):
            seen.append(focused())
            if seen[-1] == name:
                return
            keyboard.press("Tab")
        raise AssertionError(f"no Tab leads to {name}: {seen}")

    notebook.button("Connect").first.focus()
    keyboard.press("Enter")
    expect(notebook.field("Address")).to_be_focused()
    keyboard.press("Escape")
    expect(notebook.field("Address")).to_have_count(0)
    keyboard.press("Enter")
    expect(notebook.field("Address")).to_be_focused()
    keyboard.type(milvus_auth.address)
    keyboard.press("Tab")
    keyboard.press("ControlOrMeta+a")
    keyboard.type("prod")
    tab_to("None")
    keyboard.press("ArrowRight")
    tab_to("User")
    keyboard.type("root")
    keyboard.press("Tab")
    keyboard.type("Milvus")
    keyboard.press("Enter")
    expect(notebook.row("prod")).to_contain_text("Connected")

    tab_to("Disconnect prod")
    keyboard.press("Tab")
    keyboard.press("Enter")
    menu = notebook.panel.get_by_role("menu")
    expect(menu).to_be_visible()
    keyboard.press("Escape")
    expect(menu).to_have_count(0)
    keyboard.press("Enter")
    for _ in range(6):
        if "Ping" in focused():
            break
        keyboard.press("ArrowDown")
    keyboard.press("Enter")
    expect(notebook.row("prod")).to_contain_text("median")
    notebook.button("Disconnect prod").focus()
    keyboard.press("Enter")
    expect(notebook.row("prod")).to_have_count(0)
    tab_to("Reconnect prod")
    keyboard.press("Enter")
    expect(notebook.row("prod")).to_contain_text("Connected")


CONTRAST = """node => {
  // WCAG 2's contrast of the text with the panel it stands on
  const luminance = colour => {
    const [r, g, b] = colour.match(/[\\d.]+/g).slice(0, 3).map(part => {
      const c = part / 255;
      return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const panel = getComputedStyle(node.closest('.milvus-nb-panel'));
  const [a, b] = [luminance(getComputedStyle(node).color), luminance(panel.backgroundColor)];
  return [panel.backgroundColor, (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)];
}"""


def expect_to_follow_the_theme(notebook: Notebook, page: Page) -> None:
    """Expect the state of `lab` to be readable in light and in dark, which differ."""
    backgrounds = set()
    for theme in ("JupyterLab Light", "JupyterLab Dark"):
        notebook.command("apputils:change-theme", theme=theme)
        is_light = "true" if theme.endswith("Light") else "false"
        page.wait_for_function("is => document.body.dataset.jpThemeLight === is", arg=is_light)
        word = notebook.row("lab").get_by_text("Connected", exact=True)
        background, contrast = word.evaluate(CONTRAST)
        backgrounds.add(background)
        assert contrast >= 4.5, theme
    assert len(backgrounds) == 2


def test_a_dead_server_and_its_return_show_by_themselves(
    open_notebook: Callable[..., Notebook], page: Page, way: FaultProxy
) -> None:
    """Never a stale green; before, it is readable in light and in dark."""
    notebook = open_notebook(LOAD, f"%milvus connect {way.address} -a lab", "%milvus panel")
    notebook.run_all()
    row = notebook.row("lab")
    expect(row).to_contain_text("Connected")
    expect_to_follow_the_theme(notebook, page)
    way.refuse()
    way.reset_all()
    expect(row).to_contain_text("Unreachable")
    expect(row).to_contain_text("refused")
    expect(row).to_contain_text(re.compile("Is Milvus running|runs in a container"))
    notebook.button("Retry lab").click()
    way.listen_again()
    expect(row).to_contain_text("Connected")


def test_a_restarted_kernel_is_told(
    open_notebook: Callable[..., Notebook], page: Page, milvus: MilvusTestServer
) -> None:
    """The old panel greys out and says what to do; the rerun cell shows the new kernel's."""
    notebook = open_notebook(LOAD, f"%milvus connect {milvus.address} -a lab", "%milvus panel")
    notebook.run_all()
    expect(notebook.row("lab")).to_contain_text("Connected")
    pid = notebook.kernel_pid()
    page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.restartKernel()")
    expect(notebook.panel).to_contain_text("restart", ignore_case=True)
    expect(notebook.row("lab")).not_to_contain_text("Connected")
    expect(notebook.panel).to_contain_text("%milvus panel")
    wait_until(lambda: not psutil.pid_exists(pid))
    notebook.wait_idle()
    notebook.run_all()
    expect(notebook.row("lab")).to_contain_text("Connected")


def test_no_secret_stays_in_the_page_or_in_the_saved_notebook(
    open_notebook: Callable[..., Notebook], page: Page, milvus_auth: MilvusTestServer
) -> None:
    """Not in the DOM, the inputs, the browser's storage, nor in saved widget state."""
    secret = "Quagga-Zebra-71"
    notebook = open_notebook(LOAD, "%milvus panel")
    notebook.run_all()
    notebook.fill_form(
        Address=milvus_auth.address, Alias="x", sign_in="Password", User="root", Password=secret
    )
    assert secret in str(page.evaluate(ALL_TEXT)), "the search would not find it"
    notebook.submit()
    expect(notebook.panel.get_by_role("alert")).to_contain_text("Wrong password")
    assert secret not in str(page.evaluate(ALL_TEXT))

    notebook.field("Password").fill(secret)
    notebook.button("Cancel").click()
    assert secret not in str(page.evaluate(ALL_TEXT))
    notebook.connect("x", Address=milvus_auth.address, sign_in="Token", Token="root:Milvus")
    assert "root:Milvus" not in str(page.evaluate(ALL_TEXT))
    page.evaluate(SAVE_WIDGETS)
    saved = notebook.save()
    page.evaluate(SAVE_WIDGETS)  # as it was before: it is a setting of all notebooks
    assert "milvus" in saved
    assert secret not in saved
    assert "root:Milvus" not in saved
    outputs = json.loads(saved)["cells"][1]["outputs"]
    assert "Run this cell (<code>%milvus panel</code>)" in json.dumps(outputs)


def end_kernels(notebook: Notebook) -> None:
    """Shut the kernels down, and wait until the notebook's has ended."""
    pid = notebook.kernel_pid()
    notebook.page.evaluate("() => window.jupyterapp.serviceManager.sessions.shutdownAll()")
    wait_until(lambda: not psutil.pid_exists(pid), what="the end of the kernel")


def test_a_saved_panel_says_what_was_connected(
    open_notebook: Callable[..., Notebook],
    lab: JupyterLab,
    page: Page,
    milvus: MilvusTestServer,
) -> None:
    """In a notebook that is opened anew, and in a page made of it; without any secret.

    Also where the state of widgets is saved, of which JupyterLab makes a panel without a kernel.
    """
    secret = f"{LOAD}\nos.environ['SECRET'] = 'dets' + 'ecret'"
    connect = f"c = %milvus connect {milvus.address} -a prod --user root --password-env SECRET"
    notebook = open_notebook(secret, connect, "%milvus panel")
    notebook.run_all()
    expect(notebook.row("prod")).to_contain_text("Connected")
    output = page.locator(".jp-Notebook .jp-OutputArea-output").last
    for saves_widgets in (False, True):
        expect(output).not_to_contain_text("Run this cell")
        if saves_widgets:
            page.evaluate(SAVE_WIDGETS)
        saved = notebook.save()
        if saves_widgets:
            page.evaluate(SAVE_WIDGETS)  # as it was before: it is a setting of all notebooks
        assert ("widget-state+json" in saved) == saves_widgets
        assert "detsecret" not in saved
        end_kernels(notebook)
        page.goto(lab.url_of(notebook.path.name))
        expect(output).to_contain_text("Run this cell (%milvus panel)")
        expect(output.get_by_role("row", name="prod")).to_contain_text(milvus.address)
        expect(output).not_to_contain_text("model not found")
        if not saves_widgets:
            exporter = HTMLExporter()  # type: ignore[no-untyped-call]  # it has no types
            exported, _ = exporter.from_filename(str(notebook.path))
            assert "Run this cell (<code>%milvus panel</code>)" in exported
        notebook.wait_idle()
        notebook.run_all()
        expect(notebook.row("prod")).to_contain_text("Connected")


# The kernel tells the end of the list late, once.
LATE = """
import time
from milvus_nb.page.session import PageSession

do_list, waits = PageSession._do_list, [3]

def late(session, request):
    if request.params["offset"] > 500 and waits:
        time.sleep(waits.pop())
    do_list(session, request)

PageSession._do_list = late
"""


def test_a_thousand_connections_draw_only_what_is_visible(
    open_notebook: Callable[..., Notebook], milvus: MilvusTestServer
) -> None:
    """The list scrolls, keys and the filter find, the page stays small; all are closed at once.

    The focus comes to what it was sent to, however late that is told.
    """
    connect = (
        "from milvus_nb import connections\n"
        f"for n in range(1000):\n    connections.connect(f'c{{n:03}}', uri='{milvus.uri}')\n"
    )
    notebook = open_notebook(LOAD, connect + LATE, "%milvus panel")
    notebook.run_all()
    items = notebook.panel.get_by_role("listitem")
    expect(notebook.row("c000")).to_be_visible()
    expect(notebook.panel).to_contain_text("1,000 connections")
    assert 3 < items.count() < 60
    notebook.panel.get_by_role("searchbox").fill("c731")
    expect(notebook.row("c731")).to_be_visible()
    expect(items).to_have_count(1)
    notebook.panel.get_by_role("searchbox").fill("")
    notebook.row("c000").focus()
    notebook.page.keyboard.press("End")
    expect(notebook.row("c999")).to_be_focused()
    expect(notebook.row("c999")).to_contain_text("current")
    notebook.button("Disconnect c999").click()
    expect(notebook.panel).to_contain_text("999 connections")
    notebook.button("Reconnect c999").click()
    expect(notebook.row("c999")).to_be_focused()
    notebook.page.keyboard.press("Home")
    expect(notebook.row("c000")).to_be_focused()
    notebook.page.keyboard.press("ArrowRight")
    expect(notebook.panel.get_by_role("treeitem", name="default", exact=True)).to_be_visible()
    notebook.command("milvus_nb:disconnect", alias="c500")
    expect(notebook.panel).to_contain_text("999 connections")
    notebook.command("milvus_nb:disconnect-all")
    expect(items).to_have_count(0)
    wait_until(lambda: not sockets_to(milvus.port, notebook.kernel_pid()))


def test_the_form_says_why_and_can_be_cancelled(
    open_notebook: Callable[..., Notebook],
    silent_port: int,
    milvus_tls: MilvusTestServer,
    milvus: MilvusTestServer,
) -> None:
    """A refused connect: what, why, what to do, and what was typed is still there.

    Where nobody answers, Cancel ends the waiting and leaves no socket. A test tells the layers:
    what fails, with the certificate that was shown; then what works, with a warning.
    """
    port = free_port()
    notebook = open_notebook(LOAD, "%milvus panel")
    notebook.run_all()
    notebook.fill_form(Address=f"localhost:{port}", Alias="x")
    notebook.submit()
    alert = notebook.panel.get_by_role("alert")
    for text in (f"Could not connect x (localhost:{port})", "Connection refused"):
        expect(alert).to_contain_text(text)
    assert notebook.field("Address").input_value() == f"localhost:{port}"
    notebook.field("Address").fill("localhost:99999")
    notebook.submit()
    expect(alert).to_contain_text("65535")

    pid = notebook.kernel_pid()
    notebook.field("Address").fill(f"localhost:{silent_port}")
    notebook.submit()
    wait_until(lambda: sockets_to(silent_port, pid))
    notebook.button("Cancel").click()
    expect(alert).to_contain_text("Cancelled")
    wait_until(lambda: not sockets_to(silent_port, pid))
    expect(notebook.row("x")).to_have_count(0)

    notebook.field("Address").fill(milvus_tls.uri)
    notebook.button("Test").click()
    expect(alert).to_contain_text("is not signed by an authority")
    expect(notebook.panel).to_contain_text("issuer O=milvus_nb tests")
    notebook.fill_form(
        Address=milvus.address, Alias="x", sign_in="Password", User="root", Password="anything"
    )
    notebook.button("Test").click()
    expect(notebook.panel).to_contain_text("Everything answers. Nothing was connected.")
    expect(notebook.panel.locator(".milvus-nb-note").first).to_contain_text("proves nothing")
    notebook.submit()
    expect(notebook.row("x")).to_contain_text("Authorization is off")


def test_a_check_of_a_connection_live_and_cancelled(
    open_notebook: Callable[..., Notebook], milvus: MilvusTestServer
) -> None:
    """The layers, the facts, and the time; Cancel ends it; the connection stays as it is."""
    with FaultProxy(("127.0.0.1", milvus.port)) as way:
        connect = f"c = %milvus connect {way.address} -a lab --timeout 60"
        notebook = open_notebook(
            LOAD, "%config MilvusMagics.deadline = 60", connect, "%milvus panel"
        )
        notebook.run_all()
        pid = notebook.kernel_pid()
        row = notebook.row("lab")
        row.get_by_role("button", name="More actions for lab").click()
        notebook.panel.get_by_role("menuitem", name="Check").click()
        stages = notebook.panel.get_by_role("list", name="Check of lab", exact=True)
        expect(stages.get_by_role("listitem")).to_have_count(8)
        expect(row).to_contain_text("127.0.0.1")
        expect(row).to_contain_text("Management port")
        expect(row).to_contain_text("Checked")
        before = sockets_to(way.port, pid)

        way.blackhole()
        notebook.button("Check lab").click()
        cancel = notebook.button("Cancel check lab")
        expect(stages.locator("[data-status=running]")).to_contain_text("gRPC")
        expect(cancel).to_be_visible()
        cancel.click()
        expect(notebook.button("Check lab")).to_be_visible()
        wait_until(lambda: sockets_to(way.port, pid) == before)
        way.refuse()
        notebook.button("Check lab").click()
        expect(row).to_contain_text("Connection refused")
        expect(row.locator("code.milvus-nb-cause")).to_have_text("refused")
