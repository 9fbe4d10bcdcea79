"""What happens to a live connection: each fault leads to the right state, and back."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import shutil
import signal
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import grpc
import pymilvus
import pytest

from milvus_nb import ConnectError, Connection, ConnectionRegistry, ParamsError
from tests.support.helpers import sockets_to, wait_until
from tests.support.servers import FaultProxy, ScriptedMilvus, make_certificates
from tests.support.servers.peers import HEALTHY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.support.kernels import Kernel
    from tests.support.servers import MilvusTestServer


#: Seconds between two heartbeats, and how long an answer may take where it is to come at all.
PULSE, PATIENCE = 0.3, 30.0


@pytest.fixture
def connections() -> Iterator[ConnectionRegistry]:
    """Give a registry with a quick pulse."""
    found = ConnectionRegistry(heartbeat=PULSE, deadline=0.5)
    yield found
    found.shutdown()


def states_of(connection: Connection) -> list[tuple[str, str]]:
    """Record each state with its cause, from now on."""
    seen: list[tuple[str, str]] = []
    connection.observe(lambda _: seen.append((connection.state, connection.cause)), "state")
    return seen


def is_in(connection: Connection, state: str, cause: str = "") -> Callable[[], bool]:
    return lambda: connection.state == state and connection.cause == cause


def test_a_killed_server(connections: ConnectionRegistry, milvus_alone: MilvusTestServer) -> None:
    """Unreachable at once, with the cause; back by itself, and so is the user's client."""
    server = milvus_alone
    found = connections.connect(uri=server.uri)
    client = found.client
    seen = states_of(found)
    killed_at = time.time()
    server.kill()
    wait_until(is_in(found, "unreachable", "refused"))
    assert {cause for _, cause in seen} <= {"refused", "reset", "cut-off"}
    assert found.fix
    assert killed_at <= found.since
    server.restart()
    wait_until(is_in(found, "connected"))
    assert client.list_collections() == []
    assert found.reason == found.fix == ""
    assert seen[0][0] == "unreachable"
    assert seen[-1][0] == "connected"


def test_a_frozen_server(connections: ConnectionRegistry, milvus_alone: MilvusTestServer) -> None:
    """SIGSTOP: its sockets stay open and nothing answers."""
    found = connections.connect(uri=milvus_alone.uri)
    milvus_alone.pause()
    wait_until(is_in(found, "unreachable", "unanswered"))
    assert "0.5 s" in found.reason
    milvus_alone.resume()
    wait_until(is_in(found, "connected"))


@pytest.mark.parametrize(
    ("fault", "arguments", "causes"),
    [
        ("blackhole", (), {"unanswered", "silent"}),
        ("delay", (2.0,), {"unanswered", "silent"}),
        ("refuse", (), {"refused"}),
        ("close_new", (), {"forward-nowhere"}),
        ("reset_new", (), {"reset"}),
        ("truncate", (60,), {"cut-off", "unstable"}),
        ("flap", (0.05,), {"unstable", "cut-off", "forward-nowhere", "reset"}),
    ],
)
def test_a_broken_network(
    connections: ConnectionRegistry,
    way: FaultProxy,
    fault: str,
    arguments: tuple[Any, ...],
    causes: set[str],
) -> None:
    """Whatever breaks it: unreachable with a cause, and back when it is over."""
    if "unanswered" not in causes:
        connections.set_pace(PULSE, PATIENCE)
    found = connections.connect(uri=way.address)
    seen = states_of(found)
    getattr(way, fault)(*arguments)
    if fault in ("refuse", "close_new", "reset_new"):
        way.reset_all()  # they are about new connections
    wait_until(lambda: found.state == "unreachable")
    wait_until(lambda: found.cause in causes or found.state == "connected")
    assert {cause for state, cause in seen if state == "unreachable"} <= {*causes, "cut-off"}
    way.listen_again()
    way.pass_through()
    wait_until(is_in(found, "connected"))
    assert found.ping().count == 5


def test_a_lost_connection_that_can_be_made_again_is_hardly_noticed(
    connections: ConnectionRegistry, way: FaultProxy
) -> None:
    """No red light for a blink."""
    connections.set_pace(PULSE, PATIENCE)
    found = connections.connect(uri=way.address)
    seen = states_of(found)
    lost_at = time.time()
    way.reset_all()
    wait_until(lambda: found.checked_at is not None and found.checked_at > lost_at)
    assert found.state == "connected"
    assert seen == []


def test_flapping_does_not_flood(connections: ConnectionRegistry, way: FaultProxy) -> None:
    """Neither the views nor the server: it backs off."""
    found = connections.connect(uri=way.address)
    events: list[str] = []
    connections.subscribe(lambda event: events.append(event.kind))
    answered = found.checked_at

    def is_unstable() -> bool:
        """Break it off each time that it has answered, however long that takes."""
        nonlocal answered
        if found.checked_at != answered:
            answered = found.checked_at
            way.reset_all()
        return found.cause == "unstable"

    way.reset_all()
    wait_until(is_unstable, 60)
    events.clear()
    way.flap(0.02)
    begin, made = time.monotonic(), way.connections_seen
    wait_until(lambda: time.monotonic() - begin > 4)
    # Each try is one connection to look and one of gRPC's, and after one that fails 0.1 s pass.
    assert way.connections_seen - made < 4 * 2 * 10
    assert len(events) < 60, events
    way.pass_through()
    wait_until(is_in(found, "connected"), 60)


def test_a_connection_that_stays_is_no_longer_unstable(
    connections: ConnectionRegistry, way: FaultProxy
) -> None:
    """Three quick losses, and then nothing is wrong any more."""
    connections.set_pace(PULSE, PATIENCE)
    found = connections.connect(uri=way.address)
    for _ in range(3):
        made = way.connections_seen
        way.reset_all()
        wait_until(lambda made=made: way.connections_seen > made)  # type: ignore[misc]
        wait_until(is_in(found, "connected"))
    seen = states_of(found)
    end = time.monotonic() + 2  # several heartbeats
    wait_until(lambda: time.monotonic() > end)
    assert [cause for _, cause in seen if cause == "unstable"][1:] == []
    assert found.state == "connected"


def test_a_mistake_of_ours_does_not_end_the_watching(
    connections: ConnectionRegistry,
    way: FaultProxy,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It is logged, and the next heartbeat asks again."""
    from milvus_nb.watching.schedule import Schedule

    found = connections.connect(uri=way.address)
    with monkeypatch.context() as broken, caplog.at_level("ERROR"):
        broken.setattr(Schedule, "next_delay", lambda _: 1 / 0)
        wait_until(lambda: "ZeroDivisionError" in caplog.text)
    way.refuse()
    way.reset_all()
    wait_until(is_in(found, "unreachable", "refused"))


def test_a_changed_password(connections: ConnectionRegistry, milvus_auth: MilvusTestServer) -> None:
    """Rejected with the next heartbeat; Retry asks at once when it is right again."""
    admin = pymilvus.MilvusClient(milvus_auth.uri, token=milvus_auth.root_token, dedicated=True)
    admin.create_user("bob", "password-1")
    try:
        found = connections.connect(uri=milvus_auth.uri, token="bob:password-1")
        admin.update_password("bob", "password-1", "password-2")
        wait_until(is_in(found, "rejected", "wrong-password"))
        assert "bob" in found.reason
        connections.set_pace(heartbeat=3600, deadline=2)
        wait_until(lambda: found.checked_at is not None)
        admin.update_password("bob", "password-2", "password-1")
        connections.retry("default")
        wait_until(is_in(found, "connected"))
    finally:
        admin.drop_user("bob")
        admin.close()


def test_a_dropped_database(connections: ConnectionRegistry, milvus: MilvusTestServer) -> None:
    """Whoever uses it is rejected; the others of the same server are not."""
    connections.set_pace(PULSE, PATIENCE)
    admin = pymilvus.MilvusClient(milvus.uri, dedicated=True)
    admin.create_database("watching_sales")
    found = connections.connect("sales", uri=milvus.uri, db_name="watching_sales")
    other = connections.connect("other", uri=milvus.uri)
    used = connections.connect("used", uri=milvus.uri)
    connections.use("used", "watching_sales")
    admin.drop_database("watching_sales")
    wait_until(is_in(found, "rejected", "database-missing"))
    wait_until(is_in(used, "rejected", "database-missing"))
    assert "default" in found.fix
    assert other.state == "connected"
    since = found.since
    checked = other.checked_at or 0.0
    wait_until(lambda: (other.checked_at or 0.0) > checked)
    assert found.since == since
    connections.use("used", "default")
    wait_until(is_in(used, "connected"))
    admin.create_database("watching_sales")
    wait_until(is_in(found, "connected"))
    admin.drop_database("watching_sales")
    admin.close()


@pytest.fixture
def restricted(milvus_auth: MilvusTestServer) -> Iterator[pymilvus.MilvusClient]:
    """Give the administrator of a server with the database `hidden`, which bob may not list."""
    admin = pymilvus.MilvusClient(milvus_auth.uri, token=milvus_auth.root_token, dedicated=True)
    admin.create_user("bob", "password-1")
    admin.create_database("hidden")
    bob = pymilvus.MilvusClient(milvus_auth.uri, token="bob:password-1", dedicated=True)
    with pytest.raises(grpc.RpcError, match="permission deny"):
        bob.list_databases()
    bob.close()
    yield admin
    admin.drop_user("bob")
    if "hidden" in admin.list_databases():
        admin.drop_database("hidden")
    admin.close()


def test_who_may_not_list_databases(
    connections: ConnectionRegistry,
    milvus_auth: MilvusTestServer,
    restricted: pymilvus.MilvusClient,
) -> None:
    """An existing database is taken, a missing one refused, a dropped one noticed."""
    connections.set_pace(PULSE, PATIENCE)
    bob: dict[str, Any] = {"uri": milvus_auth.uri, "token": "bob:password-1"}
    found = connections.connect("bob", db_name="hidden", **bob)
    other = connections.connect("other", db_name="default", **bob)
    for name in ("nosuch", "für", "a b"):
        with pytest.raises(ConnectError, match=f"There is no database {name}") as failure:
            connections.connect("lost", db_name=name, **bob)
        assert failure.value.cause == "database-missing"
        with pytest.raises(ConnectError, match="no database"):
            connections.use("other", name)
    report = connections.diagnose("bob")
    assert report.ok
    assert "Database" in repr(report)
    assert (report.stages[-1].name, report.stages[-1].text) == ("database", "hidden")
    assert not connections.examine(replace(found.params, db_name="nosuch")).wait().ok
    connections.use("other", "hidden")
    restricted.drop_database("hidden")
    wait_until(is_in(found, "rejected", "database-missing"))
    wait_until(is_in(other, "rejected", "database-missing"))
    assert not connections.diagnose("bob").ok
    connections.use("other", "default")
    wait_until(is_in(other, "connected"))
    restricted.create_database("hidden")
    wait_until(is_in(found, "connected"))


def test_a_further_alias_of_a_database_that_may_not_be_listed_asks_for_it(
    connections: ConnectionRegistry,
    milvus_auth: MilvusTestServer,
    restricted: pymilvus.MilvusClient,
) -> None:
    """Most heartbeats do not: who connects is told that it was dropped."""
    bob: dict[str, Any] = {"uri": milvus_auth.uri, "token": "bob:password-1", "db_name": "hidden"}
    connections.connect("bob", **bob)
    connections.connect("again", **bob)
    restricted.drop_database("hidden")
    with pytest.raises(ConnectError, match="There is no database hidden"):
        connections.connect("late", **bob)


def test_a_database_of_milvus_lite(connections: ConnectionRegistry, lite_path: Path) -> None:
    """Milvus Lite lists all of its databases, and looks at none when one signs in."""
    connections.set_pace(PULSE, PATIENCE)
    main = connections.connect("main", uri=str(lite_path))
    with pytest.raises(ConnectError, match="no database sales"):
        connections.connect("sales", uri=str(lite_path), db_name="sales")
    main.client.create_database("sales")
    found = connections.connect("sales", uri=str(lite_path), db_name="sales")
    assert connections.diagnose("sales").ok
    main.client.drop_database("sales")
    wait_until(is_in(found, "rejected", "database-missing"))
    assert not connections.diagnose("sales").ok
    assert main.state == "connected"


# Connect's reply: error_code 1, reason, code 800.
_STATUS = b"\x08\x01\x12\x12database not found\x18\xa0\x06"
NO_DATABASE = b"\x0a" + bytes([len(_STATUS)]) + _STATUS


def test_a_database_that_is_there_but_not_listed(connections: ConnectionRegistry) -> None:
    """The list has what the user may see: what is not in it may be there all the same."""

    def connect(context: grpc.ServicerContext) -> bytes:
        wanted = dict(context.invocation_metadata()).get("dbname", "default")
        return b"" if wanted in ("default", "hidden") else NO_DATABASE

    connections.set_pace(heartbeat=0.05, deadline=10)
    with ScriptedMilvus({**HEALTHY, "Connect": connect}) as server:

        def asked(method: str, **metadata: str) -> int:
            return sum(
                call.method == method and metadata.items() <= call.metadata.items()
                for call in list(server.calls)
            )

        found = connections.connect("a", uri=server.address, db_name="hidden")
        with pytest.raises(ConnectError, match="no database nosuch"):
            connections.connect("b", uri=server.address, db_name="nosuch")
        # Each sign-in is one more client in the server's list.
        sign_ins, beats = asked("Connect", dbname="hidden"), asked("CheckHealth")
        wait_until(lambda: asked("CheckHealth") >= beats + 20)
        assert asked("Connect", dbname="hidden") <= sign_ins + 3
        assert found.state == "connected"
        assert connections.diagnose("a").ok


ERRORS = {
    "RESOURCE_EXHAUSTED": "rate limit exceeded",
    "FAILED_PRECONDITION": "the node is about to stop",
    "NOT_FOUND": "no such node",
    "INTERNAL": "nil pointer",
    "UNKNOWN": "something odd",
    "ABORTED": "try again",
    "INVALID_ARGUMENT": "odd request",
    "OUT_OF_RANGE": "too far",
    "ALREADY_EXISTS": "twice",
    "DATA_LOSS": "a lost page",
    "CANCELLED": "by the server",
    "UNAVAILABLE": "too many requests",  # as gateways say it
}


@pytest.mark.parametrize("code", ERRORS)
def test_an_error_of_a_heartbeat_is_an_answer(connections: ConnectionRegistry, code: str) -> None:
    """Who answers is there: the connection is degraded, says why, and keeps its socket."""

    def fail(context: grpc.ServicerContext) -> bytes:
        context.abort(grpc.StatusCode[code], ERRORS[code])

    connections.set_pace(heartbeat=0.2, deadline=10)
    with ScriptedMilvus() as server:
        found = connections.connect(uri=server.address)
        port = sockets_to(server.port)
        server.methods = {**HEALTHY, "CheckHealth": fail}
        wait_until(is_in(found, "degraded", "unhealthy"))
        assert ERRORS[code] in found.reason
        assert sockets_to(server.port) == port
        report = connections.diagnose()
        assert report.ok
        assert ERRORS[code] in repr(report)
        server.methods = dict(HEALTHY)
        wait_until(is_in(found, "connected"))
        # And when it has to sign in anew.
        server.methods = dict.fromkeys(HEALTHY, fail)
    with server:
        wait_until(is_in(found, "degraded", "unhealthy"))
        assert ERRORS[code] in found.reason


def test_an_error_at_the_first_sign_in_is_a_failure(connections: ConnectionRegistry) -> None:
    """Nothing is known to work there; what else answers with an error does not matter."""

    def fail(context: grpc.ServicerContext) -> bytes:
        context.abort(grpc.StatusCode.INTERNAL, "nil pointer")

    with ScriptedMilvus({**HEALTHY, "Connect": fail}) as server:
        with pytest.raises(ConnectError, match="nil pointer"):
            connections.connect(uri=server.address)
        server.methods = {**HEALTHY, "GetVersion": fail, "CheckHealth": fail}
        found = connections.connect(uri=server.address)
        assert found.state == "degraded"
        assert found.server_version == ""


def test_an_unhealthy_server_says_why(connections: ConnectionRegistry) -> None:
    """CheckHealth's reasons and quota states, in words."""
    unhealthy = b"\x0a\x00\x10\x00\x1a\x11disk nearly full!\x22\x01\x05"
    with ScriptedMilvus() as server:
        found = connections.connect(uri=server.address)
        server.methods = {**server.methods, "CheckHealth": unhealthy}
        wait_until(is_in(found, "degraded", "unhealthy"))
        assert found.reason == "disk nearly full!; writing is denied"


def test_a_certificate_that_expires(connections: ConnectionRegistry, tmp_path: Path) -> None:
    """Degraded while the old connection lives, unreachable once a new one is needed."""
    ends = dt.datetime.now(dt.timezone.utc) + dt.timedelta(seconds=6)
    certificates = make_certificates(tmp_path / "short", not_after=ends)
    with (
        ScriptedMilvus(certificates=certificates) as server,
        FaultProxy(("127.0.0.1", server.port)) as way,
    ):
        uri = f"https://localhost:{way.port}"
        found = connections.connect(uri=uri, ca_pem_path=certificates.ca_pem)
        assert found.state == "connected"
        assert "expires on" in " ".join(found.diagnose().notes)
        wait_until(is_in(found, "degraded", "unhealthy"))
        assert "certificate expired" in found.reason
        way.reset_all()
        wait_until(is_in(found, "unreachable", "tls-expired"))


def test_a_deleted_lite_database(connections: ConnectionRegistry, lite_path: Path) -> None:
    """It would be served on as if nothing had happened."""
    found = connections.connect(uri=str(lite_path))
    away = lite_path.with_name("away.db")
    lite_path.rename(away)
    wait_until(is_in(found, "unreachable", "lite-deleted"))
    away.rename(lite_path)
    wait_until(is_in(found, "connected"))
    shutil.rmtree(lite_path)
    wait_until(is_in(found, "unreachable", "lite-deleted"))


def test_a_lite_server_that_somebody_stopped(
    connections: ConnectionRegistry, lite_path: Path
) -> None:
    """Pymilvus's users can."""
    from milvus_lite.server_manager import server_manager_instance

    found = connections.connect(uri=str(lite_path))
    server_manager_instance.release_server(str(lite_path))
    wait_until(is_in(found, "unreachable", "lite-gone"))
    connections.disconnect("default")
    assert connections.connect(uri=str(lite_path)).state == "connected"


def test_a_ping_during_which_the_connection_is_given_up(
    connections: ConnectionRegistry, milvus_alone: MilvusTestServer
) -> None:
    """The heartbeat finds out first, and says so."""
    connections.connect(uri=milvus_alone.uri, timeout=10)
    milvus_alone.pause()
    with pytest.raises(ConnectError) as failure:
        connections.measure("default").wait()
    assert failure.value.cause == "connection-lost"


def test_many_connections_to_one_dead_place_make_one_attempt_at_a_time(
    connections: ConnectionRegistry, way: FaultProxy
) -> None:
    """Of thirty users, two each: it is the place that is tried."""
    for number in range(60):
        connections.connect(f"c{number}", uri=way.address, token=f"u{number % 30}:x", timeout=60)
    way.blackhole()
    wait_until(lambda: all(found.state == "unreachable" for found in connections.connections()))
    made = way.connections_seen
    most = 0
    end = time.monotonic() + 3
    while time.monotonic() < end:
        most = max(most, way.live)
        time.sleep(0.01)
    # Each attempt may take 0.5 s; and one lives for the moment in which it is given up.
    assert way.connections_seen - made <= 8
    assert most <= 2
    way.pass_through()
    wait_until(lambda: all(c.state == "connected" for c in connections.connections()))


def test_a_laptop_that_slept(make_kernel: Callable[..., Kernel], milvus: MilvusTestServer) -> None:
    """The kernel stood still for longer than every deadline: the server is not to blame."""
    kernel = make_kernel()
    kernel.run(
        "%load_ext milvus_nb\n%config MilvusMagics.heartbeat = 0.2\n"
        f"%config MilvusMagics.deadline = 3.0\nc = %milvus connect {milvus.address}\n"
        "states = []\nc.observe(lambda change: states.append(change['new']), 'state')"
    )
    # Which it was asked for after it woke: no answer that was there before.
    looked_twice = (
        "import time; woke = time.time()\n"
        "while c.checked_at < woke + 1: time.sleep(0.05)\n"
        "print(states, c.state)"
    )
    for _ in range(2):
        os.kill(kernel.pid, signal.SIGSTOP)
        time.sleep(4)  # it is what is tested
        os.kill(kernel.pid, signal.SIGCONT)
        assert kernel.run(looked_twice).stdout == "[] connected\n"


def test_a_silent_server_does_not_hold_up_the_others(
    connections: ConnectionRegistry, milvus: MilvusTestServer, way: FaultProxy
) -> None:
    """Clients that share a manager wait for each other's new connections; ours have their own."""
    connections.connect("sick", uri=way.address)
    client = connections.client("sick")
    way.refuse()
    way.reset_all()
    stop = threading.Event()

    def call() -> None:
        while not stop.wait(0.05):
            with contextlib.suppress(pymilvus.MilvusException, grpc.RpcError):
                client.list_collections(timeout=1)

    callers = [threading.Thread(target=call) for _ in range(2)]
    for caller in callers:
        caller.start()
    way.blackhole()
    way.listen_again()
    longest = 0.0
    for _ in range(10):
        begin = time.monotonic()
        connections.connect("well", uri=milvus.uri, timeout=60)
        assert connections.client("well").list_collections() == []
        connections.disconnect("well")
        longest = max(longest, time.monotonic() - begin)
        time.sleep(0.1)
    stop.set()
    way.pass_through()
    for caller in callers:
        caller.join()
    assert longest < 10, longest


def test_the_pace_is_checked(connections: ConnectionRegistry) -> None:
    """Times are above 0."""
    with pytest.raises(ParamsError, match="deadline = -1"):
        connections.set_pace(1, -1)
    with pytest.raises(ParamsError, match="heartbeat = 0"):
        connections.set_pace(0, 1)


def test_nothing_is_left_of_what_was_watched(
    connections: ConnectionRegistry, way: FaultProxy
) -> None:
    """Also where it was closed while it was broken."""
    for fault in ("blackhole", "refuse", "close_new"):
        way.listen_again()
        way.pass_through()
        connections.connect("x", uri=way.address)
        getattr(way, fault)()
        way.reset_all()
        wait_until(lambda: connections["x"].state == "unreachable")
        connections.disconnect("x")
        wait_until(lambda: sockets_to(way.port) == [])


@pytest.mark.parametrize(
    ("code", "text", "state", "cause"),
    [
        ("UNAVAILABLE", "no healthy upstream", "unreachable", "upstream"),
        ("UNAVAILABLE", "Milvus Proxy is not ready yet. please wait", "unreachable", "starting"),
        ("UNIMPLEMENTED", "", "unreachable", "gateway-no-milvus"),
        (
            "UNIMPLEMENTED",
            "unknown service milvus.proto.milvus.MilvusService",
            "unreachable",
            "not-milvus",
        ),
        ("UNAUTHENTICATED", "Jwt is expired", "rejected", "gateway-sign-in"),
        ("PERMISSION_DENIED", "RBAC: access denied", "rejected", "gateway-forbidden"),
        ("UNKNOWN", "auth check failure, please check username", "rejected", "wrong-password"),
    ],
)
def test_what_a_gateway_says_of_a_live_connection(
    connections: ConnectionRegistry, code: str, text: str, state: str, cause: str
) -> None:
    """Its words are its own, not this side's; and when Milvus is back, so is the connection."""

    def refuse(context: grpc.ServicerContext) -> bytes:
        context.abort(grpc.StatusCode[code], text)

    with ScriptedMilvus() as gateway:
        found = connections.connect(uri=gateway.address, token="root:s3cret")
        gateway.methods = dict.fromkeys(HEALTHY, refuse)
        wait_until(is_in(found, state, cause))
        gateway.methods = dict(HEALTHY)
        wait_until(is_in(found, "connected"))
