"""What is known about one endpoint, and the probes that keep it true.

Everything here runs on the monitor's event loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar

from . import diagnosis, lite
from .blocking import run_blocking
from .diagnosis import ProbeError
from .probe import Probe
from .reach import Recent, reach
from .stages import Stages

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from .params import Endpoint

__all__ = ["State", "Status", "Watch"]

T = TypeVar("T")

State = Literal["connecting", "connected", "degraded", "unreachable", "rejected", "disconnected"]

# After a failed probe the next one comes sooner than a heartbeat, then later and later, in seconds.
_FIRST_RETRY_S: Final = 0.1
_LAST_RETRY_S: Final = 2.0
_JITTER: Final = 0.2


@dataclass(frozen=True)
class Status:
    """What the last probe of an endpoint found.

    Attributes
    ----------
    state
        See :class:`milvus_nb.connection.Connection`.
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
    """One endpoint: its probe, its status, and who wants to hear of changes.

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
        self._probe: Probe | None = None
        self._is_closed = False
        self._poke = asyncio.Event()
        self._asking: asyncio.Task[None] | None = None
        self._waiting = 0
        self._failures = 0
        self._loop: asyncio.Task[None] | None = None
        self._starting: asyncio.Task[tuple[str, bool]] | None = None

    async def start(self) -> None:
        """Start the file's server where the endpoint is a Milvus Lite file."""
        if self.endpoint.kind != "lite":
            return
        if self._starting is None:
            path = self.endpoint.path
            self._starting = asyncio.create_task(run_blocking(lambda: lite.start(path)))
        # Whoever is cancelled, the start goes on, and `close` waits for what it has to undo.
        self.target, _ = await asyncio.shield(self._starting)

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
        stages = stages or Stages()
        limit = deadline
        is_first = self._asking is None
        if self._asking is None:
            # A hurried caller must not make the others' connection look dead.
            limit = deadline if self.users <= 1 else max(deadline, self.heartbeat)
            self._asking = asyncio.create_task(self._refresh(limit, stages))
            self._asking.add_done_callback(lambda task: task.cancelled() or task.exception())
        else:
            stages.skip("resolve", "tcp", "tls", "grpc", "sign_in", "version", "health")
        asking = self._asking
        self._waiting += 1
        try:
            await asyncio.wait_for(
                asyncio.shield(asking), None if is_first and limit == deadline else deadline
            )
        except asyncio.TimeoutError:
            late = ProbeError(diagnosis.silent(self.endpoint, stages.running, deadline))
            stages.fail(late)
            raise late from None
        finally:
            self._waiting -= 1
            if self._waiting == 0 and not asking.done():
                asking.cancel()
                await asyncio.gather(asking, return_exceptions=True)
        return self.status

    def retry(self) -> None:
        """Probe at once."""
        self._poke.set()

    async def ping(self, count: int, deadline: float) -> list[float]:
        """Measure `count` round trips of GetVersion, one after another, in milliseconds."""
        probe = await self._live_probe(deadline)
        times = []
        for _ in range(count):
            start = time.perf_counter()
            await self._within(deadline, probe.version())
            times.append((time.perf_counter() - start) * 1000)
        return times

    async def require_database(self, db_name: str, deadline: float) -> None:
        """Raise ProbeError where the server has no such database; ``""`` is always there."""
        if not db_name or db_name == "default":
            return
        probe = await self._live_probe(deadline)
        names = await self._within(deadline, probe.databases())
        if names is not None and db_name not in names:
            raise ProbeError(diagnosis.database_missing(self.endpoint, db_name, names))

    async def close(self) -> None:
        """Stop probing, close the socket, and stop the file's server if this watch started it."""
        self._is_closed = True
        if self._loop is not None:
            self._loop.cancel()
            await asyncio.gather(self._loop, return_exceptions=True)
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.gather(self._asking, return_exceptions=True)
        await self._drop_probe()
        if self._starting is not None:
            [started] = await asyncio.gather(self._starting, return_exceptions=True)
            if not isinstance(started, BaseException) and started[1]:
                path = self.endpoint.path
                await run_blocking(lambda: lite.release(path))

    # The loop

    async def _run(self) -> None:
        while True:
            await self._pause(self._next_delay())
            with contextlib.suppress(ProbeError):
                await self.check(self.heartbeat)

    def _next_delay(self) -> float:
        if self.status.state != "unreachable":
            self._failures = 0
            return self.heartbeat
        delay = min(_FIRST_RETRY_S * 2.0 ** min(self._failures, 10), _LAST_RETRY_S, self.heartbeat)
        self._failures += 1
        return delay * (1 + random.uniform(-_JITTER, _JITTER))  # noqa: S311  # hides nothing

    async def _pause(self, delay: float) -> None:
        """Wait for the next probe's time, a lost connection, or a poke."""
        poke = asyncio.create_task(self._poke.wait())
        waiting: set[asyncio.Task[Any]] = {poke}
        lost = self._probe.lost() if self._probe is not None else None
        if lost is not None:
            waiting.add(lost)
        try:
            await asyncio.wait(waiting, timeout=delay, return_when=asyncio.FIRST_COMPLETED)
        finally:
            poke.cancel()
        if lost is not None and lost.done():
            await self._drop_probe()
        self._poke.clear()

    # The probe

    async def _refresh(self, limit: float, stages: Stages) -> None:
        """Ask, and publish what was found. One at a time; who comes meanwhile shares it."""
        try:
            try:
                self._publish(await asyncio.wait_for(self._ask(stages), limit))
            except asyncio.TimeoutError:
                found = diagnosis.silent(self.endpoint, stages.running, limit)
            except ProbeError as error:
                found = error.diagnosis
            else:
                return
            failed = ProbeError(found)
            stages.fail(failed)
            # The next probe starts from the name again; gRPC would answer from its backoff.
            await self._drop_probe()
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
            raise failed
        finally:
            self._asking = None
            if self._loop is None and not self._is_closed:
                self._loop = asyncio.create_task(self._run())

    async def _ask(self, stages: Stages) -> Status:
        is_new = self._probe is None
        probe = self._probe or await self._open_probe(stages)

        async def version() -> tuple[str, float]:
            await probe.ready()  # connecting is not part of the round trip
            with stages.run("version"):
                start = time.perf_counter()
                name = await probe.version()
                return name, (time.perf_counter() - start) * 1000

        async def health() -> str:
            with stages.run("health"):
                return await probe.health()

        async def sign_in() -> None:
            with stages.run("sign_in"):
                await probe.sign_in()

        calls: list[Coroutine[Any, Any, Any]] = [version(), health()]
        if is_new:
            calls.append(sign_in())
        else:
            stages.skip("resolve", "tcp", "tls", "grpc", "sign_in")  # shared, and open already
        # Each to its end: gRPC keeps a cancelled call, and with it the socket, a while longer.
        done: list[Any] = await asyncio.gather(*calls, return_exceptions=True)
        failed = next((found for found in done if isinstance(found, BaseException)), None)
        if isinstance(failed, ProbeError):
            # All calls carry the credentials; whichever failed, it is the sign-in's failure.
            rejected = failed.diagnosis.state == "rejected"
            stages.blame("sign_in" if rejected or is_new else "version", failed)
        if failed is not None:
            raise failed
        (server_version, latency_ms), unhealthy = done[:2]
        return Status(
            state="degraded" if unhealthy else "connected",
            reason=unhealthy,
            server_version=server_version,
            latency_ms=latency_ms,
            checked_at=time.time(),
        )

    async def _open_probe(self, stages: Stages) -> Probe:
        target = "" if stages.watched else self._recent.target(self.endpoint)
        if not target:
            target = await reach(self.endpoint, stages)
            if target:
                self._recent.remember(self.endpoint, target)
        if self._is_closed:
            raise ProbeError(diagnosis.connection_lost(self.endpoint))
        self._probe = Probe(self.endpoint, target or self.target)
        return self._probe

    async def _live_probe(self, deadline: float) -> Probe:
        if self._probe is None:
            await self.check(deadline)
        if self._probe is None:
            raise ProbeError(diagnosis.connection_lost(self.endpoint))
        return self._probe

    async def _drop_probe(self) -> None:
        probe, self._probe = self._probe, None
        if probe is not None:
            await probe.close()

    async def _within(self, deadline: float, call: Coroutine[Any, Any, T]) -> T:
        try:
            return await asyncio.wait_for(call, deadline)
        except asyncio.TimeoutError:
            raise ProbeError(diagnosis.silent(self.endpoint, "", deadline)) from None

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
