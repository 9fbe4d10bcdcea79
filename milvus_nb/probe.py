"""The calls that a probe makes, over one channel from its opening to its end.

Everything here runs on the monitor's event loop, and fails with `ProbeError`.
"""

from __future__ import annotations

import asyncio
import socket
import time
from typing import TYPE_CHECKING, Any, Final

import grpc
import grpc.aio

from . import __version__, diagnosis, wire
from .channel import call_metadata, open_channel
from .diagnosis import ProbeError
from .sockets import all_closed

if TYPE_CHECKING:
    from .params import Endpoint

__all__ = ["Probe"]

_NOT_OFFERED: Final = (grpc.StatusCode.UNIMPLEMENTED, grpc.StatusCode.PERMISSION_DENIED)


class Probe:
    """One channel to an endpoint, opened here; it connects with the first call.

    Parameters
    ----------
    endpoint
        Where to probe, and with which credentials.
    target
        gRPC's name for the place.

    Raises
    ------
    ProbeError
        A TLS file went away since the parameters were checked.
    """

    def __init__(self, endpoint: Endpoint, target: str) -> None:
        self._endpoint = endpoint
        self._metadata = call_metadata(endpoint)
        self._is_closed = False
        self._lost: asyncio.Task[None] | None = None
        self._callables: dict[str, Any] = {}
        try:
            self._channel = open_channel(endpoint, target)
        except OSError as error:
            raise ProbeError(diagnosis.from_os_error(endpoint, error)) from None

    async def close(self) -> None:
        """Close the socket. Calls that are under way fail."""
        self._is_closed = True
        self._callables.clear()
        async with all_closed(int(self._is_connected())):
            await self._channel.close()
            if self._lost is not None:
                self._lost.cancel()
                await asyncio.gather(self._lost, return_exceptions=True)

    async def ready(self) -> None:
        """Wait until the channel has connected, or cannot."""
        waiting = (grpc.ChannelConnectivity.IDLE, grpc.ChannelConnectivity.CONNECTING)
        while (state := self._channel.get_state(try_to_connect=True)) in waiting:
            await self._channel.wait_for_state_change(state)

    def lost(self) -> asyncio.Task[None] | None:
        """Give the task that ends when the connection is lost; None where there is none now."""
        if self._lost is None and self._is_connected():
            # One for the channel's life: gRPC cannot take such a question back.
            ready = grpc.ChannelConnectivity.READY
            self._lost = asyncio.create_task(self._channel.wait_for_state_change(ready))
        return self._lost

    def _is_connected(self) -> bool:
        return self._channel.get_state() is grpc.ChannelConnectivity.READY

    # The calls

    async def sign_in(self) -> None:
        """Announce this client (Connect), as SDKs do when they connect."""
        client_info = {
            "sdk_type": "milvus_nb",
            "sdk_version": __version__,
            "local_time": time.strftime("%Y-%m-%d %H:%M:%S"),
            "user": self._endpoint.user,
            "host": socket.gethostname(),
        }
        reply = await self._call(wire.Connect, client_info=client_info)
        self._refuse(reply.status)

    async def accepts_anyone(self) -> bool:
        """Tell whether it answers also without credentials: then they prove nothing."""
        try:
            reply = await self._call(wire.GetVersion, metadata=())
        except ProbeError:
            return False
        return not _failed(reply.status)

    async def version(self, limit: float | None = None) -> str:
        """Ask for the server's version, such as ``"v2.3.5"``; `limit` in seconds."""
        reply = await self._call(wire.GetVersion, limit=limit)
        self._refuse(reply.status)
        return diagnosis.plain(reply.version)

    async def health(self, limit: float | None = None) -> str:
        """Ask for what is wrong with the server; nothing if it is healthy or does not tell."""
        reply = await self._call(wire.CheckHealth, optional=True, limit=limit)
        if reply is None:
            return ""
        reasons = list(reply.reasons)
        if _failed(reply.status):
            reasons.append(reply.status.reason)
        quotas = [wire.QUOTA_STATES[q] for q in reply.quota_states if q in wire.QUOTA_STATES]
        if reply.isHealthy and not quotas:
            return ""
        return (
            diagnosis.plain("; ".join([*reasons, *quotas])) or "the server calls itself unhealthy"
        )

    async def databases(self, limit: float | None = None) -> list[str] | None:
        """List the databases, or None where the server does not tell (too old, or not allowed)."""
        reply = await self._call(wire.ListDatabases, optional=True, limit=limit)
        return None if reply is None or _failed(reply.status) else list(reply.db_names)

    async def _call(
        self,
        method: wire.Method,
        *,
        optional: bool = False,
        limit: float | None = None,
        metadata: tuple[tuple[str, str], ...] | None = None,
        **fields: Any,
    ) -> Any:
        """Call the server; None where an `optional` call is not known or not allowed there."""
        headers = self._metadata if metadata is None else metadata
        call = self._callables.get(method.name)
        if call is None:
            call = self._callables[method.name] = self._channel.unary_unary(
                method.path, method.request.SerializeToString, method.response.FromString
            )
        try:
            return await call(method.request(**fields), metadata=headers, timeout=limit)
        except grpc.aio.AioRpcError as error:
            if optional and error.code() in _NOT_OFFERED:
                return None
            if limit is not None and error.code() is grpc.StatusCode.DEADLINE_EXCEEDED:
                found = diagnosis.silent(self._endpoint, "", limit)
            else:
                code, details = error.code(), error.details()
                channel = self._channel.get_state().name
                found = diagnosis.from_rpc(
                    self._endpoint, code, details, method.name, channel=channel
                )
        except asyncio.CancelledError:
            if not self._is_closed:
                raise  # our own task was cancelled, not the call
            found = diagnosis.connection_lost(self._endpoint)
        except grpc.aio.UsageError:  # the channel was closed before the call began
            found = diagnosis.connection_lost(self._endpoint)
        finally:
            del call  # an error keeps this frame, a call keeps the socket
        raise ProbeError(found)

    def _refuse(self, status: Any) -> None:
        if _failed(status):
            code = status.code or status.error_code
            raise ProbeError(diagnosis.server_refused(self._endpoint, code, status.reason))


def _failed(status: Any) -> bool:
    return bool(status.code or status.error_code)
