"""What is asked for, as a user may write it: checked before anything is sent."""

from __future__ import annotations

from typing import Final

from ..errors import ParamsError
from ..params import values

__all__ = ["MOST_ROWS", "collection", "database", "filter_text", "rows"]

#: So many rows can be peeked at.
MOST_ROWS: Final = 1_000


def collection(value: object) -> str:
    """Check the name of a collection; ParamsError where it is none."""
    name = values.text("collection", value)
    if not name:
        raise ParamsError("No collection is named.", "", "collections() lists their names.")
    return name


def database(value: object, own: str) -> str:
    """Check the name of a database; None is the connection's own."""
    return own if value is None else values.text("db", value)


def filter_text(value: object) -> str:
    """Check a filter; empty where there is none."""
    text = values.text("where", value)
    return text if text.strip() else ""


def rows(value: object) -> int:
    """Check how many rows are wanted."""
    return values.count("n", value, "how many rows", MOST_ROWS)
