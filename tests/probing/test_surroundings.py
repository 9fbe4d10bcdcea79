"""Other places to run in: Windows, a container, another language; and what is advised there."""

from __future__ import annotations

import errno
import importlib
import os
import pkgutil
import re
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import milvus_nb
from milvus_nb import ConnectError, ConnectionRegistry
from milvus_nb.params import dotenv
from milvus_nb.params.parsing import parse
from milvus_nb.probing import diagnosis, oserror, surroundings
from milvus_nb.probing.causes import CAUSES
from milvus_nb.sdk import lite_lock
from tests.support.as_on_windows import run_as_on_windows, run_tests_as_on_windows
from tests.support.helpers import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.support.servers import MilvusTestServer

# Windows

# Tests whose own programs need the loop, or the processes, that are taken away.
ELSEWHERE = ("processes", "nbconvert", "test_a_notebook_runs")


def test_a_server_is_connected_to_on_windows(
    milvus: MilvusTestServer, milvus_tls: MilvusTestServer
) -> None:
    """Plain and with TLS; its client works, its doctor finds nothing, and its socket closes."""
    told = run_as_on_windows(
        f"""
from milvus_nb import connections
for given in ({{"uri": {milvus.uri!r}}},
              {{"uri": {milvus_tls.uri!r}, "ca_pem_path": {milvus_tls.ca_pem!r}}}):
    found = connections.connect(**given, timeout=20)
    print(found.state, found.client.list_collections(), connections.diagnose("default").ok)
    connections.disconnect("default")
connections.shutdown()
""",
        needs=("pymilvus",),
    )
    assert told.splitlines() == ["connected [] True", "connected [] True"], told


@pytest.mark.matrix
def test_all_tests_can_be_collected_on_windows() -> None:
    """None of their modules asks for what is not there, so that those run which can."""
    told = run_tests_as_on_windows("--collect-only", "-m", "not matrix", "tests")
    assert re.search(r"[1-9]\d{3}/\d+ tests collected", told), told


def test_failures_have_their_names_on_windows() -> None:
    """By Winsock's numbers, whatever language the words are in."""
    told = run_as_on_windows(
        """
import errno
import tests.support.servers as peers
from milvus_nb import ConnectionRegistry, MilvusNbError

connections = ConnectionRegistry()
real = Loop.sock_connect

def why(uri, number=0, **given):
    async def fail(*args):
        raise winsock(OSError(number, "in the system's words"))
    Loop.sock_connect = fail if number else real
    try:
        connections.connect("x", uri=uri, timeout=10, **given)
    except MilvusNbError as error:
        attempts = dict(connections.examine(uri).wait().facts).get("Addresses", "")
        print(error.cause, "|", error.diagnosis.answered, "|", attempts)

with peers.FaultProxy(("127.0.0.1", 1)) as way:
    way.reset_new()
    why(way.address)
why("127.0.0.7:1")
for number in (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EACCES, errno.EADDRNOTAVAIL,
               errno.ETIMEDOUT, errno.ECONNREFUSED):
    why("127.0.0.7:1", number)
why("unix:/run/milvus.sock")
why("nowhere.invalid")
connections.shutdown()
""",
        needs=("psutil", "trustme"),
    )
    lines = [line.split(" | ") for line in told.splitlines()]
    assert [line[0] for line in lines] == [
        "reset", "refused", "no-route", "no-route", "no-route", "no-route", "dropped", "refused",
        "no-sockets", "dns",
    ], told  # fmt: skip
    assert lines[1][2].startswith("127.0.0.7:1: Connection refused"), told
    assert "Verbindung" not in told


def test_files_are_read_and_written_on_windows(tmp_path: Path) -> None:
    """Profiles, and a project's; a Milvus Lite database with Windows's kind of lock."""
    (tmp_path / ".git").mkdir()
    told = run_as_on_windows(
        f"""
import os, sys
os.environ["XDG_CONFIG_HOME"] = {str(tmp_path / "config")!r}
os.chdir({str(tmp_path)!r})
sys.path.insert(0, {str(Path.cwd())!r})
from IPython.core.interactiveshell import InteractiveShell
ip = InteractiveShell.instance()
ip.run_line_magic("load_ext", "milvus_nb")

from milvus_nb import ConnectError, connections
print(connections.connect("lite", uri="./demo.db", timeout=30).state)
ip.run_line_magic("milvus", "profile save lite")
print(ip.run_line_magic("milvus", "profile list"))
os.rename("demo.db", "other.db")
try:
    connections.connect("again", uri="./other.db", timeout=30)
except ConnectError as error:
    print(error.cause)
connections.shutdown()
""",
        needs=("IPython", "filelock", "tomlkit", "pymilvus", "milvus_lite.adapter.grpc.server"),
    )
    assert told.startswith("connected\n"), told
    assert (tmp_path / "config" / "milvus_nb").is_dir()
    assert "lite" in told.split("\n", 1)[1]
    assert told.endswith("lite-open-here\n"), told


def test_every_module_can_be_imported_on_windows() -> None:
    """None names at import what is missing there."""
    names = [
        found.name
        for found in pkgutil.walk_packages(milvus_nb.__path__, "milvus_nb.")
        if "labextension" not in found.name
    ]
    assert len(names) > 50
    importlib.import_module(names[0])
    told = run_as_on_windows(
        "import importlib, tomlkit, ipywidgets, pymilvus, jupyter_server.serverapp\n"
        f"for name in {names!r}:\n    importlib.import_module(name)\nprint('all')",
        needs=(
            "IPython",
            "anywidget",
            "filelock",
            "ipykernel.kernelapp",
            "ipywidgets",
            "tomlkit",
            "jupyter_server.serverapp",
            "pymilvus",
        ),
    )
    assert told.split()[-1] == "all", told


@pytest.mark.matrix
@pytest.mark.parametrize("room", ["params", "probing/test_diagnosis.py", "profiles", "the rest"])
def test_what_passes_here_passes_as_on_windows(
    room: str, milvus: MilvusTestServer, milvus_auth: MilvusTestServer
) -> None:
    """Dialling, diagnosis, Milvus Lite, files that others read, and all that needs no server."""
    what = [f"tests/{room}"]
    if room == "the rest":
        done = ("params", "profiles", "probing/test_diagnosis.py")
        what = ["tests", "--fast", "-m", "not matrix", *(f"--ignore=tests/{one}" for one in done)]
    without = f"not {' and not '.join(ELSEWHERE)}"
    told = run_tests_as_on_windows(*what, "-k", without, deadline_s=840)
    assert "passed" in told, told
    assert "failed" not in told, told


def test_times_that_windows_does_not_know_are_told_or_left_out() -> None:
    """A certificate without an end ends in 9999, and a server may say anything."""
    told = run_as_on_windows(
        """
from milvus_nb.explore.reading import moment
from milvus_nb.probing.certificate import day
print(day(253402300799), day(-631152000), moment(2**63), moment(0), moment(1500))
"""
    )
    assert told.strip() == "9999-12-31 23:59 UTC 1950-01-01 00:00 UTC None None 1.5"


def test_without_proc_less_is_known_and_nothing_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on macOS: who holds a lock is not named, and no container is seen."""
    for name in ("read_text", "read_bytes"):
        monkeypatch.setattr(Path, name, _without_proc(getattr(Path, name)))
    lock = tmp_path / "LOCK"
    lock.touch()
    assert lite_lock.holder(str(lock)) is None
    assert dotenv.set_by("PATH") == ""
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    monkeypatch.setattr(surroundings, "_MARKS", ())
    assert surroundings.in_container.__wrapped__() is False


def _without_proc(read: Callable[..., Any]) -> Callable[..., Any]:
    def run(path: Path, *more: Any) -> Any:
        if path.parts[1:2] == ("proc",):
            raise FileNotFoundError(errno.ENOENT, "No such file or directory", str(path))
        return read(path, *more)

    return run


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ConnectionRefusedError(errno.ECONNREFUSED, "abgelehnt"), "Connection refused"),
        (ConnectionRefusedError(10061, "Es konnte keine Verbindung"), "Connection refused"),
        (OSError(10065, "Ein Socketvorgang"), "No route to host"),
        (OSError(99999, "was auch immer"), "was auch immer"),
        (OSError("Multiple exceptions"), "Multiple exceptions"),
        (ConnectionResetError(), "ConnectionResetError"),
        (socket.gaierror(8, "nodename nor servname provided"), "nodename nor servname provided"),
        (FileNotFoundError(errno.ENOENT, "gibt es nicht"), os.strerror(errno.ENOENT)),
    ],
)  # fmt: skip
def test_a_system_s_error_has_the_same_words_everywhere(error: OSError, words: str) -> None:
    """By its number; a text of the system's may be in the user's language."""
    assert oserror.reason(error) == words


# A container


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Place]:
    """Look for the marks of containers in an empty folder instead of this machine."""
    marks = tuple(str(tmp_path / name) for name in ("dockerenv", "containerenv"))
    monkeypatch.setattr(surroundings, "_MARKS", marks)
    monkeypatch.setattr(surroundings, "_CGROUP", str(tmp_path / "cgroup"))
    monkeypatch.setattr(surroundings, "_MOUNTS", str(tmp_path / "mountinfo"))
    monkeypatch.setattr(surroundings, "_TOOLBOX", str(tmp_path / "toolboxenv"))
    for variable in ("KUBERNETES_SERVICE_HOST", "DISTROBOX_ENTER_PATH"):
        monkeypatch.delenv(variable, raising=False)
    yield Place(tmp_path, monkeypatch)
    surroundings.in_container.cache_clear()


class Place:
    """Where a kernel seems to run."""

    def __init__(self, folder: Path, environment: pytest.MonkeyPatch) -> None:
        self._folder = folder
        self._environment = environment

    def become(self, mark: str, content: str = "") -> None:
        for left in self._folder.iterdir():
            left.unlink()
        if mark.isupper():
            self._environment.setenv(mark, content)
        elif mark:
            (self._folder / mark).write_text(content)
        surroundings.in_container.cache_clear()


# What /proc/self/mountinfo says: in a container of containerd, and on a machine that has one.
CONTAINERD = (
    "912 711 0:77 / / rw,relatime master:2 - overlay overlay rw,"
    "lowerdir=/var/lib/containerd/io.containerd.snapshotter.v1.overlayfs/snapshots/9/fs\n"
    "913 912 0:79 / /proc rw - proc proc rw\n"
)
DOCKERS_MACHINE = (
    "27 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n"
    "90 27 0:50 / /var/lib/docker/overlay2/1 rw - overlay overlay rw,lowerdir=/var/lib/docker/l\n"
)


@pytest.mark.parametrize(
    ("mark", "content"),
    [
        ("dockerenv", ""),
        ("containerenv", 'engine="podman-4.9"'),
        ("cgroup", "12:pids:/docker/3f2a\n"),
        ("cgroup", "0::/kubepods.slice/kubepods-burstable.slice/cri-containerd-1.scope\n"),
        ("KUBERNETES_SERVICE_HOST", "10.96.0.1"),
        ("mountinfo", CONTAINERD),
    ],
)
def test_in_a_container_localhost_is_the_container(
    connections: ConnectionRegistry, place: Place, mark: str, content: str
) -> None:
    """The advice names what can be connected to from there, and no tool that is not there."""
    place.become(mark, content)
    for host in ("localhost", "127.0.0.1", "[::1]"):
        with pytest.raises(ConnectError) as failure:
            connections.connect("x", uri=f"{host}:{free_port()}")
        assert failure.value.cause == "refused"
        assert failure.value.fix.startswith("Is Milvus running?")
        assert "host.docker.internal" in failure.value.fix
        assert "docker ps" not in str(failure.value)


@pytest.mark.parametrize(
    ("mark", "content"),
    [("", ""), ("cgroup", "0::/user.slice/user-1000.slice/session-2.scope\n"), ("toolboxenv", ""),
     ("mountinfo", DOCKERS_MACHINE),
     ("DISTROBOX_ENTER_PATH", "/usr/bin/distrobox-enter")],
)  # fmt: skip
def test_outside_of_a_container_docker_can_be_asked(
    connections: ConnectionRegistry, place: Place, mark: str, content: str
) -> None:
    """Where Milvus's container should be."""
    place.become(mark, content)
    with pytest.raises(ConnectError, match="docker ps") as failure:
        connections.connect("x", uri=f"localhost:{free_port()}")
    assert "host.docker.internal" not in str(failure.value)


@pytest.mark.parametrize(
    "host", ["localhost.", "ip6-localhost", "localhost.localdomain", "::ffff:127.0.0.1"]
)
def test_the_loopback_has_many_names(host: str) -> None:
    """Each is this machine, or this container."""
    assert surroundings.is_this_machine(host)


def test_no_advice_in_a_container_names_a_tool_of_its_machine(place: Place) -> None:
    """There is neither docker nor kubectl in it."""
    place.become("dockerenv")
    for uri in ("localhost:19530", "milvus-standalone:19530", "10.0.0.5:19530"):
        for cause in CAUSES:
            found = diagnosis.of(parse(uri=uri).endpoint, cause, "what was said")
            assert not re.search(r"docker ps|kubectl get", found.fix), found


@pytest.mark.parametrize(
    ("host", "mark", "told"),
    [
        ("milvus-standalone", "", "localhost"),
        ("milvus-standalone", "dockerenv", "network"),
        ("host.docker.internal", "dockerenv", "--add-host=host.docker.internal:host-gateway"),
        ("milvus.vectors.svc.cluster.local", "", "kubectl port-forward"),
        ("none", "", "a variable that has no value"),
        ("xn--mlvus-zsa.example", "", "'mílvus.example'"),
        ("xn--99999999.example", "", "not plain ones"),
    ],
)
def test_a_name_that_only_others_know(place: Place, host: str, mark: str, told: str) -> None:
    """A container's, a service's, one nobody typed: why it may be unknown here."""
    place.become(mark)
    found = diagnosis.of(parse(uri=host).endpoint, "dns", "Name or service not known")
    assert told in found.fix
