"""Where something goes, in words for a prompt: address, TLS, and whose secret; on one line."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from ..probing.outside import visible

if TYPE_CHECKING:
    from ..params.endpoint import ConnectionParams
    from .profile import Profile

__all__ = ["place", "place_of_profile", "prompt", "sends"]

_PUNYCODE: Final = re.compile(r"xn--[a-z0-9-]+")


def place(params: ConnectionParams) -> str:
    """Name the address and the TLS of a connection: ``db.example:19530, without TLS``."""
    endpoint, tls = params.endpoint, params.endpoint.tls
    return _place(
        endpoint.address,
        is_remote=endpoint.kind == "tcp",
        is_secure=endpoint.secure,
        trusted=tls.ca_pem_path or tls.server_pem_path,
        server_name=tls.server_name,
    )


def place_of_profile(profile: Profile) -> str:
    """Name the address and the TLS of a profile, in its one form."""
    from ..errors import MilvusNbError
    from .secrets import place_of

    given = profile.keywords()
    if profile.is_path:
        return visible(str(given["uri"]))
    try:
        address = place_of(profile)
    except MilvusNbError:  # TLS options that do not fit to it
        address = profile.address
    return _place(
        address,
        is_remote=not address.startswith("unix:"),
        is_secure=address.startswith("https://"),
        trusted=str(given.get("ca_pem_path") or given.get("server_pem_path") or ""),
        server_name=profile.server_name,
    )


def prompt(params: ConnectionParams, name: str = "") -> str:
    """Ask for the password or token of a connection, and say where it goes.

    Parameters
    ----------
    params
        What is connected, with any secret in place of the one that is asked for.
    name
        The alias or profile, if there is one.
    """
    user = visible(params.user)
    what = f"Password of {user}" if user else "Token"
    where = place(params)
    return f"{what} for {visible(name)} ({where}): " if name else f"{what} for {where}: "


def sends(profile: Profile) -> str:
    """Say which secret a profile sends where: a sentence without its subject and its stop."""
    what = f"the password of {visible(profile.user)}" if profile.user else "the token"
    where = place_of_profile(profile)
    secret = {
        "none": "",
        "ask": f"{what} that you type",
        "keyring": f"{what} that your keyring has for it",
        "env": f"{what} in the environment variable {profile.secret.variable}",
    }[profile.secret.kind]
    told = f"sends {secret} to {where}" if secret else f"goes to {where}; nobody signs in"
    if profile.client_pem_path:
        told += f"; it shows the certificate {visible(profile.client_pem_path)}"
    return told


def _place(
    address: str, *, is_remote: bool, is_secure: bool, trusted: str, server_name: str
) -> str:
    told = visible(address)
    readable = _PUNYCODE.sub(_readable, address)
    if readable != address:
        told += f" ({visible(readable)})"
    if not is_remote:
        return told
    if not is_secure:
        return f"{told}, without TLS"
    told += ", TLS"
    if trusted:
        told += f", trusting {visible(trusted)}"
    return f"{told}, as {visible(server_name)}" if server_name else told


def _readable(label: re.Match[str]) -> str:
    try:
        return label[0].encode("ascii").decode("idna")
    except UnicodeError:
        return label[0]
