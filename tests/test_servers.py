"""The test servers and kernels themselves: what the other tests build on."""

from __future__ import annotations

import socket
import sqlite3
import tempfile
import time
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from tests.helpers import free_port, free_ports, sockets_to, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from IPython.core.interactiveshell import InteractiveShell

    from tests.kernels import Kernel, Terminal
    from tests.servers import MilvusTestServer


def _client(server: MilvusTestServer, **parameters: Any) -> Any:
    from pymilvus import MilvusClient

    return MilvusClient(server.uri, dedicated=True, timeout=5, **parameters)


def test_plain_server_serves_at_once(milvus: MilvusTestServer) -> None:
    """A server that is given to a test answers a client without a retry."""
    client = _client(milvus)
    assert client.get_server_version() == milvus.version
    assert sockets_to(milvus.port)
    client.close()
    wait_until(lambda: not sockets_to(milvus.port), 2)


def test_auth_server_tells_right_from_wrong(milvus_auth: MilvusTestServer) -> None:
    """The server with authorization takes its root token and refuses another."""
    from pymilvus.exceptions import MilvusException

    client = _client(milvus_auth, token=milvus_auth.root_token)
    assert client.get_server_version() == milvus_auth.version
    client.close()
    with pytest.raises(MilvusException):
        _client(milvus_auth, token="root:wrong")


def test_tls_server_shows_a_certificate_of_its_own_authority(milvus_tls: MilvusTestServer) -> None:
    """The TLS server is trusted by whoever trusts its authority."""
    client = _client(milvus_tls, server_pem_path=milvus_tls.ca_pem)
    assert client.get_server_version() == milvus_tls.version
    client.close()


def test_mutual_tls_server_asks_for_a_certificate(milvus_mutual_tls: MilvusTestServer) -> None:
    """The mutual TLS server takes our client certificate and refuses a client without one."""
    from pymilvus.exceptions import MilvusException

    server = milvus_mutual_tls
    files = {
        "ca_pem_path": server.ca_pem,
        "client_pem_path": server.client_pem,
        "client_key_path": server.client_key,
    }
    client = _client(server, token=server.root_token, **files)
    assert client.get_server_version() == server.version
    client.close()
    with pytest.raises(MilvusException):
        _client(server, token=server.root_token, server_pem_path=server.ca_pem)


def test_paused_server_accepts_and_does_not_answer(milvus: MilvusTestServer) -> None:
    """A frozen server's port takes a connection, nothing comes back, and it wakes up again."""
    milvus.pause()
    with socket.create_connection((milvus.host, milvus.port), timeout=2) as peer:
        peer.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        peer.settimeout(0.3)
        with pytest.raises(TimeoutError):
            peer.recv(1)
    milvus.resume()
    milvus.wait_ready(10)


def test_killed_server_comes_back_on_the_same_port(
    make_milvus: Callable[..., MilvusTestServer],
) -> None:
    """A kill closes the port at once, a restart brings it back, stop leaves nothing behind."""
    server = make_milvus()
    port, pid, folder = server.port, server.pid, server._folder
    server.kill()
    assert not psutil.pid_exists(pid)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((server.host, port), timeout=2).close()
    server.restart(wipe=True)
    assert server.port == port
    assert server.pid != pid
    server.stop()
    assert not folder.exists()


def test_failed_start_shows_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_milvus: Callable[..., MilvusTestServer]
) -> None:
    """A server that cannot start says what it wrote, and leaves no folder behind."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with pytest.raises(RuntimeError, match=r"(?s)end of its log.*engine: nowhere"):
        make_milvus(settings={"common.storageType": "nowhere"}, deadline_s=20)
    assert list(tmp_path.iterdir()) == []


def test_free_ports_are_different_and_free() -> None:
    """Each of several free ports can be listened on."""
    ports = free_ports(20)
    assert len(set(ports)) == 20
    for port in ports:
        socket.create_server(("127.0.0.1", port)).close()


def test_wait_until_gives_up_with_the_last_value() -> None:
    """A condition that never holds ends the test soon and says what it saw."""
    started = time.monotonic()
    with pytest.raises(TimeoutError, match="the moon; last value: 0"):
        wait_until(lambda: 0, 0.05, what="the moon")
    assert time.monotonic() - started < 1


def test_kernel_gives_outputs_errors_and_answers(kernel: Kernel) -> None:
    """A cell's prints, value, error, question and completions all reach the test."""
    execution = kernel.run("print('a'); import sys; print('b', file=sys.stderr); 6 * 7")
    assert (execution.stdout, execution.stderr) == ("a\n", "b\n")
    assert execution.result == {"text/plain": "42"}
    failed = kernel.execute("1 / 0")
    assert failed.error is not None
    assert failed.error["ename"] == "ZeroDivisionError"
    assert failed.reply["status"] == "error"
    asked = kernel.run("import getpass; len(getpass.getpass('Password: '))", answers=("hidden",))
    assert asked.result == {"text/plain": "6"}
    assert kernel.complete("impor") == ["import"]


def test_kernel_can_be_interrupted(kernel: Kernel) -> None:
    """Ctrl-C ends a running cell."""
    running = kernel.submit("print('go'); import time; time.sleep(60)")
    wait_until(lambda: kernel.client.get_iopub_msg(timeout=5)["msg_type"] == "stream")
    kernel.interrupt()
    execution = kernel.finish(running, timeout_s=10)
    assert execution.error is not None
    assert execution.error["ename"] == "KeyboardInterrupt"


def test_kernel_keeps_its_history_in_its_own_folder(kernel: Kernel) -> None:
    """What was typed is found in the kernel's own history database, where tests search it."""
    kernel.run("marker = 'c0ffee'")
    kernel.stop()
    database = sqlite3.connect(kernel.history_path)
    sources = [source for (source,) in database.execute("select source from history")]
    database.close()
    assert "marker = 'c0ffee'" in sources


def test_terminal_shows_values_and_asks(terminal: Terminal) -> None:
    """Plain IPython in a terminal shows values and takes answers without an echo."""
    assert "42" in terminal.execute("6 * 7")
    shown = terminal.execute(
        "import getpass; len(getpass.getpass('Password: '))", answers=("hidden",)
    )
    assert "6" in shown
    assert "hidden" not in shown


def test_shell_is_the_current_one(ip: InteractiveShell) -> None:
    """The shell inside the test process is what `get_ipython` returns, and runs cells."""
    assert ip.run_cell("get_ipython()").result is ip


def test_port_helper_sees_only_connections_to_the_port() -> None:
    """A listening socket is not a connection; a connected one is, until it is closed."""
    port = free_port()
    with socket.create_server(("127.0.0.1", port)) as listener:
        assert sockets_to(port) == []
        with socket.create_connection(("127.0.0.1", port)):
            assert len(sockets_to(port)) == 1
        listener.accept()[0].close()
    assert all(state != "ESTABLISHED" for _, state in sockets_to(port))
