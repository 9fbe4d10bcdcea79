"""A profile → a connection, or an examination."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar

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

T = TypeVar("T")


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
        self, name: ConnectionParams, report: Callable[[list[Stage]], None] | None = None
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
    alias = alias or profile.name

    def start(params: ConnectionParams) -> Job[Connection]:
        return table.start_attempt(alias, params, replace=replace, report=report, quietly=quietly)

    return _started(table, profile, given, start)


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
    return _started(table, profile, given, lambda params: table.examine(params, report))


def _started(
    table: Opener,
    profile: Profile,
    given: dict[str, Any],
    start: Callable[[ConnectionParams], Job[T]],
) -> Job[T]:
    """Start with the profile's parameters; a keyring may ask its user, so nobody waits for it."""
    table.profiles.require_allowed(profile)

    def make() -> ConnectionParams:
        return params_of(profile, default_timeout=table.timeout, **given)

    async def start_later() -> T:
        return await start(await run_blocking(make)).joined()

    if profile.secret.kind == "keyring":
        return table.monitor.submit(start_later())
    return start(make())
