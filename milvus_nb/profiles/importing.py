"""Profiles of what other tools have saved: the Milvus CLI, the environment, a pasted line."""

from __future__ import annotations

import json
import os
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ..errors import MilvusNbError, ProfileError
from ..params import parsing
from . import files, saving, secrets
from .conversion import profile_of
from .places import place_of_profile
from .profile import check_name, fingerprint
from .reference import SecretRef

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from ..params.endpoint import ConnectionParams
    from ..params.secret import Secret
    from .profile import Profile
    from .store import ProfileStore

__all__ = [
    "CLI_FILE",
    "Candidate",
    "bring",
    "candidates",
    "from_cli",
    "from_environment",
    "from_pasted",
    "mark",
    "save",
]

#: Where the Milvus CLI (1.2) keeps its connections, tokens in clear.
#: Source: https://github.com/zilliztech/milvus_cli, milvus_cli/history.py
CLI_FILE: Final = "~/.milvus_cli_connections.json"

_MOST_BYTES: Final = 100_000

Imported = tuple["Profile", "Secret"]


def from_cli() -> Iterator[Imported | MilvusNbError]:
    """Give a profile and its secret for each connection that the Milvus CLI has saved.

    One that cannot be used is given as the error that says why.

    Raises
    ------
    ProfileError
        There is no such file, or it is broken.
    """
    path = os.path.expanduser(CLI_FILE)
    text = files.read_text(path, _MOST_BYTES, is_trusted=True)
    if text is None:
        raise ProfileError(
            "The Milvus CLI has saved no connections.",
            f"There is no file {CLI_FILE}.",
            "It is made by the CLI's connect, version 1.2 or later.",
        )
    try:
        entries = json.loads(text)
    except ValueError:
        entries = None
    if not isinstance(entries, dict):
        raise ProfileError(f"{CLI_FILE} cannot be read.", "It is no JSON object.", "")
    for alias, entry in entries.items():
        try:
            yield _of_cli(str(alias), entry)
        except MilvusNbError as error:
            yield error


class Candidate(NamedTuple):
    """What the Milvus CLI has saved and no profile has, as somebody is asked about it."""

    #: What is the same for as long as it would be the same profile.
    id: str
    name: str
    #: Where it goes, in words.
    place: str
    user: str
    #: Whether somebody signs in.
    has_secret: bool
    #: Why it cannot become a profile, or empty.
    problem: str


def candidates(store: ProfileStore) -> list[Candidate]:
    """Give what the Milvus CLI has saved, but for what is a profile already.

    There are none where there is no file of the CLI's, or where it cannot be read.
    """
    return [candidate for candidate, _ in _candidates(store)]


def mark() -> object:
    """Give something that differs when what the Milvus CLI has saved does."""
    return files.mark(os.path.expanduser(CLI_FILE))


def bring(store: ProfileStore, ids: Collection[str]) -> tuple[list[str], list[str]]:
    """Make profiles of some candidates, as they were shown; nothing takes another's place.

    Returns
    -------
    (list of str, list of str)
        The names of those that are profiles now; and a sentence on each that is not.
    """
    brought: list[str] = []
    left: list[str] = []
    found = {candidate.id: made for candidate, made in _candidates(store)}
    works = secrets.keyring_works()
    for one in ids:
        made = found.get(one)
        if made is None:
            left.append("One has changed meanwhile, or has a profile by now: look again.")
            continue
        try:
            brought.append(save(store, made, works=works, project=False).name)
        except MilvusNbError as error:
            left.append(" ".join(error.lines))
    return brought, left


def save(
    store: ProfileStore,
    imported: Imported,
    *,
    works: bool,
    project: bool | None = None,
    replace_it: bool = False,
) -> Profile:
    """Save what was imported; without a keyring its secret will be asked for.

    Parameters
    ----------
    store, project, replace_it
        See `ProfileStore.save`.
    imported
        The profile, and its secret.
    works
        See `secrets.keyring_works`.

    Raises
    ------
    ProfileError, MissingExtraError
        See `saving.save`.
    """
    profile, secret = imported
    if profile.secret.kind == "keyring" and not works:
        profile = replace(profile, secret=SecretRef("ask"))
    return saving.save(store, profile, secret, project=project, replace_it=replace_it)


def from_environment(name: str = "") -> Imported:
    """Give a profile of ``MILVUS_URI`` and ``MILVUS_TOKEN``.

    Raises
    ------
    ProfileError
        The first is not set.
    ParamsError
        They cannot be used.
    """
    if not os.environ.get("MILVUS_URI", "").strip():
        raise ProfileError(
            "MILVUS_URI is not set.", "It says where Milvus is.", "Set it before the kernel starts."
        )
    return _made(name, parsing.parse())


def from_pasted(text: str, name: str = "") -> Imported:
    """Give a profile of a line of code or of a shell; nothing of it is run.

    Raises
    ------
    ParamsError
        It cannot be read.
    """
    from ..code import paste

    found = paste.read(text)
    return _made(name or found.alias, parsing.parse(**found.given, env={}))


def _candidates(store: ProfileStore) -> Iterator[tuple[Candidate, Imported | None]]:
    try:
        saved = list(from_cli())
    except ProfileError:
        return
    known = store.find().profiles
    names: set[str] = set()
    for imported in saved:
        if isinstance(imported, MilvusNbError):
            what = " ".join(filter(None, (imported.what, imported.reason)))
            yield Candidate("", "", "", "", has_secret=False, problem=what), None
            continue
        profile, secret = imported
        same = known.get(profile.name)
        if same is not None and _goes(same) == _goes(profile):
            continue
        problem = ""
        if profile.name in store:
            problem = f"There is another profile {profile.name}."
        elif profile.name in names:
            problem = f"Two of them would be the profile {profile.name}."
        names.add(profile.name)
        number = fingerprint([profile.name, profile.seal, profile.db_name])
        place, user, _ = _goes(profile)
        candidate = Candidate(number, profile.name, place, user, bool(secret), problem)
        yield candidate, None if problem else imported


def _goes(profile: Profile) -> tuple[str, str, str]:
    """Tell where a profile goes, and as who, however it is written."""
    return place_of_profile(profile), profile.user, profile.db_name


def _of_cli(alias: str, entry: Any) -> Imported:
    uri = entry.get("uri") if isinstance(entry, dict) else None
    if not uri:
        raise ProfileError(
            f"{alias[:40]!r} of the Milvus CLI has no address.", "", f"Look at {CLI_FILE}."
        )
    mode = entry.get("tlsmode")
    if mode not in (None, "", 0, 1, 2, "0", "1", "2"):
        raise ProfileError(
            f"{alias[:40]!r} of the Milvus CLI has a tlsmode that is not known.",
            "It is 0, 1 or 2.",
            f"Look at {CLI_FILE}.",
        )
    params = parsing.parse(
        uri=uri,
        token=entry.get("token"),
        secure=True if str(mode) in ("1", "2") else None,
        server_pem_path=entry.get("cert"),
        env={},
    )
    return _made("" if alias == uri else alias, params)


def _made(name: str, params: ConnectionParams) -> Imported:
    endpoint = params.endpoint
    name = _plain(name) or _plain(endpoint.host or os.path.basename(endpoint.path)) or "milvus"
    check_name(name)
    variable = params.password_env or params.token_env
    ref = None if variable else SecretRef("keyring")
    return profile_of(name, params, ref), endpoint.secret


def _plain(text: str) -> str:
    """Make a profile's name of a text."""
    return re.sub(r"[^\w.+-]+", "-", text).strip("-.+")[:64]
