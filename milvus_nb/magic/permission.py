"""What a user is asked, to be answered by yes or no, before something is used or closed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import MagicUsageError
from ..printing import printable, say
from ..probing.outside import visible
from ..profiles.places import place_of_profile, sends

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..params.guard import Guard
    from ..profiles.profile import Profile
    from ..registry.registry import ConnectionRegistry

__all__ = ["allow", "ask", "confirm"]


def allow(registry: ConnectionRegistry, profile: Profile, *, is_default: bool = False) -> bool:
    """Ask once about a project's profile; whether it was asked. The answer is kept.

    Parameters
    ----------
    registry
        Whose profiles they are.
    profile
        What will be used.
    is_default
        Whether nobody has named it: then a database of Milvus Lite is asked about, too.

    Raises
    ------
    MagicUsageError
        It was denied.
    ProfileError
        Nobody can answer here.
    """
    store = registry.profiles
    listing = store.find()
    is_new = is_default and profile.is_project and profile.name in listing.unasked
    if store.is_allowed(profile) and not is_new:
        return False
    mine = listing.hidden.get(profile.name)
    if mine is not None:
        say(
            f"Yours of the name {profile.name}, which goes to {place_of_profile(mine)}, is hidden "
            "by the project's."
        )
    question = (
        f"{profile.name} is a profile of the project, which was not used before: "
        f"{visible(profile.path)} {sends(profile)}. Use it? [y/N] "
    )
    is_meant = _answer(question)
    if is_meant is None:
        raise store.not_allowed(profile)
    if not is_meant:
        raise MagicUsageError(
            f"{profile.name} was not allowed.",
            "",
            "Nothing was sent. By address: %milvus connect ADDRESS",
        )
    if problem := store.allow(profile):
        say(f"It will be asked about again: {problem}")
    return True


def confirm(verb: str, guards: Iterable[tuple[str, Guard]]) -> None:
    """Ask once about connections whose profile wants that; MagicUsageError where it is denied.

    Parameters
    ----------
    verb
        ``Connect`` or ``Disconnect``.
    guards
        The aliases, each with what it has of its profile.
    """
    marked = [(alias, guard) for alias, guard in guards if guard.confirm]
    if not marked:
        return
    names = ", ".join(
        f"{alias} ({guard.label})" if guard.label else alias for alias, guard in marked
    )
    is_meant = _answer(f"{verb} {names}? [y/N] ")
    if is_meant is None:
        raise MagicUsageError(
            f"{names}: the profile wants to be asked about, and nobody can answer here.",
            "",
            "Where that is meant, add --yes",
        )
    if not is_meant:
        raise MagicUsageError(f"{verb} {names}: not confirmed.", "", "Nothing was changed.")


def ask(question: str, what: str, fix: str) -> None:
    """Ask about something that has changed; MagicUsageError where it is denied, or nobody can."""
    is_meant = _answer(question)
    if not is_meant:
        reason = "Nobody can answer here." if is_meant is None else "It was not confirmed."
        raise MagicUsageError(what, f"{reason} Nothing was sent.", fix)


def _answer(question: str) -> bool | None:
    """Give a user's answer; None where nobody can answer."""
    try:
        answer = input(printable(question))
    except (EOFError, NotImplementedError, RuntimeError):
        return None
    return answer.strip().lower() in ("y", "yes")
