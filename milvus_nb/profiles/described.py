"""Profiles as pages, and REST, are told them; no secret is among them."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, cast

from .places import place_of_profile
from .trust import permit

if TYPE_CHECKING:
    from .. import protocol
    from .listing import ProfileListing
    from .profile import Profile

__all__ = ["profile", "profiles"]


def profiles(listing: ProfileListing) -> protocol.Profiles:
    """Describe the profiles; no secret is among them."""
    problems = [
        {
            "where": problem.where,
            "profile": problem.profile,
            "what": problem.what,
            "reason": problem.reason,
            "fix": problem.fix,
            "is_warning": problem.is_warning,
        }
        for problem in listing.problems
    ]
    return {
        "profiles": [
            profile(one, is_allowed=one.name not in listing.unasked)
            for one in listing.profiles.values()
        ],
        "problems": cast("list[protocol.ProfileProblem]", problems),
        "user_path": listing.user_path,
        "project_path": listing.project_path,
        "site_path": listing.site_path,
    }


def profile(one: Profile, *, is_allowed: bool) -> protocol.Profile:
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
        "revision": one.revision,
        "permit": "" if is_allowed or one.is_path else permit(one),
        "place": place_of_profile(one),
    }
    return cast("protocol.Profile", described)
