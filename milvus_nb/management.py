"""Milvus's management port (9091 by default): it tells over HTTP whether Milvus is well.

``/healthz`` is open to all; with ``Content-Type: application/json`` it
lists the components.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from dataclasses import dataclass
from typing import Any, Final

from .diagnosis import plain
from .dial import dial, look_up

__all__ = ["MANAGEMENT_PORT", "Management", "ask_management"]

MANAGEMENT_PORT: Final = 9091

_MOST_BYTES: Final = 65_536


@dataclass(frozen=True)
class Management:
    """What ``/healthz`` said.

    Attributes
    ----------
    address
        Where it was asked, ``host:port``.
    is_milvus
        Whether a Milvus answered.
    is_healthy
        Whether it says that it is well.
    text
        What it said, or why there was no answer.
    ms
        How long that took, in milliseconds.
    """

    address: str
    is_milvus: bool = False
    is_healthy: bool = False
    text: str = ""
    ms: float = 0.0


async def ask_management(host: str, port: int, deadline: float) -> Management:
    """Ask ``GET /healthz``; whatever goes wrong is told in the answer's text.

    Parameters
    ----------
    host, port
        Where.
    deadline
        How long it may take, in seconds.
    """
    address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    start = time.perf_counter()
    try:
        head, body = await asyncio.wait_for(_get(host, port, address), deadline)
    except asyncio.TimeoutError:
        return Management(address, text=f"no answer in {deadline:g} s")
    except OSError as error:
        known = error.errno is not None and error.errno > 0  # a look-up's numbers are its own
        why = os.strerror(error.errno) if known and error.errno else error.strerror or str(error)
        return Management(address, text=plain(why))
    except ValueError as error:
        return Management(address, text=plain(str(error)))
    ms = (time.perf_counter() - start) * 1000
    status = head.split("\r\n")[0].partition(" ")[2][:60]
    text, is_milvus = _read(body)
    return Management(
        address, is_milvus, is_milvus and status.startswith("200"), text or status, ms
    )


async def _get(host: str, port: int, address: str) -> tuple[str, str]:
    # Not by the name: asyncio would look it up in a thread that stays.
    connection = await dial(await look_up(host, port))
    reader, writer = await asyncio.open_connection(sock=connection)
    try:
        request = [
            "GET /healthz HTTP/1.1",
            f"Host: {address}",
            "Content-Type: application/json",
            "Connection: close",
        ]
        writer.write("\r\n".join([*request, "", ""]).encode())
        answer = b""
        while len(answer) < _MOST_BYTES and (more := await reader.read(4096)):
            answer += more
            if _is_whole(answer):
                break
    finally:
        writer.transport.abort()
    head, _, body = answer.decode("utf-8", "replace").partition("\r\n\r\n")
    if not head.startswith("HTTP/1"):
        raise ValueError("it does not speak HTTP")
    return head, body


def _is_whole(answer: bytes) -> bool:
    head, end, body = answer.partition(b"\r\n\r\n")
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:") and end:
            return len(body) >= int(line.partition(b":")[2])
    return False


def _read(body: str) -> tuple[str, bool]:
    """Give the body in words, and whether a Milvus wrote it."""
    try:
        found: Any = json.loads(body)
    except (ValueError, RecursionError):
        return plain(body)[:200], body.strip() == "OK"
    if not isinstance(found, dict) or not {"state", "detail", "msg"} & found.keys():
        return plain(body)[:200], False
    # {"state": "component … state is …", "detail": [{"name": "proxy", "code": 1}, …]}
    return plain(str(found.get("msg") or found.get("state") or body))[:200], True
