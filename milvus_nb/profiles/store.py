"""The user's profiles and the project's, and changing them."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..errors import Advice, Offer, ProfileError
from . import files, writing
from .editing import edited
from .files import SECTION
from .known import KnownProfiles
from .listing import profiles_in
from .profile import KEYS, Profile
from .reference import clear_in

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["ProfileStore"]


class ProfileStore(KnownProfiles):
    """Profiles in the user's file, and in a project's file that wins. Thread-safe.

    Parameters
    ----------
    folder, top, path
        As in `KnownProfiles`.
    """

    def save(
        self, profile: Profile, *, project: bool | None = None, replace_it: bool = False
    ) -> Profile:
        """Write a profile; comments, order and unknown keys of the file stay.

        Parameters
        ----------
        profile
            Checked, and written as it is. A `default` takes that mark from the file's others.
        project
            Whether into the project's file, which is made in the notebook's folder where there is
            none. None: where the profile of this name stands, else the user's.
        replace_it
            Whether it may take the place of one of that name, in the same file.

        Returns
        -------
        Profile
            As it is known from now on.

        Raises
        ------
        ProfileError
            It is not valid, there is one of this name, or the file cannot be written.
        """
        if project is None:
            known = self.find().profiles.get(profile.name)
            project = known is not None and known.is_project
        if replace_it and not project:
            self._refuse_site(self.find().profiles.get(profile.name))
        path = self._search.place(self.path) if project else self.path
        profile = replace(profile, path=path, is_project=project, is_site=False)
        profile.check()
        if not project:
            self._refuse_hidden(profile.name)

        def change(profiles: dict[str, Any]) -> None:
            if profile.name in profiles and not replace_it:
                raise ProfileError(
                    f"There is a profile {profile.name} in {path}.",
                    "",
                    "Give another name, or --replace (replace).",
                    "profile-exists",
                    Advice("Give another name, or replace that one.", (Offer("replace"),)),
                )
            _put(profiles, profile)
            if profile.default:
                for name, entry in profiles.items():
                    if name != profile.name and isinstance(entry, dict):
                        entry.pop("default", None)

        self._edit(path, change, is_project=project)
        return profile  # not what is found by its name, which may be another's

    def _refuse_hidden(self, name: str) -> None:
        """Refuse a name of the user's own that a project's profile would hide."""
        listing = self.find()
        project = listing.project_path
        known, problem = listing.profiles.get(name), listing.problem_of(name)
        theirs = known is not None and known.is_project
        if theirs or (problem is not None and problem.path == project and project):
            raise ProfileError(
                f"{project} has a profile {name}, which would hide this one.",
                "A project's profiles win.",
                "Give another name, or save it for the project: --project",
                "profile-exists",
                Advice("Give another name, or save it for the project."),
            )

    def rename(self, name: str, new_name: str) -> Profile:
        """Give a profile another name; ProfileError where that is taken."""
        profile = self.get(name)
        self._refuse_site(profile)
        renamed = replace(profile, name=new_name)
        renamed.check()
        if not profile.is_project:
            self._refuse_hidden(new_name)

        def change(profiles: dict[str, Any]) -> None:
            if new_name in profiles:
                raise ProfileError(
                    f"There is a profile {new_name} already.", "", "Choose another name."
                )
            profiles[new_name] = profiles.pop(name)

        self._edit(profile.path, change, is_project=profile.is_project)
        return renamed

    def delete(self, name: str) -> str:
        """Delete a profile, the project's where both have one; give the path of its file.

        A broken one can be deleted as well.

        Raises
        ------
        ProfileError
            There is none, or the file cannot be written.
        """
        path = self._path_of(name)
        if self.is_site(path):
            raise _of_site(name, path)
        self._edit(path, lambda profiles: profiles.pop(name), is_project=self.is_project(path))
        return path

    def raw(self, name: str) -> tuple[dict[str, Any], str]:
        """Give a profile's keys as they stand in its file, and the file: a secret in clear as well.

        Raises
        ------
        ProfileError
            There is no such profile.
        """
        path = self._path_of(name)
        document = files.load(path, files.read_text(path) or "")
        return dict(document.get(SECTION, {}).get(name, {})), path

    def is_project(self, path: str) -> bool:
        """Tell whether a file is the project's."""
        return path == self.find().project_path

    def is_site(self, path: str) -> bool:
        """Tell whether a file is the site's."""
        return bool(path) and path == self.find().site_path

    def _refuse_site(self, profile: Profile | None) -> None:
        """Refuse to change a profile of the site's."""
        if profile is not None and profile.is_site:
            raise _of_site(profile.name, profile.path)

    def project_folder(self) -> str:
        """Give the folder of the project's file, also of one that is still to be made."""
        return os.path.dirname(self._search.place(self.path))

    def put(self, profile: Profile) -> None:
        """Write a profile in its file; what stood there in clear is taken out."""
        self._refuse_site(profile)
        self._edit(
            profile.path, lambda profiles: _put(profiles, profile), is_project=profile.is_project
        )

    def _path_of(self, name: str) -> str:
        """Give the file in which a profile stands, a broken one as well; ProfileError: nowhere."""
        listing = self.find()
        known = listing.profiles.get(name) or listing.problem_of(name) or self.get(name)  # raises
        return known.path

    def _edit(
        self, path: str, change: Callable[[dict[str, Any]], object], *, is_project: bool
    ) -> None:
        writing.rewrite(
            path,
            lambda text: edited(path, text, change, is_shared=is_project),
            lock_folder=os.path.dirname(self.path),
            is_shared=is_project,
        )
        profiles_in.cache_clear()
        self._forget()


def _of_site(name: str, path: str) -> ProfileError:
    return ProfileError(
        f"{name} is a profile of the site: it cannot be changed here.",
        f"It stands in {path}, which administrators change.",
        "Ask yours, or save one of your own under this name: it wins.",
        "site-profile",
    )


def _put(profiles: dict[str, Any], profile: Profile) -> None:
    """Put a profile in; unknown keys stay, but for secrets in clear."""
    entry = profiles.get(profile.name)
    known = entry if isinstance(entry, dict) else {}
    gone = {*KEYS, *clear_in(known, KEYS)}
    kept = {key: value for key, value in known.items() if key not in gone}
    profiles[profile.name] = kept | profile.table()
