"""What a connection has of the profile that it comes from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .endpoint import ConnectionParams

__all__ = ["Guard"]


@dataclass(frozen=True, slots=True)
class Guard:
    """What of a profile is shown, and asked, wherever its connection is.

    Parameters
    ----------
    profile
        The profile's name; empty for a connection that comes from none.
    label, color, confirm
        As in `milvus_nb.profiles.Profile`.
    secret
        Where the secret comes from once more: ``"none"``, ``"ask"``, ``"env"``, ``"keyring"``.
    overrides
        The keywords that were given beside the profile, as plain values; no secret, nor what may
        hold one.
    seal
        The profile's account when it was connected, see `milvus_nb.profiles.Profile.seal`.
    """

    profile: str = ""
    label: str = ""
    color: str = ""
    confirm: bool = False
    secret: str = "none"  # noqa: S105  # a kind
    overrides: tuple[tuple[str, Any], ...] = ()
    seal: str = ""

    def beside(self, found: ConnectionParams, given: Mapping[str, object]) -> Guard:
        """Give the same with more given beside the profile.

        Parameters
        ----------
        found
            What has become of it.
        given
            Keywords of ``connect``.
        """
        if not self.profile:
            return self
        kept, secret = dict(self.overrides), self.secret
        if given.keys() & {"password", "token", "password_env", "token_env"}:
            kept.pop("password_env", None)
            kept.pop("token_env", None)
            secret = "env" if given.keys() & {"password_env", "token_env"} else "ask"
        values = _plain(found)
        kept |= {name: values[name] for name in values.keys() & given.keys()}
        return replace(self, secret=secret, overrides=tuple(sorted(kept.items())))


def _plain(found: ConnectionParams) -> dict[str, Any]:
    """Give what can be sent to a page, and kept in a file; gRPC's options may hold a secret."""
    tls = found.endpoint.tls
    return {
        "user": found.user,
        "password_env": found.password_env,
        "token_env": found.token_env,
        "db_name": found.db_name or "default",
        "secure": found.secure,
        "ca_pem_path": tls.ca_pem_path,
        "server_pem_path": tls.server_pem_path,
        "client_pem_path": tls.client_pem_path,
        "client_key_path": tls.client_key_path,
        "server_name": tls.server_name,
        "timeout": found.timeout,
    }
