"""A profile → connection parameters, and back."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from ..errors import ProfileError
from ..params import parsing
from ..params.defaults import DEFAULT_TIMEOUT_S
from ..params.tls import PEM_FILES
from ..params.values import is_given
from . import secrets
from .profile import Profile
from .reference import SecretRef

if TYPE_CHECKING:
    from ..params.endpoint import ConnectionParams

__all__ = ["params_of", "profile_of"]

_SECRETS: Final = ("password", "token", "password_env", "token_env")
_PLACES: Final = ("uri", "address", "host", "port")


def params_of(profile: Profile, *, default_timeout: float, **given: Any) -> ConnectionParams:
    """Make connection parameters of a profile; reading the keyring may take long.

    Parameters
    ----------
    profile
        What is connected.
    default_timeout
        Where neither says, in seconds.
    **given
        ``connect``'s keywords that take the place of the profile's. ``secret``: the password or
        token, whichever the profile needs.

    Raises
    ------
    ProfileError
        The secret is missing (its `cause` is ``"secret-needed"``), or `given` names a place.
    ParamsError
        A parameter cannot be used.
    """
    given = {name: value for name, value in given.items() if is_given(value)}
    if place := next((name for name in _PLACES if name in given), ""):
        raise ProfileError(
            f"Profile {profile.name} has an address: {profile.address}.",
            f"{place} names another place, which is not to get the profile's secret.",
            f"Leave {place} out, or connect without the profile.",
        )
    secret = given.pop("secret", None)
    wanted = profile.keywords() | given
    if not given.keys() & set(_SECRETS):
        user = wanted.get("user", "")
        if secret:
            wanted["password" if user else "token"] = secret
        elif not profile.is_path:
            wanted |= secrets.read(profile, user)
    elif given.keys() & {"token", "token_env"}:
        wanted.pop("user", None)
    found = parsing.parse(**wanted, default_timeout=default_timeout)
    return replace(found, guard=profile.guard().beside(found.plain(), given))


def profile_of(
    name: str, params: ConnectionParams, secret: SecretRef | None = None, folder: str = ""
) -> Profile:
    """Make a profile of connection parameters; their secret is left out.

    Parameters
    ----------
    name
        The profile's.
    params
        Of a connection, or of what was pasted. gRPC's own options are not kept.
    secret
        Where the secret comes from; None: from the variable that it was read from, else it is asked
        for.
    folder
        Paths inside are written from there; others are absolute.
    """
    endpoint, tls = params.endpoint, params.endpoint.tls
    kept = SecretRef()
    if endpoint.auth != "none":
        variable = params.password_env or params.token_env
        kept = secret or (SecretRef("env", variable) if variable else SecretRef("ask"))
    # A token of the environment says the user, too.
    is_token = bool(params.token_env) and kept == SecretRef("env", params.token_env)
    files: dict[str, Any] = {key: _inside(getattr(tls, key), folder) for key in PEM_FILES}
    address = _inside(endpoint.path, folder, "./") if endpoint.kind == "lite" else endpoint.address
    return Profile(
        name,
        address,
        user="" if is_token else params.user,
        secret=kept,
        db_name=params.db_name,
        secure=True if params.secure and "://" not in endpoint.address else None,
        **files,
        server_name=tls.server_name,
        timeout=None if params.timeout == DEFAULT_TIMEOUT_S else params.timeout,
    )


def _inside(path: str, folder: str, start: str = "") -> str:
    if not path or not folder:
        return path
    try:
        found = os.path.relpath(path, folder)
    except ValueError:  # another drive of Windows
        return path
    return path if found.startswith(os.pardir) else start + found.replace(os.sep, "/")
