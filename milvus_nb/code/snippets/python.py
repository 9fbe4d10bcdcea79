"""pymilvus: MilvusClient, its asynchronous twin, and the older ``connections``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .parts import block, left_out, options_left_out, seconds, sign_in
from .quoting import python as literal

if TYPE_CHECKING:
    from ...params.endpoint import ConnectionParams

__all__ = ["async_client", "client", "orm"]

_DEDICATED: Final = "dedicated=True,  # only then does closing it close the socket"


def client(params: ConnectionParams, alias: str) -> str:
    """Write it with ``MilvusClient``."""
    del alias  # it has none
    return block(
        *_imports(params),
        "",
        "from pymilvus import MilvusClient",
        "",
        *_comments(params),
        "client = MilvusClient(",
        *_indented([*_arguments(params), _DEDICATED]),
        ")",
        "print(client.list_collections())",
        "client.close()",
    )


def async_client(params: ConnectionParams, alias: str) -> str:
    """Write it with ``AsyncMilvusClient``."""
    del alias
    return block(
        "import asyncio",
        *_imports(params),
        "",
        "from pymilvus import AsyncMilvusClient",
        "",
        "",
        "async def main() -> None:",
        *_indented(_comments(params)),
        "    async with AsyncMilvusClient(",
        *_indented([*_arguments(params), _DEDICATED], 8),
        "    ) as client:",
        "        print(await client.list_collections())",
        "",
        "",
        "asyncio.run(main())  # in a notebook: await main()",
    )


def orm(params: ConnectionParams, alias: str) -> str:
    """Write it with ``connections``, which pymilvus 3.1 no longer has."""
    name = literal(alias)
    return block(
        *_imports(params),
        "",
        "from pymilvus import connections, utility",
        "",
        "# pymilvus 3.1 has no connections any more; milvus_nb's can take their place.",
        *_comments(params),
        "connections.connect(",
        *_indented([f"alias={name},", *_arguments(params)]),
        ")",
        f"print(utility.list_collections(using={name}))",
        f"connections.disconnect({name})",
    )


def _imports(params: ConnectionParams) -> list[str]:
    return [] if params.auth == "none" else ["import os"]


def _arguments(params: ConnectionParams) -> list[str]:
    endpoint, tls = params.endpoint, params.endpoint.tls
    kind, variable = sign_in(params)
    # Without a client certificate pymilvus takes the authority's from server_pem_path, with one
    # from ca_pem_path.
    root = "ca_pem_path" if tls.client_pem_path else "server_pem_path"
    texts = {
        "user": endpoint.user if kind == "password" else "",
        "db_name": params.db_name,
        root: tls.root_pem_path,
        "client_pem_path": tls.client_pem_path,
        "client_key_path": tls.client_key_path,
        "server_name": tls.server_name,
    }
    arguments = {"uri": literal(endpoint.pymilvus_uri)}
    arguments |= {name: literal(text) for name, text in texts.items() if text}
    if kind != "none":
        arguments[kind] = f'os.environ["{variable}"]'
    options = [
        f"{literal(name)}: {value}"
        for name, value in endpoint.grpc_options
        if isinstance(value, int)
    ]
    if options:
        arguments["grpc_options"] = f"{{{', '.join(options)}}}"
    arguments["timeout"] = seconds(params.timeout)
    order = ["uri", "user", "password", "token", "db_name"]
    names = sorted(arguments, key=lambda name: order.index(name) if name in order else len(order))
    return [f"{name}={arguments[name]}," for name in names]


def _comments(params: ConnectionParams) -> list[str]:
    tls = params.endpoint.tls
    comments = left_out("#", options_left_out(params, all_of_them=False), "it may hold a secret")
    if tls.client_pem_path and not tls.root_pem_path:
        comments.append("# pymilvus shows the client's certificate only if ca_pem_path is given.")
    return comments


def _indented(lines: list[str], columns: int = 4) -> list[str]:
    return [" " * columns + line for line in lines]
