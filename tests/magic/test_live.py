"""Progress: shown while it is slow, gone when it ends; nothing is left of it in any front end."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import nbclient
import nbformat
import pytest

from tests.support.helpers import wait_until
from tests.support.kernels import Kernel, Terminal
from tests.support.servers import FaultProxy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.kernels import Execution
    from tests.support.servers import MilvusTestServer

QUICKSTART = Path(__file__).parents[2] / "notebooks" / "quickstart.ipynb"

# A way so slow that a connect shows how far it is.
_SLOW_S = 0.1


@pytest.fixture
def slow(milvus: MilvusTestServer) -> Iterator[FaultProxy]:
    """Give a slow way to a Milvus server."""
    with FaultProxy(("127.0.0.1", milvus.port)) as proxy:
        proxy.delay(_SLOW_S)
        yield proxy


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    """Give a kernel with the extension, the same for all tests here."""
    kernel = Kernel(tmp_path_factory.mktemp("kernel"))
    kernel.run("%load_ext milvus_nb")
    yield kernel
    kernel.stop()


def progress(execution: Execution) -> int:
    """Count the times that stages were shown."""
    sent = [*execution.contents("display_data"), *execution.contents("update_display_data")]
    return sum("Resolve" in str(one["data"]) for one in sent)


def left_over(execution: Execution) -> list[str]:
    """Give the displayed outputs as they are in the end, without those that show nothing."""
    shown: dict[str, str] = {}
    for kind in ("display_data", "update_display_data"):
        for one in execution.contents(kind):
            name = one.get("transient", {}).get("display_id", str(len(shown)))
            shown[name] = "".join(one["data"].values())
    return [text for text in shown.values() if text]


def test_progress_goes_away_when_a_cell_has_connected(loaded: Kernel, slow: FaultProxy) -> None:
    """Several connects in a cell each show theirs, and leave their values alone."""
    told = loaded.run(
        f"%milvus connect {slow.address} -a a\n%milvus connect {slow.address} --user root "
        f"--password x -a b\n%milvus connect {slow.address} --db default -a c",
        cell_id="cell-1",
    )
    assert progress(told) >= 2
    assert left_over(told) == []
    assert told.result is not None
    loaded.run("%milvus disconnect --all")


def test_progress_goes_away_when_it_fails(loaded: Kernel, silent_port: int) -> None:
    """What is left says why, in its own words."""
    told = loaded.execute(f"%milvus connect 127.0.0.1:{silent_port} --timeout 1", cell_id="cell-1")
    assert progress(told) > 0
    assert left_over(told) == []
    assert told.error is not None


def test_progress_goes_away_with_ctrl_c(loaded: Kernel, silent_port: int) -> None:
    """No stage goes on running in the output."""
    cell = loaded.submit(f"%milvus connect 127.0.0.1:{silent_port} --timeout 60", cell_id="cell-1")
    seen = wait_until(lambda: _stage_message(loaded), what="progress")
    loaded.interrupt()
    told = loaded.finish(cell)
    told.messages.insert(0, seen)
    assert left_over(told) == []
    assert "Cancelled" in told.traceback


def _stage_message(kernel: Kernel) -> dict[str, object]:
    message: dict[str, object] = kernel.client.get_iopub_msg(timeout=20)
    return message if "Resolve" in str(message["content"]) else {}


def test_a_report_takes_the_place_of_its_progress(loaded: Kernel, slow: FaultProxy) -> None:
    """``doctor`` shows one table of stages, the finished one."""
    told = loaded.run(f"%milvus doctor {slow.address}", cell_id="cell-1")
    assert progress(told) > 1
    (report,) = left_over(told)
    assert "Nothing stands in the way." in report


@pytest.mark.parametrize("command", ["connect", "doctor"])
def test_no_progress_where_it_could_not_be_taken_back(
    loaded: Kernel, slow: FaultProxy, command: str
) -> None:
    """A console shows each output once; nobody watches nbclient and papermill."""
    told = loaded.run(f"%milvus {command} {slow.address}")
    assert told.contents("update_display_data") == []
    assert progress(told) == (command == "doctor")
    loaded.run("%milvus disconnect --all")


def test_a_notebook_that_nobody_watches_holds_results_alone(
    slow: FaultProxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One output a cell, under nbclient."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    cells = ["%load_ext milvus_nb", f"%milvus connect {slow.address}", "%milvus doctor"]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    nbclient.NotebookClient(notebook).execute()
    assert [len(cell.outputs) for cell in notebook.cells] == [0, 1, 1]


def test_a_terminal_is_left_with_the_value_alone(terminal: Terminal, slow: FaultProxy) -> None:
    """Progress is one line, which is written over; also in a narrow window."""
    terminal.execute("%load_ext milvus_nb")
    for columns in (200, 40):
        terminal.process.setwinsize(50, columns)
        told = terminal.execute(f"%milvus connect {slow.address} -a a{columns}")
        assert " ✓ " in told
        lines = as_shown(told, columns)
        assert lines[0].startswith("Out["), lines
        assert terminal.execute(f"%milvus disconnect a{columns}").startswith("Disconnected")


def test_a_terminal_keeps_no_progress_of_what_fails(terminal: Terminal, silent_port: int) -> None:
    """The error begins its own line."""
    terminal.execute("%load_ext milvus_nb")
    told = terminal.execute(f"%milvus connect 127.0.0.1:{silent_port} --timeout 1")
    lines = as_shown(told, 200)
    assert not any("TCP" in line and "…" in line for line in lines), lines


def as_shown(text: str, columns: int) -> list[str]:
    """Give the lines that a terminal shows: a carriage return writes over; long lines wrap."""
    lines: list[str] = []
    for line in text.split("\n"):
        shown = ""
        *progress, value = line.split("\r")
        assert all(len(part) < columns for part in progress), "progress wraps"
        for part in (*progress, value):
            shown = part + shown[len(part) :]
        lines.append(shown.rstrip())
    return [line for line in lines if line]


@pytest.mark.parametrize("_", range(int(os.environ.get("QUICKSTART_RUNS", "1"))))
def test_the_quickstart_in_a_terminal(tmp_path: Path, _: int) -> None:
    """Each cell shows its result, and nothing else: no progress, no line of anybody else's."""
    notebook = nbformat.read(QUICKSTART, as_version=4)
    expected = [
        "",
        "Out[2]: <Connection default: connected, ./quickstart.db",
        "",
        "",
        "Out[5]: 6",
        "Out[6]:\ndefault/default   1 collection",
        "Out[7]:\ndefault/default/colours   at ",
        "Out[8]:\ndefault/default/colours   3 rows",
        "Out[9]: [('green', 1.0), ",
        "Out[10]:",
        "The panel needs a notebook. ",
    ]
    terminal = Terminal(tmp_path)
    try:
        told = []
        for cell in notebook.cells:
            if cell.cell_type == "code":
                # As it is typed; a cell of several lines at a time, as the editor sends it.
                line = cell.source
                if "\n" in line:
                    line = f"_ = get_ipython().run_cell({line!r}, store_history=False)"
                told.append("\n".join(as_shown(terminal.execute(line), 200)))
    finally:
        terminal.stop()
    for text, begin in zip(told, expected, strict=True):
        assert text[: len(begin) or None] == begin, told
        if "colours" not in text:  # what is in the database is told with such signs
            assert "…" not in text, text
            assert "·" not in text, text
