"""Did you mean: what was probably meant by a word that is not known."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["closest"]


def closest(word: str, known: Iterable[str], alike: float = 0.6) -> str:
    """Find the known word that was probably meant, or nothing.

    Parameters
    ----------
    word
        What was written.
    known
        What could have been.
    alike
        How much of it has to be the same, from 0 to 1.
    """
    import difflib  # loading the extension has to stay light

    return next(iter(difflib.get_close_matches(word, list(known), 1, alike)), "")
