"""What is printed, and shown as text: also where the output cannot encode each character of it."""

from __future__ import annotations

import sys
from typing import Any, Final

__all__ = ["printable", "say"]

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


def _fitting(character: str, encoding: str) -> str:
    for wanted in (character, _PLAIN.get(character, "")):
        try:
            if wanted:
                wanted.encode(encoding)
                return wanted
        except UnicodeEncodeError:
            pass
    return character.encode("ascii", "backslashreplace").decode("ascii")
