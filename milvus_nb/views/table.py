"""Tables in HTML that carry what they need to be read: not every page has a style for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["cell", "table"]

_TABLE: Final = "border-collapse: collapse; margin: 4px 0"
_CELL: Final = "padding: 0.3em 0.6em; text-align"


def cell(inner: str, *, tag: str = "td", side: str = "left", style: str = "", span: int = 1) -> str:
    """Give a cell.

    Parameters
    ----------
    inner
        HTML: what is text in it was escaped.
    tag
        ``"td"`` or ``"th"``.
    side
        ``"left"`` or ``"right"``.
    style
        More of its style.
    span
        Over how many columns it goes.
    """
    more = f"; {style}" if style else ""
    wide = f' colspan="{span}"' if span > 1 else ""
    return f'<{tag} style="{_CELL}: {side}{more}"{wide}>{inner}</{tag}>'


def table(rows: Iterable[Iterable[str]], headers: Iterable[str] = ()) -> str:
    """Give a table of cells; headers are none, or a row of cells."""
    head = "".join(headers)
    body = "".join(f"<tr>{''.join(row)}</tr>" for row in rows)
    head = f"<thead><tr>{head}</tr></thead>" if head else ""
    return f'<table style="{_TABLE}">{head}<tbody>{body}</tbody></table>'
