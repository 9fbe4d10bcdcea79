"""Milvus's management port (9091 by default): it tells over HTTP whether Milvus is well.

``/healthz`` is open to all; with ``Content-Type: application/json`` it
lists the components.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from ..params.host import host_port
from .outside import MOST_TOLD, said
from .webcall import fetch

if TYPE_CHECKING:
    from ..params.endpoint import Endpoint

__all__ = ["MANAGEMENT_PORT", "Management", "ask_management"]

MANAGEMENT_PORT: Final = 9091


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


async def ask_management(endpoint: Endpoint, port: int, deadline: float) -> Management:
    """Ask ``GET /healthz``; whatever goes wrong is told in the answer's text.

    Parameters
    ----------
    endpoint
        Whose server it is; no credentials are sent.
    port
        Where it is asked.
    deadline
        How long it may take, in seconds.
    """
    address = host_port(endpoint.host, port)
    headers = {"Content-Type": "application/json"}
    answer = await fetch(endpoint.host, port, "/healthz", deadline, headers=headers)
    if answer.problem:
        return Management(address, text=answer.problem)
    text, is_milvus = _read(answer.body.decode("utf-8", "replace"))
    is_healthy = is_milvus and answer.status == HTTPStatus.OK
    told = said(endpoint, text or f"{answer.status} {answer.reason}", MOST_TOLD)
    return Management(address, is_milvus, is_healthy, told, answer.ms)


def _read(body: str) -> tuple[str, bool]:
    """Give the body in words, and whether a Milvus wrote it."""
    try:
        found: Any = json.loads(body)
    except (ValueError, RecursionError):
        return body, False  # "OK" says many a server
    # {"state": "component … state is …", "detail": [{"name": "proxy", "code": 1}, …]}
    if not isinstance(found, dict) or not {"state", "detail"} <= found.keys():
        return body, False
    return str(found["state"] or body), True
