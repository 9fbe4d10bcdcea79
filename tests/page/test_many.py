"""Of many connections a page is told what it shows: how many there are, and those in sight."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any

import pytest

from milvus_nb import ConnectionRegistry
from milvus_nb._version import PROTOCOL
from milvus_nb.page.many import MOST_CHANGED, MOST_TOLD
from milvus_nb.page.session import PageSession
from milvus_nb.watching import rounds
from tests.support.helpers import wait_until
from tests.support.servers import ScriptedMilvus

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

COUNT = 450
# What a page may be sent before its list is painted.
MOST_BYTES = 300_000
STATES = ["Opening", "Well", "Degraded", "Unreachable", "Rejected", "Disconnected"]


class Page:
    """What a page asks, and what it is told."""

    def __init__(self, registry: ConnectionRegistry) -> None:
        self.said: list[Mapping[str, Any]] = []
        self._lock = threading.Lock()
        self._next = 0
        self.session = PageSession(registry, self._hear)

    def _hear(self, message: Mapping[str, Any]) -> None:
        with self._lock:
            self.said.append(json.loads(json.dumps(message)))

    def ask(self, method: str, **params: Any) -> Any:
        """Ask, and wait for the result."""
        self._next += 1
        number = self._next
        request = {"v": PROTOCOL, "id": number, "method": method, "params": params}
        self.session.handle({**request, "page": "p", "stays_s": 600.0})
        found: list[Any] = []

        def is_answered() -> bool:
            found[:] = [said for said in list(self.said) if said.get("id") == number]
            return bool(found)

        wait_until(is_answered)
        assert "result" in found[0], found
        return found[0]["result"]

    def window(self, **wanted: Any) -> Any:
        """Ask for some of the connections."""
        plain = {"own": True, "filter": "", "states": STATES, "offset": 0, "count": 50, "also": []}
        return self.ask("list", **{**plain, **wanted})

    def events(self) -> list[Mapping[str, Any]]:
        """Give what was told of changes."""
        return [said for said in list(self.said) if said.get("event") == "rows"]


@pytest.fixture
def registry() -> Iterator[ConnectionRegistry]:
    """Give a registry that asks seldom."""
    registry = ConnectionRegistry(heartbeat=60)
    yield registry
    registry.shutdown()


@pytest.fixture
def page(registry: ConnectionRegistry) -> Iterator[Page]:
    """Give a page that attends."""
    page = Page(registry)
    yield page
    page.session.close()


def aliases(rows: list[dict[str, Any]]) -> list[str]:
    """Name them."""
    return [row["alias"] for row in rows]


def test_of_many_connections_a_page_is_told_those_that_it_shows(
    registry: ConnectionRegistry, page: Page
) -> None:
    """Of a few it is told each, as before; of many how many, and by windows, filtered or not."""
    with ScriptedMilvus() as server:
        for number in range(MOST_TOLD):
            registry.connect(f"c{number:03}", uri=server.address)
        hello = page.ask("hello")
        assert "many" not in hello
        assert len(hello["connections"]) == MOST_TOLD
        for number in range(MOST_TOLD, COUNT):
            registry.connect(f"c{number:03}", uri=server.address)
        hello = page.ask("hello")
        assert aliases(hello["connections"]) == [hello["current"]] == ["c449"]
        assert hello["many"] == {"own": COUNT, "others": 0, "troubled": 0, "profiles": []}
        registry.connect(uri=server.address)
        registry.use("c449")
        assert aliases(page.ask("hello")["connections"]) == ["c449", "default"], "forms know it"
        registry.disconnect("default")
        first = page.window(also=["c300", "nobody"])
        assert aliases(first["rows"]) == [f"c{number:03}" for number in range(50)]
        assert (first["offset"], first["total"], aliases(first["also"])) == (0, COUNT, ["c300"])
        assert len(json.dumps([hello, first])) < MOST_BYTES
        assert aliases(page.window(offset=440)["rows"])[-1] == "c449"
        assert len(page.window(count=10_000)["rows"]) == MOST_TOLD
        found = page.window(around="c222", count=11)
        assert (found["offset"], found["rows"][5]["alias"]) == (217, "c222")
        found = page.window(filter="WELL c44", count=5)
        assert (aliases(found["rows"]), found["total"]) == ([f"c44{n}" for n in range(5)], 10)
        assert page.window(filter="c44 nothing")["total"] == 0
        assert page.window(own=False)["total"] == 0
        assert page.window(confirm=True)["total"] == page.window(profile="p")["total"] == 0


def test_thousands_of_changes_at_once_are_one_message_without_them(
    registry: ConnectionRegistry, page: Page
) -> None:
    """No message has more rows than a page is told at once; it hears that it has to ask."""
    with ScriptedMilvus() as server:
        for number in range(COUNT):
            registry.connect(f"c{number:03}", uri=server.address)
        page.ask("hello")
        before = len(page.events())
    # The server is gone, and with it all of them.
    wait_until(lambda: page.ask("hello")["many"]["troubled"] == COUNT)
    hello = page.ask("hello")
    assert {row["state"] for row in hello["connections"]} == {"unreachable"}
    assert len(hello["connections"]) <= MOST_CHANGED + 1
    wait_until(lambda: any("missed" in event for event in page.events()[before:]))
    before = len(page.events())
    page.ask("disconnect_all")
    wait_until(lambda: "many" not in page.events()[-1])
    assert any("missed" in event for event in page.events()[before:])
    assert page.ask("hello")["connections"] == []
    assert max(len(event["changed"]) for event in page.events()) <= MOST_CHANGED
    assert max(len(event["removed"]) for event in page.events()) <= MOST_CHANGED
    assert max(len(json.dumps(said)) for said in page.said) < MOST_BYTES


def test_a_page_is_told_how_often_each_server_is_asked(
    registry: ConnectionRegistry, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where many are watched, more seldom than it was set; the kernel tells as often as before."""
    monkeypatch.setattr(rounds, "_MOST", 2)

    def told(found: Mapping[str, Any]) -> tuple[float, float | None]:
        return found["heartbeat_s"], found.get("tick_s")

    with ScriptedMilvus() as server:
        for number in range(5):
            registry.connect(f"c{number}", uri=server.address, token=f"u{number}:x")
        assert told(page.ask("hello")) == (180, 60)
        registry.set_pace(30, 60)
        wait_until(lambda: any(each.get("event") == "tick" for each in list(page.said)))
        tick = next(each for each in list(page.said) if each.get("event") == "tick")
        assert told(tick) == (90, 30)
        registry.disconnect_each([f"c{number}" for number in range(3)])
        assert told(page.ask("hello")) == (30, None)
