"""The oldest JupyterLab and Notebook that are supported, with the wheel as users install it.

Their kernel is the oldest that is supported, too: ipykernel 6, which has no subshells.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.lab import PID, JupyterLab, Notebook, Sidebar, busy_while
from tests.support.helpers import sockets_to, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

    from tests.support.servers import MilvusTestServer

pytestmark = pytest.mark.matrix

#: Makes the kernel's process answer for some more time when it is to end.
LINGER = """
async def _linger(restart):
    from asyncio import sleep
    await sleep(1.5)
    return {"status": "ok", "restart": restart}
get_ipython().kernel.do_shutdown = _linger
"""

PYTHON = Path(sys.prefix) / "lab-4.2" / "bin" / "python"


@pytest.fixture(params=["jupyterlab", "notebook"])
def old_lab(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[JupyterLab]:
    """Give a running JupyterLab 4.2, or Notebook 7.2."""
    assert PYTHON.exists(), "make .venv/lab-4.2.stamp"
    found = JupyterLab(tmp_path_factory.mktemp("old"), python=str(PYTHON), app=request.param)
    yield found
    found.stop()


def test_jupyterlab_lists_the_extension() -> None:
    """As enabled and in order, after nothing but `pip install`."""
    done = subprocess.run(
        [PYTHON, "-m", "jupyter", "labextension", "list"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    [line] = [line for line in done.stderr.splitlines() if "milvus_nb" in line]
    assert "enabled" in line
    assert "OK" in line


def test_jupyter_server_lists_the_extension() -> None:
    """As enabled and in order, after nothing but `pip install`."""
    done = subprocess.run(
        [PYTHON, "-m", "jupyter", "server", "extension", "list"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    told = [line for line in (done.stdout + done.stderr).splitlines() if "milvus_nb" in line]
    assert "enabled" in told[0]
    assert "OK" in told[-1]


def test_the_whole_way(old_lab: JupyterLab, page: Page, milvus_auth: MilvusTestServer) -> None:
    """Load, connect, see, disconnect while a cell runs, restart, reconnect."""
    notebook = Notebook(old_lab, page, "old.ipynb", [LINGER + PID, busy_while("busy")])
    sidebar = Sidebar(page)
    sidebar.load()
    page.evaluate(
        "async () => { window.jupyterapp.shell.currentWidget.content.activeCellIndex = 0;"
        " await window.jupyterapp.commands.execute('notebook:run-cell-and-select-next'); }"
    )
    pid = notebook.kernel_pid()
    notebook.connect("lite", Address="./demo.db")
    notebook.connect(
        "prod", Address=milvus_auth.address, sign_in="Password", User="root", Password="Milvus"
    )
    assert len(sockets_to(milvus_auth.port, pid)) == 1

    notebook.command("notebook:run-cell")
    wait_until((old_lab.work / "busy").exists)
    expect(sidebar.node).to_contain_text("What you do here takes effect when it ends.")
    sidebar.button("Disconnect prod").click()
    expect(sidebar.row("prod")).to_contain_text("Connected")
    (old_lab.work / "busy").unlink()
    expect(sidebar.row("prod")).to_have_count(0)
    assert sockets_to(milvus_auth.port, pid) == []

    page.evaluate(
        "() => { void window.jupyterapp.shell.currentWidget.sessionContext.restartKernel(); }"
    )
    expect(sidebar.lost).to_contain_text("The kernel was restarted.")
    sidebar.button("Reconnect what was connected").click()
    expect(sidebar.row("lite")).to_contain_text("Connected")
    expect(sidebar.lost).to_have_count(0)
