"""What the tests of this room look into."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.exploring import make_every_type, make_text
from tests.support.servers import ScriptedMilvus

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from milvus_nb import Connection, ConnectionRegistry


@pytest.fixture
def on_lite(connections: ConnectionRegistry, lite_path: Path) -> Connection:
    """Give a connection to a Lite file with collections of every type that it has."""
    connection = connections.connect("lite", uri=str(lite_path))
    make_every_type(connection.client, "every", is_lite=True)
    make_text(connection.client, "texts")
    return connection


@pytest.fixture
def script() -> Iterator[ScriptedMilvus]:
    """Give a server that answers what a real one cannot be made to."""
    with ScriptedMilvus() as server:
        yield server
