"""Profiles of what other tools have saved: the Milvus CLI, the environment, a pasted line."""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING, Any, Final

from ..errors import MilvusNbError, ProfileError
from ..params import parsing
from . import files
from .conversion import profile_of
from .profile import check_name
from .reference import SecretRef

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..params.endpoint import ConnectionParams
    from ..params.secret import Secret
    from .profile import Profile

__all__ = ["CLI_FILE", "from_cli", "from_environment", "from_pasted"]

#: Where the Milvus CLI (1.2) keeps its connections, tokens in clear.
#: Source: https://github.com/zilliztech/milvus_cli, milvus_cli/history.py
CLI_FILE: Final = "~/.milvus_cli_connections.json"

_MOST_BYTES: Final = 100_000

Imported = tuple["Profile", "Secret"]


def from_cli() -> Iterator[Imported | MilvusNbError]:
    """Give a profile and its secret for each connection that the Milvus CLI has saved.

    One that cannot be used is given as the error that says why.

    Raises
    ------
    ProfileError
        There is no such file, or it is broken.
    """
    path = os.path.expanduser(CLI_FILE)
    text = files.read_text(path, _MOST_BYTES, is_trusted=True)
    if text is None:
        raise ProfileError(
            "The Milvus CLI has saved no connections.",
            f"There is no file {CLI_FILE}.",
            "It is made by the CLI's connect, version 1.2 or later.",
        )
    try:
        entries = json.loads(text)
    except ValueError:
        entries = None
    if not isinstance(entries, dict):
        raise ProfileError(f"{CLI_FILE} cannot be read.", "It is no JSON object.", "")
    for alias, entry in entries.items():
        try:
            yield _of_cli(str(alias), entry)
        except MilvusNbError as error:
            yield error


def from_environment(name: str = "") -> Imported:
    """Give a profile of ``MILVUS_URI`` and ``MILVUS_TOKEN``.

    Raises
    ------
    ProfileError
        The first is not set.
    ParamsError
        They cannot be used.
    """
    if not os.environ.get("MILVUS_URI", "").strip():
        raise ProfileError(
            "MILVUS_URI is not set.", "It says where Milvus is.", "Set it before the kernel starts."
        )
    return _made(name, parsing.parse())


def from_pasted(text: str, name: str = "") -> Imported:
    """Give a profile of a line of code or of a shell; nothing of it is run.

    Raises
    ------
    ParamsError
        It cannot be read.
    """
    from ..code import paste

    found = paste.read(text)
    return _made(name or found.alias, parsing.parse(**found.given, env={}))


def _of_cli(alias: str, entry: Any) -> Imported:
    uri = entry.get("uri") if isinstance(entry, dict) else None
    if not uri:
        raise ProfileError(
            f"{alias[:40]!r} of the Milvus CLI has no address.", "", f"Look at {CLI_FILE}."
        )
    mode = entry.get("tlsmode")
    if mode not in (None, "", 0, 1, 2, "0", "1", "2"):
        raise ProfileError(
            f"{alias[:40]!r} of the Milvus CLI has a tlsmode that is not known.",
            "It is 0, 1 or 2.",
            f"Look at {CLI_FILE}.",
        )
    params = parsing.parse(
        uri=uri,
        token=entry.get("token"),
        secure=True if str(mode) in ("1", "2") else None,
        server_pem_path=entry.get("cert"),
        env={},
    )
    return _made("" if alias == uri else alias, params)


def _made(name: str, params: ConnectionParams) -> Imported:
    endpoint = params.endpoint
    name = _plain(name) or _plain(endpoint.host or os.path.basename(endpoint.path)) or "milvus"
    check_name(name)
    variable = params.password_env or params.token_env
    ref = None if variable else SecretRef("keyring")
    return profile_of(name, params, ref), endpoint.secret


def _plain(text: str) -> str:
    """Make a profile's name of a text."""
    return re.sub(r"[^\w.+-]+", "-", text).strip("-.+")[:64]
