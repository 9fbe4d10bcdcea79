"""Profiles that are connected when the extension is loaded: in the background, the user's alone.

A project's file cannot ask for it: whoever opens a notebook in a folder has not agreed to that.
"""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING

from .errors import MilvusNbError
from .printing import say
from .profile_file import user_file

if TYPE_CHECKING:
    from .magic import MilvusMagics

__all__ = ["begin"]


def begin(magics: MilvusMagics) -> None:
    """Start to connect them, if there are any; it costs next to nothing where there are none."""
    try:
        with open(user_file(), "rb") as file:
            is_wanted = b"autoconnect" in file.read()
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError:
        is_wanted = True  # what is wrong is told where it is read
    if is_wanted:
        thread = threading.Thread(target=_connect, args=(magics,), name="milvus-nb-autoconnect")
        thread.daemon = True
        thread.start()


def _connect(magics: MilvusMagics) -> None:
    from .profiles import ProfileError
    from .profiles.opening import open_profile

    try:
        registry = magics.registry
        found = registry.profiles.find()
    except MilvusNbError as error:  # the extension was unloaded meanwhile
        _warn(error)
        return
    for problem in found.problems:
        if problem.path == found.user_path and not problem.is_warning:
            _warn(ProfileError(f"{problem.where}: {problem.what}", problem.why, problem.fix))
    jobs = []
    for profile in found.profiles.values():
        if not profile.autoconnect or profile.is_project:
            continue
        try:
            if profile.confirm:
                raise MilvusNbError(
                    f"{profile.name} is not connected by itself: it wants to be asked about.",
                    "",
                    f"%milvus connect {profile.name}",
                )
            jobs.append(open_profile(registry, profile.name))
        except MilvusNbError as error:
            _warn(error)
    for job in jobs:
        try:
            job.wait()
        except MilvusNbError as error:
            _warn(error)


def _warn(error: MilvusNbError) -> None:
    say("\n".join(error.lines), file=sys.stderr)
