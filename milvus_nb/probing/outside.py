"""Text from outside: cut where it arrives, cleaned, and rid of the secrets that it repeats.

A server, a file or a page may send as much as it likes of whatever it likes. So nothing here takes
longer than in proportion to what is kept, and all the limits stand here.
"""

from __future__ import annotations

import base64
import html
import itertools
import json
import re
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, quote_plus

from ..params.secret import MASK, redact

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ..params.endpoint import Endpoint
    from ..params.secret import Secret

__all__ = [
    "MOST_ANSWERED", "MOST_FACT", "MOST_NAME", "MOST_NAMES", "MOST_REASON", "MOST_REASONS",
    "MOST_REST_BYTES", "MOST_TOLD", "MOST_VERSION", "cut", "names", "plain", "reasons", "said",
    "visible", "without",
]  # fmt: skip

# Lengths in characters, where nothing else is said.

#: Of a server's version.
MOST_VERSION: Final = 200
#: Of one reason for not being healthy, of a status or of an exception's words.
MOST_REASON: Final = 1_000
#: So many reasons of one answer are read.
MOST_REASONS: Final = 20
#: Of an answer, where it is shown as evidence.
MOST_ANSWERED: Final = 300
#: Of what is told of an answer over HTTP.
MOST_TOLD: Final = 200
#: Of one thing that a server says of itself, where it is part of a sentence.
MOST_FACT: Final = 500
# Of what is on a line of ours, such as a path in a prompt.
_MOST_VISIBLE: Final = 300
#: Of the name of a database (Milvus's own limit).
MOST_NAME: Final = 255
#: So many databases of one server are known by name.
MOST_NAMES: Final = 10_000
#: Of an answer over HTTP, in bytes.
MOST_REST_BYTES: Final = 64 * 1024

# Persian and Hindi are written with them, and families of emoji.
_JOINERS: Final = "\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}"
_DEFAULT_PASSWORD: Final = "Milvus"  # noqa: S105  # of a fresh server, for the user root
_SHORT_PASSWORD: Final = 4  # letters


def cut(text: str, most: int) -> str:
    """Shorten a text that is longer than `most` characters, and show that it was."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def plain(text: str, most: int = MOST_REASON) -> str:
    """Make one line of printable characters of a text: a terminal would obey the rest.

    Parameters
    ----------
    text
        As it came, of any length.
    most
        How long the line may be, in characters.
    """
    # What is cut off for good is not looked at; the rest only becomes shorter.
    words = " ".join(text[: 2 * most].split())
    if not words.isprintable():
        words = "".join(
            letter if letter.isprintable() or letter in _JOINERS else "\N{REPLACEMENT CHARACTER}"
            for letter in words
        )
    return cut(words if len(text) <= 2 * most else f"{words}…", most)


def visible(text: str) -> str:
    """Write a text of others on one line: what cannot be seen as its escape, the end cut off.

    Line breaks, control characters, and marks that turn the direction of writing would make a
    prompt say something else than what is done.
    """
    shown = text if len(text) <= _MOST_VISIBLE else f"{text[:_MOST_VISIBLE]}…"
    if shown.isprintable():
        return shown
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode("ascii")
        for letter in shown
    )


def said(endpoint: Endpoint, text: str, most: int = MOST_REASON) -> str:
    """Make the same of what a server said, without the credentials that it was sent.

    Some repeat them where they refuse.

    Parameters
    ----------
    endpoint
        Whose server it is.
    text, most
        As for `plain`.
    """
    sent = _Sent(endpoint.credentials, endpoint.user)
    window = 2 * most + sent.longest
    found = sent.out_of(text[:window])
    if len(text) > window:  # at its end one may begin
        found = f"{found[: max(len(found) - sent.longest, 0)]}…"
    # What stood between its letters, such as a line's end, may go with the cleaning.
    return sent.out_of(plain(redact(found), most))


def without(text: str, credentials: Secret) -> str:
    """Hide credentials in a text that somebody says to whom they were sent."""
    return _Sent(credentials, credentials.reveal().partition(":")[0]).out_of(text)


def reasons(endpoint: Endpoint, told: Iterable[str], count: int) -> list[str]:
    """Give the first of the reasons that a server has, and say how many more there are.

    Parameters
    ----------
    endpoint
        Whose server it is.
    told
        The reasons, as they came.
    count
        How many there are.
    """
    kept = [said(endpoint, text) for text in itertools.islice(told, MOST_REASONS)]
    more = count - MOST_REASONS
    return [*kept, f"and {more:,} more"] if more > 0 else kept


def names(endpoint: Endpoint, told: Iterable[str], most: int = MOST_NAMES) -> list[str]:
    """Give the names that can be those of databases: no others are shown or looked for.

    Parameters
    ----------
    endpoint
        Whose server it is.
    told
        The names, as they came.
    most
        So many are read.
    """
    sent = _Sent(endpoint.credentials, endpoint.user)
    kept = list(itertools.islice(told, most))
    # Of thousands, one look at all of them is a tenth of the time.
    if not "".join(kept).isprintable() or max(map(len, kept), default=0) > MOST_NAME:
        kept = [name for name in kept if len(name) <= MOST_NAME and name.isprintable()]
    text = "\n".join(kept)
    if sent.out_of(text) == text:
        return kept
    return [name for name in kept if sent.out_of(name) == name]


class _Sent:
    """Credentials, in each form in which they were sent, or would be by somebody else."""

    def __init__(self, credentials: Secret, user: str) -> None:
        whole = credentials.reveal()
        self._password = whole.removeprefix(f"{user}:")
        forms = {form for secret in {whole, self._password} - {""} for form in _forms(secret)}
        # Of letters alone, or short, it may be in many a word.
        self._is_word = self._password.isalpha() or len(self._password) < _SHORT_PASSWORD
        if self._is_word:
            forms.discard(self._password)
        self._forms = sorted(forms, key=len, reverse=True)

    @property
    def longest(self) -> int:
        """How long the longest form is, in characters."""
        return len(self._forms[0]) if self._forms else 0

    def out_of(self, text: str) -> str:
        for form in self._forms:
            text = text.replace(form, MASK)
        if not (self._is_word and self._password):
            return text
        # A pattern that begins with what it looks for is found fast.
        word = re.escape(self._password)
        behind = rf"(?<!\w{word})"
        # The default one, and a short one, may be any word of a sentence.
        if self._password == _DEFAULT_PASSWORD or len(self._password) < _SHORT_PASSWORD:
            behind = "|".join(rf"(?<=password{sign}{word})" for sign in (": ", "=", ":", " "))
        return re.sub(rf"{word}(?!\w)(?i:{behind})", MASK, text)


# In JSON; it is made for pages.
_OF_GO: Final = str.maketrans({letter: f"\\u{ord(letter):04x}" for letter in "<>&"})


def _forms(secret: str) -> Iterator[str]:
    """Give what becomes of it on the wire, in a URL, a page, JSON, a log, and JSON in those."""
    sent = secret.encode("utf-8", "surrogatepass")
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        encoded = encode(sent).decode()
        yield encoded
        yield encoded.rstrip("=")
    for percent in (quote(sent), quote(sent, safe=""), quote_plus(sent)):
        yield percent
        yield re.sub("%..", lambda found: found[0].lower(), percent)
        yield quote(percent, safe="")
    escaped = html.escape(secret, quote=False)
    for double, single in (("&quot;", "&#x27;"), ("&#34;", "&#39;"), ('"', "'")):  # Python's, Go's
        yield escaped.replace('"', double).replace("'", single)
    for quoted in (json.dumps(secret), json.dumps(secret, ensure_ascii=False), repr(secret)):
        for text in (quoted[1:-1], quoted[1:-1].translate(_OF_GO)):
            yield text
            yield json.dumps(text, ensure_ascii=False)[1:-1]
    yield repr(sent)[2:-1]
    yield secret
