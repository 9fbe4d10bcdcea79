"""What the documentation shows is what a user sees."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.servers import FaultProxy

if TYPE_CHECKING:
    from milvus_nb import ConnectionRegistry
    from tests.support.servers import MilvusTestServer

PAGE = Path(__file__).parents[1] / "docs" / "how-to" / "troubleshooting.md"


def shown(command: str) -> str:
    """Give the output that the page has for a line of the magic."""
    found = re.search(rf"```\n{re.escape(command)}\n\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert found is not None, f"the page has no output of {command}"
    return found[1]


def without_figures(text: str) -> str:
    """Leave out what differs from run to run and from machine to machine."""
    text = re.sub(r" *\d+(\.\d+)? ms", " N ms", text)
    text = re.sub(r"^\[(\S+)\].*", r"\1", text, flags=re.MULTILINE)  # OpenSSL's own words
    return re.sub(r"pymilvus \S+|Milvus \d+\.\d+", "pymilvus", text).strip()


@pytest.mark.matrix  # beside it others look whether anything is on the usual ports
@pytest.mark.usefixtures("usual_ports")
@pytest.mark.parametrize(
    "name", ["prod", "localhost:9091", "https://localhost:19530", "localhost:19531"]
)
def test_the_doctor_looks_as_documented(
    connections: ConnectionRegistry, milvus_auth: MilvusTestServer, name: str
) -> None:
    """One success and three failures, on the usual ports."""
    with (
        FaultProxy(("127.0.0.1", milvus_auth.port), port=19530),
        FaultProxy(("127.0.0.1", milvus_auth.http_port), port=9091),
    ):
        connections.connect("prod", uri="localhost:19530", token=milvus_auth.root_token)
        told = str(connections.diagnose(name))
        connections.disconnect("prod")
    assert without_figures(told) == without_figures(shown(f"%milvus doctor {name}"))
