"""What is said of safety, and of whose work is carried, is so."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent.parent


def test_the_bundles_come_with_the_licences_of_what_is_in_them() -> None:
    """Of each package that JupyterLab does not have itself."""
    wanted = json.loads((ROOT / "lab" / "package.json").read_text("utf-8"))["dependencies"]
    names = {name for name in wanted if not name.startswith(("@jupyterlab/", "@lumino/"))}
    text = (ROOT / "milvus_nb" / "static" / "LICENSES.txt").read_text("utf-8")
    heads = dict(re.findall(r"^(@?[a-z][\w/-]*) [\d.]+ \(([\w.-]+)\)$", text, re.MULTILINE))
    assert heads.keys() >= names >= {"preact"}
    assert text.count("Permission is hereby granted") == len(heads)
    assert text.count("Copyright (c)") >= len(heads)
