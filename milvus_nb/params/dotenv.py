"""Which environment variables a project's ``.env`` has set, and not the user.

pymilvus loads that file when it is imported: from the working folder, or one above it; in a script
from a folder above its own, where the environment is inside the project. Who clones a project has
not read it.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

__all__ = ["set_by"]

_NAME: Final = ".env"
#: What was found once: the file may change, and the environment has its value still.
_found: dict[tuple[str, str], str] = {}


def _working_folder() -> str:
    try:
        return os.getcwd()
    except OSError:  # it is gone
        return os.sep


#: Where pymilvus may have found one, if the working folder has changed since.
_FIRST: Final = _working_folder()


def set_by(name: str) -> str:
    """Give the ``.env`` that has set a variable of this process; empty where its user has.

    Parameters
    ----------
    name
        The variable's.
    """
    value = os.environ.get(name)
    if value is None or _at_start().get(name) == value:
        return ""
    for path in dict.fromkeys((*_above(os.curdir), *_above(_FIRST), *_above(_of_pymilvus()))):
        if (name, value) not in _found and _says(path, name, value):
            _found[name, value] = str(path)
    return _found.get((name, value), "")


def _of_pymilvus() -> str:
    file = getattr(sys.modules.get("pymilvus"), "__file__", None)
    return os.path.dirname(file) if file else os.curdir


def _above(folder: str) -> list[Path]:
    try:
        here = Path(folder).absolute()
    except OSError:  # it is gone
        return []
    return [one / _NAME for one in (here, *here.parents)]


def _says(path: Path, name: str, value: str) -> bool:
    if not path.is_file():
        return False
    try:
        from dotenv import dotenv_values  # with which pymilvus reads it

        found = dotenv_values(path, interpolate=False).get(name)
    except (ImportError, OSError, ValueError):
        return False
    # What it is made of may have changed since.
    return found is not None and (found == value or "$" in found)


def _at_start() -> dict[str, str]:
    """Give the environment that this process was started with, where the system tells it."""
    try:
        text = os.fsdecode(Path("/proc/self/environ").read_bytes())
    except OSError:
        return {}
    pairs = (entry.partition("=") for entry in text.split("\0"))
    return {name: value for name, _, value in pairs}
