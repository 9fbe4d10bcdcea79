"""Kernels that are restarted, ended and left, and pages that are: a guest leaves nothing behind."""

from __future__ import annotations

import json
import urllib.request
from http.cookiejar import CookieJar
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.browser.lab import (
    LOAD,
    PATIENCE_MS,
    PID,
    JupyterLab,
    Notebook,
    Sidebar,
    busy_while,
    new_context,
    write_notebook,
)
from tests.support.helpers import sockets_to, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Browser, Page

    from tests.support.servers import MilvusTestServer

pytestmark = pytest.mark.matrix

LITE = "c = %milvus connect ./lite.db -a lite"


def api(lab: JupyterLab, method: str, path: str, body: object = None) -> Any:
    """Ask the Jupyter server, as somebody else than the page."""
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar := CookieJar()))
    opener.open(f"{lab.url}/lab", timeout=30).close()
    data = b"" if body is None else json.dumps(body).encode()
    request = urllib.request.Request(  # noqa: S310  # our own server
        f"{lab.url}/api/{path}", data=data if method != "GET" else None, method=method
    )
    for cookie in jar:
        if cookie.name == "_xsrf":
            request.add_header("X-XSRFToken", str(cookie.value))
    with opener.open(request, timeout=30) as answer:
        text = answer.read()
    return json.loads(text) if text else None


def kernel_of(page: Page) -> str:
    """Give the id of the kernel of the notebook in front."""
    return str(
        page.evaluate(
            "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.id"
        )
    )


def is_running(lab: JupyterLab, kernel: str) -> bool:
    return any(model["id"] == kernel for model in api(lab, "GET", "kernels"))


def wait_ready(page: Page) -> None:
    page.wait_for_function("() => window.jupyterapp?.shell.currentWidget?.sessionContext?.isReady")


def test_a_restart_by_somebody_else_is_seen_each_time(
    open_notebook: Callable[..., Notebook], lab: JupyterLab, page: Page, sidebar: Sidebar
) -> None:
    """Over REST, of which the page is not told; and Reconnect brings back what was connected."""
    open_notebook(LOAD, LITE).run_all()
    sidebar.show()
    kernel = kernel_of(page)
    for _ in range(6):
        expect(sidebar.row("lite")).to_contain_text("Connected")
        api(lab, "POST", f"kernels/{kernel}/restart")
        expect(sidebar.lost).to_contain_text("The kernel was restarted.")
        expect(sidebar.row("lite")).to_have_count(0)
        sidebar.button("Reconnect what was connected").click()


def test_what_a_restarted_kernel_has_connected_since_is_what_is_shown(
    open_notebook: Callable[..., Notebook], lab: JupyterLab, page: Page, sidebar: Sidebar
) -> None:
    """By a page or a script of somebody else."""
    notebook = open_notebook(LOAD, LITE)
    notebook.run_all()
    sidebar.show()
    expect(sidebar.row("lite")).to_contain_text("Connected")
    api(lab, "POST", f"kernels/{kernel_of(page)}/restart")
    notebook.execute(f"{LOAD}\nget_ipython().run_line_magic('milvus', 'connect ./fresh.db -a new')")
    expect(sidebar.row("new")).to_contain_text("Connected")
    expect(sidebar.row("lite")).to_have_count(0)
    expect(sidebar.lost.get_by_role("listitem")).to_have_count(1)


def test_after_a_restart_and_a_reload_what_was_connected_is_offered(
    open_notebook: Callable[..., Notebook], lab: JupyterLab, page: Page, sidebar: Sidebar
) -> None:
    """The page knows nothing any more, but the kernel's file does."""
    notebook = open_notebook(LOAD, LITE)
    notebook.run_all()
    sidebar.show()
    expect(sidebar.row("lite")).to_contain_text("Connected")
    notebook.save()
    api(lab, "POST", f"kernels/{kernel_of(page)}/restart")
    page.goto(f"{lab.url}/lab/tree/{notebook.path.name}")
    wait_ready(page)
    sidebar.show()
    expect(sidebar.lost.get_by_role("listitem", name="lite")).to_be_visible()
    sidebar.button("Reconnect what was connected").click()
    expect(sidebar.row("lite")).to_contain_text("Connected")
    expect(sidebar.lost).to_have_count(0)


def test_other_kernels_are_shown_without_a_connection_to_them_and_can_be_culled(
    chromium: Browser, tmp_path_factory: pytest.TempPathFactory, milvus: MilvusTestServer
) -> None:
    """By Jupyter Server's own culling; what is clicked is done, and undone, in between."""
    # Longer than it takes to load the page anew and to click.
    culling = "--MappingKernelManager.cull"
    idle = [f"{culling}_idle_timeout=30", f"{culling}_interval=1"]
    lab = JupyterLab(tmp_path_factory.mktemp("cull"), options=idle)
    try:
        context = new_context(chromium)
        page = context.new_page()
        connect = f"c = %milvus connect {milvus.address} -a far"
        other = Notebook(lab, page, "other.ipynb", [LOAD, connect])
        other.run_all()
        pid = other.kernel_pid()
        far = kernel_of(page)
        page.goto("about:blank")
        plain = api(lab, "POST", "kernels", {"name": "python3"})["id"]
        sockets: list[str] = []
        page.on("websocket", lambda socket: sockets.append(socket.url))
        page.goto(f"{lab.url}/lab?reset")
        page.wait_for_function("() => window.jupyterapp !== undefined")
        page.evaluate("() => window.jupyterapp.restored")
        sidebar = Sidebar(page)
        sidebar.show()
        row = sidebar.others.get_by_role("listitem", name="far")
        expect(row).to_contain_text("Connected")
        expect(sidebar.others).to_contain_text("other.ipynb")
        assert [url for url in sockets if "/channels" in url] == []
        sidebar.button("Disconnect far in other.ipynb").click()
        wait_until(lambda: sockets_to(milvus.port, pid) == [])
        expect(row).to_have_count(0)
        sidebar.others.get_by_role("button", name="Reconnect far").click()
        expect(row).to_contain_text("Connected")
        wait_until(lambda: not is_running(lab, plain), 120, every_s=0.2, what="culling plain")
        wait_until(lambda: not is_running(lab, far), 120, every_s=0.2, what="culling far")
        expect(row).to_have_count(0)
        context.close()
    finally:
        lab.stop()


def test_a_kernel_that_was_shut_down_is_not_listed(
    open_notebook: Callable[..., Notebook], lab: JupyterLab, page: Page, sidebar: Sidebar
) -> None:
    """From the moment it is; and nothing is asked of it."""
    open_notebook(LOAD, LITE).run_all()
    sidebar.show()
    expect(sidebar.row("lite")).to_contain_text("Connected")
    sidebar.open(write_notebook(lab, "front.ipynb", ["1"]))
    expect(sidebar.others.get_by_role("listitem", name="lite")).to_be_visible()
    failed: list[str] = []
    page.on("response", lambda answer: failed.append(answer.url) if answer.status >= 400 else None)
    shown_after = page.evaluate(
        """async () => {
          const { shell } = window.jupyterapp;
          const first = [...shell.widgets('main')].find(widget => widget !== shell.currentWidget);
          await first.sessionContext.shutdown();
          const shown = [];
          for (let n = 0; n < 40; n++) {
            await new Promise(done => setTimeout(done, 50));
            const found = document.querySelector('#milvus_nb-sidebar .milvus-nb-kernels');
            shown.push(found === null ? '' : found.textContent);
          }
          return shown.slice(10).filter(Boolean);
        }"""
    )
    assert shown_after == []
    assert failed == []


def test_pages_that_are_killed_leave_no_subshell(
    open_notebook: Callable[..., Notebook], chromium: Browser, lab: JupyterLab, page: Page
) -> None:
    """Each from a browser of its own, while a cell runs, so that they need one."""
    notebook = open_notebook(LOAD, LITE, busy_while("busy41"))
    notebook.start_all()
    wait_until((lab.work / "busy41").exists)
    for number in range(4):
        context = new_context(chromium)
        other = context.new_page()
        other.goto(f"{lab.url}/lab/workspaces/w{number}/tree/{notebook.path.name}")
        wait_ready(other)
        one = Sidebar(other)
        one.show()
        expect(one.row("lite")).to_contain_text("Connected")
        context.close()
    (lab.work / "busy41").unlink()
    notebook.wait_idle()
    count = "len(get_ipython().kernel.shell_channel_thread.manager.list_subshell())"

    def left() -> int:
        return int(
            page.evaluate(
                """async code => {
                  const { kernel } = window.jupyterapp.shell.currentWidget.sessionContext.session;
                  const future = kernel.requestExecute({ code: '', user_expressions: { n: code } });
                  return (await future.done).content.user_expressions.n.data['text/plain'];
                }""",
                count,
            )
        )

    wait_until(lambda: left() == 0, every_s=0.2, what="the end of the subshells")


def test_a_click_without_the_network_is_refused_and_not_done_later(
    open_notebook: Callable[..., Notebook],
    page: Page,
    sidebar: Sidebar,
    milvus: MilvusTestServer,
) -> None:
    """Not when it is back, either."""
    notebook = open_notebook(f"{LOAD}", f"c = %milvus connect {milvus.address} -a kept", PID)
    notebook.run_all()
    sidebar.show()
    expect(sidebar.row("kept")).to_contain_text("Connected")
    pid = notebook.kernel_pid()
    notebook.fill_form(Address="h", sign_in="Password", User="root", Password="typed")
    # What JupyterLab puts before everything, where it takes long enough.
    page.add_locator_handler(
        page.get_by_role("dialog", name="Server Connection Error"),
        lambda dialog: dialog.get_by_role("button", name="Close").last.click(),
    )
    page.context.set_offline(True)
    page.evaluate(
        "() => { window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.reconnect()"
        ".catch(() => {}); }"
    )
    page.wait_for_function(
        "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel"
        ".connectionStatus !== 'connected'",
        timeout=PATIENCE_MS,
    )
    sidebar.button("Disconnect kept").click()
    expect(sidebar.node).to_contain_text("Nothing was done")
    notebook.submit()
    expect(sidebar.panel.get_by_role("form")).to_contain_text("not connected to the kernel")
    expect(notebook.field("Password")).to_have_value("typed")  # it was not sent
    page.context.set_offline(False)
    page.wait_for_function(
        "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel"
        ".connectionStatus === 'connected'",
        timeout=PATIENCE_MS,
    )
    expect(sidebar.row("kept")).to_contain_text("Connected")
    assert len(sockets_to(milvus.port, pid)) == 1


def test_a_connect_that_fails_while_its_page_is_loaded_anew_is_told(
    open_notebook: Callable[..., Notebook],
    lab: JupyterLab,
    page: Page,
    sidebar: Sidebar,
    silent_port: int,
) -> None:
    """To the page that has asked; it has no answer of its own any more."""
    notebook = open_notebook(LOAD)
    notebook.run_all()
    notebook.save()
    sidebar.show()
    notebook.fill_form(Address=f"127.0.0.1:{silent_port}", Alias="slow")
    notebook.submit()
    expect(sidebar.row("slow")).to_contain_text("Connecting")
    page.goto(f"{lab.url}/lab/tree/{notebook.path.name}")
    wait_ready(page)
    sidebar.show()
    expect(sidebar.panel).to_contain_text(f"Could not connect slow (127.0.0.1:{silent_port}).")
