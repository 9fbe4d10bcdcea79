"""What ``%load_ext`` costs: ours, JupySQL's, and one that does nothing."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.report import Figures, in_turns

_LOAD = """
import sys, time
sys.path.insert(0, {folder!r})
from IPython.core.interactiveshell import InteractiveShell
ip = InteractiveShell.instance()
start = time.perf_counter()
ip.run_line_magic("load_ext", {name!r})
print("took", time.perf_counter() - start)
"""


def run(runs: int = 10) -> list[Figures]:
    """Measure in a fresh process each time."""
    with tempfile.TemporaryDirectory() as folder:
        empty = Path(folder) / "empty_extension.py"
        empty.write_text("def load_ipython_extension(ip):\n    pass\n")

        def load(name: str) -> float:
            code = _LOAD.format(folder=folder, name=name)
            done = subprocess.run(
                [sys.executable, "-c", code], capture_output=True, text=True, check=True
            )
            return float(done.stdout.rpartition("took ")[2])

        return [
            in_turns(
                "%load_ext in a fresh process",
                runs,
                {
                    "milvus_nb": lambda: load("milvus_nb"),
                    "sql (JupySQL)": lambda: load("sql"),
                    "the limit: an empty extension": lambda: load("empty_extension"),
                },
            )
        ]
