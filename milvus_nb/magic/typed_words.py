"""The words of a line that is being typed: split, read, written; and paths that begin with one."""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import shlex
from typing import Final

from ..code.arguments import unexpanded, with_windows_paths

__all__ = ["paths", "split", "value_of", "written"]

# A word of the line, as `arguments.split` sees it; an open quote ends it too early.
_WORD: Final = re.compile(r"""(?:\{[^{}]*\}|\\.|'[^']*'|"(?:\\.|[^"\\])*"|[^\s'"\\])+""")
_NEEDS_QUOTES: Final = re.compile(r"[\s'\"\\]")

_MOST_ENTRIES: Final = 5_000


def written(value: str, quote: str = "", *, is_open: bool = False) -> str:
    """Write a value so that the magic's line gives it back.

    Parameters
    ----------
    value
        Any text, such as a path with a blank in it.
    quote
        The quote that the user has begun with, if any.
    is_open
        Whether more will follow, such as what is in a folder: then a quote stays open.
    """
    value = unexpanded(value)
    if not quote and _NEEDS_QUOTES.search(value):
        quote = '"' if "'" in value else "'"
    if quote == "'":
        value = value.replace("'", "'\"'\"'")
    elif quote:
        value = re.sub(r'(["\\])', r"\\\1", value)
    return f"{quote}{value}{'' if is_open else quote}"


def split(text: str) -> tuple[list[str], str]:
    """Give the values of the words before the cursor's, and that one as it is typed."""
    before = []
    rest = text.lstrip()
    while (found := _WORD.match(rest)) and rest[found.end() : found.end() + 1].isspace():
        before.append(value_of(found.group()))
        rest = rest[found.end() :].lstrip()
    return before, rest


def value_of(raw: str) -> str:
    """Give the value of a word as it is typed; one whose quotes are open, too."""
    for end in ("", "'", '"'):
        with contextlib.suppress(ValueError):
            return "".join(shlex.split(with_windows_paths(raw) + end))
    return raw.rstrip("\\")


def paths(word: str, ending: str = "") -> list[str]:
    """List the files (of that ending) and the folders whose path begins with what was typed."""
    folder, start = os.path.split(word)
    shown = os.path.join(folder, "") if folder else ""
    if ending and not word:
        shown = os.path.join(os.curdir, "")  # an address is seen to be a path by its "./"
    found = []
    try:
        with os.scandir(os.path.expanduser(folder) or os.curdir) as entries:
            for entry in itertools.islice(entries, _MOST_ENTRIES):
                is_hidden = entry.name.startswith(".") and not start
                if is_hidden or not entry.name.startswith(start):
                    continue
                if ending and entry.name.endswith(ending):  # a Lite database may be a folder
                    found.append(shown + entry.name)
                elif entry.is_dir():
                    found.append(os.path.join(shown + entry.name, ""))
                elif not ending:
                    found.append(shown + entry.name)
    except OSError:
        return []
    return sorted(found)
