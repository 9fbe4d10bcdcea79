"""The registry against real servers: connect, share, replace, refuse, close."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import pymilvus
import pytest
from pymilvus.exceptions import ConnectionConfigException, ParamError

from milvus_nb import AliasError, ConnectError, ConnectionRegistry, ParamsError
from milvus_nb.registry import aliases
from tests.support.helpers import free_port, open_files, sockets_to, threads, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from milvus_nb.registry.registry import Event
    from tests.support.servers import FaultProxy, MilvusTestServer


def test_connect_gives_a_verified_connection_with_the_servers_facts(
    connections: ConnectionRegistry, milvus_auth: MilvusTestServer
) -> None:
    """One line connects, and says who, where, which version, how fast."""
    found = connections.connect("prod", uri=milvus_auth.address, token="root:Milvus")
    assert (found.alias, found.state, found.user, found.db_name) == (
        "prod",
        "connected",
        "root",
        "default",
    )
    assert found.server_version.startswith("v2.3")
    assert found.latency_ms is not None
    assert 0 < found.latency_ms < 1000
    assert found.checked_at is not None
    assert found.connected_at is not None
    assert connections["prod"] is found
    assert connections.current is found


def test_connected_means_that_the_credentials_were_verified(
    connections: ConnectionRegistry, milvus_auth: MilvusTestServer
) -> None:
    """A wrong password fails at connect, with the reason, as pymilvus's exception too."""
    with pytest.raises(pymilvus.MilvusException) as failure:
        connections.connect("prod", uri=milvus_auth.address, token="root:wrong-one")
    assert isinstance(failure.value, ConnectError)
    assert failure.value.diagnosis is not None
    assert failure.value.diagnosis.cause == "wrong-password"
    assert "root" in str(failure.value)
    assert "wrong-one" not in str(failure.value)
    assert not connections.has_connection("prod")
    assert sockets_to(milvus_auth.port) == []


def test_the_client_is_pymilvus_own_and_is_made_once(
    connections: ConnectionRegistry, milvus_auth: MilvusTestServer
) -> None:
    """`client` gives a MilvusClient that works, the same one each time."""
    connections.connect("prod", uri=milvus_auth.address, token="root:Milvus")
    client = connections.client("prod")
    assert isinstance(client, pymilvus.MilvusClient)
    assert repr(client).startswith("<pymilvus.MilvusClient object at ")
    assert client is connections["prod"].client
    assert client.list_collections() == []


def test_disconnect_closes_every_socket_before_it_returns(
    connections: ConnectionRegistry, milvus_auth: MilvusTestServer
) -> None:
    """Neither the probe's socket nor the client's is left."""
    found = connections.connect("prod", uri=milvus_auth.address, token="root:Milvus")
    assert found.client.list_collections() == []
    assert len(sockets_to(milvus_auth.port)) == 2
    connections.disconnect("prod")
    assert sockets_to(milvus_auth.port) == []
    assert found.state == "disconnected"
    with pytest.raises(Exception, match="closed"):
        _ = found.client


def test_aliases_of_one_endpoint_share_one_probe(
    connections: ConnectionRegistry, milvus: MilvusTestServer
) -> None:
    """The cost of watching grows with endpoints, not aliases."""
    for number in range(5):
        connections.connect(f"a{number}", uri=milvus.address)
    assert len(sockets_to(milvus.port)) == 1
    connections.disconnect("a0")
    assert len(sockets_to(milvus.port)) == 1
    connections.disconnect_all()
    assert sockets_to(milvus.port) == []
    assert len(connections) == 0


def test_a_rerun_cell_gives_the_live_connection(
    connections: ConnectionRegistry, milvus: MilvusTestServer
) -> None:
    """Same alias, same parameters: nothing new is opened."""
    first = connections.connect("a", uri=milvus.address)
    assert connections.connect("a", uri=milvus.address) is first
    assert connections.connect("a", uri=milvus.uri, db_name="default", timeout=7) is first
    connections.disconnect("a")
    assert connections.connect("a", timeout=9).params.timeout == 9


def test_other_parameters_need_replace(
    connections: ConnectionRegistry, milvus: MilvusTestServer, milvus_auth: MilvusTestServer
) -> None:
    """The error says how they differ; with replace the new one takes over once it works."""
    first = connections.connect("a", uri=milvus.address)
    with pytest.raises(ConnectionConfigException) as failure:
        connections.connect("a", uri=milvus_auth.address, token="root:Milvus")
    assert isinstance(failure.value, AliasError)
    assert "address" in str(failure.value)
    assert "replace=True" in str(failure.value)
    assert "Milvus" not in str(failure.value)
    assert first.state == "connected"

    second = connections.connect("a", uri=milvus_auth.address, token="root:Milvus", replace=True)
    assert connections["a"] is second
    assert first.state == "disconnected"
    assert sockets_to(milvus.port) == []


def test_a_failed_replace_leaves_the_working_connection_alone(
    connections: ConnectionRegistry, milvus: MilvusTestServer
) -> None:
    """Pymilvus destroys it; we do not."""
    first = connections.connect("a", uri=milvus.address)
    with pytest.raises(ConnectError):
        connections.connect("a", uri=f"localhost:{free_port()}", replace=True)
    assert connections["a"] is first
    assert first.state == "connected"
    assert first.client.list_collections() == []


def test_a_disconnected_alias_is_remembered_until_it_is_removed(
    connections: ConnectionRegistry, milvus_auth: MilvusTestServer
) -> None:
    """connect(alias) brings it back, credentials too; remove_connection forgets it."""
    connections.connect("prod", uri=milvus_auth.address, token="root:Milvus")
    connections.disconnect("prod")
    assert connections.list_connections() == [("prod", None)]
    assert connections.connect("prod").state == "connected"
    connections.remove_connection("prod")
    assert connections.list_connections() == []


def test_add_connection_keeps_all_it_is_given(
    connections: ConnectionRegistry, milvus_auth: MilvusTestServer
) -> None:
    """Pymilvus drops the token of a cached alias; ours signs in with it."""
    connections.add_connection(prod={"uri": milvus_auth.address, "token": "root:Milvus"})
    assert connections.list_connections() == [("prod", None)]
    address = connections.get_connection_addr("prod")
    assert address["user"] == "root"
    assert "Milvus" not in str(address)
    assert connections.connect("prod").state == "connected"


def test_use_changes_the_current_connection_and_its_database(
    connections: ConnectionRegistry, milvus: MilvusTestServer
) -> None:
    """A database that is not there is refused, with those that are; nothing changes."""
    connections.connect("a", uri=milvus.address)
    connections.connect("b", uri=milvus.address)
    assert connections.current is connections["b"]
    client = connections.client("a")
    client.create_database("registry_sales")
    try:
        connections.use("a", db_name="registry_sales")
        assert connections.current is connections["a"]
        assert connections["a"].db_name == "registry_sales"
        client.create_collection("orders", dimension=4)
        assert connections.client("a").list_collections() == ["orders"]
        assert connections.client("b").list_collections() == []
        with pytest.raises(ConnectError, match="registry_sales") as failure:
            connections.use("b", db_name="registry_sale")
        assert "registry_sale on" in str(failure.value)
        assert connections["b"].db_name == "default"
        with pytest.raises(ConnectError, match="database"):
            connections.connect("c", uri=f"{milvus.uri}/nowhere")
        client.drop_collection("orders")
    finally:
        connections.use("a", db_name="default")
        client.drop_database("registry_sales")


def test_nothing_becomes_current_by_itself(
    connections: ConnectionRegistry, milvus: MilvusTestServer
) -> None:
    """Once the current one is disconnected none is; what needs one says so, and names them."""

    def current() -> str:
        return connections.current.alias if connections.current is not None else ""

    for alias in ("a", "default", "b"):
        connections.connect(alias, uri=milvus.address)
    connections.disconnect("a")
    assert current() == "b"
    events: list[Event] = []
    connections.subscribe(events.append)
    connections.disconnect("b")
    assert current() == ""
    assert ("current", "") in [(event.kind, event.alias) for event in events]
    with pytest.raises(AliasError, match="No connection is current") as failure:
        connections.client()
    assert "default" in failure.value.fix
    connections.use("default")
    assert connections.client().list_collections() == []
    connections.disconnect_all()
    with pytest.raises(AliasError, match="There is no connection"):
        connections.client()


def test_the_age_of_a_state_is_the_connections_own(
    connections: ConnectionRegistry, milvus: MilvusTestServer
) -> None:
    """A second connection to a server that is watched for long starts at 0 s."""
    first = connections.connect("a", uri=milvus.address)
    before = time.time()
    second = connections.connect("b", uri=milvus.address)
    assert first.since < before <= second.since
    assert second.connected_at is not None
    assert abs(second.since - second.connected_at) < 1
    known = first.since
    first.ping()
    assert first.since == known


def test_what_is_rejected_gives_way_to_the_corrected_cell(
    milvus_auth: MilvusTestServer,
) -> None:
    """After a password was rotated, the cell with the new one connects; no replace is needed."""
    root = pymilvus.MilvusClient(milvus_auth.uri, token="root:Milvus", dedicated=True)
    registry = ConnectionRegistry(heartbeat=0.2)
    try:
        root.create_user("rotated", "Before-1")
        old = registry.connect("s", uri=milvus_auth.address, token="rotated:Before-1")
        with pytest.raises(AliasError, match="is connected with other parameters"):
            registry.connect("s", uri=milvus_auth.address, token="rotated:After-2")
        root.update_password("rotated", "Before-1", "After-2")
        wait_until(lambda: old.state == "rejected")
        with pytest.raises(ConnectError):  # what is tried does not work either: nothing changes
            registry.connect("s", uri=milvus_auth.address, token="rotated:Neither-3")
        assert registry["s"] is old
        registry.add_connection(s={"uri": milvus_auth.address, "token": "rotated:After-2"})
        new = registry.connect("s")
        assert registry["s"] is new
        assert (new.state, old.state) == ("connected", "disconnected")
    finally:
        registry.shutdown()
        root.drop_user("rotated")
        root.close()


def test_a_password_that_was_rotated_a_moment_ago_is_refused(
    connections: ConnectionRegistry, milvus_auth: MilvusTestServer
) -> None:
    """Also where it was taken just before, and the server is known to be well."""
    root = connections.connect("root", uri=milvus_auth.address, token="root:Milvus")
    admin = root.client
    admin.create_user("hurried", "Before-1")
    try:
        for _ in range(2):
            connections.connect("s", uri=milvus_auth.address, token="hurried:Before-1")
            connections.disconnect("s")
        admin.update_password("hurried", "Before-1", "After-2")
        with pytest.raises(ConnectError) as refused:
            connections.connect("s", uri=milvus_auth.address, token="hurried:Before-1")
        assert refused.value.cause == "wrong-password"
        assert connections.connect("s", uri=milvus_auth.address, token="hurried:After-2").state == (
            "connected"
        )
    finally:
        admin.drop_user("hurried")


def test_what_is_unreachable_gives_way_too(
    connections: ConnectionRegistry, milvus: MilvusTestServer, way: FaultProxy
) -> None:
    """A server that is down need not be disconnected before another is tried."""
    old = connections.connect("a", uri=way.address)
    way.refuse()
    way.reset_all()
    wait_until(lambda: old.state == "unreachable")
    assert connections.connect("a", uri=milvus.address).state == "connected"
    assert old.state == "disconnected"


def test_an_alias_that_is_being_opened_is_told_as_that(
    connections: ConnectionRegistry, silent_port: int, milvus: MilvusTestServer
) -> None:
    """Not as one that does not exist, nor as one that is connected."""
    job = connections.start_connect("lab", uri=f"127.0.0.1:{silent_port}", timeout=60)
    for call in (
        lambda: connections["lab"],
        lambda: connections.client("lab"),
        lambda: connections.connect("lab", uri=milvus.address),
    ):
        with pytest.raises(AliasError, match="lab is just being connected") as failure:
            call()
        assert str(silent_port) in str(failure.value)
        assert "Did you mean" not in str(failure.value)
    theirs = pymilvus.MilvusClient(milvus.uri, dedicated=True)
    connections.look().wait()
    [name] = [other.alias for other in connections.others()]
    with pytest.raises(AliasError, match="The alias lab is taken") as failure:
        connections.adopt(name, "lab")
    assert f"being connected to 127.0.0.1:{silent_port}" in str(failure.value)
    theirs.close()
    job.cancel()
    connections.disconnect("lab")


def test_a_disconnected_alias_is_told_with_the_way_back(
    connections: ConnectionRegistry, milvus: MilvusTestServer
) -> None:
    """It is remembered, and that is said."""
    connections.connect("foo", uri=milvus.address)
    connections.disconnect("foo")
    with pytest.raises(AliasError, match="foo is not connected") as failure:
        connections.client("foo")
    assert "%milvus connect -a foo" in failure.value.fix


def test_an_empty_alias_is_an_alias_and_an_empty_address_is_none(
    connections: ConnectionRegistry, milvus: MilvusTestServer
) -> None:
    """As in pymilvus; it is not the current one for that."""
    with pytest.raises(ParamsError, match="name is empty"):
        connections.diagnose("")
    connections.connect("", uri=milvus.address)
    connections.connect("b", uri=milvus.address)
    connections.disconnect("b")
    assert connections.current is None
    assert connections.use("") is connections.current


def test_milvus_lite_is_released_so_that_another_process_can_open_it(
    connections: ConnectionRegistry, lite_path: Path, run_python: Callable[[str], str]
) -> None:
    """With the last alias on a file its server stops and its lock is gone."""
    open_it = (
        "from milvus_nb import connections\n"
        f"print(connections.connect(uri={str(lite_path)!r}, timeout=20).state)\n"
    )
    connections.connect("a", uri=str(lite_path))
    connections.connect("b", uri=str(lite_path))
    assert connections.client("b").list_collections() == []
    assert "open in another process" in run_python(open_it)
    connections.disconnect("a")
    assert connections.client("b").list_collections() == []
    connections.disconnect("b")
    assert run_python(open_it).strip() == "connected"


def test_milvus_lite_that_did_not_start_is_released(
    connections: ConnectionRegistry, lite_path: Path
) -> None:
    """It was locked before what failed, here as where the disk is full."""
    connections.connect(uri=str(lite_path), timeout=60)
    connections.disconnect("default")
    in_the_way = lite_path / ".database-staging"
    in_the_way.rmdir()
    in_the_way.touch()
    with pytest.raises(ConnectError) as failure:
        connections.connect(uri=str(lite_path), timeout=60)
    assert failure.value.cause == "lite-failed"
    in_the_way.unlink()
    assert connections.connect(uri=str(lite_path), timeout=60).state == "connected"


@pytest.mark.parametrize(
    ("tls", "cause"),
    [
        ({"ca_pem_path": "ca"}, ""),
        ({"server_pem_path": "ca"}, ""),
        ({"secure": True}, "tls-untrusted"),
        ({}, "plaintext-to-tls"),
    ],
)
def test_tls(
    connections: ConnectionRegistry,
    milvus_tls: MilvusTestServer,
    tls: dict[str, Any],
    cause: str,
) -> None:
    """The right certificate connects, and the client works; what is wrong is named."""
    given: dict[str, Any] = {
        name: str(milvus_tls.ca_pem) if value == "ca" else value for name, value in tls.items()
    }
    if cause:
        with pytest.raises(ConnectError) as failure:
            connections.connect(host="localhost", port=milvus_tls.port, **given)
        assert failure.value.diagnosis is not None
        assert failure.value.diagnosis.cause == cause
    else:
        found = connections.connect(host="localhost", port=milvus_tls.port, **given)
        assert found.secure
        assert found.client.list_collections() == []


def test_mutual_tls(connections: ConnectionRegistry, milvus_mutual_tls: MilvusTestServer) -> None:
    """The client certificate is sent by the probe and by the client; its lack is named."""
    server = milvus_mutual_tls
    given: dict[str, Any] = {"host": "localhost", "port": server.port, "token": "root:Milvus"}
    found = connections.connect(
        **given,
        ca_pem_path=str(server.ca_pem),
        client_pem_path=str(server.client_pem),
        client_key_path=str(server.client_key),
    )
    assert found.client.list_collections() == []
    with pytest.raises(ConnectError) as failure:
        connections.connect("b", **given, ca_pem_path=str(server.ca_pem))
    assert failure.value.diagnosis is not None
    assert failure.value.diagnosis.cause == "tls-client-missing"


def test_refusals_before_anything_is_sent(connections: ConnectionRegistry) -> None:
    """Handler, pool, alias and port are checked first, with pymilvus's classes."""
    with pytest.raises(NotImplementedError):
        connections.connect(handler="HTTP")
    with pytest.raises(ParamError):
        connections.connect(pool="SingletonThread")
    with pytest.raises(ConnectionConfigException):
        connections.connect(uri="localhost:99999")
    with pytest.raises(ParamsError):
        connections.connect(7)  # type: ignore[arg-type]  # the point
    with pytest.raises(AliasError):
        _ = connections["nobody"]
    assert threads("milvus-nb") == []


def test_one_connection_more_than_the_limit_is_refused(
    connections: ConnectionRegistry, milvus: MilvusTestServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The limit is Milvus's documented 65,536; here it is lowered."""
    assert aliases.MAX_CONNECTIONS == 65_536
    monkeypatch.setattr(aliases, "MAX_CONNECTIONS", 2)
    connections.connect("a", uri=milvus.address)
    connections.connect("b", uri=milvus.address)
    with pytest.raises(AliasError, match="limit"):
        connections.connect("c", uri=milvus.address)
    assert connections.connect("a", uri=milvus.address).state == "connected"


def test_eight_threads_connect_and_disconnect_at_once(
    connections: ConnectionRegistry, milvus: MilvusTestServer, milvus_auth: MilvusTestServer
) -> None:
    """Nothing is lost, nothing is left, and the events tell the same story."""
    events: list[Event] = []
    unsubscribe = connections.subscribe(events.append)
    failures: list[BaseException] = []
    start = threading.Barrier(8)

    def work(number: int) -> None:
        try:
            start.wait()
            for turn in range(10):
                own, shared = f"own-{number}", f"shared-{turn % 3}"
                connections.connect(own, uri=milvus_auth.address, token="root:Milvus")
                assert connections[own].ping(1).count == 1
                connections.connect(shared, uri=milvus.address)
                connections.disconnect(own)
                connections.disconnect(shared)
        except BaseException as error:  # noqa: BLE001  # reported by the main thread
            failures.append(error)

    workers = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(timeout=60)
    assert failures == []
    unsubscribe()
    assert len(connections) == 0
    assert sockets_to(milvus.port) == sockets_to(milvus_auth.port) == []
    added = sum(event.kind == "added" for event in events)
    assert added == sum(event.kind == "removed" for event in events) >= 80


def test_a_thousand_aliases_of_one_server_take_one_thread_and_one_socket(
    connections: ConnectionRegistry, milvus: MilvusTestServer
) -> None:
    """Aliases are names; only endpoints cost."""
    before = open_files()
    for number in range(1000):
        connections.connect(f"a{number}", uri=milvus.address)
    assert len(sockets_to(milvus.port)) == 1
    assert len(threads("milvus-nb")) == 1
    assert open_files() - before < 20


def test_a_denied_quota_is_degraded_in_words(
    connections: ConnectionRegistry, make_milvus: Callable[..., MilvusTestServer]
) -> None:
    """It answers, and it does not do all of its work: neither green nor gone."""
    server = make_milvus(
        settings={
            "quotaAndLimits.enabled": "true",
            "quotaAndLimits.limitWriting.forceDeny": "true",
            "quotaAndLimits.quotaCenterCollectInterval": "1",
        }
    )
    found = connections.connect(uri=server.address)
    found.client.create_collection("orders", dimension=4)
    wait_until(lambda: found.state == "degraded")
    assert "writing is denied" in found.reason
    assert found.client.list_collections() == ["orders"]


def test_a_with_block_disconnects(
    connections: ConnectionRegistry, milvus: MilvusTestServer
) -> None:
    """As with a MilvusClient, sockets and all, also after an error."""

    def fail() -> None:
        with connections.connect("a", uri=milvus.address) as found:
            found.client.list_collections()
            raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011  # just any
        fail()
    assert "a" not in connections
    assert sockets_to(milvus.port) == []
