"""Where a user's profiles are; apart from `profiles`, for who wants to know that alone."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

from ..params.dotenv import set_by

__all__ = ["VARIABLE", "user_file"]

#: Names the user's file, in place of the one in the platform's config folder.
VARIABLE: Final = "MILVUS_NB_PROFILES"

#: What moves the platform's config folder: wherever they are set, and on Windows.
_MOVERS: Final = ("XDG_CONFIG_HOME", "WIN_PD_OVERRIDE_LOCAL_APPDATA")
#: Where it is in a user's home.
_USUAL: Final = {"darwin": "Library/Application Support", "win32": "AppData/Local"}


def user_file() -> str:
    """Give the path of the user's file: ``$MILVUS_NB_PROFILES``, or in the platform's folder.

    On Linux that is ``~/.config/milvus_nb/profiles.toml``. A variable that a project's ``.env`` has
    set does not count, nor does its ``XDG_CONFIG_HOME``: its file would be taken for the user's.

    On Windows it is in ``%LOCALAPPDATA%``, which Windows keeps for its user alone; a file's mode
    protects nothing there.
    """
    if (given := os.environ.get(VARIABLE, "")) and not set_by(VARIABLE):
        from ..params.tidy import tidy_word  # loading the extension has to stay light

        if named := tidy_word(given):
            return os.path.abspath(os.path.expanduser(named))
    from platformdirs import user_config_dir

    folder = user_config_dir("milvus_nb", appauthor=False)
    for mover in _MOVERS:
        if set_by(mover) and Path(folder).is_relative_to(os.environ[mover]):
            folder = str(Path.home() / _USUAL.get(sys.platform, ".config") / "milvus_nb")
    return os.path.join(folder, "profiles.toml")
