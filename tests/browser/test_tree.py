"""What is in the databases of a connection: opened, previewed and taken along in the sidebar."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from pymilvus import MilvusClient

from tests.browser.lab import LOAD, Sidebar, busy_while, write_notebook
from tests.support.exploring import make_vectors
from tests.support.helpers import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Locator, Page, WebSocket

    from tests.browser.lab import JupyterLab, Notebook
    from tests.support.servers import MilvusTestServer

NAME = "opened_in_browser"
MAKE = """
client = connections.client("lite")
client.create_collection("{name}", dimension=4)
client.insert("{name}", [{{"id": 7, "vector": [0.5] * 4, "word": "<b>bold</b>"}}]);
"""


@pytest.fixture
def server(milvus_alone: MilvusTestServer) -> Iterator[MilvusTestServer]:
    """Give a server with a loaded collection of this test."""
    client = MilvusClient(milvus_alone.uri, dedicated=True)
    make_vectors(client, NAME, "FLOAT_VECTOR", "L2", dim=4)
    yield milvus_alone
    client.drop_collection(NAME)
    client.close()


def tree_of(sidebar: Sidebar, alias: str) -> Locator:
    return sidebar.row(alias).get_by_role("tree", name=f"What is in {alias}")


def item(tree: Locator, name: str) -> Locator:
    return tree.get_by_role("treeitem", name=name, exact=True)


def drag(page: Page, what: Locator, where: Locator) -> None:
    """Drag something to where it is dropped."""
    what.hover()
    page.mouse.down()
    where.hover()
    page.mouse.up()


def sources(page: Page) -> list[str]:
    """Give the text of each cell."""
    found: list[str] = page.evaluate(
        "() => [...window.jupyterapp.shell.currentWidget.content.model.cells]"
        ".map(cell => cell.sharedModel.getSource())"
    )
    return found


def test_by_mouse_while_a_cell_runs(
    open_notebook: Callable[..., Notebook], page: Page, server: MilvusTestServer
) -> None:
    """Down to the fields and some rows; a collection is dragged into a cell, which then runs."""
    connect = f"c = %milvus connect {server.address} -a prod --timeout 60"
    notebook = open_notebook(LOAD, connect, busy_while("busy"), "")
    sidebar = Sidebar(page)
    sidebar.show()
    notebook.start_all()
    busy = notebook.lab.work / "busy"
    wait_until(busy.exists)

    sidebar.button("Open prod").click()
    tree = tree_of(sidebar, "prod")
    item(tree, "default").click()
    collection = item(tree, NAME)
    expect(collection).to_have_accessible_description("6 rows · loaded")
    collection.click()
    expect(item(tree, "vector")).to_have_accessible_description("FLOAT_VECTOR 4, FLAT L2")
    item(tree, "Partitions").click()
    expect(item(tree, "_default")).to_be_visible()

    collection.click(button="right")
    sidebar.node.get_by_role("menuitem", name="Preview rows").click()
    rows = tree.get_by_role("region", name=f"Rows of {NAME}")
    expect(rows.get_by_role("row")).to_have_count(7)
    expect(rows).to_contain_text("[0, 0, … 4]")

    drag(page, collection, page.locator(".jp-Notebook .jp-CodeCell .cm-content").last)
    wait_until(lambda: f'client.query("{NAME}"' in sources(page)[3])
    assert 'connections.client("prod")' in sources(page)[3]
    collection.hover()
    tree.get_by_role("button", name=f"Actions for {NAME}").click()
    page.mouse.move(900, 700)  # which hides the button
    page.keyboard.press("Escape")
    expect(collection).to_be_focused()
    assert busy.exists()
    busy.unlink()
    notebook.wait_idle()
    page.locator(".jp-Notebook .jp-CodeCell").last.click()
    notebook.command("notebook:run-cell")
    outputs = page.locator(".jp-Notebook .jp-CodeCell").last.locator(".jp-OutputArea-output")
    expect(outputs.first).to_contain_text("'vector': [0.0, 0.0, 0.0, 0.0]")
    assert "[0, 0, … 4]" not in notebook.save()


def test_code_is_written_for_where_it_is_dropped(
    open_notebook: Callable[..., Notebook], sidebar: Sidebar, milvus_alone: MilvusTestServer
) -> None:
    """For a kernel that has the connection; elsewhere it connects; in a text it stands as code."""
    page = sidebar.page
    connect = f"c = %milvus connect {milvus_alone.address} -a prod --timeout 60"
    name = "dropped_elsewhere"
    client = MilvusClient(milvus_alone.uri, dedicated=True)
    make_vectors(client, name, "FLOAT_VECTOR", "L2", dim=4)
    notebook = open_notebook(LOAD, connect, "")
    notebook.run_all()
    sidebar.show()
    sidebar.button("Open prod").click()
    tree = tree_of(sidebar, "prod")
    item(tree, "default").click()
    collection = item(tree, name)

    drag(page, collection, page.locator(".jp-Notebook .jp-CodeCell .cm-content").last)
    wait_until(lambda: 'connections.client("prod")' in sources(page)[2])
    notebook.command("notebook:insert-cell-below")
    notebook.command("notebook:change-cell-to-markdown")
    text = page.locator(".jp-Notebook .jp-MarkdownCell .cm-content")
    drag(page, collection, text)
    expect(text).to_contain_text("```python")
    expect(text).to_contain_text('connections.client("prod")')

    (notebook.lab.work / "dropped.py").write_text("")
    page.evaluate(
        "() => window.jupyterapp.commands.execute('docmanager:open',"
        " {path: 'dropped.py', options: {mode: 'split-right'}})"
    )
    editor = page.locator(".jp-FileEditor .cm-content")
    drag(page, collection, editor)
    expect(editor).to_contain_text("MilvusClient(")
    expect(editor).not_to_contain_text("milvus_nb")
    client.drop_collection(name)
    client.close()


def test_by_keyboard(open_notebook: Callable[..., Notebook], page: Page) -> None:
    """Opened, previewed, inserted and closed; what a cell makes or drops is seen when it ends."""
    notebook = open_notebook(
        f"{LOAD}\nfrom milvus_nb import connections",
        "c = %milvus connect ./tree.db -a lite --timeout 60",
        MAKE.format(name="books"),
    )
    sidebar = Sidebar(page)
    sidebar.show()
    notebook.run_all()
    press = page.keyboard.press
    sidebar.row("lite").focus()
    press("ArrowRight")
    tree = tree_of(sidebar, "lite")
    expect(item(tree, "default")).to_be_visible()
    press("ArrowRight")
    expect(item(tree, "default")).to_be_focused()
    press("Enter")
    expect(item(tree, "books")).to_have_attribute("aria-level", "2")
    press("b")
    expect(item(tree, "books")).to_be_focused()
    press("ArrowRight")
    expect(item(tree, "vector")).to_have_attribute("aria-level", "3")
    press("Shift+F10")
    preview = sidebar.node.get_by_role("menuitem", name="Preview rows")
    expect(preview).to_be_focused()
    press("Enter")
    rows = tree.get_by_role("region", name="Rows of books")
    expect(rows).to_contain_text("<b>bold</b>")
    expect(item(tree, "books")).to_be_focused()
    rows.focus()
    press("Home")
    expect(rows).to_be_focused()  # it scrolls
    item(tree, "books").focus()
    press("i")
    expect(item(tree, "id")).to_be_focused()
    item(tree, "books").focus()
    press("Shift+F10")
    press("ArrowDown")
    expect(sidebar.node.get_by_role("menuitem", name="Insert code")).to_be_focused()
    press("Enter")
    wait_until(lambda: 'client.query("books"' in "".join(sources(page)))

    notebook.execute(MAKE.format(name="newer"))
    expect(item(tree, "newer")).to_be_visible()
    notebook.execute("client.drop_collection('books')")
    expect(item(tree, "books")).to_have_count(0)
    item(tree, "newer").focus()
    press("ArrowLeft")
    expect(item(tree, "default")).to_be_focused()
    press("ArrowLeft")
    expect(item(tree, "newer")).to_have_count(0)
    press("ArrowLeft")
    expect(sidebar.row("lite")).to_be_focused()
    press("ArrowLeft")
    expect(tree).to_have_count(0)


def test_a_connection_of_another_kernel(
    open_notebook: Callable[..., Notebook],
    lab: JupyterLab,
    page: Page,
    sidebar: Sidebar,
    server: MilvusTestServer,
) -> None:
    """It opens as one's own; a kernel without a notebook here only for as long as it is asked."""
    channels: list[WebSocket] = []

    def on_socket(socket: WebSocket) -> None:
        if "/channels" in socket.url:
            channels.append(socket)
            socket.on("close", lambda _: channels.remove(socket))

    def to(kernel: str) -> list[WebSocket]:
        page.evaluate("0")  # events come in only while something is asked of the page
        return [socket for socket in channels if kernel in socket.url]

    page.on("websocket", on_socket)
    connect = f"c = %milvus connect {server.address} -a far --timeout 60"
    notebook = open_notebook(f"{LOAD}\nfrom milvus_nb import connections", connect)
    notebook.run_all()
    sidebar.show()
    expect(sidebar.row("far")).to_contain_text("Connected")
    notebook.save()
    kernel = page.evaluate_handle(
        "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel"
    )
    far = kernel.evaluate("kernel => kernel.id")
    sidebar.open(write_notebook(lab, "in-front.ipynb", [""]))
    row = sidebar.others.get_by_role("listitem", name="far")
    tree = row.get_by_role("tree", name="What is in far")
    row.focus()
    page.keyboard.press("ArrowRight")
    item(tree, "default").click()
    expect(item(tree, NAME)).to_be_visible()
    make = f"connections.client('far').create_collection('{NAME}_more', dimension=4)"
    kernel.evaluate("(kernel, code) => kernel.requestExecute({code}).done", make)
    expect(item(tree, f"{NAME}_more")).to_be_visible()

    page.evaluate(
        """path => [...window.jupyterapp.shell.widgets('main')]
        .find(widget => widget.sessionContext?.path === path).close()""",
        notebook.path.name,
    )
    expect(tree).to_have_count(0)
    wait_until(lambda: not to(far), what="the end of the closed notebook's connection")
    opener = sidebar.others.get_by_role("button", name="Open far")
    opener.click()
    item(tree, "default").click()
    collection = item(tree, NAME)
    expect(collection).to_have_accessible_description("6 rows · loaded")
    collection.click(button="right")
    sidebar.node.get_by_role("menuitem", name="Insert code").click()
    wait_until(lambda: f'client.query("{NAME}"' in sources(page)[0])
    notebook.run_all()
    outputs = page.locator(".jp-Notebook:visible .jp-OutputArea-output")
    expect(outputs.first).to_contain_text("'vector': [0.0, 0.0, 0.0, 0.0]")
    opener.click()
    expect(tree).to_have_count(0)
    wait_until(lambda: not to(far), what="the end of the connection to the other kernel")
    MilvusClient(server.uri, dedicated=True).drop_collection(f"{NAME}_more")


# To measure a row that was only just placed has the browser lay out the whole page.
COUNT_LAYOUTS = """() => {
  const { setProperty } = CSSStyleDeclaration.prototype;
  const height = Object.getOwnPropertyDescriptor(HTMLElement.prototype, 'offsetHeight');
  window.layouts = 0;
  window.stopCounting = () => {
    CSSStyleDeclaration.prototype.setProperty = setProperty;
    Object.defineProperty(HTMLElement.prototype, 'offsetHeight', height);
  };
  let isPlaced = false;
  CSSStyleDeclaration.prototype.setProperty = function (name, ...value) {
    isPlaced ||= name.startsWith('--milvus-nb');
    return setProperty.call(this, name, ...value);
  };
  Object.defineProperty(HTMLElement.prototype, 'offsetHeight', {
    get() {
      window.layouts += isPlaced && this.closest('.milvus-nb-sidebar') ? 1 : 0;
      isPlaced = false;
      return height.get.call(this);
    },
  });
}"""


def test_a_thousand_collections_are_one_call_and_few_rows(
    open_notebook: Callable[..., Notebook], page: Page
) -> None:
    """Only what can be seen is drawn, measured and asked about, also at the end of the list."""
    names = "[f'c{n:04}' for n in range(1_000)]"
    script = f"""
from pymilvus.grpc_gen import milvus_pb2
from tests.support.servers import HEALTHY, ScriptedMilvus
listed = milvus_pb2.ShowCollectionsResponse(collection_names={names}).SerializeToString()
script = ScriptedMilvus({{**HEALTHY, "ShowCollections": listed,
    "ListDatabases": milvus_pb2.ListDatabasesResponse(db_names=["default"]).SerializeToString()}})
script.__enter__()
from milvus_nb import connections
connections.connect("many", uri=script.address, timeout=60)
def calls(method):
    found = [call for call in script.calls if call.method == method]
    with open(method, "w") as file:
        file.write(str(len(found)))
"""
    root = str(__file__).rsplit("/tests/", 1)[0]
    notebook = open_notebook(f"import sys; sys.path.insert(0, {root!r})\n{LOAD}", script)
    sidebar = Sidebar(page)
    sidebar.show()
    notebook.run_all()
    sidebar.button("Open many").click()
    tree = tree_of(sidebar, "many")
    expect(item(tree, "default")).to_be_visible()
    page.evaluate(COUNT_LAYOUTS)
    item(tree, "default").click()
    expect(item(tree, "c0000")).to_have_attribute("aria-setsize", "1000")
    drawn = tree.get_by_role("treeitem").count()
    assert page.evaluate("() => window.layouts") < drawn / 2
    page.evaluate("window.stopCounting()")
    page.keyboard.press("End")
    expect(item(tree, "c0999")).to_be_focused()
    assert 0 < tree.get_by_role("treeitem").count() < 100

    def counted(method: str) -> int:
        notebook.execute(f"calls({method!r})")
        return int((notebook.lab.work / method).read_text())

    # The last ones are asked about when the scrolling has ended; none between was.
    wait_until(lambda: counted("GetCollectionStatistics") > 0)
    assert counted("GetCollectionStatistics") + counted("Query") < 200
    assert counted("DescribeCollection") == 0
