"""What can be done with a connection in its row, and with those that others opened."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.browser.lab import LOAD
from tests.support.helpers import sockets_to
from tests.support.servers import FaultProxy, WebServer

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from tests.browser.lab import Notebook
    from tests.support.servers import MilvusTestServer

OPEN_STORE = """
import pymilvus
class Store:
    pass
store = Store()
store._milvus_client = client = pymilvus.MilvusClient("{uri}", token="root:Milvus", dedicated=True)
"""
HOST = "127.0.7.9"  # of this machine, and its port 9091 is nobody else's


def test_what_others_opened_is_listed_named_and_closed_after_the_word(
    open_notebook: Callable[..., Notebook], page: Page, milvus_auth: MilvusTestServer
) -> None:
    """With the variables that hold it; by keyboard; nothing happens before "Close it"."""
    notebook = open_notebook(LOAD, OPEN_STORE.format(uri=milvus_auth.uri), "%milvus panel")
    notebook.run_all()
    pid = notebook.kernel_pid()
    panel = notebook.panel
    row = notebook.row("client:client")
    for text in ("Connected", "MilvusClient", "used by client, store._milvus_client", "root"):
        expect(row).to_contain_text(text)
    expect(panel.get_by_role("list", name="Opened elsewhere in this kernel")).to_be_visible()
    notebook.choose("client:client", "Ping")
    expect(row).to_contain_text("median")
    row.get_by_role("button", name="More actions for client:client").click()
    use = panel.get_by_role("menuitem", name="Make current")
    expect(use).to_have_attribute("aria-disabled", "true")
    page.keyboard.press("Escape")

    question = panel.get_by_role("group", name="Disconnect client:client?")
    disconnect = notebook.button("Disconnect client:client")
    disconnect.focus()
    page.keyboard.press("Enter")
    expect(question).to_contain_text(
        "client and store._milvus_client use it and will stop working."
    )
    expect(notebook.button("Keep it")).to_be_focused()
    page.keyboard.press("Escape")
    expect(question).to_have_count(0)
    expect(disconnect).to_be_focused()
    page.keyboard.press("Enter")
    expect(notebook.button("Keep it")).to_be_focused()
    page.keyboard.press("Enter")
    expect(question).to_have_count(0)
    assert sockets_to(milvus_auth.port, pid)

    disconnect.click()
    notebook.button("Close it").click()
    expect(row).to_have_count(0)
    assert sockets_to(milvus_auth.port, pid) == []
    expect(panel).to_contain_text("Disconnected client:client.")
    expect(notebook.button("Reconnect client:client")).to_have_count(0)
    expect(notebook.button("Dismiss client:client")).to_be_focused()


def test_what_others_opened_appears_and_goes_by_itself(
    open_notebook: Callable[..., Notebook], milvus_auth: MilvusTestServer
) -> None:
    """Within a heartbeat or two, while a page shows the panel."""
    notebook = open_notebook(LOAD, "%milvus panel")
    notebook.run_all()
    expect(notebook.panel).to_contain_text("No connections in this kernel")
    notebook.execute(OPEN_STORE.format(uri=milvus_auth.uri))
    expect(notebook.row("client:client")).to_contain_text("Connected")
    notebook.execute("client.close()")
    expect(notebook.row("client:client")).to_have_count(0)


def test_an_alias_for_what_others_opened(
    open_notebook: Callable[..., Notebook], page: Page, milvus_auth: MilvusTestServer
) -> None:
    """By keyboard; a taken one is refused in place; it is still asked about before it is closed."""
    notebook = open_notebook(
        LOAD, f"%milvus connect {milvus_auth.address} -a taken --token root:Milvus",
        OPEN_STORE.format(uri=milvus_auth.uri), "%milvus panel",
    )  # fmt: skip
    notebook.run_all()
    notebook.button("Give an alias to client:client").click()
    expect(notebook.field("Alias")).to_be_focused()
    expect(notebook.field("Alias")).to_have_value("client")
    page.keyboard.press("Escape")
    expect(notebook.field("Alias")).to_have_count(0)
    expect(notebook.button("Give an alias to client:client")).to_be_focused()
    page.keyboard.press("Enter")
    expect(notebook.field("Alias")).to_be_focused()
    page.keyboard.type("taken")
    page.keyboard.press("Enter")
    expect(notebook.panel.get_by_role("alert")).to_contain_text("The alias taken is taken.")
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("store")
    page.keyboard.press("Enter")
    expect(notebook.row("client:client")).to_have_count(0)
    row = notebook.row("store")
    expect(row).to_be_focused()
    expect(row).to_contain_text("current")
    expect(row).to_contain_text("used by client, store._milvus_client")
    expect(notebook.panel).to_contain_text("client:client has the alias store now.")
    notebook.button("Disconnect store").click()
    notebook.button("Close it").click()
    expect(row).to_have_count(0)
    expect(notebook.button("Reconnect store")).to_be_visible()


def test_a_connection_is_copied_as_code(
    open_notebook: Callable[..., Notebook], page: Page, milvus_auth: MilvusTestServer
) -> None:
    """In a language of choice, without its secret, in colours; also without a clipboard."""
    notebook = open_notebook(
        LOAD,
        f"%milvus connect {milvus_auth.address} -a prod --token root:Milvus",
        "%milvus code prod --lang python",
        "%milvus connect ./demo.db -a lite",
        "%milvus panel",
    )
    notebook.run_all()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    read = "() => navigator.clipboard.readText()"
    notebook.choose("prod", "Copy as code")
    row = notebook.row("prod")
    language = row.get_by_role("combobox", name="Language")
    expect(language).to_be_focused()
    expect(row).to_contain_text("%load_ext milvus_nb")
    language.select_option("python")
    expect(row).to_contain_text("MilvusClient(")
    in_cell = page.locator(".jp-OutputArea pre:has([style]) [style]").all_text_contents()
    assert row.locator("pre [data-kind]").all_text_contents() == in_cell
    language.press("Tab")
    expect(row.get_by_role("button", name="Copy", exact=True)).to_be_focused()
    page.keyboard.press("Enter")
    expect(row.get_by_role("status")).to_have_text("Copied")
    copied = page.evaluate(read)
    assert copied == row.locator("pre").text_content()
    assert 'os.environ["MILVUS_PASSWORD"]' in copied
    compile(copied, "copied", "exec")
    page.keyboard.press("Escape")
    expect(language).to_have_count(0)
    expect(notebook.button("More actions for prod")).to_be_focused()

    notebook.choose("prod", "Copy as code")  # the language is remembered
    language.select_option("go")
    expect(row).to_contain_text("milvusclient")
    # As in a page that came over plain http from elsewhere.
    page.evaluate("() => Object.defineProperty(navigator, 'clipboard', "
                  "{value: undefined, configurable: true})")  # fmt: skip
    notebook.button("Copy").click()
    expect(row.get_by_role("status")).to_have_text("Copied")
    page.evaluate("() => { delete navigator.clipboard; }")
    assert page.evaluate(read).strip() == str(row.locator("pre").text_content()).strip()
    notebook.button("Close").click()
    expect(row.locator("pre")).to_have_count(0)

    notebook.choose("lite", "Copy as code")
    lite = notebook.row("lite")
    expect(lite.get_by_role("alert")).not_to_be_empty()  # Go has no Milvus Lite
    lite.get_by_role("combobox", name="Language").select_option("orm")
    expect(lite).to_contain_text("demo.db")


def test_the_details_tell_what_the_server_says_over_http(
    open_notebook: Callable[..., Notebook], page: Page, milvus: MilvusTestServer
) -> None:
    """They open at once and fill in; pages are links that tell them nothing of ours."""
    pages = {
        "/healthz": (200, b'{"state":"OK","detail":[]}'),
        "/webui/": (200, b"<title>WebUI</title>"),
    }
    with FaultProxy(("127.0.0.1", milvus.port), host=HOST) as way, WebServer(
        pages, host=HOST, port=9091
    ):  # fmt: skip
        notebook = open_notebook(LOAD, f"%milvus connect {HOST}:{way.port} -a lab", "%milvus panel")
        notebook.run_all()
        notebook.choose("lab", "Details")
        row = notebook.row("lab")
        for text in ("Last check", "/v1/vector/collections", f"{HOST}:9091/healthz: OK"):
            expect(row).to_contain_text(text)
        expect(row).to_contain_text("Asked over HTTP")
        link = row.get_by_role("link", name="webui")
        assert link.get_attribute("href") == f"http://{HOST}:9091/webui/"
        assert link.get_attribute("rel") == "noopener noreferrer"
        with page.context.expect_page() as opened:
            link.click()
        expect(opened.value).to_have_title("WebUI")
