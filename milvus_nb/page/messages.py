"""What the kernel says to a page, and how it reads what a page says; `protocol` has the types.

Nothing of it is ever a synced trait, so nothing of it is saved with a notebook. A request has an
id; the answer, a result or an error, has the same. Events have none.
"""

from __future__ import annotations

import dataclasses
import functools
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast, get_type_hints
from urllib.parse import urlsplit

from ..errors import MilvusNbError
from ..params import DEFAULT_TIMEOUT, redact
from ..probing.outside import plain
from ..profiles.places import place_of_profile
from ..profiles.trust import permit
from ..protocol import METHODS, PROTOCOL

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .. import profiles as profiles_
    from ..code import paste
    from ..params import ConnectionParams
    from ..probing import stages as stage
    from ..probing.rest import Source
    from ..profiles import Found
    from ..protocol import (
        Auth,
        Code,
        ConnectParams,
        Facts,
        Failure,
        Hello,
        Measurement,
        Pasted,
        Ping,
        Profile,
        ProfileProblem,
        Profiles,
        ProfilesEvent,
        Report,
        Row,
        RowsEvent,
        SecretKind,
        Stage,
        StageEvent,
        State,
        TickEvent,
    )
    from ..registry.connection import Connection, PingResult
    from ..watching import doctor

__all__ = [
    "PEM_FILES",
    "MessageError",
    "Request",
    "VersionError",
    "again",
    "answer",
    "code",
    "failure",
    "hello",
    "is_connect_params",
    "parse",
    "pasted",
    "ping",
    "profile",
    "profiles",
    "profiles_event",
    "report",
    "row",
    "rows_event",
    "secret_kind",
    "sources",
    "stage_event",
    "stages",
    "tick_event",
]

#: Who asks is told what comes of it, for so many seconds; unless it says otherwise.
ASKED_S: Final = 15.0

#: A page says again that it attends long before so many seconds have passed.
_MOST_STAYS_S: Final = 600.0

_LONGEST_PAGE: Final = 64

#: The fields of a form that name files; the kernel reads them when it connects.
PEM_FILES: Final = ("ca_pem_path", "server_pem_path", "client_pem_path", "client_key_path")


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
    if not _is(number, int):
        raise _malformed("it has no id")
    if not isinstance(method, str) or method not in METHODS:
        raise _malformed(f"there is no method {str(method)[:40]!r}")
    if not isinstance(params, dict):
        raise _malformed("its params are not an object")
    _check_params(method, params)
    page, stays_s = content.get("page", ""), content.get("stays_s", ASKED_S)
    if not isinstance(page, str) or len(page) > _LONGEST_PAGE:
        raise _malformed("its page is no short text")
    if not _is(stays_s, float) or not 0 <= stays_s <= _MOST_STAYS_S:
        raise _malformed(f"its stays_s is not between 0 and {_MOST_STAYS_S:g}")
    return Request(int(str(number)), method, params, page, float(stays_s))


def _check_params(method: str, params: dict[str, Any]) -> None:
    taken, _ = METHODS[method]
    known = _types(taken)
    for name, value in params.items():
        if name not in known:
            raise _malformed(f"{method} has no parameter {str(name)[:40]!r}")
        if not _is(value, known[name]):
            raise _malformed(f"{method}'s parameter {name} is of the wrong type")
    for name in sorted(taken.__required_keys__ - params.keys()):
        raise _malformed(f"{method} needs the parameter {name}")


@functools.cache
def _types(taken: type) -> dict[str, type]:
    """Give the types of a message's fields, which are plain ones in what a page says."""
    return get_type_hints(taken)


def answer(request: int, result: Mapping[str, Any]) -> dict[str, Any]:
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
            "why": plain(redact(f"{type(error).__name__}: {error}")),
            "fix": "Please report it. %milvus status shows the connections.",
            "cause": "",
            "evidence": "",
        }
    return {"v": PROTOCOL, "id": request, "error": told}


def row(connection: Connection, endpoint: int, *, own: bool) -> Row:
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
        "auth": cast("Auth", connection.auth),
        "db_name": connection.db_name,
        "secure": connection.secure,
        "state": cast("State", connection.state),
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
        "again": again(connection.alias, connection.params),
        "secret": secret_kind(connection.params),
        "profile": connection.params.guard.profile,
        "label": connection.params.guard.label,
        "color": connection.params.guard.color,
        "confirm": connection.params.guard.confirm,
    }


def again(alias: str, params: ConnectionParams) -> ConnectParams:
    """Give the form's fields that connect once more; a secret is only named, by its variable."""
    endpoint, guard = params.endpoint, params.guard
    if guard.profile:
        kept = {"address": endpoint.address, "alias": alias}
        kept |= {"profile": guard.profile, "seal": guard.seal}
        return cast("ConnectParams", {**kept, **dict(guard.overrides)})
    tls = endpoint.tls
    fields = {
        # A token of the environment says the user, too.
        "user": "" if params.token_env else params.user,
        "password_env": params.password_env,
        "token_env": params.token_env,
        "db_name": params.db_name,
        "secure": params.secure and not params.address.startswith("https://"),
        **{name: getattr(tls, name) for name in PEM_FILES},
        "server_name": tls.server_name,
        "timeout": 0 if params.timeout == DEFAULT_TIMEOUT else params.timeout,
    }
    given = {name: value for name, value in fields.items() if value}
    # A path from the working folder may lead elsewhere in another kernel.
    address = endpoint.path if endpoint.kind == "lite" else endpoint.address
    return cast("ConnectParams", {"address": address, "alias": alias, **given})


def secret_kind(params: ConnectionParams) -> SecretKind:
    """Say where the secret comes from when parameters are connected once more."""
    if params.auth == "none":
        return "none"
    if params.guard.profile:
        return cast("SecretKind", params.guard.secret)
    return "env" if params.password_env or params.token_env else "ask"


def is_connect_params(found: object) -> bool:
    """Tell whether a dict is what `again` gives."""
    try:
        _check_params("connect", cast("dict[str, Any]", found))
    except (MessageError, AttributeError):
        return False
    return True


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
    return {"text": text, "language": language, "languages": list(languages)}


def ping(result: PingResult) -> Ping:
    """Describe round trips, in milliseconds."""
    return {
        "count": result.count,
        "min_ms": result.min_ms,
        "median_ms": result.median_ms,
        "max_ms": result.max_ms,
    }


def stages(found: Iterable[stage.Stage]) -> list[Stage]:
    """Describe the stages of connecting."""
    return [cast("Stage", dataclasses.asdict(one)) for one in found]


def report(found: doctor.Report) -> Report:
    """Describe an examination."""
    why = found.diagnosis
    failed: Failure | None = None
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
        "facts": list(found.facts),
        "notes": list(found.notes),
        "failure": failed,
    }


def hello(
    rows: list[Row], current: str, heartbeat: float, versions: dict[str, str], found: Found
) -> Hello:
    """Give a page all that it needs to begin with."""
    return {
        "connections": rows,
        "current": current or None,
        "now": time.time(),
        "heartbeat_s": heartbeat,
        "versions": versions,
        "profiles": profiles(found),
    }


def profiles(found: Found) -> Profiles:
    """Describe the profiles; no secret is among them."""
    problems = [
        {
            "where": problem.where,
            "profile": problem.profile,
            "what": problem.what,
            "why": problem.why,
            "fix": problem.fix,
            "is_warning": problem.is_warning,
        }
        for problem in found.problems
    ]
    return {
        "profiles": [
            profile(one, is_allowed=one.name not in found.unasked)
            for one in found.profiles.values()
        ],
        "problems": cast("list[ProfileProblem]", problems),
        "user_path": found.user_path,
        "project_path": found.project_path,
    }


def profile(one: profiles_.Profile, *, is_allowed: bool) -> Profile:
    """Describe a profile; its secret is only referred to.

    Parameters
    ----------
    one
        The profile.
    is_allowed
        Whether it may be used without a question, see `ProfileStore.is_allowed`.
    """
    described = {item.name: getattr(one, item.name) for item in dataclasses.fields(one)}
    described |= {
        "secret": str(one.secret),
        "seal": one.seal,
        "permit": "" if is_allowed or one.is_path else permit(one),
        "place": place_of_profile(one),
    }
    return cast("Profile", described)


def profiles_event(found: Found) -> ProfilesEvent:
    """Tell that the profiles have changed."""
    return {"v": PROTOCOL, "event": "profiles", "profiles": profiles(found)}


def rows_event(changed: list[Row], removed: list[str], current: str) -> RowsEvent:
    """Tell which connections are new or changed, and which are gone."""
    return {
        "v": PROTOCOL,
        "event": "rows",
        "changed": changed,
        "removed": removed,
        "current": current or None,
        "now": time.time(),
    }


def stage_event(request: int, found: Iterable[stage.Stage]) -> StageEvent:
    """Tell how far a connect or test has come."""
    return {"v": PROTOCOL, "event": "stage", "request": request, "stages": stages(found)}


def tick_event(measured: list[Measurement], heartbeat: float) -> TickEvent:
    """Tell that the kernel lives, and what was last measured: endpoint, latency, checked_at."""
    return {
        "v": PROTOCOL,
        "event": "tick",
        "now": time.time(),
        "heartbeat_s": heartbeat,
        "measured": measured,
    }


def _is(value: object, kind: type) -> bool:
    # To TypeScript a bool is no number, and an integer is one like any other.
    kinds = (int, float) if kind is float else kind
    return isinstance(value, kinds) and (kind is bool or not isinstance(value, bool))


def _is_web(url: str) -> bool:
    try:
        return urlsplit(url).scheme in ("http", "https")
    except ValueError:
        return False


def _malformed(how: str) -> MessageError:
    return MessageError(
        "A message of the panel was not understood.", f"The message: {how}.", "Reload the page."
    )
