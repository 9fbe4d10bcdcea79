"""gRPC channels to an endpoint, made the same way for probes and for clients."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import grpc

from ..params.secret import Masked
from .private_names import CLOSE_UNSERVED, CORE, CORE_STATE

if TYPE_CHECKING:
    from ..params.endpoint import Endpoint

__all__ = [
    "CHANNEL_OPTIONS",
    "WITHOUT_PROXY",
    "call_metadata",
    "close_channel",
    "connectivity",
    "is_connected",
    "is_connecting",
    "open_channel",
]

#: Channel options of probes and of the clients we make: a socket of their own, so that closing
#: means closing; the next attempt within a second of a failed one (gRPC's default backs off up to
#: two minutes), where the "min" is how long one attempt may take, slow networks included; a frozen
#: peer noticed (Milvus accepts pings no closer than 5 s); and no proxy that GRPC_ADDRESS_HTTP_PROXY
#: names for the number of an address, beside those of `proxies`: a project's ``.env`` may set it.
CHANNEL_OPTIONS: Final[dict[str, int | str]] = {
    "grpc.use_local_subchannel_pool": 1,
    "grpc.initial_reconnect_backoff_ms": 100,
    "grpc.min_reconnect_backoff_ms": 5_000,
    "grpc.max_reconnect_backoff_ms": 1000,
    "grpc.keepalive_time_ms": 10_000,
    "grpc.http2.ping_timeout_ms": 5_000,
    "grpc.address_http_proxy_enabled_addresses": "",
}


# What a probe reads is short. What somebody asks of a database need not be: the names of 65,536
# collections, rows with their vectors. In bytes.
_MOST_PROBED: Final = 4 * 2**20
_MOST_ASKED: Final = 256 * 2**20
_ASKED: Final = (
    "ShowCollections", "DescribeCollection", "DescribeIndex", "ShowPartitions", "Query",
)  # fmt: skip
_STATES: Final = {state.value[0]: state for state in grpc.ChannelConnectivity}
_SERVICE: Final = "milvus.proto.milvus.MilvusService"

_LIMITS: Final = {
    "grpc.max_receive_message_length": _MOST_ASKED,
    "grpc.service_config": json.dumps(
        {
            "methodConfig": [
                {"name": [{}], "maxResponseMessageBytes": _MOST_PROBED},
                {
                    "name": [{"service": _SERVICE, "method": method} for method in _ASKED],
                    "maxResponseMessageBytes": _MOST_ASKED,
                },
            ]
        }
    ),
}

#: Milvus Lite is served on this machine's own loopback, which no proxy can reach.
WITHOUT_PROXY: Final[dict[str, int]] = {"grpc.enable_http_proxy": 0}


def call_metadata(endpoint: Endpoint) -> tuple[tuple[str, str], ...]:
    """Give the headers that carry the endpoint's credentials."""
    credentials = endpoint.credentials.reveal()
    if not credentials:
        return ()
    return (("authorization", Masked(base64.b64encode(credentials.encode()).decode())),)


def open_channel(endpoint: Endpoint, target: str) -> grpc.Channel:
    """Open a channel; it connects with the first call.

    It is not one of ``grpc.aio``: a thread of that waits inside gRPC for as long as there are
    channels, so that gRPC skips its handlers for forks, and says so in the cell that forks.

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
    if endpoint.kind == "lite":
        named |= WITHOUT_PROXY
    if endpoint.kind == "tcp":
        if target != (own := endpoint.target):  # the way is known: no proxy
            named["grpc.enable_http_proxy"] = 0
        # With TLS gRPC calls nobody whom the certificate is not for.
        named["grpc.default_authority"] = tls.server_name or own.removeprefix("ipv6:")
    if name := endpoint.certificate_name:
        named["grpc.ssl_target_name_override"] = name
    options = list({**CHANNEL_OPTIONS, **_LIMITS, **named, **endpoint.channel_arguments}.items())
    if not endpoint.secure:
        return grpc.insecure_channel(target, options=options)
    credentials = grpc.ssl_channel_credentials(
        root_certificates=_read(tls.root_pem_path),
        private_key=_read(tls.client_key_path),
        certificate_chain=_read(tls.client_pem_path),
    )
    return grpc.secure_channel(target, credentials, options=options)


def close_channel(channel: Any, *, is_served: bool) -> None:
    """Close a channel and its socket; its calls end.

    Parameters
    ----------
    channel
        One of ours.
    is_served
        Whether gRPC has a thread for its calls, as `close` needs. Without one it stays open where
        it cannot be closed otherwise.
    """
    if is_served:
        channel.close()
    elif (close := CLOSE_UNSERVED.find(CORE.find(channel))) is not None:
        close(grpc.StatusCode.CANCELLED.value[0], "Channel closed!")
        channel.close()


def is_connected(channel: Any) -> bool:
    """Tell whether a channel has a socket at this moment; False where that cannot be seen."""
    return connectivity(channel) is grpc.ChannelConnectivity.READY


def is_connecting(channel: Any) -> bool:
    """Have a channel connect where it does not yet; tell whether that goes on."""
    return connectivity(channel, connect=True) in (
        grpc.ChannelConnectivity.IDLE,
        grpc.ChannelConnectivity.CONNECTING,
    )


def connectivity(channel: Any, *, connect: bool = False) -> grpc.ChannelConnectivity | None:
    """Give the state of a channel, of ours or of a client; `connect` it where it is idle.

    None where it cannot be seen.
    """
    # The public way costs a thread a channel.
    try:
        look = CORE_STATE.find(CORE.find(channel))
        return _STATES[look(connect)] if look is not None else None
    except ValueError:  # closed
        return grpc.ChannelConnectivity.SHUTDOWN


def _read(path: str) -> bytes | None:
    return Path(path).read_bytes() if path else None
