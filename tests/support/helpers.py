"""What all tests share: waiting for a condition, and looking at ports, sockets and threads."""

from __future__ import annotations

import asyncio
import os
import random
import socket
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any, TypeVar

import psutil
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from milvus_nb import Connection, ConnectionRegistry

T = TypeVar("T")

# Below the range from which Linux (32768 up) and macOS (49152 up) take the local ports of outgoing
# connections: a port found here stays free for the moment between the look and the use, also
# while a server restarts on it.
_PORTS = range(15000, 32000)


#: Whether root runs the tests, who may read, write and give away anything.
IS_ROOT = hasattr(os, "getuid") and os.getuid() == 0


#: Of a test that needs what Windows has not: other users, signals, Unix sockets.
posix_only = pytest.mark.skipif("not hasattr(os, 'fork')", reason="Windows has no such thing")


#: Has a process go on as if `rfc3987_syntax` were not installed: with it jsonschema, which Jupyter
#: imports, builds a grammar of addresses, which takes two thirds of a server's start.
WITHOUT_GRAMMAR = "import sys; sys.modules['rfc3987_syntax'] = None\n"


def as_module(name: str) -> list[str]:
    """Give Python's arguments that run a module as ``-m`` does, only without that grammar."""
    run = f"import runpy; runpy.run_module({name!r}, run_name='__main__', alter_sys=True)"
    return ["-c", WITHOUT_GRAMMAR + run]


def free_ports(count: int) -> list[int]:
    """Return `count` different TCP ports on which nobody listens, on IPv4 and on IPv6."""
    found: list[int] = []
    for port in random.sample(_PORTS, len(_PORTS)):
        if _is_free(port):
            found.append(port)
            if len(found) == count:
                return found
    message = f"no {count} free ports between {_PORTS.start} and {_PORTS.stop}"
    raise RuntimeError(message)


def free_port() -> int:
    """Return a TCP port on which nobody listens."""
    return free_ports(1)[0]


def is_listening(port: int) -> bool:
    """Tell whether somebody on this machine listens on a TCP port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _is_free(port: int) -> bool:
    families = [(socket.AF_INET, "0.0.0.0")]
    if socket.has_dualstack_ipv6():
        families.append((socket.AF_INET6, "::"))
    for family, host in families:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            # No SO_REUSEADDR: a port whose last connection has just been closed counts as taken,
            # since not every server can listen on it yet.
            try:
                probe.bind((host, port))
            except OSError:
                return False
    return True


def wait_until(
    condition: Callable[[], T],
    deadline_s: float = 60.0,
    *,
    every_s: float = 0.01,
    what: str = "",
) -> T:
    """Call `condition` until its value is true, and return that value.

    Parameters
    ----------
    condition
        Called again and again, from this thread.
    deadline_s
        Seconds until it is given up.
    every_s
        Seconds between two calls.
    what
        What is waited for, for the error message.

    Raises
    ------
    TimeoutError
        When the deadline has passed; it names the last value.
    """
    end = time.monotonic() + deadline_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            name = what or getattr(condition, "__name__", repr(condition))
            message = f"waited {deadline_s:g} s for {name}; last value: {value!r}"
            raise TimeoutError(message)
        time.sleep(every_s)


def sockets_to(port: int, pid: int | None = None) -> list[tuple[int, str]]:
    """Return the TCP connections a process holds *to* a port, each as (local port, TCP state).

    Parameters
    ----------
    port
        The peer's port.
    pid
        The process; this one if None.
    """
    return [
        (connection.laddr.port, connection.status)
        for connection in psutil.Process(pid).net_connections(kind="tcp")
        if getattr(connection.raddr, "port", None) == port  # () when not connected
    ]


def open_files(pid: int | None = None) -> int:
    """Return how many file descriptors a process holds; this one if `pid` is None."""
    return int(psutil.Process(pid).num_fds())


def threads(name_contains: str = "") -> list[str]:
    """Return the names of this process's Python threads, sorted."""
    return sorted(thread.name for thread in threading.enumerate() if name_contains in thread.name)


def is_stopped(point: int, work: Callable[[], object]) -> bool:
    """Do something, with Ctrl-C as one of its functions begins: where Python looks for signals."""
    passed = 0

    def trace(frame: FrameType, event: str, value: object) -> None:
        nonlocal passed
        passed += 1
        if passed > point:
            sys.settrace(None)
            raise KeyboardInterrupt

    sys.settrace(trace)
    try:
        work()
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(None)
    return False


class Call(threading.Thread):
    """A call in a thread of its own, and what came of it."""

    def __init__(self, work: Callable[[], Any]) -> None:
        super().__init__(daemon=True)
        self.work = work
        self.result: Any = None
        self.error: BaseException | None = None
        self.took_s = 0.0
        self.start()

    def run(self) -> None:
        begin = time.monotonic()
        try:
            self.result = self.work()
        except BaseException as error:  # noqa: BLE001  # it is what the test looks at
            self.error = error
        self.took_s = time.monotonic() - begin

    def ended(self, seconds: float = 60) -> Call:
        """Wait for it."""
        self.join(seconds)
        assert not self.is_alive(), "the call hangs"
        return self


def output_of(command: list[str], deadline_s: float, **how: Any) -> str:
    """Run a program and give what it printed; RuntimeError with that where it failed.

    Parameters
    ----------
    command
        The program and its arguments.
    deadline_s
        Seconds after which it is killed: TimeoutExpired.
    **how
        As `subprocess.run` takes it.
    """
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=deadline_s,
        **how,
    )
    if done.returncode:
        message = f"it ended with code {done.returncode}:\n{done.stdout}"
        raise RuntimeError(message)
    return str(done.stdout)


def allow_profiles() -> None:
    """Allow the profiles of the project in the working folder, as their user would once."""
    from milvus_nb.profiles.store import ProfileStore

    store = ProfileStore()
    for profile in store.find().profiles.values():
        store.allow(profile)


def connect_watched(
    connections: ConnectionRegistry, alias: str, uri: str, timeout: float
) -> Connection:
    """Connect as a view that shows the stages: the server is asked, whatever is known of it."""
    job = connections.start_connect(alias, uri=uri, timeout=timeout, report=lambda _: None)
    return job.wait()


def first_calls(connection: Connection) -> tuple[Callable[[], object], ...]:
    """Give what calls the server by the connection's client, and by its asynchronous one."""

    def call() -> object:
        return connection.client.list_collections()

    def call_awaited() -> object:
        return asyncio.run(connection.async_client.list_collections())

    return call, call_awaited
