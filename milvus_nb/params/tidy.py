"""What copying adds to a text, taken away again: quotes, blanks, the signs of word processors.

Files for environment variables keep quotes, input methods write ``：`` for a colon, and word
processors turn quotes and hyphens into others. Where such a sign can only be a mistake, it is read
as what was meant. In a password it may be meant, so nothing is changed there, see `oddity`.
"""

from __future__ import annotations

import base64
import contextlib
import os
import re
from typing import Final, Literal

from ..errors import ParamsError

__all__ = [
    "as_code", "as_command", "as_place", "check_expanded", "oddity", "tidy_address", "tidy_name",
    "tidy_token", "tidy_word", "variable_name",
]  # fmt: skip

# They have no width; at the ends of a text they are left from a page or a file.
_UNSEEN: Final = "\u00ad\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\ufeff"
_CLOSING: Final = {
    '"': '"', "'": "'", "`": "`", "“": "”“", "”": "”", "„": "“”", "‟": "”", "‘": "’‘", "’": "’",
    "‚": "‘’", "«": "»", "»": "«", "‹": "›", "›": "‹", "「": "」", "『": "』", "＂": "＂",
    "＇": "＇",
}  # fmt: skip
_DASHES: Final = "‐‑‒–—―−﹣－"
# Full-width ASCII is what input methods for Chinese, Japanese and Korean write.
_PLACE: Final = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {
    **dict.fromkeys(map(ord, _DASHES), "-"), ord("。"): ".", ord("∶"): ":", ord("﹕"): ":",
    ord("⁄"): "/",
}  # fmt: skip
_SCHEME: Final = re.compile(r"[A-Za-zＡ-Ｚａ-ｚ][\w+.-]*[:：∶][/／]{2}")
# <url> of mails, <url|label> of Slack, [label](url) of Markdown, and what stands around an address.
_LINK: Final = re.compile(r"<([^<>|\s]+)(?:\|[^<>]*)?>|\[[^\]]*\]\(([^()\s]+)\)|\(([^()\s]+)\)")
_MARKED: Final = re.compile(r"([*_~|]{1,3})\s*([\w+.-]+://.*[^*_~|\s])\s*\1")
_STOP: Final = re.compile(r"(:\d{1,5}/?[)>]?)[.…]+\Z")
_ASSIGNED: Final = re.compile(
    r"""(?:export\s+|set\s+)?["']?\w*(?:uri|url|address|host|endpoint)["']?"""
    r"""\s*(?:=|:\s*(?=["'“]|\w+:/))\s*""",
    re.IGNORECASE,
)
_ESCAPED: Final = re.compile(r"\w+:\\/\\/")  # of JSON
_BEARER: Final = re.compile(
    r"(authorization\s*[:：]\s*)?(bearer|token)\s+|(export\s+)?\w*token\s*(=\s*|[:：]\s+)",
    re.IGNORECASE,
)
_BASIC: Final = re.compile(r"(?:authorization\s*[:：]\s*)?basic\s+([\w+/-]+=*)", re.IGNORECASE)
# Not a line break: that of a file's last line is refused, with its reason.
_BEFORE: Final = re.compile(rf"(?:[{_UNSEEN}]|[^\S\r\n])+")
_BEHIND: Final = re.compile(rf"(?:[{_UNSEEN}]|[^\S\r\n])+\Z")
# As shells, Compose and templates write a variable. A password may have a $ in it.
_VARIABLE: Final = (
    r"\$\{\{?\s*(?:env[:.]|secrets\.|vars\.)?(\w{1,99})(?:[^\w{}][^{}]*)?\}\}?|"
    r"\{\{\s*[$.]?(?:\w{1,99}\.){0,9}(\w{1,99})\s*\}\}"
)
_UNEXPANDED: Final = re.compile(_VARIABLE)
# %C3% is no variable, but a part of a name in percent-encoding.
_UNEXPANDED_PLACE: Final = re.compile(
    rf"{_VARIABLE}|\$(?:env:)?\(?([A-Za-z_]\w*)\)?|%((?![0-9A-Fa-f]{{2}})[A-Za-z_]\w{{2,}})%|"
    r"""#?\{([A-Za-z_]\w*)\}|<([A-Za-z_][\w .-]*)>|"""
    r"""(?:os\.environ|os\.getenv|process\.env)(?:\.get)?[.(\[]["']?(\w+)["']?[)\]]?"""
)
_FIND_UNEXPANDED: Final = {
    "whole": _UNEXPANDED.fullmatch,
    "path": _UNEXPANDED.search,
    "place": _UNEXPANDED_PLACE.search,
}
_QUOTED: Final = re.compile(r"""(\\.|"(?:\\.|[^"\\])*"|'[^']*')""", re.DOTALL)
_STRAIGHT: Final = re.compile("[\"'`]")
_COMMAND: Final = re.compile(r"\s*(?:\$\s+)?(?:curl(?:\.exe)?|connect|%?milvus(?:_cli)?)\s")
_BLANKS: Final = re.compile(r"[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]")
_EDGES: Final = re.compile(rf"(?<!\S)[{_UNSEEN}]+|[{_UNSEEN}]+(?!\S)")
_OPTION: Final = re.compile(rf"(?<!\S)-?[{_DASHES}]+-?(?=([A-Za-z][\w-]*))")


def tidy_word(text: str) -> str:
    """Take away blanks, unseen characters and pairs of quotes around a text."""
    while text:
        text, before = text.strip().strip(_UNSEEN), text
        if len(text) > 1 and text[-1] in _CLOSING.get(text[0], ""):
            text = text[1:-1]
        if text == before:
            break
    return text


def tidy_name(text: str) -> str:
    """Read the name of a user or of a database, which has neither blanks nor quotes around it."""
    return tidy_word(text) or text  # nothing would mean that none was given


def as_place(text: str) -> str:
    """Read the name of a host, a port or the like as it was meant."""
    return tidy_word(text).translate(_PLACE)


def tidy_address(text: str) -> str:
    """Read an address as it was meant; in a path, and in a sign-in, nothing is changed."""
    text = _unwrapped(tidy_word(text))
    if (scheme := _SCHEME.match(text)) is not None:
        text = scheme[0].translate(_PLACE) + text[scheme.end() :]
    begin = text.find("://") + 3 if scheme is not None else 0
    if _is_path(text):
        return text
    if scheme is None and text.endswith(".db"):
        return text
    # The last "@" ends a sign-in.
    begin = max(begin, text.rfind("@") + 1)
    return text[:begin] + text[begin:].translate(_PLACE)


def _is_path(text: str) -> bool:
    return text[:1] in {".", "/", "~", "\\"} or text.lower().startswith(("file:", "unix:"))


def _unwrapped(text: str) -> str:
    """Take an address out of the link, the assignment or the sentence that it was copied with."""
    if _ESCAPED.match(text):
        text = text.replace("\\/", "/")
    if _is_path(text) or text.endswith(".db"):
        return text
    text = _STOP.sub(r"\1", text.rstrip(" ,;|"))
    text = tidy_word(_ASSIGNED.sub("", text, count=1)) if _ASSIGNED.match(text) else text
    link = _LINK.fullmatch(text)
    inside = next(filter(None, link.groups()), "") if link is not None else ""
    if ":" in inside or "." in inside:  # others are placeholders, such as <HOST>
        text = inside
    elif (marked := _MARKED.fullmatch(text)) is not None:
        text = marked[2]
    return tidy_word(text)


def tidy_token(text: str) -> str:
    """Read a token as it was meant: neither an API key nor a user begins with any such sign."""
    inside = tidy_word(text)
    if (basic := _BASIC.fullmatch(inside)) is not None:
        with contextlib.suppress(ValueError):
            return base64.b64decode(basic[1], altchars="-_" if "-" in inside else None).decode()
    if inside != text.strip().strip(_UNSEEN) or _BEARER.match(inside):
        return tidy_word(_BEARER.sub("", inside, count=1))
    text = _BEFORE.sub("", text, count=1) if _BEFORE.match(text) else text
    # A password may end with a blank.
    return text if ":" in text else _BEHIND.sub("", text)


def check_expanded(
    source: str, text: str, kind: Literal["whole", "path", "place"] = "whole"
) -> None:
    """Refuse a text that holds the name of a variable in place of its value.

    Parameters
    ----------
    source
        What it was given as.
    text
        What was given; in an error it is not shown.
    kind
        ``"place"``, where a ``$`` can be nothing else; ``"path"``, the name of a file; ``"whole"``
        for a user, a password or a key, which is nothing but such a name.

    Raises
    ------
    ParamsError
        It names the variable alone.
    """
    if not text:
        return
    found = _FIND_UNEXPANDED[kind](text)
    if found is None:
        return
    name = next(group for group in found.groups() if group)
    if name != name.upper() and kind == "place" and name not in os.environ:
        # Behind an '@' it may also be the rest of a password.
        raise ParamsError(
            f"{source} holds a $ or a brace as it stands.",
            "Nothing has put the value of a variable in its place.",
            "Write the value there. In a password, a $ is %24, and an @ %40.",
            "not-expanded",
        )
    raise ParamsError(
        f"{source} holds {found[0]} as it stands.",
        f"Nothing has put the value of {name} in its place.",
        f"Write the value; Python reads it with os.environ[{name!r}]."
        if name.isidentifier()
        else "Write the value there.",
        "not-expanded",
    )


def variable_name(text: str) -> str:
    """Give the name of an environment variable that was written with its ``$`` or quotes."""
    return tidy_word(text).removeprefix("$").removeprefix("{").removesuffix("}")


def oddity(secret: str) -> str:
    """Say what about a password that was refused looks copied; nothing where nothing does."""
    if secret and tidy_word(secret) != secret:
        ends = "quotes" if secret == secret.strip() and secret[-1:] not in _UNSEEN else "blanks"
        return f" It has {ends} around it: were they copied along?"
    return ""


def as_command(text: str) -> str:
    """Read a line of options, or of code, that came through a word processor.

    What stands in straight quotes stays as it is.
    """
    if text.isascii():
        return text
    parts = _QUOTED.split(text)
    if len(parts) == 1:  # where straight quotes are, the others are part of a value
        parts = [re.sub("[‘’‚＇]", "'", re.sub("[“”„‟＂]", '"', text))]
        parts = _QUOTED.split(parts[0])
    parts[::2] = [_unquoted_part(part) for part in parts[::2]]
    return "".join(parts)


def as_code(text: str) -> str:
    """Read pasted code, or a command, that came through a word processor.

    What has straight quotes is code as it was written.
    """
    has_quotes = _STRAIGHT.search(text) is not None
    return text if has_quotes and not _COMMAND.match(text) else as_command(text)


def _unquoted_part(text: str) -> str:
    text = _EDGES.sub("", _BLANKS.sub(" ", text))
    return _OPTION.sub(lambda found: "--" if len(found[1]) > 1 else "-", text)
