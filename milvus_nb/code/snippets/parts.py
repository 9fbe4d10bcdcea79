"""What the languages share: sign-in, address, units, and the words about what is left out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from ...errors import ParamsError
from ...params.host import host_port

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ...params.endpoint import ConnectionParams, Endpoint

__all__ = [
    "PASSWORD", "TOKEN", "authority", "block", "left_out", "milliseconds", "options_left_out",
    "refuse", "seconds", "sign_in", "url", "without_name",
]  # fmt: skip

#: The environment variable of a password, and that of an API key.
PASSWORD: Final = "MILVUS_PASSWORD"  # noqa: S105  # its name
TOKEN: Final = "MILVUS_TOKEN"  # noqa: S105


# What every language and shell can name.
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def sign_in(params: ConnectionParams) -> tuple[str, str]:
    """Tell how code signs in, and which environment variable it reads the secret from.

    Returns
    -------
    tuple of str
        ``"none"``, ``"password"`` (beside the user) or ``"token"``; and the variable: where the
        secret came from, else `PASSWORD` or `TOKEN`.
    """
    if _VARIABLE.fullmatch(params.token_env):
        return "token", params.token_env  # user:password is a token, too, and says the user
    if params.auth == "password":
        known = _VARIABLE.fullmatch(params.password_env)
        return "password", params.password_env if known else PASSWORD
    return params.auth, TOKEN


def block(*lines: str) -> str:
    """Give lines as the text of a cell or a file; empty ones at its ends are left out."""
    return "\n".join(lines).strip("\n") + "\n"


def authority(endpoint: Endpoint, zone: str = "%") -> str:
    """Give ``host:port``; `zone` stands before the zone of an IPv6 address (``%25`` in a URL)."""
    return host_port(endpoint.host.replace("%", zone), endpoint.port)


def url(endpoint: Endpoint) -> str:
    """Give ``http://host:port``, or ``https://`` where TLS is on."""
    return f"{'https' if endpoint.secure else 'http'}://{authority(endpoint, '%25')}"


def refuse(endpoint: Endpoint, name: str) -> None:
    """Raise where a language, called `name`, reaches servers over the network only."""
    if endpoint.kind == "tcp":
        return
    what = "Milvus Lite databases" if endpoint.kind == "lite" else "Unix sockets"
    raise ParamsError(
        f"{endpoint.address} cannot be opened from {name}.",
        f"{what} are not within its reach.",
        "Choose python, orm, async or magic.",
    )


def seconds(value: float) -> str:
    """Give a number of seconds, without a fraction where there is none."""
    return str(int(value)) if value == int(value) else repr(value)


def milliseconds(value: float) -> int:
    """Give seconds in whole milliseconds, at least one."""
    return max(1, round(value * 1000))


def options_left_out(params: ConnectionParams, *, all_of_them: bool = True) -> list[str]:
    """Name the gRPC options that are left out: text may be a URL with a password in it."""
    return [
        # Another name in a comment could end it, and gRPC knows none.
        name if name.isascii() and name.replace(".", "_").isidentifier() else "a gRPC option"
        for name, value in params.endpoint.grpc_options
        if all_of_them or not isinstance(value, int)
    ]


def left_out(mark: str, names: Iterable[str], reason: str) -> list[str]:
    """Give the comment that names what is left out; no line where nothing is."""
    listed = ", ".join(names)
    return [f"{mark} Left out ({reason}): {listed}"] if listed else []


def without_name(mark: str, endpoint: Endpoint) -> list[str]:
    """Give the comment that says when code without the endpoint's server_name connects."""
    if not endpoint.tls.server_name:
        return []
    host = endpoint.host
    return [f"{mark} Without server_name it connects only if the certificate is for {host}, too."]
