"""``%milvus reconnect``: what was connected before the kernel was restarted comes back."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from . import options, profile_commands
from .errors import MagicUsageError, MilvusNbError
from .printing import say

if TYPE_CHECKING:
    from .magic import MilvusMagics
    from .protocol import Row

__all__ = ["reconnect"]


def reconnect(magics: MilvusMagics, aliases: list[str], *, confirmed: bool) -> None:
    """Bring back what was connected; what fails is told, and stays to be brought back.

    Parameters
    ----------
    magics
        Whose registry it is.
    aliases
        Which; none: all.
    confirmed
        Whether profiles that want to be asked about need no question.
    """
    memory = magics.registry.memory
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
    for one in wanted:
        failed += _again(magics, one, confirmed=confirmed)
    if failed:
        raise MagicUsageError(
            f"Not connected again: {', '.join(failed)}.", "The reasons are above."
        )


def _again(magics: MilvusMagics, one: Row, *, confirmed: bool) -> list[str]:
    given: dict[str, Any] = dict(one["again"])
    alias, profile = given.pop("alias"), given.pop("profile", "")
    try:
        if profile:
            guard = magics.registry.profiles.get(profile).guard()
            if not confirmed:
                profile_commands.confirm("Connect", [(alias, guard)])
            del given["address"]
            if one["secret"] == "ask":  # noqa: S105  # a kind
                stored = magics.registry.profiles.get(profile)
                given["secret"] = options.ask_for(given.get("user") or stored.user, alias)
            profile_commands.start(magics, profile, alias, given, replace_it=False)
        else:
            if one["secret"] == "ask":  # noqa: S105  # a kind
                user = given.get("user", "")
                given["password" if user else "token"] = options.ask_for(user, alias)
            magics.watched(functools.partial(magics.registry.start, alias, **given))
    except MilvusNbError as error:
        say("\n".join(error.lines))
        return [alias]
    say(f"{alias} is connected again.")
    return []
