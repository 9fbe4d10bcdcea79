"""What an examination has found: as data, as text and as HTML."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Final

from ..printing import printable
from .colors import STATE_COLORS
from .details import facts_html, facts_lines
from .stages import stages_html, stages_text

if TYPE_CHECKING:
    from ..errors import Diagnosis
    from ..probing.stages import Stage

__all__ = ["Report"]

_ALL_WELL: Final = "Nothing stands in the way."


@dataclass(frozen=True)
class Report:
    """What an examination found.

    Attributes
    ----------
    title
        What was examined: alias or address, user and database.
    stages
        The layers in order, each with its time; see :class:`milvus_nb.probing.stages.Stage`.
    facts
        Pairs of label and text; a text may have several lines.
    notes
        What is worth knowing although it works, a sentence each.
    diagnosis
        Why it fails; None where it does not.
    """

    title: str
    stages: tuple[Stage, ...]
    facts: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    diagnosis: Diagnosis | None

    @property
    def ok(self) -> bool:
        """Whether everything answered."""
        return self.diagnosis is None

    def __repr__(self) -> str:
        return printable(_text(self))

    def _repr_html_(self) -> str:
        return _html(self)


def _text(report: Report) -> str:
    """Show an examination as text."""
    lines = [report.title, stages_text(report.stages), "", *facts_lines(report.facts)]
    if report.facts:
        lines.append("")
    lines += [f"! {note}" for note in report.notes]
    if (found := report.diagnosis) is None:
        return "\n".join([*lines, _ALL_WELL])
    return "\n".join([*lines, found.reason, found.fix, f"[{found.cause}] {found.evidence}"])


def _html(report: Report) -> str:
    """Show an examination as HTML; it carries its own colours, with a theme's first."""
    parts = [
        f"<p><b>{escape(report.title)}</b></p>",
        stages_html(report.stages),
        facts_html(report.facts),
        *(
            f'<p><span style="color: {STATE_COLORS["degraded"]}">!</span> {escape(note)}</p>'
            for note in report.notes
        ),
    ]
    if (found := report.diagnosis) is None:
        parts.append(f'<p style="color: {STATE_COLORS["connected"]}">{_ALL_WELL}</p>')
    else:
        parts.append(
            f'<p><b style="color: {STATE_COLORS["unreachable"]}">{escape(found.reason)}</b><br>'
            f"{escape(found.fix)}<br>"
            f"<small><code>{escape(found.cause)}</code> {escape(found.evidence)}</small></p>"
        )
    return "".join(parts)
