"""An edit of a file of profiles: what is meant is written, and nothing else changes.

Whoever edits says what the profiles are to be, in plain dicts. The text follows in one of two ways:
whole lines, which leaves all others as they are, or key by key. Whichever it is, what was written
is read again, and has to say what was meant and nothing else; the user's comments, order and
unknown keys stay.
"""

from __future__ import annotations

import copy
import io
import json
import re
from typing import TYPE_CHECKING, Any, Final

from ..errors import Advice, ProfileError
from .files import MOST_BYTES, MOST_PROFILES, SECTION, load

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["edited"]

Profiles = dict[str, Any]

_HEAD: Final = (
    "Profiles of milvus_nb, see %milvus help profile. They refer to secrets and never hold one."
)
_SHARED: Final = "Meant for version control: everybody who has the project can read it."


def edited(
    path: str, text: str | None, change: Callable[[Profiles], object], *, is_shared: bool
) -> str:
    """Give the text of a file after an edit.

    Parameters
    ----------
    path
        The file, for what is said of it.
    text
        What stands there; None where there is no such file.
    change
        Changes the profiles in place: their keys by their names.
    is_shared
        Whether it is a project's.

    Raises
    ------
    ProfileError
        The file is broken, cannot be changed here, or would be too large; or `change` raises it.
    """
    text = text or ""
    document = load(path, text)
    before = document.get(SECTION, {})
    if not isinstance(before, dict):
        raise ProfileError(f"{path}: profiles is not a table.", "", "Write [profiles.NAME]")
    after = copy.deepcopy(before)
    try:
        change(after)
    except LookupError:  # one without a name is only shown as ""
        raise _unchanged(path, "There is no profile of this name in it") from None
    written = _written(path, text, document, after, is_shared)
    if "\r\n" in text:
        written = written.replace("\r\n", "\n").replace("\n", "\r\n")
    limit = ""
    if len(written.encode()) > MOST_BYTES:
        limit = f"be larger than {MOST_BYTES // 1000} kB"
    elif len(after) > MOST_PROFILES:
        limit = f"have more than {MOST_PROFILES} profiles"
    if limit:
        raise ProfileError(
            f"{path} would {limit}.",
            "Such a file is not read. It is as it was.",
            "Delete a profile that is not needed: %milvus profile delete NAME",
            "not-writable",
            Advice("Delete a profile that is not needed."),
        )
    return written


def _written(
    path: str, text: str, document: dict[str, Any], after: Profiles, is_shared: bool
) -> str:
    from tomlkit.exceptions import TOMLKitError

    before, meant = document.get(SECTION, {}), _said({**document, SECTION: after})
    said = "it would not say the same"
    for write in (_by_line, _by_key):
        try:
            written = write(text, before, after, is_shared)
            if _said(load(path, written)) == meant:
                return written
        except ProfileError:  # what was written is no TOML
            continue
        except (TOMLKitError, AttributeError, LookupError, TypeError, ValueError) as error:
            said = str(error)[:100].rstrip(".")
    raise _unchanged(path, said)


def _unchanged(path: str, said: str) -> ProfileError:
    return ProfileError(
        f"{path} is written in a way that cannot be changed here.",
        f"{said}. It is as it was.",
        "Write each profile as a table of its own, [profiles.NAME], or change it by hand.",
        "not-writable",
    )


def _said(document: dict[str, Any]) -> str:
    """Write down what a document says; an empty table of profiles says nothing."""
    return _plain({key: value for key, value in document.items() if value or key != SECTION})


def _plain(value: object) -> str:
    return json.dumps(value, sort_keys=True, default=str)


# Line by line


def _by_line(text: str, before: Profiles, after: Profiles, _: bool) -> str:
    """Rename or take out one profile; the text of all others is not touched."""
    gone, new = before.keys() - after.keys(), after.keys() - before.keys()
    if len(gone) != 1 or len(new) > 1:
        return text
    start = rf"""(\s*\[*\s*["']?{SECTION}["']?\s*\.\s*)(["']?){re.escape(*gone)}\2(?=\s*[.\]])"""
    head = re.compile(start)
    lines = list(io.StringIO(text))
    if not new:
        return "".join(_without(lines, head))
    [name] = new
    name = name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else json.dumps(name, ensure_ascii=False)
    return "".join(
        head.sub(lambda found: found[1] + name, line, 1) if head.match(line) else line
        for line in lines
    )


def _without(lines: list[str], head: re.Pattern[str]) -> list[str]:
    """Take a profile out; the comments behind its last key, which may be the next one's, stay."""
    kept: list[str] = []
    behind: list[str] = []
    is_its = False
    for line in lines:
        start = line.lstrip()
        if start.startswith("["):
            is_its = head.match(line) is not None
            kept += [] if is_its else behind
            behind = []
        if not is_its:
            kept.append(line)
        elif start.startswith("#") or (behind and not start):
            behind.append(line)
        elif start:
            behind = []
    return kept + behind


# Key by key


def _by_key(text: str, before: Profiles, after: Profiles, is_shared: bool) -> str:
    """Have tomlkit write what differs."""
    import tomlkit

    document: Any = tomlkit.parse(text)
    if SECTION not in document:
        if not text.strip():
            for line in (_HEAD, _SHARED) if is_shared else (_HEAD,):
                document.add(tomlkit.comment(line))
            document.add(tomlkit.nl())
        document.add(SECTION, tomlkit.table(is_super_table=True))
    _bring(document[SECTION], before, after)
    return tomlkit.dumps(document)


def _bring(table: Any, before: Profiles, after: Profiles) -> None:
    """Change a table to what is meant; what is the same stays untouched, with its comment."""
    # What has another name now is put in again as it was written.
    gone = {_plain(before[key]): table.pop(key) for key in before if key not in after}
    for key, value in after.items():
        if key not in before:
            table[key] = gone.pop(_plain(value), None) or _new(value)
        elif isinstance(before[key], dict) and isinstance(value, dict):
            _bring(table[key], before[key], value)
        elif _plain(value) != _plain(before[key]):
            if isinstance(value, dict):
                del table[key]
            table[key] = _new(value)


def _new(value: object) -> Any:
    import tomlkit

    if not isinstance(value, dict):
        return value
    entry = tomlkit.table()
    for key, inner in value.items():
        entry.add(key, inner)
    entry.add(tomlkit.nl())
    return entry
