"""Modules that are imported late, by whichever thread needs them first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

# What a cell, a click in the page, and Tab begin with.
_BOTH = """
import sys, threading
from IPython.core.interactiveshell import InteractiveShell
import milvus_nb, milvus_nb.page.late_imports
from milvus_nb.magic.magics import MilvusMagics
magics = MilvusMagics(InteractiveShell.instance())
ways = [
    lambda: magics.milvus("profile list"),
    lambda: milvus_nb.page.late_imports.import_all(),
    lambda: magics.registry,
    lambda: milvus_nb.ConnectionRegistry,
]
at_once = threading.Barrier(len(ways))
def run(way):
    at_once.wait()
    way()
sys.setswitchinterval(1e-5)
threads = [threading.Thread(target=run, args=(way,)) for way in ways]
for thread in threads: thread.start()
for thread in threads: thread.join()
print("all imported" if magics.registry is milvus_nb.connections else "two registries")
"""


@pytest.mark.parametrize("_", range(3))
def test_threads_that_need_us_first_at_once_all_get_whole_modules(
    run_python: Callable[[str], str], _: int
) -> None:
    """None sees a module that another is still importing."""
    told = run_python(_BOTH)
    assert told.strip().endswith("all imported")
    assert "Error" not in told
