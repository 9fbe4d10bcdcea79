"""Values that the author of an example left for the reader to fill in."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["is_placeholder"]

_NOUNS: Final = (
    "address|credentials?|endpoint|host(name)?|id|key|pass|passwd|password|port|pwd|region|secret|"
    "token|uri|url|user(name)?"
)
_WHOLE: Final = re.compile(
    rf"""
    <[^<>]*> | \{{\{{?[\w\s-]*\}}?\}} | \[[A-Za-z][\w\s-]*\]
    | [*•●…]{{3,}} | \.{{3,}} | x{{3,}}
    | (your|my|enter|insert|put|replace|change)[-_\s]([^\W_]+[-_\s]+)*({_NOUNS}|here|me)
    | your[-_]?({_NOUNS}) | username:password
    """,
    re.VERBOSE | re.IGNORECASE,
)
_CAPITALS: Final = re.compile(
    r"([A-Z]+_)*(API_?KEY|ENDPOINT|HOST|PASSWORD|TOKEN|URI|URL|USERNAME|USER:PASSWORD)"
)
# Parts of an address; a password may look like this by chance, a host does not.
_WITHIN: Final = re.compile(
    r"<[^<>]*> | \{[\w\s.-]*\} | \byour[-_] | x{4,} | [*•●…]{2,}", re.VERBOSE | re.IGNORECASE
)
_SIGN_IN: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*://)?[^/?#]*@")
_ADDRESSES: Final = {"uri", "address", "host"}
_CHECKED: Final = {*_ADDRESSES, "user", "password", "token"}


def is_placeholder(keyword: str, value: str) -> bool:
    """Say whether a value is none yet: ``YOUR_API_KEY``, ``<token>``, ``****``.

    Parameters
    ----------
    keyword
        What it is the value of: a password is judged as a whole, an address by its parts.
    value
        The text.
    """
    if keyword not in _CHECKED:
        return False
    value = value.strip()
    if _WHOLE.fullmatch(value) or _CAPITALS.fullmatch(value):
        return True
    if keyword == "token":
        user, colon, password = value.partition(":")
        return bool(colon) and any(_WHOLE.fullmatch(part) for part in (user, password))
    if keyword not in _ADDRESSES:
        return False
    sign_in = _SIGN_IN.match(value)
    if sign_in is None:
        return _WITHIN.search(value) is not None
    parts = sign_in[0].rpartition("//")[2][:-1].split(":", 1)
    within = _WITHIN.search(value, sign_in.end()) is not None
    return within or any(_WHOLE.fullmatch(part) for part in parts)
