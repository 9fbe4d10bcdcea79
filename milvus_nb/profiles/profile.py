"""One profile: a saved connection with a reference to its secret, and how it is written in TOML."""

from __future__ import annotations

import hashlib
import json
import os
import re
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Final

from ..errors import ParamsError, ProfileError
from ..params import parsing
from ..params.address import parse_address
from ..params.guard import Guard
from ..params.secret import MASK, Secret, holds_sign_in, shown_name
from ..params.suggestion import closest
from ..params.tls import PEM_FILES
from ..views.labels import COLORS
from .reference import CLEAR_KEYS, SecretRef, clear_in
from .values import check_printable, value_of

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["KEYS", "Profile", "check_name", "fingerprint", "is_name"]

# No character of an address, a path, a shell or HTML: what a user writes is one or the other.
_NAME: Final = re.compile(r"\w(?:[\w .+-]{0,62}[\w.+-])?")
_MOST_KEY: Final = 40  # characters of a key that are shown


@dataclass(frozen=True, slots=True)
class Profile:
    """A saved connection, without its secret.

    Parameters
    ----------
    name
        What it is connected by, and the alias that it gets. 1 to 64 letters, digits, blanks and
        ``. _ + -``.
    address
        What ``connect`` takes, without sign-in. A path begins at the folder of the profile's file.
    user
        Who signs in with a password; empty for an API key, a ``user:password`` token or nobody.
    secret
        Where the password or token comes from.
    db_name
        The database; empty for the server's default.
    secure
        Whether TLS is on; None leaves it to the address.
    ca_pem_path, server_pem_path, client_pem_path, client_key_path, server_name
        TLS; paths as for `address`.
    timeout
        How long connecting may take, in seconds; None for the default.
    label, color
        What is shown wherever the alias is, such as ``"Production"`` in ``"red"``; see `COLORS`.
    confirm
        Whether connecting and disconnecting ask first.
    default
        Whether ``%milvus connect`` alone means it.
    autoconnect
        Whether ``%load_ext milvus_nb`` connects it, in the background; the user's file alone.
    path
        The file that it stands in; empty before it was saved.
    is_project
        Whether that is a project's file, which others may share.
    is_site
        Whether that is the site's file, which administrators alone change.
    """

    name: str
    address: str
    user: str = ""
    secret: SecretRef = SecretRef()  # noqa: RUF009  immutable
    db_name: str = ""
    secure: bool | None = None
    ca_pem_path: str = ""
    server_pem_path: str = ""
    client_pem_path: str = ""
    client_key_path: str = ""
    server_name: str = ""
    timeout: float | None = None
    label: str = ""
    color: str = ""
    confirm: bool = False
    default: bool = False
    autoconnect: bool = False
    path: str = field(default="", compare=False)
    is_project: bool = field(default=False, compare=False)
    is_site: bool = field(default=False, compare=False)

    @classmethod
    def read(
        cls,
        name: str,
        values: Mapping[str, Any],
        path: str = "",
        *,
        is_project: bool = False,
        is_site: bool = False,
    ) -> Profile:
        """Make a profile of what stands in TOML, or in a request; unknown keys are left out.

        Raises
        ------
        ProfileError
            A value is of the wrong kind, or a secret stands there in clear. Its `cause` is the key.
            No error shows a value that may be a secret.
        """
        check_name(name)
        for key in clear_in(values, KEYS):
            raise ProfileError(
                f"{_shown(key)} stands in clear in profile {name}.",
                "Profiles hold references to secrets, never the secrets.",
                f"Move it to the keyring: %milvus profile secret {_quoted(name)}",
                cause=key,
            )
        found: dict[str, Any] = {}
        for key in KEYS:
            if key in values and values[key] is not None:
                found[key] = value_of(key, values[key])
        if not found.get("address"):
            raise ProfileError(
                f"Profile {name} has no address.",
                "It says where Milvus is.",
                'For example: address = "localhost:19530"',
                cause="address",
            )
        profile = cls(name, **found, path=path, is_project=is_project, is_site=is_site)
        profile.check()
        return profile

    def check(self) -> None:
        """Raise ProfileError where `parse` would refuse it, without looking at any file."""
        check_name(self.name)
        for key in _TEXTS:
            check_printable(key, getattr(self, key))
        if self.user and self.secret.kind == "none":
            raise ProfileError(
                f"Profile {self.name} has a user, but no secret.",
                "Milvus needs both.",
                'Write secret = "ask", "keyring" or "env:NAME".',
                cause="secret",
            )
        if self.color and self.color not in COLORS:
            raise ProfileError(
                f"color {self.color[:20]!r} is not known.",
                f"There are {', '.join(COLORS)}.",
                f"Did you mean {closest(self.color, COLORS) or 'red'}?",
                cause="color",
            )
        if self.is_path and "@" in self.address and ":" in self.address:
            raise self._in_clear()
        if self.is_path and holds_sign_in(self.address.rpartition("://")[2], is_path=True):
            raise ProfileError(
                f"The address of profile {self.name} is no path: it has a sign-in in it.",
                "Profiles hold references to secrets, never the secrets.",
                "Give the path or the server alone, and how the secret is found: secret = ...",
                cause="address",
            )
        if self.is_path:
            return  # whether it can be opened is known where it is opened
        failure: ParamsError | None = None
        try:
            place = parse_address(self.address, "address")
            if not (place.user or place.password):
                given = self.keywords() | dict.fromkeys(PEM_FILES, "") | {"server_name": ""}
                parsing.parse(**given | self._placeholder(), env={})
                return
        except ParamsError as error:
            failure = error
        if failure is None:
            raise self._in_clear()
        key = next((name for name in KEYS if failure.what.startswith(name)), "address")
        raise ProfileError(failure.what, failure.reason, failure.fix, cause=key)

    def _in_clear(self) -> ProfileError:
        return ProfileError(
            f"The address of profile {self.name} holds credentials in clear.",
            "Profiles hold references to secrets, never the secrets.",
            f"Move them to the keyring: %milvus profile secret {_quoted(self.name)}",
            cause="address",
        )

    def _placeholder(self) -> dict[str, Any]:
        if self.secret.kind == "none":
            return {}
        return {"password" if self.user else "token": Secret("x")}

    def keywords(self) -> dict[str, Any]:
        """Give the keywords of ``connect``, without the secret; paths are absolute."""
        given = {key: getattr(self, key) for key in _CONNECT_KEYS}
        given.update({key: self._from_file(given[key]) for key in PEM_FILES})
        given["uri"] = self._placed()
        return {key: value for key, value in given.items() if value not in ("", None)}

    def guard(self, overrides: Mapping[str, Any] | None = None) -> Guard:
        """Give what the connection has of it.

        Parameters
        ----------
        overrides
            The keywords that were given beside it; a secret among them is left out.
        """
        kept = {key: value for key, value in (overrides or {}).items() if key not in CLEAR_KEYS}
        kind: str = self.secret.kind
        if overrides and overrides.keys() & CLEAR_KEYS:
            kind = "ask"
        elif kept.keys() & {"password_env", "token_env"}:
            kind = "env"
        return Guard(
            self.name,
            self.label,
            self.color,
            self.confirm,
            kind,
            tuple(sorted(kept.items())),
            self.seal,
        )

    def table(self) -> dict[str, Any]:
        """Give what stands in TOML: what is not given is left out."""
        found: dict[str, Any] = {}
        for key in KEYS:
            value = getattr(self, key)
            if key == "secret":
                value = str(value) if value.kind != "none" else ""
            if value not in ("", None) and (value is not False or key == "secure"):
                found[key] = value
        return found

    @property
    def quoted(self) -> str:
        """The name as it is written behind ``%milvus``."""
        return _quoted(self.name)

    @property
    def seal(self) -> str:
        """What is the same for as long as it goes to the same place, as the same user.

        TLS belongs to it: whether it is on, whom it trusts, under which name, and what it shows.
        """
        given = self.keywords()
        account = [given["uri"], self.user, self.secure]
        account += [given.get(key, "") for key in (*PEM_FILES, "server_name")]
        return fingerprint(account)

    @property
    def revision(self) -> str:
        """What is another as soon as anything of it changes."""
        return fingerprint([self.path, self.table()])

    def _placed(self) -> str:
        """Give the address, with a path of a Milvus Lite database made absolute."""
        return self._from_file(self.address) if self.is_path else self.address

    @property
    def is_path(self) -> bool:
        """Whether the address is the path of a Milvus Lite database, which has no users."""
        is_file = self.address.endswith(".db") and "://" not in self.address
        return is_file or self.address[:1] in {".", "/", "~"}

    def _from_file(self, path: str) -> str:
        if not path or not self.path:
            return path
        return os.path.join(os.path.dirname(self.path), os.path.expanduser(path))


#: The keys of a profile in TOML, in the order in which they are written.
KEYS: Final = tuple(
    one.name for one in fields(Profile) if one.name not in ("name", "path", "is_project", "is_site")
)

_CONNECT_KEYS: Final = ("user", "db_name", "secure", *PEM_FILES, "server_name", "timeout")

_TEXTS: Final = ("address", "user", "db_name", *PEM_FILES, "server_name", "label", "color")


def fingerprint(values: list[Any]) -> str:
    """Give a text that is the same for as long as the values are, and does not tell them."""
    written = json.dumps(values).encode("utf-8", "surrogatepass")
    return hashlib.sha256(written).hexdigest()[:32]


def is_name(text: str) -> bool:
    """Tell whether a text can be the name of a profile."""
    return _NAME.fullmatch(text) is not None


def check_name(name: object) -> None:
    """Raise ProfileError for what can be no profile's name."""
    if not isinstance(name, str) or not is_name(name):
        shown = repr(shown_name(name)) if isinstance(name, str) else type(name).__name__
        if MASK in shown:
            shown = "That"  # it may be a secret, and is not repeated
        raise ProfileError(
            f"{shown} cannot be the name of a profile.",
            "A name has 1 to 64 letters, digits, blanks, and . _ + - between them.",
            "For example: prod",
            cause="name",
        )


def _shown(key: str) -> str:
    return key[:_MOST_KEY] if key.isprintable() else repr(key[:_MOST_KEY])


def _quoted(name: str) -> str:
    return f"'{name}'" if " " in name else name
