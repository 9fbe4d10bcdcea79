"""What a user may do: roles and their privileges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from .model import Untold

__all__ = ["Right", "Rights"]

# So many objects on which a user has privileges are listed.
_MOST_PLACES: Final = 20

# What holds all privileges on the server, or those that administrators need.
_EVERYTHING: Final = frozenset({"*", "All", "ClusterAdmin"})
_ADMIN: Final = "admin"

_ALL: Final = {"Collection": "all collections", "Global": "the server", "User": "all users"}


@dataclass(frozen=True)
class Right:
    """One privilege of a role.

    Attributes
    ----------
    role, privilege
        Their names.
    object
        ``"Collection"``, ``"Global"``, ``"User"``.
    name
        Of the object; ``"*"`` for all.
    database
        Where; ``"*"`` for everywhere; empty where the server does not tell.
    """

    role: str
    privilege: str
    object: str
    name: str
    database: str = ""


@dataclass(frozen=True)
class Rights:
    """The roles and privileges of the connection's own user.

    Attributes
    ----------
    user
        Who.
    roles
        Their names; None where the server does not tell.
    rights
        Those that the roles have in the connection's database; None where it does not tell.
    lacks
        What the server did not tell, and why.
    """

    user: str
    roles: tuple[str, ...] | None = None
    rights: tuple[Right, ...] | None = None
    lacks: tuple[Untold, ...] = ()

    def may_on_server(self, privilege: str) -> bool:
        """Tell whether the user certainly has a privilege on the whole server."""
        if self.roles is None:
            return False
        if _ADMIN in self.roles or (self.user == "root" and not self.roles):
            return True
        held = {right.privilege for right in self.rights or () if right.object == "Global"}
        return bool(held & {privilege, *_EVERYTHING})

    def pairs(self) -> list[tuple[str, str]]:
        """Give labels and texts, as the facts of a connection are shown."""
        pairs: list[tuple[str, str]] = []
        if self.roles is not None:
            all_of_it = "none; by default root may do everything" if self.user == "root" else "none"
            pairs.append(("Roles", ", ".join(self.roles) or all_of_it))
        if self.rights is not None:
            on: dict[str, list[str]] = {}
            for right in self.rights:
                place = right.name if right.name != "*" else _ALL.get(right.object, "all")
                if right.database not in ("", "default"):
                    place = f"{right.database}/{place}" if right.database != "*" else place
                on.setdefault(place, []).append(right.privilege)
            lines = [f"{place}: {', '.join(dict.fromkeys(names))}" for place, names in on.items()]
            pairs.append(("Privileges", "\n".join(lines[:_MOST_PLACES]) or "none in this database"))
        lacks = [one.reason + (f"\n{one.grant}" if one.grant else "") for one in self.lacks]
        return [*pairs, *([("Not told", "\n".join(lacks))] if lacks else [])]
