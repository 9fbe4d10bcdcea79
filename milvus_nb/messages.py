"""What the panel's page and the kernel say to each other; see ``lab/src/panel/messages.ts``.

Nothing of it is ever a synced trait, so nothing of it is saved with a notebook. A request has an
id; the answer, a result or an error, has the same. Events have none.
"""

from __future__ import annotations

import dataclasses
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from .errors import MilvusNbError
from .params import redact

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .connection import Connection, PingResult
    from .doctor import Report
    from .params import ConnectionParams
    from .paste import Pasted
    from .rest import Source
    from .stages import Stage

__all__ = [
    "PEM_FILES",
    "PROTOCOL",
    "MessageError",
    "Request",
    "answer",
    "code",
    "failure",
    "hello",
    "parse",
    "pasted",
    "ping",
    "report",
    "row",
    "rows_event",
    "sources",
    "stage_event",
    "stages",
    "tick_event",
]

PROTOCOL: Final = 3

#: The fields of a form that name files; the kernel reads them when it connects.
PEM_FILES: Final = ("ca_pem_path", "server_pem_path", "client_pem_path", "client_key_path")

_ALIAS: Final = {"alias": str}
_CONNECT: Final = {
    "address": str,
    "alias": str,
    "user": str,
    "password": str,
    "token": str,
    "secret_from": int,
    "db_name": str,
    "secure": bool,
    **dict.fromkeys(PEM_FILES, str),
    "server_name": str,
    "timeout": (int, float),
    "replace": bool,
}
# What each method takes.
_METHODS: Final[dict[str, dict[str, Any]]] = {
    "hello": {},
    "look": {},
    "connect": _CONNECT,
    "test": _CONNECT,
    "cancel": {"request": int},
    "forget": {"request": int},
    "paste": {"text": str},
    "disconnect": _ALIAS,
    "reconnect": _ALIAS,
    "retry": _ALIAS,
    "use": _ALIAS,
    "adopt": {"alias": str, "as": str},
    "ping": _ALIAS,
    "details": _ALIAS,
    "sources": _ALIAS,
    "code": {"alias": str, "language": str},
    "diagnose": _ALIAS,
}
# What must be there, wherever it is taken.
_REQUIRED: Final = ("alias", "request", "text", "as", "language")


class MessageError(MilvusNbError):
    """A message of the page cannot be understood."""


@dataclass(frozen=True)
class Request:
    """A question of the page."""

    id: int
    method: str
    params: dict[str, Any] = dataclasses.field(repr=False)  # may hold a secret


def parse(content: object) -> Request:
    """Check a message of the page.

    Raises
    ------
    MessageError
        It is of another version, or malformed. It names fields, never values.
    """
    if not isinstance(content, dict):
        raise _malformed("it is not an object")
    if content.get("v") != PROTOCOL:
        raise MessageError(
            "The panel's page and this kernel's milvus_nb do not fit together.",
            f"The page speaks version {content.get('v')!r}, the kernel version {PROTOCOL}.",
            "Install the same milvus_nb in both, restart the kernel, and run %milvus panel again.",
        )
    number, method, params = content.get("id"), content.get("method"), content.get("params")
    if not _is(number, int):
        raise _malformed("it has no id")
    if not isinstance(method, str) or method not in _METHODS:
        raise _malformed(f"there is no method {str(method)[:40]!r}")
    if not isinstance(params, dict):
        raise _malformed("its params are not an object")
    _check_params(method, params)
    return Request(int(str(number)), method, params)


def _check_params(method: str, params: dict[str, Any]) -> None:
    known = _METHODS[method]
    for name, value in params.items():
        if name not in known:
            raise _malformed(f"{method} has no parameter {str(name)[:40]!r}")
        if not _is(value, known[name]):
            raise _malformed(f"{method}'s parameter {name} is of the wrong type")
    for name in _REQUIRED:
        if name in known and name not in params:
            raise _malformed(f"{method} needs the parameter {name}")


def answer(request: int, result: dict[str, Any]) -> dict[str, Any]:
    """Answer a request."""
    return {"v": PROTOCOL, "id": request, "result": result}


def failure(request: int, error: BaseException) -> dict[str, Any]:
    """Answer a request with an error: what happened, why, what to do."""
    if isinstance(error, MilvusNbError):
        found = getattr(error, "diagnosis", None)
        told = {
            "what": error.what,
            "why": error.why,
            "fix": error.fix,
            "cause": error.cause,
            "evidence": found.evidence if found is not None else "",
        }
    else:
        told = {
            "what": "The kernel's side of the panel failed.",
            "why": redact(f"{type(error).__name__}: {error}"),
            "fix": "Please report it. %milvus status shows the connections.",
            "cause": "",
            "evidence": "",
        }
    return {"v": PROTOCOL, "id": request, "error": told}


def row(connection: Connection, endpoint: int, *, own: bool) -> dict[str, Any]:
    """Describe a connection. Times are Unix seconds of the kernel's clock.

    Parameters
    ----------
    connection
        What to describe.
    endpoint
        The number of its endpoint: what is measured is told once for all connections to it.
    own
        Whether it has an alias of ours; else somebody else opened it.
    """
    return {
        "endpoint": endpoint,
        "alias": connection.alias,
        "address": connection.address,
        "user": connection.user,
        "auth": connection.auth,
        "db_name": connection.db_name,
        "secure": connection.secure,
        "state": connection.state,
        "cause": connection.cause,
        "reason": connection.reason,
        "note": connection.note,
        "fix": connection.fix,
        "server_version": connection.server_version,
        "latency_ms": connection.latency_ms,
        "since": connection.since,
        "checked_at": connection.checked_at,
        "connected_at": connection.connected_at,
        "origin": connection.origin,
        "users": list(connection.users),
        "own": own,
    }


def sources(found: Iterable[Source]) -> dict[str, Any]:
    """Tell what a server says over HTTP, each with a link where there is a page for a browser."""
    return {
        "rows": [
            [source.label, source.text, *([source.url] if _is_web(source.url) else [])]
            for source in found
        ]
    }


def pasted(found: Pasted, params: ConnectionParams) -> dict[str, Any]:
    """Tell the form what was pasted, without the secret.

    Parameters
    ----------
    found
        What was read. Its files are told as they were written; they are looked at on connecting.
    params
        What becomes of it, without the files.
    """
    given = found.given
    return {
        "kind": found.kind,
        "address": params.address,
        "alias": found.alias,
        "user": params.user,
        "sign_in": params.auth,
        "has_secret": params.auth != "none",
        "db_name": params.db_name,
        # https:// in the address says it already.
        "secure": params.secure and not params.address.startswith("https://"),
        **{name: str(given.get(name) or "") for name in PEM_FILES},
        "server_name": params.endpoint.tls.server_name,
        "timeout": None if given.get("timeout") is None else params.timeout,
        "notes": list(found.notes),
    }


def code(text: str, language: str, languages: Iterable[str]) -> dict[str, Any]:
    """Give a connection as code, and say in which languages it can be had."""
    return {"text": text, "language": language, "languages": list(languages)}


def ping(result: PingResult) -> dict[str, Any]:
    """Describe round trips, in milliseconds."""
    return {
        "count": result.count,
        "min_ms": result.min_ms,
        "median_ms": result.median_ms,
        "max_ms": result.max_ms,
    }


def stages(found: Iterable[Stage]) -> list[dict[str, Any]]:
    """Describe the stages of connecting."""
    return [dataclasses.asdict(stage) for stage in found]


def report(found: Report) -> dict[str, Any]:
    """Describe an examination."""
    why = found.diagnosis
    failed = None
    if why is not None:
        failed = {
            "what": "",
            "why": why.why,
            "fix": why.fix,
            "cause": why.cause,
            "evidence": why.evidence,
        }
    return {
        "stages": stages(found.stages),
        "facts": [list(pair) for pair in found.facts],
        "notes": list(found.notes),
        "failure": failed,
    }


def hello(
    rows: list[dict[str, Any]], current: str, heartbeat: float, versions: dict[str, str]
) -> dict[str, Any]:
    """Give a page all that it needs to begin with."""
    return {
        "connections": rows,
        "current": current or None,
        "now": time.time(),
        "heartbeat_s": heartbeat,
        "versions": versions,
    }


def rows_event(changed: list[dict[str, Any]], removed: list[str], current: str) -> dict[str, Any]:
    """Tell which connections are new or changed, and which are gone."""
    return {
        "v": PROTOCOL,
        "event": "rows",
        "changed": changed,
        "removed": removed,
        "current": current or None,
        "now": time.time(),
    }


def stage_event(request: int, found: Iterable[Stage]) -> dict[str, Any]:
    """Tell how far a connect or test has come."""
    return {"v": PROTOCOL, "event": "stage", "request": request, "stages": stages(found)}


def tick_event(measured: list[list[Any]], heartbeat: float) -> dict[str, Any]:
    """Tell that the kernel lives, and what was last measured: endpoint, latency, checked_at."""
    return {
        "v": PROTOCOL,
        "event": "tick",
        "now": time.time(),
        "heartbeat_s": heartbeat,
        "measured": measured,
    }


def _is(value: object, types: Any) -> bool:
    # A bool is an int to Python, but not to TypeScript.
    return isinstance(value, types) and (types is bool or not isinstance(value, bool))


def _is_web(url: str) -> bool:
    try:
        return urlsplit(url).scheme in ("http", "https")
    except ValueError:
        return False


def _malformed(how: str) -> MessageError:
    return MessageError(
        "A message of the panel was not understood.", f"The message: {how}.", "Reload the page."
    )
