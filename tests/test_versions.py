"""The drop-in on other pymilvus versions: the same tests, each time in a process of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.other_pymilvus import pymilvus_2_6, pymilvus_without_orm, run_tests

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    from tests.kernels import Kernel
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


OTHERS = {
    "older": ("from_installed", "2.6.15"),
    "newer": ("from_installed", "4.0.0"),
    "between": ("from_installed", "3.0.0"),
    "broken": ("raise TypeError('Descriptors cannot be created directly.')", ""),
    "missing": ("raise ModuleNotFoundError('no', name='pymilvus')", ""),
    "half missing": ("raise ModuleNotFoundError('no', name='ujson')", ""),
}


@pytest.mark.parametrize("kind", OTHERS)
def test_what_needs_no_client_goes_on_with_any_pymilvus(
    kind: str, milvus: MilvusTestServer, tmp_path: Path, make_kernel: Callable[..., Kernel]
) -> None:
    """A kernel may have another one, or none: a sentence says so, where a client is wanted."""
    code, version = OTHERS[kind]
    if version:
        code = (
            "import sys\n"
            "sys.path.remove(PATH); del sys.modules['pymilvus']\n"
            "import pymilvus\n"
            f"pymilvus.__version__ = {version!r}\n"
            # What 2.6.15 and 3.0.0 have not; others have other gaps.
            "import pymilvus.client.connection_manager as manager\n"
            "del manager.ManagedConnection.__dataclass_fields__['connect_timeout']\n"
        ).replace("PATH", repr(str(tmp_path)))
    (tmp_path / "pymilvus").mkdir()
    (tmp_path / "pymilvus" / "__init__.py").write_text(code)
    kernel = make_kernel(PYTHONPATH=str(tmp_path))
    kernel.run("%load_ext milvus_nb")
    assert "connected" in kernel.run(f"%milvus connect {milvus.address}").text
    for line in ("status", "ping", "doctor", "code"):
        assert kernel.run(f"%milvus {line}").text
    for line in ("client", "client --async"):
        failed = kernel.execute(f"%milvus {line}").traceback
        assert version in failed
        assert "pip install" in failed or "import pymilvus" in failed
        assert len(failed.strip().splitlines()) == 3, failed
    kernel.run("%milvus disconnect default\n%unload_ext milvus_nb")
