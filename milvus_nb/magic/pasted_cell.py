"""What was pasted behind ``%milvus connect``: told from options; the cell without its secret."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from ..code.usage import PARSERS
from ..errors import MagicUsageError
from ..page.frontend import cell_source, updates_outputs

if TYPE_CHECKING:
    import argparse

    from IPython.core.interactiveshell import InteractiveShell

__all__ = [
    "is_pasted",
    "refuse_others",
    "replace_secret",
    "split_import_options",
    "split_options",
    "warning",
]

# How lines begin that people paste: a call, maybe with a name for its value, or a command.
_CODE: Final = re.compile(
    r"""
    ([A-Za-z_]\w*\s*=\s*)? (await\s+)? [A-Za-z_][\w.]* \(
    | (curl|connect|milvus_cli|%milvus|await|async|from|import|const|let|new) \s
    """,
    re.VERBOSE,
)


_VALUE: Final = r"(?!-)(?:\"[^\"\n]*\"|'[^'\n]*'|\{[^{}\n]*\}|[^\s\"'(){};])+"
_OPTION: Final = rf"(?:(?:-a|--alias|--timeout)(?:[ \t]+|=){_VALUE}|--replace)(?=\s|$)"
_BEFORE: Final = re.compile(rf"\s*((?:{_OPTION}\s*)+)(.*)", re.DOTALL)
# Whatever are options behind a call: one that is none of ours is an error.
_BEHIND_CALL: Final = re.compile(
    rf"(.*?[)}};])[ \t]+((?:-[-\w]+(?:(?:[ \t]+|=){_VALUE})?(?:\s+|$))+)", re.DOTALL
)
# A command has options of its own; -a of curl, for FTP alone, has no value.
_BEHIND_COMMAND: Final = re.compile(
    rf"(\s*curl(?:\.exe)?\s.*?[^\s\\])[ \t]+((?!-a\s+\S*[/:])(?:{_OPTION}\s*)+)", re.DOTALL
)

_IMPORT_OPTION: Final = rf"(?:--name(?:[ \t]+|=){_VALUE}|--project|--replace)(?=\s|$)"
_BEFORE_IMPORT: Final = re.compile(rf"\s*((?:{_IMPORT_OPTION}\s*)+)(.*)", re.DOTALL)
# A line of %milvus has options of its own.
_BEHIND_IMPORT: Final = re.compile(
    rf"(?!\s*%)(\s*\S.*?)(?<=\S)((?:\s+{_IMPORT_OPTION})+)\s*", re.DOTALL
)


def split_options(text: str) -> tuple[str, str]:
    """Tell connect's own options from what was pasted beside them.

    Parameters
    ----------
    text
        What follows ``connect``.

    Returns
    -------
    options, pasted
        The options are ``-a``, ``--alias``, ``--timeout`` and ``--replace``: before it, or behind
        a call or a command; behind a call they may be others, see `refuse_others`.
    """
    if (found := _BEFORE.fullmatch(text)) is not None:
        return found[1], found[2]
    pattern = _BEHIND_COMMAND if text.lstrip().startswith("curl") else _BEHIND_CALL
    if (found := pattern.fullmatch(text)) is not None:
        return found[2], found[1]
    return "", text


def split_import_options(text: str) -> tuple[str, str]:
    """Tell the options of ``profile import`` from what was pasted, before it or behind it.

    Parameters
    ----------
    text
        What follows ``import``.

    Returns
    -------
    options, pasted
    """
    options = ""
    if (found := _BEFORE_IMPORT.fullmatch(text)) is not None:
        options, text = found[1], found[2]
    if (found := _BEHIND_IMPORT.fullmatch(text)) is not None:
        text, options = found[1], f"{options} {found[2]}"
    return options, text


def refuse_others(arguments: argparse.Namespace) -> None:
    """Refuse options beside what was pasted that would be dropped."""
    usual = PARSERS["connect"].parse(())
    for name, value in vars(arguments).items():
        if name not in ("alias", "timeout", "replace") and value != getattr(usual, name):
            option = f"--{name.replace('_', '-')}"
            raise MagicUsageError(
                f"{option} cannot stand beside what was pasted.",
                "It says by itself where to connect, and as whom.",
                "Write it into the pasted text, or connect with options alone.",
            )


def is_pasted(text: str) -> bool:
    """Tell code and shell lines from whatever else follows ``%milvus connect``."""
    text = text.strip()
    # A Milvus Lite file may have brackets in its name.
    return _CODE.match(text) is not None and not text.split()[0].endswith(".db")


def replace_secret(shell: InteractiveShell | None, pasted: str, better: str) -> str:
    """Have the front end write a line without the secret over the one with it.

    Parameters
    ----------
    shell
        Where the cell runs.
    pasted
        What followed ``%milvus connect``; empty where it was the whole cell.
    better
        The line that takes its place.

    Returns
    -------
    str
        What the user should know.
    """
    source = _without(cell_source(shell), pasted, better)
    if shell is None or not source:
        return warning(better)
    shell.set_next_input(source, replace=True)
    if not updates_outputs(shell):  # nor, as a rule, cells: nbclient, papermill, a console
        return warning(better)
    # Whether the front end does so is not known here.
    return (
        f"The notebook was asked to put this in place of the secret: {better}\n"
        "Where the cell still shows it, take it out. IPython's history holds it in any case."
    )


def warning(better: str) -> str:
    """Say that the secret stays where it is, and which line does without it."""
    return f"A secret stands in this cell, and in IPython's history. Better: {better}"


def _without(source: str, pasted: str, better: str) -> str:
    if not source or not pasted:
        return better if source else ""
    line = f"%milvus connect {pasted}"
    return source.replace(line, better) if source.count(line) == 1 else ""
