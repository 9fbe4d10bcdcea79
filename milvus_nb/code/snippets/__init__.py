"""The same connection as code in every Milvus language; secrets only as environment variables.

``python`` has pymilvus's three forms, ``shells`` what is typed (the magic, the Milvus CLI, curl),
``sdks`` the other client libraries; ``quoting`` makes literals, ``parts`` is what they share.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ...errors import ParamsError
from ...params.suggestion import closest
from . import python, sdks, shells
from .shells import cell, connect_line

if TYPE_CHECKING:
    from ...params.endpoint import ConnectionParams

__all__ = ["LANGUAGES", "cell", "code", "connect_line"]

#: The languages of `code`.
LANGUAGES: Final = ("magic", "python", "orm", "async", "node", "go", "java", "cli", "curl")

_WRITERS: Final = {
    "magic": shells.magic,
    "python": python.client,
    "orm": python.orm,
    "async": python.async_client,
    "node": sdks.node,
    "go": sdks.go,
    "java": sdks.java,
    "cli": shells.cli,
}


def code(params: ConnectionParams, alias: str, language: str, server_version: str = "") -> str:
    """Write a connection as code that connects, lists the collections and disconnects.

    Parameters
    ----------
    params
        Where to connect, and how. A secret becomes a reference to the environment variable that it
        came from; else a password one to ``MILVUS_PASSWORD``, an API key one to ``MILVUS_TOKEN``.
    alias
        The connection's name, where the language has aliases.
    language
        One of `LANGUAGES`.
    server_version
        The server's version, such as ``"v2.3.5"``; empty where it is not known. Servers older
        than 2.4 have another REST interface.

    Returns
    -------
    str
        The code, with a line break at its end. What the language cannot carry over is named in a
        comment.

    Raises
    ------
    ParamsError
        The language is unknown, or it cannot reach such an address.
    """
    if language == "curl":
        return shells.curl(params, server_version)
    if language in _WRITERS:
        return _WRITERS[language](params, alias)
    near = closest(language, LANGUAGES)
    raise ParamsError(
        f"There is no language {language[:40]!r}.",
        f"The languages: {', '.join(LANGUAGES)}.",
        f"Did you mean {near}?" if near else "Choose one of them.",
    )
