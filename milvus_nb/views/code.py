"""Code, its words told by their kind; and as HTML, in colours, with a button that copies it."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["code_html", "words_of"]

# What Pygments calls the languages of `%milvus code`; a line of magic reads as Python does.
_LEXERS: Final = {"node": "javascript", "go": "go", "java": "java", "cli": "bash", "curl": "bash"}

# What JupyterLab's editor calls the kinds of words; each is a variable of its theme.
_KINDS: Final = {
    "Comment": "comment",
    "Keyword": "keyword",
    "Literal.String": "string",
    "Literal.Number": "number",
    "Name.Builtin": "builtin",
    "Name.Function": "def",
    "Operator.Word": "keyword",
}

# For other front ends; they can be read on light and on dark.
_COLORS: Final = {
    "comment": "#6e7781",
    "keyword": "#8957e5",
    "string": "#0a7ea4",
    "number": "#b35c00",
    "builtin": "#0a7ea4",
    "def": "#0969da",
}

# The button is seen only where its script runs. Where a page has no clipboard, or may not use it,
# the code is selected and copied as by hand.
_COPY: Final = """<button type="button" hidden style="float: right">Copy</button>"""
_SCRIPT: Final = """<script>(() => {
  const box = document.currentScript?.parentElement;
  const button = box?.querySelector('button');
  const code = box?.querySelector('pre');
  if (!button || !code) return;
  const say = copied => { button.textContent = copied ? 'Copied' : 'Press Ctrl+C'; };
  const byHand = () => {
    getSelection().selectAllChildren(code);
    say(document.execCommand('copy'));
  };
  button.hidden = false;
  button.addEventListener('click', () => {
    if (navigator.clipboard) {
      navigator.clipboard.writeText(code.textContent).then(() => say(true), byHand);
    } else {
      byHand();
    }
  });
})();</script>"""


def code_html(text: str, language: str) -> str:
    """Lay code out as HTML.

    Parameters
    ----------
    text
        The code.
    language
        As ``%milvus code --lang`` has it.
    """
    words = "".join(_span(kind, word) for kind, word in words_of(text, language))
    return f"<div>{_COPY}<pre>{words}</pre>{_SCRIPT}</div>"


def words_of(text: str, language: str) -> list[tuple[str, str]]:
    """Tell the words of code by their kind.

    Parameters
    ----------
    text
        The code.
    language
        As ``%milvus code --lang`` has it.

    Returns
    -------
    list of (str, str)
        The kind as JupyterLab's editor calls it, or empty; and the words, which make the code.
    """
    found: list[tuple[str, str]] = []
    for kind, words in _told_apart(text, language):
        if found and found[-1][0] == kind:
            words = found.pop()[1] + words  # noqa: PLW2901  # one piece, as far as it has one colour
        found.append((kind, words))
    return found


def _span(kind: str, words: str) -> str:
    if not kind:
        return escape(words)
    color = f"var(--jp-mirror-editor-{kind}-color, {_COLORS[kind]})"
    return f'<span style="color: {color}">{escape(words)}</span>'


def _told_apart(text: str, language: str) -> Iterator[tuple[str, str]]:
    try:
        from pygments.lexers import get_lexer_by_name  # type: ignore[import-untyped]
    except ImportError:  # IPython brings it along, but a shell without it may be ours, too
        yield "", text
        return
    lexer = get_lexer_by_name(_LEXERS.get(language, "python"), stripnl=False, ensurenl=False)
    for token, words in lexer.get_tokens(text):
        name = str(token).removeprefix("Token.")
        yield next((kind for start, kind in _KINDS.items() if name.startswith(start)), ""), words
