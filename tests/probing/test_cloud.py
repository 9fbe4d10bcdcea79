"""Zilliz Cloud: nothing goes there without TLS, and its own refusals are told from a gateway's."""

from __future__ import annotations

import asyncio
import dataclasses
import socket
from typing import Any

import grpc
import pytest

from milvus_nb import ConnectError, ConnectionRegistry
from milvus_nb.params.parsing import parse
from milvus_nb.probing import rest
from milvus_nb.probing.cloud import is_cloud
from tests.support.helpers import free_port
from tests.support.servers import (
    ConnectProxy,
    ScriptedMilvus,
    SilentPeer,
)
from tests.support.world import CLOUD, World

CLOUD_HOSTS = (
    CLOUD,
    "in01-0123456789abcde.aws-us-west-2.vectordb.zillizcloud.com",
    "in05-0123456789abcde.serverless.ali-cn-hangzhou.cloud.zilliz.com.cn",
    "in01-0123456789abcde.ali-cn-hangzhou.vectordb.zilliz.com.cn",
    "IN03-0123456789ABCDE.api.gcp-us-west1.zillizcloud.com.",
)


@pytest.mark.parametrize("how", ["token", "password", "token_env", "uri", "nothing"])
@pytest.mark.parametrize("port", ["", ":19541"])
def test_nothing_is_sent_to_the_cloud_without_tls(
    connections: ConnectionRegistry, monkeypatch: pytest.MonkeyPatch, how: str, port: str
) -> None:
    """The name is not even looked up; by connect, by the doctor and over HTTP; TLS is advised."""
    asked: list[str] = []
    look_up = socket.getaddrinfo

    def here(host: str, *args: Any, **more: Any) -> Any:
        asked.append(host)
        return look_up("127.0.0.1" if "zilliz" in host else host, *args, **more)

    monkeypatch.setattr(socket, "getaddrinfo", here)
    monkeypatch.setenv("CLOUD_KEY", "s3cret")
    given: dict[str, Any] = {
        "token": {"token": "s3cret"},
        "password": {"user": "db_admin", "password": "s3cret"},
        "token_env": {"token_env": "CLOUD_KEY"},
    }.get(how, {})
    for host in CLOUD_HOSTS:
        for scheme in ("", "http://", "tcp://"):
            sign_in = "db_admin:s3cret@" if how == "uri" else ""
            uri = f"{scheme or ('http://' if sign_in else '')}{sign_in}{host}{port}"
            with pytest.raises(ConnectError) as failure:
                connections.connect("x", uri=uri, **given)
            assert failure.value.cause == "cloud-no-tls"
            assert f"https://{host.lower().rstrip('.')}" in failure.value.fix
            assert "s3cret" not in str(failure.value)
            assert ("--token-env" in failure.value.fix) == (how == "nothing")
        assert not asked
        params = parse(uri=f"{host}{port}", token="s3cret")
        with SilentPeer(port=free_port()) as peer:
            endpoint = dataclasses.replace(params.endpoint, port=peer.port)
            cloud = dataclasses.replace(params, endpoint=endpoint)
            asyncio.run(rest.sources(cloud, 0.05, management_port=free_port()))
            assert b"s3cret" not in peer.received
            assert b"Authorization" not in peer.received
        asked.clear()
        report = connections.diagnose(f"{host}{port}")
        assert report.diagnosis is not None
        assert report.diagnosis.cause == "cloud-no-tls"
        assert "tls" in [stage.name for stage in report.stages if stage.status == "failed"]
        asked.clear()  # of the management port's, which gets no credentials


@pytest.mark.parametrize(
    ("host", "is_theirs"),
    [("zillizcloud.com.evil.example", False), ("notzilliz.com", False), (CLOUD, True)],
)
def test_only_the_cloud_s_own_hosts_count(host: str, is_theirs: bool) -> None:
    """By the end of the name."""
    assert is_cloud(host) == is_theirs


@pytest.mark.parametrize("how", ["token", "password"])
def test_the_cloud_says_itself_what_it_refuses(
    connections: ConnectionRegistry, world: World, how: str
) -> None:
    """Whatever its words: there, no gateway of somebody else's is in between."""
    found = world.certificates(names=(CLOUD,))
    server = world.start(ScriptedMilvus(
        {"Connect": lambda context: context.abort(grpc.StatusCode.UNAUTHENTICATED, "no such key")},
        certificates=found,
    ))  # fmt: skip
    way = world.start(ConnectProxy(routes={f"{CLOUD}:443": ("127.0.0.1", server.port)}))
    world.environment.setenv("https_proxy", f"http://{way.address}")
    given: dict[str, Any] = {"user": "db_admin", "password": "s3cret"}
    if how == "token":
        given = {"token": "key"}
    with pytest.raises(ConnectError) as failure:
        connections.connect(uri=f"https://{CLOUD}", ca_pem_path=found.ca_pem, **given)
    assert failure.value.cause == {"token": "wrong-api-key", "password": "wrong-password"}[how]
