"""A TOML file of profiles, read: with the line of each mistake, and without any cost."""

from __future__ import annotations

import os
import re
import shlex
import stat
import sys
from typing import Any, Final

from ..errors import ProfileError
from ..probing.outside import plain
from .sharing import patiently

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["MOST_BYTES", "MOST_PROFILES", "SECTION", "Lines", "load", "mark", "read_text"]

#: The table of the profiles.
SECTION: Final = "profiles"

#: A larger file is not read. It and what follows are what one can cost: some 50 ms.
MOST_BYTES: Final = 32_000
#: So many profiles may one file have.
MOST_PROFILES: Final = 200
#: So many dots may be in a line: reading a key of n parts takes n² steps.
_MOST_DOTS: Final = 32
#: Of a line so much is looked at, where it is asked which key stands there.
_MOST_OF_LINE: Final = 200


def read_text(path: str, most_bytes: int = MOST_BYTES, *, is_trusted: bool = False) -> str | None:
    """Read a file; None where there is none.

    Parameters
    ----------
    path
        The file.
    most_bytes
        How large it may be.
    is_trusted
        Whether it may also be one that everybody can write to.

    Raises
    ------
    ProfileError
        It cannot be read, is no UTF-8, too large, or anybody could have written it.
    """
    try:
        with patiently(lambda: open(path, "rb", opener=_without_waiting)) as file:
            mode = os.fstat(file.fileno()).st_mode
            if not stat.S_ISREG(mode):
                raise ProfileError(f"{path} is not a file.", "", "Remove it, or name another.")
            if mode & stat.S_IWOTH and hasattr(os, "getuid") and not is_trusted:
                raise ProfileError(
                    f"{path} is not used: everybody on this machine can write to it.",
                    "Whoever does could take your secrets.",
                    f"Look through it, then: chmod o-w {shlex.quote(path)}",
                )
            content = file.read(most_bytes + 1)
    except (FileNotFoundError, NotADirectoryError):
        if not os.path.islink(path):
            return None
        raise ProfileError(
            f"{path} cannot be read.",
            f"It is a link to {os.readlink(path)}, which is not there.",
            "Mend the link, or remove it.",
        ) from None
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ProfileError(
            f"{path} cannot be read.",
            f"The system says: {reason}.",
            "Connecting by address works nevertheless.",
        ) from None
    if len(content) > most_bytes:
        raise ProfileError(
            f"{path} is larger than {most_bytes // 1000} kB.",
            "That is no file of profiles.",
            "Remove what does not belong there.",
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
    raise ProfileError(
        f"{path}, line {line}: this is not UTF-8.", "TOML is UTF-8.", "Save the file as UTF-8."
    )


def mark(path: str) -> object:
    """Give something that differs when a file does."""
    try:
        found = os.stat(path) if path else None
    except OSError as error:  # what cannot be looked at is not absent, nor so for ever
        return path, error.errno, os.path.islink(path)
    # The time of the last change notices also what has become readable, and who can write it.
    return path, found and (found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino)


def _without_waiting(path: str, flags: int) -> int:
    """Open a file; where it is a pipe, do not wait for its other end."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def load(path: str, text: str) -> dict[str, Any]:
    """Parse TOML, fast.

    Raises
    ------
    ProfileError
        It is none; the line is named, and nothing of it is shown.
    """
    line = next((n for n, one in enumerate(text.split("\n"), 1) if _has_many_parts(one)), 0)
    reason = f"A line has more than {_MOST_DOTS} dots."
    if not line:
        try:
            return tomllib.loads(text)
        except RecursionError:
            reason = "It is nested too deep."
        except ValueError as error:
            # Its words quote a character of the file at most, or the name of a key.
            words, _, place = str(error).rpartition(" (at ")
            reason = f"{plain(words or place, 120).rstrip('.')}."
            found = re.match(r"line (\d+)", place)
            line = int(found[1]) if found else text.rstrip().count("\n") + 1
    where = f", line {line}" if line else ""
    raise ProfileError(
        f"{path}{where}: this is not TOML.",
        reason,
        "Correct it there; until then its profiles are not known.",
    )


def _has_many_parts(line: str) -> bool:
    return line.count(".") > _MOST_DOTS and not line.lstrip().startswith("#")


_HEAD: Final = re.compile(
    r"\s*\[\s*[\"']?profiles[\"']?\s*\.\s*(\"[^\"]*\"|'[^']*'|[\w-]+)\s*\](?!\])"
)
_KEY: Final = re.compile(r"\s*(\"[^\"]*\"|'[^']*'|[^\"'=.\s]+)\s*[=.]")


class Lines:
    """Where the profiles of a file stand, and their keys: looked for once."""

    def __init__(self, text: str) -> None:
        self._found: dict[tuple[str, str], int] = {}
        name = ""
        for number, line in enumerate(text.split("\n"), 1):
            start = line[:_MOST_OF_LINE]
            if found := _HEAD.match(start):
                name = found[1].strip("\"'")
                self._found.setdefault((name, ""), number)
            elif start.lstrip().startswith("["):
                name = ""
            elif name and (found := _KEY.match(start)):
                self._found.setdefault((name, found[1].strip("\"'")), number)

    def of(self, name: str, key: str = "") -> int:
        """Give the line of a profile's key, or its own, from 1 on; 0 where it is not known."""
        return self._found.get((name, key)) or self._found.get((name, ""), 0)
