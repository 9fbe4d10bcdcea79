"""What a failed system call says, in the same words on every system and in every language.

On Windows the numbers of a socket's errors are Winsock's, for which `os.strerror` has no words, and
those that come with the exception are in the user's language.
"""

from __future__ import annotations

import errno
import os
import socket
from typing import Final

__all__ = ["TIMED_OUT", "reason"]

TIMED_OUT: Final = "Connection timed out"

# POSIX's name, the words, Winsock's number, and those of the Windows API that asyncio passes on.
_KNOWN: Final = (
    ("EACCES", "Permission denied", (10013, 5)),
    ("EINVAL", "Invalid argument", (10022,)),
    ("EMFILE", "Too many open files", (10024,)),
    ("EAFNOSUPPORT", "Address family not supported by protocol", (10047,)),
    ("EADDRNOTAVAIL", "Cannot assign requested address", (10049,)),
    ("ENETDOWN", "Network is down", (10050,)),
    ("ENETUNREACH", "Network is unreachable", (10051, 1231)),
    ("ENETRESET", "Connection reset by network", (10052,)),
    ("ECONNABORTED", "Software caused connection abort", (10053, 1236)),
    ("ECONNRESET", "Connection reset by peer", (10054, 64)),
    ("ENOTCONN", "Transport endpoint is not connected", (10057,)),
    ("EPIPE", "Broken pipe", (10058, 109)),
    ("ETIMEDOUT", TIMED_OUT, (10060, 121)),
    ("ECONNREFUSED", "Connection refused", (10061, 1225)),
    ("EHOSTDOWN", "Host is down", (10064,)),
    ("EHOSTUNREACH", "No route to host", (10065, 1232)),
)

_BY_ERRNO: Final = {
    number: words
    for name, words, numbers in _KNOWN
    for number in (getattr(errno, name, numbers[0]), numbers[0])
}
_BY_WINERROR: Final = {number: words for _, words, numbers in _KNOWN for number in numbers}


def reason(error: OSError) -> str:
    """Say why a system call failed, such as ``"Connection refused"``; never empty.

    asyncio's own words, which hide it, are not used.
    """
    if isinstance(error, socket.gaierror):  # the numbers of a look-up are its own
        return str(error.strerror or error)
    by_system = _BY_WINERROR.get(getattr(error, "winerror", None) or 0)
    if words := by_system or _BY_ERRNO.get(error.errno or 0):
        return words
    if not error.errno:
        return str(error) or type(error).__name__
    words = os.strerror(error.errno)
    if words.lower().startswith("unknown error") and error.strerror:
        return str(error.strerror)
    return words
