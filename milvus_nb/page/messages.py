"""What the kernel says to a page, and how it reads what a page says; `protocol` has the types.

Nothing of it is ever a synced trait, so nothing of it is saved with a notebook. A request has an
id; the answer, a result or an error, has the same. Events have none.
"""

from __future__ import annotations

import dataclasses
import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import urlsplit

from .._version import PROTOCOL
from ..errors import MilvusNbError
from ..params.secret import redact
from ..params.tls import PEM_FILES
from ..probing.outside import plain
from ..profiles import importing
from ..profiles.described import profiles
from ..protocol import METHODS, fits, mismatch
from ..views import described
from ..views.code import words_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ..code import paste
    from ..params.endpoint import ConnectionParams
    from ..probing import stages as stage
    from ..probing.rest import Source
    from ..profiles.listing import ProfileListing
    from ..protocol import (
        CellEvent,
        Code,
        Facts,
        Hello,
        Importables,
        Listed,
        Many,
        Measurement,
        Pasted,
        Ping,
        ProfilesEvent,
        Row,
        RowsEvent,
        StageEvent,
        TakenEvent,
        TickEvent,
    )
    from ..registry.ping import PingResult

__all__ = [
    "MessageError",
    "Request",
    "VersionError",
    "answer",
    "cell_event",
    "code",
    "failure",
    "hello",
    "importables",
    "listed",
    "parse",
    "pasted",
    "ping",
    "profiles_event",
    "rows_event",
    "sources",
    "stage_event",
    "taken_event",
    "tick_event",
]

#: Who asks is told what comes of it, for so many seconds; unless it says otherwise.
ASKED_S: Final = 15.0

#: A page says again that it attends long before so many seconds have passed.
_MOST_STAYS_S: Final = 600.0

_LONGEST_PAGE: Final = 64


class MessageError(MilvusNbError):
    """A message of the page cannot be understood."""


class VersionError(MessageError):
    """The page speaks another version of the protocol."""


@dataclass(frozen=True)
class Request:
    """A question of the page."""

    id: int
    method: str
    params: dict[str, Any] = dataclasses.field(repr=False)  # may hold a secret
    #: Which page asks, and for how many seconds from now it wants to be told what changes.
    page: str = ""
    stays_s: float = ASKED_S
    #: When nobody waits for it any more, by the kernel's clock, in seconds.
    until: float = math.inf

    @property
    def is_late(self) -> bool:
        """Whether it has been on its way for too long."""
        return time.time() > self.until


def parse(content: object) -> Request:
    """Check a message of the page.

    Raises
    ------
    VersionError
        It is of another version.
    MessageError
        It is malformed. It names fields, never values.
    """
    if not isinstance(content, dict):
        raise _malformed("it is not an object")
    if content.get("v") != PROTOCOL:
        raise VersionError(
            "The panel's page and this kernel's milvus_nb do not fit together.",
            f"The page speaks version {plain(repr(content.get('v')), 20)}, "
            f"the kernel version {PROTOCOL}.",
            "Install the same milvus_nb in both, restart the kernel, and run %milvus panel again.",
        )
    number, method, params = content.get("id"), content.get("method"), content.get("params")
    if not fits(number, int):
        raise _malformed("it has no id")
    if not isinstance(method, str) or method not in METHODS:
        raise _malformed(f"there is no method {str(method)[:40]!r}")
    if not isinstance(params, dict):
        raise _malformed("its params are not an object")
    taken, _ = METHODS[method]
    if wrong := mismatch(taken, params):
        raise _malformed(f"{method}: {wrong}")
    page, stays_s = content.get("page", ""), content.get("stays_s", ASKED_S)
    if not isinstance(page, str) or len(page) > _LONGEST_PAGE:
        raise _malformed("its page is no short text")
    if not fits(stays_s, float) or not 0 <= stays_s <= _MOST_STAYS_S:
        raise _malformed(f"its stays_s is not between 0 and {_MOST_STAYS_S:g}")
    until = content.get("until", math.inf)
    if not fits(until, float):
        raise _malformed("its until is no time")
    return Request(int(str(number)), method, params, page, float(stays_s), float(until))


def answer(request: int, result: Mapping[str, Any]) -> dict[str, Any]:
    """Answer a request."""
    return {"v": PROTOCOL, "id": request, "result": result}


def failure(request: int, error: BaseException) -> dict[str, Any]:
    """Answer a request with an error: what happened, why, what to do."""
    if not isinstance(error, MilvusNbError):
        error = MilvusNbError(
            "The kernel's side of the panel failed.",
            plain(redact(f"{type(error).__name__}: {error}")),
            "Please report it. %milvus status shows the connections.",
        )
    return {"v": PROTOCOL, "id": request, "error": described.failure(error)}


def sources(found: Iterable[Source]) -> Facts:
    """Tell what a server says over HTTP, each with a link where there is a page for a browser."""
    return {
        "rows": [
            (source.label, source.text, source.url)
            if _is_web(source.url)
            else (source.label, source.text)
            for source in found
        ]
    }


def pasted(found: paste.Pasted, params: ConnectionParams) -> Pasted:
    """Tell the form what was pasted, without the secret.

    Parameters
    ----------
    found
        What was read. Its files are told as they were written; they are looked at on connecting.
    params
        What becomes of it, without the files.
    """
    given = found.given
    fields = {
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
    return cast("Pasted", fields)


def code(text: str, language: str, languages: Iterable[str]) -> Code:
    """Give a connection as code, and say in which languages it can be had."""
    words = words_of(text, language)
    return {"words": words, "language": language, "languages": list(languages)}


def ping(result: PingResult) -> Ping:
    """Describe round trips, in milliseconds."""
    return {
        "count": result.count,
        "min_ms": result.min_ms,
        "median_ms": result.median_ms,
        "max_ms": result.max_ms,
    }


def hello(
    rows: list[Row],
    current: str,
    many: Many | None,
    *,
    heartbeat: float,
    tick: float,
    versions: dict[str, str],
    listing: ProfileListing,
) -> Hello:
    """Give a page all that it needs to begin with."""
    told: Hello = {
        "connections": rows,
        "current": current or None,
        "now": time.time(),
        "heartbeat_s": heartbeat,
        "versions": versions,
        "profiles": profiles(listing),
    }
    if tick != heartbeat:
        told["tick_s"] = tick
    return told if many is None else {**told, "many": many}


def listed(rows: list[Row], offset: int, total: int, also: list[Row]) -> Listed:
    """Give some of the connections."""
    return {"rows": rows, "offset": offset, "total": total, "also": also}


def importables(candidates: Iterable[importing.Candidate]) -> Importables:
    """Give what the Milvus CLI has saved, for a user to choose from."""
    return {
        "path": importing.CLI_FILE,
        "found": [
            {
                "id": one.id,
                "name": one.name,
                "place": one.place,
                "user": one.user,
                "has_secret": one.has_secret,
                "problem": one.problem,
            }
            for one in candidates
        ],
    }


def profiles_event(listing: ProfileListing) -> ProfilesEvent:
    """Tell that the profiles have changed."""
    return {"v": PROTOCOL, "event": "profiles", "profiles": profiles(listing)}


def rows_event(
    changed: list[Row], removed: list[str], current: str, many: Many | None, *, missed: bool
) -> RowsEvent:
    """Tell which connections are new or changed, and which are gone; or that it is to be asked."""
    told: RowsEvent = {
        "v": PROTOCOL,
        "event": "rows",
        "changed": changed,
        "removed": removed,
        "current": current or None,
        "now": time.time(),
    }
    if many is not None:
        told["many"] = many
    if missed:
        told["missed"] = True
    return told


def stage_event(request: int, found: Iterable[stage.Stage]) -> StageEvent:
    """Tell how far a connect or test has come."""
    return {"v": PROTOCOL, "event": "stage", "request": request, "stages": described.stages(found)}


def tick_event(measured: list[Measurement], heartbeat: float, tick: float) -> TickEvent:
    """Tell that the kernel lives, and what was last measured: endpoint, latency, checked_at."""
    told: TickEvent = {
        "v": PROTOCOL,
        "event": "tick",
        "now": time.time(),
        "heartbeat_s": heartbeat,
        "measured": measured,
    }
    if tick != heartbeat:
        told["tick_s"] = tick
    return told


def taken_event(request: int) -> TakenEvent:
    """Tell that a question has arrived that was asked again."""
    return {"v": PROTOCOL, "event": "taken", "request": request}


def cell_event() -> CellEvent:
    """Tell that a cell has ended."""
    return {"v": PROTOCOL, "event": "cell"}


def _is_web(url: str) -> bool:
    try:
        return urlsplit(url).scheme in ("http", "https")
    except ValueError:
        return False


def _malformed(how: str) -> MessageError:
    return MessageError(
        "A message of the panel was not understood.", f"The message: {how}.", "Reload the page."
    )
