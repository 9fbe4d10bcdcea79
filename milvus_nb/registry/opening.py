"""A profile → a connection, or an examination."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from ..probing.blocking import run_blocking
from ..profiles.conversion import params_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..params.endpoint import ConnectionParams
    from ..probing.stages import Stage
    from ..profiles.profile import Profile
    from ..profiles.store import ProfileStore
    from ..views.report import Report
    from ..watching.job import Job
    from ..watching.monitor import Monitor
    from .connection import Connection

__all__ = ["Opener", "examine_profile", "open_profile"]


class Opener(Protocol):
    """What opens it: a table of connections."""

    profiles: ProfileStore
    timeout: float
    monitor: Monitor

    def start_attempt(
        self,
        alias: str,
        params: ConnectionParams,
        *,
        replace: bool = False,
        report: Callable[[list[Stage]], None] | None = None,
        quietly: bool = False,
    ) -> Job[Connection]:
        """Start to connect."""

    def examine(
        self,
        name: ConnectionParams,
        report: Callable[[list[Stage]], None] | None = None,
    ) -> Job[Report]:
        """Start to examine."""


def open_profile(
    table: Opener,
    profile: Profile,
    alias: str = "",
    *,
    replace: bool = False,
    report: Callable[[list[Stage]], None] | None = None,
    quietly: bool = False,
    **given: Any,
) -> Job[Connection]:
    """Start to connect a profile.

    Parameters
    ----------
    table
        Where it becomes a connection.
    profile
        Itself, not its name: what was shown is what is connected.
    alias
        Default: the profile's name.
    replace, report, quietly
        As in `ConnectionTable.start_attempt`.
    **given
        As in `params_of`.

    Raises
    ------
    ProfileError
        It is a project's that was not allowed, or its secret is missing.
    """
    table.profiles.require_allowed(profile)
    alias = alias or profile.name

    def make() -> ConnectionParams:
        return params_of(profile, default_timeout=table.timeout, **given)

    def start(params: ConnectionParams) -> Job[Connection]:
        return table.start_attempt(alias, params, replace=replace, report=report, quietly=quietly)

    async def open_later() -> Connection:
        params = await run_blocking(make)
        return await start(params).joined()

    if profile.secret.kind == "keyring":
        return table.monitor.submit(open_later())
    return start(make())


def examine_profile(
    table: Opener,
    profile: Profile,
    report: Callable[[list[Stage]], None] | None = None,
    **given: Any,
) -> Job[Report]:
    """Start to examine a profile layer by layer, as the doctor does; nothing is connected.

    Raises
    ------
    ProfileError
        As in `open_profile`.
    """
    table.profiles.require_allowed(profile)

    def make() -> ConnectionParams:
        return params_of(profile, default_timeout=table.timeout, **given)

    async def examine_later() -> Report:
        params = await run_blocking(make)
        return await table.examine(params, report).joined()

    if profile.secret.kind == "keyring":
        return table.monitor.submit(examine_later())
    return table.examine(make(), report)
