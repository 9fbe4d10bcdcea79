"""What is pasted into the form: it is filled in, and the secret stays in the kernel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.browser.lab import ALL_TEXT, LOAD, SAVE_WIDGETS

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from tests.browser.lab import Notebook
    from tests.support.servers import MilvusTestServer

SECRET = "Quagga:Zebra-71"
DROP = """(box, text) => {
  const dataTransfer = new DataTransfer();
  dataTransfer.setData('text/plain', text);
  const event = new DragEvent('drop', {dataTransfer, bubbles: true, cancelable: true});
  if (box.dispatchEvent(event)) {
    box.value = text; // as the browser would
  }
}"""


def test_a_pasted_line_fills_the_form_and_its_secret_is_nowhere(
    open_notebook: Callable[..., Notebook], page: Page, milvus_auth: MilvusTestServer
) -> None:
    """Not in the DOM, a box, the storage, the undo history, nor the saved notebook; it connects."""
    notebook = open_notebook(LOAD, "%milvus panel")
    notebook.run_all()
    notebook.open_form()
    panel = notebook.panel
    notebook.paste(
        "Address",
        f"from pymilvus import MilvusClient\n\nclient = MilvusClient(\n"
        f'    uri="{milvus_auth.uri}",\n    token="root:{SECRET}",\n    timeout=7,\n)\n',
    )
    expect(panel).to_contain_text("Filled in from the pasted pymilvus code.")
    found = str(page.evaluate(ALL_TEXT))
    assert "Zebra" not in found
    expect(notebook.field("Address")).to_have_value(milvus_auth.address)
    expect(panel.get_by_role("radio", name="Password")).to_be_checked()
    expect(notebook.field("User")).to_have_value("root")
    expect(notebook.field("Password")).to_have_attribute("placeholder", "came with the paste")
    expect(notebook.field("Timeout (s)")).to_have_value("7")
    expect(notebook.field("Address")).to_be_focused()
    for _ in range(3):
        page.keyboard.press("ControlOrMeta+z")
    assert "Zebra" not in str(page.evaluate(ALL_TEXT))

    notebook.submit()
    expect(panel.get_by_role("alert")).to_contain_text("Wrong password for user root")
    notebook.field("Address").evaluate(DROP, f"curl -u root:{SECRET} {milvus_auth.uri}")
    expect(panel).to_contain_text("Filled in from the pasted curl line.")
    assert "Zebra" not in str(page.evaluate(ALL_TEXT))
    line = f"connect -uri http://root:Milvus@{milvus_auth.address}"
    notebook.paste("Address", line)
    expect(panel).to_contain_text("Filled in from the pasted Milvus CLI line.")
    expect(panel.get_by_role("alert")).to_have_count(0)
    notebook.field("Alias").fill("prod")
    notebook.submit()
    expect(notebook.row("prod")).to_contain_text("Connected")
    page.evaluate(SAVE_WIDGETS)
    for text in (str(page.evaluate(ALL_TEXT)), notebook.save()):
        assert "Zebra" not in text
        assert "root:Milvus" not in text


def test_what_cannot_be_read_is_told_and_typed_credentials_leave_the_address(
    open_notebook: Callable[..., Notebook], page: Page, milvus_auth: MilvusTestServer
) -> None:
    """What else was typed stays; a plain address goes into the box as it is.

    Credentials leave when the box is left, and by Enter; not even undo brings them back.
    """
    notebook = open_notebook(LOAD, "%milvus panel")
    notebook.run_all()
    notebook.fill_form(Alias="mine", Database="sales")
    notebook.paste("Address", "dear diary, my password is Zebra-71")
    expect(notebook.panel.get_by_role("alert")).not_to_be_empty()
    expect(notebook.field("Address")).to_have_value("")
    expect(notebook.field("Alias")).to_have_value("mine")
    expect(notebook.field("Database")).to_have_value("sales")
    assert "Zebra" not in str(page.evaluate(ALL_TEXT))
    notebook.paste("Address", " localhost:19530\n")
    expect(notebook.field("Address")).to_have_value(" localhost:19530")
    notebook.button("Cancel").click()
    notebook.open_form()
    for key in ("Tab", "Enter"):
        notebook.field("Address").focus()
        page.keyboard.press("ControlOrMeta+a")
        page.keyboard.type(f"http://root:Zebra-{key}@{milvus_auth.address}")
        page.keyboard.press(key)
        expect(notebook.field("Address")).to_have_value(milvus_auth.address)
        expect(notebook.field("User")).to_have_value("root")
        expect(notebook.field("Alias" if key == "Tab" else "Address")).to_be_focused()
        for field in ("Address", "Password"):
            notebook.field(field).focus()
            for _ in range(3):
                page.keyboard.press("ControlOrMeta+z")
        assert "Zebra" not in str(page.evaluate(ALL_TEXT))
    expect(notebook.row("default")).to_have_count(0)  # nothing was sent on
    notebook.submit()
    expect(notebook.panel.get_by_role("alert")).to_contain_text("Wrong password for user root")


def test_a_secret_pasted_into_a_cell_leaves_it(
    open_notebook: Callable[..., Notebook], page: Page, milvus_auth: MilvusTestServer
) -> None:
    """JupyterLab shows and saves the line that asks for the password instead."""
    line = f'%milvus connect MilvusClient("{milvus_auth.uri}", token="root:Milvus")'
    notebook = open_notebook(LOAD, f"before = 1\n{line}")
    assert "root:Milvus" in str(page.evaluate(ALL_TEXT))
    notebook.run_all()
    better = f"%milvus connect {milvus_auth.address} --user root --ask"
    expect(page.locator(".jp-Notebook")).to_contain_text(better)
    assert "root:Milvus" not in str(page.evaluate(ALL_TEXT))
    saved = notebook.save()
    assert better in saved
    assert "root:Milvus" not in saved
