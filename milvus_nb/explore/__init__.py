"""What is in a database: databases, collections, fields, rows.

``inspector`` answers what a user asks, which ``asked`` checks, with the single ``calls``; ``wire``
has their messages, ``reading`` and ``values`` turn replies into the frozen values of ``model``,
``schema``, ``rows`` and ``rights``. ``explaining`` finds out why a server refused, for which
``refused`` has the words; ``shown`` has the text and HTML, ``code`` the same as runnable code.

Not public: import from `milvus_nb` itself.
"""

from . import shown as shown  # what is found knows how to show itself
from .inspector import Inspector
from .model import Collections, Databases, Description, Entry, Overview, Schema, Untold
from .rights import Rights
from .rows import Peek, framed
from .schema import Field, Function, Index

__all__ = [
    "Collections",
    "Databases",
    "Description",
    "Entry",
    "Field",
    "Function",
    "Index",
    "Inspector",
    "Overview",
    "Peek",
    "Rights",
    "Schema",
    "Untold",
    "framed",
]
