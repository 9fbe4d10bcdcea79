"""Which profiles of projects their user has allowed to be used: in a file beside the user's own.

Whoever clones a project has not read its ``milvus.toml``. A yes is kept for exactly what was asked
about: the file, where it goes and as whom, and which secret it takes. A change asks again.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import os
import stat
import threading
import time
from typing import TYPE_CHECKING, Any, Final

from ..errors import MilvusNbError
from ..probing.forks import forkable
from . import files
from .writing import rewrite

if TYPE_CHECKING:
    from .profile import Profile

__all__ = ["Trust", "permit"]

#: So many answers are kept, the newest.
_MOST_KEPT: Final = 200

_MOST_BYTES: Final = 100_000


def permit(profile: Profile) -> str:
    """Name what a user allows: the file, the account, and the secret that it gets.

    Of a certificate to trust, what stands in it counts, not only its name.
    """
    given = profile.keywords()
    trusted = [_digest(given.get(key, "")) for key in ("ca_pem_path", "server_pem_path")]
    asked = [profile.path, profile.seal, str(profile.secret), *trusted]
    return hashlib.sha256(json.dumps(asked).encode("utf-8", "surrogatepass")).hexdigest()


class Trust:
    """What a user has allowed. Thread-safe."""

    def __init__(self) -> None:
        self._lock = forkable(threading.Lock())
        self._cache: tuple[object, frozenset[str]] | None = None
        self._here: set[str] = set()

    def allows(self, profile: Profile, path: str) -> bool:
        """Tell whether a profile may be used: one of the user's own may.

        Parameters
        ----------
        profile
            Which one.
        path
            The user's file of profiles.
        """
        return not profile.is_project or permit(profile) in self._known(path)

    def allow(self, profile: Profile, path: str) -> str:
        """Keep that a profile may be used; give why that holds for this process alone, or "".

        Parameters
        ----------
        profile, path
            As in `allows`.
        """
        allowed = permit(profile)
        file = file_beside(path)
        with self._lock:
            self._here.add(allowed)
        row = {
            "permit": allowed,
            "file": profile.path,
            "profile": profile.name,
            "address": profile.address,
            "secret": str(profile.secret),
            "at": time.strftime("%Y-%m-%d"),
        }

        def added(text: str | None) -> str:
            rows = [one for one in _rows(text) if one["permit"] != allowed]
            return json.dumps([*rows, row][-_MOST_KEPT:], indent=1) + "\n"

        try:
            rewrite(file, added, lock_folder=os.path.dirname(path))
        except MilvusNbError as error:
            return " ".join(part for part in (error.what, error.reason) if part)
        finally:
            with self._lock:
                self._cache = None
        return ""

    def revoke(self, profile: Profile, path: str) -> bool:
        """Forget that a project's profile may be used, in whatever form; whether one was allowed.

        Parameters
        ----------
        profile, path
            As in `allows`.

        Raises
        ------
        ProfileError
            The file cannot be written.
        """
        was_allowed = self.allows(profile, path)
        kept = permit(profile)

        def is_meant(row: dict[str, Any]) -> bool:
            same = row.get("file") == profile.path and row.get("profile") == profile.name
            return same or row["permit"] == kept

        def without(text: str | None) -> str:
            return json.dumps([row for row in _rows(text) if not is_meant(row)], indent=1) + "\n"

        with self._lock:
            self._here.discard(kept)
            self._cache = None
        if os.path.lexists(file_beside(path)):
            rewrite(file_beside(path), without, lock_folder=os.path.dirname(path))
        with self._lock:
            self._cache = None
        return was_allowed

    def mark(self, path: str) -> object:
        """Give something that differs when what is allowed does."""
        file = file_beside(path)
        try:
            found = os.stat(file)
        except OSError:
            return file, len(self._here)
        who = found.st_uid, found.st_mode
        return file, found.st_mtime_ns, found.st_size, found.st_ino, who, len(self._here)

    def _known(self, path: str) -> frozenset[str]:
        mark = self.mark(path)
        with self._lock:
            if self._cache is None or self._cache[0] != mark:
                self._cache = mark, _read(file_beside(path)) | self._here
            return self._cache[1]


def file_beside(path: str) -> str:
    """Give the file of what is allowed: ``profiles-allowed.json`` beside ``profiles.toml``."""
    return f"{os.path.splitext(path)[0]}-allowed.json"


def _read(file: str) -> frozenset[str]:
    try:
        found = os.stat(file)
        # One that somebody else has written, or may write, is no word of the user's.
        if hasattr(os, "getuid") and (found.st_uid != os.getuid() or found.st_mode & 0o022):
            return frozenset()
        text = files.read_text(file)
    except (OSError, MilvusNbError):
        return frozenset()
    return frozenset(row["permit"] for row in _rows(text))


def _rows(text: str | None) -> list[dict[str, Any]]:
    try:
        found = json.loads(text or "[]")
    except (ValueError, RecursionError):
        return []
    rows = found if isinstance(found, list) else []
    return [row for row in rows if isinstance(row, dict) and isinstance(row.get("permit"), str)]


def _digest(path: str) -> str:
    """Give what stands in a file of certificates, in short; empty where there is none."""
    if not path:
        return ""
    with contextlib.suppress(OSError, ValueError):
        found = os.stat(path)
        if stat.S_ISREG(found.st_mode) and found.st_size <= _MOST_BYTES:
            return _digest_of(path, found.st_mtime_ns, found.st_size, found.st_ino)
    return "unreadable"


@functools.lru_cache(maxsize=256)
def _digest_of(path: str, *_: int) -> str:
    with open(path, "rb") as file:
        return hashlib.sha256(file.read(_MOST_BYTES)).hexdigest()
