"""What connecting and disconnecting cost a server, and whoever listens: as little as proves it."""

from __future__ import annotations

import contextlib
import threading
from collections import Counter
from typing import TYPE_CHECKING

import grpc
import pytest

from milvus_nb import ConnectError, ConnectionRegistry
from milvus_nb.probing import reacher
from milvus_nb.watching import asking, monitor, turns
from tests.support.helpers import sockets_to, wait_until
from tests.support.servers import ScriptedMilvus
from tests.support.servers.peers import HEALTHY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from milvus_nb.registry.registry import Event
    from tests.support.servers import MilvusTestServer

# A server of such a pace is asked by nobody but who connects.
NEVER_S = 1e6


@pytest.fixture
def still() -> Iterator[ConnectionRegistry]:
    """Give a registry whose heartbeat does not come."""
    registry = ConnectionRegistry(heartbeat=NEVER_S)
    yield registry
    registry.shutdown()


@pytest.fixture
def server() -> Iterator[ScriptedMilvus]:
    """Give a server that counts what it is asked."""
    with ScriptedMilvus() as server:
        yield server


def asked(server: ScriptedMilvus, *, versions: bool = False) -> Counter[str]:
    """Count the calls of each method; of GetVersion, which measures latencies too, if so said."""
    methods = [call.method for call in list(server.calls)]
    return Counter(each for each in methods if versions or each != "GetVersion")


def stay_near(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a server that has answered once be known as well and near for good."""
    monkeypatch.setattr(reacher, "_WELL_S", NEVER_S)
    monkeypatch.setattr(reacher, "_RECENT_S", NEVER_S)
    monkeypatch.setattr(reacher, "_LED_S", NEVER_S)
    monkeypatch.setattr(reacher, "_NEAR_MS", NEVER_S)


@contextlib.contextmanager
def threads_started() -> Iterator[list[str]]:
    """List the threads that are started meanwhile, but for those of servers."""
    started: list[str] = []
    start = threading.Thread.start

    def noted(thread: threading.Thread) -> None:
        if not thread.name.startswith("ScriptedMilvus"):
            started.append(thread.name)
        start(thread)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(threading.Thread, "start", noted)
        yield started


def test_a_further_alias_of_a_server_that_is_well_asks_it_nothing(
    still: ConnectionRegistry, server: ScriptedMilvus
) -> None:
    """The credentials, the database and the health were proved within the last heartbeat."""
    first = still.connect("a", uri=server.address)
    still.connect("a-in-default", uri=server.address, db_name="default")
    once = asked(server)
    assert once == {"Connect": 1, "CheckHealth": 1}
    second = still.connect("b", uri=server.address)
    assert asked(server) == once
    assert (second.state, second.server_version) == ("connected", "v2.6.0")
    assert second.checked_at == first.checked_at
    assert len(sockets_to(server.port)) == 1
    still.disconnect("a")
    assert len(sockets_to(server.port)) == 1
    still.disconnect_all()
    assert sockets_to(server.port) == []


def test_a_database_that_nobody_uses_yet_is_looked_for(
    still: ConnectionRegistry, server: ScriptedMilvus
) -> None:
    """And one that is in use is not looked for again."""

    def connect(context: grpc.ServicerContext) -> bytes:
        there = ("dbname", "nosuch") not in context.invocation_metadata()
        return b"" if there else b"\x0a\x03\x18\xa0\x06"  # a status with code 800

    server.methods["Connect"] = connect
    server.methods["ListDatabases"] = b"\x12\x07default\x12\x05books"
    still.connect("a", uri=server.address)
    with pytest.raises(ConnectError, match="no database nosuch"):
        still.connect("b", uri=server.address, db_name="nosuch")
    still.connect("b", uri=server.address, db_name="books")
    once = asked(server)
    still.connect("c", uri=server.address, db_name="books")
    assert asked(server) == once


def test_another_user_of_a_server_that_is_well_only_signs_in(
    still: ConnectionRegistry, server: ScriptedMilvus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server's health, version and round trip are the same for all who ask there."""
    monkeypatch.setattr(reacher, "_WELL_S", NEVER_S)
    one = still.connect("one", uri=server.address, token="one:secret")
    before, versions = asked(server), len(server.calls)
    other = still.connect("other", uri=server.address, token="other:secret")
    assert asked(server) - before == {"Connect": 1}
    assert len(server.calls) == versions + 1
    assert other.server_version == one.server_version
    assert other.latency_ms == one.latency_ms
    assert other.note == one.note != ""  # this server takes any password
    # Whoever connects again brings its own proof: the server knows the client by now.
    stay_near(monkeypatch)
    monkeypatch.setattr(asking, "_AT_ONCE_S", 5.0)
    still.disconnect("other")
    before = asked(server, versions=True)
    still.connect("other", uri=server.address, token="other:secret")
    assert asked(server, versions=True) - before == {"GetVersion": 1}


def test_connecting_again_is_one_call_on_the_thread_that_waits(
    still: ConnectionRegistry, server: ScriptedMilvus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the server has just answered, no thread is started for it, not by gRPC either."""
    stay_near(monkeypatch)
    monkeypatch.setattr(asking, "_AT_ONCE_S", 5.0)
    still.connect("a", uri=server.address, token="one:secret")
    still.disconnect("a")
    before = asked(server, versions=True)
    with threads_started() as started:
        again = still.connect("a", uri=server.address, token="one:secret")
    assert started == []
    assert asked(server, versions=True) - before == {"GetVersion": 1}
    assert (again.state, again.server_version) == ("connected", "v2.6.0")
    assert again.note != ""  # as it was told the first time
    assert len(sockets_to(server.port)) == 1
    still.disconnect("a")
    assert sockets_to(server.port) == []


def test_a_sign_in_that_is_not_answered_at_once_is_named_as_any_other(
    still: ConnectionRegistry, server: ScriptedMilvus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However well the server was a moment ago; and nothing is left open."""
    stay_near(monkeypatch)

    def silent(context: grpc.ServicerContext) -> bytes:
        wait_until(lambda: not context.is_active())
        return b""

    still.connect("a", uri=server.address)
    server.methods["Connect"] = silent
    with pytest.raises(ConnectError) as failure:
        still.connect("b", uri=server.address, token="other:secret", timeout=0.5)
    still.disconnect("a")
    with pytest.raises(ConnectError) as again:
        still.connect("a", uri=server.address, timeout=0.5)
    for found in (failure.value.diagnosis, again.value.diagnosis):
        assert found is not None
        assert (found.cause, found.asked) == ("unanswered", "Connect (gRPC)")
    wait_until(lambda: sockets_to(server.port) == [])


def test_a_password_that_was_changed_is_refused(
    still: ConnectionRegistry, server: ScriptedMilvus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was taken before proves nothing now."""
    stay_near(monkeypatch)
    monkeypatch.setattr(asking, "_AT_ONCE_S", 5.0)

    def refuse(context: grpc.ServicerContext) -> bytes:
        context.abort(grpc.StatusCode.UNAUTHENTICATED, "auth check failure")

    still.connect("a", uri=server.address, token="one:secret")
    still.disconnect("a")
    server.methods["Connect"] = server.methods["GetVersion"] = refuse
    before = asked(server, versions=True)
    for _ in range(2):
        with pytest.raises(ConnectError) as failure:
            still.connect("a", uri=server.address, token="one:secret")
        assert failure.value.diagnosis is not None
        assert failure.value.diagnosis.state == "rejected"
    # At first twice: the second time tells why. Then it is not taken for certain any more.
    found = asked(server, versions=True) - before
    assert (found["GetVersion"], found["Connect"]) == (1, 2)


def test_a_heartbeat_near_by_is_one_call_on_the_monitors_thread(
    server: ScriptedMilvus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No thread is started for it, and what it tells is told as ever."""
    stay_near(monkeypatch)
    monkeypatch.setattr(asking, "_AT_ONCE_S", 5.0)
    monkeypatch.setattr(monitor, "_MEASURED_AT_A_TIME", 0)
    monkeypatch.setattr(turns, "_MOST_S", NEVER_S)
    registry = ConnectionRegistry(heartbeat=0.05)
    try:
        found = [registry.connect(f"c{n}", uri=server.address, token=f"u{n}:x") for n in range(3)]
        before = asked(server)
        with threads_started() as started:
            wait_until(lambda: asked(server)["CheckHealth"] >= before["CheckHealth"] + 12)
        assert started == []
        assert asked(server)["Connect"] == before["Connect"]
        server.methods["CheckHealth"] = b"\x10\x00\x1a\x09disk full"
        wait_until(lambda: {each.reason for each in found} == {"disk full"})
        server.methods["CheckHealth"] = HEALTHY["CheckHealth"]
        wait_until(lambda: {each.state for each in found} == {"connected"})
    finally:
        registry.shutdown()


def test_what_is_not_well_is_asked_each_time(
    still: ConnectionRegistry, server: ScriptedMilvus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody may have mended it."""
    monkeypatch.setattr(reacher, "_WELL_S", NEVER_S)
    server.methods["CheckHealth"] = b"\x10\x00\x1a\x09disk full"
    assert still.connect("a", uri=server.address).reason == "disk full"
    assert still.connect("b", uri=server.address, token="b:secret").reason == "disk full"
    server.methods["CheckHealth"] = HEALTHY["CheckHealth"]
    assert still.connect("c", uri=server.address).state == "connected"
    assert asked(server)["CheckHealth"] == 3


def test_a_server_that_is_gone_was_not_proved_to_be_there(still: ConnectionRegistry) -> None:
    """No heartbeat has to come until a further alias, or user, is refused."""
    with ScriptedMilvus() as server:
        first = still.connect("a", uri=server.address)
    wait_until(lambda: first.state == "unreachable")
    for token in ("", "other:secret"):
        with pytest.raises(ConnectError):
            still.connect("b", uri=server.address, token=token)


def test_disconnecting_all_is_one_thing(
    still: ConnectionRegistry, milvus: MilvusTestServer
) -> None:
    """Each alias is told to be gone once; clients' sockets are closed, too, and one job does it."""
    for number in range(40):
        still.connect(f"c{number}", uri=milvus.address)
    still.connect("elsewhere", uri=f"127.0.0.1:{milvus.port}")
    assert still.client("c7").list_collections() is not None
    events: list[Event] = []
    still.subscribe(events.append)
    seen: list[str] = []
    for alias in ("c7", "c8"):
        still[alias].observe(lambda change: seen.append(change["new"]), "state")
    threads = [threading.Thread(target=still.disconnect_all) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(still) == 0
    assert sockets_to(milvus.port) == []
    told = Counter((event.kind, event.alias) for event in events)
    names = [*(f"c{number}" for number in range(40)), "elsewhere"]
    assert told == {("removed", name): 1 for name in names} | {("current", ""): 1}
    assert seen == ["disconnected", "disconnected"]
