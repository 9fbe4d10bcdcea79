"""What a connection has of the profile that it comes from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

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

    def beside(self, values: Mapping[str, object], given: Mapping[str, object]) -> Guard:
        """Give the same with more given beside the profile.

        Parameters
        ----------
        values
            What has become of it, see `ConnectionParams.plain`.
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
        kept |= {name: values[name] for name in values.keys() & given.keys()}
        return replace(self, secret=secret, overrides=tuple(sorted(kept.items())))
