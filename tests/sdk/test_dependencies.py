"""The bounds of pyproject.toml: the lowest versions that they allow, and the newest there are."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.helpers import output_of

if TYPE_CHECKING:
    from tests.support.servers import MilvusTestServer

ROOT = Path(__file__).parents[2]


@pytest.mark.matrix
@pytest.mark.parametrize("python", ["oldest", "newest"])
@pytest.mark.parametrize("versions", ["lowest", "highest"])
def test_the_whole_way_with_the_versions_that_are_allowed(
    python: str, versions: str, milvus: MilvusTestServer
) -> None:
    """On the oldest and the newest Python here: a server, Milvus Lite, the panel, and back."""
    program = Path(sys.prefix) / "versions" / f"{python}-{versions}" / "bin" / "python"
    if not program.exists():
        pytest.skip(f"not there: make .venv/versions.stamp makes {program.parents[1]}")
    told = output_of(
        [str(program), str(ROOT / "tests/support/smoke.py"), milvus.address],
        180,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert "all went well" in told, told
