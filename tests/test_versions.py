"""The drop-in on other pymilvus versions: the same tests, each time in a process of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.other_pymilvus import pymilvus_2_6, pymilvus_without_orm, run_tests

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    from tests.servers import MilvusTestServer

pytestmark = pytest.mark.timeout(300)


def test_with_pymilvus_2_6(milvus: MilvusTestServer, milvus_auth: MilvusTestServer) -> None:
    """The drop-in, its differences, our aliases in the ORM, and what others opened."""
    files = ("test_dropin.py", "test_differences.py", "test_orm.py", "test_others.py")
    assert_passed(run_tests(pymilvus_2_6(), files, milvus, milvus_auth))


def test_without_an_orm(
    milvus: MilvusTestServer,
    milvus_auth: MilvusTestServer,
    tmp_path: Path,
    run_python: Callable[[str], str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The drop-in needs no `pymilvus.connections`; 3.1 will have none."""
    folder = pymilvus_without_orm(tmp_path)
    with monkeypatch.context() as patch:
        patch.setenv("PYTHONPATH", str(folder))
        told = run_python("import pymilvus; print(pymilvus.__file__); pymilvus.connections")
        assert str(folder) in told
        assert "AttributeError" in told
        assert "ModuleNotFoundError" in run_python("import pymilvus.orm.connections")
    assert_passed(run_tests(folder, ["test_dropin.py"], milvus, milvus_auth))


def assert_passed(done: subprocess.CompletedProcess[str]) -> None:
    """Nothing failed, and nothing was left out."""
    assert done.returncode == 0, done.stdout + done.stderr
    assert "passed" in done.stdout
    assert "skipped" not in done.stdout, done.stdout
