"""Other languages' Milvus clients, which run a snippet as a user would: in a process of its own."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import functools
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.kernels import AMBIENT_VARIABLES
from tests.support.servers.faults import LoopThread

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterable, Iterator, Mapping

HERE = Path(__file__).parents[1]
NODE_MODULES = HERE / "node" / "node_modules"
# What `make test-matrix` leaves where it could.
GO_BUILT = HERE.parent / ".venv" / "go.stamp"
JAVA_CLIENT = HERE.parent / ".venv" / "java"

#: What a snippet runs with: the secrets that it refers to.
SECRETS = {"MILVUS_PASSWORD": "Milvus", "MILVUS_TOKEN": "root:Milvus"}


# Runs a script for each line that it reads, in a child: importing pymilvus, which is what each does
# first, costs more than all the rest of it.
_FORKING = """
import json, os, runpy, signal, sys
import pymilvus, tests.support.helpers
for line in sys.stdin:
    folder, environment = json.loads(line)
    child = os.fork()
    if child == 0:
        signal.alarm(240)
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(environment)
        printed = os.open("printed", os.O_CREAT | os.O_TRUNC | os.O_WRONLY)
        for end, of in ((os.open(os.devnull, os.O_RDONLY), 0), (printed, 1), (printed, 2)):
            os.dup2(end, of)
        sys.argv = ["snippet.py"]
        runpy.run_path("snippet.py", run_name="__main__")
        break
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@functools.cache
def _forking() -> subprocess.Popen[str]:
    found = subprocess.Popen(
        [sys.executable, "-c", _FORKING],
        env={**_clean(), "PYTHONPATH": str(HERE.parent)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    atexit.register(found.kill)
    return found


def run_python(code: str, folder: Path) -> str:
    """Run a script of this Python, in a process of its own that has imported pymilvus already."""
    (folder / "snippet.py").write_text(code, encoding="utf-8")
    forking = _forking()
    assert forking.stdin is not None
    assert forking.stdout is not None
    forking.stdin.write(json.dumps([str(folder), _clean()]) + "\n")
    forking.stdin.flush()
    ended = forking.stdout.readline().strip()
    printed = (folder / "printed").read_text("utf-8")
    assert ended == "0", printed
    return printed


def run_shell(code: str, folder: Path) -> str:
    """Run the lines in a POSIX shell; the Milvus CLI is the one of this Python's environment."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    # The CLI keeps its history in the home directory.
    return run(["sh", "-c", f"set -e\n{code}"], folder, PATH=path, HOME=str(folder))


def run_cli(code: str, folder: Path) -> str:
    """Run the lines in a POSIX shell that has the Milvus CLI."""
    if not (Path(sys.executable).parent / "milvus_cli").exists():
        pytest.skip("the Milvus CLI is not installed: pip install milvus-cli")
    return run_shell(code, folder)


def run_curl(code: str, folder: Path) -> str:
    """Run the lines in a POSIX shell that has curl."""
    _need("curl")
    return run_shell(code, folder)


def run_node(code: str, folder: Path) -> str:
    """Run an ES module that finds the Milvus client for Node.js."""
    _need("node")
    if not NODE_MODULES.exists():
        pytest.skip("the client is not installed: cd tests/node && jlpm install --immutable")
    if not (folder / "node_modules").exists():
        (folder / "node_modules").symlink_to(NODE_MODULES)
    (folder / "snippet.mjs").write_text(code, encoding="utf-8")
    return run(["node", "snippet.mjs"], folder)


def run_go(code: str, folder: Path, also: Iterable[str] = ()) -> str:
    """Run a Go program with Milvus's client for Go, which says at its end whether all was closed.

    Parameters
    ----------
    code
        The program.
    folder
        Where it is laid.
    also
        Packages in the folder that are formatted and compiled, too.
    """
    if not GO_BUILT.exists():
        pytest.skip("the client for Go was not built: make test-matrix")
    for path in (HERE / "go").iterdir():
        shutil.copy(path, folder)
    (folder / "main.go").write_text(code, encoding="utf-8")
    assert run(["gofmt", "-d", *(also or ["main.go"])], folder) == ""
    if also:
        run(["go", "list", "-export", *also], folder, GOPROXY="off")  # compiles, links nothing
    return run(["go", "test", "-vet=off"], folder, GOPROXY="off")


def run_java(code: str, folder: Path) -> str:
    """Run a Java program with Milvus's client for Java; at its end it says the same."""
    (folder / "Connect.java").write_text(code, encoding="utf-8")
    shutil.copy(HERE / "java" / "Closed.java", folder)
    return compile_java(["Connect.java", "Closed.java"], "Closed", folder)


def compile_java(sources: list[str], main: str, folder: Path) -> str:
    """Compile Java beside Milvus's client without a warning, and run a class of it."""
    if not JAVA_CLIENT.exists():
        pytest.skip("the client for Java is not installed: make test-matrix")
    path = f"{JAVA_CLIENT}/*"
    run(["javac", *_LINT, "-proc:none", "-cp", path, "-d", ".", *sources], folder)
    # Neither spends time on optimising what runs for a second.
    return run(["java", "-XX:TieredStopAtLevel=1", "-cp", f".:{path}", main], folder)


def trust_in_java(ca_pem: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have Java trust an authority, as a machine's administrator would."""
    _need("keytool")
    store, password = str(folder / "authorities.p12"), "changeit"
    keytool = ["keytool", "-importcert", "-noprompt", "-file", ca_pem]
    run([*keytool, "-keystore", store, "-storepass", password], folder)
    options = {"trustStore": store, "trustStorePassword": password}
    monkeypatch.setenv(
        "JAVA_TOOL_OPTIONS",
        " ".join(f"-Djavax.net.ssl.{name}={value}" for name, value in options.items()),
    )


#: All warnings, but for those about the client's own archives.
_LINT = ("-Xlint:all,-classfile,-path", "-Werror")


def run(command: list[str], folder: Path, **environment: str) -> str:
    """Run a program with the secrets in its environment; AssertionError if it fails.

    Returns
    -------
    str
        What it printed, errors too.
    """
    done = subprocess.run(
        command,
        cwd=folder,
        env={**_clean(), **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=240,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def _clean() -> dict[str, str]:
    """Give the environment with the secrets, and without what is this machine's."""
    clean = {name: text for name, text in os.environ.items() if name not in AMBIENT_VARIABLES}
    return {**clean, **SECRETS}


def _need(program: str) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")


RUNNERS: Mapping[str, Callable[[str, Path], str]] = {
    "python": run_python,
    "orm": run_python,
    "async": run_python,
    "node": run_node,
    "go": run_go,
    "java": run_java,
    "cli": run_cli,
    "curl": run_curl,
}


@contextlib.contextmanager
def gateway(
    port: int, *, path: Path | None = None, tls: ssl.SSLContext | None = None
) -> Iterator[int]:
    """Stand in front of a port of this machine: a Unix socket, or TLS that ends here.

    Parameters
    ----------
    port
        Where it leads.
    path
        The Unix socket to make.
    tls
        What it shows and asks for, on a TCP port of its own.

    Yields
    ------
    int
        That port; 0 for a Unix socket.
    """
    thread = LoopThread("gateway")

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(1 << 16):
                writer.write(data)
                await writer.drain()
        writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there = await asyncio.open_connection("localhost", port)
        try:
            await asyncio.gather(pump(reader, there[1]), pump(there[0], writer))
        except asyncio.CancelledError:  # at the end: nobody else would close them
            for one in (writer, there[1]):
                one.transport.abort()

    async def start() -> asyncio.Server:
        if path is not None:
            return await asyncio.start_unix_server(serve, path)
        return await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)

    server = thread.run(start())
    try:
        yield 0 if path is not None else server.sockets[0].getsockname()[1]
    finally:
        thread.loop.call_soon_threadsafe(server.close)
        thread.close()
