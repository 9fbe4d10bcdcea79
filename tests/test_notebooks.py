"""The notebooks run from top to bottom, and are committed without outputs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import nbclient
import nbformat
import pytest
from pymilvus import MilvusClient

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.servers import MilvusTestServer

EXPECTED = {
    "quickstart": ["[0.3238, 0.1508, … 8]", "● loaded", "('green', 1.0)", "Milvus connections of "],
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


def test_the_quickstart_runs_on_a_server_that_wants_a_sign_in(
    milvus_auth: MilvusTestServer,
    make_database: Callable[[MilvusTestServer, str], str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With another address alone, and its results are the same."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("SIGN_IN", milvus_auth.root_token)
    database = make_database(milvus_auth, "quickstart")
    there = f"{milvus_auth.address} --token-env SIGN_IN --db {database} --timeout 20"
    notebook = nbformat.reads(
        NOTEBOOKS[0].read_text(encoding="utf-8").replace("./quickstart.db", there), as_version=4
    )
    try:
        nbclient.NotebookClient(notebook, resources={"metadata": {"path": str(tmp_path)}}).execute()
    finally:
        root = MilvusClient(
            milvus_auth.uri, token=milvus_auth.root_token, db_name=database, dedicated=True
        )
        root.drop_collection("colours")
        root.close()
    texts = str([cell.get("outputs") for cell in notebook.cells])
    for text in EXPECTED["quickstart"]:
        assert text in texts


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_committed_clean(path: Path) -> None:
    """No outputs or counts that age."""
    for cell in nbformat.read(path, as_version=4).cells:
        assert cell.get("outputs", []) == []
        assert cell.get("execution_count") is None
