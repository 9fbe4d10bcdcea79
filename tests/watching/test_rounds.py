"""Where many servers are watched they are asked in turn: what that costs is bounded."""

from __future__ import annotations

import time
from base64 import b64decode
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from milvus_nb import ConnectionRegistry
from milvus_nb.probing import reacher
from milvus_nb.watching import rounds
from milvus_nb.watching.schedule import Pace
from tests.support.helpers import wait_until
from tests.support.servers import ScriptedMilvus

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def server() -> Iterator[ScriptedMilvus]:
    """Give a server that takes any token: each is an endpoint of its own."""
    with ScriptedMilvus() as server:
        yield server


def connect_some(registry: ConnectionRegistry, server: ScriptedMilvus, count: int) -> None:
    """Connect to so many endpoints."""
    for number in range(count):
        registry.connect(f"c{number}", uri=server.address, token=f"u{number}:x")


def beats(server: ScriptedMilvus) -> Counter[str]:
    """Count the heartbeats of each endpoint, by its token."""
    calls = [call for call in list(server.calls) if call.method == "CheckHealth"]
    return Counter(b64decode(call.metadata["authorization"]).decode() for call in calls)


def test_a_heartbeat_asks_no_more_than_so_many(
    server: ScriptedMilvus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of them in turn; those who come and go do not have the others asked sooner."""
    monkeypatch.setattr(rounds, "_MOST", 5)
    registry = ConnectionRegistry(heartbeat=0.1, deadline=60)
    try:
        connect_some(registry, server, 12)
        before, since = beats(server), time.monotonic()
        for number in range(10):
            registry.connect("comes", uri=server.address, token=f"v{number}:x")
            registry.disconnect("comes")
        wait_until(lambda: sum((beats(server) - before).values()) >= 48)
        found, lasted = beats(server) - before, time.monotonic() - since
        assert sum(found.values()) <= 5 * (lasted / 0.1 + 2) + 10
        each = [found[f"u{number}:x"] for number in range(12)]
        assert max(each) - min(each) <= 2
        assert {connection.state for connection in registry.connections()} == {"connected"}
    finally:
        registry.shutdown()


def test_what_is_proved_is_so_for_the_longer_heartbeat(
    server: ScriptedMilvus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A further alias asks nothing, and another user only signs in, as where few are watched."""
    monkeypatch.setattr(rounds, "_MOST", 1)
    monkeypatch.setattr(rounds, "_MOST_TRUST", 100)
    monkeypatch.setattr(reacher, "_WELL_S", 0.6)
    registry = ConnectionRegistry(heartbeat=0.5, deadline=60)
    with ScriptedMilvus() as seldom:
        try:
            connect_some(registry, server, 100)
            registry.connect("a", uri=seldom.address, token="a:x")
            before = beats(server)
            wait_until(lambda: sum((beats(server) - before).values()) >= 3)
            registry.connect("b", uri=seldom.address, token="a:x")
            registry.connect("c", uri=seldom.address, token="c:x")
            asked = Counter(call.method for call in seldom.calls)
            assert (asked["Connect"], asked["CheckHealth"]) == (2, 1)
        finally:
            registry.shutdown()


def test_of_a_thousand_an_answer_is_not_taken_to_be_so_for_minutes() -> None:
    """Their heartbeat is that long; who connects anew asks sooner."""
    found = rounds.Rounds(Pace(heartbeat=3.5), range(1000))
    assert (found.heartbeat, found.trust()) == (147, 4)
    few = rounds.Rounds(Pace(heartbeat=3.5), range(24))
    assert (few.heartbeat, few.trust()) == (3.5, 1)
