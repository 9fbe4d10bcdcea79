"""SECURITY.md: what is said there is shown by a test; and whose work the bundles carry is told."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parent.parent
SECURITY: Final = (ROOT / "SECURITY.md").read_text("utf-8")

# As a file and a function in it, or a function of the file that was named before.
_NAMED: Final = re.compile(r"`(?:tests/)?((?:\w+/)?test_\w+\.py)::(test_\w+)`")


def rows() -> list[str]:
    """Give the rows of its tables, without the heads."""
    found = [line for line in SECURITY.splitlines() if line.startswith("| ")]
    return [line for line in found if not line.startswith(("| who", "| what"))]


def test_what_is_said_has_a_test() -> None:
    """Each row of what somebody can and cannot do names one."""
    bare = [row for row in rows() if not _NAMED.search(row)]
    assert bare == []
    assert len(rows()) > 25


@pytest.mark.parametrize("name", sorted(set(_NAMED.findall(SECURITY))), ids="::".join)
def test_the_tests_that_it_names_exist(name: tuple[str, str]) -> None:
    """Who renames a test has to say so there."""
    file, function = name
    text = (ROOT / "tests" / file).read_text("utf-8")
    assert re.search(rf"^(?:async )?def {function}\(", text, re.MULTILINE)


def test_it_names_no_test_in_another_way() -> None:
    """What looks like the name of a test is one that was looked for."""
    assert len(re.findall(r"\btest_\w+\(?", _NAMED.sub("", SECURITY))) == 0


def test_the_bundles_come_with_the_licences_of_what_is_in_them() -> None:
    """Of each package that JupyterLab does not have itself."""
    wanted = json.loads((ROOT / "lab" / "package.json").read_text("utf-8"))["dependencies"]
    names = {name for name in wanted if not name.startswith(("@jupyterlab/", "@lumino/"))}
    text = (ROOT / "milvus_nb" / "static" / "LICENSES.txt").read_text("utf-8")
    heads = dict(re.findall(r"^(@?[a-z][\w/-]*) [\d.]+ \(([\w.-]+)\)$", text, re.MULTILINE))
    assert heads.keys() >= names >= {"preact"}
    assert text.count("Permission is hereby granted") == len(heads)
    assert text.count("Copyright (c)") >= len(heads)
