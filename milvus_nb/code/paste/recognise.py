"""What a pasted text is, and the reader for it."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final

from ...errors import ParamsError, without_frames
from ...params.tidy import as_code
from .commands import CLI, MAGIC, read_cli, read_magic
from .curl import CURL, read_curl
from .plain import LINES, keyword_of, read_json, read_lines, read_uri
from .python import read_python
from .reading import MOST_CHARACTERS, Pasted, Reading

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["looks_pasted", "read"]

_NODE: Final = re.compile(r"\bnew\s+(?:MilvusClient|HttpClient)\s*\(")
_JAVA: Final = re.compile(r"\bConnectConfig\s*\.\s*builder\b|\bConnectParam\s*\.\s*newBuilder\b")
_GO: Final = re.compile(
    r"\bmilvusclient\s*\.\s*\w|\bclient\s*\.\s*Config\s*\{|\bNew(?:Default)?GrpcClient\w*\s*\("
)
_PYTHON: Final = re.compile(
    r"\bMilvusClient\s*\(|\bAsyncMilvusClient\s*\(|\bconnections\s*\.\s*(?:dis)?connect\s*\("
    r"|\b(?:from|import)\s+pymilvus\b"
)
# Keyword arguments without the call around them.
_ARGUMENTS: Final = re.compile(
    r"\s*(?:alias|uri|address|host|user|token)\s*=\s*[\"'][^\"'\n]*[\"']\s*,"
)


def _foreign(language: str) -> Callable[[str, Reading], None]:
    """Make the reader of a language that is recognised, so that it is taken for nothing else."""

    def refuse(_: str, __: Reading) -> None:
        raise ParamsError(
            f"The pasted code is {language}.",
            "Of code, only Python is read here.",
            "Copy the address out of it, and type the password or the token where it is asked for.",
        )

    return refuse


_Reader = tuple[str, re.Pattern[str], "Callable[[str, Reading], None]"]
_READERS: Final[tuple[_Reader, ...]] = (
    ("magic", MAGIC, read_magic),
    ("curl", CURL, read_curl),
    ("java", _JAVA, _foreign("Java")),
    ("node", _NODE, _foreign("JavaScript")),
    ("pymilvus", _PYTHON, read_python),
    ("go", _GO, _foreign("Go")),
    ("milvus-cli", CLI, read_cli),
)
_SIGN_IN: Final = re.compile(
    r"(?!file:|unix:)(?:[A-Za-z][A-Za-z0-9+.-]*://.*@|[^\s./\\~:][^\s:/\\]*:.*@)"
)


def looks_pasted(text: str) -> bool:
    """Say whether a text is more than a plain address: code, a command, a sign-in, lines.

    Parameters
    ----------
    text
        What a user put where an address is expected.
    """
    text = as_code(text.strip())
    if not text or len(text) > MOST_CHARACTERS or "\n" in text:
        return bool(text)
    is_quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "'\"`"
    if is_quoted or text.startswith("{") or _SIGN_IN.match(text):
        return True
    line = LINES.match(text)
    if (line and keyword_of(line["label"])) or _ARGUMENTS.match(text):
        return True
    return any(pattern.search(text) for _, pattern, _ in _READERS)


def read(text: str, env: Mapping[str, str] | None = None) -> Pasted:
    """Read the connection parameters out of a pasted text. Nothing in it is evaluated.

    Parameters
    ----------
    text
        A line or several: code for pymilvus, a ``connect`` of the Milvus CLI or of ``%milvus``, a
        curl command, an address with or without a sign-in, JSON, or lines such as
        ``MILVUS_URI=…`` and ``Token: …``. Code in another language is told, not read.
    env
        The environment that the text may refer to; default ``os.environ``.

    Returns
    -------
    Pasted
        With keywords for `params.parse`, which checks them.

    Raises
    ------
    ParamsError
        The text is none of these, it ends a connection, or one of its values is a placeholder, an
        expression or an environment variable that is not set. The error never shows a secret.
    """
    try:
        return _read(text, os.environ if env is None else env)
    except ParamsError as error:
        failure = without_frames(error)
    except RecursionError:
        failure = ParamsError(
            "The pasted text cannot be read.",
            "Brackets or operators are nested too deep in it.",
            "Paste only the lines that connect.",
        )
    del text, env  # this frame goes with the error, and both may hold a secret
    raise failure


def _read(text: str, env: Mapping[str, str]) -> Pasted:
    if len(text) > MOST_CHARACTERS:
        raise ParamsError(
            f"The pasted text is {len(text):,} characters long.",
            f"At most {MOST_CHARACTERS:,} are read.",
            "Paste only the lines that connect.",
        )
    text = as_code(_cleaned(text))
    for kind, pattern, reader in _READERS:
        if pattern.search(text):
            reading = Reading(kind, env)
            reader(text, reading)
            return reading.done()
    if _ARGUMENTS.match(text):
        reading = Reading("pymilvus", env)
        read_python(f"MilvusClient({text})", reading)
        return reading.done()
    reading = Reading("uri", env)
    if read_json(text, reading) or read_lines(text, reading):
        return reading.done()
    text = text.strip()
    is_word = len(text.split()) == 1 and not re.search(r"[(){}<>;]", text)
    if is_word or ("\n" not in text and _SIGN_IN.match(text)):
        read_uri(text, reading)
        return reading.done()
    raise ParamsError(
        "The pasted text is not recognised." if text else "The pasted text is empty.",
        "It has neither an address nor a call that connects to Milvus.",
        "Paste an address, a connect line of the Milvus CLI or of %milvus, code for pymilvus, "
        "a curl command, JSON, or lines such as MILVUS_URI=… and Token: …",
    )


def _cleaned(text: str) -> str:
    """Leave out what copying adds: other line ends, Markdown's fences, blanks that do not break."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    text = re.sub(r"^[^\S\n]*```.*$", "", text, flags=re.MULTILINE)
    return re.sub(r"^[ \t\xa0]+", lambda found: " " * len(found[0]), text, flags=re.MULTILINE)
