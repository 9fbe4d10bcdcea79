"""The Pythons that are installed here; run as a program, it names the oldest and the newest."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

_MINORS = range(10, 15)


def pythons() -> dict[int, str]:
    """Find the supported versions of Python by their minor: this one, pyenv's, and on PATH."""
    home = Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser() / "versions"
    found = {}
    for minor in _MINORS:
        name = f"python3.{minor}"
        path = next((str(one) for one in home.glob(f"3.{minor}.*/bin/{name}")), "")
        if path := path or shutil.which(name) or "":
            found[minor] = path
    found[sys.version_info[1]] = sys.executable
    return found


if __name__ == "__main__":
    known = pythons()
    for which, one in (("oldest", min(known)), ("newest", max(known))):
        print(which, known[one])
