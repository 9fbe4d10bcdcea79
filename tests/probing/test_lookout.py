"""Channels are looked at: how often, and what is told of those that are lost."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

from milvus_nb.probing import lookout
from milvus_nb.probing.waiting import within

if TYPE_CHECKING:
    import pytest

NEVER_S = 1e6
WAIT_S = 60


def test_of_many_channels_the_new_ones_are_looked_at_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """The others no more often than so many may be, whatever comes; a loss is told of each."""
    looks: Counter[object] = Counter()
    lost: set[object] = set()
    often = asyncio.Event()

    def is_connected(channel: object) -> bool:
        looks[channel] += 1
        if min(looks["new"], looks["newer"]) >= 20:
            often.set()
        return channel not in lost

    monkeypatch.setattr(lookout, "is_connected", is_connected)
    every_s = 300 * lookout._EACH_S

    async def run() -> None:
        look: Any = lookout.Lookout()
        monkeypatch.setattr(lookout, "_NEW_S", 0.0)
        began = time.monotonic()
        old = {name: look.lost(name) for name in range(300)}
        monkeypatch.setattr(lookout, "_NEW_S", NEVER_S)
        _, newer = look.lost("new"), look.lost("newer")
        await within(WAIT_S, often.wait())
        assert looks[0] <= (time.monotonic() - began) / every_s + 2
        lost.update({0, "newer"})
        await within(WAIT_S, newer)
        await within(WAIT_S, old[0])
        assert not old[1].done()
        for name in (*range(1, 300), "new"):
            look.forget(name)
        assert old[1].cancelled()

    asyncio.run(run())
