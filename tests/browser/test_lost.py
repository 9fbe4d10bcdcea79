"""What is clicked is done once, or not at all, whatever becomes of the message or its answer."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.lab import LOAD, PID, JupyterLab, Notebook, Sidebar
from tests.support.helpers import sockets_to, wait_until
from tests.support.servers import FaultProxy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Page

    from tests.support.servers import MilvusTestServer

#: Ends the subshells of the kernel, as it does itself with those that are not used.
_END = """
thread = get_ipython().kernel.shell_channel_thread
for one in thread.manager.list_subshell():
    thread.io_loop.add_callback(thread.manager._delete_subshell, one)
"""


@pytest.fixture
def network(lab: JupyterLab) -> Iterator[FaultProxy]:
    """Give what is between the browser and the Jupyter server."""
    with FaultProxy(("127.0.0.1", lab.port)) as proxy:
        yield proxy


@pytest.fixture
def open_afar(
    lab: JupyterLab, network: FaultProxy, page: Page, milvus: MilvusTestServer
) -> Iterator[Callable[[str], Notebook]]:
    """Open a notebook with a connection through that network."""
    afar = copy.copy(lab)
    afar.port = network.port

    def make(alias: str) -> Notebook:
        (lab.work / "pid").unlink(missing_ok=True)
        cells = [LOAD, f"c = %milvus connect {milvus.address} -a {alias}", PID]
        notebook = Notebook(afar, page, f"{alias}.ipynb", cells)
        notebook.run_all()
        return notebook

    yield make
    network.pass_through()
    page.evaluate("() => window.jupyterapp?.serviceManager.sessions.shutdownAll()")


def test_a_question_whose_subshell_has_ended_is_answered(
    open_notebook: Callable[..., Notebook], sidebar: Sidebar
) -> None:
    """The kernel may end a subshell in the moment in which a page counts on it."""
    notebook = open_notebook(LOAD, "c = %milvus connect ./lite.db -a lite")
    notebook.run_all()
    sidebar.show()
    sidebar.button("More actions for lite").click()
    sidebar.panel.get_by_role("menuitem", name="Ping").click()
    expect(sidebar.row("lite")).to_contain_text("median")
    notebook.execute(_END)
    sidebar.button("Disconnect lite").click()
    expect(sidebar.row("lite")).to_have_count(0)


@pytest.mark.matrix
def test_a_click_that_the_network_has_swallowed_is_done(
    open_afar: Callable[[str], Notebook],
    network: FaultProxy,
    sidebar: Sidebar,
    milvus: MilvusTestServer,
) -> None:
    """It is asked again when JupyterLab has a websocket that works."""
    pid = open_afar("swallowed").kernel_pid()
    sidebar.show()
    expect(sidebar.row("swallowed")).to_contain_text("Connected")
    network.blackhole()
    sidebar.button("Disconnect swallowed").click()
    expect(sidebar.row("swallowed")).to_have_attribute("aria-busy", "true")
    network.pass_through()
    network.reset_all()
    expect(sidebar.row("swallowed")).to_have_count(0)
    assert sockets_to(milvus.port, pid) == []


@pytest.mark.matrix
def test_what_arrives_when_nobody_waits_for_it_any_more_is_not_done(
    open_afar: Callable[[str], Notebook],
    network: FaultProxy,
    sidebar: Sidebar,
    milvus: MilvusTestServer,
) -> None:
    """A websocket that is stuck delivers what was clicked later; the page has said so by then."""
    pid = open_afar("stuck").kernel_pid()
    sidebar.show()
    row = sidebar.row("stuck")
    expect(row).to_contain_text("Connected")
    network.hold()
    sidebar.button("Disconnect stuck").click()
    expect(sidebar.node).to_contain_text("The kernel has not answered for")
    expect(sidebar.node).to_contain_text("it will not be done any more")
    network.pass_through()
    expect(row).to_contain_text("Connected")
    expect(sidebar.node).not_to_contain_text("The kernel has not answered for")
    assert len(sockets_to(milvus.port, pid)) == 1
    sidebar.button("Disconnect stuck").click()
    expect(row).to_have_count(0)
    wait_until(lambda: sockets_to(milvus.port, pid) == [])
