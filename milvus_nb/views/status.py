"""Connections as text and as HTML. What comes from a server or a user is escaped."""

from __future__ import annotations

import time
from html import escape
from typing import TYPE_CHECKING, Final, Protocol

from ..printing import printable
from .colors import STATE_COLORS
from .labels import label_html
from .table import cell, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..params.endpoint import ConnectionParams

__all__ = [
    "Shown", "StatusTable", "age", "connection_line", "connections_html", "connections_text",
    "duration",
]  # fmt: skip

# A state is a word and a shape as well as a colour.
SHAPES: Final = {
    "connecting": "◌",
    "connected": "●",
    "degraded": "◐",
    "unreachable": "○",
    "rejected": "⊘",
    "disconnected": "·",
}
_ELSEWHERE: Final = "Opened by other code of this kernel (%milvus adopt gives an alias):"
_UNKNOWN: Final = "This milvus_nb knows older ones: take one of those, or a newer milvus_nb."
_HEADERS: Final = ("", "Alias", "Address", "User", "Database", "State", "Version", "Latency")


class Shown(Protocol):
    """What is shown of a connection; `milvus_nb.Connection` has it."""

    alias: str
    address: str
    user: str
    auth: str
    db_name: str
    secure: bool
    state: str
    reason: str
    note: str
    fix: str
    server_version: str
    since: float
    origin: str
    users: list[str]
    params: ConnectionParams

    @property
    def connected_at(self) -> float | None:
        """When it was made, Unix seconds."""

    @property
    def checked_at(self) -> float | None:
        """When the last probe ended, Unix seconds."""

    @property
    def latency_ms(self) -> float | None:
        """The last round trip, in milliseconds."""


class StatusTable:
    """The connections as they were when they were asked for: the value of ``%milvus status``.

    Parameters
    ----------
    connections
        What to show.
    current
        The alias of the current connection.
    most
        Show at most so many rows; the rest is counted.
    others
        What others opened; shown below.
    before
        The aliases that were connected before the kernel was restarted, and are not again.
    notes
        What does not work with the packages that are installed, a sentence each.
    """

    def __init__(
        self,
        connections: Sequence[Shown],
        current: str,
        most: int,
        others: Sequence[Shown] = (),
        before: Sequence[str] = (),
        *,
        notes: Sequence[str] = (),
    ) -> None:
        shown, rest = connections[:most], max(len(connections) - most, 0)
        self._text = [connections_text(shown, current)]
        self._html = [connections_html(shown, current)]
        if rest:
            self._text.append(f"… and {rest:,} more")
            self._html.append(f"<p>… and {rest:,} more</p>")
        if others:
            self._text += ["", _ELSEWHERE, connections_text(others)]
            self._html += [f"<p>{_ELSEWHERE}</p>", connections_html(others)]
        if before:
            told = f"Before the restart: {', '.join(before[:most])}."
            self._text += ["", f"{told} %milvus reconnect brings them back."]
            self._html.append(
                f"<p>{escape(told)} <code>%milvus reconnect</code> brings them back.</p>"
            )

        if notes:
            self._text += ["", *notes, _UNKNOWN]
            self._html.append(f"<p>{escape(' '.join([*notes, _UNKNOWN]))}</p>")

    def __repr__(self) -> str:
        return printable("\n".join(self._text))

    def _repr_html_(self) -> str:
        return "".join(self._html)


def age(since: float | None) -> str:
    """Say how long ago a time was (Unix seconds), as `duration` does."""
    return "–" if since is None else duration(time.time() - since)


def duration(seconds: float) -> str:
    """Say how long something has lasted: ``"12 s"``, ``"3 min"``, ``"2 h 5 min"``, ``"4 d"``.

    The page says the same: ``lab/test/state/ages.json`` is what both are held to.
    """
    seconds = max(int(seconds), 0)
    if seconds < 60:
        return f"{seconds} s"
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if minutes < 60:
        return f"{minutes} min"
    if hours < 24:
        return f"{hours} h {minutes % 60} min"
    return f"{days} d"


def connection_line(connection: Shown) -> str:
    """Describe a connection in one line of text."""
    label = f" [{connection.params.guard.label}]" if connection.params.guard.label else ""
    name = f"{connection.alias}{label}"
    words = [f"{name}: {connection.state}", connection.address, _who(connection)]
    if connection.db_name != "default":
        words.append(f"database {connection.db_name}")
    if connection.server_version:
        words.append(connection.server_version)
    if connection.latency_ms is not None:
        words.append(_latency(connection))
    words += [connection.reason, connection.note]
    return ", ".join(word for word in words if word)


def connections_text(connections: Sequence[Shown], current: str = "") -> str:
    """Lay connections out as a table of text, one row each, reasons below their row."""
    if not connections:
        return "Nothing is connected. Connect with: %milvus connect ADDRESS"
    rows = [_HEADERS, *(_cells(connection, current) for connection in connections)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADERS))]
    lines = []
    for index, row in enumerate(rows):
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        guard = connections[index - 1].params.guard if index else None
        label = f"[{guard.label}]" if guard is not None and guard.label else ""
        lines.append("  ".join([*cells, label]).rstrip())
        if index:
            connection = connections[index - 1]
            told = (_opened_by(connection), connection.reason, connection.fix, connection.note)
            lines += [f"   {text}" for text in told if text]
    return "\n".join(lines)


def connections_html(connections: Sequence[Shown], current: str = "") -> str:
    """Lay connections out as an HTML table; it carries its own colours, with a theme's first."""
    if not connections:
        return "<p>Nothing is connected. Connect with: <code>%milvus connect ADDRESS</code></p>"
    rows = []
    for connection in connections:
        shape, *words = _cells(connection, current)
        guard = connection.params.guard
        alias, *words = (escape(word) for word in words)
        alias = f"{alias} {label_html(guard.label, guard.color)}".rstrip()
        mark = cell(escape(shape), style=f"color: {STATE_COLORS[connection.state]}")
        rows.append([mark, cell(alias), *map(cell, words)])
        told = (_opened_by(connection), connection.reason, connection.fix, connection.note)
        if sentences := escape(" ".join(text for text in told if text)):
            rows.append([cell(""), cell(sentences, span=len(words) + 1)])
    return table(rows, [cell(escape(name), tag="th") for name in _HEADERS])


def _cells(connection: Shown, current: str) -> tuple[str, ...]:
    alias = connection.alias + (" (current)" if connection.alias == current else "")
    state = f"{connection.state} for {age(connection.since)}"
    return (
        SHAPES[connection.state],
        alias,
        connection.address,
        _who(connection),
        connection.db_name,
        state,
        connection.server_version or "–",
        _latency(connection),
    )


def _opened_by(connection: Shown) -> str:
    """Say who opened a connection that is not ours from the start, and who uses it."""
    if connection.origin == "milvus_nb":
        return ""
    if connection.users:
        return f"{connection.origin}, used by {', '.join(connection.users)}."
    if connection.origin == "pymilvus connections":
        return f"{connection.origin}; no Collection in a variable uses it."
    return f"{connection.origin}; nobody uses it any more, but it was left open."


def _who(connection: Shown) -> str:
    if connection.auth == "token":
        return "API key"
    return connection.user or "–"


def _latency(connection: Shown) -> str:
    return "–" if connection.latency_ms is None else f"{connection.latency_ms:.1f} ms"
