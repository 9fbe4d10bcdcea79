"""Where a project's profiles are: in the notebook's folder, or in one above it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Final

from ..errors import ProfileError
from ..probing.outside import plain

__all__ = ["PROJECT_FILE", "ProjectSearch"]

#: A project's file, found in the notebook's folder or above it.
PROJECT_FILE: Final = "milvus.toml"


@dataclass(frozen=True, slots=True)
class ProjectSearch:
    """The way upwards on which a project's file is looked for.

    Parameters
    ----------
    folder
        Where it begins; None: the working folder; empty: there is no project.
    top
        The uppermost folder; empty: the file system's.
    """

    folder: str | None = None
    top: str = ""

    def find(self, own: str) -> tuple[str, str]:
        """Find the project's file; and one that is refused, for it is another user's.

        Parameters
        ----------
        own
            The user's file, which is no project's.
        """
        folder = self._start()
        top = os.path.realpath(self.top) if self.top else ""
        while folder:
            path = os.path.join(folder, PROJECT_FILE)
            if path != own:
                try:
                    # Of a link as well: its owner says what it leads to.
                    owners = {os.stat(path).st_uid, os.lstat(path).st_uid}
                except (FileNotFoundError, NotADirectoryError):
                    # A link that leads nowhere is there, and cannot be read.
                    owners = {os.lstat(path).st_uid} if os.path.islink(path) else set()
                except OSError:  # whether it is there is not known; reading it tells why
                    return path, ""
                if owners:
                    # In a folder that all may write to, anybody could say where "prod" is.
                    is_trusted = not hasattr(os, "getuid") or owners <= {os.getuid(), 0}
                    return (path, "") if is_trusted and path.isprintable() else ("", path)
            parent = os.path.dirname(folder)
            folder = "" if folder in (parent, top) else parent
        return "", ""

    def place(self, own: str) -> str:
        """Give the project's file, also one that is still to be made.

        Raises
        ------
        ProfileError
            There is no folder for it, or it is another user's.
        """
        found, refused = self.find(own)
        if refused:
            raise ProfileError(
                f"{plain(refused)} is not used.",
                "It belongs to another user, or its path cannot be printed.",
                "Take it over, rename its folder, or remove it.",
            )
        if not found and not self._start():
            raise ProfileError(
                "There is no folder for a project's profiles.", "", "Save it as one of yours."
            )
        return found or os.path.join(self._start(), PROJECT_FILE)

    def _start(self) -> str:
        if self.folder == "":
            return ""
        try:
            return os.path.realpath(self.folder if self.folder is not None else os.getcwd())
        except OSError:  # the working folder is gone
            return ""
