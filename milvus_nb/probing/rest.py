"""What a connection's server says over HTTP: its REST interface, its health, its web pages.

These are sources beside gRPC, each with its own word. REST is asked on the port for work, with the
connection's credentials and TLS, and through its proxy; the rest on the management port, which gets
no credentials.
"""

from __future__ import annotations

import asyncio
import functools
import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from .cloud import is_cloud
from .diagnosis import ProbeError
from .dial import dial, look_up
from .environment import decided_by_a_project
from .management import MANAGEMENT_PORT, Management, ask_management
from .outside import MOST_TOLD, said
from .proxies import proxy, tunnel
from .webcall import Answer, fetch

if TYPE_CHECKING:
    import socket

    from ..params.endpoint import ConnectionParams, Endpoint
    from .proxies import Proxy

__all__ = ["Source", "sources"]

_TODAY: Final = "/v2/vectordb/collections/list"
_OLDER: Final = "/v1/vector/collections"  # until Milvus 2.3
_PAGES: Final = "/webui/"  # since Milvus 2.5

_OK, _NOT_FOUND = 200, 404
_SUCCESS: Final = (0, 200)  # today's code, and the older interface's


_ANSWER_S: Final = 1.0


@dataclass(frozen=True)
class Source:
    """Somebody who was asked, and what they said.

    Attributes
    ----------
    label
        ``"REST"``, ``"Health"`` or ``"WebUI"``.
    text
        What was asked and what came back, or why nothing did.
    url
        A page for a browser; empty where there is none. It holds no credentials.
    """

    label: str
    text: str
    url: str = ""


async def sources(
    params: ConnectionParams, deadline: float = _ANSWER_S, *, management_port: int = MANAGEMENT_PORT
) -> list[Source]:
    """Ask a server whatever it says over HTTP, all at the same time.

    Parameters
    ----------
    params
        Whose server, and as whom.
    deadline
        Seconds that each answer may take.
    management_port
        Where health and pages are.

    Returns
    -------
    list of Source
        Empty for Milvus Lite and Unix sockets, which have nothing of the kind. A failure is told
        in the text.
    """
    endpoint = params.endpoint
    if endpoint.kind != "tcp":
        return []
    rest, health, pages = await asyncio.gather(
        _rest(params, deadline),
        ask_management(endpoint, management_port, deadline),
        fetch(endpoint.host, management_port, _PAGES, deadline),
    )
    found = [rest, _health(health)]
    # Somebody else's server on that port may have a page for every path.
    if health.is_milvus and pages.status == _OK and pages.kind == "text/html":
        found.append(
            Source("WebUI", f"{health.address}{_PAGES}{_took(pages.ms)}", _url(health, _PAGES))
        )
    return found


async def _rest(params: ConnectionParams, deadline: float) -> Source:
    endpoint, database = params.endpoint, params.db_name
    ends = time.monotonic() + deadline
    content = json.dumps({"dbName": database} if database else {}).encode()
    asked, answer = f"POST {_TODAY}", await _ask(endpoint, _TODAY, deadline, content)
    if answer.status == _NOT_FOUND:
        query = f"?dbName={quote(database, safe='')}" if database else ""
        left = max(ends - time.monotonic(), 0.001)
        asked, answer = f"GET {_OLDER}", await _ask(endpoint, _OLDER + query, left)
    told = said(endpoint, answer.problem or _read(answer), MOST_TOLD)
    took = "" if answer.problem else _took(answer.ms)
    return Source("REST", f"{asked}: {told}{took}")


async def _ask(
    endpoint: Endpoint, path: str, deadline: float, content: bytes | None = None
) -> Answer:
    if found := decided_by_a_project(endpoint):
        return Answer(problem=found.reason)
    headers = {"Accept": "application/json"}
    if content is not None:
        headers["Content-Type"] = "application/json"
    if endpoint.credentials and (endpoint.secure or not is_cloud(endpoint.host)):
        headers["Authorization"] = f"Bearer {endpoint.credentials.reveal()}"
    way = proxy(endpoint)
    return await fetch(
        endpoint.host,
        endpoint.port,
        path,
        deadline,
        tls=endpoint.tls if endpoint.secure else None,
        headers=headers,
        content=content,
        # Past the proxy there may be no way, or one that others listen to.
        connect=functools.partial(_through, endpoint, way) if way is not None else None,
    )


async def _through(endpoint: Endpoint, way: Proxy) -> socket.socket:
    """Connect the way that the connection goes, through a proxy."""
    connection = await dial(await look_up(way.host, way.port))
    try:
        await tunnel(endpoint, way, connection)
    except ProbeError as error:
        refused = error.diagnosis.answered
        connection.close()
    except BaseException:
        connection.close()
        raise
    else:
        return connection
    raise ValueError(f"the proxy {way.address} ({way.variable}) gives no way: {refused}")


def _read(answer: Answer) -> str:
    """Give an answer of the REST interface in words."""
    status = f"{answer.status} {answer.reason}".strip()
    try:
        found: Any = json.loads(answer.body)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or not isinstance(found.get("code"), int):
        reason = "no REST interface here" if answer.status == _NOT_FOUND else "not Milvus's words"
        return f"{status}, {reason}"
    code, data = found["code"], found.get("data")
    if code not in _SUCCESS:
        return f"refused, code {code}: {found.get('message') or 'without a reason'}"
    if not isinstance(data, list):
        return f"{status}, but no list of collections"
    return f"{len(data)} collection{'' if len(data) == 1 else 's'}"


def _health(health: Management) -> Source:
    text = f"{health.address}/healthz: {health.text}"
    if not health.ms:
        return Source("Health", text)
    url = _url(health, "/healthz") if health.is_milvus else ""
    return Source("Health", f"{text}{_took(health.ms)}", url)


def _url(health: Management, path: str) -> str:
    return f"http://{quote(health.address, safe='[]:')}{path}"


def _took(ms: float) -> str:
    return f" ({ms:.1f} ms)"
