"""Whatever a user may write becomes one validated, frozen `ConnectionParams`.

`parse` takes the keywords of pymilvus's ``connections.connect`` and of ``MilvusClient``, and the
environment. The grammar of an address is in `address`, the TLS files in `tls`, the sign-in in
`sign_in`. Nothing is sent anywhere, and no error shows a secret.
"""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from typing import Any, Final

from ..errors import ParamsError
from .address import Address, display
from .defaults import DEFAULT_TIMEOUT_S
from .endpoint import ConnectionParams, Endpoint
from .host import host_name
from .place import addresses, from_environment, port_of, refuse_foreign_place
from .secret import Secret, holds_sign_in, shown_name
from .sign_in import Given, SignIn, combine, from_token
from .tidy import check_expanded, tidy_name, variable_name
from .tls import Tls, check_tls, name_in
from .values import file_path, in_clear, is_given, place_text, seconds, secret, text
from .values import grpc_options as checked_options

__all__ = ["change", "checked_name", "is_empty", "names_a_place", "parse", "parse_again"]

# A server's address alone: it has no room for a secret, and means the same whatever else is known.
_SERVER: Final = re.compile(r"(https?://)?[a-z0-9.-]+:[0-9]{1,5}")

_Options = Mapping[str, int | str | Secret] | Iterable[tuple[str, int | str | Secret]]


def parse(
    *,
    uri: str | os.PathLike[str] | None = "",
    address: str | os.PathLike[str] | None = "",
    host: str | None = "",
    port: int | str | None = "",
    user: str | None = "",
    password: str | int | Secret | None = "",
    token: str | Secret | None = "",
    password_env: str | None = "",
    token_env: str | None = "",
    db_name: str | None = "",
    secure: bool | None = None,
    ca_pem_path: str | os.PathLike[str] | None = "",
    server_pem_path: str | os.PathLike[str] | None = "",
    client_pem_path: str | os.PathLike[str] | None = "",
    client_key_path: str | os.PathLike[str] | None = "",
    server_name: str | None = "",
    timeout: float | None = None,
    grpc_options: _Options | None = None,
    env: Mapping[str, str] | None = None,
    default_timeout: float = DEFAULT_TIMEOUT_S,
) -> ConnectionParams:
    """Make connection parameters of what a user wrote. ``None`` and ``""`` mean "not given".

    Parameters
    ----------
    uri, address
        Where Milvus is; see `milvus_nb.params.address` for what to write. The two are the same.
    host, port
        The same in two parts. Each fills in what `uri` and `address` leave open.
    user, password
        The sign-in. It may also be part of `uri`, or given as `token`.
    token
        ``user:password``, or an API key (which has no colon).
    password_env, token_env
        The environment variable that holds the one or the other.
    db_name
        The database. It may also be the path of `uri`.
    secure
        Whether TLS is on. By default it is for ``https://`` and where a TLS option is given.
    ca_pem_path, server_pem_path, client_pem_path, client_key_path, server_name
        TLS options; see `Tls`.
    timeout
        How long connecting may take, in seconds: above 0, at most a day. Default `default_timeout`.
    grpc_options
        Channel arguments for gRPC: a mapping, or pairs.
    env
        The environment; default ``os.environ``. ``MILVUS_URI`` is used where no address is given,
        ``MILVUS_TOKEN`` where besides there is no sign-in. What is given wins over the sign-in and
        database in ``MILVUS_URI``.
    default_timeout
        The timeout where none is given, in seconds.

    Returns
    -------
    ConnectionParams
        With nothing given at all: ``localhost:19530``.

    Raises
    ------
    ParamsError
        A parameter cannot be used, or two of them contradict each other.
    """
    environment = os.environ if env is None else env
    if is_given(password_env):
        password = _variable("password", password, text("password_env", password_env), environment)
    if is_given(token_env):
        token = _variable("token", token, text("token_env", token_env), environment)
    given: list[Given] = []
    if is_given(user) or is_given(password):
        # A password of digits may come as a number, as pymilvus takes it.
        its = secret("password", _digits(password))
        given.append(Given("user/password", checked_name("user", user), its))
    if is_given(token):
        given.append(from_token(secret("token", token), "token"))
    database = ("db_name", checked_name("db_name", db_name))
    place, sources = addresses(
        place_text("uri", uri), place_text("address", address), place_text("host", host), port
    )
    if not sources:
        place, sources = from_environment(environment, bool(given), bool(database[1]))
        env_token = Secret(environment.get("MILVUS_TOKEN", ""))
        if sources and env is None and (env_token or given):
            refuse_foreign_place(is_given=bool(given))
        if env_token and not given:
            given.append(from_token(secret("MILVUS_TOKEN", env_token), "MILVUS_TOKEN"))
            token_env = "MILVUS_TOKEN"  # noqa: S105  # its name
    in_places = [Given(source, part.user, part.password) for source, part in sources]
    given += [part for part in in_places if part.user or part.password]
    databases = [database, *((source, part.db_name) for source, part in sources)]
    tls = Tls()
    pem_paths = (ca_pem_path, server_pem_path, client_pem_path, client_key_path)
    if any(map(is_given, (*pem_paths, server_name))):
        tls = Tls(
            file_path("ca_pem_path", ca_pem_path),
            file_path("server_pem_path", server_pem_path),
            file_path("client_pem_path", client_pem_path),
            file_path("client_key_path", client_key_path),
            _server_name(server_name),
        )
    options = checked_options(grpc_options)
    is_secure = _secure(secure, place, tls)
    if is_secure and not tls.server_name:
        tls = replace(tls, server_name=name_in(in_clear(options)))
    # Milvus Lite has no users; pymilvus ignores a sign-in, and so do we.
    sign_in = SignIn() if place.kind == "lite" else combine(given)
    endpoint = Endpoint(
        place.kind,
        host=place.host or ("localhost" if place.kind == "tcp" else ""),
        port=port_of(place),
        path=place.path,
        secure=is_secure,
        tls=tls,
        user=sign_in.user,
        credentials=sign_in.credentials,
        grpc_options=options,
    )
    limit = seconds("timeout", timeout if is_given(timeout) else default_timeout)
    has_sign_in = endpoint.auth != "none"
    return ConnectionParams(
        endpoint,
        _one_database(databases),
        limit,
        password_env=text("password_env", password_env) if has_sign_in else "",
        token_env=text("token_env", token_env) if has_sign_in else "",
    )


def parse_again(default_timeout: float, **given: Any) -> ConnectionParams:
    """Do as `parse` does, where many write the same: a server's address alone is read once.

    Parameters
    ----------
    default_timeout, **given
        The keywords of `parse`.
    """
    uri = given.get("uri")
    is_alone = not any(is_given(value) for name, value in given.items() if name != "uri")
    if is_alone and type(uri) is str and _SERVER.fullmatch(uri):
        return _of_server(uri, default_timeout)
    return parse(**given, default_timeout=default_timeout)


@functools.lru_cache(maxsize=256)
def _of_server(uri: str, default_timeout: float) -> ConnectionParams:
    return parse(uri=uri, default_timeout=default_timeout)


def is_empty(**given: object) -> bool:
    """Say whether nothing was given at all, so that `parse` would look at the environment alone.

    Parameters
    ----------
    **given
        The keywords of `parse`; `env` and `default_timeout` do not count.
    """
    settings = {"env", "default_timeout"}
    return not any(is_given(value) for name, value in given.items() if name not in settings)


def names_a_place(**given: object) -> bool:
    """Say whether what was given tells where Milvus is.

    Parameters
    ----------
    **given
        The keywords of `parse`.
    """
    return any(is_given(given.get(name)) for name in ("uri", "address", "host", "port"))


def change(known: ConnectionParams, **given: Any) -> ConnectionParams:
    """Change connection parameters; what is not given stays as it is.

    Parameters
    ----------
    known
        What is changed.
    **given
        The keywords of `parse` that do not name a place. A new sign-in replaces the old one; with
        a password alone the user stays.

    Returns
    -------
    ConnectionParams

    Raises
    ------
    ParamsError
        As `parse`.
    """
    given = {name: value for name, value in given.items() if is_given(value)}
    if not given.keys() - {"timeout"}:  # nothing is read or checked again
        return replace(known, timeout=seconds("timeout", given.get("timeout", known.timeout)))
    old = known.endpoint
    kept: dict[str, Any] = {
        "uri": old.path if old.kind == "lite" else old.address,
        "db_name": known.db_name,
        "timeout": known.timeout,
        "grpc_options": old.grpc_options,
        **{option.name: getattr(old.tls, option.name) for option in fields(Tls)},
    }
    secrets = given.keys() & {"password", "token", "password_env", "token_env"}
    if not secrets | (given.keys() & {"user"}):
        kept["token"] = old.credentials
        changed = parse(**kept | given)
        changed = replace(changed, password_env=known.password_env, token_env=known.token_env)
    else:
        if not given.keys() & {"user", "token", "token_env"}:
            kept["user"] = old.user
        changed = parse(**kept | given)
    return replace(changed, guard=known.guard.beside(changed.plain(), given))


def _variable(name: str, value: object, variable: str, environment: Mapping[str, str]) -> Secret:
    """Read a secret from the environment."""
    if is_given(value):
        raise ParamsError(f"{name} and {name}_env were both given.", "", "Leave out one.")
    if variable not in environment:
        variable = variable_name(variable)
    if not environment.get(variable):  # empty, it would mean that nobody signs in
        how = "empty" if variable in environment else "not set"
        raise ParamsError(
            f"The environment variable {shown_name(variable)} is {how}.",
            f"{name}_env reads the {name} from it.",
            "Set it before the kernel starts, or give the secret in another way.",
        )
    return Secret(environment[variable])


def checked_name(name: str, value: object) -> str:
    """Check the name of a user or a database: neither has blanks or quotes around it.

    Parameters
    ----------
    name
        ``"user"`` or ``"db_name"``.
    value
        What was given.

    Raises
    ------
    ParamsError
        It is no text, or may hold a password.
    """
    found = text(name, value)
    if not found:
        return ""
    found = tidy_name(found)
    check_expanded(name, found)
    # A user with a colon is refused with the rest of the sign-in.
    if holds_sign_in(found) and (name == "db_name" or ":" not in found):
        raise ParamsError(
            f"{name} is an address, or has a sign-in in it.",
            f"It may hold a password, and {name} is shown everywhere: it is not repeated here.",
            "Give the name alone: letters, digits and underscores.",
        )
    return found


def _server_name(value: object) -> str:
    """Check the name in a certificate; it has no dot at its end, as a host's may."""
    given = place_text("server_name", value)
    return host_name(given, "server_name").removesuffix(".") if given else ""


def _digits(password: object) -> object:
    return str(password) if type(password) is int else password


def _secure(wanted: object, place: Address, tls: Tls) -> bool:
    if type(wanted).__module__ == "numpy":
        wanted = getattr(wanted, "item", lambda: wanted)()
    if not (wanted is None or isinstance(wanted, bool)):
        raise ParamsError(
            f"secure has to be True or False, not {type(wanted).__name__}.",
            fix="Leave it out: https:// turns TLS on.",
        )
    if place.kind != "tcp":
        if wanted or tls:
            raise ParamsError(
                f"TLS cannot be used with {display(place)}.",
                "It does not go over the network.",
                "Leave out secure, server_name and the TLS files.",
            )
        return False
    if wanted is False and (place.secure or tls):
        because = "https:// in the address" if place.secure else "a TLS option"
        raise ParamsError(
            f"secure=False contradicts {because}.",
            "https:// and the TLS options turn TLS on.",
            "Leave out secure, or write http:// and no TLS option.",
        )
    check_tls(tls)
    return bool(wanted or place.secure or tls)


def _one_database(sources: Iterable[tuple[str, str]]) -> str:
    given = [(source, name) for source, name in sources if name]
    for source, name in given[1:]:
        if name != given[0][1]:
            raise ParamsError(
                f"{given[0][0]} and {source} name different databases: "
                f"{given[0][1]!r} and {name!r}.",
                "A connection has one database.",
                f"Leave out {given[0][0]}, or the database in {source}.",
            )
    # The server's default database is called "default"; both spellings mean the same connection.
    return given[0][1] if given and given[0][1] != "default" else ""
