"""The only module that imports pymilvus."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from . import diagnosis
from .channel import CHANNEL_OPTIONS
from .errors import join_pymilvus

if TYPE_CHECKING:
    from pymilvus import MilvusClient

    from .params import ConnectionParams, Endpoint

# So long a client may take to connect anew, in seconds, and closing it to wait for that.
_RECONNECT_S: Final = 2.0

__all__ = ["close_client", "load_pymilvus", "make_client", "param_error", "use_database"]


def make_client(alias: str, params: ConnectionParams, target: str) -> MilvusClient:
    """Make a client whose channel and socket are its own, so that closing it closes them.

    Parameters
    ----------
    alias
        Shown by the server in its list of clients.
    params
        Where to connect, with which credentials; the timeout is the connect's, in seconds.
    target
        gRPC's target; for Milvus Lite the one that its server got.

    Raises
    ------
    diagnosis.ProbeError
        The server did not answer, or refused.
    """
    pymilvus = load_pymilvus()
    endpoint = params.endpoint
    tls = endpoint.tls
    try:
        client = pymilvus.MilvusClient(
            uri=_uri(endpoint, target),
            token=endpoint.credentials.reveal(),
            db_name=params.db_name,
            timeout=params.timeout,
            dedicated=True,
            secure=endpoint.secure,
            # pymilvus takes the authority's certificate under this name when there is no client
            # certificate, and under ca_pem_path when there is one.
            server_pem_path="" if tls.client_pem_path else tls.root_pem_path,
            ca_pem_path=tls.root_pem_path,
            client_pem_path=tls.client_pem_path,
            client_key_path=tls.client_key_path,
            server_name=tls.server_name,
            grpc_options={**CHANNEL_OPTIONS, **dict(endpoint.grpc_options)},
            option={"app": "milvus_nb", "alias": alias},
        )
    except pymilvus.MilvusException as error:
        cause = error.__cause__
        if hasattr(cause, "code") and hasattr(cause, "details"):
            found = diagnosis.from_rpc(endpoint, cause.code(), cause.details())
        else:
            found = diagnosis.server_refused(endpoint, error.code, error.message)
    else:
        _give_own_manager(client)
        return client
    # Outside, so that pymilvus's frames, which hold the token, are not kept as its context.
    raise diagnosis.ProbeError(found)


def _give_own_manager(client: Any) -> None:
    """Take a client out of the manager that all clients of the process share.

    It holds one lock while it connects a client anew, for as long as that takes: a client of a
    silent server would keep those of all other servers from being closed.
    """
    # Private names, all of them here; a test notices a change.
    shared, handler = client._manager, client._handler  # noqa: SLF001
    own = type(shared)()
    managed = own._dedicated[id(handler)] = shared._dedicated.pop(id(handler))  # noqa: SLF001
    managed.connect_timeout = min(managed.connect_timeout, _RECONNECT_S)
    own._register_error_callback(handler)  # noqa: SLF001
    client._manager = own  # noqa: SLF001


def close_client(client: MilvusClient) -> None:
    """Close a client of ours and its socket."""
    client.close()


def use_database(client: MilvusClient, db_name: str) -> None:
    """Let a client's calls go to another database; the caller knows that it is there.

    ``MilvusClient.use_database`` does the same after DescribeDatabase, which Milvus before 2.4.4
    does not know.
    """
    client._config.db_name = db_name  # noqa: SLF001  # see above; a test notices a change


def param_error(message: str) -> Exception:
    """Make pymilvus's ParamError, which its ``connections`` raises for an unsupported pool."""
    error: Exception = load_pymilvus().exceptions.ParamError(message=message)
    return error


def load_pymilvus() -> Any:
    """Import pymilvus, also where ``MILVUS_URI`` would make that fail."""
    # pymilvus reads MILVUS_URI when it is imported and fails on a file's path, which we accept.
    uri = os.environ.get("MILVUS_URI", "")
    if uri and "://" not in uri:
        os.environ["MILVUS_URI"] = ""
    try:
        import pymilvus
    finally:
        if uri:
            os.environ["MILVUS_URI"] = uri
    join_pymilvus()
    return pymilvus


def _uri(endpoint: Endpoint, target: str) -> str:
    if endpoint.kind == "unix":
        return target
    if endpoint.kind == "lite":
        return f"http://{target}"
    host = endpoint.host
    if ":" in host:
        # pymilvus drops an IPv6 address's brackets, and gRPC then cannot tell the port; gRPC
        # decodes percent-encoding, pymilvus does not.
        host = quote(f"[{host}]", safe="")
    return f"{'https' if endpoint.secure else 'http'}://{host}:{endpoint.port}"
