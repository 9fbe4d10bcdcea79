"""Other pymilvus versions than the installed one, and a pytest that runs with them.

`run_tests` starts that pytest, with this module as its plugin in the place of `conftest`: there the
servers are those of the process that started it.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import (
    _no_ambient_settings,
    connections,
    ip,
    kernel,
    lite_path,
    make_database,
    make_kernel,
    make_milvus,
    run_python,
    usual_ports,
    way,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.support.servers import MilvusTestServer

__all__ = [
    "_no_ambient_settings", "connections", "ip", "kernel", "lite_path", "make_database",
    "make_kernel", "make_milvus", "milvus", "milvus_auth", "pymilvus_2_6", "pymilvus_without_orm",
    "run_python", "run_tests", "their_registry", "usual_ports", "way",
]  # fmt: skip

ROOT = Path(__file__).parents[2]

_FOLDER = "MILVUS_NB_TEST_PYMILVUS"
_PLAIN = "MILVUS_NB_TEST_PORT"
_AUTH = "MILVUS_NB_TEST_AUTH_PORT"

# What of pymilvus's ORM is a registry of aliases, or goes by one.
_GONE = ("collection", "connections", "db", "index", "partition", "role", "utility")


@contextlib.contextmanager
def their_registry() -> Iterator[Any]:
    """Give pymilvus's own `connections`, and leave it as it was."""
    import pymilvus

    theirs = pymilvus.connections
    configs = dict(theirs._alias_config)
    yield theirs
    for alias in list(theirs._alias_handlers):
        theirs.disconnect(alias)
    theirs._alias_config.clear()
    theirs._alias_config.update(configs)


def pymilvus_2_6() -> Path:
    """Give the folder with pymilvus 2.6: `make test` makes it, PYMILVUS_2_6 names another."""
    folder = Path(os.environ.get("PYMILVUS_2_6", Path(sys.prefix) / "pymilvus-2.6"))
    if not (folder / "pymilvus").is_dir():
        missing = f"not there: pip install --no-deps --target {folder} 'pymilvus==2.6.*'"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    return folder


def pymilvus_without_orm(folder: Path) -> Path:
    """Make a pymilvus as 3.1 will be: the installed one, without its ORM's aliases."""
    import pymilvus

    copy = folder / "pymilvus"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(Path(pymilvus.__file__).parent, copy, ignore=ignored)
    for name in _GONE:
        (copy / "orm" / f"{name}.py").unlink(missing_ok=True)
    (copy / "milvus_client" / "_utils.py").unlink(missing_ok=True)  # makes aliases; nobody uses it
    for file in (copy / "milvus_client").glob("*.py"):
        # It takes the schema classes by way of the module that is gone.
        file.write_text(file.read_text().replace("pymilvus.orm.collection", "pymilvus.orm.schema"))
    public = copy / "__init__.py"
    imports = rf"^from \.orm(\.({'|'.join(_GONE)}))? import (\([^)]*\)|[^(\n]*)\n"
    public.write_text(re.sub(imports, "", public.read_text(), flags=re.MULTILINE))
    return folder


def run_tests(
    folder: Path, files: Sequence[str], plain: MilvusTestServer, auth: MilvusTestServer
) -> subprocess.CompletedProcess[str]:
    """Run files of tests with the pymilvus of a folder, on servers that run already."""
    paths = [str(folder), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(paths),
        _FOLDER: str(folder),
        _PLAIN: str(plain.port),
        _AUTH: str(auth.port),
    }
    command = [sys.executable, "-m", "pytest", "-q", "--noconftest", "-p", __name__]
    return subprocess.run(
        [*command, "-p", "no:cacheprovider", *(f"tests/{file}" for file in files)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )


@dataclass(frozen=True)
class RunningServer:
    """A server that another process has started, on this machine."""

    port: int
    auth: bool = False
    host = "localhost"
    root_token = "root:Milvus"

    @property
    def address(self) -> str:
        return f"{self.host}:{self.port}"

    @property
    def uri(self) -> str:
        return f"http://{self.address}"


@pytest.fixture
def milvus() -> RunningServer:
    """Give the server without authorization."""
    return RunningServer(int(os.environ[_PLAIN]))


@pytest.fixture
def milvus_auth() -> RunningServer:
    """Give the server that needs credentials (root:Milvus)."""
    return RunningServer(int(os.environ[_AUTH]), auth=True)


def pytest_sessionstart() -> None:
    """Make sure that it is the pymilvus that was meant."""
    import pymilvus

    if not Path(pymilvus.__file__).is_relative_to(os.environ[_FOLDER]):
        pytest.exit(f"this is the pymilvus of {pymilvus.__file__}", returncode=3)
