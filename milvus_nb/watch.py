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
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar

import grpc
import grpc.aio

from . import __version__, diagnosis, lite, wire
from .blocking import run_blocking
from .channel import call_metadata, open_channel
from .diagnosis import ProbeError
from .reach import Recent, reach
from .stages import Stages

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from .params import Endpoint

__all__ = ["State", "Status", "Watch"]

A = TypeVar("A")

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
    recent
        Which endpoints were reached a moment ago, shared by all watches.
    """

    def __init__(self, endpoint: Endpoint, heartbeat: float, recent: Recent) -> None:
        self.endpoint = endpoint
        self.target = endpoint.target
        self.users = 0
        self.closed = asyncio.Event()
        self.listeners: set[Callable[[Status], None]] = set()
        self.status = Status("connecting", since=time.time())
        self.heartbeat = heartbeat
        self._recent = recent
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
                    lambda: lite.start(path), undo=lambda started: lite.undo(path, *started)
                )

    async def check(self, deadline: float, stages: Stages | None = None) -> Status:
        """Probe now, and go on probing from now on.

        Parameters
        ----------
        deadline
            Seconds until the probe counts as unanswered.
        stages
            Where to record the probe's stages.

        Raises
        ------
        ProbeError
            The endpoint did not answer, or refused. The watch's status says the same.
        """
        async with self._probing:
            stages = stages or Stages()
            try:
                self._publish(await self._probe_within(deadline, stages))
            except ProbeError as error:
                # The next probe starts from the name again; gRPC would answer from its backoff.
                await self._drop_channel()
                found = error.diagnosis
                if found.state == "unreachable":
                    self._recent.forget(self.endpoint)
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
        """Probe at once."""
        self._poke.set()

    async def ping(self, count: int, deadline: float) -> list[float]:
        """Measure `count` round trips of GetVersion, one after another, in milliseconds."""
        await self._ensure_channel(deadline)
        times = []
        for _ in range(count):
            start = time.perf_counter()
            await self._within(deadline, self._version())
            times.append((time.perf_counter() - start) * 1000)
        return times

    async def databases(self, deadline: float) -> list[str] | None:
        """List the databases, or None where the server does not tell (too old, or not allowed)."""
        await self._ensure_channel(deadline)
        reply = await self._within(deadline, self._call(wire.ListDatabases, optional=True))
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
        if self._loop is not None:
            self._loop.cancel()
            await asyncio.gather(self._loop, return_exceptions=True)
        await self._drop_channel()
        if self._serves_file:
            path = self.endpoint.path
            await run_blocking(lambda: lite.release(path))

    # The loop

    async def _run(self) -> None:
        delay = self._next_delay(0.0)
        while True:
            await self._pause(delay)
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

    async def _pause(self, delay: float) -> None:
        """Wait for the next probe's time, a lost connection, or a poke."""
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
        self._poke.clear()

    # The probe

    async def _probe_within(self, deadline: float, stages: Stages) -> Status:
        try:
            return await asyncio.wait_for(self._probe(stages), deadline)
        except asyncio.TimeoutError:
            late = ProbeError(diagnosis.silent(self.endpoint, stages.running, deadline))
            stages.fail(late)
            raise late from None

    async def _probe(self, stages: Stages) -> Status:
        async def sign_in() -> None:
            with stages.run("sign_in"):
                await self._connect()

        async def version() -> tuple[str, float]:
            await self._ready()  # connecting is not part of the round trip
            with stages.run("version"):
                start = time.perf_counter()
                name = await self._version()
                return name, (time.perf_counter() - start) * 1000

        async def health() -> tuple[bool, str]:
            with stages.run("health"):
                return await self._health()

        is_new = self._channel is None
        if is_new:
            self._open_channel(await self._reach(stages))
            calls: list[Coroutine[Any, Any, Any]] = [version(), health(), sign_in()]
        else:
            stages.skip("resolve", "tcp", "tls", "grpc", "sign_in")  # shared, and open already
            calls = [version(), health()]
        # Each to its end: gRPC keeps a cancelled call, and with it the socket, a while longer.
        done: list[Any] = await asyncio.gather(*calls, return_exceptions=True)
        failed = next((found for found in done if isinstance(found, BaseException)), None)
        if isinstance(failed, ProbeError):
            # All calls carry the credentials; whichever failed, it is the sign-in's failure.
            rejected = failed.diagnosis.state == "rejected"
            stages.blame("sign_in" if rejected or is_new else "version", failed)
        if failed is not None:
            raise failed
        (server_version, latency_ms), (healthy, reason) = done[:2]
        return Status(
            state="connected" if healthy else "degraded",
            reason=reason,
            server_version=server_version,
            latency_ms=latency_ms,
            checked_at=time.time(),
        )

    async def _reach(self, stages: Stages) -> str:
        target = "" if stages.watched else self._recent.target(self.endpoint)
        if not target:
            target = await reach(self.endpoint, stages)
            if target:
                self._recent.remember(self.endpoint, target)
        return target or self.target

    async def _connect(self) -> None:
        client_info = {
            "sdk_type": "milvus_nb",
            "sdk_version": __version__,
            "local_time": time.strftime("%Y-%m-%d %H:%M:%S"),
            "user": self.endpoint.user,
            "host": socket.gethostname(),
        }
        reply = await self._call(wire.Connect, client_info=client_info)
        self._refuse(reply.status)

    async def _version(self) -> str:
        reply = await self._call(wire.GetVersion)
        self._refuse(reply.status)
        return str(reply.version)

    async def _health(self) -> tuple[bool, str]:
        reply = await self._call(wire.CheckHealth, optional=True)
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

    async def _call(self, method: wire.Method, *, optional: bool = False, **fields: Any) -> Any:
        """Call the server; None where an `optional` call is not known or not allowed there."""
        channel = self._channel
        if channel is None:
            raise self._lost_channel()
        call = channel.unary_unary(
            method.path, method.request.SerializeToString, method.response.FromString
        )
        try:
            return await call(method.request(**fields), metadata=self._metadata)
        except grpc.aio.AioRpcError as error:
            if optional and error.code() in _NOT_OFFERED:
                return None
            found = diagnosis.from_rpc(self.endpoint, error.code(), error.details())
        except asyncio.CancelledError:
            if channel is self._channel:
                raise  # our own task was cancelled, not the call
            raise self._lost_channel() from None
        finally:
            del call  # an error keeps this frame, a call keeps the socket
        raise ProbeError(found)

    async def _ready(self) -> None:
        """Wait until the channel has connected, or cannot."""
        channel = self._channel
        if channel is None:
            return
        waiting = (grpc.ChannelConnectivity.IDLE, grpc.ChannelConnectivity.CONNECTING)
        while (state := channel.get_state(try_to_connect=True)) in waiting:
            await channel.wait_for_state_change(state)

    async def _within(self, deadline: float, call: Coroutine[Any, Any, A]) -> A:
        try:
            return await asyncio.wait_for(call, deadline)
        except asyncio.TimeoutError:
            raise ProbeError(diagnosis.silent(self.endpoint, "", deadline)) from None

    async def _ensure_channel(self, deadline: float) -> None:
        if self._channel is None:
            await self.check(deadline)

    def _open_channel(self, target: str) -> None:
        try:
            self._channel = open_channel(self.endpoint, target)
        except OSError as error:  # a TLS file went away
            raise ProbeError(diagnosis.from_os_error(self.endpoint, error)) from None

    async def _drop_channel(self) -> None:
        channel, self._channel = self._channel, None
        lost, self._lost = self._lost, None
        if channel is not None:
            await channel.close()
        if lost is not None:
            lost.cancel()
            await asyncio.gather(lost, return_exceptions=True)

    def _lost_channel(self) -> ProbeError:
        return ProbeError(diagnosis.connection_lost(self.endpoint, self.status.reason))


def _failed(status: Any) -> bool:
    return bool(status.code or status.error_code)
