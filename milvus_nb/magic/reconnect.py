"""``%milvus reconnect``: what was connected before the kernel was restarted comes back."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from ..errors import MagicUsageError, MilvusNbError, ProfileError
from ..params import parsing
from ..printing import say
from ..probing.outside import visible
from ..profiles.places import place_of_profile, sends
from . import options, permission, profile_connect

if TYPE_CHECKING:
    from ..params.endpoint import Endpoint
    from ..params.secret import Secret
    from ..profiles.profile import Profile
    from ..protocol import Row
    from .context import Context

__all__ = ["reconnect"]


def reconnect(context: Context, aliases: list[str], *, confirmed: bool) -> None:
    """Bring back what was connected; what fails is told, and stays to be brought back.

    Parameters
    ----------
    context
        Whose registry it is.
    aliases
        Which; none: all.
    confirmed
        Whether profiles that want to be asked about need no question.
    """
    memory = context.registry.memory
    known = {one["again"]["alias"]: one for one in memory.before()} if memory is not None else {}
    if missing := [alias for alias in aliases if alias not in known]:
        raise MagicUsageError(
            f"{missing[0]} was not connected before the restart, or is again.",
            f"There are: {', '.join(known)}." if known else "Nothing waits to be connected again.",
            "",
        )
    wanted = [known[alias] for alias in aliases or known]
    if memory is not None and memory.problem and not wanted:
        raise MagicUsageError(
            "What was connected before the restart is not known.",
            memory.problem,
            "Connect again by hand. %milvus profile save keeps a connection for good.",
        )
    if not wanted:
        say("Nothing waits to be connected again.")
        return
    if memory is not None and memory.problem:
        say(f"There may have been more. {memory.problem}")
    failed: list[str] = []
    typed: dict[Endpoint, Secret] = {}
    for one in wanted:
        failed += _again(context, one, typed, confirmed=confirmed)
    if failed:
        raise MagicUsageError(
            f"Not connected again: {', '.join(failed)}.", "The reasons are above."
        )


def _again(
    context: Context, one: Row, typed: dict[Endpoint, Secret], *, confirmed: bool
) -> list[str]:
    """Connect one; the password of a user is asked for once for all that sign in there with it."""
    given: dict[str, Any] = dict(one["again"])
    alias, profile, seal = given.pop("alias"), given.pop("profile", ""), given.pop("seal", "")
    asks = one["secret"] == "ask"  # noqa: S105  # a kind
    try:
        if profile:
            found = _profile(
                context, alias, profile, seal, given.pop("address"), confirmed=confirmed
            )
            profile_connect.start(context, found, alias, given, replace_it=False, asks=asks)
        else:
            kind = "password" if given.get("user") else "token"
            more = {kind: options.UNTYPED} if asks else {}
            params = context.registry.plan(alias, **given, **more)
            place = params.endpoint
            if asks and place in typed:
                params = parsing.change(params, password=typed[place])
            elif asks:
                params = options.signed_in(params, alias)
            context.watched(functools.partial(context.registry.start_attempt, alias, params))
            if asks and place.user:  # an API key is of nobody that is named
                typed[place] = params.endpoint.secret
    except MilvusNbError as error:
        say("\n".join(error.lines))
        return [alias]
    say(f"{alias} is connected again.")
    return []


def _profile(
    context: Context, alias: str, name: str, seal: str, address: str, *, confirmed: bool
) -> Profile:
    """Give the profile that was connected; where it goes elsewhere by now, that is asked about."""
    registry = context.registry
    try:
        profile, is_same = registry.profiles.shown(name, seal), True
    except ProfileError as error:
        if error.cause != "profile-changed":
            raise
        profile, is_same = registry.profiles.get(name), False
    was_asked = permission.allow(registry, profile)
    if not (is_same or was_asked):
        permission.ask(
            f"{name} has changed: before the restart it went to {visible(address)}, now {name} of "
            f"{visible(profile.path)} {sends(profile)}. Connect? [y/N] ",
            f"{name} goes to {place_of_profile(profile)} now, not to {visible(address)}.",
            f"If that is meant: %milvus connect {profile.quoted}",
        )
    elif not (confirmed or was_asked):
        permission.confirm("Connect", [(alias, profile.guard())])
    return profile
