"""What is in a database: databases, collections, fields, rows.

``inspector`` asks, over whatever has the one method ``call``; ``wire`` has the messages,
``reading`` and ``values`` turn replies into ``model``'s frozen values, ``refused`` has the words of
all that a server refuses, ``shown`` the text and HTML, ``code`` the same as runnable code.

Not public: import from `milvus_nb` itself.
"""

from . import shown as shown  # what is found knows how to show itself
from .frames import framed
from .inspector import Inspector
from .model import (
    Collections,
    Databases,
    Description,
    Entry,
    Field,
    Function,
    Index,
    Load,
    Overview,
    Peek,
    Right,
    Rights,
    RowCount,
    Schema,
    Untold,
)

__all__ = [
    "Collections",
    "Databases",
    "Description",
    "Entry",
    "Field",
    "Function",
    "Index",
    "Inspector",
    "Load",
    "Overview",
    "Peek",
    "Right",
    "Rights",
    "RowCount",
    "Schema",
    "Untold",
    "framed",
]
