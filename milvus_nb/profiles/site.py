"""The site's profiles: a file that an administrator lays in one of Jupyter's own config folders."""

from __future__ import annotations

import os
import shlex
import sys
from dataclasses import dataclass
from typing import Final

from ..errors import ProfileError
from ..probing.outside import plain

__all__ = ["SITE_FILE", "Site", "site_file"]

#: Where it is in a config folder of Jupyter's, as the user's own is in that of the platform.
SITE_FILE: Final = os.path.join("milvus_nb", "profiles.toml")

_OTHERS_WRITE: Final = 0o022


@dataclass(frozen=True, slots=True)
class Site:
    """The site's file.

    Parameters
    ----------
    path
        The file; empty where there is none.
    problem
        Why it is not used; None where it may be.
    """

    path: str = ""
    problem: ProfileError | None = None


def site_file() -> Site:
    """Find the site's file: that of Python's own environment, else the system's.

    No environment variable says where it is, so none of a project's can. Whoever could write to it
    could say where a name leads: it is used only where that is an administrator. In an environment,
    whose code it shares, that is also whoever owns the environment.
    """
    for folder in _folders():
        path = os.path.join(folder, SITE_FILE)
        if os.path.lexists(path):
            return Site(path, _problem(path))
    return Site()


def _folders() -> list[str]:
    """List Jupyter's config folders that are not the user's."""
    jupyter = sys.modules.get("jupyter_core.paths")
    if jupyter is not None:
        return [*jupyter.ENV_CONFIG_PATH, *jupyter.SYSTEM_CONFIG_PATH]
    # Where Jupyter was not imported, the usual ones: importing it would take as long as loading us.
    usual = ["/usr/local/etc/jupyter", "/etc/jupyter"]
    if sys.platform == "win32":
        usual = [os.path.join(os.environ.get("PROGRAMDATA", "C:\\ProgramData"), "jupyter")]
    return [os.path.join(sys.prefix, "etc", "jupyter"), *usual]


def _problem(path: str) -> ProfileError | None:
    """Tell why a file is no word of an administrator's."""
    if not hasattr(os, "getuid"):  # Windows's folders are written to by administrators alone
        return None
    try:
        parts = [os.stat(path), os.lstat(path), os.stat(os.path.dirname(path))]
        owners = {0, os.getuid(), os.stat(sys.prefix).st_uid}
    except OSError:  # reading it tells why
        return None
    shown = plain(path)
    if not {part.st_uid for part in parts} <= owners:
        return ProfileError(
            f"{shown} is not used: it belongs to another user.",
            "Its owner could take your secrets.",
            f"An administrator can take it over: chown root {shlex.quote(shown)}",
        )
    # A link's own mode says nothing.
    if any(part.st_mode & _OTHERS_WRITE for part in (parts[0], parts[2])):
        return ProfileError(
            f"{shown} is not used: others than its owner can write to it, or to its folder.",
            "Whoever does could take your secrets.",
            f"An administrator can mend it: chmod go-w {shlex.quote(shown)} "
            f"{shlex.quote(os.path.dirname(shown))}",
        )
    return None
