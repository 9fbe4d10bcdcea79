"""Sign-in: user and password, token and the sign-in inside a URI become one pair of credentials."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import ParamsError
from .secret import Secret
from .tidy import check_expanded, tidy_name, tidy_token

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Given", "SignIn", "combine", "from_token"]


@dataclass(frozen=True, slots=True)
class Given:
    """What one place (a keyword, a URI, an environment variable) says about the sign-in."""

    source: str
    user: str = ""
    password: Secret = Secret()  # noqa: RUF009  immutable
    key: Secret = Secret()  # noqa: RUF009  immutable


@dataclass(frozen=True, slots=True)
class SignIn:
    """The user's name (empty for an API key) and what is sent: ``user:password`` or the key."""

    user: str = ""
    credentials: Secret = Secret()  # noqa: RUF009  immutable


def from_token(token: Secret, source: str = "token") -> Given:
    """Take a token apart.

    Parameters
    ----------
    token
        ``user:password``, or an API key, which has no colon (the rule is the Milvus server's).
    source
        The name of the parameter, for error texts.
    """
    text = tidy_token(token.reveal())
    user, colon, password = text.partition(":")
    for part in (text, user, password):
        check_expanded(source, part)
    if not colon:
        return Given(source, key=Secret(text))
    if not user or not password:
        has, lacks = ("user", "password") if user else ("password", "user")
        raise ParamsError(
            f"{source} has a {has} but no {lacks}." if user or password else f"{source} is empty.",
            "A token with a colon is user:password; one without is an API key.",
            "Give both parts, or leave the token out.",
        )
    return Given(source, user=tidy_name(user), password=Secret(password))


def combine(places: Sequence[Given]) -> SignIn:
    """Make one sign-in of all that was given.

    The same given twice is fine. A user may come from one place and the password from another.

    Parameters
    ----------
    places
        What was given, in any order.

    Returns
    -------
    SignIn
        Empty where nothing was given.

    Raises
    ------
    ParamsError
        Two places differ, or there is a user without a password or the reverse. The error names
        the places, never the values.
    """
    if not places:
        return SignIn()
    users = [place for place in places if place.user]
    passwords = [place for place in places if place.password]
    keys = [place for place in places if place.key]
    for place in places:
        _check(place)
    if keys and (users or passwords):
        raise _differ(keys[0], (users or passwords)[0], "one is an API key, one is a user")
    for others, part in ((users, "user"), (passwords, "password"), (keys, "key")):
        for other in others[1:]:
            if getattr(others[0], part) != getattr(other, part):
                name = "API keys" if part == "key" else f"{part}s"
                raise _differ(others[0], other, f"they hold different {name}")
    if keys:
        return SignIn(credentials=keys[0].key)
    if users and passwords:
        user = users[0].user
        return SignIn(user, Secret(f"{user}:{passwords[0].password.reveal()}"))
    if users:
        raise ParamsError(
            f"There is a user (in {users[0].source}) but no password.",
            "Milvus needs both.",
            "Give the password too; an API key goes into token.",
        )
    raise ParamsError(
        f"There is a password (in {passwords[0].source}) but no user.",
        "Milvus needs both.",
        "Give the user too, for example user='root'; an API key goes into token.",
    )


def _check(place: Given) -> None:
    if ":" in place.user:
        raise ParamsError(
            f"The user in {place.source} has a colon in it.",
            "Milvus takes everything after the first colon for the password.",
            "Give user and password separately, or user:password as token.",
        )
    for secret in (place.password, place.key):
        value = secret.reveal()
        if value != value.strip("\r\n"):
            raise ParamsError(
                f"The secret in {place.source} starts or ends with a line break.",
                "The line break would be sent as a part of it; it comes from reading a file.",
                "Remove it: open(…).read().strip()",
            )


def _differ(one: Given, other: Given, how: str) -> ParamsError:
    return ParamsError(
        f"{one.source} and {other.source} disagree about the sign-in: {how}.",
        "Only one sign-in can be sent.",
        f"Leave out {one.source} or {other.source}.",
    )
