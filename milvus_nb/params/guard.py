"""What a connection has of the profile that it comes from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

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
        The keywords that were given beside the profile, without any secret.
    """

    profile: str = ""
    label: str = ""
    color: str = ""
    confirm: bool = False
    secret: str = "none"  # noqa: S105  # a kind
    overrides: tuple[tuple[str, Any], ...] = ()
