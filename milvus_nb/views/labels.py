"""The label of a profile, in its colour, shown beside the alias of its connection."""

from __future__ import annotations

from html import escape
from typing import Final

__all__ = ["COLORS", "label_html"]

#: What a label's colour may be, with its text and background; readable on light and dark alike.
COLORS: Final = {
    "red": ("#ffffff", "#b71c1c"),
    "orange": ("#000000", "#ffa726"),
    "yellow": ("#000000", "#ffee58"),
    "green": ("#ffffff", "#2e7d32"),
    "blue": ("#ffffff", "#1565c0"),
    "purple": ("#ffffff", "#6a1b9a"),
    "gray": ("#ffffff", "#616161"),
}


def label_html(label: str, color: str) -> str:
    """Show a profile's label in its colour; nothing where there is none."""
    if not label:
        return ""
    text, back = COLORS.get(color, COLORS["gray"])
    style = f"color: {text}; background: {back}; border-radius: 3px; padding: 0 4px"
    return f'<span style="{style}">{escape(label)}</span>'
