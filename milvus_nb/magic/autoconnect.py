"""Profiles that are connected when the extension is loaded: in the background, the user's alone.

A project's file cannot ask for it: whoever opens a notebook in a folder has not agreed to that.
"""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING

from ..errors import MilvusNbError
from ..printing import say
from ..profiles.location import user_file

if TYPE_CHECKING:
    from ..registry.connection import Connection
    from ..registry.registry import ConnectionRegistry
    from ..watching.job import Job
    from .context import Context

__all__ = ["begin"]


def begin(context: Context) -> None:
    """Start to connect them, if there are any; it costs next to nothing where there are none."""
    try:
        with open(user_file(), "rb") as file:
            is_wanted = b"autoconnect" in file.read()
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError:
        is_wanted = True  # what is wrong is told where it is read
    if is_wanted:
        thread = threading.Thread(target=_connect, args=(context,), name="milvus-nb-autoconnect")
        thread.daemon = True
        try:
            thread.start()
        except RuntimeError as error:  # there are no more threads
            _warn(
                MilvusNbError(
                    "The profiles that connect by themselves were not connected.",
                    f"Python says: {error}.",
                    "Connect them by name: %milvus connect NAME",
                )
            )


def _connect(context: Context) -> None:
    with context.loading:
        if context.is_unloaded:
            return
        try:
            registry = context.registry
            jobs = _start(registry)
        except MilvusNbError as error:
            _warn(error)
            return
    for job in jobs:
        try:
            connection = job.wait()
            if registry.current is None:  # the user has not connected, or chosen, another one
                registry.use(connection.alias)
        except MilvusNbError as error:
            if not context.is_unloaded:  # which nobody needs to be told
                _warn(error)


def _start(registry: ConnectionRegistry) -> list[Job[Connection]]:
    """Start to connect all that want it, and tell what keeps one from being known."""
    from ..errors import ProfileError
    from ..registry.opening import open_profile

    listing = registry.profiles.find()
    for problem in listing.problems:
        if problem.path == listing.user_path and not problem.is_warning:
            _warn(ProfileError(f"{problem.where}: {problem.what}", problem.reason, problem.fix))
    jobs = []
    # The default one first: of several, the first that connects becomes the current one.
    for profile in sorted(listing.profiles.values(), key=lambda one: not one.default):
        if not profile.autoconnect or profile.is_project or profile.is_site:
            continue
        try:
            if profile.confirm:
                raise MilvusNbError(
                    f"{profile.name} is not connected by itself: it wants to be asked about.",
                    "",
                    f"%milvus connect {profile.name}",
                )
            jobs.append(open_profile(registry, profile, quietly=True))
        except MilvusNbError as error:
            _warn(error)
    return jobs


def _warn(error: MilvusNbError) -> None:
    say("\n".join(error.lines), file=sys.stderr)
