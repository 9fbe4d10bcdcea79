"""Where a profile's secret comes from when it connects: the environment, or the system's keyring.

In the keyring a secret belongs to a user at an address, not to a profile's name: a project's file
that calls another server "prod" does not get what is kept for yours.
"""

from __future__ import annotations

import functools
import os
from typing import TYPE_CHECKING, Any, Final

from ..errors import Advice, MilvusNbError, MissingExtraError, ProfileError
from ..params import parsing
from ..params.address import parse_address
from ..params.dotenv import set_by
from ..params.secret import Secret, shown_name
from ..params.tls import PEM_FILES
from ..printing import printable
from .profile import KEYS
from .reference import SecretRef, clear_in

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType

    from .profile import Profile

__all__ = [
    "account_of",
    "forget",
    "keep",
    "keyring_works",
    "place_of",
    "read",
    "require_keyring",
    "taken_out",
]

#: Under this name the system's keyring lists what is kept.
SERVICE: Final = "milvus_nb"


def read(profile: Profile, user: str) -> dict[str, Any]:
    """Give the keywords of ``connect`` that sign in as a profile says; it may take long.

    Parameters
    ----------
    profile
        Whose secret; one that has to be asked for is not known here.
    user
        Who signs in, which need not be the profile's; empty with a token.

    Raises
    ------
    ProfileError
        There is no such secret; the `cause` is ``"secret-needed"`` where the user can give it.
    MissingExtraError
        The package keyring is not installed.
    """
    name = "password" if user else "token"
    kind = profile.secret.kind
    if kind == "none":
        return {}
    if kind == "env":
        return {f"{name}_env": profile.secret.variable}
    if kind == "ask":
        raise _needed(profile, name, "The profile says that it is asked for.")
    try:
        account = account_of(profile, user)
        found = _call("get_password", account)
    except MilvusNbError as error:  # then it can be typed
        raise _needed(profile, name, f"{error.what} {error.reason}") from None
    if not found:
        raise _needed(profile, name, f"The keyring has none for {account}.")
    return {name: Secret(found)}


def keep(profile: Profile, secret: Secret) -> str:
    """Keep a password or token in the keyring; give the name under which it is there.

    Raises
    ------
    ProfileError
        The system has no keyring, or it refuses.
    MissingExtraError
        The package keyring is not installed.
    """
    account = account_of(profile, profile.user)
    _call("set_password", account, secret.reveal())
    # There are keyrings that keep nothing, to switch it off.
    if _call("get_password", account) != secret.reveal():
        raise ProfileError(
            "The system's keyring has not kept the secret.",
            f"It is {type(_keyring().get_keyring()).__module__}.",
            'Use another way: secret = "ask" or "env:NAME"',
            "keyring",
        )
    return account


def forget(profile: Profile) -> bool:
    """Take a profile's secret out of the keyring; whether there was one. Errors as in `keep`."""
    account = account_of(profile, profile.user)
    if not _call("get_password", account):
        return False
    _call("delete_password", account)
    return True


def taken_out(table: Mapping[str, Any]) -> tuple[Secret | None, dict[str, Any]]:
    """Take a secret that stands in clear out of a profile's keys.

    Parameters
    ----------
    table
        The keys as they stand in the file.

    Returns
    -------
    Secret or None
        The password or token, if there is one.
    dict of str to Any
        The other keys; the user of a sign-in in the address, or in the token, is one of them.
    """
    found_in = clear_in(table, KEYS)
    rest = {key: value for key, value in table.items() if key not in found_in}
    clear = list(found_in.values())
    if len(clear) > 1:
        raise ProfileError(
            "Two secrets stand in clear in this profile.", "", "Remove one from the file first."
        )
    found = str(clear[0]) if clear else ""
    address = rest.get("address", "")
    if isinstance(address, str) and "@" in address:
        place = parse_address(address, "address")
        scheme, slashes, tail = address.rpartition("://")
        rest["address"] = f"{scheme}{slashes}{tail.rpartition('@')[2]}"
        rest["user"] = place.user or rest.get("user", "")
        found = found or place.password.reveal()
        if not place.password.reveal():
            rest.pop("user")
            found = found or place.user
    reference = rest.get("secret", "")
    if isinstance(reference, str) and not found and reference:
        try:
            SecretRef.parse(reference)
        except ProfileError:
            found = reference
    rest.pop("secret", None)
    user, colon, password = found.partition(":")
    if colon and user and rest.get("user", user) in ("", user):
        rest["user"], found = user, password
    return (Secret(found) if found else None), rest


def require_keyring() -> None:
    """Make sure that there is a keyring, before a secret is typed for it. Errors as in `keep`."""
    backend = _keyring().get_keyring()
    if not backend.priority > 0:
        raise ProfileError(
            "The system has no keyring to keep a secret in.",
            f"The package keyring has found none: {type(backend).__module__}.",
            'Use another way: secret = "ask" or "env:NAME"',
            "keyring",
        )


def keyring_works() -> bool:
    """Say whether there is a keyring to keep a secret in."""
    try:
        require_keyring()
    except MilvusNbError:
        return False
    return True


def place_of(profile: Profile) -> str:
    """Give the address of a profile in its one form; ``https://`` where TLS is on."""
    given = profile.keywords()
    is_secure = any(given.get(key) for key in ("secure", "server_name", *PEM_FILES))
    return _address(given["uri"], is_secure=is_secure)


@functools.lru_cache(maxsize=1024)
def _address(uri: str, *, is_secure: bool) -> str:
    return parsing.parse(uri=uri, secure=is_secure or None, env={}).address


def account_of(profile: Profile, user: str) -> str:
    """Give the name under which a secret is in the keyring.

    Whom to trust belongs to it: with a certificate of somebody else, that would be who gets it.
    """
    given = profile.keywords()
    trusted = [str(given[key]) for key in _TRUST if given.get(key)]
    place = " ".join([place_of(profile), *trusted])
    return f"{user}@{place}" if user else place


_TRUST: Final = ("ca_pem_path", "server_pem_path", "server_name")


# By these keyring, or the bus that it asks, finds out where secrets are kept.
_DECIDING: Final = (
    "PYTHON_KEYRING_BACKEND", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "DBUS_SESSION_BUS_ADDRESS",
    "KEYCHAIN_PATH",
)  # fmt: skip
_PROPERTIES: Final = "KEYRING_PROPERTY_"


def _keyring() -> ModuleType:
    _refuse_a_projects()
    try:
        import keyring
    except ImportError:
        pass
    else:
        return keyring
    raise MissingExtraError(
        "The system's keyring cannot be used.",
        "The package keyring is not installed in the environment of this kernel.",
        '%pip install keyring, or use another way: secret = "ask" or "env:NAME"',
    )


def _refuse_a_projects() -> None:
    """Refuse a keyring that a project's ``.env`` has chosen: it would get the secrets."""
    for variable in (*_DECIDING, *(name for name in os.environ if _PROPERTIES in name)):
        if file := set_by(variable):
            raise ProfileError(
                "The system's keyring is not used.",
                f"{shown_name(variable)}, which says where its secrets are, is set by a file of "
                f"the project: {printable(file)!r}.",
                "Set it yourself before the kernel starts, or take it out of that file and restart "
                'the kernel. Or use another way: secret = "ask" or "env:NAME"',
                "keyring",
            )


def _call(name: str, *arguments: str) -> Any:
    keyring = _keyring()
    try:
        return getattr(keyring, name)(SERVICE, *arguments)
    except Exception as error:  # noqa: BLE001  # backends raise what they like, of the system's
        # Not its words: some quote what they were given.
        reason = f"{type(error).__name__} of {type(keyring.get_keyring()).__module__}"
    raise ProfileError(
        "The system's keyring refuses.",
        f"{reason}.",
        'Unlock it, or use another way: secret = "ask" or "env:NAME"',
        "keyring",
    )


def _needed(profile: Profile, name: str, reason: str) -> ProfileError:
    return ProfileError(
        f"The {name} of profile {profile.name} is needed.",
        reason,
        f"Keep it in the keyring: %milvus profile secret {profile.name}, or connect with --ask.",
        "secret-needed",
        Advice("Type it; or edit the profile, and choose the keyring."),
    )
