"""Text as a literal of each language, so that whatever it holds stays data."""

from __future__ import annotations

import json
import re
import shlex
from typing import Final

from ...errors import ParamsError
from ..arguments import unexpanded

__all__ = ["go", "java", "javascript", "magic_word", "python", "shell", "typed_line", "word"]

_PLAIN: Final = re.compile(r"[A-Za-z0-9_@%+=:,./-]+")


def python(text: str) -> str:
    """Give a Python literal, in double quotes where that needs no backslash."""
    literal = repr(text)
    return literal if '"' in literal else f'"{literal[1:-1]}"'


def javascript(text: str) -> str:
    """Give a JavaScript literal: JSON, that also stands inside a page."""
    return json.dumps(text).replace("<", "\\u003c")


# JSON's escapes are Java's; line breaks have short ones, which Java needs.
java = javascript


def go(text: str) -> str:
    """Give a Go literal; what cannot be seen is escaped (Go refuses a byte order mark)."""
    return "".join(
        character if character.isprintable() else _go_escape(character)
        for character in json.dumps(text, ensure_ascii=False)
    )


def _go_escape(character: str) -> str:
    number = ord(character)
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


#: One word for a POSIX shell.
shell = shlex.quote


def word(text: str) -> str:
    """Give one word for `shlex.split`, which Python's tokenizer, too, takes for one string."""
    if _PLAIN.fullmatch(text):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def magic_word(text: str) -> str:
    """Give one word for ``%milvus``, where ``$name`` and ``{expression}`` are Python values."""
    return word(unexpanded(text))


def typed_line(line: str, where: str) -> str:
    """Return a line that is typed somewhere, if it is one line and every character can be typed."""
    if any(ord(character) < 0x20 or character in _UNTYPED for character in line):
        raise ParamsError(
            f"This connection cannot be written for {where}.",
            "A line break or a control character is part of it.",
            "Choose another language, for example python.",
        )
    return line


# More line breaks, as Python splits text into lines, and the characters that `arguments` uses.
_UNTYPED: Final = "\x7f\x85\u2028\u2029\ue000\ue001"
