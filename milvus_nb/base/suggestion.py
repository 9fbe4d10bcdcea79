"""What was probably meant by a word that is not known."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["closest"]


def closest(word: str, known: Iterable[str]) -> str:
    """Find the known word that was probably meant, or nothing."""
    import difflib  # loading the extension has to stay light

    return next(iter(difflib.get_close_matches(word, list(known), 1, 0.6)), "")
