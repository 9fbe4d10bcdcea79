"""Code as HTML: its words in colours, and a button that copies it."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["code_html"]

# What Pygments calls the languages of `%milvus code`; a line of magic reads as Python does.
_LEXERS: Final = {"node": "javascript", "go": "go", "java": "java", "cli": "bash", "curl": "bash"}

# Of JupyterLab's editor where there is one; the others can be read on light and on dark.
_COLORS: Final = {
    "Comment": "var(--jp-mirror-editor-comment-color, #6e7781)",
    "Keyword": "var(--jp-mirror-editor-keyword-color, #8957e5)",
    "Literal.String": "var(--jp-mirror-editor-string-color, #0a7ea4)",
    "Literal.Number": "var(--jp-mirror-editor-number-color, #b35c00)",
    "Name.Builtin": "var(--jp-mirror-editor-builtin-color, #0a7ea4)",
    "Name.Function": "var(--jp-mirror-editor-def-color, #0969da)",
    "Operator.Word": "var(--jp-mirror-editor-keyword-color, #8957e5)",
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
    return f"<div>{_COPY}<pre>{''.join(_spans(text, language))}</pre>{_SCRIPT}</div>"


def _spans(text: str, language: str) -> Iterator[str]:
    try:
        from pygments.lexers import get_lexer_by_name  # type: ignore[import-untyped]
    except ImportError:  # IPython brings it along, but a shell without it may be ours, too
        yield escape(text)
        return
    lexer = get_lexer_by_name(_LEXERS.get(language, "python"), stripnl=False, ensurenl=False)
    for kind, words in lexer.get_tokens(text):
        name = str(kind).removeprefix("Token.")
        color = next((one for start, one in _COLORS.items() if name.startswith(start)), None)
        yield (
            escape(words)
            if color is None
            else f'<span style="color: {color}">{escape(words)}</span>'
        )
