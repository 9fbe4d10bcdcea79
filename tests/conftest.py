"""The fixtures all tests share. What is expensive is started when a test first asks for it."""

from __future__ import annotations

import atexit
import builtins
import gc
import os
import socket
import subprocess
import sys
import tempfile
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from filelock import FileLock
from hypothesis import settings
from hypothesis.internal.conjecture import providers
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config
from xdist.scheduler import LoadScopeScheduling

from milvus_nb import ConnectionRegistry
from tests.support.helpers import is_listening, threads, wait_until
from tests.support.kernels import AMBIENT_VARIABLES, Kernel, Terminal
from tests.support.servers import FaultProxy, MilvusTestServer, why_no_server
from tests.support.servers.shared import SharedServers, ask, wait_for
from tests.support.shared_kernel import Kernels

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator


# With it jsonschema, which Jupyter imports, takes a second to build a grammar of addresses.
sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment]  # as if it were not installed

# An example takes as long as the machine has other things to do. The suite tries the same examples
# each time, so that it fails where the code does and not by chance; who looks for more says
# `--hypothesis-profile=free`. What constants a worker has loaded depends on what it ran before.
settings.register_profile("milvus_nb", deadline=None, derandomize=True, database=None)
settings.register_profile("free", deadline=None)
settings.load_profile("milvus_nb")
providers._get_local_constants = lambda: providers._local_constants


@pytest.fixture(autouse=True)
def _no_ambient_settings(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Keep the developer's own servers, proxies and profiles out of the tests."""
    for variable in AMBIENT_VARIABLES:
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.getbasetemp() / "config"))


@pytest.fixture(autouse=True)
def _no_lite_file_stays_open(request: pytest.FixtureRequest) -> Iterator[None]:
    """Release the Milvus Lite files of a test, which pymilvus would serve until this process ends.

    The next test in this process may count them.
    """
    yield
    lite = sys.modules.get("milvus_lite.server_manager")
    folder = getattr(request.node, "funcargs", {}).get("tmp_path")
    if lite is None or folder is None:
        return
    for path in list(lite.server_manager_instance._servers):
        if path.startswith(str(folder)):
            lite.server_manager_instance.release_server(path)


@pytest.fixture(autouse=True, scope="module")
def _no_client_stays_open() -> Iterator[None]:
    """Close what the tests of a file left open in pymilvus, as code does that is only run for show.

    The next file's tests in this process may count it.
    """
    yield
    if "pymilvus" in sys.modules:
        from milvus_nb.sdk.foreign import find_foreign

        for theirs in find_foreign():
            theirs.close()


def _need_server(config: pytest.Config) -> None:
    if config.getoption("--fast", default=False):
        pytest.skip("needs a Milvus server: make test")
    if reason := why_no_server():
        pytest.skip(reason)


# Which files a worker runs one after the other: those that share a kernel or a JupyterLab. A group
# is one file, and of the browser's tests a part of them; what takes longest begins first.
_BROWSER = {
    "browser-2": (
        "bare_host",
        "compact",
        "form",
        "kernels",
        "lost",
        "sidebar",
        "tree",
        "walks",
    ),
    "browser-3": ("accessibility",),
}
_BROWSER_GROUPS = {
    f"tests/browser/test_{name}.py": group for group, names in _BROWSER.items() for name in names
}
# What `--fast` leaves out: files that start other programs, or take long...
_NOT_FAST = (
    "tests/browser",
    "tests/code/test_snippet",
    "tests/magic/test_live.py",
    "tests/magic/test_options.py",
    "tests/server/test_server.py",
    "tests/test_documentation.py",
    "tests/test_fuzz.py",
    "tests/test_guest.py",
    "tests/test_notebooks.py",
)
# ... and fixtures that start what takes its time.
_STARTED = {
    "kernels",
    "make_kernel",
    "make_milvus",
    "milvus",
    "milvus_alone",
    "milvus_auth",
    "milvus_mutual_tls",
    "milvus_tls",
    "site",
    "terminal",
}
_FIRST = (
    "browser-1",
    "browser-2",
    "browser-3",
    "tests/code/test_snippets.py",
    "tests/watching/test_watching.py",
    "tests/explore/test_explore.py",
    "tests/test_secrets.py",
    "tests/magic/test_profile_magic.py",
    "tests/magic/test_explore_commands.py",
    "tests/explore/test_collection_code.py",
    "tests/test_documentation.py",
    "tests/page/test_sidebar.py",
    "tests/registry/test_resilience.py",
    "tests/registry/test_registry.py",
    "tests/magic/test_options.py",
    "tests/registry/test_meanwhile.py",
    "tests/page/test_panel.py",
    "tests/profiles/test_trust.py",
    "tests/registry/test_forks.py",
    "tests/magic/test_magic.py",
    "tests/test_guest.py",
    "tests/test_fuzz.py",
    "tests/probing/test_diagnosis.py",
    "tests/server/test_server.py",
    "tests/test_notebooks.py",
    "tests/explore/test_rights.py",
    "tests/watching/test_doctor.py",
)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out at once what `--fast` would leave out later."""
    if not config.getoption("--fast"):
        return None
    return collection_path.relative_to(config.rootpath).as_posix().startswith(_NOT_FAST) or None


def pytest_addoption(parser: pytest.Parser) -> None:
    """Offer what `make test-fast` asks for."""
    parser.addoption("--fast", action="store_true", help="only what needs no browser or server")


def _group_of(nodeid: str) -> str:
    file = nodeid.partition("::")[0]
    if file.startswith("tests/browser/"):
        return _BROWSER_GROUPS.get(file, "browser-1")
    return file


class _InGroups(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """Gives a worker one group after the other."""

    def _split_scope(self, nodeid: str) -> str:
        return _group_of(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> LoadScopeScheduling:
    """Say which tests belong to one worker."""
    return _InGroups(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begin with the long ones."""
    if config.getoption("--fast", default=False):
        slow = [item for item in items if _is_slow(item)]
        config.hook.pytest_deselected(items=slow)
        items[:] = [item for item in items if item not in set(slow)]

    def place_of(item: pytest.Item) -> int:
        group = _group_of(item.nodeid)
        return _FIRST.index(group) if group in _FIRST else len(_FIRST)

    items.sort(key=place_of)


def _is_slow(item: pytest.Item) -> bool:
    return item.get_closest_marker("matrix") is not None or not _STARTED.isdisjoint(
        getattr(item, "fixturenames", ())
    )


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Take tests and modules out of what is looked through for garbage: they stay to the end.

    Each IPython shell that ends looks through all there is.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.collect()
        gc.freeze()


_SERVERS = pytest.StashKey[SharedServers]()
# Where they are asked for.
_PLACE = "MILVUS_NB_TEST_SERVERS"


def pytest_configure(config: pytest.Config) -> None:
    """Own the servers that the workers share, or that the tests of this process use."""
    if _PLACE not in os.environ and not why_no_server():
        config.stash[_SERVERS] = servers = SharedServers()
        os.environ[_PLACE] = servers.place  # workers, and a pytest that a test starts, ask there


def pytest_unconfigure(config: pytest.Config) -> None:
    """End them."""
    if servers := config.stash.get(_SERVERS, None):
        del os.environ[_PLACE]
        servers.stop()


@pytest.hookimpl(optionalhook=True)
def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say aloud which of them have ended by themselves, and with which last words."""
    servers = config.stash.get(_SERVERS, None)
    for crash in servers.crashes if servers else []:
        terminalreporter.section("a Milvus server has ended by itself", red=True)
        terminalreporter.line(crash)


#: The shared servers that this process has asked for.
_known: dict[str, MilvusTestServer] = {}


def _shared(config: pytest.Config, kind: str) -> MilvusTestServer:
    _need_server(config)
    _known[kind] = ask(os.environ[_PLACE], kind)
    return _known[kind]


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Wait for the shared servers of a test: one that has ended by itself is started again."""
    for kind, server in _known.items():
        if ("milvus" if kind == "plain" else f"milvus_{kind}") in getattr(item, "fixturenames", ()):
            wait_for(server, os.environ[_PLACE], kind)


@pytest.fixture(scope="session")
def milvus(pytestconfig: pytest.Config) -> MilvusTestServer:
    """Give a Milvus server without authorization, shared by all tests.

    Other tests use it at the same moment: what one makes there has a name, or a database
    (`make_database`), of its own.
    """
    return _shared(pytestconfig, "plain")


@pytest.fixture(scope="session")
def milvus_auth(pytestconfig: pytest.Config) -> MilvusTestServer:
    """Give a Milvus server that needs credentials (root:Milvus), shared by all tests."""
    return _shared(pytestconfig, "auth")


@pytest.fixture(scope="session")
def milvus_tls(pytestconfig: pytest.Config) -> MilvusTestServer:
    """Give a Milvus server with a certificate, shared by all tests."""
    return _shared(pytestconfig, "tls")


@pytest.fixture(scope="session")
def milvus_mutual_tls(pytestconfig: pytest.Config) -> MilvusTestServer:
    """Give a Milvus server that needs a client certificate and credentials, shared by all."""
    return _shared(pytestconfig, "mutual_tls")


@pytest.fixture
def way(milvus: MilvusTestServer) -> Iterator[FaultProxy]:
    """Give a network to the plain server that can be broken."""
    with FaultProxy(("127.0.0.1", milvus.port)) as proxy:
        yield proxy


@pytest.fixture(scope="session")
def _own_server(pytestconfig: pytest.Config) -> Iterator[MilvusTestServer]:
    _need_server(pytestconfig)
    server = MilvusTestServer()
    yield server
    server.stop()


@pytest.fixture
def milvus_alone(_own_server: MilvusTestServer) -> MilvusTestServer:
    """Give a Milvus server of this process alone, which a test may kill or freeze."""
    if _own_server.process is None or _own_server.process.poll() is not None:
        _own_server.restart(wipe=True)
    _own_server.resume()
    return _own_server


@pytest.fixture
def make_milvus(pytestconfig: pytest.Config) -> Iterator[Callable[..., MilvusTestServer]]:
    """Start servers for one test alone, with the parameters of `MilvusTestServer`."""
    _need_server(pytestconfig)
    servers: list[MilvusTestServer] = []

    def start(**parameters: object) -> MilvusTestServer:
        servers.append(MilvusTestServer(**parameters))  # type: ignore[arg-type]  # passed through
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def make_database() -> Iterator[Callable[[MilvusTestServer, str], str]]:
    """Make an empty database on a shared server, and drop it after the test.

    It returns its name, which begins with the one that is given: other tests use the server, too.
    """
    from pymilvus import MilvusClient

    made: list[tuple[MilvusTestServer, str]] = []

    def on(server: MilvusTestServer, call: str, name: str) -> None:
        token = server.root_token if server.auth else ""
        client = MilvusClient(server.uri, token=token, dedicated=True)
        getattr(client, call)(name)
        client.close()

    def make(server: MilvusTestServer, begins: str) -> str:
        name = f"{begins}_{uuid.uuid4().hex[:8]}"
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
    wait_until(lambda: threads("milvus-nb") == [], what="no thread of ours")


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
            timeout=200,
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


@pytest.fixture(scope="module")
def kernels(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernels]:
    """Keep a kernel from one test to the next."""
    found = Kernels(lambda: Kernel(tmp_path_factory.mktemp("kernel")))
    yield found
    found.close()


@pytest.fixture
def shared_kernel(kernels: Kernels, request: pytest.FixtureRequest) -> Iterator[Kernel]:
    """Give a kernel that other tests have used, in which nothing of theirs is left."""
    failed_before = request.session.testsfailed
    yield kernels.take()
    kernels.give_back(keep=request.session.testsfailed == failed_before)


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
