"""What the words of ``connect`` and ``doctor`` mean: a profile, an alias, or an address.

It is found out once: the object itself is asked about, and connected.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..params import parsing
from ..registry.aliases import DEFAULT_ALIAS
from . import options, permission, profile_connect

if TYPE_CHECKING:
    import argparse

    from ..params.endpoint import ConnectionParams
    from ..profiles.profile import Profile
    from ..registry.registry import ConnectionRegistry

__all__ = ["examined", "names_host", "planned", "profile_of"]


def names_host(arguments: argparse.Namespace) -> bool:
    """Tell whether options of `connect` say where to go, so that no word means a name of ours."""
    return any(part is not None for part in (arguments.uri, arguments.host, arguments.port))


def profile_of(registry: ConnectionRegistry, arguments: argparse.Namespace) -> Profile | None:
    """Give the profile that a line of ``connect`` means; None where it is an address, or nothing.

    Raises
    ------
    ProfileError
        There is no such profile, or nobody knows what is meant.
    """
    alias = arguments.alias
    if arguments.profile is not None:
        return registry.profiles.get(str(arguments.profile))
    if names_host(arguments):
        return None
    if arguments.address is not None:
        word = arguments.address
        is_alias = registry.remembered(word) is not None
        return registry.profiles.meant_by(word, is_alias=is_alias)
    if alias == DEFAULT_ALIAS and not (arguments.user or arguments.password or arguments.token):
        found = profile_connect.default(registry)
        if found is not None:
            return found
    return registry.profile_for(alias)


def planned(
    registry: ConnectionRegistry,
    alias: str,
    given: dict[str, Any],
    *,
    ask: bool,
    replace_it: bool = False,
) -> ConnectionParams:
    """Give what is connected where no profile is meant; its secret is asked for if wanted.

    Parameters
    ----------
    registry
        Whose alias it is.
    alias, given
        As `Aliases.plan` takes them.
    ask
        Whether to ask for a password, where there is a user, or a token.
    replace_it
        Whether a connection of that alias gives way; else nothing is asked for in vain.
    """
    if not ask:
        return registry.plan(alias, **given)
    known = None if parsing.names_a_place(**given) else registry.remembered(alias)
    has_user = given.get("user") or (known is not None and known.user)
    kind = "password" if has_user else "token"
    params = registry.plan(alias, **{**given, kind: options.UNTYPED})
    if not replace_it:
        registry.require_free(alias, params)
    return options.signed_in(params, "" if alias == DEFAULT_ALIAS else alias)


def examined(
    registry: ConnectionRegistry, name: str | None, given: dict[str, Any], *, ask: bool
) -> tuple[str | Profile | ConnectionParams | None, dict[str, Any]]:
    """Give what a name of ``doctor`` means, and the keywords beside it.

    Parameters
    ----------
    registry
        Whose names they are.
    name
        An alias, a profile or an address; None for the current connection.
    given, ask
        As in `planned`.
    """
    profile = registry.profile_named(name)
    if profile is not None:
        permission.allow(registry, profile)
        if ask and profile.user and not given.get("user"):
            given = {**given, "user": profile.user}
        return profile, given | (profile_connect.typed(registry, profile, given) if ask else {})
    if not ask:
        return name, given
    kind = "password" if given.get("user") else "token"
    if registry.is_known(name):  # it has a sign-in of its own, as is said then
        return name, {**given, kind: options.UNTYPED}
    wanted = {**given, "uri": name or "", kind: options.UNTYPED}
    params = parsing.parse(**wanted, default_timeout=registry.timeout)
    return options.signed_in(params), {}
