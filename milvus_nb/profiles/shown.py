"""Profiles as text and as HTML. What comes from a file is escaped."""

from __future__ import annotations

import os
from html import escape
from typing import TYPE_CHECKING, Final

from ..printing import printable
from ..views.labels import label_html
from ..views.table import cell, table

if TYPE_CHECKING:
    from .listing import ProfileListing
    from .profile import Profile

__all__ = ["ProfileTable", "ProfileText"]

_HEADERS: Final = ("Profile", "Address", "User", "Database", "Secret", "Asks", "File")
_NONE: Final = "No profiles yet. Save a connection: %milvus profile save ALIAS"


class ProfileTable:
    """The profiles as they were when they were asked for: the value of ``%milvus profile list``."""

    def __init__(self, listing: ProfileListing) -> None:
        self._profiles = list(listing.profiles.values())
        self._notes = [str(problem) for problem in listing.problems]
        self._notes += [
            f"{name} of {profile.path} is hidden by the project's."
            for name, profile in listing.hidden.items()
        ]
        self._default = listing.default
        self._unasked = listing.unasked
        is_there = os.path.lexists(listing.user_path)
        self._files = [f"Yours: {listing.user_path}{'' if is_there else ' (not there yet)'}"]
        if listing.project_path:
            self._files.append(f"The project's: {listing.project_path}")
        if listing.site_path:
            self._files.append(f"The site's, for administrators to change: {listing.site_path}")

    def _rows(self) -> list[tuple[str, ...]]:
        return [
            (
                f"{one.name} (default)" if one is self._default else one.name,
                one.address,
                one.user or "–",
                one.db_name or "default",
                str(one.secret),
                "yes" if one.confirm else "–",
                self._file(one),
            )
            for one in self._profiles
        ]

    def _file(self, one: Profile) -> str:
        if not one.is_project:
            return "site" if one.is_site else "yours"
        return "project, not allowed yet" if one.name in self._unasked else "project"

    def __repr__(self) -> str:
        lines = [_NONE] if not self._profiles else []
        if self._profiles:
            rows = [_HEADERS, *self._rows()]
            widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADERS))]
            labels = ["", *(one.label for one in self._profiles)]
            for row, label in zip(rows, labels, strict=True):
                cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
                lines.append("  ".join([*cells, f"[{label}]" if label else ""]).rstrip())
        notes = [f"! {note}" for note in self._notes]
        return printable("\n".join([*lines, *notes, "", *self._files]))

    def _repr_html_(self) -> str:
        notes = "".join(f"<p>! {escape(note)}</p>" for note in self._notes)
        notes += f"<p>{'<br>'.join(escape(line) for line in self._files)}</p>"
        if not self._profiles:
            return f"<p>{escape(_NONE)}</p>{notes}"
        rows = []
        for one, (name, *words) in zip(self._profiles, self._rows(), strict=True):
            label = label_html(one.label, one.color)
            rows.append([cell(f"{escape(name)} {label}"), *(cell(escape(word)) for word in words)])
        return table(rows, [cell(name, tag="th") for name in _HEADERS]) + notes


class ProfileText:
    """One profile as it stands in TOML: the value of ``%milvus profile show``."""

    def __init__(self, profile: Profile) -> None:
        import tomlkit

        table = tomlkit.table()
        for key, value in profile.table().items():
            table.add(key, value)
        head = tomlkit.document()
        head.add("profiles", {profile.name: table})
        self._text = f"# {profile.path}\n{tomlkit.dumps(head)}".strip()

    def __repr__(self) -> str:
        return printable(self._text)

    def _repr_html_(self) -> str:
        return f"<pre>{escape(self._text)}</pre>"
