"""Connections as text and as HTML. What comes from a server or a user is escaped."""

from __future__ import annotations

import time
from html import escape
from typing import TYPE_CHECKING, Final

from ..base.printing import printable
from .profiles import label_html

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..probing.stages import Stage
    from ..registry.connection import Connection
    from ..watching.doctor import Report

__all__ = [
    "STAGE_WORDS",
    "Facts",
    "Snippet",
    "StatusTable",
    "age",
    "connection_line",
    "connections_html",
    "connections_text",
    "facts_html",
    "facts_lines",
    "report_html",
    "report_text",
    "stages_html",
    "stages_line",
    "stages_text",
]

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
STAGE_WORDS: Final = {
    "file": "File",
    "resolve": "Resolve",
    "tcp": "TCP",
    "tls": "TLS",
    "grpc": "gRPC",
    "sign_in": "Sign in",
    "version": "Version",
    "health": "Health",
    "database": "Database",
}
_STAGE_SHAPES: Final = {"pending": "·", "running": "…", "ok": "✓", "failed": "✗", "skipped": "–"}
_STAGE_COLOURS: Final = {
    "pending": "var(--jp-ui-font-color2, #757575)",
    "running": "var(--jp-info-color1, #1976d2)",
    "ok": "var(--jp-success-color1, #2e7d32)",
    "failed": "var(--jp-error-color1, #c62828)",
    "skipped": "var(--jp-ui-font-color2, #757575)",
}
_ALL_WELL: Final = "Nothing stands in the way."
_ELSEWHERE: Final = "Opened by other code of this kernel (%milvus adopt gives an alias):"
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
    others
        What others opened; shown below.
    before
        The aliases that were connected before the kernel was restarted, and are not again.
    """

    def __init__(
        self,
        connections: Sequence[Connection],
        current: str,
        most: int,
        others: Sequence[Connection] = (),
        before: Sequence[str] = (),
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

    def __repr__(self) -> str:
        return printable("\n".join(self._text))

    def _repr_html_(self) -> str:
        return "".join(self._html)


class Facts:
    """All that is known of one connection: the value of ``%milvus status ALIAS``.

    Parameters
    ----------
    connection
        Which one.
    pairs
        Labels and texts.
    """

    def __init__(self, connection: Connection, pairs: Sequence[tuple[str, str]]) -> None:
        self._text = "\n".join([connections_text([connection]), "", *facts_lines(pairs)])
        self._html = connections_html([connection]) + facts_html(pairs)

    def __repr__(self) -> str:
        return printable(self._text)

    def _repr_html_(self) -> str:
        return self._html


class Snippet(str):
    """Code, shown as it is: the value of ``%milvus code``."""

    __slots__ = ()

    def __repr__(self) -> str:
        return printable(str(self))

    def _repr_html_(self) -> str:
        return f"<pre>{escape(str(self))}</pre>"


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


def connections_text(connections: Sequence[Connection], current: str = "") -> str:
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
        guard = connection.params.guard
        alias, *cells = (escape(cell) for cell in cells)
        alias = f"{alias} {label_html(guard.label, guard.color)}".rstrip()
        data = "".join(f"<td {left}>{cell}</td>" for cell in (alias, *cells))
        rows.append(f"<tr><td {colour}>{escape(shape)}</td>{data}</tr>")
        told = (_opened_by(connection), connection.reason, connection.fix, connection.note)
        if why := escape(" ".join(text for text in told if text)):
            rows.append(f'<tr><td></td><td {left} colspan="{len(cells) + 1}">{why}</td></tr>')
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


def _opened_by(connection: Connection) -> str:
    """Say who opened a connection that is not ours from the start, and who uses it."""
    if connection.origin == "milvus_nb":
        return ""
    if connection.users:
        return f"{connection.origin}, used by {', '.join(connection.users)}."
    if connection.origin == "pymilvus connections":
        return f"{connection.origin}; no Collection in a variable uses it."
    return f"{connection.origin}; nobody uses it any more, but it was left open."


def _who(connection: Connection) -> str:
    if connection.auth == "token":
        return "API key"
    return connection.user or "–"


def _latency(connection: Connection) -> str:
    return "–" if connection.latency_ms is None else f"{connection.latency_ms:.1f} ms"


def stages_line(stages: Sequence[Stage]) -> str:
    """Show the stages that have begun, in one line."""
    words = []
    for stage in stages:
        if stage.status in ("ok", "failed"):
            ms = f" {_ms(stage.ms)}" if stage.ms is not None else ""
            words.append(f"{STAGE_WORDS[stage.name]} {_STAGE_SHAPES[stage.status]}{ms}")
        elif stage.status == "running":
            words.append(f"{STAGE_WORDS[stage.name]} …")
    return "  ".join(words)


def stages_text(stages: Sequence[Stage]) -> str:
    """Show the stages, a line each: shape, name, time, and what was found."""
    lines = []
    for stage in stages:
        ms = _ms(stage.ms) if stage.ms is not None else ""
        shape, name = _STAGE_SHAPES[stage.status], STAGE_WORDS[stage.name]
        lines.append(f"  {shape} {name:<9} {ms:>9}  {stage.text}".rstrip())
    return "\n".join(lines)


def stages_html(stages: Sequence[Stage]) -> str:
    """Show the stages as an HTML table."""
    rows = []
    for stage in stages:
        colour = f'style="text-align: left; color: {_STAGE_COLOURS[stage.status]}"'
        cells = [
            f"<td {colour}>{_STAGE_SHAPES[stage.status]}</td>",
            f'<td style="text-align: left">{STAGE_WORDS[stage.name]}</td>',
            f'<td style="text-align: right">{_ms(stage.ms) if stage.ms is not None else ""}</td>',
            f'<td style="text-align: left">{escape(stage.text)}</td>',
        ]
        rows.append(f"<tr>{''.join(cells)}</tr>")
    return f"<table><tbody>{''.join(rows)}</tbody></table>"


def facts_lines(pairs: Sequence[tuple[str, str]]) -> list[str]:
    """Lay labels and texts out as lines; a text may have several."""
    width = max((len(label) for label, _ in pairs), default=0)
    return [
        f"  {'' if index else label:<{width}}  {line}".rstrip()
        for label, text in pairs
        for index, line in enumerate(text.split("\n"))
    ]


def facts_html(pairs: Sequence[tuple[str, str]]) -> str:
    """Lay labels and texts out as an HTML table; nothing where there are none."""
    rows = [
        f'<tr><td style="text-align: left; vertical-align: top">{escape(label)}</td>'
        f'<td style="text-align: left">{escape(text).replace(chr(10), "<br>")}</td></tr>'
        for label, text in pairs
    ]
    return f"<table><tbody>{''.join(rows)}</tbody></table>" if rows else ""


def report_text(report: Report) -> str:
    """Show an examination as text."""
    lines = [report.title, stages_text(report.stages), "", *facts_lines(report.facts)]
    if report.facts:
        lines.append("")
    lines += [f"! {note}" for note in report.notes]
    if (found := report.diagnosis) is None:
        return "\n".join([*lines, _ALL_WELL])
    return "\n".join([*lines, found.why, found.fix, f"[{found.cause}] {found.evidence}"])


def report_html(report: Report) -> str:
    """Show an examination as HTML; it carries its own colours, with a theme's first."""
    parts = [
        f"<p><b>{escape(report.title)}</b></p>",
        stages_html(report.stages),
        facts_html(report.facts),
        *(
            f'<p><span style="color: {_COLOURS["degraded"]}">!</span> {escape(note)}</p>'
            for note in report.notes
        ),
    ]
    if (found := report.diagnosis) is None:
        parts.append(f'<p style="color: {_COLOURS["connected"]}">{_ALL_WELL}</p>')
    else:
        parts.append(
            f'<p><b style="color: {_COLOURS["unreachable"]}">{escape(found.why)}</b><br>'
            f"{escape(found.fix)}<br>"
            f"<small><code>{escape(found.cause)}</code> {escape(found.evidence)}</small></p>"
        )
    return "".join(parts)


def _ms(ms: float) -> str:
    return f"{ms:.1f} ms" if ms < 1000 else f"{ms / 1000:.1f} s"
