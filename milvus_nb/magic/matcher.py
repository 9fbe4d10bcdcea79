"""Where Tab begins: `completion` is imported when it is first pressed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from ..page.late_imports import ONE_AT_A_TIME

if TYPE_CHECKING:
    from collections.abc import Callable

    from IPython.core.completer import CompletionContext, SimpleMatcherResult

    from .completion import Completer
    from .context import Context

    Matcher = Callable[[CompletionContext], SimpleMatcherResult]

__all__ = ["is_ours", "make"]

_LINE: Final = re.compile(r"^\s*(?:[^%=]*=\s*)?%milvus\s+(?P<words>.*)$")
_MARK: Final = "_milvus_nb"


def make(ours: Context) -> Matcher | None:
    """Make the matcher for IPython's completer; none before IPython 8.6, which takes no such."""
    try:
        from IPython.core.completer import SimpleCompletion, context_matcher
    except ImportError:
        return None
    completers: list[Completer] = []  # one, or none yet

    def complete(context: CompletionContext) -> SimpleMatcherResult:
        match = _LINE.match(context.text_until_cursor)
        if match is None:
            return {"completions": []}
        if not completers:
            with ONE_AT_A_TIME:
                from .completion import Completer
            completers.append(Completer(ours))
        after = context.line_with_cursor[len(context.text_until_cursor) :]
        word, found = completers[0].complete(match["words"], after)
        return {
            "completions": [SimpleCompletion(name, type="magic") for name in found],
            # All of the word: IPython's own idea of it ends at a colon, a quote or an "=".
            "matched_fragment": word,
            "suppress": True,
        }

    setattr(complete, _MARK, True)
    wrapped: Matcher = context_matcher(identifier="milvus_nb")(complete)
    return wrapped


def is_ours(other: Callable[..., Any]) -> bool:
    """Tell whether a matcher came from `matcher`."""
    return hasattr(other, _MARK)
