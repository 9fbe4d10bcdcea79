"""The drop-in on other pymilvus versions: the same tests, each time in a process of its own."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from milvus_nb import ConnectError
from tests.support.helpers import sockets_to, wait_until
from tests.support.other_pymilvus import pymilvus_2_6, pymilvus_without_orm, run_tests
from tests.support.servers.milvus import releases

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    from IPython.core.interactiveshell import InteractiveShell

    from tests.support.kernels import Kernel
    from tests.support.servers import MilvusTestServer


@pytest.mark.matrix
def test_with_pymilvus_2_6(milvus: MilvusTestServer, milvus_auth: MilvusTestServer) -> None:
    """The drop-in, its differences, our aliases in the ORM, what others opened, what is hidden."""
    of_registry = ("dropin", "differences", "others")
    of_secrets = (
        "what_a_client_keeps_does_not_show",
        "a_traceback_of_a_clients_call_shows_no_sign_in",
        "a_new_password_shows_no_more_than_the_old_one",
    )
    files = (
        "sdk/test_orm.py",
        *(f"registry/test_{name}.py" for name in of_registry),
        *(f"test_secrets.py::test_{name}" for name in of_secrets),
    )
    assert_passed(run_tests(pymilvus_2_6(), files, milvus, milvus_auth))


@pytest.mark.matrix
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
    assert_passed(run_tests(folder, ["registry/test_dropin.py"], milvus, milvus_auth))


def assert_passed(done: subprocess.CompletedProcess[str]) -> None:
    """Nothing failed, and nothing was left out."""
    assert done.returncode == 0, done.stdout + done.stderr
    assert "passed" in done.stdout
    assert "skipped" not in done.stdout, done.stdout


@pytest.mark.matrix
@pytest.mark.parametrize("release", ["2.2.16", "2.3.0", "2.3.5"])
def test_an_older_server(
    release: str, make_milvus: Callable[..., MilvusTestServer], ip: InteractiveShell
) -> None:
    """Connecting, a wrong password, the doctor, databases, collections, a client, disconnecting."""
    need(release in ("2.3.5", *releases()))
    server = make_milvus(auth=True, release="" if release == "2.3.5" else release)
    ip.run_line_magic("load_ext", "milvus_nb")
    ip.push({"right": server.root_token, "wrong": "root:no"})
    where = f"connect {server.address}"

    def magic(line: str) -> Any:
        return ip.run_line_magic("milvus", line)

    for options, cause in (("--token $wrong", "wrong-password"), ("", "no-credentials")):
        with pytest.raises(ConnectError) as refused:
            magic(f"{where} -a prod {options}")
        assert refused.value.cause == cause
    connection = magic(f"{where} -a prod --token $right")
    assert connection.server_version.startswith("v2.")
    with pytest.raises(ConnectError) as refused:
        magic(f"{where} -a other --db nowhere --token $right")
    assert refused.value.cause == "database-missing"
    assert connection.diagnose().ok
    client = connection.client
    client.create_collection("books", dimension=3, metric_type="L2")
    client.insert("books", [{"id": 1, "vector": [1.0, 0.0, 0.0]}])
    assert "books" in repr(magic("ls prod"))
    assert "FLOAT_VECTOR 3" in repr(magic("describe books -a prod"))
    client.create_database("sales")
    assert "sales" in dict(connection.diagnose().facts)["Databases"]
    assert magic(f"{where} -a sales --db sales --token $right").state == "connected"
    assert "Nothing" not in repr(magic("status"))
    magic("disconnect --all")
    wait_until(lambda: not sockets_to(server.port), what="no socket")


def need(is_there: bool) -> None:
    """Leave a test out where make has not fetched what it needs; where all is wanted, fail."""
    missing = f"not there: make {sys.prefix}/servers.stamp"
    if not is_there and os.environ.get("CI"):
        pytest.fail(missing)
    if not is_there:
        pytest.skip(missing)


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


# What Milvus Lite 2 does as far as it matters here: a process of its own, and a file.
_LITE_2 = """
class ServerManager:
    def __init__(self):
        self._servers = {}

    def start_and_get_uri(self, path, args=None):
        open(path, "w").close()
        self._servers[path] = object()
        return "unix:" + path + ".sock"

server_manager_instance = ServerManager()
"""

LITES = {
    "older": ("__version__ = '2.5.1'", "2.5.1", "pip install -U milvus-lite"),
    "older, without setuptools": ("import pkg_resources_no", "2.5.1", "pip install -U milvus-lite"),
    "older, replaced meanwhile": ("__version__ = '2.4.12'", "", "restart the kernel"),
    "broken": ("raise TypeError('Descriptors cannot be created.')", "3.9", "import milvus_lite"),
}


@pytest.mark.matrix
def test_milvus_lite_2_itself_is_refused(
    milvus: MilvusTestServer, make_kernel: Callable[..., Kernel]
) -> None:
    """Not its stand-in of the next test: nothing of it is started, and no file is left behind."""
    folder = Path(sys.prefix) / "servers" / "milvus-lite-2"
    need(folder.is_dir())
    kernel = make_kernel(PYTHONPATH=str(folder))
    kernel.run("%load_ext milvus_nb")
    for line in ("connect ./demo.db", "doctor ./demo.db"):
        told = kernel.execute(f"%milvus {line}").traceback
        assert "This is Milvus Lite 2.5." in told
        assert "pip install -U milvus-lite" in told
    assert not list(kernel.folder.glob("*demo.db*"))
    assert "connected" in kernel.run(f"%milvus connect {milvus.address}").text
    assert "Disconnected default." in kernel.run("%milvus disconnect").text


@pytest.mark.parametrize("kind", LITES)
def test_another_milvus_lite_gets_a_sentence(
    kind: str, milvus: MilvusTestServer, tmp_path: Path, make_kernel: Callable[..., Kernel]
) -> None:
    """It names the version and the way out, leaves nothing behind, and all else goes on."""
    code, version, fix = LITES[kind]
    package = tmp_path / "site" / "milvus_lite"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(code)
    (package / "server_manager.py").write_text(_LITE_2)
    if version:
        (info := tmp_path / "site" / f"milvus_lite-{version}.dist-info").mkdir()
        (info / "METADATA").write_text(f"Name: milvus-lite\nVersion: {version}\n")
    kernel = make_kernel(PYTHONPATH=str(tmp_path / "site"))
    kernel.run("%load_ext milvus_nb")
    for line in ("connect ./demo.db", "connect ./demo.db", "doctor ./demo.db"):
        found = kernel.execute(f"%milvus {line}")
        assert fix in found.text
        assert f"Milvus Lite {version or '2.4.12'}" in found.text
        assert found.stderr == ""
        assert len(found.traceback.strip().splitlines()) == 3, found.traceback
    assert not list(kernel.folder.glob("*demo.db*"))
    if code.startswith("__version__"):  # its user uses it beside us
        kernel.run(
            "from milvus_lite.server_manager import server_manager_instance as manager\n"
            "manager._servers['other.db'] = object()\n"
            f"import pymilvus; client = pymilvus.MilvusClient('http://127.0.0.1:{milvus.port}')"
        )
    assert "connected" in kernel.run(f"%milvus connect {milvus.address}").text
    assert "connected" in kernel.run("%milvus status").text
