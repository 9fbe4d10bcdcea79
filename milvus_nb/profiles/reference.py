"""A reference to a secret, and what stands in clear where there should be one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from ..errors import ProfileError

if TYPE_CHECKING:
    from collections.abc import Collection

    from ..protocol import SecretKind

__all__ = ["CLEAR_KEYS", "SecretRef", "clear_in", "is_clear"]

_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

#: The keywords of ``connect`` that are secrets.
CLEAR_KEYS: Final = frozenset({"password", "token"})

# Keys that would hold a secret in clear: pass, auth_token, private-key, apiKey …
_CLEAR: Final = re.compile(
    r"(.*_)?(pass|passwd|password|passphrase|passcode|pwd|pw|token|auth|authorization|bearer"
    r"|credentials?|creds?|secrets?|key|apikey)[0-9]*"
)


@dataclass(frozen=True, slots=True)
class SecretRef:
    """Where a profile's password or token comes from when it connects.

    Parameters
    ----------
    kind
        ``"none"``: there is no sign-in. ``"ask"``: the user is asked. ``"env"``: an environment
        variable of the kernel. ``"keyring"``: the system's keyring.
    variable
        The name of the environment variable.
    """

    kind: SecretKind = "none"
    variable: str = ""

    def __str__(self) -> str:
        return f"env:{self.variable}" if self.kind == "env" else self.kind

    @classmethod
    def parse(cls, text: str) -> SecretRef:
        """Read ``none``, ``ask``, ``keyring`` or ``env:NAME``; ProfileError shows nothing of it."""
        if text in ("none", "ask", "keyring"):
            return cls(text)  # type: ignore[arg-type]  # looked at in the line above
        kind, _, variable = text.partition(":")
        if kind == "env" and _VARIABLE.fullmatch(variable):
            return cls("env", variable)
        # What stands there may be the secret itself.
        raise ProfileError(
            "secret is not a reference.",
            'It is one of "ask", "keyring", "none", or "env:NAME" with a variable\'s name.',
            'Write secret = "ask", or keep it with: %milvus profile secret NAME',
            "secret",
        )


def clear_in(table: Mapping[str, Any], known: Collection[str]) -> dict[str, Any]:
    """Give the keys of a profile under which a secret stands in clear, in a table of its own too.

    Parameters
    ----------
    table
        What stands in TOML.
    known
        The keys that a profile has.

    Returns
    -------
    dict of str to Any
        The profile's own keys, each with the first secret under it.
    """
    found: dict[str, Any] = {}
    for key, value in table.items():
        if key in known:
            continue
        left = [(key, value)]
        while left and key not in found:
            name, inner = left.pop()
            if isinstance(inner, Mapping):
                # What stands in a table of credentials is one, whatever it is called.
                is_whole = is_clear(name)
                left += [(name if is_whole else each, one) for each, one in inner.items()]
            elif isinstance(inner, list):
                left += [(name, one) for one in inner]
            elif is_clear(name) and inner != "" and not isinstance(inner, bool):
                found[key] = inner
    return found


def is_clear(key: str) -> bool:
    """Tell whether a secret is what one would write under this key."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])|\W", "_", key).lower()
    return _CLEAR.fullmatch(words) is not None
