"""Connecting a profile from a cell: which one is meant by none; `options` asks for its secret."""

from __future__ import annotations

import functools
import os
from typing import TYPE_CHECKING, Any

from ..errors import ProfileError
from ..printing import say
from ..probing.outside import visible
from ..profiles.conversion import params_of
from ..registry.opening import open_profile
from . import options

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..profiles.profile import Profile
    from ..registry.connection import Connection
    from ..registry.registry import ConnectionRegistry
    from .context import Context

__all__ = ["default", "start", "typed"]


def start(
    context: Context,
    profile: Profile,
    alias: str,
    given: dict[str, Any],
    *,
    replace_it: bool,
    asks: bool = False,
) -> Connection:
    """Connect a profile and give the Connection; its secret is asked for, if need be.

    Parameters
    ----------
    context
        Whose registry it is.
    profile
        Itself: it is not read once more, whatever is typed in between.
    alias
        What the connection is called.
    given
        As in `params_of`.
    replace_it
        As in `ConnectionTable.start_attempt`.
    asks
        Whether the secret is asked for in any case.
    """
    registry = context.registry
    has_secret = bool(given.keys() & {"password", "token", "password_env", "token_env", "secret"})
    if profile.is_project and profile.name in registry.profiles.find().hidden:
        say(f"{profile.name} is the project's, of {profile.path}; yours of that name is hidden.")
    if asks or (profile.secret.kind == "ask" and not has_secret):
        given = given | typed(registry, profile, given)

    def connect(given: dict[str, Any]) -> Connection:
        more = {"replace": replace_it, **given}
        return context.watched(functools.partial(open_profile, registry, profile, alias, **more))

    try:
        return connect(given)
    except ProfileError as error:
        if error.cause != "secret-needed":
            raise
        needed = error
    say(needed.reason)  # a keyring that lacks the secret is made up for
    return connect(given | typed(registry, profile, given))


def typed(
    registry: ConnectionRegistry, profile: Profile, given: Mapping[str, Any]
) -> dict[str, Any]:
    """Ask for a profile's secret; the keyword that has it.

    Parameters
    ----------
    registry
        Whose timeout counts.
    profile, given
        What will be connected with it; see `params_of`.
    """
    if profile.is_path:
        return {}
    planned = params_of(
        profile, default_timeout=registry.timeout, **{**given, "secret": options.UNTYPED}
    )
    return {"secret": options.ask_for(planned, profile.name)}


def default(registry: ConnectionRegistry) -> Profile | None:
    """Give the profile that ``connect`` alone means; None where it means an address.

    A project's default that was not allowed yet is not used where the user has set anything.
    """
    known = registry.profiles.default()
    if known is not None and known.is_site and os.environ.get("MILVUS_URI"):
        known = None  # what its user has set is nearer
    waiting = registry.profiles.find().default_unasked
    if waiting is None:
        return known
    if known is None and not os.environ.get("MILVUS_URI"):
        return waiting
    instead = known.name if known is not None else "MILVUS_URI"
    say(
        f"The project's default, {waiting.name} of {visible(waiting.path)}, was not allowed yet: "
        f"{instead} is used. To use it: %milvus connect {waiting.quoted}"
    )
    return known
