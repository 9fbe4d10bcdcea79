"""Addresses as pymilvus writes them, where it needs more encoding than `params.address` does."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote

__all__ = ["as_pymilvus_reads"]

_BRACKETED: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*://)(%5B[^/?#:@]*%5D)", re.IGNORECASE)


def as_pymilvus_reads(text: str) -> str:
    """Decode what gRPC, below pymilvus, decodes: a socket's path and an IPv6 address.

    Parameters
    ----------
    text
        The address in a program that uses pymilvus.
    """
    if text.startswith("unix:"):
        return unquote(text)
    return _BRACKETED.sub(lambda found: found[1] + unquote(found[2]), text, count=1)
