"""The stages of connecting as text and as HTML."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

from .colors import BAD, BUSY, GOOD, MUTED
from .table import cell, table

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
_STAGE_COLORS: Final = {
    "pending": MUTED,
    "running": BUSY,
    "ok": GOOD,
    "failed": BAD,
    "skipped": MUTED,
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
    return table(
        [
            cell(_STAGE_SHAPES[stage.status], style=f"color: {_STAGE_COLORS[stage.status]}"),
            cell(STAGE_WORDS[stage.name]),
            cell(_ms(stage.ms) if stage.ms is not None else "", side="right"),
            cell(escape(stage.text)),
        ]
        for stage in stages
    )


def _ms(ms: float) -> str:
    return f"{ms:.1f} ms" if ms < 1000 else f"{ms / 1000:.1f} s"
