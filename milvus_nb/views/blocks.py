"""What is shown, laid out once: as lines of text for a terminal, as HTML for a page."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Final, TypeAlias

from .colors import BAD, GOOD, MUTED, WARN
from .table import cell, table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = [
    "Block", "Cell", "Code", "Facts", "Line", "Part", "Table", "Title", "html", "joined", "text",
]  # fmt: skip

# A page's own colours first, for light and dark; else ones that can be read on both.
_TONES: Final = {
    "muted": f"color: {MUTED}",
    "good": f"color: {GOOD}",
    "warn": f"color: {WARN}",
    "bad": f"color: {BAD}",
    "strong": "font-weight: 600",
}
_GAP: Final = "  "


@dataclass(frozen=True)
class Part:
    """A text with a tone: ``"muted"``, ``"good"``, ``"warn"``, ``"bad"``, ``"strong"``."""

    text: str
    tone: str = ""


Cell: TypeAlias = "str | Part"


@dataclass(frozen=True)
class Title:
    """A heading, and what is said beside it."""

    text: str
    more: str = ""


@dataclass(frozen=True)
class Line:
    """A line of words, or an empty one."""

    parts: tuple[Cell, ...] = ()


@dataclass(frozen=True)
class Code:
    """A line that somebody copies."""

    text: str


@dataclass(frozen=True)
class Facts:
    """Labels and texts."""

    pairs: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Table:
    """Rows under headers; the columns in `right` are set to the right."""

    headers: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    right: frozenset[int] = frozenset()


Block: TypeAlias = "Title | Line | Code | Facts | Table"


def text(blocks: Iterable[Block]) -> str:
    """Lay blocks out as text."""
    lines = [line for block in blocks for line in _lines(block)]
    return "\n".join(line.rstrip() for line in lines)


def html(blocks: Iterable[Block]) -> str:
    """Lay blocks out as HTML; every text in it is escaped."""
    return f"<div>{''.join(_html(block) for block in blocks)}</div>"


def _lines(block: Block) -> list[str]:
    if isinstance(block, Title):
        return [f"{block.text}   {block.more}"]
    if isinstance(block, Line):
        return ["".join(_words(part) for part in block.parts)]
    if isinstance(block, Code):
        return [f"  {block.text}"]
    if isinstance(block, Facts):
        width = max((_width(label) for label, _ in block.pairs), default=0)
        return [f"{_padded(label, width)}{_GAP}{words}" for label, words in block.pairs]
    return _table_lines(block)


def _table_lines(table: Table) -> list[str]:
    rows = [table.headers, *([_words(cell) for cell in row] for row in table.rows)]
    if not any(table.headers):
        rows = rows[1:]
    columns = range(len(table.headers))
    widths = [max((_width(row[column]) for row in rows), default=0) for column in columns]
    return [
        _GAP.join(
            _padded(row[column], widths[column], right=column in table.right) for column in columns
        )
        for row in rows
    ]


def _html(block: Block) -> str:
    if isinstance(block, Title):
        more = _span(Part(block.more, "muted")) if block.more else ""
        return f'<p style="margin: 4px 0"><b>{escape(block.text)}</b>&ensp;{more}</p>'
    if isinstance(block, Line):
        inner = "".join(_span(part) for part in block.parts)
        return f'<p style="margin: 4px 0">{inner}</p>' if inner else ""
    if isinstance(block, Code):
        return f'<pre style="margin: 2px 0 6px; white-space: pre-wrap">{escape(block.text)}</pre>'
    if isinstance(block, Facts):
        rows = [
            [
                cell(escape(label), style=_TONES["muted"]),
                cell(escape(words), style="white-space: normal"),
            ]
            for label, words in block.pairs
        ]
        return table(rows) if rows else ""
    return _table_html(block)


def _table_html(shown: Table) -> str:
    def side(column: int) -> str:
        return "right" if column in shown.right else "left"

    head = [
        cell(escape(name), tag="th", side=side(column)) for column, name in enumerate(shown.headers)
    ]
    rows = [
        [
            cell(_span(words), side=side(column), style=_wrap(shown, column))
            for column, words in enumerate(row)
        ]
        for row in shown.rows
    ]
    return table(rows, head if any(shown.headers) else ())


def _wrap(shown: Table, column: int) -> str:
    """Keep values in one line; a last column without a name has notes, which may have several."""
    is_last = column == len(shown.headers) - 1
    return "" if is_last and not shown.headers[-1] else "white-space: nowrap"


def _span(cell: Cell) -> str:
    if isinstance(cell, str):
        return escape(cell)
    if not cell.tone:
        return escape(cell.text)
    return f'<span style="{_TONES[cell.tone]}">{escape(cell.text)}</span>'


def _words(cell: Cell) -> str:
    return cell if isinstance(cell, str) else cell.text


def _width(words: str) -> int:
    """Count the columns that a terminal needs: two for a Chinese character, none for a mark."""
    if words.isascii():
        return len(words)
    return sum(map(_columns, words))


def _columns(letter: str) -> int:
    if unicodedata.combining(letter) or unicodedata.category(letter) == "Cf":  # joiners
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1


def _padded(words: str, width: int, *, right: bool = False) -> str:
    space = " " * max(width - _width(words), 0)
    return f"{space}{words}" if right else f"{words}{space}"


def joined(parts: Sequence[Cell]) -> tuple[Cell, ...]:
    """Put dots between parts."""
    return tuple(one for part in parts for one in (Part(" · ", "muted"), part))[1:]
