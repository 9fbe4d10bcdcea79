"""Tab completion of ``%milvus``: subcommands, options, aliases."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from IPython.core.completer import SimpleCompletion, context_matcher

from . import usage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from IPython.core.completer import CompletionContext, SimpleMatcherResult

    from .magic import MilvusMagics

    Matcher = Callable[[CompletionContext], SimpleMatcherResult]

__all__ = ["candidates", "is_ours", "matcher"]

_LINE: Final = re.compile(r"^\s*(?:[^%=]*=\s*)?%milvus\s+(?P<words>.*)$")
_MARK: Final = "_milvus_nb"

_TAKES_ALIAS: Final = {"disconnect", "status", "use", "ping", "client"}


def matcher(magics: MilvusMagics) -> Matcher:
    """Make the matcher for IPython's completer."""

    def complete(context: CompletionContext) -> SimpleMatcherResult:
        match = _LINE.match(context.text_until_cursor)
        if match is None:
            return {"completions": []}
        *before, word = re.split(r"\s+", match["words"])
        # IPython replaces only what it takes for the last token, which may be a part of ours.
        prefix = len(word) - len(context.token) if word.endswith(context.token) else 0
        found = [name[prefix:] for name in candidates(before, word, magics)]
        return {
            "completions": [SimpleCompletion(name, type="magic") for name in found],
            "suppress": True,
        }

    setattr(complete, _MARK, True)
    wrapped: Matcher = context_matcher(identifier="milvus_nb")(complete)
    return wrapped


def is_ours(other: Callable[..., Any]) -> bool:
    """Tell whether a matcher came from `matcher`."""
    return hasattr(other, _MARK)


def candidates(before: list[str], word: str, magics: MilvusMagics) -> list[str]:
    """List what `word` may become.

    Parameters
    ----------
    before
        The words between ``%milvus`` and `word`.
    word
        What was typed of the word at the cursor; may be empty.
    magics
        Knows the aliases.
    """
    if not before:
        return _starting(usage.PARSERS, word)
    parser = usage.PARSERS.get(before[0])
    if parser is None:
        return []
    if before[0] == "help":
        return _starting(usage.PARSERS, word)
    known: list[str] = []
    if word.startswith("-"):
        known = parser.options()
    elif before[-1] in ("-a", "--alias"):
        return _starting(_aliases(magics), word)
    elif before[0] in _TAKES_ALIAS and not before[-1].startswith("-"):
        known = _aliases(magics)
    return _starting([name for name in known if name not in before], word)


def _aliases(magics: MilvusMagics) -> list[str]:
    return [alias for alias, _ in magics.registry.list_connections()]


def _starting(names: Iterable[str], word: str) -> list[str]:
    return [name for name in names if name.startswith(word)]
