"""Saving a connection as a profile, with its secret in the keyring; and deleting both."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ..errors import MilvusNbError, ProfileError
from ..params.secret import Secret
from . import secrets
from .conversion import profile_of
from .reference import SecretRef

if TYPE_CHECKING:
    from ..params.endpoint import ConnectionParams
    from .profile import Profile
    from .store import ProfileStore

__all__ = ["delete", "of_connection", "save", "secret_for"]


def of_connection(
    store: ProfileStore,
    params: ConnectionParams,
    name: str,
    secret: str = "",
    *,
    project: bool = False,
) -> Profile:
    """Make a profile of a connection; what its own profile says of secret and guard is kept.

    Parameters
    ----------
    store
        Where the connection's own profile may be.
    params
        The connection's.
    name
        The profile's.
    secret
        See `SecretRef.parse`; empty: as the connection got it.
    project
        Whether paths are to be written from the project's folder.

    Raises
    ------
    ProfileError
        `secret` is no reference.
    """
    guard = params.guard
    ref = SecretRef.parse(secret) if secret else None
    known = store.find().profiles.get(guard.profile)
    is_same = known is not None and known.seal == guard.seal and store.is_allowed(known)
    if ref is None and known is not None and is_same and not guard.overrides:
        ref = known.secret
    folder = store.project_folder() if project else ""
    profile = profile_of(name, params, ref, folder)
    return replace(profile, label=guard.label, color=guard.color, confirm=guard.confirm)


def secret_for(profile: Profile, made: Profile, params: ConnectionParams) -> Secret:
    """Give the secret of a connection for the keyring, where a profile goes to the same account.

    Parameters
    ----------
    profile
        What is to be saved.
    made
        What `of_connection` made of the connection.
    params
        The connection's.

    Raises
    ------
    ProfileError
        It goes elsewhere, as somebody else, or trusts others: there it would be another's secret.
    """
    if profile.secret.kind != "keyring":
        return Secret()
    if secrets.account_of(profile, profile.user) == secrets.account_of(made, made.user):
        return params.endpoint.secret
    raise ProfileError(
        f"The secret for {profile.address} is needed.",
        "The connection has another address, user or TLS, and its secret stays there.",
        'Type it, or choose another way: "ask", or "env:NAME".',
        "secret",
    )


def save(
    store: ProfileStore,
    profile: Profile,
    secret: Secret | None = None,
    *,
    project: bool | None = None,
    replace_it: bool = False,
    trusted: bool = True,
) -> Profile:
    """Save a profile, and its secret in the keyring where it belongs there.

    Parameters
    ----------
    store, profile, project, replace_it
        See `ProfileStore.save`.
    secret
        The password or token, if it is known here.
    trusted
        Whether it is the user's own word, who then need not allow it once more in a project: not so
        where something was changed that was not allowed before.

    Raises
    ------
    ProfileError, MissingExtraError
        It cannot be saved. Where only the keyring refuses, the profile is saved with a secret that
        is asked for.
    """
    saved = store.save(profile, project=project, replace_it=replace_it)
    if trusted:
        store.allow(saved)
    if saved.secret.kind == "keyring" and secret:
        try:
            secrets.keep(saved, secret)
        except MilvusNbError as error:
            asked = replace(saved, secret=SecretRef("ask"))
            asked = store.save(asked, project=saved.is_project, replace_it=True)
            if trusted:
                store.allow(asked)
            what = f"{profile.name} is saved, but its secret will be asked for."
            raise type(error)(what, f"{error.what} {error.reason}".strip(), error.fix) from None
    return saved


def delete(store: ProfileStore, name: str) -> str:
    """Delete a profile, and its secret in the keyring unless another needs it.

    Returns
    -------
    str
        What was done.

    Raises
    ------
    ProfileError
        There is none, or its file cannot be written.
    """
    profile = store.find().profiles.get(name)
    told = f"Deleted {name} from {store.delete(name)}."
    if profile is None or profile.secret.kind != "keyring":
        return told
    listing = store.find()
    others = [*listing.profiles.values(), *listing.hidden.values()]
    if any(_account(other) == _account(profile) for other in others):
        return f"{told} Its secret stays in the keyring: another profile uses it."
    try:
        was_there = secrets.forget(profile)
    except MilvusNbError as error:
        return f"{told} Its secret is still in the keyring. {error.what} {error.reason}"
    return f"{told} Its secret was taken out of the keyring." if was_there else told


def _account(profile: Profile) -> str:
    """Give where a profile's secret is in the keyring; empty where it is not there."""
    if profile.secret.kind != "keyring":
        return ""
    try:
        return secrets.account_of(profile, profile.user)
    except MilvusNbError:  # its address leads nowhere
        return ""
