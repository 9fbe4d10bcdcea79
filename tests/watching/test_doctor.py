"""`%milvus doctor`, `diagnose()`, and what can be cancelled, as a user does it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from milvus_nb.errors import CancelError
from milvus_nb.params.parsing import parse
from milvus_nb.probing.stages import LITE_STAGE_NAMES, STAGE_NAMES
from tests.support.helpers import free_port, open_files, sockets_to, wait_until
from tests.support.servers import FaultProxy, SilentPeer, WebServer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from milvus_nb import ConnectionRegistry
    from milvus_nb.probing.stages import Stage
    from tests.support.kernels import Kernel, Terminal
    from tests.support.servers import MilvusTestServer


def test_a_report_of_what_works(
    connections: ConnectionRegistry, milvus_tls: MilvusTestServer
) -> None:
    """All layers with their times, all addresses, the certificate; nothing is connected."""
    given = {"ca_pem_path": milvus_tls.ca_pem}
    seen: list[list[Stage]] = []
    report = connections.examine(milvus_tls.uri, seen.append, **given).wait()
    assert report.ok
    assert [stage.name for stage in report.stages] == list(STAGE_NAMES)
    assert {stage.status for stage in report.stages} == {"ok"}
    assert all(stage.ms is not None and stage.text for stage in report.stages)
    assert [stage.status for stage in seen[0]] == ["running"] + ["pending"] * 7
    facts = dict(report.facts)
    assert f"127.0.0.1:{milvus_tls.port}: accepts" in facts["Addresses"]
    assert "issuer O=milvus_nb tests" in facts["Certificate"]
    assert "names localhost, 127.0.0.1, ::1" in facts["Certificate"]
    assert facts["Databases"] == "default"
    assert facts["Proxy variables"] == "none"
    assert "localhost:9091/healthz" in facts["Management port"]
    assert connections.list_connections() == []
    assert sockets_to(milvus_tls.port) == []
    assert "Nothing stands in the way." in repr(report)
    assert "Nothing stands in the way." in report._repr_html_()


def test_it_never_changes_a_connection(
    connections: ConnectionRegistry, milvus: MilvusTestServer
) -> None:
    """Neither its socket nor its state, whatever it finds."""
    with FaultProxy(("127.0.0.1", milvus.port)) as way:
        found = connections.connect("a", uri=way.address)
        client = found.client
        sockets, checked = sockets_to(way.port), found.connected_at
        way.reset_new()
        report = connections.diagnose("a")
        assert report.diagnosis is not None
        assert report.diagnosis.cause == "reset"
        assert report.title.startswith("a: ")
        assert sockets_to(way.port) == sockets
        assert (found.state, found.connected_at) == ("connected", checked)
        assert client.list_collections() == []


def test_every_address_of_a_name_is_tried(connections: ConnectionRegistry) -> None:
    """One accepts, the other does not."""
    with WebServer(host="127.0.0.1") as server:
        report = connections.diagnose(f"localhost:{server.port}")
    addresses = dict(report.facts)["Addresses"].splitlines()
    assert any(line.startswith("127.0.0.1:") and "accepts" in line for line in addresses)


def test_lite(connections: ConnectionRegistry, lite_path: Path) -> None:
    """A file that is served, one that is not there yet (and is not made), and one in between."""
    report = connections.diagnose(str(lite_path))
    assert report.ok
    assert not lite_path.exists()
    assert "does not exist yet" in str(report)
    connections.connect("lite", uri=str(lite_path))
    report = connections.diagnose("lite")
    assert [stage.name for stage in report.stages] == list(LITE_STAGE_NAMES)
    assert {stage.status for stage in report.stages} == {"ok"}
    connections.disconnect("lite")
    assert connections.diagnose(str(lite_path)).ok
    connections.shutdown()


def test_without_a_name_it_looks_where_connect_would_go(
    connections: ConnectionRegistry, milvus: MilvusTestServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The current connection, else the environment's address."""
    monkeypatch.setenv("MILVUS_URI", milvus.uri)
    assert connections.diagnose().title.startswith(milvus.address)
    connections.connect("a", uri=milvus.uri)
    assert connections.diagnose().title.startswith("a: ")


def test_html_is_escaped(connections: ConnectionRegistry) -> None:
    """What a server says is data."""
    page = {"/healthz": (200, b'{"state":"<img src=x>","detail":[]}')}
    with WebServer(page) as server:
        report = connections.diagnose(server.address)
    assert "<img" not in report._repr_html_()


def test_the_magic_in_a_notebook(shared_kernel: Kernel, milvus: MilvusTestServer) -> None:
    """Each report is one output; failures do not stop the cell."""
    kernel = shared_kernel
    kernel.run("%load_ext milvus_nb")
    kernel.run(f"%milvus connect {milvus.address} -a prod")
    dead = f"localhost:{free_port()}"
    shown = kernel.run(f"%milvus doctor prod {dead}\nprint('went on')")
    assert "went on" in shown.stdout
    assert len(shown.displays) == 2
    first, second = (data["text/plain"] for data in shown.displays)
    assert "prod: localhost" in first
    assert "Nothing stands in the way." in first
    assert "[refused]" in second
    assert all("text/html" in data for data in shown.displays)
    assert "is not an address" in kernel.execute("%milvus doctor 'what is this'").traceback
    told = kernel.run("print(repr(get_ipython().run_line_magic('milvus', 'help doctor')))").stdout
    assert "%milvus doctor prod lab" in told


def test_the_magic_in_a_terminal(terminal: Terminal, milvus: MilvusTestServer) -> None:
    """Plain text."""
    terminal.execute("%load_ext milvus_nb")
    told = terminal.execute(f"%milvus doctor {milvus.address}")
    assert "✓ Sign in" in told
    assert "Nothing stands in the way." in told


def test_credentials_of_an_address_come_as_for_connect(
    make_kernel: Callable[..., Kernel], milvus_auth: MilvusTestServer
) -> None:
    """By environment variable, say; in no output."""
    kernel = make_kernel(TOKEN=milvus_auth.root_token, WRONG="root:s3cret-value")
    kernel.run("%load_ext milvus_nb")
    told = kernel.run(f"%milvus doctor {milvus_auth.address} --token-env TOKEN")
    assert "Nothing stands" in told.text
    told = kernel.run(f"%milvus doctor {milvus_auth.address} --token-env WRONG")
    assert "wrong-password" in told.text
    assert "s3cret-value" not in str(told.messages)


@pytest.mark.parametrize("command", ["connect", "doctor", "ping", "client"])
def test_ctrl_c_leaves_nothing(
    shared_kernel: Kernel, milvus: MilvusTestServer, command: str
) -> None:
    """No thread, socket, alias or file; and what was connected goes on."""
    kernel = shared_kernel
    with FaultProxy(("127.0.0.1", milvus.port)) as way:
        kernel.run(
            "%load_ext milvus_nb\n%config MilvusMagics.deadline = 60\n"
            f"%milvus connect {way.address} -a live --timeout 60\nimport threading"
        )
        if command == "client":
            kernel.run("import pymilvus")
        else:
            kernel.run("live = %milvus client")
        way.blackhole()
        before = len(sockets_to(way.port, kernel.pid))
        new = f"localhost:{way.port} -a new --timeout 60"  # not the endpoint that is known
        where = {"connect": new, "doctor": way.address}
        made = way.connections_seen
        cell = kernel.submit(f"%milvus {command} {where.get(command, 'live')}")
        begin = time.monotonic()
        wait_until(
            lambda: (
                way.connections_seen > made
                or (command == "ping" and time.monotonic() - begin > 0.5)
            ),
        )
        interrupted = time.monotonic()
        kernel.interrupt()
        done = kernel.finish(cell)
        took = time.monotonic() - interrupted
        assert done.traceback == f"Cancelled: %milvus {command}."
        assert took < 30, took  # 0.1 s where nothing else runs; not the 60 s of the connect
        wait_until(lambda: len(sockets_to(way.port, kernel.pid)) <= before)
        listed = kernel.run("from milvus_nb import connections; print(list(connections))").stdout
        assert listed == "['live']\n"
        names = "print([t.name for t in threading.enumerate() if 'milvus-nb' in t.name])"
        wait_until(lambda: kernel.run(names).stdout == "['milvus-nb-monitor']\n")


def test_ctrl_c_is_heard_where_it_does_not_wake_who_waits(
    shared_kernel: Kernel, milvus: MilvusTestServer
) -> None:
    """As where it comes just before, or to another thread."""
    kernel = shared_kernel
    kernel.run(
        "from milvus_nb import connections\nimport signal, threading, time\n"
        "def strike():\n"
        "    time.sleep(1)  # the connect waits\n"
        "    signal.pthread_kill(threading.get_ident(), signal.SIGINT)"
    )
    with FaultProxy(("127.0.0.1", milvus.port)) as way:
        way.blackhole()
        begin = time.monotonic()
        done = kernel.execute(
            "threading.Thread(target=strike).start()\n"
            f"connections.connect(uri={way.address!r}, timeout=60)"
        )
        assert "KeyboardInterrupt" in done.traceback
        assert time.monotonic() - begin < 30  # not the 60 s of the connect


def test_ctrl_c_in_disconnect(shared_kernel: Kernel, milvus: MilvusTestServer) -> None:
    """The user gets the prompt back, and the connection is closed all the same."""
    kernel = shared_kernel
    kernel.run(f"%load_ext milvus_nb\n%milvus connect {milvus.address} -a x\nc = %milvus client")
    kernel.run("import pymilvus, threading\nlock = threading.Event()")
    # Somebody else's code that is slow to let go.
    kernel.run(
        "close = pymilvus.MilvusClient.close\n"
        "pymilvus.MilvusClient.close = "
        "lambda self: (open('closing', 'w').close(), lock.wait(30), close(self))"
    )
    cell = kernel.submit("%milvus disconnect x")
    wait_until((kernel.folder / "closing").exists)
    kernel.interrupt()
    assert kernel.finish(cell).traceback == "Cancelled: %milvus disconnect."
    kernel.run("lock.set()")
    wait_until(lambda: sockets_to(milvus.port, kernel.pid) == [])
    kernel.run("pymilvus.MilvusClient.close = close")


def test_a_hundred_cancelled_attempts_leave_no_file(connections: ConnectionRegistry) -> None:
    """At any stage."""
    with SilentPeer() as peer:
        for number in range(100):
            job = connections.start_attempt(f"c{number}", parse(uri=peer.address))
            time.sleep(0.001 * (number % 10))
            job.cancel()
            with pytest.raises(CancelError):
                job.wait()
            if number == 50:
                before = open_files()
    assert connections.connections() == []
    assert open_files() <= before + 3
    assert sockets_to(peer.port) == []
