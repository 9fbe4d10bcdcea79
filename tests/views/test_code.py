"""Code as HTML."""

from __future__ import annotations

import html
import re
import sys

import pytest

from milvus_nb.code.snippets import LANGUAGES
from milvus_nb.views.details import Snippet

CODE = "import os\nclient = connect('<b>&amp;</b>', 3)\n"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("is_there", [True, False], ids=["pygments", "no pygments"])
def test_code_is_shown_with_colours_and_a_button(
    language: str, is_there: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is copied is the code as it is; a part of it is never HTML."""
    if not is_there:
        monkeypatch.setitem(sys.modules, "pygments.lexers", None)
    shown = Snippet(CODE, language)._repr_html_()
    code = shown.partition("<pre>")[2].partition("</pre>")[0]
    assert html.unescape(re.sub("<[^>]*>", "", code)) == CODE
    assert ("var(--jp-mirror-editor-" in code) == is_there
    assert ">Copy</button>" in shown
    assert repr(Snippet(CODE, language)) == CODE
