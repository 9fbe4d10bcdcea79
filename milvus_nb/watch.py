"""What is known about one endpoint, and the probes that keep it true.

Everything here runs on the monitor's event loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Literal

import grpc
import grpc.aio

from . import __version__, diagnosis, lite, wire
from .blocking import run_blocking
from .channel import call_metadata, open_channel
from .diagnosis import ProbeError
from .stages import Stages

if TYPE_CHECKING:
    from collections.abc import Callable

    from .params import Endpoint

__all__ = ["State", "Status", "Watch"]

State = Literal["connecting", "connected", "degraded", "unreachable", "rejected", "disconnected"]

# After a failed probe the next one comes sooner than a heartbeat, then later and later, in seconds.
_FIRST_RETRY_S: Final = 0.1
_LAST_RETRY_S: Final = 2.0
_JITTER: Final = 0.2

_NOT_OFFERED: Final = (grpc.StatusCode.UNIMPLEMENTED, grpc.StatusCode.PERMISSION_DENIED)


@dataclass(frozen=True)
class Status:
    """What the last probe of an endpoint found.

    Attributes
    ----------
    state
        See DESIGN of the states in :class:`milvus_nb.connection.Connection`.
    reason, fix
        Why it is not ``connected``, and what to do; empty otherwise.
    server_version
        As the server says it, such as ``"v2.3.5"``.
    latency_ms
        Round trip of GetVersion in milliseconds; None until one was answered.
    checked_at
        When the probe ended, Unix seconds.
    since
        When the state began, Unix seconds.
    """

    state: State
    reason: str = ""
    fix: str = ""
    server_version: str = ""
    latency_ms: float | None = None
    checked_at: float | None = None
    since: float = 0.0


class Watch:
    """One endpoint: its channel, its status, and who wants to hear of changes.

    Parameters
    ----------
    endpoint
        Where to probe, and with which credentials.
    heartbeat
        Seconds between two probes, and the deadline of each.
    """

    def __init__(self, endpoint: Endpoint, heartbeat: float) -> None:
        self.endpoint = endpoint
        self.target = endpoint.target
        self.users = 0
        self.closed = asyncio.Event()
        self.listeners: set[Callable[[Status], None]] = set()
        self.status = Status("connecting", since=time.time())
        self.heartbeat = heartbeat
        self._metadata = call_metadata(endpoint)
        self._channel: grpc.aio.Channel | None = None
        self._lost: asyncio.Task[None] | None = None
        self._poke = asyncio.Event()
        self._probing = asyncio.Lock()
        self._loop: asyncio.Task[None] | None = None
        self._starting = asyncio.Lock()
        self._serves_file = False

    async def start(self) -> None:
        """Start the file's server where the endpoint is a Milvus Lite file."""
        if self.endpoint.kind != "lite":
            return

        path = self.endpoint.path
        async with self._starting:
            if not self.target:
                self.target, self._serves_file = await run_blocking(
                    lambda: lite.start(path), undo=lambda started: started[1] and lite.release(path)
                )

    async def check(self, deadline: float, stages: Stages | None = None) -> Status:
        """Probe now, and go on probing from now on.

        Parameters
        ----------
        deadline
            Seconds until the probe counts as unanswered.
        stages
            Where to record the probe's stages. Given, the client is announced to the server first
            (Connect), as SDKs do when they connect.

        Raises
        ------
        ProbeError
            The endpoint did not answer, or refused. The watch's status says the same.
        """
        async with self._probing:
            try:
                self._publish(await self._probe(deadline, stages))
            except ProbeError as error:
                found = error.diagnosis
                self._publish(
                    replace(
                        self.status,
                        state=found.state,
                        reason=found.why,
                        fix=found.fix,
                        checked_at=time.time(),
                    )
                )
                raise
            finally:
                if self._loop is None:
                    self._loop = asyncio.create_task(self._run())
            return self.status

    def retry(self) -> None:
        """Probe at once, over a fresh channel if the present one is broken."""
        self._poke.set()

    async def ping(self, count: int, deadline: float) -> list[float]:
        """Measure `count` round trips of GetVersion, one after another, in milliseconds."""
        times = []
        for _ in range(count):
            start = time.perf_counter()
            await self._version(deadline)
            times.append((time.perf_counter() - start) * 1000)
        return times

    async def databases(self, deadline: float) -> list[str] | None:
        """List the databases, or None where the server does not tell (too old, or not allowed)."""
        reply = await self._call(wire.ListDatabases, deadline, optional=True)
        return None if reply is None or _failed(reply.status) else list(reply.db_names)

    async def require_database(self, db_name: str, deadline: float) -> None:
        """Raise ProbeError where the server has no such database; ``""`` is always there."""
        if not db_name or db_name == "default":
            return
        names = await self.databases(deadline)
        if names is not None and db_name not in names:
            raise ProbeError(diagnosis.database_missing(self.endpoint, db_name, names))

    async def close(self) -> None:
        """Stop probing, close the socket, and stop the file's server if this watch started it."""
        tasks = [task for task in (self._loop, self._lost) if task is not None]
        for task in tasks:
            task.cancel()
        channel, self._channel = self._channel, None
        if channel is not None:
            await channel.close()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._serves_file:

            path = self.endpoint.path
            await run_blocking(lambda: lite.release(path))

    # The loop

    async def _run(self) -> None:
        delay = self._next_delay(0.0)
        while True:
            poked = await self._pause(delay)
            if poked and self.status.state == "unreachable":
                # gRPC would answer from its backoff; a new channel tries at once.
                await self._reopen()
            with contextlib.suppress(ProbeError):
                await self.check(self.heartbeat)
            delay = self._next_delay(delay)

    def _next_delay(self, last: float) -> float:
        if self.status.state != "unreachable":
            return self.heartbeat
        if last >= self.heartbeat or last == 0:
            return _FIRST_RETRY_S
        jitter = 1 + random.uniform(-_JITTER, _JITTER)  # noqa: S311  # spreads load, hides nothing
        return min(last * 2, _LAST_RETRY_S, self.heartbeat * 0.9) * jitter

    async def _pause(self, delay: float) -> bool:
        """Wait for the next probe's time, a lost connection, or a poke; tell whether poked."""
        channel = self._channel
        ready = grpc.ChannelConnectivity.READY
        if self._lost is None and channel is not None and channel.get_state() is ready:
            # Kept until it fires: gRPC cannot take back a question about a channel's state.
            self._lost = asyncio.create_task(channel.wait_for_state_change(ready))
        poke = asyncio.create_task(self._poke.wait())
        waiting: set[asyncio.Task[Any]] = {poke}
        if self._lost is not None:
            waiting.add(self._lost)
        try:
            await asyncio.wait(waiting, timeout=delay, return_when=asyncio.FIRST_COMPLETED)
        finally:
            poke.cancel()
        if self._lost is not None and self._lost.done():
            self._lost = None
        poked = self._poke.is_set()
        self._poke.clear()
        return poked

    # The probe

    async def _probe(self, deadline: float, stages: Stages | None) -> Status:
        ends = time.monotonic() + deadline

        def left() -> float:
            return max(ends - time.monotonic(), 0.001)

        if stages is not None:
            with stages.run("grpc", also="sign_in"):
                await self._connect(left())
        else:
            stages = Stages()
        with stages.run("version"):
            start = time.perf_counter()
            version = await self._version(left())
            latency_ms = (time.perf_counter() - start) * 1000
        with stages.run("health"):
            healthy, reason = await self._health(left())
        return Status(
            state="connected" if healthy else "degraded",
            reason=reason,
            server_version=version,
            latency_ms=latency_ms,
            checked_at=time.time(),
        )

    async def _connect(self, deadline: float) -> None:
        client_info = {
            "sdk_type": "milvus_nb",
            "sdk_version": __version__,
            "local_time": time.strftime("%Y-%m-%d %H:%M:%S"),
            "user": self.endpoint.user,
            "host": socket.gethostname(),
        }
        reply = await self._call(wire.Connect, deadline, client_info=client_info)
        self._refuse(reply.status)

    async def _version(self, deadline: float) -> str:
        reply = await self._call(wire.GetVersion, deadline)
        self._refuse(reply.status)
        return str(reply.version)

    async def _health(self, deadline: float) -> tuple[bool, str]:
        reply = await self._call(wire.CheckHealth, deadline, optional=True)
        if reply is None:
            return True, ""
        reasons = list(reply.reasons)
        if _failed(reply.status):
            reasons.append(reply.status.reason)
        quotas = [wire.QUOTA_STATES[q] for q in reply.quota_states if q in wire.QUOTA_STATES]
        words = [*reasons, *quotas]
        if reply.isHealthy and not quotas:
            return True, ""
        return False, "; ".join(words) or "the server calls itself unhealthy"

    def _refuse(self, status: Any) -> None:
        if _failed(status):
            code = status.code or status.error_code
            raise ProbeError(diagnosis.server_refused(self.endpoint, code, status.reason))

    def _publish(self, found: Status) -> None:
        known = self.status
        same_state = found.state == known.state
        self.status = replace(found, since=known.since if same_state else time.time())
        if not (
            same_state
            and found.reason == known.reason
            and found.server_version == known.server_version
        ):
            for listener in list(self.listeners):
                listener(self.status)

    # The channel

    async def _call(
        self, method: wire.Method, deadline: float, *, optional: bool = False, **fields: Any
    ) -> Any:
        """Call the server; None where an `optional` call is not known or not allowed there."""
        try:
            if self._channel is None:
                self._channel = open_channel(self.endpoint, self.target)
            call = self._channel.unary_unary(
                method.path, method.request.SerializeToString, method.response.FromString
            )
            return await call(method.request(**fields), timeout=deadline, metadata=self._metadata)
        except grpc.aio.AioRpcError as error:
            if optional and error.code() in _NOT_OFFERED:
                return None
            found = diagnosis.from_rpc(self.endpoint, error.code(), error.details())
        except OSError as error:  # a TLS file that went away
            found = diagnosis.from_os_error(self.endpoint, error)
        raise ProbeError(found)

    async def _reopen(self) -> None:
        broken, self._channel = self._channel, None
        if broken is not None:
            await broken.close()
        self._lost = None


def _failed(status: Any) -> bool:
    return bool(status.code or status.error_code)
