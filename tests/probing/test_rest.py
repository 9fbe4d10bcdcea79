"""What a connection's server says over HTTP: of real servers, and of servers that mean no good."""

from __future__ import annotations

import asyncio
import json
import time
import tracemalloc
from typing import TYPE_CHECKING, Any

import pytest
from typing_extensions import override

from milvus_nb.params import parsing
from milvus_nb.probing.outside import MOST_REST_BYTES
from milvus_nb.probing.rest import Source, sources
from milvus_nb.probing.webcall import fetch
from tests.support.helpers import free_port, sockets_to, threads, wait_until
from tests.support.servers import (
    ConnectProxy,
    FullBacklog,
    Peer,
    ScriptedMilvus,
    SilentPeer,
    SshPeer,
    make_certificates,
    server_tls,
)

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.servers import MilvusTestServer

SECRET = "s3cret-word"
V2 = "/v2/vectordb/collections/list"
V1 = "/v1/vector/collections"
#: What Milvus says of its health, of no component here.
WELL = {"state": "OK", "detail": []}
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


class Web(Peer):
    """A server that answers each request with the bytes of its path, and hangs up."""

    def __init__(self, pages: dict[str, bytes] | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.pages = pages or {}

    @override
    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        self.received += head
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                self.received += await reader.readexactly(int(line.partition(b":")[2]))
        path = head.split(b" ")[1].decode()
        await self.answer(self.pages.get(path, page(b"not here", "404 Not Found")), writer)

    async def answer(self, text: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(text)
        await writer.drain()


class Endless(Web):
    """It begins as it should, and never ends."""

    @override
    async def answer(self, text: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(text)
        while True:
            writer.write(b"1" * 65_536)
            await writer.drain()


class Dripping(Web):
    """It sends a byte now and then."""

    @override
    async def answer(self, text: bytes, writer: asyncio.StreamWriter) -> None:
        for byte in text:
            writer.write(bytes((byte,)))
            await asyncio.sleep(0.01)


def page(body: bytes | dict[str, Any], status: str = "200 OK", kind: str = "text/html") -> bytes:
    """Write an answer."""
    if isinstance(body, dict):
        body, kind = json.dumps(body).encode(), "application/json"
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def ask(
    uri: str, deadline: float = 2.0, management_port: int = 0, **given: Any
) -> dict[str, Source]:
    """Ask all sources, and give them by label."""
    found = parsing.parse(uri=uri, **given)
    port = management_port or free_port()
    return {
        source.label: source
        for source in asyncio.run(sources(found, deadline, management_port=port))
    }


def rest(server: Peer, **given: Any) -> str:
    """Give what the REST interface of a peer is said to have said."""
    return ask(f"http://{server.address}", **given)["REST"].text


def test_a_real_server_says_how_many_collections_there_are(milvus: MilvusTestServer) -> None:
    """Milvus 2.3.5 has the older REST interface, and no web pages."""
    found = ask(milvus.uri, management_port=milvus.http_port)
    assert found.keys() == {"REST", "Health"}
    assert found["REST"].text.startswith(f"GET {V1}: 0 collections (")
    assert found["REST"].text.endswith(" ms)")
    assert found["Health"].text.startswith(f"localhost:{milvus.http_port}/healthz: OK (")
    assert found["Health"].url == f"http://localhost:{milvus.http_port}/healthz"
    assert found["REST"].url == ""


def test_the_database_of_the_connection_is_asked_for(milvus: MilvusTestServer) -> None:
    """A database that is not there is told in the server's words."""
    found = ask(milvus.uri, db_name="no&such=1")
    assert "refused, code 800: database not found, database: no&such=1" in found["REST"].text
    assert "0 collections" in ask(milvus.uri, db_name="default")["REST"].text


def test_the_connections_credentials_are_used(milvus_auth: MilvusTestServer) -> None:
    """Right ones are let in; wrong and missing ones are refused in the server's own words."""
    assert "0 collections" in ask(milvus_auth.uri, token="root:Milvus")["REST"].text
    for token in ("root:wrong", "an-api-key", "", "root:wörd"):
        text = ask(milvus_auth.uri, token=token)["REST"].text
        assert "refused, code 1800: user hasn't authenticated" in text


def test_a_server_with_tls_has_no_rest_on_grpcs_port(
    milvus_tls: MilvusTestServer, milvus_mutual_tls: MilvusTestServer
) -> None:
    """The certificate is trusted; then there is only HTTP/2, and the health beside it."""
    found = ask(milvus_tls.uri, management_port=milvus_tls.http_port, ca_pem_path=milvus_tls.ca_pem)
    assert found["REST"].text == f"POST {V2}: it speaks only HTTP/2 there, as gRPC does"
    assert "/healthz: OK (" in found["Health"].text
    found = ask(
        milvus_mutual_tls.uri,
        token="root:Milvus",
        ca_pem_path=milvus_mutual_tls.ca_pem,
        client_pem_path=milvus_mutual_tls.client_pem,
        client_key_path=milvus_mutual_tls.client_key,
    )
    assert "only HTTP/2" in found["REST"].text
    text = ask(milvus_mutual_tls.uri, ca_pem_path=milvus_mutual_tls.ca_pem)["REST"].text
    assert "it wants a client certificate that it trusts" in text


def test_todays_interface_over_tls(tmp_path: Path) -> None:
    """CA, client certificate and server name are those of the connection."""
    made = make_certificates(tmp_path, names=("milvus.test",))
    answer = page({"code": 0, "data": ["a", "b", "c"]})
    tls = server_tls(made, mutual=True, alpn=("http/1.1",))
    with Web({V2: answer}, tls=tls) as web:
        given: dict[str, Any] = {
            "uri": f"https://{web.address}",
            "token": f"root:{SECRET}",
            "ca_pem_path": made.ca_pem,
            "client_pem_path": made.client_pem,
            "client_key_path": made.client_key,
            "db_name": "sales",
        }
        assert f"POST {V2}: 3 collections (" in ask(server_name="milvus.test", **given)["REST"].text
        assert f"Authorization: Bearer root:{SECRET}".encode() in web.received
        assert b'{"dbName": "sales"}' in web.received


def test_credentials_go_only_to_whom_the_certificate_names(tmp_path: Path) -> None:
    """Another name, an unknown authority, plain HTTP: nothing is sent."""
    made = make_certificates(tmp_path / "known", names=("milvus.test",))
    foreign = make_certificates(tmp_path / "foreign")
    given: dict[str, Any] = {"token": f"root:{SECRET}"}
    with Web(tls=server_tls(made, alpn=("http/1.1",))) as web:
        uri = f"https://{web.address}"
        text = ask(uri, ca_pem_path=made.ca_pem, **given)["REST"].text
        assert "its certificate is not trusted: IP address mismatch" in text
        text = ask(uri, ca_pem_path=foreign.ca_pem, **given)["REST"].text
        assert "its certificate is not trusted: unable to get local issuer" in text
        assert "its certificate is not trusted" in ask(uri, **given)["REST"].text
        assert web.received == b""
    with Web() as web:
        assert "collections (" not in ask(f"https://{web.address}", 0.3, **given)["REST"].text
        assert SECRET.encode() not in web.received


def test_the_management_port_gets_no_credentials() -> None:
    """Health and pages are asked for in plain HTTP, as anybody may."""
    pages = {"/healthz": page(WELL), "/webui/": page(b"<html>Milvus</html>")}
    with Web({V2: page({"code": 0, "data": ["a"]})}) as web, Web(pages) as management:
        found = ask(
            f"http://{web.address}", management_port=management.port, token=f"root:{SECRET}"
        )
        assert "1 collection (" in found["REST"].text
        assert found["WebUI"].text.startswith(f"127.0.0.1:{management.port}/webui/ (")
        assert found["WebUI"].url == f"http://127.0.0.1:{management.port}/webui/"
        assert SECRET.encode() in web.received
        assert SECRET.encode() not in management.received
        assert b"uthorization" not in management.received


@pytest.mark.parametrize(
    "pages",
    [
        {"/healthz": page(WELL), "/webui/": page(b"no", "404 Not Found")},
        {"/healthz": page(WELL), "/webui/": page(b"{}", kind="application/json")},
        {"/healthz": page(WELL), "/webui/": b"HTTP/1.1 302 Found\r\nLocation: /x\r\n\r\n"},
        {"/healthz": page(b"<html>"), "/webui/": page(b"<html>")},
    ],
    ids=["missing", "no-html", "redirect", "not-milvus"],
)
def test_the_web_pages_are_named_only_where_they_are(pages: dict[str, bytes]) -> None:
    """Somebody else's server with a page for every path has no WebUI."""
    with Web(pages) as management:
        found = ask(f"http://{management.address}", management_port=management.port)
    assert found.keys() == {"REST", "Health"}


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (page({"code": 0, "data": []}), "0 collections"),
        (page({"code": 1100, "message": "no\r\n such \x1b[31mthing"}), "code 1100: no such �[31m"),
        (page({"code": 65535}), "code 65535: without a reason"),
        (page({"code": 0, "data": {}}), "200 OK, but no list"),
        (page({"data": []}), "200 OK, not Milvus's words"),
        (page(b"[" * 60_000, kind="application/json"), "not Milvus's words"),
        (page(b'{"code": ' + b"1" * 5000 + b"}"), "not Milvus's words"),
        (page(b"\xff\xfe"), "not Milvus's words"),
        (page(b"", "503 Service Unavailable"), "503 Service Unavailable, not"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", "204 No Content, not"),
        (b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n\r\n", "302 Found, not"),
        (b"HTTP/1.0 200\r\n\r\n" + b'{"code": 200, "data": [1, 2]}', "2 collections"),
        (
            CHUNKED + b'b;x=y\r\n{"code": 0,\r\n9\r\n"data":[]\r\n1\r\n}\r\n0\r\n\r\n',
            "0 collections",
        ),
        (CHUNKED + b"-1\r\n", "malformed"),
        (CHUNKED + b"ffffff\r\n", "longer than 64 kB"),
        (CHUNKED + b"0" * 200_000, "malformed"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n", "malformed"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", "longer than 64 kB"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{}", "in the middle of its answer"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 300_000, "headers are too long"),
        (b"HTTP/1.1 twohundred OK\r\n\r\n", "malformed"),
        (b"HTTP/1.1 200 OK\r\n", "in the middle"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "does not speak HTTP"),
        (b"", "closed the connection without an answer"),
    ],
)
def test_whatever_comes_is_told_in_the_text(answer: bytes, text: str) -> None:
    """Malformed answers are named; nothing is raised; a terminal is not told what to do."""
    with Web({V2: answer}) as web:
        found = rest(web)
    assert text in found
    assert len(found) < 300


def test_no_rest_at_all() -> None:
    """Neither interface: that is said of the older one, asked last."""
    with Web() as web:
        assert rest(web).startswith(f"GET {V1}: 404 Not Found, no REST interface here (")
    with ScriptedMilvus() as milvus:
        text = ask(f"http://{milvus.address}")["REST"].text
        assert text.startswith(f"POST {V2}: ")
    with SshPeer() as peer:
        assert "does not speak HTTP" in rest(peer)
    port = free_port()
    found = ask(f"http://localhost:{port}", management_port=port)
    assert found["REST"].text == f"POST {V2}: Connection refused"
    assert found["Health"].text == f"localhost:{port}/healthz: Connection refused"
    found = ask("http://no-such-host.invalid")
    assert "not known" in found["REST"].text or "no answer" in found["REST"].text


def test_a_server_that_quotes_the_credentials_is_not_quoted() -> None:
    """They are hidden wherever they stand in its words."""
    words = f"token root:{SECRET} is wrong; so is {SECRET}; see http://a:{SECRET}@b/"
    for answer in (page({"code": 1, "message": words}), page(b"", f"401 {words}")):
        with Web({V2: answer}) as web:
            text = rest(web, token=f"root:{SECRET}")
        assert SECRET not in text
        assert "••••" in text


def test_credentials_cannot_smuggle_headers() -> None:
    """With a line break inside of them nothing is sent, and they are not shown."""
    with Web() as web:
        text = rest(web, token="key\r\nX-Other: 1")
        assert text.endswith("its Authorization header would hold a control character")
        assert web.received == b""


def test_a_redirect_is_not_followed() -> None:
    """Credentials go nowhere but to the connection's server."""
    with Web({"/": page({"code": 0, "data": []})}) as other:
        to_other = f"HTTP/1.1 307 Temporary Redirect\r\nLocation: http://{other.address}/\r\n\r\n"
        with Web({V2: to_other.encode()}) as web:
            assert "307 Temporary Redirect" in rest(web, token=f"root:{SECRET}")
        assert other.connections_seen == 0


def test_credentials_go_through_the_connections_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """REST goes the way that gRPC goes, or not at all; variables that gRPC ignores do not apply."""
    with ConnectProxy() as proxy, Web({V2: page({"code": 0, "data": []})}) as web:
        for name in ("HTTP_PROXY", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://{proxy.address}")
        assert "0 collections" in rest(web, token=f"root:{SECRET}")
        assert proxy.connections_seen == 0
        monkeypatch.setenv("http_proxy", f"http://u:p@{proxy.address}")
        assert "0 collections" in rest(web, token=f"root:{SECRET}")
        assert [one.line for one in proxy.requests] == [f"CONNECT {web.address} HTTP/1.1"]
        assert SECRET.encode() not in proxy.received
        option = {"grpc.http_proxy": f"http://{proxy.address}"}
        assert "0 collections" in rest(web, token=f"root:{SECRET}", grpc_options=option)
        assert len(proxy.requests) == 2
        monkeypatch.setenv("no_proxy", "127.0.0.1")  # for the option too, as gRPC has it
        assert "0 collections" in rest(web, token=f"root:{SECRET}", grpc_options=option)
        assert len(proxy.requests) == 2


@pytest.mark.parametrize("mode", ["refuse", "garbage", "hang", "gone"])
def test_without_the_proxys_way_no_credentials_are_sent(
    mode: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy that gives none, or is not there, is told; nobody goes past it."""
    with ConnectProxy(mode if mode != "gone" else "refuse") as proxy, Web() as web:
        where = proxy.address if mode != "gone" else f"127.0.0.1:{free_port()}"
        monkeypatch.setenv("grpc_proxy", f"http://{where}")
        told = ask(f"http://{web.address}", 0.5, token=f"root:{SECRET}")["REST"].text
        assert web.received == b""
    found = {"refuse": "407", "garbage": "it answered", "hang": "0.5 s", "gone": "refused"}
    assert found[mode] in told


def test_who_does_not_answer_costs_one_deadline() -> None:
    """All are asked at the same time; silence, dripping and full queues end with it."""
    drip = page({"code": 0, "data": ["x" * 200]})
    with SilentPeer() as silent, Dripping({"/healthz": drip, "/webui/": drip}) as dripping:
        start = time.monotonic()
        found = ask(f"http://{silent.address}", 0.4, dripping.port)
        took = time.monotonic() - start
        assert found["REST"].text == f"POST {V2}: no answer in 0.4 s"
        assert found["Health"].text == f"{dripping.address}/healthz: no answer in 0.4 s"
        assert "WebUI" not in found
    with FullBacklog() as full:
        start = time.monotonic()
        assert "no answer in 0.3 s" in ask(f"http://{full.address}", 0.3)["REST"].text
        took = max(took, time.monotonic() - start)
    assert took < 1.5


def test_both_interfaces_share_the_deadline() -> None:
    """A slow 404 of the one leaves the other only what is left."""
    with Dripping({V1: page({"code": 200, "data": []})}) as web:
        start = time.monotonic()
        assert "no answer" in ask(f"http://{web.address}", 1.2)["REST"].text
        assert time.monotonic() - start < 2


@pytest.mark.parametrize(
    "start",
    [
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: ",
        CHUNKED,
    ],
    ids=["body", "headers", "chunks"],
)
def test_an_endless_answer_costs_little_memory(start: bytes) -> None:
    """It is left when it is longer than any answer of Milvus, and the socket is closed."""
    with Endless({V2: start, "/healthz": start, "/webui/": start}) as web:
        tracemalloc.start()
        found = ask(f"http://{web.address}", 5.0, web.port)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert any(word in found["REST"].text for word in ("longer", "too long", "malformed"))
        assert any(word in found["Health"].text for word in ("longer", "too long", "malformed"))
        assert sockets_to(web.port) == []
    assert peak < 32 * MOST_REST_BYTES


def test_what_is_not_a_port_has_no_sources(lite_path: Path, tmp_path: Path) -> None:
    """Milvus Lite and Unix sockets: nothing is said."""
    assert ask(str(lite_path)) == {}
    assert ask(f"unix:{tmp_path / 'milvus.sock'}") == {}


def test_cancelling_leaves_nothing_behind(milvus: MilvusTestServer) -> None:
    """A view that is closed while it waits has no socket and no thread left."""

    async def cancel(port: int) -> None:
        found = parsing.parse(uri=f"http://127.0.0.1:{port}")
        task = asyncio.create_task(sources(found, 30.0, management_port=port))
        await asyncio.to_thread(wait_until, lambda: sockets_to(port))
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert task.cancelled()
        await asyncio.sleep(0)

    with SilentPeer() as silent:
        asyncio.run(cancel(silent.port))
        assert sockets_to(silent.port) == []
    assert threads("milvus-nb-blocking") == []


def test_ipv6() -> None:
    """An IPv6 address is written in brackets, in texts and links."""
    pages = {"/healthz": page(WELL), "/webui/": page(b"<html>")}
    with Web(pages, host="::1") as web:
        found = ask("http://[::1]:19530", management_port=web.port)
    assert found["Health"].text.startswith(f"[::1]:{web.port}/healthz: OK (")
    assert found["WebUI"].url == f"http://[::1]:{web.port}/webui/"


def test_an_answer_has_its_time() -> None:
    """In milliseconds, from the look-up of the name to the last byte."""
    with Web({"/": page(b"hello")}) as web:
        answer = asyncio.run(fetch("localhost", web.port, "/", 2.0))
    assert (answer.status, answer.reason, answer.kind) == (200, "OK", "text/html")
    assert answer.body == b"hello"
    assert 0 < answer.ms < 2000
