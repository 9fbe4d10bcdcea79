"""The test servers and kernels themselves: what the other tests build on."""

from __future__ import annotations

import os
import signal
import socket
import tempfile
from typing import TYPE_CHECKING

import psutil
import pymilvus
import pytest

from tests.support.helpers import free_port, posix_only, sockets_to, wait_until
from tests.support.servers.shared import SharedServers, ask, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.servers import MilvusTestServer


def test_failed_start_shows_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_milvus: Callable[..., MilvusTestServer]
) -> None:
    """A server that cannot start says what it wrote, and leaves no folder behind."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with pytest.raises(RuntimeError, match=r"(?s)end of its log.*engine: nowhere"):
        make_milvus(settings={"common.storageType": "nowhere"}, deadline_s=90)
    assert list(tmp_path.iterdir()) == []


def test_shared_servers_are_nobody_s_to_break(milvus: MilvusTestServer) -> None:
    """Whoever would freeze or kill one is told where to get his own."""
    for harm in (milvus.pause, milvus.kill, milvus.restart, milvus.stop):
        with pytest.raises(RuntimeError, match="milvus_alone"):
            harm()


@posix_only
def test_a_shared_server_that_ends_is_started_again(capsys: pytest.CaptureFixture[str]) -> None:
    """In its place, with what was in it and its last words; who asks meanwhile waits."""
    servers = SharedServers()
    try:
        server = ask(servers.place, "plain")
        client = pymilvus.MilvusClient(server.uri, dedicated=True)
        client.create_database("kept")
        os.kill(pid_that_listens(server.port), signal.SIGKILL)
        wait_until(lambda: not server.is_there())
        wait_for(server, servers.place, "plain")
        assert "kept" in client.list_databases()
        client.close()
        assert [crash.partition(":")[0] for crash in servers.crashes] == ["The shared server plain"]
        assert "has ended by itself" in capsys.readouterr().out
    finally:
        servers.stop()
    assert not server.is_there()


def pid_that_listens(port: int) -> int:
    [found] = {
        one.pid
        for one in psutil.net_connections("tcp")
        if one.status == psutil.CONN_LISTEN and one.laddr[1:] == (port,)
    }
    assert found is not None
    return found


def test_wait_until_gives_up_with_the_last_value() -> None:
    """A condition that never holds ends the test soon and says what it saw."""
    with pytest.raises(TimeoutError, match="the moon; last value: 0"):
        wait_until(lambda: 0, 0.05, what="the moon")


def test_port_helper_sees_only_connections_to_the_port() -> None:
    """A listening socket is not a connection; a connected one is, until it is closed."""
    port = free_port()
    with socket.create_server(("127.0.0.1", port)) as listener:
        assert sockets_to(port) == []
        with socket.create_connection(("127.0.0.1", port)):
            assert len(sockets_to(port)) == 1
        listener.accept()[0].close()
    assert all(state != "ESTABLISHED" for _, state in sockets_to(port))
