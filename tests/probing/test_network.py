"""The network between: several addresses of a name, routes that are broken, and proxies."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import grpc
import pytest

from milvus_nb import ConnectError, ConnectionRegistry
from milvus_nb.probing import reacher
from tests.support.clients import gateway
from tests.support.helpers import first_calls, free_port, posix_only
from tests.support.servers import (
    ConnectProxy,
    FaultProxy,
    SilentPeer,
    SshPeer,
    run_in_namespace,
    why_no_namespaces,
)
from tests.support.servers.namespaces import FAR, NO_ROUTE, NO_SUCH_NAME, PACKETS_DROPPED

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.servers import MilvusTestServer


def test_the_other_addresses_of_a_name_are_tried(
    connections: ConnectionRegistry, milvus: MilvusTestServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One address of the name has somebody else, or nobody who speaks."""
    look_up = socket.getaddrinfo
    for peer in (SshPeer(host="127.0.0.2"), SilentPeer(host="127.0.0.2")):
        with peer, FaultProxy(("127.0.0.1", milvus.port), host="127.0.0.3", port=peer.port):
            port = peer.port

            def two(host: str, *args: Any, port: int = port, **how: Any) -> Any:
                if host != "two.example":
                    return look_up(host, *args, **how)
                kind = (socket.AF_INET, socket.SOCK_STREAM, 6, "")
                return [(*kind, (address, port)) for address in ("127.0.0.2", "127.0.0.3")]

            monkeypatch.setattr(socket, "getaddrinfo", two)
            found = connections.connect(uri=f"two.example:{port}", timeout=4)
            assert found.state == "connected"
            connections.disconnect("default")


def test_a_name_that_has_moved_leads_to_the_other_server(
    connections: ConnectionRegistry,
    milvus: MilvusTestServer,
    milvus_auth: MilvusTestServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Also where a connection to the first goes on; what that has said is none of the other's."""
    look_up, address = socket.getaddrinfo, "127.0.0.2"

    def moving(host: str, *args: Any, **how: Any) -> Any:
        if host != "moving.example":
            return look_up(host, *args, **how)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, first.port))]

    monkeypatch.setattr(socket, "getaddrinfo", moving)
    with (
        FaultProxy(("127.0.0.1", milvus_auth.port), host="127.0.0.2") as first,
        FaultProxy(("127.0.0.1", milvus.port), host="127.0.0.3", port=first.port),
    ):
        uri = f"moving.example:{first.port}"
        before = connections.connect("before", uri=uri, token=milvus_auth.root_token)
        address = "127.0.0.3"
        monkeypatch.setattr(reacher, "_LED_S", 0.0)
        after = connections.connect("after", uri=uri, token="root:any")
        assert (before.state, before.note) == ("connected", "")
        assert after.note.startswith("Authorization is off")
        connections.disconnect_all()


def test_a_slow_address_of_a_name_gets_its_time(
    connections: ConnectionRegistry, milvus: MilvusTestServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody listens on the other, before it or after it."""
    look_up = socket.getaddrinfo
    with FaultProxy(("127.0.0.1", milvus.port), host="127.0.0.2") as way:
        for order in (("127.0.0.2", "127.0.0.3"), ("127.0.0.3", "127.0.0.2")):

            def two(host: str, *args: Any, order: tuple[str, ...] = order, **how: Any) -> Any:
                if host != "two.example":
                    return look_up(host, *args, **how)
                kind = (socket.AF_INET, socket.SOCK_STREAM, 6, "")
                return [(*kind, (address, way.port)) for address in order]

            monkeypatch.setattr(socket, "getaddrinfo", two)
            way.delay(0.7)  # each way: an answer takes longer than another address would wait
            given: dict[str, Any] = {"uri": f"two.example:{way.port}", "timeout": 15}
            assert connections.connect("slow", **given).state == "connected"
            connections.disconnect("slow")
            way.hold()
            with pytest.raises(ConnectError, match=r"said nothing for 1\.6 s") as failure:
                connections.connect("silent", **{**given, "timeout": 1.6})
            assert failure.value.cause == "silent"
            way.pass_through()


def test_the_doctor_lists_each_address_of_a_silent_name_once(
    connections: ConnectionRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever is slow is asked once more; it is no further address."""
    look_up = socket.getaddrinfo
    with SilentPeer(host="127.0.0.2") as peer, SilentPeer(host="127.0.0.3", port=peer.port):

        def two(host: str, *args: Any, **how: Any) -> Any:
            if host != "two.example":
                return look_up(host, *args, **how)
            kind = (socket.AF_INET, socket.SOCK_STREAM, 6, "")
            return [(*kind, (address, peer.port)) for address in ("127.0.0.2", "127.0.0.3")]

        monkeypatch.setattr(socket, "getaddrinfo", two)
        report = connections.examine(f"two.example:{peer.port}", timeout=2).wait()
    assert report.diagnosis is not None
    assert report.diagnosis.cause == "silent"
    addresses = dict(report.facts)["Addresses"].splitlines()
    assert sorted(line.partition(":")[0] for line in addresses) == ["127.0.0.2", "127.0.0.3"]


CONNECT = """
from milvus_nb import connections, MilvusNbError
try:
    connections.connect(uri={uri!r}, timeout=1)
except MilvusNbError as error:
    print(error.cause, error)
"""


@pytest.mark.skipif(bool(why_no_namespaces()), reason=why_no_namespaces())
@pytest.mark.parametrize(
    ("uri", "setup", "files", "cause"),
    [
        (f"{FAR}:19530", NO_ROUTE, {}, "no-route"),
        ("127.0.0.1:19530", PACKETS_DROPPED, {}, "dropped"),
        ("milvus.example", (), {"/etc/resolv.conf": "nameserver 192.0.2.53\n"}, "dns-silent"),
        ("milvus.example", (), NO_SUCH_NAME, "dns"),
        ("/mnt/demo.db", ("mount -t tmpfs -o ro none /mnt",), {}, "lite-not-writable"),
    ],
)
def test_what_a_broken_network_does(
    uri: str, setup: tuple[str, ...], files: dict[str, str], cause: str
) -> None:
    """No route, dropped packets, no name server; and a disk that cannot be written."""
    told = run_in_namespace(CONNECT.format(uri=uri), setup=setup, files=files)
    assert told.split()[0] == cause, told
    assert uri.partition(":")[0] in told


def test_a_failed_connect_goes_on_when_the_network_lies(
    connections: ConnectionRegistry, milvus: MilvusTestServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy variable does not matter where no_proxy exempts the host, or gRPC is told so."""
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
    given: dict[str, Any] = {"uri": milvus.uri, "grpc_options": {"grpc.enable_http_proxy": 0}}
    assert connections.connect("told", **given).client.list_collections() == []
    monkeypatch.setenv("no_proxy", "example.com, LOCALHOST")
    assert connections.connect("exempt", uri=milvus.uri).client.list_collections() == []
    monkeypatch.setenv("no_proxy", "127.0.0.0/8")
    uri = f"127.0.0.1:{milvus.port}"
    assert connections.connect("network", uri=uri).client.list_collections() == []
    monkeypatch.delenv("no_proxy")
    for ignored in ("socks5://127.0.0.1:1", "https://127.0.0.1:1", "127.0.0.1:1"):
        monkeypatch.setenv("http_proxy", ignored)
        assert connections.diagnose(milvus.uri).ok, ignored


@pytest.mark.parametrize(
    ("given", "option"),
    [
        ({"http_proxy": "{way}", "no_grpc_proxy": "", "no_proxy": "localhost"}, ""),
        ({"http_proxy": "{way}", "grpc_proxy": ""}, ""),
        ({"http_proxy": "{way}", "no_proxy": ".localhost"}, ""),
        ({"http_proxy": "{way}", "no_proxy": "*"}, ""),
        ({"http_proxy": "{way}", "NO_PROXY": "localhost"}, ""),
        ({"no_proxy": "localhost"}, "{way}"),
        ({"no_grpc_proxy": "else.test", "no_proxy": "localhost"}, "{way}"),
    ],
)
def test_what_is_exempt_from_a_proxy_is_so_as_for_grpc(
    connections: ConnectionRegistry,
    milvus: MilvusTestServer,
    monkeypatch: pytest.MonkeyPatch,
    given: dict[str, str],
    option: str,
) -> None:
    """What we connect goes through it where a channel of gRPC's own does."""
    with ConnectProxy(routes={f"localhost:{milvus.port}": ("127.0.0.1", milvus.port)}) as way:
        for name, value in given.items():
            monkeypatch.setenv(name, value.format(way=f"http://{way.address}"))
        options = {"grpc.http_proxy": option.format(way=f"http://{way.address}")} if option else {}
        with grpc.insecure_channel(f"localhost:{milvus.port}", list(options.items())) as channel:
            grpc.channel_ready_future(channel).result(30)
        is_used = bool(way.requests)
        way.requests.clear()
        connection = connections.connect("x", uri=milvus.uri, grpc_options=options)
        assert bool(way.requests) == is_used
        way.requests.clear()
        assert connection.client.has_collection("none") is False
        assert bool(way.requests) == is_used


def test_through_a_proxy_that_works(
    connections: ConnectionRegistry, milvus_tls: MilvusTestServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Probes and the client go through it, with TLS to the server; the doctor shows it."""
    with ConnectProxy("tunnel", routes={"localhost:7": ("127.0.0.1", milvus_tls.port)}) as way:
        monkeypatch.setenv("https_proxy", f"http://someone:s3cret@{way.address}")
        found = connections.connect(uri="https://localhost:7", ca_pem_path=milvus_tls.ca_pem)
        assert found.client.list_collections() == []
        report = found.diagnose()
    assert report.ok
    assert f"through {way.address} (https_proxy)" in str(report)
    assert "s3cret" not in str(report)
    assert all("proxy-authorization" in request.headers for request in way.requests)


def test_a_proxy_that_begins_to_refuse_is_named(
    connections: ConnectionRegistry,
    milvus: MilvusTestServer,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Also right after it has let something through; with what is exempt from it already."""
    with ConnectProxy(routes={"milvus.test:1": ("127.0.0.1", milvus.port)}) as way:
        monkeypatch.setenv("http_proxy", f"http://{way.address}")
        monkeypatch.setenv("no_proxy", "intranet.test")
        connections.connect("x", uri="milvus.test:1")
        connections.disconnect("x")
        way.mode = "refuse"
        capfd.readouterr()
        with pytest.raises(ConnectError) as failure:
            connections.connect("x", uri="milvus.test:1")
        assert failure.value.cause == "proxy-refused"
        assert way.address in str(failure.value)
        assert "%env no_proxy=intranet.test,milvus.test" in failure.value.fix
        assert "proxy" not in capfd.readouterr().err


@pytest.mark.parametrize(
    ("way", "words"),
    [
        ("127.0.0.1:{down}", "{way} from the variable http_proxy is in the way"),
        ("none.invalid:3128", "{way} from the variable http_proxy is in the way"),
        ("{refusing}", "{way} from the variable http_proxy refused"),
    ],
)
def test_a_proxy_that_is_set_after_connecting_is_named_by_the_client(
    connections: ConnectionRegistry,
    milvus: MilvusTestServer,
    monkeypatch: pytest.MonkeyPatch,
    way: str,
    words: str,
) -> None:
    """What gRPC says of the proxy, pymilvus says as if it were said of the server."""
    with ConnectProxy("refuse") as proxy:
        way = way.format(down=free_port(), refusing=proxy.address)
        connection = connections.connect(uri=milvus.uri)
        monkeypatch.setenv("http_proxy", f"http://{way}")
        for call in first_calls(connection):
            with pytest.raises(ConnectError) as failure:
                call()
            assert words.format(way=way) in failure.value.reason
            assert "%env no_proxy=localhost" in failure.value.fix


@posix_only
def test_a_socket_that_is_gone_after_connecting_is_named_by_the_client(
    connections: ConnectionRegistry, milvus: MilvusTestServer, tmp_path: Path
) -> None:
    """What gRPC says of a missing file, it says of the socket: there are no TLS files."""
    path = tmp_path / "milvus.sock"
    with gateway(milvus.port, path=path):
        connection = connections.connect(uri=f"unix:{path}")
        path.unlink()
        for call in first_calls(connection):
            with pytest.raises(ConnectError) as failure:
                call()
            assert failure.value.cause == "socket"
            assert f"{path} cannot be used: No such file or directory." in failure.value.reason
        with pytest.raises(ConnectError) as failure:
            connections.connect("again", uri=f"unix:{path}", user="root", password="any")
        assert failure.value.cause == "socket"
