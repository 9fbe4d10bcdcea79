"""gRPC channels to an endpoint, made the same way for probes and for clients."""

from __future__ import annotations

import base64
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

# gRPC's core writes each failed handshake to the process's standard error, which a kernel shows
# in the notebook; we report it ourselves. Read once, when gRPC is first imported.
os.environ.setdefault("GRPC_VERBOSITY", "NONE")

import grpc
import grpc.aio

if TYPE_CHECKING:
    from .params import Endpoint

__all__ = ["CHANNEL_OPTIONS", "call_metadata", "open_channel"]

#: Channel options of probes and of the clients we make: a socket of their own, so that closing
#: means closing; the next attempt within a second of a failed one (gRPC's default backs off up to
#: two minutes), where the "min" is how long one attempt may take, slow networks included; a frozen
#: peer noticed (Milvus accepts pings no closer than 5 s).
CHANNEL_OPTIONS: Final[dict[str, int]] = {
    "grpc.use_local_subchannel_pool": 1,
    "grpc.initial_reconnect_backoff_ms": 100,
    "grpc.min_reconnect_backoff_ms": 5_000,
    "grpc.max_reconnect_backoff_ms": 1000,
    "grpc.keepalive_time_ms": 10_000,
    "grpc.http2.ping_timeout_ms": 5_000,
}


def call_metadata(endpoint: Endpoint) -> tuple[tuple[str, str], ...]:
    """Give the headers that carry the endpoint's credentials."""
    credentials = endpoint.credentials.reveal()
    if not credentials:
        return ()
    return (("authorization", base64.b64encode(credentials.encode()).decode()),)


def open_channel(endpoint: Endpoint, target: str) -> grpc.aio.Channel:
    """Open a channel for the running event loop; it connects with the first call.

    Parameters
    ----------
    endpoint
        TLS files and more gRPC options.
    target
        gRPC's name for the place. It may be the number of the address that answered: the server
        is told, and its certificate is checked for, the endpoint's own name.

    Raises
    ------
    OSError
        A TLS file went away since the parameters were checked.
    """
    tls = endpoint.tls
    named: dict[str, Any] = {}
    if endpoint.kind == "tcp":
        if target != endpoint.target:  # the way is known: no proxy
            named["grpc.enable_http_proxy"] = 0
        # With TLS gRPC calls nobody whom the certificate is not for.
        named["grpc.default_authority"] = tls.server_name or endpoint.target.removeprefix("ipv6:")
    if tls.server_name or endpoint.host:
        named["grpc.ssl_target_name_override"] = tls.server_name or endpoint.host
    options = list({**CHANNEL_OPTIONS, **named, **endpoint.channel_arguments}.items())
    if not endpoint.secure:
        return grpc.aio.insecure_channel(target, options=options)
    credentials = grpc.ssl_channel_credentials(
        root_certificates=_read(tls.root_pem_path),
        private_key=_read(tls.client_key_path),
        certificate_chain=_read(tls.client_pem_path),
    )
    return grpc.aio.secure_channel(target, credentials, options=options)


def _read(path: str) -> bytes | None:
    return Path(path).read_bytes() if path else None
