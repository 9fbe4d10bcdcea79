"""The stages of connecting as text and as HTML."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..probing.stages import Stage

__all__ = ["STAGE_WORDS", "stages_html", "stages_line", "stages_text"]

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


def _ms(ms: float) -> str:
    return f"{ms:.1f} ms" if ms < 1000 else f"{ms / 1000:.1f} s"
