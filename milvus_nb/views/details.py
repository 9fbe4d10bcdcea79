"""All that is known of one connection, for people: pairs of label and text, and code."""

from __future__ import annotations

import time
from html import escape
from typing import TYPE_CHECKING

from ..printing import printable
from .status import connections_html, connections_text
from .table import cell, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from typing_extensions import Self

    from .status import Shown

__all__ = ["Facts", "Snippet", "facts", "facts_html", "facts_lines"]


class Facts:
    """All that is known of one connection: the value of ``%milvus status ALIAS``.

    Parameters
    ----------
    connection
        Which one.
    pairs
        Labels and texts.
    """

    def __init__(self, connection: Shown, pairs: Sequence[tuple[str, str]]) -> None:
        self._text = "\n".join([connections_text([connection]), "", *facts_lines(pairs)])
        self._html = connections_html([connection]) + facts_html(pairs)

    def __repr__(self) -> str:
        return printable(self._text)

    def _repr_html_(self) -> str:
        return self._html


class Snippet(str):
    """Code, shown as it is: the value of ``%milvus code``."""

    __slots__ = ("language",)

    language: str

    def __new__(cls, text: str, language: str = "python") -> Self:
        """Make it of its text and its language."""
        made = super().__new__(cls, text)
        made.language = language
        return made

    def __repr__(self) -> str:
        return printable(str(self))

    def _repr_html_(self) -> str:
        from .code import code_html

        return code_html(str(self), self.language)


def facts(connection: Shown) -> list[tuple[str, str]]:
    """Tell what is known without asking anybody; what is empty is left out."""
    tls = connection.params.endpoint.tls
    sign_in = {"none": "none", "password": connection.user, "token": "API key"}[connection.auth]
    pairs = [
        ("Address", connection.address),
        ("Database", connection.db_name),
        ("Sign-in", sign_in),
        ("Server", connection.server_version),
        ("TLS", "on" if connection.secure else "off"),
        ("Trusted certificate", tls.root_pem_path),
        ("Client certificate", tls.client_pem_path),
        ("Server name", tls.server_name),
        ("Timeout", f"{connection.params.timeout:g} s"),
        ("Connected", _clock(connection.connected_at)),
        ("Last check", _clock(connection.checked_at)),
        ("Opened with", "" if connection.origin == "milvus_nb" else connection.origin),
        ("Used by", ", ".join(connection.users)),
        ("Reason", connection.reason),
    ]
    return [(label, text) for label, text in pairs if text]


def facts_lines(pairs: Sequence[tuple[str, str]]) -> list[str]:
    """Lay labels and texts out as lines; a text may have several."""
    width = max((len(label) for label, _ in pairs), default=0)
    return [
        f"  {'' if index else label:<{width}}  {line}".rstrip()
        for label, text in pairs
        for index, line in enumerate(text.split("\n"))
    ]


def facts_html(pairs: Sequence[tuple[str, str]]) -> str:
    """Lay labels and texts out as an HTML table; nothing where there are none."""
    rows = [
        [cell(escape(label), style="vertical-align: top"), cell(escape(text).replace("\n", "<br>"))]
        for label, text in pairs
    ]
    return table(rows) if rows else ""


def _clock(when: float | None) -> str:
    return "" if when is None else time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(when))
