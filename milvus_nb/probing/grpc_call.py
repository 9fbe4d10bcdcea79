"""One call of gRPC's, awaited on an event loop; a fork of the process may interrupt it."""

from __future__ import annotations

import asyncio
import contextlib
import functools
from typing import Any

import grpc

from .forks import GATE

__all__ = ["NoThreadError", "answer"]


class NoThreadError(Exception):
    """gRPC could start no thread for a call: its channel answers no call any more."""


async def answer(
    make: Any, request: Any, headers: tuple[tuple[str, str], ...], limit: float | None
) -> tuple[grpc.StatusCode, str, bool, Any]:
    """Make a call; give its status, the words and whether metadata came with it, and the reply.

    Raises
    ------
    NoThreadError
        This process may start no more threads.
    """
    loop = asyncio.get_running_loop()
    start = loop.time()
    while True:
        ended = loop.create_future()
        left = None if limit is None else max(limit - (loop.time() - start), 0.001)
        try:
            call = GATE.begin(functools.partial(make.future, request, left, headers))
        except ValueError:  # the channel was closed
            return grpc.StatusCode.CANCELLED, "", False, None
        except RuntimeError as error:
            raise NoThreadError(str(error)) from None
        try:
            call.add_done_callback(functools.partial(_settle, loop, ended))
            await ended
            if GATE.was_interrupted(call):
                continue
            # Its error is the call itself, and would keep it.
            code, has_metadata = call.code(), bool(call.trailing_metadata())
            reply = call.result() if code is grpc.StatusCode.OK else None
            return code, call.details(), has_metadata, reply
        finally:
            call.cancel()
            del call


def _settle(
    loop: asyncio.AbstractEventLoop, ended: asyncio.Future[None], _: grpc.Future[Any]
) -> None:
    """Wake up who waits for a call, from gRPC's thread."""

    def settle() -> None:
        if not ended.done():
            ended.set_result(None)

    with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
        loop.call_soon_threadsafe(settle)
