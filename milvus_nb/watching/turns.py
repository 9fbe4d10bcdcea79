"""Keeping the event loop waiting, for what is cheaper so: one at a time, and not for long."""

from __future__ import annotations

import asyncio
import time
from typing import Final

__all__ = ["Turns"]

# Of its time the event loop may be kept for so much, and for so long in a row, in seconds.
_SHARE: Final = 0.1
_MOST_S: Final = 0.35

# What takes less, in seconds, has kept nobody waiting.
_SHORT_S: Final = 0.0001


class Turns:
    """A context for one at a time: everything else has its turn on the loop in between.

    Entering it tells whether the loop may be kept waiting within.
    """

    def __init__(self) -> None:
        self._one = asyncio.Lock()
        self._kept = 0.0  # what has not been made up for yet, in seconds
        self._at = time.monotonic()

    async def __aenter__(self) -> bool:
        await self._one.acquire()
        before, self._at = self._at, time.monotonic()
        self._kept = max(self._kept - _SHARE * (self._at - before), 0.0)
        return self._kept < _MOST_S

    async def __aexit__(self, *_: object) -> None:
        kept = time.monotonic() - self._at
        self._kept += kept
        try:
            if kept > _SHORT_S:
                await asyncio.sleep(0)  # nobody of those who wait goes on before all others have
        finally:
            self._one.release()
