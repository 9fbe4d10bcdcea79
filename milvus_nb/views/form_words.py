"""What to do, in a form's words: a page has fields, where a line of ``%milvus`` has options."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["for_form"]

# What a cell is told, and a page in its place; the names are those of the form's fields.
_WORDS: Final = (
    (r"If (it is )?only slow: --timeout 30.*$", "If it is only slow, give a Timeout of 30 s."),
    (r"Add --secure\b", "Choose Use TLS"),
    (r"--secure\b", "Use TLS"),
    (r"--ca-pem-path FILE\b", "the field CA certificate"),
    (r"--server-pem-path FILE\b", "the field Server certificate"),
    (
        r"--client-pem-path FILE --client-key-path FILE\b",
        "the fields Client certificate and Client key",
    ),
    (r"--client-pem-path and --client-key-path\b", "Client certificate and Client key"),
    (r"--server-name (\S+)", r"Server name \1"),
    (r"add --user NAME --ask, or --token-env VARIABLE\b", "with a Password or a Token"),
    (r"add --token-env VARIABLE, or --ask\b", "give it as Token"),
    (r"by --token-env VARIABLE, or --ask\b", "as Token"),
    (r"replace the connection: --replace \(replace=True\)", "replace the connection"),
)
_TABLE: Final = tuple((re.compile(said), form) for said, form in _WORDS)


def for_form(fix: str) -> str:
    """Say what to do to somebody who sees a form.

    Parameters
    ----------
    fix
        What is said in a cell, see `probing.causes`.
    """
    for said, form in _TABLE:
        fix = said.sub(form, fix)
    return fix
