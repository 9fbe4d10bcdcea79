"""One task that several await: it ends with the last of them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from .waiting import end, result_of

if TYPE_CHECKING:
    from collections.abc import Coroutine

__all__ = ["Shared"]

T = TypeVar("T")


class Shared(Generic[T]):
    """A coroutine that runs as a task, and whoever waits for it.

    Parameters
    ----------
    work
        Started at once.
    """

    def __init__(self, work: Coroutine[Any, Any, T]) -> None:
        self.task = asyncio.create_task(work)
        self._waiting = 0
        self._is_ending = False

    @property
    def is_open(self) -> bool:
        """Whether one more can wait for it; else a new one has to be started."""
        return not self._is_ending and not self.task.done()

    async def wait(self, deadline: float | None = None) -> T:
        """Wait for the result; asyncio.TimeoutError after `deadline` seconds.

        Raises `EndedError` where somebody else has ended it.
        """
        self._waiting += 1
        try:
            return await result_of(self.task, deadline)
        finally:
            self._waiting -= 1
            if self._waiting == 0 and not self.task.done():
                await self.cancel()

    async def cancel(self) -> None:
        """End it, and wait until it has cleaned up."""
        self._is_ending = True
        await end(self.task)
