"""Validated connection parameters: where to connect, as whom, and to which database.

`params.parse` makes them of what a user wrote.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from .address import Address, Kind, display
from .defaults import DEFAULT_TIMEOUT_S
from .guard import Guard
from .host import host_port, in_brackets
from .secret import Secret
from .tls import Tls
from .values import in_clear

if TYPE_CHECKING:
    from ..protocol import Auth

__all__ = ["ConnectionParams", "Endpoint"]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Address, TLS and credentials: what is probed. Hashable; many aliases may share one.

    Parameters
    ----------
    kind
        ``"tcp"``, ``"unix"`` (a socket) or ``"lite"`` (a Milvus Lite database).
    host
        A name or IP address in lower case; IPv6 without brackets. Empty unless `kind` is tcp.
    port
        1 to 65535; 0 unless `kind` is tcp.
    path
        The absolute path of the database or the socket. Empty if `kind` is tcp.
    secure
        Whether TLS is on.
    tls
        The files for it.
    user
        Empty when signing in with an API key or not at all.
    credentials
        What is sent: ``user:password`` or the API key; empty for no sign-in.
    grpc_options
        Channel arguments for gRPC, sorted by name; their texts may hold a secret.
    """

    kind: Kind
    host: str = ""
    port: int = 0
    path: str = ""
    secure: bool = False
    tls: Tls = Tls()  # noqa: RUF009  immutable
    user: str = ""
    credentials: Secret = Secret()  # noqa: RUF009  immutable
    grpc_options: tuple[tuple[str, int | Secret], ...] = field(default=(), repr=False)

    @property
    def place(self) -> tuple[object, ...]:
        """All but who signs in; hashable."""
        where = (self.kind, self.host, self.port, self.path, self.secure)
        return (*where, self.tls, self.grpc_options)

    @property
    def address(self) -> str:
        """The address for people: ``localhost:19530``, ``https://h:443``, ``./demo.db``."""
        port = self.port if self.kind == "tcp" else None
        return display(Address(self.kind, self.host, port, self.path, self.secure))

    @property
    def certificate_name(self) -> str:
        """The name that the server's certificate has to be for; empty unless `kind` is tcp."""
        # In TLS a name has no dot at its end, and an address no zone.
        return self.tls.server_name or self.host.partition("%")[0].removesuffix(".")

    @property
    def target(self) -> str:
        """The target for gRPC (its naming document); empty for Milvus Lite, which has no port yet.

        Source: https://github.com/grpc/grpc/blob/master/doc/naming.md
        """
        if self.kind == "lite":
            return ""
        if self.kind == "unix":
            return f"unix:{quote(self.path)}"
        if ":" in self.host:
            return f"ipv6:{host_port(self.host.replace('%', '%25'), self.port)}"
        return host_port(self.host, self.port)

    @property
    def pymilvus_uri(self) -> str:
        """The address as pymilvus takes it."""
        if self.kind == "unix":
            return self.target
        if self.kind == "lite":
            return self.address
        # pymilvus drops an IPv6 address's brackets, and gRPC then cannot tell the port; gRPC
        # decodes percent-encoding, pymilvus does not.
        host = quote(in_brackets(self.host), safe="") if ":" in self.host else self.host
        return f"{'https' if self.secure else 'http'}://{host}:{self.port}"

    @property
    def channel_arguments(self) -> dict[str, int | str]:
        """The `grpc_options` as gRPC takes them, in clear."""
        return in_clear(self.grpc_options)

    @property
    def auth(self) -> Auth:
        """How it signs in: not at all, as a user, or with an API key."""
        if not self.credentials:
            return "none"
        return "password" if self.user else "token"

    @property
    def secret(self) -> Secret:
        """The password without its user, or the API key: what a user types."""
        return Secret(self.credentials.reveal().removeprefix(f"{self.user}:"))


@dataclass(frozen=True, slots=True)
class ConnectionParams:
    """An endpoint, a database on it, and how long connecting may take.

    Parameters
    ----------
    endpoint
        Where to connect, and as whom.
    db_name
        The database; empty for the server's default one.
    timeout
        How long connecting may take, in seconds.
    password_env, token_env
        The environment variable that the password, or the token, was read from; empty where it came
        otherwise. Where a secret came from is no difference between parameters.
    guard
        What they have of a profile; no difference either.
    """

    endpoint: Endpoint
    db_name: str = ""
    timeout: float = DEFAULT_TIMEOUT_S
    password_env: str = field(default="", compare=False)
    token_env: str = field(default="", compare=False)
    guard: Guard = field(default=Guard(), compare=False)  # immutable

    @property
    def address(self) -> str:
        """See `Endpoint.address`."""
        return self.endpoint.address

    @property
    def user(self) -> str:
        """See `Endpoint`."""
        return self.endpoint.user

    @property
    def secure(self) -> bool:
        """See `Endpoint`."""
        return self.endpoint.secure

    @property
    def auth(self) -> Auth:
        """See `Endpoint.auth`."""
        return self.endpoint.auth

    def differences(self, other: ConnectionParams) -> list[str]:
        """Say how these parameters differ from others.

        Parameters
        ----------
        other
            The parameters to compare with.

        Returns
        -------
        list of str
            One text for each difference, such as ``"address (localhost:1, not localhost:2)"``.
            A secret that differs is named, not shown. Empty if, and only if, the two are equal.
        """
        one, two = self.endpoint, other.endpoint
        found = []
        if _place(one) != _place(two):
            found.append(f"address ({one.address}, not {two.address})")
        found += _sign_in_differences(one, two)
        if self.db_name != other.db_name:
            found.append(f"database ({_database(self)}, not {_database(other)})")
        for option in fields(Tls):
            mine, theirs = getattr(one.tls, option.name), getattr(two.tls, option.name)
            if mine != theirs:
                found.append(f"{option.name} ({mine or 'none'}, not {theirs or 'none'})")
        if self.timeout != other.timeout:
            found.append(f"timeout ({self.timeout:g} s, not {other.timeout:g} s)")
        if one.grpc_options != two.grpc_options:
            names = {name for name, _ in set(one.grpc_options) ^ set(two.grpc_options)}
            found.append(f"grpc_options ({', '.join(sorted(names))})")
        return found

    def without_secrets(self) -> ConnectionParams:
        """Return the same parameters with empty credentials, without gRPC's options of text."""
        numbers = [pair for pair in self.endpoint.grpc_options if not isinstance(pair[1], Secret)]
        endpoint = replace(self.endpoint, credentials=Secret(), grpc_options=tuple(numbers))
        return replace(self, endpoint=endpoint)

    def plain(self) -> dict[str, Any]:
        """Give what can be sent to a page, and kept in a file; gRPC's options may hold a secret."""
        tls = self.endpoint.tls
        return {
            "user": self.user,
            "password_env": self.password_env,
            "token_env": self.token_env,
            "db_name": self.db_name or "default",
            "secure": self.secure,
            **{option.name: getattr(tls, option.name) for option in fields(Tls)},
            "timeout": self.timeout,
        }

    def as_dict(self) -> dict[str, Any]:
        """Return ``address``, ``user``, ``db_name`` and ``secure``, as pymilvus does; no secret.

        There an address has no scheme: ``secure`` says it.
        """
        return {
            "address": replace(self.endpoint, secure=False).address,
            "user": self.user,
            "db_name": self.db_name,
            "secure": self.secure,
        }


def _place(endpoint: Endpoint) -> tuple[object, ...]:
    return endpoint.kind, endpoint.host, endpoint.port, endpoint.path, endpoint.secure


def _sign_in_differences(one: Endpoint, two: Endpoint) -> list[str]:
    if one.auth != two.auth:
        return [f"sign-in ({_sign_in(one)}, not {_sign_in(two)})"]
    found = []
    if one.user != two.user:
        found.append(f"user ({one.user or 'none'}, not {two.user or 'none'})")
    if one.secret != two.secret:
        found.append("password" if one.auth == "password" else "API key")
    return found


def _sign_in(endpoint: Endpoint) -> str:
    return {"none": "none", "password": f"user {endpoint.user}", "token": "an API key"}[
        endpoint.auth
    ]


def _database(params: ConnectionParams) -> str:
    return params.db_name or "the server's default"
