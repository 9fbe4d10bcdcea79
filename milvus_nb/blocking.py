"""Awaiting the blocking calls of other people's libraries."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["run_blocking"]

T = TypeVar("T")


async def run_blocking(work: Callable[[], T], undo: Callable[[T], object] | None = None) -> T:
    """Await a blocking call of somebody else's library, in a thread that ends with it.

    Parameters
    ----------
    work
        The call.
    undo
        Given the result, takes it back; called when the awaiting coroutine was cancelled.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def spawn(target: Callable[[], object]) -> None:
        threading.Thread(target=target, name="milvus-nb-blocking", daemon=True).start()

    def settle(result: T) -> None:
        if not future.cancelled():
            future.set_result(result)
        elif undo is not None:
            spawn(lambda: undo(result))

    def fail(error: BaseException) -> None:
        if not future.cancelled():
            future.set_exception(error)

    def run() -> None:
        try:
            result = work()
        except BaseException as error:  # noqa: BLE001  # raised again where it is awaited
            loop.call_soon_threadsafe(fail, error)
        else:
            loop.call_soon_threadsafe(settle, result)

    spawn(run)
    return await future
