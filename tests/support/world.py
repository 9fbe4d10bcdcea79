"""What a failure of a connection is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.support.servers import (
    make_certificates,
)

if TYPE_CHECKING:
    import contextlib
    from pathlib import Path

    import pytest

    from tests.support.servers import Certificates, MilvusTestServer

#: A host of Zilliz Cloud, which no test reaches.
CLOUD = "in03-1234.serverless.gcp-us-west1.cloud.zilliz.com"


class World:
    """What the faults are made of; all of it ends with the test."""

    def __init__(self, request: pytest.FixtureRequest, stack: contextlib.ExitStack) -> None:
        self._request = request
        self.tmp_path: Path = request.getfixturevalue("tmp_path")
        self.environment: pytest.MonkeyPatch = request.getfixturevalue("monkeypatch")
        self.start = stack.enter_context

    def server(self, name: str = "milvus") -> MilvusTestServer:
        found: MilvusTestServer = self._request.getfixturevalue(name)
        return found

    def certificates(self, **how: Any) -> Certificates:
        return make_certificates(self.tmp_path / "certificates", **how)

    def file(self, name: str, content: str = "") -> str:
        path = self.tmp_path / name
        path.write_text(content)
        return str(path)
