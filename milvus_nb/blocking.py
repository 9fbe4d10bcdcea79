"""Awaiting what cannot be cancelled: other people's blocking calls, and clean-ups."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

__all__ = ["run_blocking", "to_the_end"]

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

    def settle(result: T) -> None:
        if not future.cancelled():
            future.set_result(result)
        elif undo is not None:
            _spawn(lambda: undo(result))

    def fail(error: BaseException) -> None:
        if not future.cancelled():
            future.set_exception(error)

    def run() -> None:
        try:
            result = work()
        except BaseException as error:  # noqa: BLE001  # raised again where it is awaited
            _tell(loop, fail, error)
        else:
            if not _tell(loop, settle, result) and undo is not None:
                undo(result)

    _spawn(run)
    return await future


def _spawn(target: Callable[[], object]) -> None:
    threading.Thread(target=target, name="milvus-nb-blocking", daemon=True).start()


def _tell(loop: asyncio.AbstractEventLoop, callback: Callable[[Any], None], value: Any) -> bool:
    try:
        loop.call_soon_threadsafe(callback, value)
    except RuntimeError:  # the loop has ended meanwhile
        return False
    return True


async def to_the_end(work: Coroutine[Any, Any, T]) -> T:
    """Await a clean-up that a cancellation must not cut short; it is raised afterwards."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise
