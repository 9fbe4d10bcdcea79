"""The notebooks run from top to bottom, and are committed without outputs."""

from __future__ import annotations

from pathlib import Path

import nbclient
import nbformat
import pytest

EXPECTED = {
    "quickstart": ["[0.3238, 0.1508, … 8]", "● loaded", "('green', 1.0)", "Disconnected default."],
    "tour": ["Nothing stands in the way.", "Disconnected books.", "Disconnected scratch."],
}
NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))


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
