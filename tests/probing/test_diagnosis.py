"""Every cause of a failed connection, provoked for real, and named right."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import errno
import functools
import os
import re
import socket
import ssl
import subprocess
import sys
import threading
import time
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import grpc
import pytest

from milvus_nb import ConnectError, ConnectionRegistry, MilvusNbError
from milvus_nb.params.parsing import parse
from milvus_nb.probing import diagnosis, reach, rules
from milvus_nb.probing.causes import CAUSES
from tests.support.helpers import free_port, posix_only, threads, wait_until
from tests.support.servers import (
    ConnectProxy,
    FaultProxy,
    FullBacklog,
    GatewayPeer,
    MysqlPeer,
    Peer,
    PostgresPeer,
    RedisPeer,
    ScriptedMilvus,
    SilentPeer,
    SmtpPeer,
    SshPeer,
    WebServer,
    grpc_answer,
    make_certificates,
    make_self_signed,
    server_tls,
)
from tests.support.world import CLOUD, World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.support.servers import Certificates, MilvusTestServer

    Provoke = Callable[["World"], dict[str, Any]]

# A host of this machine that no other test uses: ports 19530 and 9091 are free there.
OWN_HOST = "127.0.7.7"


@dataclass(frozen=True)
class Fault:
    """One row: what is provoked, the cause that it must have, and a text that must be told."""

    name: str
    cause: str
    told: str
    provoke: Provoke

    def __str__(self) -> str:
        return self.name


# How the faults are made; each gives connect's keywords.


def wrong_port(world: World) -> dict[str, Any]:
    world.start(ScriptedMilvus(host=OWN_HOST, port=19530))
    return {"uri": f"{OWN_HOST}:{free_port()}"}


def missing_socket(world: World) -> dict[str, Any]:
    if not hasattr(socket, "AF_UNIX"):
        pytest.skip("Windows has no Unix sockets")
    return {"uri": f"unix:{world.tmp_path}/milvus.sock"}


def socket_with_a_comma(world: World) -> dict[str, Any]:
    missing_socket(world)
    path = f"{world.tmp_path}/a,b.sock"
    server = world.start(socket.socket(socket.AF_UNIX))
    server.bind(path)
    server.listen()
    return {"uri": f"unix:{path}"}


def no_sockets(world: World) -> dict[str, Any]:
    world.environment.setattr(reach, "UNIX", None)
    return {"uri": "unix:/run/milvus.sock"}


def left_over_socket(world: World) -> dict[str, Any]:
    given = missing_socket(world)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(f"{world.tmp_path}/milvus.sock")
    return given


def management_port_of_a_usual_server(world: World) -> dict[str, Any]:
    world.start(ScriptedMilvus(host=OWN_HOST, port=19530))
    well = b'{"state":"OK","detail":[{"name":"proxy","code":1}]}'
    world.start(WebServer({"/healthz": (200, well)}, host=OWN_HOST, port=9091))
    return {"uri": f"{OWN_HOST}:9091"}


def starting(world: World) -> dict[str, Any]:
    state = b'{"state":"component proxy state is Abnormal","detail":[{"name":"proxy","code":2}]}'
    world.start(WebServer({"/healthz": (500, state)}, host=OWN_HOST, port=9091))
    return {"uri": world.start(SilentPeer(host=OWN_HOST)).address, "timeout": 0.6}


def frozen(world: World) -> dict[str, Any]:
    """TCP and HTTP/2 answer, calls do not."""

    def sleep(_: grpc.ServicerContext) -> bytes:
        time.sleep(1)
        return b""

    peer = world.start(
        ScriptedMilvus(dict.fromkeys(("Connect", "GetVersion", "CheckHealth"), sleep))
    )
    return {"uri": peer.address, "timeout": 0.5}


def proxy(world: World, mode: str = "refuse", variable: str = "http_proxy") -> dict[str, Any]:
    way = world.start(ConnectProxy(mode))  # type: ignore[arg-type]  # one of its modes
    world.environment.setenv(variable, f"http://someone:s3cret@{way.address}")
    return {"uri": "milvus.example:19530", "timeout": 0.6}


def proxy_down(world: World, host: str = "127.0.0.1") -> dict[str, Any]:
    world.environment.setenv("grpc_proxy", f"http://{host}:{free_port()}")
    return {"uri": "milvus.example"}


def proxy_with_exemptions(world: World) -> dict[str, Any]:
    world.environment.setenv("no_grpc_proxy", "else.test")
    return proxy_down(world)


def of_a_project(world: World, variable: str, value: str, **given: Any) -> dict[str, Any]:
    """Let a project's file have set a variable, as pymilvus does it."""
    world.file(".env", f"{variable}={value}\n")
    world.environment.chdir(world.tmp_path)
    world.environment.setenv(variable, value)
    return {"uri": "http://milvus.example:1", "token": "s3cret", **given}


def forward_to_nowhere(world: World) -> dict[str, Any]:
    return {"uri": world.start(FaultProxy(("127.0.0.1", free_port()))).address}


def faulty(world: World, how: str, *args: Any) -> dict[str, Any]:
    way = world.start(FaultProxy(("127.0.0.1", world.server().port)))
    getattr(way, how)(*args)
    return {"uri": way.address, "timeout": 0.6}


def certified(world: World, certificates: Certificates, **given: Any) -> dict[str, Any]:
    """Start a server with these certificates, to be connected to by the name localhost."""
    server = world.start(ScriptedMilvus(certificates=certificates, host="127.0.0.1"))
    return {"uri": f"https://localhost:{server.port}", **given}


def expired(world: World, *, from_days: int, to_days: int) -> dict[str, Any]:
    now = dt.datetime.now(dt.timezone.utc)
    found = world.certificates(
        not_before=now + dt.timedelta(days=from_days),
        not_after=now + dt.timedelta(days=to_days),
    )
    return certified(world, found, ca_pem_path=found.ca_pem)


def cloud(world: World) -> dict[str, Any]:
    """Let a proxy say that the cloud's name is here."""
    host = CLOUD
    found = world.certificates(names=(host,))
    server = world.start(ScriptedMilvus(certificates=found))
    way = world.start(ConnectProxy(routes={f"{host}:443": ("127.0.0.1", server.port)}))
    world.environment.setenv("https_proxy", f"http://{way.address}")
    return {"uri": f"https://{host}", "ca_pem_path": found.ca_pem}


def named_otherwise(world: World, *names: str) -> dict[str, Any]:
    found = world.certificates(names=names or ("milvus.example", "10.1.2.3"))
    return certified(world, found, ca_pem_path=found.ca_pem)


def mutual(world: World, *, foreign: bool) -> dict[str, Any]:
    server = world.server("milvus_mutual_tls")
    given = {"uri": server.uri, "token": server.root_token, "ca_pem_path": server.ca_pem}
    if foreign:
        other = make_certificates(world.tmp_path / "foreign")
        given |= {"client_pem_path": other.client_pem, "client_key_path": other.client_key}
    return given


def old_tls(world: World) -> dict[str, Any]:
    """Start a server whose TLS is too old for everybody."""
    context = server_tls(world.certificates())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    # Not asyncio's: that one hangs up without the alert that other servers send.
    listener = world.start(socket.create_server(("127.0.0.1", 0)))

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with connection, contextlib.suppress(OSError):
                    context.wrap_socket(connection, server_side=True)

    threading.Thread(target=serve, daemon=True).start()
    return {"uri": f"https://localhost:{listener.getsockname()[1]}"}


def without_http2(world: World) -> dict[str, Any]:
    found = world.certificates()
    peer = world.start(GatewayPeer(tls=server_tls(found, alpn=())))
    return {"uri": f"https://localhost:{peer.port}", "ca_pem_path": found.ca_pem}


def scripted(world: World, method: str, answer: Any) -> dict[str, Any]:
    return {"uri": world.start(ScriptedMilvus({method: answer})).address}


def answering(world: World, status: int) -> dict[str, Any]:
    return {"uri": world.start(GatewayPeer(status)).address}


def gateway(
    world: World, status: int, message: str = "", *, server: str = "", **how: Any
) -> dict[str, Any]:
    """Start a gateway that answers gRPC calls by itself."""
    fields = {**grpc_answer(status, message), **({"server": server} if server else {})}
    peer = world.start(GatewayPeer(200, fields=fields, **how))
    return {"uri": peer.address, "token": "root:s3cret"}


def refusing(world: World, code: str, text: str, **given: Any) -> dict[str, Any]:
    """Start a Milvus that refuses every call."""

    def refuse(context: grpc.ServicerContext) -> bytes:
        context.abort(grpc.StatusCode[code], text)

    methods = dict.fromkeys(("Connect", "GetVersion", "CheckHealth"), refuse)
    return {"uri": world.start(ScriptedMilvus(methods)).address, **given}


def other(world: World, **said: Any) -> dict[str, Any]:
    """Start a server that greets, replies and hangs up so."""
    return {"uri": world.start(type("Other", (Peer,), said)()).address}


def closed_after_tls(world: World, *, shown: bool) -> dict[str, Any]:
    """Start a server that refuses as gRPC's own: under TLS 1.3 the handshake is over by then."""
    found = world.certificates()
    peer = world.start(PostgresPeer(tls=server_tls(found)))
    given = {"uri": f"https://localhost:{peer.port}", "ca_pem_path": found.ca_pem}
    mine = {"client_pem_path": found.client_pem, "client_key_path": found.client_key}
    return given | mine if shown else given


def wants_tls(world: World) -> dict[str, Any]:
    """Start a server that answers plain text with 400, as nginx and Go's do, and speaks TLS."""
    certificates = world.certificates()

    class Both(Peer):
        """Tell TLS from plain text by the first byte."""

        async def converse(
            self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
        ) -> None:
            first = await self.read(reader)
            if not first.startswith(b"\x16"):
                writer.write(b"HTTP/1.0 400 Bad Request\r\n\r\nsent to an HTTPS server.")
                return
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", behind.port)
            far_writer.write(first)
            try:
                while data := await far_reader.read(1 << 16):
                    writer.write(data)
                    far_writer.write(await self.read(reader))
            finally:
                far_writer.transport.abort()

    behind = world.start(ScriptedMilvus(certificates=certificates))
    return {"uri": world.start(Both()).address}


def another_milvus_inside(world: World) -> dict[str, Any]:
    """Start what is no proxy of Milvus on the usual port: an internal one speaks gRPC, too."""
    world.start(GatewayPeer(host=OWN_HOST, port=19530, fields=grpc_answer(12, UNKNOWN_SERVICE)))
    return {"uri": f"{OWN_HOST}:{free_port()}"}


def milvus_that_asks_for_a_sign_in(world: World) -> dict[str, Any]:
    missing = grpc_answer(16, "missing authorization in header")
    world.start(GatewayPeer(200, host=OWN_HOST, port=19530, fields=missing))
    return {"uri": f"{OWN_HOST}:{free_port()}", "token": "root:s3cret"}


@contextlib.contextmanager
def another_registry() -> Iterator[ConnectionRegistry]:
    found = ConnectionRegistry()
    yield found
    found.shutdown()


def renamed_while_open(world: World) -> dict[str, Any]:
    registry = world.start(another_registry())
    registry.connect(uri=str(world.tmp_path / "old.db"))
    (world.tmp_path / "old.db").rename(world.tmp_path / "new.db")
    return {"uri": str(world.tmp_path / "new.db")}


def opened_by_other_code(world: World) -> dict[str, Any]:
    from milvus_lite import MilvusLite

    path = str(world.tmp_path / "own.db")
    world.start(contextlib.closing(MilvusLite(path)))
    return {"uri": path}


def without_locks(world: World, number: int) -> dict[str, Any]:
    """Let the file system have no locks, as some network and FUSE mounts."""

    def flock(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    fcntl = pytest.importorskip("fcntl")  # Windows has none
    world.environment.setattr(fcntl, "flock", flock)
    return {"uri": str(world.tmp_path / "nfs.db")}


def full_disk(world: World) -> dict[str, Any]:
    """Let there be no room for a folder that Milvus Lite makes once it holds the lock."""
    makedirs = os.makedirs

    def make(path: str, *args: Any, **given: Any) -> None:
        if str(path).endswith(".database-staging"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        makedirs(path, *args, **given)

    world.environment.setattr(os, "makedirs", make)
    return {"uri": str(world.tmp_path / "full.db")}


def without_threads(world: World) -> dict[str, Any]:
    """Let Milvus Lite start no thread for its server."""

    def build(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    world.environment.setattr("milvus_lite.adapter.grpc.server._build_server", build)
    return {"uri": str(world.tmp_path / "threads.db")}


def denied(context: grpc.ServicerContext) -> bytes:
    context.abort(grpc.StatusCode.PERMISSION_DENIED, "PrivilegeConnect is needed")


def broken(_: grpc.ServicerContext) -> bytes:
    raise RuntimeError("the disk is on fire")


def locked(world: World) -> dict[str, Any]:
    """Let the kernel of another notebook have it."""
    path = str(world.tmp_path / "demo.db")
    code = (
        "from milvus_nb import connections\n"
        f"connections.connect(uri={path!r})\n"
        "print('open', flush=True)\ninput()"
    )
    environment = {**os.environ, "JPY_SESSION_NAME": "/home/ada/experiments/search.ipynb"}
    other = world.start(
        subprocess.Popen(
            [sys.executable, "-c", code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
        )
    )
    assert other.stdout is not None
    assert other.stdout.readline() == b"open\n"
    return {"uri": path}


def old_lite(world: World) -> dict[str, Any]:
    return {"uri": world.file("old.db", "a database of Milvus Lite 2")}


def foreign_folder(world: World) -> dict[str, Any]:
    (world.tmp_path / "photos.db").mkdir()
    world.file("photos.db/1.jpg")
    return {"uri": str(world.tmp_path / "photos.db")}


def damaged_lite(world: World) -> dict[str, Any]:
    """Put files where its folders belong."""
    (world.tmp_path / "broken.db").mkdir()
    world.file("broken.db/collections", "not a folder")
    world.file("broken.db/databases", "not a folder")
    return {"uri": str(world.tmp_path / "broken.db")}


UNKNOWN_SERVICE = "unknown service milvus.proto.milvus.MilvusService"
PASSWORD_WRONG = "auth check failure, please check username and password are correct"

# What gateways say in gRPC's own form of a Milvus that they cannot reach. Each sentence has words
# in it that gRPC's transport on this side has, too.
RESET = "upstream connect error or disconnect/reset before headers. reset reason: "
UPSTREAM = {
    "Envoy, refused": f"{RESET}remote connection failure, transport failure reason: delayed "
    "connect error: Connection refused",
    "Envoy, TLS": f"{RESET}remote connection failure, transport failure reason: TLS_error:|2684355"
    "81:SSL routines:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED:TLS_error_end",
    "Envoy, cut off": f"{RESET}connection termination",
    "Envoy, none healthy": "no healthy upstream",
    "Envoy, timeout": "upstream request timeout",
    "Kong": "name resolution failed",
    "Go": 'connection error: desc = "transport: Error while dialing: dial tcp 10.0.0.5:19530: '
    'connect: network is unreachable"',
    "Go, TLS": "x509: certificate has expired or is not yet valid",
    "gRPC's own": "failed to connect to all addresses; last error: UNKNOWN: ipv4:10.0.0.5:19530: "
    "Failed to connect to remote host: Connection refused",
    "Linkerd": "HTTP Balancer service in fail-fast",
    "nothing": "",
}

FAULTS = (
    # The way
    Fault("closed port", "refused", f"{OWN_HOST}:1.", lambda _: {
        "uri": f"{OWN_HOST}:1"}),
    Fault("closed port beside a server", "other-port", f"connect {OWN_HOST}:19530", wrong_port),
    Fault("socket missing", "socket", "No such file", missing_socket),
    Fault("no Unix sockets", "no-sockets", "host:port", no_sockets),
    Fault("socket left over", "socket", "refused", left_over_socket),
    Fault("socket with a comma", "socket", "gRPC takes a comma", socket_with_a_comma),
    Fault("name", "dns", "nowhere.invalid", lambda _: {"uri": "nowhere.invalid"}),
    Fault("packets dropped", "dropped", "port", lambda world: {
        "uri": world.start(FullBacklog()).address, "timeout": 0.4}),
    Fault("silent", "silent", "0.4 s", lambda world: {
        "uri": world.start(SilentPeer()).address, "timeout": 0.4}),
    Fault("still starting", "starting", "proxy state is Abnormal", starting),
    Fault("calls not answered", "unanswered", "did not answer in 0.5 s", frozen),
    Fault("reset on accept", "reset", "resets them", lambda w: faulty(w, "reset_new")),
    Fault("closed on accept", "forward-nowhere", "ssh -L", lambda w: faulty(w, "close_new")),
    Fault("forwarded to nowhere", "forward-nowhere", "nothing behind", forward_to_nowhere),
    Fault("swallowed", "silent", "said nothing", lambda w: faulty(w, "blackhole")),
    Fault("cut in the greeting", "forward-nowhere", "without a word",
          lambda w: faulty(w, "half_close")),
    Fault("cut in a call", "cut-off", "middle of an answer", lambda w: faulty(w, "truncate", 60)),
    # Proxies
    Fault("proxy refuses", "proxy-refused", "no_proxy=milvus.example", proxy),
    Fault("proxy is down", "proxy-unreachable", "grpc_proxy", proxy_down),
    Fault("proxy with IPv6 is down", "proxy-unreachable", "[::1]:",
          lambda w: proxy_down(w, "[::1]")),
    Fault("proxy of an option", "proxy-unreachable", "the option grpc.http_proxy", lambda _: {
        "uri": "milvus.example", "grpc_options": {"grpc.http_proxy": "http://127.0.0.1:9"}}),
    Fault("proxy, with gRPC's own exemptions", "proxy-unreachable",
          "%env no_grpc_proxy=else.test,milvus.example", proxy_with_exemptions),
    Fault("proxy hangs", "proxy-unreachable", "http_proxy", lambda w: proxy(w, "hang")),
    Fault("proxy is none", "proxy-unreachable", "https_proxy",
          lambda w: proxy(w, "garbage", "https_proxy")),
    Fault("proxy hangs up", "proxy-unreachable", "opens a way and closes it",
          lambda w: proxy(w, "hang up")),
    Fault("proxy hangs up on TLS", "proxy-unreachable", "opens a way and closes it",
          lambda w: proxy(w, "hang up") | {"uri": "https://milvus.example:19530"}),
    # A file of the project
    Fault("a project's proxy", "project-env", "https_proxy is set by a file of the project",
          lambda w: of_a_project(w, "https_proxy", "http://127.0.0.1:9")),
    Fault("a project's authorities", "project-env", "which servers are trusted", lambda w:
          of_a_project(w, "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH", "x.pem", uri="https://localhost")),
    Fault("a project's names", "project-env", "which machine milvus is",
          lambda w: of_a_project(w, "HOSTALIASES", "hosts", uri="http://milvus:1")),
    Fault("a project's domain", "project-env", "LOCALDOMAIN",
          lambda w: of_a_project(w, "LOCALDOMAIN", "evil.example")),
    Fault("a project's hosts", "project-env", "CARES_HOSTS",
          lambda w: of_a_project(w, "CARES_HOSTS", "hosts")),
    Fault("a project's tracing", "project-env", "would print the sign-in",
          lambda w: of_a_project(w, "GRPC_TRACE", "api", uri="unix:/none")),
    # Somebody else
    Fault("management port", "management-port", "19530", lambda w: {
        "uri": f"localhost:{w.server().http_port}"}),
    Fault("management port, usual", "management-port", f"%milvus connect {OWN_HOST}:19530",
          management_port_of_a_usual_server),
    Fault("https to the management port", "management-port", "19530", lambda w: {
        "uri": f"https://localhost:{w.server().http_port}"}),
    Fault("web server", "http1", "web server", lambda w: {"uri": w.start(WebServer()).address}),
    Fault("web server that is well", "http1", "web server", lambda w: {
        "uri": w.start(WebServer({"/healthz": (200, b"OK")})).address}),
    Fault("web server that tells its state", "http1", "web server", lambda w: {
        "uri": w.start(WebServer({"/healthz": (200, b'{"state":"up","msg":"OK"}')})).address}),
    Fault("TLS, closed on accept", "forward-nowhere", "ssh -L", lambda w: {
        **faulty(w, "close_new"), "secure": True}),
    Fault("SSH", "other-protocol", "SSH", lambda w: {"uri": w.start(SshPeer()).address}),
    Fault("Redis", "other-protocol", "Redis", lambda w: {"uri": w.start(RedisPeer()).address}),
    Fault("MySQL", "other-protocol", "MySQL", lambda w: {"uri": w.start(MysqlPeer()).address}),
    Fault("SMTP", "other-protocol", "mail", lambda w: {"uri": w.start(SmtpPeer()).address}),
    Fault("PostgreSQL", "forward-nowhere", "as a database",
          lambda w: {"uri": w.start(PostgresPeer()).address}),
    Fault("short greeting", "other-protocol", "'200 hi'",
          lambda w: other(w, greeting=b"200 hi\r\n")),
    Fault("TLS to a short greeting", "other-protocol", "'200 hi'", lambda w: {
        **other(w, greeting=b"200 hi\r\n"), "secure": True}),
    Fault("TLS to SSH", "other-protocol", "SSH", lambda w: {
        "uri": f"https://{w.start(SshPeer()).address}"}),
    Fault("etcd", "not-milvus", "etcd", lambda w: {"uri": f"localhost:{w.server().etcd_port}"}),
    Fault("gateway 404", "gateway", "404", lambda w: answering(w, 404)),
    *(
        Fault(f"gateway {status}", cause, str(status),
              functools.partial(answering, status=status))
        for cause, statuses in {
            "gateway": (200, 204, 400, 415, 421, 426, 431, 464, 500, 501),
            "gateway-redirect": (301, 302, 303, 307, 308),
            "gateway-sign-in": (401, 407, 511),
            "gateway-forbidden": (403, 451),
            "limited": (429,),
            "upstream": (408, 502, 503, 504, 520, 521, 522, 523, 524, 525, 526, 530),
        }.items()
        for status in statuses
    ),
    *(
        Fault(f"gateway: {name}", "upstream", text or "UNAVAILABLE",
              functools.partial(gateway, status=14, message=text))
        for name, text in UPSTREAM.items()
    ),
    Fault("gateway hangs up", "upstream", "no healthy upstream",
          lambda w: gateway(w, 14, "no healthy upstream", hangs_up=True)),
    Fault("gateway hangs up, gRPC's words", "upstream", "failed to connect", lambda w: gateway(
        w, 14, UPSTREAM["gRPC's own"], server="envoy", hangs_up=True)),
    Fault("gateway: no route", "gateway-no-milvus", "UNIMPLEMENTED", lambda w: gateway(w, 12)),
    Fault("gRPC, another server", "gateway-no-milvus", "another kind",
          lambda w: gateway(w, 12, "Service is unimplemented.")),
    Fault("gateway: no page", "gateway", "404 page",
          lambda w: gateway(w, 12, "404 page not found")),
    Fault("gateway: sign-in page", "gateway-page", "for signing in", lambda w: {
        "uri": w.start(GatewayPeer(200, fields={"content-type": "text/html"},
                                   body=b"<!DOCTYPE html><title>Sign in</title>")).address}),
    Fault("gateway: Go's words", "upstream", "503", lambda w: gateway(
        w, 2, "unexpected HTTP status code received from server: 503 (Service Unavailable)")),
    Fault("gateway: another deadline", "upstream", "Deadline Exceeded",
          lambda w: gateway(w, 14, "Deadline Exceeded")),
    Fault("Milvus not ready, others' words", "starting", "proxy not ready", lambda w: refusing(
        w, "UNAVAILABLE", "proxy not ready")),
    Fault("gateway: JWT", "gateway-sign-in", "Jwt is missing",
          lambda w: gateway(w, 16, "Jwt is missing")),
    Fault("gateway: key", "gateway-sign-in", "sign-in of its own",
          lambda w: gateway(w, 16, "No API key found in request")),
    Fault("gateway: RBAC", "gateway-forbidden", "RBAC", lambda w: gateway(
        w, 7, "RBAC: access denied")),
    Fault("gateway: rate limit", "limited", "Wait", lambda w: gateway(w, 8)),
    Fault("an answer that is too large", "server-error", "larger than max",
          lambda w: gateway(w, 8, "CLIENT: Received message larger than max (5 vs. 4)")),
    Fault("gateway: rate limit, unavailable", "limited", "local_rate_limited",
          lambda w: gateway(w, 14, "local_rate_limited")),
    Fault("Milvus not ready", "starting", "Proxy is not ready yet", lambda w: refusing(
        w, "UNAVAILABLE", "internal: Milvus Proxy is not ready yet. please wait")),
    Fault("another Milvus's internal port", "refused", "Connection refused",
          another_milvus_inside),
    Fault("closed port beside one with users", "other-port", f"connect {OWN_HOST}:19530",
          milvus_that_asks_for_a_sign_in),
    Fault("plain text to a server that wants TLS", "plaintext-to-tls", "--secure", wants_tls),
    Fault("server too old", "server-too-old", "does not know Connect", lambda w: {
        "uri": w.start(ScriptedMilvus({})).address}),
    # TLS
    Fault("TLS to plaintext", "tls-to-plaintext", "https://", lambda w: {
        "uri": f"https://{w.server().address}"}),
    Fault("plaintext to TLS", "plaintext-to-tls", "--secure", lambda w: {
        "uri": w.server("milvus_tls").address}),
    Fault("no CA", "tls-untrusted", "--ca-pem-path", lambda w: {
        "uri": w.server("milvus_tls").uri}),
    Fault("wrong CA", "tls-untrusted", "certificates/ca.pem", lambda w: {
        "uri": w.server("milvus_tls").uri, "ca_pem_path": w.certificates().ca_pem}),
    Fault("self-signed", "tls-self-signed", "--server-pem-path",
          lambda w: certified(w, make_self_signed(w.tmp_path / "own"))),
    Fault("expired", "tls-expired", "expired on", lambda w: expired(w, from_days=-9, to_days=-2)),
    Fault("not yet valid", "tls-not-yet-valid", "clock",
          lambda w: expired(w, from_days=2, to_days=9)),
    Fault("other name", "tls-name", "--server-name milvus.example", named_otherwise),
    Fault("other names, all of a domain", "tls-name", "--server-name NAME.milvus.example",
          lambda w: named_otherwise(w, "*.milvus.example")),
    Fault("other names, also of a domain", "tls-name", "--server-name milvus.test",
          lambda w: named_otherwise(w, "*.milvus.test", "milvus.test")),
    Fault("client certificate missing", "tls-client-missing", "--client-pem-path",
          lambda w: mutual(w, foreign=False)),
    Fault("client certificate foreign", "tls-client-rejected", "foreign/client.pem",
          lambda w: mutual(w, foreign=True)),
    Fault("closed after TLS", "tls-closed", "--client-pem-path FILE",
          lambda w: closed_after_tls(w, shown=False)),
    Fault("closed after TLS, certificate shown", "tls-closed", "certificates/client.pem",
          lambda w: closed_after_tls(w, shown=True)),
    Fault("TLS too old", "tls-handshake", "TLS version", old_tls),
    Fault("no HTTP/2 in TLS", "tls-no-http2", "ALPN", without_http2),
    Fault("CA file missing", "tls-file-missing", "nothing.pem", lambda _: {
        "uri": "https://localhost", "ca_pem_path": "nothing.pem"}),
    Fault("CA file is no PEM", "tls-file-not-pem", "BEGIN CERTIFICATE", lambda w: {
        "uri": "https://localhost", "ca_pem_path": w.file("ca.pem", "hello")}),
    # Signing in
    Fault("wrong password", "wrong-password", "user root", lambda w: {
        "uri": w.server("milvus_auth").uri, "token": "root:wrong"}),
    Fault("no such user", "wrong-password", "user eve", lambda w: {
        "uri": w.server("milvus_auth").uri, "token": "eve:Milvus"}),
    Fault("bad API key", "wrong-api-key", "user:password", lambda w: {
        "uri": w.server("milvus_auth").uri, "token": "abcdef"}),
    Fault("no credentials", "no-credentials", "--token-env", lambda w: {
        "uri": w.server("milvus_auth").uri}),
    Fault("wrong password, Milvus before 2.3.5", "wrong-password", "user root",
          lambda w: refusing(w, "UNKNOWN", PASSWORD_WRONG, token="root:s3cret")),
    Fault("wrong password, quoted by the server", "wrong-password", "user root",
          lambda w: refusing(
              w, "UNKNOWN", f"actual=username: root, password: s3cret]: {PASSWORD_WRONG}",
              token="root:s3cret")),
    Fault("no credentials, Milvus before 2.3.5", "no-credentials", "--token-env",
          lambda w: refusing(w, "UNKNOWN", "missing authorization in header")),
    Fault("bad API key, Milvus before 2.3", "wrong-api-key", "user:password",
          lambda w: refusing(w, "UNKNOWN", PASSWORD_WRONG, token="s3cret")),
    Fault("cloud without TLS", "cloud-no-tls", f"https://{CLOUD}", lambda _: {
        "uri": CLOUD, "token": "s3cret"}),
    Fault("cloud without a token", "cloud-no-token", "--token-env", cloud),
    Fault("not allowed", "permission-denied", "PrivilegeConnect",
          lambda w: scripted(w, "Connect", denied)),
    Fault("not allowed to a key", "permission-denied", "knows this API key",
          lambda w: scripted(w, "Connect", denied) | {"token": "s3cret"}),
    # The database, and the server's own errors
    Fault("database missing", "database-missing", "The databases there: ", lambda w: {
        "uri": w.server().uri, "db_name": "nowhere"}),
    Fault("server error", "server-error", "17: out of luck", lambda w: scripted(
        w, "Connect", b"\n\x0d\x08\x01\x12\x0bout of luck".replace(b"\x0d", b"\x11")
        .replace(b"luck", b"luck\x18\x11"))),
    Fault("exception in the server", "unknown", "the disk is on fire",
          lambda w: scripted(w, "Connect", broken)),
    # What is pasted
    Fault("REST URL", "rest-url", "http://localhost:19530"[7:], lambda _: {
        "uri": "http://localhost:19530/v1/vector/collections"}),
    Fault("REST URL, v2", "rest-url", "localhost:19530", lambda _: {
        "uri": "http://localhost:19530/v2/vectordb/collections/list"}),
    Fault("WebUI URL", "webui-url", "localhost:19530", lambda _: {
        "uri": "http://localhost:9091/webui/"}),
    # Milvus Lite
    Fault("Lite locked", "lite-locked", "the kernel of /home/ada/experiments/search.ipynb", locked),
    Fault("Lite renamed while open", "lite-open-here", "already, as ", renamed_while_open),
    Fault("Lite open without us", "lite-open-here", "in this kernel", opened_by_other_code),
    *(
        Fault(f"Lite without locks ({errno.errorcode[number]})", "lite-no-locks", "local disk",
              functools.partial(without_locks, number=number))
        for number in (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS)
    ),
    Fault("Lite folder missing", "lite-folder-missing", "no/such", lambda w: {
        "uri": str(w.tmp_path / "no/such/demo.db")}),
    Fault("Lite name", "lite-name", ".db", lambda _: {"uri": "./demo.sqlite"}),
    Fault("Lite 2 file", "lite-not-a-folder", "Milvus Lite 2", old_lite),
    Fault("Lite, other folder", "lite-foreign-folder", "other things", foreign_folder),
    Fault("Lite on a full disk", "lite-full", "Free some space", full_disk),
    Fault("Lite without threads", "no-threads", "ulimit -u", without_threads),
    Fault("Lite damaged", "lite-failed", "broken.db", damaged_lite),
)  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_each_fault_is_named(
    connections: ConnectionRegistry,
    world: World,
    fault: Fault,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """By connect, and by the doctor; in three lines with the actual values; nothing is left."""
    given = fault.provoke(world)
    capfd.readouterr()
    with pytest.raises(MilvusNbError) as failure:
        connections.connect("x", **given)
    error = failure.value
    assert error.cause == fault.cause, error
    assert fault.told in str(error)
    assert 2 <= len(error.lines) <= 3
    assert "{" not in str(error)
    assert "s3cret" not in str(error)
    assert connections.list_connections() == []
    if not isinstance(error, ConnectError):
        return  # refused before anything was sent
    assert error.diagnosis is not None
    assert error.diagnosis.answered
    assert "None" not in error.diagnosis.evidence
    report = connections.examine(given.pop("uri"), **given).wait()
    assert report.diagnosis is not None
    assert report.diagnosis.cause == fault.cause, report
    assert fault.told in str(report)
    assert [stage.status for stage in report.stages].count("failed") == 1
    wait_until(lambda: threads("milvus-nb-blocking") == [])  # a thread ends after its answer
    # No line of gRPC's; but the server, which is in this process, may complain of its guest.
    written = capfd.readouterr().err.splitlines()
    assert [line for line in written if "No match found for server name" not in line] == []


def test_every_cause_has_a_row() -> None:
    """Or is provoked in a test of its own, named here."""
    elsewhere = {
        "dns-silent": "tests/probing/test_network.py",
        "no-route": "tests/probing/test_network.py",
        "tls-bad-file": test_a_tls_file_that_went_away,
        "connection-lost": "tests/watching/test_watching.py",
        "no-files": "tests/test_guest.py",
        "lite-deleted": "tests/watching/test_watching.py",
        "lite-gone": "tests/watching/test_watching.py",
        "unstable": "tests/watching/test_watching.py",
    }
    assert {fault.cause for fault in FAULTS} >= CAUSES.keys() - elsewhere.keys()


def test_no_cause_lacks_words() -> None:
    """Whatever leads to it, with whatever is known of the failure."""
    for uri in ("localhost:19530", "https://[::1]:1", "unix:/a/b", "./x.db"):
        for cause in CAUSES:
            found = diagnosis.of(parse(uri=uri).endpoint, cause, "{what}\x1b[31m was said")
            assert found.reason
            assert "\x1b" not in found.reason + found.fix + found.evidence


def test_a_tls_file_that_went_away(
    connections: ConnectionRegistry, milvus_tls: MilvusTestServer, tmp_path: Path
) -> None:
    """Between the check of the parameters and the next attempt."""
    ca_pem = tmp_path / "ca.pem"
    with open(milvus_tls.ca_pem) as file:
        ca_pem.write_text(file.read())
    connections.add_connection(x={"uri": milvus_tls.uri, "ca_pem_path": str(ca_pem)})
    ca_pem.unlink()
    with pytest.raises(ConnectError) as failure:
        connections.connect("x")
    assert failure.value.cause == "tls-bad-file"
    assert str(ca_pem) in str(failure.value)


def test_a_server_that_starts_is_told_from_one_that_hangs(
    connections: ConnectionRegistry, make_milvus: Callable[..., MilvusTestServer]
) -> None:
    """The real one accepts connections long before it answers; its management port knows."""
    server = make_milvus()
    server.kill()
    with FaultProxy(("127.0.0.1", server.http_port), host=OWN_HOST, port=9091):
        server.launch()
        causes: list[str] = []

        def until_connected() -> bool:
            try:
                connections.connect(uri=f"{OWN_HOST}:{server.port}", timeout=0.5)
            except ConnectError as error:
                causes.append(error.cause)
                return False
            return True

        wait_until(until_connected, 60)
    assert "starting" in causes
    assert set(causes) <= {"refused", "starting", "reset", "silent", "unanswered"}, causes


def test_authorization_that_is_off_is_told(
    connections: ConnectionRegistry, milvus: MilvusTestServer, milvus_auth: MilvusTestServer
) -> None:
    """Any password is accepted there: connected, but it proves nothing."""
    found = connections.connect("off", uri=milvus.uri, token="root:anything")
    assert found.state == "connected"
    assert "proves nothing" in found.note
    assert "proves nothing" in repr(found)
    assert "proves nothing" in " ".join(found.diagnose().notes)
    assert connections.connect("on", uri=milvus_auth.uri, token="root:Milvus").note == ""
    assert connections.connect("none", uri=milvus.uri).note == ""


@pytest.mark.parametrize(
    ("version", "told"),
    [("v9.1.0", "older than the server (v9.1.0)"), ("v2.2.9", "newer than the server (v2.2.9)")],
)
def test_an_sdk_of_another_age_is_told(
    connections: ConnectionRegistry, version: str, told: str
) -> None:
    """Pymilvus's versions are those of the Milvus they were made for."""
    from tests.support.servers.peers import HEALTHY

    reply = b"\x12" + bytes([len(version)]) + version.encode()
    with ScriptedMilvus({**HEALTHY, "GetVersion": reply}) as server:
        report = connections.diagnose(server.address)
    assert report.ok
    assert told in " ".join(report.notes)


def test_no_other_port_is_advised_for_what_has_worked(
    connections: ConnectionRegistry, world: World
) -> None:
    """A server that is down is where it was, whatever else listens on the usual port."""
    milvus = ScriptedMilvus(host=OWN_HOST)
    with milvus:
        found = connections.connect("mine", uri=milvus.address)
    world.start(ScriptedMilvus(host=OWN_HOST, port=19530))
    wait_until(lambda: found.state == "unreachable")
    assert f"nothing listens on {milvus.address}" in wait_until(
        lambda: found.reason if "refused" in found.reason else ""
    )
    report = found.diagnose()
    assert report.diagnosis is not None
    assert report.diagnosis.cause == "refused"
    connections.disconnect("mine")
    with pytest.raises(ConnectError) as failure:
        connections.connect("mine", uri=milvus.address)
    assert failure.value.cause == "refused"


def test_what_a_server_quotes_of_the_sign_in_is_hidden() -> None:
    """Milvus 2.3 has the password in its refusal; others the whole header."""
    for token, text in (
        ("root:hunter22", "actual=username: root, password: hunter22]: no"),
        ("root:hunter22", "the token root:hunter22 is bad; so is hunter22"),
        ("root:hunter22", "Basic cm9vdDpodW50ZXIyMg== is bad"),
        ("an-api-key", "no key 'an-api-key'"),
        ("root:Milvus", "username: root, password: Milvus"),
    ):
        endpoint = parse(uri="localhost", token=token).endpoint
        for code in (grpc.StatusCode.UNKNOWN, grpc.StatusCode.PERMISSION_DENIED):
            found = diagnosis.from_rpc(endpoint, code, text, channel="READY")
            told = found.reason + found.fix + found.evidence
            assert "hunter22" not in told
            assert "an-api-key" not in told
            assert "cm9vdD" not in told
            assert "password: Milvus" not in told
    endpoint = parse(uri="localhost", token="root:Milvus").endpoint
    assert "Milvus is" in diagnosis.server_refused(endpoint, 5, "Milvus is on fire").reason


@pytest.mark.parametrize(
    ("uri", "answer", "cause", "who"),
    [
        ("h:1", b"\x15\x03\x01\x00\x02\x02\x46", "plaintext-to-tls", "speaks TLS"),
        ("h:1", b"\x00\x00\x12\x04\x00", "cut-off", "middle"),
        ("h:1", b"", "forward-nowhere", "without a word"),
        ("https://h:1", b"", "tls-closed", "after the TLS handshake"),
        ("h:1", b"SSH-2.0-x\r\n", "other-protocol", "an SSH server"),
        ("h:1", b"HTTP/1.1 400 Bad Request\r\n", "http1", "a web server"),
        ("h:1", b"+OK Dovecot ready.\r\n", "other-protocol", "a mail server"),
        ("h:1", b"* OK [CAPABILITY IMAP4rev1]\r\n", "other-protocol", "a mail server"),
        ("h:1", b"-ERR [SYS/TEMP] Too many\r\n", "other-protocol", "another kind of server"),
        ("h:1", b"-ERR unknown command 'PRI'\r\n", "other-protocol", "a Redis server"),
        ("h:1", b"E\x00\x00\x00\xff\x6a\x04Host 'h'", "other-protocol", "a MySQL server"),
        ("h:1", b"E\x00\x00\x00\x50SFATAL", "other-protocol", "a PostgreSQL server"),
        ("h:1", b"\x05\x00\x00\x00\x0b\x08\x05\x1a\x00", "other-protocol", "another kind"),
        ("h:1", b"\x00\x00\x01\x04\x01ActiveMQ", "other-protocol", "another kind of server"),
        ("h:1", b"\x84\x00\x00\x00\x00\x00\x00\x00\x2a", "other-protocol", "another kind"),
    ],
)
def test_the_first_bytes_tell_who_answers(uri: str, answer: bytes, cause: str, who: str) -> None:
    """A TLS alert, an HTTP/2 that ends, nothing at all, another protocol; none is guessed."""
    assert not reach.is_http2(answer)
    found = diagnosis.from_answer(parse(uri=uri).endpoint, answer)
    assert found.cause == cause
    assert who in found.reason


@pytest.mark.parametrize(
    ("reason", "cause"),
    [
        ("service unavailable: internal: Milvus is not ready yet", "starting"),
        ("proxy not healthy: state code: Abnormal", "starting"),
        ("out of memory", "server-error"),
    ],
)
def test_a_status_of_a_server_that_starts_is_told(reason: str, cause: str) -> None:
    """It answers already, and is not ready; any other status is an error of the server's."""
    found = diagnosis.server_refused(parse(uri="h:1").endpoint, 1, reason)
    assert (found.cause, found.answered.endswith(reason)) == (cause, True)


@posix_only
@pytest.mark.skipif(sys.platform != "linux", reason="who holds a lock is told by Linux alone")
def test_a_lite_lock_that_a_child_has_inherited(
    connections: ConnectionRegistry, tmp_path: Path
) -> None:
    """A kernel was killed, and a process that it had started lives on: that one is named."""
    path = str(tmp_path / "demo.db")
    code = (
        "import os, sys\n"
        "from milvus_lite import MilvusLite\n"
        f"database = MilvusLite({path!r})\n"
        "if os.fork():\n    os._exit(0)\n"
        "print(os.getpid(), flush=True)\nsys.stdin.read()\nos._exit(0)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        parent.wait(20)
        with pytest.raises(ConnectError, match=f"process {child} "):
            connections.connect(uri=path)


@pytest.mark.parametrize(
    ("details", "channel", "is_ours"),
    [
        ("failed to connect to all addresses; last error: …", "TRANSIENT_FAILURE", True),
        ("failed to connect to all addresses; last error: …", "READY", False),
        ("failed to connect to all addresses; last error: …", "", True),
        ("Stream removed (Socket closed)", "IDLE", True),
        ("Stream removed (RST_STREAM (Received RST_STREAM with error code 7))", "READY", True),
        ("Socket closed", "IDLE", True),
        ("no healthy upstream", "IDLE", False),
        ("no healthy upstream", "READY", False),
        ("no healthy upstream", "", False),
        ("no healthy upstream", "CONNECTING", False),
        ("errors resolving milvus.example:19530", "TRANSIENT_FAILURE", True),
        ("Deadline Exceeded", "CONNECTING", True),
        ("upstream connect error … Connection refused", "IDLE", False),
        ("Connection reset by peer", "READY", False),
    ],
)
def test_who_wrote_a_text(details: str, channel: str, is_ours: bool) -> None:
    """GRPC itself, or the far side: the state of the channel tells where words do not."""
    assert rules.is_ours(details, channel) == is_ours


def test_a_page_is_told_of_fields_where_a_cell_is_told_of_options() -> None:
    """What to do is said of each cause in the words of whoever reads it."""
    page = {name: cause.form or cause.fix for name, cause in CAUSES.items()}
    assert [name for name, fix in page.items() if re.search(r"--|%milvus|%config", fix)] == []


def offers(cause: str, uri: str, **facts: str) -> list[tuple[str, str]]:
    """Give what a form offers where this has failed."""
    found = diagnosis.of(parse(uri=uri).endpoint, cause, "said", **facts)
    assert found.advice is not None
    return [(one.action, one.value) for one in found.advice.offers]


@pytest.mark.parametrize(
    ("cause", "uri", "expected"),
    [
        ("plaintext-to-tls", "m.example:19531/db", ("use-tls", "https://m.example:19531")),
        ("cloud-no-tls", "in01-1.zillizcloud.com:19530", ("use-tls", "https://in01-1.zilliz")),
        ("gateway-redirect", "m.example:80", ("use-tls", "https://m.example")),
        ("gateway-redirect", "https://m.example", None),
        ("tls-to-plaintext", "https://m.example:19530", ("no-tls", "http://m.example:19530")),
        # In plain text somebody could read the password on the way.
        ("tls-to-plaintext", "https://u:secret@m.example:19530", None),
        ("tls-to-plaintext", "https://u:secret@localhost:19530", ("no-tls", "http://localhost")),
        # A guess is no button: no Milvus has answered on its port, no name is known.
        ("management-port", "localhost:9091", None),
        ("refused", "localhost:19531", None),
        ("tls-name", "https://localhost:19530", None),
        ("no-credentials", "localhost:19530", ("sign-in", "password")),
        ("silent", "localhost:19530", ("timeout", "30")),
    ],
)
def test_what_a_form_offers(cause: str, uri: str, expected: tuple[str, str] | None) -> None:
    """A button where it leads on, and where nothing is sent that could not be read before."""
    found = offers(cause, uri)
    if expected is None:
        assert found == []
    else:
        [(action, value)] = found
        assert (action, value[: len(expected[1])]) == expected
        assert "secret" not in value


def test_a_database_that_is_there_is_offered() -> None:
    """The one that was probably meant, and the one that each server has."""
    endpoint = parse(uri="localhost:19530").endpoint
    for name, existing, expected in (
        ("sale", ["default", "sales"], ["sales", "default"]),
        ("sale", [], ["default"]),
        ("default", [], []),
    ):
        advice = diagnosis.database_missing(endpoint, name, existing).advice
        assert advice is not None
        assert [one.value for one in advice.offers] == expected
