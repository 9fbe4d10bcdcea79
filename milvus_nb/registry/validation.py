"""What the registry refuses before anything is sent, aliases included, and how it says so."""

from __future__ import annotations

import inspect
import math
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from .. import sdk
from ..errors import Advice, AliasError, Offer, ParamsError
from ..params import parsing
from ..params.secret import holds_sign_in, shown_name
from ..params.suggestion import closest
from ..params.values import shown, text

if TYPE_CHECKING:
    from ..params.endpoint import ConnectionParams

__all__ = [
    "LEAST_S",
    "being_connected",
    "check_alias",
    "check_config",
    "check_keywords",
    "check_new_alias",
    "check_pace",
    "differences_between",
    "in_use",
    "not_connected",
    "not_there",
]  # fmt: skip

# Of `parse`, but not a user's to give.
_OURS: Final = ("env", "default_timeout")
_KEYWORDS: Final = [
    name for name in inspect.signature(parsing.parse).parameters if name not in _OURS
]

#: No server is asked more often, and none has less time to answer; in seconds.
LEAST_S: Final = 0.05

# Of pymilvus's connect, for pymilvus's own clients.
_FOR_ITS_CLIENTS: Final = {
    "_async": "connections.async_client(alias) gives an AsyncMilvusClient.",
    "_unbind_with_db": "Leave it out: connections.use(alias, db_name) changes the database.",
}


def check_alias(alias: object) -> None:
    """Refuse an alias that is not text, or that no server could be told."""
    if not isinstance(alias, str):
        raise ParamsError(
            "The alias is not text.",
            f"It is of type {type(alias).__name__}.",
            'Give a name such as "default".',
        )
    text("alias", alias)


def check_new_alias(alias: object) -> None:
    """Refuse for a new connection also what is an address, which may hold a password."""
    check_alias(alias)
    if holds_sign_in(str(alias)):
        raise ParamsError(
            "The alias is an address, or has a sign-in in it.",
            "It may hold a password, and an alias is shown everywhere: it is not repeated here.",
            "Did you mean uri=? The alias is the first parameter: connect('prod', uri=…)",
        )


def check_pace(heartbeat: float, deadline: float) -> None:
    """Refuse to ask servers more often than costs next to nothing."""
    for name, seconds in (("heartbeat", heartbeat), ("deadline", deadline)):
        if not LEAST_S <= seconds < math.inf:
            raise ParamsError(
                f"{name} = {shown(seconds)} is not possible.",
                f"It is a time in seconds, above 0 and at least {LEAST_S:g}.",
                f"For example: {name} = {'3.5' if name == 'heartbeat' else '2'}",
            )


def check_config(alias: str, config: object) -> dict[str, Any]:
    """Refuse what is no dict of `connect`'s keywords; give a copy of what is one."""
    if not isinstance(config, Mapping):
        raise ParamsError(
            f"The parameters of {alias} are of type {type(config).__name__}.",
            "They have to be a dict of connect's keywords.",
            f"An example: add_connection({alias}={{'uri': 'localhost:19530'}})",
        )
    given = dict(config)
    check_keywords(given)
    return given


def check_keywords(kwargs: dict[str, Any]) -> None:
    """Refuse what pymilvus refuses, and what nobody knows; take out what needs no more care."""
    handler = kwargs.pop("handler", "GRPC")
    if handler != "GRPC":
        raise NotImplementedError(
            f"handler={handler!r} is not supported: Milvus is reached by gRPC. Leave it out."
        )
    pool = kwargs.pop("pool", None)
    if pool not in (None, "", "QueuePool"):
        raise sdk.param_error(
            f"pool={pool!r} is not supported: a connection has one gRPC channel. Leave it out."
        )
    kwargs.pop("keep_alive", None)  # ours always come back by themselves
    for name, instead in _FOR_ITS_CLIENTS.items():
        if kwargs.pop(name, False):
            raise ParamsError(f"{name}=True is not supported.", "It is pymilvus's own.", instead)
    for name in kwargs:
        if name not in _KEYWORDS:
            near = closest(name, _KEYWORDS)
            raise ParamsError(
                f"There is no connection parameter {name!r}.",
                "",
                f"Did you mean {near!r}?" if near else "help(connections.connect) has them all.",
            )


def differences_between(one: ConnectionParams, other: ConnectionParams) -> list[str]:
    """Say how two connections differ; how long connecting may take is no difference."""
    return one.differences(replace(other, timeout=one.timeout))


def in_use(alias: str, state: str, differences: list[str]) -> AliasError:
    """Make the error for an alias whose connection works, with other parameters."""
    return AliasError(
        f"The alias {alias} is {state} with other parameters.",
        f"They differ in {', '.join(differences)}.",
        "Use another alias, or replace the connection: --replace (replace=True).",
        "alias-in-use",
        Advice(
            "Use another alias, or replace the connection.",
            (Offer("other-alias"), Offer("replace")),
        ),
    )


def being_connected(
    alias: str, params: ConnectionParams, differences: list[str] | None = None
) -> AliasError:
    """Make the error for an alias that is no connection yet, but on the way to become one."""
    how = f" with other parameters: {', '.join(differences)}" if differences else ""
    return AliasError(
        f"{alias} is just being connected.",
        f"It goes to {params.address}{how}.",
        "Wait until it is, or has failed; or use another alias.",
        "alias-connecting",
        Advice("Wait until it is, or has failed; or use another alias.", (Offer("other-alias"),)),
    )


def not_connected(alias: str, params: ConnectionParams) -> AliasError:
    """Make the error for an alias of which only the parameters are known."""
    return AliasError(
        f"{alias} is not connected.",
        f"It goes to {params.address}; its parameters are remembered.",
        f"Connect it: %milvus connect -a {alias}",
        advice=Advice("Connect it."),
    )


def not_there(name: str, known: list[str]) -> AliasError:
    """Make the error for a name that no connection has."""
    same = (other for other in known if other.partition(":")[2] == name.rpartition(":")[2])
    near = next(same, "") or closest(name, known)
    fix = "%milvus status shows them." if known else "Connect first: %milvus connect"
    return AliasError(
        f"There is no connection {shown_name(name)}.",
        f"There are: {', '.join(known)}." if known else "Nothing is connected.",
        f"Did you mean {near}?" if near else fix,
    )
