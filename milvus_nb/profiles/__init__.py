"""Saved connections: connect by name, with the secret kept where it belongs.

``profile`` is one of them. ``files`` reads and writes TOML so that nothing is lost, ``found`` is
what stands there, ``store`` knows which files there are, and which profile wins. ``trust`` keeps
which of a project's may be used. ``secrets`` gets a secret when it is needed, ``opening`` and
``saving`` turn profiles into connections and back, and ``importing`` makes profiles of what other
tools have saved.
"""

from .listing import Found, Problem
from .profile import COLORS, KEYS, Profile, ProfileError, SecretRef
from .store import ProfileStore

__all__ = [
    "COLORS",
    "KEYS",
    "Found",
    "Problem",
    "Profile",
    "ProfileError",
    "ProfileStore",
    "SecretRef",
]
