"""Connections as text and as HTML. What comes from a server or a user is escaped."""

from __future__ import annotations

import time
from html import escape
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .connection import Connection

__all__ = ["StatusTable", "age", "connection_line", "connections_html", "connections_text"]

# A state is a word and a shape as well as a colour.
SHAPES: Final = {
    "connecting": "◌",
    "connected": "●",
    "degraded": "◐",
    "unreachable": "○",
    "rejected": "⊘",
    "disconnected": "·",
}
_COLOURS: Final = {
    "connecting": "var(--jp-info-color1, #1976d2)",
    "connected": "var(--jp-success-color1, #2e7d32)",
    "degraded": "var(--jp-warn-color1, #ef6c00)",
    "unreachable": "var(--jp-error-color1, #c62828)",
    "rejected": "var(--jp-error-color1, #c62828)",
    "disconnected": "var(--jp-ui-font-color2, #757575)",
}
_HEADERS: Final = ("", "Alias", "Address", "User", "Database", "State", "Version", "Latency")


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
    """

    def __init__(self, connections: Sequence[Connection], current: str, most: int) -> None:
        self._rest = max(len(connections) - most, 0)
        shown = list(connections)[:most]
        self._text = connections_text(shown, current)
        self._html = connections_html(shown, current)

    def __repr__(self) -> str:
        return self._text + (f"\n… and {self._rest:,} more" if self._rest else "")

    def _repr_html_(self) -> str:
        return self._html + (f"<p>… and {self._rest:,} more</p>" if self._rest else "")


def age(since: float | None) -> str:
    """Say how long ago a time was: ``"12 s"``, ``"3 min"``, ``"2 h 5 min"``, ``"4 d"``.

    Parameters
    ----------
    since
        Unix seconds.
    """
    if since is None:
        return "–"
    seconds = max(int(time.time() - since), 0)
    if seconds < 60:
        return f"{seconds} s"
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if minutes < 60:
        return f"{minutes} min"
    if hours < 24:
        return f"{hours} h {minutes % 60} min"
    return f"{days} d"


def connection_line(connection: Connection) -> str:
    """Describe a connection in one line of text."""
    words = [f"{connection.alias}: {connection.state}", connection.address, _who(connection)]
    if connection.db_name != "default":
        words.append(f"database {connection.db_name}")
    if connection.server_version:
        words.append(connection.server_version)
    if connection.latency_ms is not None:
        words.append(_latency(connection))
    if connection.reason:
        words.append(connection.reason)
    return ", ".join(word for word in words if word)


def connections_text(connections: Sequence[Connection], current: str = "") -> str:
    """Lay connections out as a table of text, one row each, reasons below their row."""
    if not connections:
        return "Nothing is connected. Connect with: %milvus connect ADDRESS"
    rows = [_HEADERS, *(_cells(connection, current) for connection in connections)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADERS))]
    lines = []
    for index, row in enumerate(rows):
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        lines.append("  ".join(cells).rstrip())
        if index:
            connection = connections[index - 1]
            lines += [f"   {text}" for text in (connection.reason, connection.fix) if text]
    return "\n".join(lines)


def connections_html(connections: Sequence[Connection], current: str = "") -> str:
    """Lay connections out as an HTML table; it carries its own colours, with a theme's first."""
    if not connections:
        return "<p>Nothing is connected. Connect with: <code>%milvus connect ADDRESS</code></p>"
    left = 'style="text-align: left"'
    head = "".join(f"<th {left}>{escape(name)}</th>" for name in _HEADERS)
    rows = []
    for connection in connections:
        shape, *cells = _cells(connection, current)
        colour = f'style="text-align: left; color: {_COLOURS[connection.state]}"'
        data = "".join(f"<td {left}>{escape(cell)}</td>" for cell in cells)
        rows.append(f"<tr><td {colour}>{escape(shape)}</td>{data}</tr>")
        if connection.reason:
            why = f"{escape(connection.reason)} {escape(connection.fix)}".strip()
            rows.append(f'<tr><td></td><td {left} colspan="{len(cells)}">{why}</td></tr>')
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def _cells(connection: Connection, current: str) -> tuple[str, ...]:
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


def _who(connection: Connection) -> str:
    if connection.auth == "token":
        return "API key"
    return connection.user or "–"


def _latency(connection: Connection) -> str:
    return "–" if connection.latency_ms is None else f"{connection.latency_ms:.1f} ms"
