"""The event loop is kept waiting by one at a time, and not for long."""

from __future__ import annotations

import asyncio
import itertools
from types import SimpleNamespace
from typing import TYPE_CHECKING

from milvus_nb.watching import turns
from milvus_nb.watching.turns import Turns

if TYPE_CHECKING:
    import pytest


def test_others_have_their_turn_in_between(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many come at the same moment; and after a while nobody may keep it any more."""
    now = 0.0
    monkeypatch.setattr(turns, "time", SimpleNamespace(monotonic=lambda: now))
    seen: list[str] = []

    async def keep(one: Turns) -> bool:
        nonlocal now
        async with one as may:
            if may:
                now += 0.1
            seen.append("kept" if may else "not kept")
        return may

    async def tick() -> None:
        while True:
            seen.append("other")
            await asyncio.sleep(0)

    async def run() -> None:
        nonlocal now
        one = Turns()
        ticking = asyncio.create_task(tick())
        assert await asyncio.gather(*(keep(one) for _ in range(10))) == [True] * 4 + [False] * 6
        assert not any(a == b == "kept" for a, b in itertools.pairwise(seen))
        now += 3.0  # of which a tenth makes up for what was kept
        assert await asyncio.gather(*(keep(one) for _ in range(5))) == [True] * 4 + [False]
        ticking.cancel()

    asyncio.run(run())
