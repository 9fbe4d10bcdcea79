"""What stands in the files of profiles, and what is wrong there."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from ..errors import MilvusNbError, ProfileError
from ..params.suggestion import closest
from . import files
from .files import MOST_PROFILES, SECTION
from .profile import KEYS, Profile

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Problem", "ProfileListing", "profiles_in"]


@dataclass(frozen=True, slots=True)
class Problem:
    """Something in a file of profiles that is not as it should be.

    Parameters
    ----------
    path, line
        Where; the line is 0 where it is not known.
    profile
        Which profile; empty where it is about the file.
    what, reason, fix
        As in `MilvusNbError`.
    is_warning
        Whether the profile works nevertheless.
    is_default
        Whether it is about the profile that ``%milvus connect`` alone means.
    """

    path: str
    line: int
    profile: str
    what: str
    reason: str = ""
    fix: str = ""
    is_warning: bool = False
    is_default: bool = False

    @property
    def where(self) -> str:
        """The file and the line."""
        return f"{self.path}, line {self.line}" if self.line else self.path

    def __str__(self) -> str:
        told = (f"{self.where}: {self.what}", self.reason, self.fix)
        return " ".join(part for part in told if part)


@dataclass(frozen=True, slots=True)
class ProfileListing:
    """What stands in the files.

    Parameters
    ----------
    profiles
        By name; the project's win, and the user's own over the site's.
    hidden
        Those of the user's own that a project's profile of the same name hides.
    problems
        What is wrong, and what is only unknown.
    user_path, project_path, site_path
        The files; the second and the third are empty where there is none.
    unasked
        The names of a project's profiles that their user has not allowed yet.
    """

    profiles: Mapping[str, Profile] = field(default_factory=dict)
    hidden: Mapping[str, Profile] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    user_path: str = ""
    project_path: str = ""
    unasked: frozenset[str] = frozenset()
    site_path: str = ""

    @property
    def default(self) -> Profile | None:
        """The profile that ``%milvus connect`` alone means; the project's first, once allowed."""
        marked = self._marked_by_project()
        if marked is not None and marked.name not in self.unasked:
            return marked
        known = [one for one in self.profiles.values() if not one.is_project]
        mine = [one for one in known if not one.is_site]
        rest = [one for one in known if one.is_site]
        return next((one for one in (*mine, *self.hidden.values(), *rest) if one.default), None)

    @property
    def default_unasked(self) -> Profile | None:
        """The project's default, where it was not allowed yet."""
        marked = self._marked_by_project()
        return marked if marked is not None and marked.name in self.unasked else None

    def _marked_by_project(self) -> Profile | None:
        return next((one for one in self.profiles.values() if one.default and one.is_project), None)

    def hides(self, name: str) -> Problem | None:
        """Give what keeps a profile of this name from being known, or one that would win.

        It is broken, or a file cannot be read: then whatever may stand there is not known.
        """
        rank = _rank(self.profiles.get(name))
        return self.problem_of(name, rank) or self._unread(rank)

    def hides_default(self) -> Problem | None:
        """Give what keeps the default profile from being known, or one that would win."""
        rank = _rank(self.default)
        for one in self.problems:
            if one.is_default and self._rank_of(one.path) > rank:
                return one
        return self._unread(rank)

    def _unread(self, rank: int) -> Problem | None:
        """Give what is wrong with a whole file that wins over one of a rank."""
        for one in self.problems:
            is_file = not (one.profile or one.is_warning)
            if is_file and self._rank_of(one.path) > rank:
                return one
        return None

    def problem_of(self, name: str, rank: int = -1) -> Problem | None:
        """Give what makes a profile of this name unusable, in a file that wins over a rank."""
        for one in self.problems:
            is_its = one.profile == name and not one.is_warning
            if is_its and self._rank_of(one.path) > rank:
                return one
        return None

    def _rank_of(self, path: str) -> int:
        """Say which files win: the project's over the user's, and that over the site's."""
        if path and path == self.project_path:
            return _PROJECT
        return _SITE if path and path == self.site_path else _USER


# A file of a higher rank wins.
_NOWHERE, _SITE, _USER, _PROJECT = -1, 0, 1, 2


def _rank(profile: Profile | None) -> int:
    if profile is None:
        return _NOWHERE
    return _PROJECT if profile.is_project else _SITE if profile.is_site else _USER


@functools.lru_cache(maxsize=16)
def profiles_in(
    path: str, _mark: object, *, is_project: bool = False, is_site: bool = False
) -> tuple[Mapping[str, Profile], tuple[Problem, ...]]:
    """Read a file of profiles, once for each content; nothing is raised.

    Parameters
    ----------
    path
        The file.
    _mark
        What differs when the file does.
    is_project, is_site
        Whether it is a project's, or the site's.

    Returns
    -------
    tuple
        The profiles by name, and what is wrong with the file.
    """
    problems: list[Problem] = []
    found = _read(path, problems, is_project=is_project, is_site=is_site)
    return found, tuple(problems)


def _read(path: str, problems: list[Problem], **whose: bool) -> dict[str, Profile]:
    try:
        text = files.read_text(path)
        document = files.load(path, text) if text else {}
    except MilvusNbError as error:
        told = error.what.removeprefix(path).lstrip(",: ").removeprefix("is not used: ")
        problems.append(Problem(path, 0, "", told, error.reason, error.fix))
        return {}
    book = _Book(path, text or "", problems)

    for key in document:
        if key != SECTION:
            book.note_unknown("", key)
    section = document.get(SECTION, {})
    if not isinstance(section, dict) or len(section) > MOST_PROFILES:
        book.note("", "", _MANY if isinstance(section, dict) else _NO_TABLE)
        return {}
    found: dict[str, Profile] = {}
    for name, values in section.items():
        if not isinstance(values, dict):
            book.note(name or '""', "", _NO_TABLE)
            continue
        try:
            found[name] = Profile.read(name, values, path, **whose)
        except ProfileError as error:
            wrong = (error.what, error.reason, error.fix)
            book.note(name or '""', error.cause, wrong, is_default=values.get("default") is True)
        else:
            book.note_unknown_of(name, values)
    return found


class _Book:
    """What is wrong in one file."""

    def __init__(self, path: str, text: str, problems: list[Problem]) -> None:
        self._path = path
        self._lines = files.Lines(text)
        self._problems = problems
        self._warnings = 0

    def note(
        self,
        name: str,
        key: str,
        error: tuple[str, str, str],
        *,
        is_warning: bool = False,
        is_default: bool = False,
    ) -> None:
        line = self._lines.of(name, key) if name else 0
        what, reason, fix = error
        self._problems.append(
            Problem(self._path, line, name, what, reason, fix, is_warning, is_default)
        )

    def note_unknown_of(self, name: str, values: Mapping[str, object]) -> None:
        for key in values:
            if key not in KEYS:
                self.note_unknown(name, key)

    def note_unknown(self, name: str, key: str) -> None:
        self._warnings += 1
        if self._warnings > _MOST_WARNINGS:
            return
        if self._warnings == _MOST_WARNINGS:
            more = ("There are more keys that are not known.", "", "They are left alone.")
            self.note("", "", more, is_warning=True)
            return
        near = closest(key[:_MOST_KEY], KEYS) if name else ""
        fix = f"Did you mean {near}?" if near else "It is left alone."
        self.note(name, key, (f"{key[:_MOST_KEY]!r} is not known.", "", fix), is_warning=True)


_MANY: Final = (
    f"It has more than {MOST_PROFILES} profiles.",
    "None of them is known.",
    "Take out those that nobody needs.",
)
_MOST_KEY: Final = 40  # characters of one that is not known
#: So many of a file's warnings are told.
_MOST_WARNINGS: Final = 20
_NO_TABLE: Final = ("It is not a table.", "", "Write [profiles.NAME], and below it the keys.")
