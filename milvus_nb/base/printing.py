"""What is printed, and shown as text: also where the output cannot encode each character of it."""

from __future__ import annotations

import sys
from typing import Any, Final

__all__ = ["printable", "say", "visible"]

# What this package writes itself; names of the user's are escaped.
_PLAIN: Final = {
    "✓": "+", "✗": "x", "⊘": "x", "●": "*", "◐": "~", "○": "o", "◌": "?", "·": ".", "•": "*",
    "–": "-", "→": "->", "…": "...", "┌": "+", "└": "+", "├": "+", "─": "-", "│": "|",
}  # fmt: skip


def printable(text: str) -> str:
    """Write a text with what standard output can encode: ``✓`` becomes ``+`` in ASCII."""
    encoding = getattr(sys.stdout, "encoding", None)
    if not isinstance(encoding, str) or text.isascii():
        return text
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return "".join(_fitting(character, encoding) for character in text)
    except LookupError:
        pass
    return text


def say(text: object, **how: Any) -> None:
    """Print a text, as `print` does, for the user of ``%milvus``."""
    print(printable(str(text)), **how)  # noqa: T201


def visible(text: str, most: int = 300) -> str:
    """Write a text of others on one line: what cannot be seen as its escape, the end cut off.

    Line breaks, control characters, and marks that turn the direction of writing would make a
    prompt say something else than what is done.
    """
    shown = text if len(text) <= most else f"{text[:most]}…"
    if shown.isprintable():
        return shown
    return "".join(
        one if one.isprintable() else one.encode("unicode_escape").decode("ascii") for one in shown
    )


def _fitting(character: str, encoding: str) -> str:
    for wanted in (character, _PLAIN.get(character, "")):
        try:
            if wanted:
                wanted.encode(encoding)
                return wanted
        except UnicodeEncodeError:
            pass
    return character.encode("ascii", "backslashreplace").decode("ascii")
