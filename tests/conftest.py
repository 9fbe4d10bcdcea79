"""The fixtures all tests share. What is expensive is started when a test first asks for it."""

from __future__ import annotations

import atexit
import builtins
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from filelock import FileLock
from hypothesis import settings
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from milvus_nb import ConnectionRegistry
from tests.helpers import is_listening, threads, wait_until
from tests.kernels import AMBIENT_VARIABLES, Kernel, Terminal
from tests.servers import MilvusTestServer, why_no_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


# An example takes as long as the machine has other things to do.
settings.register_profile("milvus_nb", deadline=None)
settings.load_profile("milvus_nb")


@pytest.fixture(autouse=True)
def _no_ambient_settings(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Keep the developer's own servers, proxies and profiles out of the tests."""
    for variable in AMBIENT_VARIABLES:
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.getbasetemp() / "config"))


def _need_server() -> None:
    if reason := why_no_server():
        pytest.skip(reason)


@pytest.fixture(scope="session")
def _plain_server() -> Iterator[MilvusTestServer]:
    _need_server()
    server = MilvusTestServer()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def _auth_server() -> Iterator[MilvusTestServer]:
    _need_server()
    server = MilvusTestServer(auth=True)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def _tls_server() -> Iterator[MilvusTestServer]:
    _need_server()
    server = MilvusTestServer(tls="server")
    yield server
    server.stop()


@pytest.fixture(scope="session")
def _mutual_tls_server() -> Iterator[MilvusTestServer]:
    _need_server()
    server = MilvusTestServer(tls="mutual", auth=True)
    yield server
    server.stop()


@pytest.fixture
def milvus(_plain_server: MilvusTestServer) -> MilvusTestServer:
    """Give a Milvus server without authorization, shared by all tests."""
    return _alive(_plain_server)


@pytest.fixture
def milvus_auth(_auth_server: MilvusTestServer) -> MilvusTestServer:
    """Give a Milvus server that needs credentials (root:Milvus), shared by all tests."""
    return _alive(_auth_server)


@pytest.fixture
def milvus_tls(_tls_server: MilvusTestServer) -> MilvusTestServer:
    """Give a Milvus server with a certificate, shared by all tests."""
    return _alive(_tls_server)


@pytest.fixture
def milvus_mutual_tls(_mutual_tls_server: MilvusTestServer) -> MilvusTestServer:
    """Give a Milvus server that needs a client certificate and credentials, shared by all."""
    return _alive(_mutual_tls_server)


def _alive(server: MilvusTestServer) -> MilvusTestServer:
    """Bring a shared server back that an earlier test has killed, or left frozen."""
    if server.process is None or server.process.poll() is not None:
        server.restart(wipe=True)
    server.resume()
    return server


@pytest.fixture
def make_milvus() -> Iterator[Callable[..., MilvusTestServer]]:
    """Start servers for one test alone, with the parameters of `MilvusTestServer`."""
    _need_server()
    servers: list[MilvusTestServer] = []

    def start(**parameters: object) -> MilvusTestServer:
        servers.append(MilvusTestServer(**parameters))  # type: ignore[arg-type]  # passed through
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def make_database() -> Iterator[Callable[[MilvusTestServer, str], str]]:
    """Make an empty database on a shared server, and drop it after the test."""
    from pymilvus import MilvusClient

    made: list[tuple[MilvusTestServer, str]] = []

    def on(server: MilvusTestServer, call: str, name: str) -> None:
        token = server.root_token if server.auth else ""
        client = MilvusClient(server.uri, token=token, dedicated=True)
        getattr(client, call)(name)
        client.close()

    def make(server: MilvusTestServer, name: str) -> str:
        on(server, "create_database", name)
        made.append((server, name))
        return name

    yield make
    for server, name in made:
        on(server, "drop_database", name)


@pytest.fixture
def usual_ports() -> Iterator[None]:
    """Have Milvus's usual ports, 19530 and 9091, for oneself: other tests run beside this one."""
    with FileLock(Path(tempfile.gettempdir()) / "milvus-nb-tests-usual-ports.lock"):
        if taken := [port for port in (19530, 9091) if is_listening(port)]:
            pytest.skip(f"taken on this machine: {taken}")
        yield


@pytest.fixture
def connections() -> Iterator[ConnectionRegistry]:
    """Give a registry of the test's own; it must leave no thread behind."""
    found = ConnectionRegistry()
    yield found
    found.shutdown()
    # One that waited for somebody else's blocking call ends after its answer.
    wait_until(lambda: threads("milvus-nb") == [], 20, what="no thread of ours")


@pytest.fixture
def lite_path(tmp_path: Path) -> Path:
    """Give the path of a Milvus Lite file that is not there yet."""
    return tmp_path / "demo.db"


@pytest.fixture
def run_python() -> Callable[[str], str]:
    """Run code in another process of this Python and return what it printed, errors too."""

    def run(code: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        return done.stdout + done.stderr

    return run


@pytest.fixture
def silent_port() -> Iterator[int]:
    """Give a port that accepts connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def make_kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Kernel]]:
    """Start kernels, each with a folder of its own; a keyword is an environment variable."""
    kernels: list[Kernel] = []

    def start(**environment: str) -> Kernel:
        kernels.append(Kernel(tmp_path_factory.mktemp("kernel"), environment))
        return kernels[-1]

    yield start
    for kernel in kernels:
        kernel.stop()


@pytest.fixture
def kernel(make_kernel: Callable[..., Kernel]) -> Kernel:
    """Give a fresh kernel in a process of its own."""
    return make_kernel()


@pytest.fixture
def terminal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terminal]:
    """Give a fresh plain `ipython` in a pseudo-terminal."""
    terminal = Terminal(tmp_path_factory.mktemp("terminal"))
    yield terminal
    terminal.stop()


@pytest.fixture
def ip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[InteractiveShell]:
    """Give a fresh IPython shell inside this process; `get_ipython()` returns it."""
    # What a shell takes over from the interpreter, and does not give back by itself.
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    for name in ("displayhook", "excepthook"):
        monkeypatch.setattr(sys, name, getattr(sys, name))
    names_before = set(vars(builtins))
    config = Config()
    config.HistoryManager.hist_file = str(tmp_path / "history.sqlite")
    config.InteractiveShell.colors = "nocolor"
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance(config=config)
    yield shell
    extensions = shell.extension_manager
    if extensions is not None and "milvus_nb" in extensions.loaded:
        extensions.unload_extension("milvus_nb")
    shell.atexit_operations()
    atexit.unregister(shell.atexit_operations)
    if shell.history_manager is not None:
        shell.history_manager.db.close()
    InteractiveShell.clear_instance()
    for name in set(vars(builtins)) - names_before:
        delattr(builtins, name)
