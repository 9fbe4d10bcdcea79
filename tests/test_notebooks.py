"""The notebooks run from top to bottom, and are committed without outputs."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import nbclient
import nbformat
import pytest

from tests.magic.test_live import as_shown

if TYPE_CHECKING:
    from tests.support.kernels import Terminal

EXPECTED = {
    "quickstart": ["[0.3238, 0.1508, … 8]", "● loaded", "('green', 1.0)", "Disconnected default."],
    "tour": ["Nothing stands in the way.", "Disconnected books.", "Disconnected scratch."],
}
NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))

# A fresh IPython each; QUICKSTART_RUNS=10 for a longer look by hand.
RUNS = int(os.environ.get("QUICKSTART_RUNS", "1"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twice, as users do: the second run finds the first one's database."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.chdir(tmp_path)
    for _ in range(2):
        notebook = nbformat.read(path, as_version=4)
        client = nbclient.NotebookClient(notebook, resources={"metadata": {"path": str(tmp_path)}})
        client.execute()
        texts = str([cell.get("outputs") for cell in notebook.cells])
        for text in EXPECTED[path.stem]:
            assert text in texts


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_committed_clean(path: Path) -> None:
    """No outputs or counts that age."""
    for cell in nbformat.read(path, as_version=4).cells:
        assert cell.get("outputs", []) == []
        assert cell.get("execution_count") is None


@pytest.mark.parametrize("run", range(RUNS))
def test_the_quickstart_in_plain_ipython(terminal: Terminal, tmp_path: Path, run: int) -> None:
    """Each cell leaves its value, or one line of ours: no progress, and nobody else's line."""
    path = next(path for path in NOTEBOOKS if path.stem == "quickstart")
    cells = [one.source for one in nbformat.read(path, as_version=4).cells]
    kinds = [one.cell_type for one in nbformat.read(path, as_version=4).cells]
    terminal.execute(f"%cd {tmp_path}")
    shown = []
    for number, (kind, source) in enumerate(zip(kinds, cells, strict=True)):
        if kind != "code":
            continue
        cell = tmp_path / f"{run}-{number}.py"
        cell.write_text(source)
        told = terminal.execute(f"_ = get_ipython().run_cell(open({str(cell)!r}).read())")
        lines = [line for line in as_shown(told, 200) if line.strip()]
        shown.append(lines)
        unfinished = re.compile(r"(File|TCP|gRPC|Sign in|Version|Health|Database) (…|·|✓)")
        assert not any(map(unfinished.search, lines)), lines
    ours = ("Out[", "The panel needs a notebook.", "Disconnected default.")
    assert all(lines[0].startswith(ours) for lines in shown if lines), shown
    assert shown[-1] == ["Disconnected default."]
