"""Secrets: a wrapper that does not show what it holds, and the removal of secrets from text."""

from __future__ import annotations

import hmac
import re
from typing import Final

from ..printing import printable

__all__ = [
    "MASK", "Masked", "Secret", "holds_sign_in", "recognised_host", "redact", "redact_address",
    "redact_path", "shown_name",
]  # fmt: skip

#: What is shown in place of a secret; always the same length, so that it tells nothing.
MASK: Final = "••••"

_BLANKS = re.compile(r"(\s+)")
_SCHEME_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+.-"

_LONGEST_NAME = 64
_KNOWN_SCHEME = re.compile(
    "(https?|tcp|grpcs?|unix|file|tls|ssl|wss?|milvus|zilliz|sqlite)://", re.IGNORECASE
)
# Ended by what ends an authority: `db.example;token=…` may be anything.
_CERTAIN_HOST = re.compile(
    r"(localhost|[0-9]{1,3}(?:\.[0-9]{1,3}){3}|\[[0-9a-fA-F:.]+\]"
    r"|(?:[a-z0-9_-]{1,40}\.){1,8}[a-z]{2,24})(?::[0-9]{1,5})?(?=[/?#]|$)"
)
_QUERY = re.compile(r"[?#]")
# No name of a connection, a database or a file has these; a sign-in, a URL or code has.
_SIGN_IN = re.compile(
    r"://|:.*@|(?<!\w)root:|\A-+[\w-]+=|(?:token|pass\w*|pwd|secret|api.?key)\w*[\"']?\s*=",
    re.IGNORECASE | re.DOTALL,
)
# host:19530, team:prod and [::1]:19530 are names; root:Milvus may be a sign-in.
_WITH_COLON = re.compile(r"[\w.-]+:[a-z0-9_.-]*|\[?[0-9a-fA-F:.]+\]?(?::[0-9]+)?")
_NAME = re.compile(r"[\w .*'\[\]()+~-]*")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_PORT_AND_PATH = re.compile(r"[0-9]{0,5}(/[^:]*)?")
_HOST_LIKE = re.compile(r"(\[[\w:.%]*\]|[\w.-]+)(?=[:/?#]|$)")
_IPV6_LIKE = re.compile(r"\[?[0-9A-Fa-f.]*(:[0-9A-Fa-f.]*){2,}(%\w+)?(\](:[0-9]{0,5})?)?(/.*)?")


class Secret:
    """A password, an API key or ``user:password``, which only `reveal` shows.

    Its ``repr``, ``str`` and ``format`` give a mask. Pickles and copies are empty: a copy is
    made to be sent or stored somewhere, and no secret may leave the memory of the kernel.

    Parameters
    ----------
    value
        The secret. Empty means "none given".
    """

    __slots__ = ("_value",)

    def __init__(self, value: str = "") -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the secret itself, in clear."""
        return self._value

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(_as_bytes(self), _as_bytes(other))

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __repr__(self) -> str:
        return printable(MASK) if self._value else ""

    def __format__(self, spec: str) -> str:
        return format(repr(self), spec)

    def __reduce__(self) -> tuple[type[Secret], tuple[()]]:
        # Used by pickle, copy.copy and copy.deepcopy alike.
        return Secret, ()


class Masked(str):
    """The text itself, which its repr does not show: for what has to have a text.

    Tools show the variables of other people's frames: ``%xmode Verbose``, debuggers, loggers.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return repr(Secret(str(self)))

    def __reduce__(self) -> tuple[type[str], tuple[()]]:
        return str, ()


def _as_bytes(secret: Secret) -> bytes:
    # surrogatepass: comparing must work for any text, and compare_digest takes only ASCII or bytes.
    return secret.reveal().encode("utf-8", "surrogatepass")


def redact(text: str) -> str:
    """Hide the sign-in information of every URI in `text`.

    Everything between ``scheme://`` and the last ``@`` before a blank is hidden, and so is
    ``user:password@host`` with no scheme. It hides too much rather than too little.

    Parameters
    ----------
    text
        Any text, such as an error message of a server or of a library.

    Returns
    -------
    str
        The same text with ``••••`` in place of user names and passwords.
    """
    if "@" not in text:
        return text
    return "".join(_redact_word(word) if "@" in word else word for word in _BLANKS.split(text))


def _redact_word(word: str) -> str:
    before, _, place = word.rpartition("@")
    start, slashes, _ = before.partition("://")
    if slashes:
        scheme = start[len(start.rstrip(_SCHEME_LETTERS)) :].lstrip("0123456789+.-")
        return f"{start}://{MASK}@{place}" if scheme else f"{MASK}@{place}"
    user, colon, _ = before.partition(":")
    is_sign_in = user and colon and not {"/", "@"} & set(user)
    return f"{MASK}@{place}" if is_sign_in else word


def recognised_host(text: str) -> str:
    """Give the host and port that a text begins with, or "" where none is certain to be one.

    A name of one label may be a user, and one of mixed case a token; neither is certain.
    """
    found = _CERTAIN_HOST.match(text)
    return found[0] if found else ""


def redact_address(text: str) -> str:
    """Show of a text that was meant to be an address, and cannot be read, only a certain host.

    Everything else of it may be a secret, wherever it stands.

    Parameters
    ----------
    text
        What the user gave as the address.

    Returns
    -------
    str
        Scheme, host and port, and ``••••`` in place of all else.
    """
    found = _KNOWN_SCHEME.match(text)
    scheme = found[0] if found else ""
    rest = text[len(scheme) :]
    before, at, place = rest.rpartition("@")
    # What follows the '@' may be the rest of a secret: root:p@ss.example, h:1/?token=p@ss.example
    is_place = before.isprintable() and not _QUERY.search(before) and "/" not in before
    host = recognised_host(place) if is_place or not at else ""
    tail = MASK if place[len(host) :] or not host else ""
    return f"{scheme}{f'{MASK}@' if at else ''}{host}{tail}"


def shown_name(name: str) -> str:
    """Show a name that is not known, for an error; what may be a secret in its place is not.

    Parameters
    ----------
    name
        What was given as the name of a connection, a profile or a variable.
    """
    kind, colon, word = name.partition(":")
    word = word if colon and kind in ("client", "orm") else name
    is_name = len(word) <= _LONGEST_NAME and word.isprintable() and _NAME.fullmatch(word)
    # What is long and has many digits was made by a machine.
    is_made = len(word) >= 16 and sum(letter.isdigit() for letter in word) >= 4
    return name if is_name and not is_made else MASK


def holds_sign_in(text: str, *, is_path: bool = False) -> bool:
    """Tell whether what is meant as a name may hold a password: a URL, a sign-in, an assignment.

    Names are shown everywhere.

    Parameters
    ----------
    text
        What was given as an alias, a database or a file.
    is_path
        Whether it is a file's: that may have a colon in it.
    """
    has_colon = ":" in text and not is_path
    return bool(_SIGN_IN.search(text) or (has_colon and not _WITH_COLON.fullmatch(text)))


def redact_path(text: str) -> str:
    """Hide whatever may be a secret in a text that was meant to be the path of a file.

    Stricter than `redact`, because the text is known to be malformed: the secret may hold blanks
    or slashes, stand where the port belongs (``root:Milvus`` given as the address) or in a query.

    Parameters
    ----------
    text
        What the user gave as the path.

    Returns
    -------
    str
        The text with ``••••`` in place of what may be secret.
    """
    if text.startswith("-"):  # an option that came to the wrong place
        name, equals, _ = text.partition("=")
        return f"{name}={MASK}" if equals else text
    found = _SCHEME.match(text)
    scheme = found[0] if found else ""
    rest = text[len(scheme) :]
    if "@" in rest:
        before, _, place = rest.rpartition("@")
        # What follows the '@' may be the rest of a secret: root:p@;ss, h:1/?token=p@ss
        is_whole = before.isprintable() and not _QUERY.search(before)
        is_host = is_whole and _HOST_LIKE.match(place)
        rest = f"{MASK}@{place if is_host else MASK}"
    rest = re.sub(r"([?#]).*", rf"\g<1>{MASK}", rest, flags=re.DOTALL)
    host, colon, tail = rest.partition(":")
    blank = re.search(r"\s", host)
    if colon and blank:  # two words, of which the second may be a sign-in
        rest = f"{host[: blank.start()]} {MASK}"
    elif colon and not _PORT_AND_PATH.fullmatch(tail) and not _IPV6_LIKE.fullmatch(rest):
        rest = f"{host}:{MASK}"
    if scheme and not _HOST_LIKE.match(rest) and not rest.startswith((MASK, "/")):
        rest = MASK
    return scheme + rest
