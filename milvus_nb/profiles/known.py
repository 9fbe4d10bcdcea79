"""The user's profiles, the project's, the site's: which there are, which wins, what may be used."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any

from ..errors import Advice, Offer, ProfileError
from ..params.secret import shown_name
from ..params.suggestion import closest
from ..probing.forks import forkable
from ..probing.outside import plain, visible
from .files import mark
from .listing import Problem, ProfileListing, profiles_in
from .location import user_file
from .places import place_of_profile, sends
from .profile import Profile, is_name
from .project import ProjectSearch
from .site import site_file
from .trust import Trust

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["KnownProfiles"]


class KnownProfiles:
    """Profiles in the user's file, in a project's that wins, and in the site's. Thread-safe.

    Parameters
    ----------
    folder
        Where the search for a project's file begins, upwards; None: the working folder; empty:
        there is no project.
    top
        The uppermost folder of that search; empty: the file system's.
    path
        The user's file; empty: see `user_file`.
    """

    def __init__(self, folder: str | None = None, top: str = "", path: str = "") -> None:
        self._search = ProjectSearch(folder, top)
        self._path = path
        self._lock = forkable(threading.Lock())
        self._cache: tuple[object, ProfileListing] | None = None
        self._trust = Trust()

    def __reduce__(self) -> tuple[Any, ...]:
        # Used by pickle and copy alike: the files are read where it arrives.
        return type(self), (self._search.folder, self._search.top, self._path)

    @property
    def path(self) -> str:
        """The user's file."""
        return self._path or user_file()

    def find(self) -> ProfileListing:
        """Give what stands in the files now; they are read again once they have changed.

        It raises nothing: what is wrong is in `ProfileListing.problems`.
        """
        signature = self.signature()
        with self._lock:
            if self._cache is None or self._cache[0] != signature:
                self._cache = (signature, self._read())
            return self._cache[1]

    def signature(self) -> object:
        """Give something that differs when the files do."""
        project, refused = self._search.find(self.path)
        site = site_file().path
        files = mark(self.path), mark(project), mark(site), mark(os.path.dirname(site))
        return files, refused, self._trust.mark(self.path)

    def get(self, name: str) -> Profile:
        """Give a profile.

        Raises
        ------
        ProfileError
            There is none of this name, or it cannot be used.
        """
        listing = self.find()
        if (problem := listing.hides(name)) is not None:
            raise _broken(problem, f"So it is not known what the profile {name} is.")
        if (profile := listing.profiles.get(name)) is not None:
            return profile
        near = closest(name, listing.profiles)
        names = ", ".join(list(listing.profiles)[:8])
        raise ProfileError(
            f"There is no profile {shown_name(name)}.",
            f"There are: {names}." if names else "None was saved yet.",
            f"Did you mean {near}?" if near else "Save one: %milvus profile save ALIAS",
            "profile-missing",
            Advice(f"Did you mean {near}?" if near else "It may have been deleted meanwhile."),
        )

    def __contains__(self, name: object) -> bool:
        listing = self.find()
        return isinstance(name, str) and (
            name in listing.profiles or listing.problem_of(name) is not None
        )

    def meant_by(self, word: str, *, is_alias: bool = False) -> Profile | None:
        """Give the profile that a word means, which may be an address or an alias; None: none.

        Parameters
        ----------
        word
            What was written.
        is_alias
            Whether there is an alias of this name.

        Raises
        ------
        ProfileError
            It is broken, or a file where it may stand cannot be read; or there is one but for the
            case of its letters. Where nobody knows what a word means, nothing is connected, and no
            secret is sent to a host of that name.
        """
        listing = self.find()
        known, problem = listing.profiles.get(word), listing.hides(word)
        if problem is None:
            if known is None and not is_alias:
                _refuse_other_case(word, listing)
            return known
        if known is None and not problem.profile and not _may_be_name(word):
            return None
        raise _broken(
            problem,
            f"So it is not known whether {word} is a profile.",
            f"A host of that name is written with its port: {word}:19530",
        )

    def default(self) -> Profile | None:
        """Give the profile that ``%milvus connect`` alone means; None where there is none.

        Raises
        ------
        ProfileError
            As in `meant_by`.
        """
        listing = self.find()
        if (problem := listing.hides_default()) is not None:
            raise _broken(
                problem,
                "So it is not known which profile is the default.",
                "Or say where to connect: %milvus connect ADDRESS",
            )
        return listing.default

    def __iter__(self) -> Iterator[str]:
        return iter(self.find().profiles)

    def shown(self, name: str, seal: str) -> Profile:
        """Give the profile that was shown under a name.

        Parameters
        ----------
        name
            The profile's.
        seal
            The `Profile.seal` of what was shown.

        Raises
        ------
        ProfileError
            As in `get`; or it goes elsewhere now, or as somebody else. Then its `cause` is
            ``"profile-changed"``.
        """
        profile = self.get(name)
        if profile.seal == seal:
            return profile
        own = self.find().hidden.get(name)
        if own is not None and own.seal == seal:
            return own
        raise ProfileError(
            f"The profile {name} is not the one that was shown.",
            f"It goes to {place_of_profile(profile)}: changed, or of another file.",
            "Nothing was sent. Look at it, and try again.",
            "profile-changed",
        )

    def require_seen(self, name: str, revision: str) -> None:
        """Raise ProfileError where something else is to be overwritten than what was shown.

        Parameters
        ----------
        name
            The profile's.
        revision
            The `Profile.revision` of what was shown; empty: whatever stands there.
        """
        listing = self.find()
        known, problem = listing.profiles.get(name), listing.problem_of(name)
        is_shown = known is not None and known.revision == revision
        stands = known or problem
        if revision and stands is not None and not is_shown:
            raise ProfileError(
                f"The profile {name} is not what was shown any more.",
                f"Somebody has changed it in {visible(stands.path)}.",
                "Nothing was saved. Load it as it is now, and change that.",
                "profile-changed",
            )

    # What a project may do

    def is_allowed(self, profile: Profile) -> bool:
        """Tell whether a profile may be used: one of the user's own may, a project's once allowed.

        A database of Milvus Lite may: there nobody signs in, and nothing leaves the machine.
        """
        return profile.is_path or self._trust.allows(profile, self.path)

    def require_allowed(self, profile: Profile) -> None:
        """Raise ProfileError for a project's profile that its user has not allowed."""
        if not self.is_allowed(profile):
            raise self.not_allowed(profile)

    def not_allowed(self, profile: Profile) -> ProfileError:
        """Make the error of a project's profile that its user has not allowed."""
        return ProfileError(
            f"{profile.name} is a profile of the project, and was not allowed yet.",
            f"{visible(profile.path)} {sends(profile)}.",
            f"If that is meant: %milvus profile allow {profile.quoted}",
            "profile-not-allowed",
            Advice(
                "If that is meant, press Connect in the profile's row, which asks you.",
                (Offer("trust", profile.name),),
            ),
        )

    def allow(self, profile: Profile) -> str:
        """Let a project's profile be used from now on, as long as it is what it is now.

        Returns
        -------
        str
            Why that holds for this process alone; empty where it was kept.
        """
        if not profile.is_project:
            return ""
        told = self._trust.allow(profile, self.path)
        self._forget()
        return told

    def revoke(self, profile: Profile) -> bool:
        """Take back what `allow` has allowed: it is asked about again; whether it was allowed.

        Raises
        ------
        ProfileError
            What is allowed cannot be written.
        """
        was_allowed = self._trust.revoke(profile, self.path)
        self._forget()
        return was_allowed

    def _forget(self) -> None:
        """Read the files again, though they look as before."""
        with self._lock:
            self._cache = None

    def _read(self) -> ProfileListing:
        project, refused = self._search.find(self.path)
        mine, wrong = profiles_in(self.path, mark(self.path))
        problems = list(wrong)
        site, of_site = self._of_site(problems)
        theirs: Mapping[str, Profile] = {}
        if project:
            theirs, wrong = profiles_in(project, mark(project), is_project=True)
            problems += wrong
        if refused:
            what, reason = (
                "It belongs to another user, and is not used.",
                "It could take your secrets.",
            )
            if not refused.isprintable():
                what, reason = "It is not used.", "Its path cannot be printed as it is."
            problems.append(Problem(plain(refused), 0, "", what, reason, is_warning=True))
        broken = [one for one in problems if not one.is_warning]
        names = {one.profile for one in broken if one.path == project}
        hidden = {name: mine[name] for name in mine if name in theirs or name in names}
        kept = {name: found for name, found in mine.items() if name not in hidden}
        taken = {*theirs, *mine, *(one.profile for one in broken if one.path != site)}
        kept |= {name: found for name, found in of_site.items() if name not in taken}
        unasked = {name for name, one in theirs.items() if not self._trust.allows(one, self.path)}
        return ProfileListing(
            {**theirs, **kept},
            hidden,
            tuple(problems),
            self.path,
            project,
            frozenset(unasked),
            site,
        )

    @staticmethod
    def _of_site(problems: list[Problem]) -> tuple[str, Mapping[str, Profile]]:
        """Read the site's file; one that is no administrator's has no profiles, with the reason."""
        site = site_file()
        if not site.path:
            return "", {}
        if (why := site.problem) is not None:
            told = why.what.partition(" is ")[2]
            problems.append(Problem(site.path, 0, "", f"It is {told}", why.reason, why.fix))
            return site.path, {}
        found, wrong = profiles_in(site.path, mark(site.path), is_site=True)
        problems += wrong
        return site.path, found


def _broken(problem: Problem, so: str, instead: str = "") -> ProfileError:
    """Make the error of a profile, or of a file of profiles, that cannot be used."""
    if problem.profile:
        so = instead = ""
    return ProfileError(
        f"{problem.where}: {problem.what}",
        f"{problem.reason} {so}".strip(),
        f"{problem.fix} {instead}".strip(),
        "profile-broken",
    )


def _refuse_other_case(word: str, listing: ProfileListing) -> None:
    low = word.lower()
    near = next((name for name in listing.profiles if name.lower() == low), "")
    if near and low != "default":  # which everybody's first alias is called
        raise ProfileError(
            f"There is no profile {shown_name(word)}, but {near}.",
            "The case of letters counts.",
            f"Did you mean {near}? A host of that name is written with its port: {word}:19530",
            "profile-missing",
        )


def _may_be_name(word: str) -> bool:
    """Tell what may be a profile's name from what nobody would take for one."""
    is_place = (
        word.lower() == "localhost" or word.endswith(".db") or word.replace(".", "").isdigit()
    )
    return is_name(word) and not is_place
