"""Where a user's profiles are; apart from `profiles`, for who wants to know that alone."""

from __future__ import annotations

import os
from typing import Final

from ..base.dotenv import set_by

__all__ = ["VARIABLE", "user_file"]

#: Names the user's file, in place of the one in the platform's config folder.
VARIABLE: Final = "MILVUS_NB_PROFILES"


def user_file() -> str:
    """Give the path of the user's file: ``$MILVUS_NB_PROFILES``, or in the platform's folder.

    On Linux that is ``~/.config/milvus_nb/profiles.toml``. A variable that a project's ``.env`` has
    set does not count: its file would be obeyed as the user's own.
    """
    if (given := os.environ.get(VARIABLE, "")) and not set_by(VARIABLE):
        from ..params.tidy import tidy_word  # loading the extension has to stay light

        if named := tidy_word(given):
            return os.path.abspath(os.path.expanduser(named))
    from platformdirs import user_config_dir

    return os.path.join(user_config_dir("milvus_nb", appauthor=False), "profiles.toml")
