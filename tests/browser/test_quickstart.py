"""The quickstart, as everybody meets it first: each cell shows its result, and nothing else."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
import pytest
from playwright.sync_api import expect

from tests.browser.lab import JupyterLab

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.browser.lab import Notebook

QUICKSTART = Path(__file__).parents[2] / "notebooks" / "quickstart.ipynb"

# A fresh kernel each; QUICKSTART_RUNS=10 for a longer look by hand.
RUNS = int(os.environ.get("QUICKSTART_RUNS", "1"))


def shown(output: dict[str, Any]) -> str:
    """Give what an output shows as text; nothing where it shows nothing."""
    data = output.get("data", {})
    return "".join(output.get("text", "") or data.get("text/plain", ""))


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterLab]:
    """Give a running JupyterLab with all that comes with it."""
    found = JupyterLab(tmp_path_factory.mktemp("lab"))
    yield found
    found.stop()


@pytest.mark.parametrize("run", range(RUNS))
def test_the_quickstart_in_jupyterlab(open_notebook: Callable[..., Notebook], run: int) -> None:
    """No progress is left, no line is anybody else's; neither on the page nor in the file."""
    cells = [
        cell.source
        for cell in nbformat.read(QUICKSTART, as_version=4).cells
        if cell.cell_type == "code"
    ]
    notebook = open_notebook(*cells)
    notebook.run_all()
    # It ends with a connection to look at.
    expect(notebook.row("default")).to_contain_text("Connected")
    outputs = [cell["outputs"] for cell in json.loads(notebook.save())["cells"]]
    texts = [[text for output in one if (text := shown(output))] for one in outputs]
    beginnings = [
        [],
        ["<Connection default: connected, ./quickstart.db"],
        [],
        [],
        ["6"],
        ["default/default   1 collection"],
        ["default/default/colours   at "],
        ["default/default/colours   3 rows"],
        ["[('green', 1.0), "],
        ["   Alias"],
        ["Milvus connections: "],
    ]
    assert [len(one) for one in texts] == [len(one) for one in beginnings], texts
    for found, expected in zip(texts, beginnings, strict=True):
        assert [text[: len(begin)] for text, begin in zip(found, expected, strict=True)] == expected
    page = notebook.page.locator(".jp-CodeCell").nth(1).locator(".jp-OutputArea-output")
    heights = [box["height"] for one in page.all() if (box := one.bounding_box()) is not None]
    assert len([height for height in heights if height > 0]) == 1
