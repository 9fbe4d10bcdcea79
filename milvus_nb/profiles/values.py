"""The values of a profile's keys: of the right kind each, or an error that names the key."""

from __future__ import annotations

from typing import Any, Final

from ..errors import ParamsError, ProfileError
from ..params.values import seconds
from .reference import SecretRef

__all__ = ["check_printable", "value_of"]

_MOST_LABEL: Final = 40  # characters
_MOST_TEXT: Final = 4096  # characters

_FLAGS: Final = frozenset({"secure", "confirm", "default", "autoconnect"})


def value_of(key: str, value: object) -> Any:
    """Give the value of a key, as `Profile` has it; ProfileError where it is of another kind."""
    if key == "secret":
        return SecretRef.parse(_text(key, value))
    if key in _FLAGS:
        if not isinstance(value, bool):
            raise _wrong(key, value, "true or false")
        return bool(value)
    if key == "timeout":
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise _wrong(key, value, "a number of seconds, such as 10")
        try:
            return seconds(key, value)
        except ParamsError as error:
            raise ProfileError(error.what, error.reason, error.fix, cause=key) from None
    text = _text(key, value)
    if key == "label" and len(text) > _MOST_LABEL:
        raise ProfileError(
            "label is too long.",
            f"It is shown beside the alias: at most {_MOST_LABEL} characters on one line.",
            'For example: label = "Production"',
            cause="label",
        )
    return text


def _text(key: str, value: object) -> str:
    if not isinstance(value, str):
        raise _wrong(key, value, "text in quotes")
    if len(value) > _MOST_TEXT:
        raise ProfileError(
            f"{key} has {len(value):,} characters.",
            f"At most {_MOST_TEXT:,} are taken.",
            "Shorten it.",
            cause=key,
        )
    text = str(value).strip()
    check_printable(key, text)
    return text


def check_printable(key: str, text: str) -> None:
    """Refuse what a terminal would obey, or would show in another order: a prompt has it in it."""
    for place, character in enumerate(text, 1):
        if not character.isprintable():
            raise ProfileError(
                f"{key} has a character that cannot be printed.",
                f"Character {place} is U+{ord(character):04X}.",
                "Type it again rather than pasting it.",
                cause=key,
            )


def _wrong(key: str, value: object, expected: str) -> ProfileError:
    kind = {bool: "a flag", str: "text", dict: "a table", list: "a list"}.get(type(value), "")
    kind = kind or ("a number" if isinstance(value, (int, float)) else type(value).__name__)
    return ProfileError(f"{key} is {kind}.", f"Expected is {expected}.", cause=key)
