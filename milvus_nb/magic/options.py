"""The parsed options of connect and doctor → keywords; asks for a secret, warns of one in clear.

Secrets are asked for here, or read from the environment; who types one is told where it goes.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

from ..errors import MagicUsageError, MilvusNbError
from ..params import parsing
from ..params.secret import Secret, shown_name
from ..params.tidy import variable_name
from ..params.tls import PEM_FILES
from ..printing import printable
from ..profiles.places import prompt

if TYPE_CHECKING:
    import argparse

    from ..code.arguments import Word
    from ..params.endpoint import ConnectionParams

__all__ = ["UNTYPED", "ask_for", "keywords", "seconds", "signed_in", "warnings"]

#: Stands where a secret will, until it is typed.
UNTYPED: Final = Secret("-")

_KEYWORDS: Final = (
    "user", "password", "token", "password_env", "token_env", "secure", *PEM_FILES,
    "server_name", "timeout",
)  # fmt: skip


def keywords(arguments: argparse.Namespace) -> dict[str, Any]:
    """Take out of the options what `connect` takes as keywords, but for the address.

    Parameters
    ----------
    arguments
        The options of ``connect`` or ``doctor``; see `usage`.

    Raises
    ------
    MagicUsageError
        Two options contradict each other, or there is no secret where one was announced.
    """
    given = {name: value for name in _KEYWORDS if (value := getattr(arguments, name)) is not None}
    given.update(db_name=arguments.db or "", timeout=seconds(arguments.timeout))
    if arguments.tls is not None:
        if arguments.tls == "0" and arguments.secure:
            raise MagicUsageError(
                "--secure and -tls 0 contradict each other.", "", "Leave out one."
            )
        given["secure"] = arguments.tls != "0"
    if arguments.cert:
        if arguments.server_pem_path not in (None, arguments.cert):
            raise MagicUsageError(
                "--cert and --server-pem-path name different files.", "", "Leave out one."
            )
        given["server_pem_path"] = arguments.cert
    _read_secrets(arguments, given)
    return given


def warnings(arguments: argparse.Namespace, words: list[Word]) -> list[str]:
    """Say which secrets stand in the cell, and the better way.

    Parameters
    ----------
    arguments
        As in `keywords`.
    words
        The words of the line; a secret that came from a variable does not stand in the cell.
    """
    found = []
    typed = [word.typed for word in words]
    for name in ("password", "token"):
        value = getattr(arguments, name)
        if value and any(value in text for text in typed):
            found.append(
                f"The {name} stands in this cell and in IPython's history. "
                f"Better: --ask, or --{name}-env VARIABLE"
            )
    typed_places = (getattr(arguments, name, None) for name in ("address", "uri"))
    places = [place for place in (*typed_places, *getattr(arguments, "names", ())) if place]
    if any("@" in word.typed and word.text.endswith(tuple(places)) for word in words):
        found.append(
            "The address in this cell, and in IPython's history, holds credentials. "
            "Better: --user NAME --ask, or --token-env VARIABLE"
        )
    return found


def _read_secrets(arguments: argparse.Namespace, given: dict[str, Any]) -> None:
    for name in ("password", "token"):
        variable = getattr(arguments, f"{name}_env")
        if variable is None:
            continue
        if name in given:
            raise MagicUsageError(
                f"--{name} and --{name}-env were both given.", "", "Leave out one."
            )
        if variable not in os.environ and variable_name(variable) not in os.environ:
            raise MagicUsageError(
                f"The environment variable {shown_name(variable)} is not set.",
                f"--{name}-env reads the {name} from it.",
                "Set it before the kernel starts, or use --ask.",
            )
    if arguments.ask and given.keys() & {"password", "token", "password_env", "token_env"}:
        raise MagicUsageError(
            "--ask was given together with a password or token.", "", "Leave out one."
        )


def ask_for(params: ConnectionParams, name: str = "") -> Secret:
    """Ask for a password or token.

    Parameters
    ----------
    params
        What it is for, with `UNTYPED` in its place.
    name
        The alias or profile that is connected, if there is one.

    Raises
    ------
    MagicUsageError
        Nothing was typed, or nobody can type here.
    """
    return Secret(_ask(prompt(params, name)))


def signed_in(params: ConnectionParams, name: str = "") -> ConnectionParams:
    """Ask as `ask_for` does, and give the same parameters with what was typed."""
    kind = "password" if params.user else "token"
    return parsing.change(params, **{kind: ask_for(params, name)})


def _ask(prompt: str) -> str:
    from getpass import getpass

    try:
        secret = getpass(printable(prompt))
    except EOFError:
        problem = "The input has ended."
    except (MilvusNbError, NotImplementedError, RuntimeError) as error:
        problem = f"{type(error).__name__}: {error}"
    else:
        if secret:
            return secret
        problem = "Nothing was typed."
    raise MagicUsageError(
        "No password or token was read.", problem, "Try again, or use --token-env VARIABLE."
    )


def seconds(text: str | None) -> float | None:
    """Read ``--timeout``; MagicUsageError for what is no number."""
    if text is None:
        return None
    try:
        return float(text)
    except ValueError:
        raise MagicUsageError(
            f"--timeout {text!r} is not a number.", "It is in seconds.", "For example --timeout 10"
        ) from None
