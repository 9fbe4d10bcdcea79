"""Which of the languages are for `make test-matrix`."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

#: To compile and link a program of theirs takes as long as twenty other tests.
_SLOW = re.compile(r"(\b|_)(go|java)(\b|_)")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Go and Java are: compiled with the real clients, and run."""
    for item in items:
        if Path(__file__).parent in item.path.parents and _SLOW.search(item.name):
            item.add_marker(pytest.mark.matrix)
