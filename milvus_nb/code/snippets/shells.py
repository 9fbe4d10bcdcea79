"""What is typed rather than compiled: the magic, the Milvus CLI, and curl."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING
from urllib.parse import quote

from ...params.defaults import DEFAULT_TIMEOUT_S
from .parts import (
    PASSWORD,
    TOKEN,
    authority,
    block,
    left_out,
    options_left_out,
    refuse,
    seconds,
    sign_in,
    url,
    without_name,
)
from .quoting import magic_word, shell, typed_line, word

if TYPE_CHECKING:
    from ...params.endpoint import ConnectionParams

__all__ = ["cell", "cli", "connect_line", "curl", "magic"]


def connect_line(params: ConnectionParams, alias: str, *, ask: bool = False) -> str:
    """Write the line of ``%milvus`` that connects.

    Parameters
    ----------
    params, alias
        As in `code`.
    ask
        Have the secret asked for, instead of read from the environment.
    """
    endpoint, tls = params.endpoint, params.endpoint.tls
    options = {
        "--alias": "" if alias == "default" else alias,
        # A token of the environment says the user, too.
        "--user": "" if params.token_env and not ask else endpoint.user,
        **({} if ask else _variables(params)),
        "--db": params.db_name,
        "--ca-pem-path": tls.ca_pem_path,
        "--server-pem-path": tls.server_pem_path,
        "--client-pem-path": tls.client_pem_path,
        "--client-key-path": tls.client_key_path,
        "--server-name": tls.server_name,
        "--timeout": "" if params.timeout == DEFAULT_TIMEOUT_S else seconds(params.timeout),
    }
    words = ["%milvus connect", magic_word(endpoint.address)]
    for option, value in options.items():
        if value.startswith("-"):
            words.append(magic_word(f"{option}={value}"))
        elif value:
            words += [option, magic_word(value)]
    if ask and params.auth != "none":
        words.append("--ask")
    return typed_line(" ".join(words), "%milvus")


def _variables(params: ConnectionParams) -> dict[str, str]:
    """Give the options for the secret: the variable that it came from, else the usual one."""
    if params.token_env:
        return {"--token-env": params.token_env}
    if params.auth == "token":
        return {"--token-env": TOKEN}
    return {"--password-env": params.password_env or PASSWORD} if params.user else {}


def cell(params: ConnectionParams, alias: str) -> str:
    """Write the lines that connect in a notebook, and no more; a profile by its name."""
    guard = params.guard
    if not guard.profile or guard.overrides or params.endpoint.grpc_options:
        return _by_address(params, alias)
    name = f" --alias {magic_word(alias)}" if alias != guard.profile else ""
    return block("%load_ext milvus_nb", f"%milvus connect {magic_word(guard.profile)}{name}")


def _by_address(params: ConnectionParams, alias: str) -> str:
    return block(
        "%load_ext milvus_nb",
        *left_out("#", options_left_out(params), "%milvus has no option for it"),
        connect_line(params, alias),
    )


def magic(params: ConnectionParams, alias: str) -> str:
    """Write it with ``%milvus``."""
    name = f"-- {magic_word(alias)}" if alias.startswith("-") else magic_word(alias)
    typed = [
        f"client = %milvus client {name}",
        "print(client.list_collections())",
        f"%milvus disconnect {name}",
    ]
    return _by_address(params, alias) + block(*(typed_line(line, "%milvus") for line in typed))


def cli(params: ConnectionParams, alias: str) -> str:
    """Write it for the Milvus CLI, fed by a shell."""
    endpoint, tls = params.endpoint, params.endpoint.tls
    refuse(endpoint, "the Milvus CLI")
    # The CLI's client takes the database from the address, on servers of every version.
    database = f"/{quote(params.db_name, safe='$')}" if params.db_name else ""
    words = ["connect", "-uri", word(endpoint.pymilvus_uri + database)]
    if endpoint.secure:
        words += ["-tls", "1"]
    if tls.root_pem_path:
        words += ["-cert", word(tls.root_pem_path)]
    missing = ["timeout", *options_left_out(params)]
    missing += [
        name for name in ("client_pem_path", "client_key_path", "server_name") if getattr(tls, name)
    ]
    comments = left_out("#", missing, "the Milvus CLI has no option for it")
    comments += without_name("#", endpoint)
    if tls.client_pem_path:
        comments.append(
            "# Without a client certificate it connects only if the server asks for none."
        )
    token = _shell_credentials(params)
    if token:
        comments.append("# The CLI keeps the token, in clear, in ~/.milvus_cli_connections.json")
        token = f"ZILLIZ_TOKEN={token} "
    if params.auth == "none" and not (endpoint.secure or database) and _is_plain(alias):
        old = f"connect -h {endpoint.host} -p {endpoint.port} -a {alias}"
        comments.append(f"# Before Milvus CLI 0.4: {old} … connect -a {alias} -D")
    return block(
        *comments,
        f"{token}milvus_cli <<'END'",
        typed_line(" ".join(words), "the Milvus CLI"),
        "list collections",
        "disconnect",
        "exit",
        "END",
    )


def curl(params: ConnectionParams, server_version: str) -> str:
    """Write it as a REST call; each call has a connection of its own."""
    endpoint, tls = params.endpoint, params.endpoint.tls
    if endpoint.kind == "lite":
        refuse(endpoint, "curl")
    base = "http://localhost" if endpoint.kind == "unix" else url(endpoint)
    options = [f"--connect-timeout {seconds(params.timeout)}"]
    if endpoint.kind == "unix":
        options.append(f"--unix-socket {shell(endpoint.path)}")
    if tls.server_name:
        # TLS is for that name, the connection goes to the host.
        base = f"https://{tls.server_name}:{endpoint.port}"
        target = f"{tls.server_name}:{endpoint.port}:{authority(endpoint)}"
        options.append(f"--connect-to {shell(target)}")
    if tls.root_pem_path:
        options.append(f"--cacert {shell(tls.root_pem_path)}")
    if tls.client_pem_path:
        # curl takes what follows a colon for a password.
        certificate = re.sub(r"[\\:]", r"\\\g<0>", tls.client_pem_path)
        options += [f"--cert {shell(certificate)}", f"--key {shell(tls.client_key_path)}"]
    command = "curl "
    if credentials := _shell_credentials(params, "Authorization: Bearer "):
        # By curl's input: everybody on the machine can read the arguments of a process, while
        # printf is the shell's own.
        command = f"printf '%s\\n' {typed_line(credentials, 'curl')} | curl "
        options.append("--header @-")
    options += _call(params.db_name, base, server_version)
    comments = ["# Each call opens a connection and closes it."]
    if endpoint.secure:
        # https://github.com/milvus-io/milvus/issues/46312
        comments.append("# A Milvus that does TLS itself has REST on a port of its own.")
    return block(
        *comments,
        *left_out("#", options_left_out(params), "they are gRPC's"),
        command + " \\\n  ".join(options),
    )


def _call(db_name: str, base: str, server_version: str) -> list[str]:
    found = re.match(r"v?(\d+)\.(\d+)", server_version)
    if found and (int(found[1]), int(found[2])) < (2, 4):
        database = [f"--get --data-urlencode {shell(f'dbName={db_name}')}"] if db_name else []
        return [*database, shell(f"{base}/v1/vector/collections")]
    body = json.dumps({"dbName": db_name} if db_name else {})
    return [
        "--header 'Content-Type: application/json'",
        f"--data {shell(body)}",
        shell(f"{base}/v2/vectordb/collections/list"),
    ]


def _shell_credentials(params: ConnectionParams, before: str = "") -> str:
    """Give what signs in as one word of a shell, with `before` in front; nothing: ``""``."""
    kind, variable = sign_in(params)
    if kind == "none":
        return ""
    if kind == "token":
        return f'"{before}${variable}"'
    if _is_plain(params.user):
        return f'"{before}{params.user}:${variable}"'
    return f'{shell(f"{before}{params.user}:")}"${variable}"'


def _is_plain(text: str) -> bool:
    return re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.@-]*", text) is not None
