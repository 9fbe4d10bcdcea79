"""A connection as pages are told it, and as it is remembered after a restart; never a secret."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from ..params.defaults import DEFAULT_TIMEOUT_S
from ..params.tls import PEM_FILES
from ..views.described import offers

if TYPE_CHECKING:
    from ..params.endpoint import ConnectionParams
    from ..protocol import Auth, ConnectParams, Row, SecretKind, State
    from .connection import Connection

__all__ = ["again", "row", "secret_kind"]


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
        "fix": connection.advice.fix,
        "offers": offers(connection.advice),
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
        "timeout": 0 if params.timeout == DEFAULT_TIMEOUT_S else params.timeout,
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
