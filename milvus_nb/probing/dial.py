"""Names → addresses → a TCP connection to the first that accepts."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from ..params.host import host_port
from . import oserror
from .blocking import run_blocking
from .waiting import end

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["UNIX", "Attempt", "SocketAddress", "dial", "look_up", "shown"]

#: The family of Unix sockets; None where Python has none of them, as on Windows.
UNIX: Final[int | None] = getattr(socket, "AF_UNIX", None)

SocketAddress = tuple[int, Any]  # family, and what connect() of that family takes

# RFC 8305: so long an address has before the next is tried beside it, in seconds.
_HEAD_START_S: Final = 0.25


@dataclass(frozen=True)
class Attempt:
    """One address of a name, and what came of connecting to it.

    Attributes
    ----------
    address
        For people: ``"127.0.0.1:19530"``.
    error
        Why it failed, in the system's words; empty where it accepted.
    ms
        How long that took, in milliseconds; None where it was not tried to the end.
    """

    address: str
    error: str = ""
    ms: float | None = None


def shown(address: SocketAddress) -> str:
    """Write an address for people."""
    family, where = address
    if family == UNIX:
        return str(where)
    host, port = where[:2]
    if family == socket.AF_INET6 and where[3] and "%" not in host:
        host = f"{host}%{where[3]}"  # a link-local address means something only with its zone
    return host_port(host, port)


async def look_up(host: str, port: int) -> list[SocketAddress]:
    """Resolve a name; OSError where that fails."""

    def ask(flags: int = 0) -> list[SocketAddress]:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags)
        return [(family, address) for family, _, _, _, address in found]

    if host == "localhost":  # never asked of a name server (RFC 6761)
        return ask()
    try:
        return ask(socket.AI_NUMERICHOST)
    except socket.gaierror:
        return await run_blocking(ask)


async def dial(
    addresses: Sequence[SocketAddress], attempts: list[Attempt] | None = None
) -> socket.socket:
    """Connect to the first address that accepts; each gets a head start over the next.

    Parameters
    ----------
    addresses
        In the order of preference.
    attempts
        Where to record what came of each. Given, all of them are tried to the end.

    Returns
    -------
    socket.socket
        Connected, not blocking.

    Raises
    ------
    OSError
        None accepted; this is the first one's error.
    """
    every = attempts is not None
    record: list[Attempt] = attempts if attempts is not None else []
    tasks: list[asyncio.Task[socket.socket]] = []
    waiting: set[asyncio.Task[socket.socket]] = set()
    winner: socket.socket | None = None
    try:
        for address in addresses:
            tasks.append(asyncio.create_task(_connect(address, record)))
            waiting.add(tasks[-1])
            if every:
                continue
            done, waiting = await asyncio.wait(
                waiting, timeout=_HEAD_START_S, return_when=asyncio.FIRST_COMPLETED
            )
            if any(_ok(task) for task in done):
                break
        while waiting and (every or not _accepted(tasks)):
            _, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        winner = next((task.result() for task in tasks if _ok(task)), None)
    finally:
        try:
            await _drop(tasks, winner)
        except BaseException:
            if winner is not None:
                winner.close()
            raise
    if winner is not None:
        return winner
    for task in tasks:
        if (error := task.exception()) is not None:
            raise error
    raise OSError("the name has no address")


async def _connect(address: SocketAddress, record: list[Attempt]) -> socket.socket:
    family, where = address
    start = time.perf_counter()
    error = ""
    connection = socket.socket(family, socket.SOCK_STREAM)
    connection.setblocking(False)
    try:
        await asyncio.get_running_loop().sock_connect(connection, where)
    except BaseException as failure:
        connection.close()
        error = "not answered"
        if isinstance(failure, OSError):
            error = oserror.reason(failure)
        raise
    finally:
        ms = (time.perf_counter() - start) * 1000
        record.append(Attempt(shown(address), error, ms))
    return connection


def _ok(task: asyncio.Task[socket.socket]) -> bool:
    return task.done() and not task.cancelled() and task.exception() is None


def _accepted(tasks: list[asyncio.Task[socket.socket]]) -> bool:
    return any(_ok(task) for task in tasks)


async def _drop(tasks: list[asyncio.Task[socket.socket]], kept: socket.socket | None) -> None:
    """End the attempts that are still under way, and close those that came second."""
    try:
        await end(*tasks)
    finally:
        for task in tasks:
            if _ok(task) and (connection := task.result()) is not kept:
                with contextlib.suppress(OSError):
                    connection.close()
