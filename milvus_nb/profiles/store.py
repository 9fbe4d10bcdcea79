"""The user's profiles and the project's: which there are, which one wins, and changing them."""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from ..base.printing import visible
from ..base.suggestion import closest
from ..errors import ProfileError
from ..params.secret import shown_name
from ..probing.outside import plain
from . import files
from .files import SECTION
from .listing import Found, Problem, profiles_in
from .location import user_file
from .places import place_of_profile, sends
from .profile import KEYS, Profile, clear_in, is_name
from .trust import Trust

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["PROJECT_FILE", "ProfileStore"]

#: A project's file, found in the notebook's folder or above it.
PROJECT_FILE: Final = "milvus.toml"

_HEAD: Final = (
    "Profiles of milvus_nb, see %milvus help profile. They refer to secrets and never hold one."
)
_SHARED: Final = "Meant for version control: everybody who has the project can read it."


class ProfileStore:
    """Profiles in the user's file, and in a project's file that wins. Thread-safe.

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
        self._folder = folder
        self._top = top
        self._path = path
        self._lock = threading.Lock()
        self._cache: tuple[object, Found] | None = None
        self._trust = Trust()

    def __reduce__(self) -> tuple[Any, ...]:
        # Used by pickle and copy alike: the files are read where it arrives.
        return type(self), (self._folder, self._top, self._path)

    # Reading

    @property
    def path(self) -> str:
        """The user's file."""
        return self._path or user_file()

    def project_path(self) -> str:
        """Find the project's file; empty where there is none, or it is another user's."""
        return self._project()[0]

    def find(self) -> Found:
        """Give what stands in the files now; they are read again once they have changed.

        It raises nothing: what is wrong is in `Found.problems`.
        """
        signature = self.signature()
        with self._lock:
            if self._cache is None or self._cache[0] != signature:
                self._cache = (signature, self._read())
            return self._cache[1]

    def signature(self) -> object:
        """Give something that differs when the files do."""
        project, refused = self._project()
        return _mark(self.path), _mark(project), refused, self._trust.mark(self.path)

    def get(self, name: str) -> Profile:
        """Give a profile.

        Raises
        ------
        ProfileError
            There is none of this name, or it cannot be used.
        """
        found = self.find()
        if (problem := found.hides(name)) is not None:
            raise _broken(problem, f"So it is not known what the profile {name} is.")
        if (profile := found.profiles.get(name)) is not None:
            return profile
        near = closest(name, found.profiles)
        names = ", ".join(list(found.profiles)[:8])
        raise ProfileError(
            f"There is no profile {shown_name(name)}.",
            f"There are: {names}." if names else "None was saved yet.",
            f"Did you mean {near}?" if near else "Save one: %milvus profile save ALIAS",
            "profile-missing",
        )

    def __contains__(self, name: object) -> bool:
        found = self.find()
        return isinstance(name, str) and (
            name in found.profiles or found.problem_of(name) is not None
        )

    def meant_by(self, word: str) -> Profile | None:
        """Give the profile that a word means, which may be an address or an alias; None: none.

        Raises
        ------
        ProfileError
            It is broken, or a file where it may stand cannot be read. Where nobody knows what a
            word means, nothing is connected, and no secret is sent to a host of that name.
        """
        found = self.find()
        known, problem = found.profiles.get(word), found.hides(word)
        if problem is None:
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
        found = self.find()
        if (problem := found.hides_default()) is not None:
            raise _broken(
                problem,
                "So it is not known which profile is the default.",
                "Or say where to connect: %milvus connect ADDRESS",
            )
        return found.default

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
        with self._lock:
            self._cache = None
        return told

    def revoke(self, profile: Profile) -> bool:
        """Take back what `allow` has allowed: it is asked about again; whether it was allowed.

        Raises
        ------
        ProfileError
            What is allowed cannot be written.
        """
        was_allowed = self._trust.revoke(profile, self.path)
        with self._lock:
            self._cache = None
        return was_allowed

    # Changing

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
        path = self._file(project=project)
        profile = replace(profile, path=path, is_project=project)
        profile.check()
        if not project:
            self._refuse_hidden(profile.name)
        table = profile.table()

        def change(document: Any) -> None:
            section = _section(document, path, is_project=bool(project))
            if profile.name in section and not replace_it:
                raise ProfileError(
                    f"There is a profile {profile.name} in {path}.",
                    "",
                    "Give another name, or --replace (replace).",
                    "profile-exists",
                )
            _write(section, profile.name, table)
            if profile.default:
                _take_default(section, profile.name)

        def same(plain: dict[str, Any]) -> None:
            section = plain.setdefault(SECTION, {})
            _write_plain(section, profile.name, table)
            if profile.default:
                _take_default(section, profile.name)

        self._edit(path, change, same, project=bool(project))
        return profile  # not what is found by its name, which may be another's

    def _refuse_hidden(self, name: str) -> None:
        """Refuse a name of the user's own that a project's profile would hide."""
        found = self.find()
        project = found.project_path
        known, problem = found.profiles.get(name), found.problem_of(name)
        theirs = known is not None and known.is_project
        if theirs or (problem is not None and problem.path == project and project):
            raise ProfileError(
                f"{project} has a profile {name}, which would hide this one.",
                "A project's profiles win.",
                "Give another name, or save it for the project: --project",
                "profile-exists",
            )

    def rename(self, name: str, new_name: str) -> Profile:
        """Give a profile another name; ProfileError where that is taken."""
        profile = self.get(name)
        renamed = replace(profile, name=new_name)
        renamed.check()
        if not profile.is_project:
            self._refuse_hidden(new_name)

        def change(document: Any) -> None:
            from tomlkit.items import Table

            section = document[SECTION]
            if new_name in section:
                raise ProfileError(
                    f"There is a profile {new_name} already.", "", "Choose another name."
                )
            if not isinstance(section, Table):  # profiles between tables of others
                table = section[name]
                del section[name]
                section[new_name] = table
                return
            # All are put in again, so that it stays in its place.
            for key, table in list(section.items()):
                del section[key]
                section[new_name if key == name else key] = table

        def same(plain: dict[str, Any]) -> None:
            plain[SECTION][new_name] = plain[SECTION].pop(name)

        self._edit(profile.path, change, same, project=profile.is_project)
        return renamed

    def delete(self, name: str) -> str:
        """Delete a profile, the project's where both have one; give the path of its file.

        A broken one can be deleted as well.

        Raises
        ------
        ProfileError
            There is none, or the file cannot be written.
        """
        found = self.find()
        profile, problem = found.profiles.get(name), found.problem_of(name)
        path = profile.path if profile is not None else problem.path if problem is not None else ""
        if not path:
            self.get(name)  # raises: there is none
        is_project = path == found.project_path

        def change(document: Any) -> None:
            _take_out(document, name)

        def same(plain: dict[str, Any]) -> None:
            del plain[SECTION][name]

        self._edit(path, change, same, project=is_project)
        return path

    def raw(self, name: str) -> tuple[dict[str, Any], str]:
        """Give a profile's keys as they stand in its file, and the file: a secret in clear as well.

        Raises
        ------
        ProfileError
            There is no such profile.
        """
        found = self.find()
        problem, profile = found.problem_of(name), found.profiles.get(name)
        path = profile.path if profile is not None else problem.path if problem is not None else ""
        if not path:
            self.get(name)  # raises: there is none
        document = files.load(path, files.read_text(path) or "")
        return dict(document.get(SECTION, {}).get(name, {})), path

    def is_project(self, path: str) -> bool:
        """Tell whether a file is the project's."""
        return path == self.find().project_path

    def project_folder(self) -> str:
        """Give the folder of the project's file, also of one that is still to be made."""
        return os.path.dirname(self._file(project=True))

    def put(self, profile: Profile) -> None:
        """Write a profile in its file; what stood there in clear is taken out."""
        name = profile.name

        def change(document: Any) -> None:
            section = _section(document, profile.path, is_project=profile.is_project)
            _write(section, name, profile.table())

        def same(plain: dict[str, Any]) -> None:
            _write_plain(plain.setdefault(SECTION, {}), name, profile.table())

        self._edit(profile.path, change, same, project=profile.is_project)

    def _edit(self, path: str, change: Any, same: Any, *, project: bool) -> None:
        files.edit(path, change, same, lock_folder=os.path.dirname(self.path), is_shared=project)
        profiles_in.cache_clear()
        with self._lock:
            self._cache = None

    def _file(self, *, project: bool) -> str:
        if not project:
            return self.path
        found, refused = self._project()
        if refused:
            raise ProfileError(
                f"{plain(refused)} is not used.",
                "It belongs to another user, or its path cannot be printed.",
                "Take it over, rename its folder, or remove it.",
            )
        if not found and not self._start():
            raise ProfileError(
                "There is no folder for a project's profiles.", "", "Save it as one of yours."
            )
        return found or os.path.join(self._start(), PROJECT_FILE)

    def _start(self) -> str:
        if self._folder == "":
            return ""
        try:
            return os.path.realpath(self._folder if self._folder is not None else os.getcwd())
        except OSError:  # the working folder is gone
            return ""

    def _project(self) -> tuple[str, str]:
        """Find the project's file; and one that is refused, for it is another user's."""
        folder, own = self._start(), self.path
        top = os.path.realpath(self._top) if self._top else ""
        while folder:
            path = os.path.join(folder, PROJECT_FILE)
            if path != own:
                try:
                    # Of a link as well: its owner says what it leads to.
                    owners = {os.stat(path).st_uid, os.lstat(path).st_uid}
                except (FileNotFoundError, NotADirectoryError):
                    # A link that leads nowhere is there, and cannot be read.
                    owners = {os.lstat(path).st_uid} if os.path.islink(path) else set()
                except OSError:  # whether it is there is not known; reading it tells why
                    return path, ""
                if owners:
                    # In a folder that all may write to, anybody could say where "prod" is.
                    is_trusted = not hasattr(os, "getuid") or owners <= {os.getuid(), 0}
                    return (path, "") if is_trusted and path.isprintable() else ("", path)
            parent = os.path.dirname(folder)
            folder = "" if folder in (parent, top) else parent
        return "", ""

    def _read(self) -> Found:
        project, refused = self._project()
        mine, wrong = profiles_in(self.path, _mark(self.path), is_project=False)
        problems = list(wrong)
        theirs: Mapping[str, Profile] = {}
        if project:
            theirs, wrong = profiles_in(project, _mark(project), is_project=True)
            problems += wrong
        if refused:
            what, reason = (
                "It belongs to another user, and is not used.",
                "It could take your secrets.",
            )
            if not refused.isprintable():
                what, reason = "It is not used.", "Its path cannot be printed as it is."
            problems.append(Problem(plain(refused), 0, "", what, reason, is_warning=True))
        names = {one.profile for one in problems if one.path == project and not one.is_warning}
        hidden = {name: mine[name] for name in mine if name in theirs or name in names}
        kept = {name: found for name, found in mine.items() if name not in hidden}
        unasked = {name for name, one in theirs.items() if not self._trust.allows(one, self.path)}
        return Found(
            {**theirs, **kept}, hidden, tuple(problems), self.path, project, frozenset(unasked)
        )


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


def _may_be_name(word: str) -> bool:
    """Tell what may be a profile's name from what nobody would take for one."""
    is_place = (
        word.lower() == "localhost" or word.endswith(".db") or word.replace(".", "").isdigit()
    )
    return is_name(word) and not is_place


def _mark(path: str) -> object:
    try:
        found = os.stat(path) if path else None
    except OSError:
        found = None
    # The time of the last change notices also what has become readable, and who can write it.
    return path, found and (found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino)


def _section(document: Any, path: str, *, is_project: bool) -> Any:
    """Give the table of profiles; one is made where there is none."""
    import tomlkit

    if SECTION not in document:
        if not document.as_string().strip():
            document.add(tomlkit.comment(_HEAD))
            if is_project:
                document.add(tomlkit.comment(_SHARED))
            document.add(tomlkit.nl())
        document.add(SECTION, tomlkit.table(is_super_table=True))
    section = document[SECTION]
    if not isinstance(section, dict):
        raise ProfileError(f"{path}: profiles is not a table.", "", "Write [profiles.NAME]")
    return section


def _take_out(document: Any, name: str) -> None:
    """Take a profile out; the comments behind its keys, which may be the next one's, stay."""
    from tomlkit.items import Table, Whitespace

    section = document[SECTION]
    is_table = isinstance(section, Table)  # not so between tables of others
    kept = _behind(section[name]).lstrip() if is_table else ""
    names = [key.key if key is not None else "" for key, _ in section.value.body] if kept else []
    del section[name]
    if kept:
        section.value.body[names.index(name)] = (None, Whitespace(kept))
    if not section and not (is_table and "#" in section.as_string()):
        del document[SECTION]


def _behind(item: Any) -> str:
    """Give the comments and empty lines behind the last key of a table, as they are written."""
    from tomlkit.items import AoT, Table

    if isinstance(item, AoT):
        return _behind(item.body[-1])
    behind = ""
    if isinstance(item, Table):
        for key, inner in item.value.body:
            behind = behind + inner.as_string() if key is None else _behind(inner)
    return behind


def _write(section: Any, name: str, table: Mapping[str, Any]) -> None:
    """Write a profile's keys; what is the same stays untouched, with its comment."""
    import tomlkit

    entry = section.get(name)
    if not isinstance(entry, dict):
        if entry is not None:
            del section[name]
        entry = tomlkit.table()
        for key, value in table.items():
            entry.add(key, value)
        entry.add(tomlkit.nl())
        section[name] = entry
        return
    for key in clear_in(entry):
        del entry[key]
    for key in KEYS:
        if key not in table:
            entry.pop(key, None)
        elif key not in entry or entry[key] != table[key]:
            entry[key] = table[key]


def _take_default(section: Any, name: str) -> None:
    """Leave the mark of the default to this one alone."""
    for other, entry in section.items():
        if other != name and isinstance(entry, dict):
            entry.pop("default", None)


def _write_plain(section: dict[str, Any], name: str, table: Mapping[str, Any]) -> None:
    """Do in plain dicts what `_write` does."""
    entry = section.get(name)
    kept = entry if isinstance(entry, dict) else {}
    left_out = {*KEYS, *clear_in(kept)}
    section[name] = {key: value for key, value in kept.items() if key not in left_out} | dict(table)
