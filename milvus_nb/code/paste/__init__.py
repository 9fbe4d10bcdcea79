"""A pasted text → connection parameters: a line of code, of a shell or of a console.

``recognise`` finds out what the text is and hands it to the reader of its language; ``reading``
has what the readers share. ``python`` uses Python's own grammar, ``shell`` the words of a command
line for ``curl`` and ``commands``; ``plain`` reads JSON, environment files and labelled lines.
``placeholders`` knows what an example leaves to be filled in, ``addresses`` pymilvus's encoding.

The text is data: nothing in it is ever evaluated.
"""

from .reading import Pasted
from .recognise import looks_pasted, read

__all__ = ["Pasted", "looks_pasted", "read"]
