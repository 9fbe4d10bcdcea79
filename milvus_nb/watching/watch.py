"""One endpoint that is watched: the probes that keep its status true, and who hears of it.

Everything here runs on the monitor's event loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from ..errors import Diagnosis
from ..probing import diagnosis
from ..probing.diagnosis import ProbeError
from ..probing.proxies import late
from ..probing.stages import Stages
from ..probing.waiting import Shared, end
from .asking import Asker
from .lite_server import LiteServer
from .once import Once
from .schedule import Schedule
from .status import Status

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..params.endpoint import Endpoint
    from ..probing import wire
    from ..probing.probe import Answer
    from ..probing.reacher import Reacher
    from .answers import Answers
    from .rounds import Rounds
    from .turns import Turns

__all__ = ["Watch"]

# A deadline may be noticed so much too early, in seconds: clocks differ.
_EARLY_S: Final = 0.05

# So many calls of those who look into databases are under way at a time.
_MOST_CALLS: Final = 8

# So long after the first answer the watch goes on, in seconds.
_BEGIN_S: Final = 0.005

# With no time left gRPC would not even try.
_LEAST_S: Final = 0.001


@dataclass(frozen=True)
class _Asked:
    """The question that is under way: since when, and until when at most; monotonic."""

    since: float
    until: float
    is_anew: bool = False


class Watch:
    """One endpoint: its probe, its status, and who wants to hear of changes.

    Parameters
    ----------
    endpoint
        Where to probe, and with which credentials.
    rounds
        When to probe, shared by all watches.
    reacher
        Finds the way to endpoints, shared by all, too.
    turns
        Lets one watch at a time keep the event loop waiting; shared likewise.
    """

    def __init__(self, endpoint: Endpoint, rounds: Rounds, reacher: Reacher, turns: Turns) -> None:
        self.endpoint = endpoint
        self.users = 0
        self.measured_at = 0.0
        """When the latency was last measured, by the monotonic clock."""
        self.listeners: set[Callable[[Status], None]] = set()
        self.status = Status("connecting", since=time.time())
        self.databases: Counter[str] = Counter()
        """Those that connections use, beside the default one; each heartbeat looks for them."""
        self._rounds = rounds
        self._pace = rounds.pace
        self._turns = turns
        self._schedule = Schedule(rounds.pace)
        self._server = LiteServer(endpoint)
        self._asker = Asker(endpoint, reacher, self._server)
        self._is_closed = False
        self._waiter: asyncio.Future[None] | None = None
        self._is_poked = False
        self._lost: asyncio.Future[None] | None = None
        self._asking: Shared[None] | None = None
        self._asked = _Asked(0.0, 0.0)
        self._loop: asyncio.Task[None] | None = None
        self._beginning: asyncio.TimerHandle | None = None
        self._proved_at = -math.inf  # when it was last asked in full, by the monotonic clock
        self._once = Once()
        self._calls = asyncio.Semaphore(_MOST_CALLS)

    async def start(self) -> None:
        """Start the file's server where the endpoint is a Milvus Lite file."""
        await self._server.start()

    async def check(
        self,
        deadline: float,
        stages: Stages | None = None,
        *,
        is_routine: bool = False,
        begun: float | None = None,
    ) -> Status:
        """Probe now, and go on probing from now on.

        Parameters
        ----------
        deadline
            Seconds until the probe counts as unanswered.
        stages
            Where to record the probe's stages.
        is_routine
            Whether nobody waits for it: what others have just tried says enough.
        begun
            When it was asked for, by the monotonic clock; now by default.

        Raises
        ------
        ProbeError
            The endpoint did not answer, or refused. The watch's status says the same.
        """
        if self._is_closed:
            raise ProbeError(diagnosis.connection_lost(self.endpoint))
        stages = stages or Stages()
        now = time.monotonic()
        begun, ends = now if begun is None else begun, now + deadline
        patience: float | None = deadline
        asking = self._asking
        if asking is None or not asking.is_open:
            # A hurried caller must not make the others' connection look dead.
            limit = deadline if self.users <= 1 else max(deadline, self._pace.deadline)
            if limit == deadline:
                patience = None  # the probe itself ends by then
            # What another one's attempt or an older connection has come to may be no news.
            is_anew = not is_routine and not self._asker.is_open
            asking = self._asking = Shared(self._refresh(limit, stages, is_routine=is_routine))
            self._asked = _Asked(now, now + limit, is_anew=is_anew)
        else:
            stages.skip("resolve", "tcp", "tls", "grpc", "sign_in", "version", "health")
        asked = self._asked
        try:
            await asking.wait(patience)
        except asyncio.TimeoutError:
            failed = ProbeError(late(self.endpoint, stages.running, deadline))
            stages.fail(failed)
            raise failed from None
        except ProbeError:
            left = ends - time.monotonic()
            # What had begun before says nothing about now, and whoever asked first may have had
            # less patience.
            is_true = asked.is_anew and asked.since >= begun
            if (is_true and time.monotonic() < asked.until - _EARLY_S) or is_routine or left <= 0:
                raise
            return await self.check(left, stages, begun=begun)
        return self.status

    def has_proved(self, db_name: str) -> bool:
        """Tell whether all that a connect would ask was answered within the last heartbeat."""
        lasts = self._pace.heartbeat * self._rounds.trust()
        if time.monotonic() - self._proved_at > lasts or self._is_closed:
            return False
        if self.status.state != "connected" or not self._asker.is_connected:
            return False
        with contextlib.suppress(ProbeError):
            self.require_file()
            # Each heartbeat looks for the databases that are in use, but in the list alone.
            listed = self.status.databases.listed or ()
            is_seen = self.databases[db_name] > 0 and db_name in listed
            return is_seen or not db_name or db_name == "default"
        return False

    def require_file(self) -> None:
        """Raise ProbeError where the Milvus Lite file is not the one that was opened any more."""
        self._server.require_file()

    @property
    def target(self) -> str:
        """The name that gRPC has for the place; for Milvus Lite where it is served."""
        return self._server.target

    @property
    def latency_ms(self) -> float | None:
        """The last measured round trip of GetVersion, in milliseconds; None before the first."""
        return self._asker.told.latency_ms

    async def measure(self) -> None:
        """Measure the latency, while nobody else asks anything."""
        self.measured_at = time.monotonic()
        if self._asking is not None and self._asking.is_open:
            return
        if self.status.state in ("connected", "degraded"):
            with contextlib.suppress(ProbeError):
                await self._asker.ping(1, self._pace.deadline)

    def retry(self) -> None:
        """Probe at once."""
        self._wake()

    async def ping(self, count: int, deadline: float) -> list[float]:
        """Measure `count` round trips of GetVersion, one after another, in milliseconds."""
        await self._be_open(deadline)
        return await self._asker.ping(count, deadline)

    async def require_database(self, db_name: str, deadline: float) -> None:
        """Raise ProbeError where the server has no such database; ``""`` is always there."""
        if not db_name or db_name == "default":
            return
        await self._be_open(deadline)
        found = await self._asker.look_for({db_name, *self.databases}, deadline)
        self._publish(replace(self.status, databases=found))
        if db_name in found.missing:
            names = sorted(found.listed or ())
            raise ProbeError(diagnosis.database_missing(self.endpoint, db_name, names))

    async def list_databases(self, deadline: float) -> list[str] | None:
        """List the server's databases; None where it does not tell."""
        await self._be_open(deadline)
        return await self._asker.databases(deadline)

    async def call(
        self, method: wire.Method, deadline: float, database: str = "", **fields: Any
    ) -> Answer:
        """Make a call for somebody who looks into a database; few are under way at a time.

        Parameters
        ----------
        method
            Of Milvus's service; one that may be asked twice.
        deadline
            Seconds, not counting the wait for others.
        database
            Where; the server's own default one if empty.
        **fields
            Of the request.

        Raises
        ------
        ProbeError
            No Milvus answered, or it did not take the credentials.
        """
        async with self._calls:
            ends = time.monotonic() + deadline
            while True:
                await self._be_open(max(ends - time.monotonic(), _LEAST_S))
                left = max(ends - time.monotonic(), _LEAST_S)
                try:
                    return await self._asker.call(method, left, database, **fields)
                except ProbeError:
                    # A late heartbeat closes the channel; a busy server may answer nevertheless.
                    is_dropped = not (self._asker.is_open or self._is_closed)
                    if not is_dropped or time.monotonic() >= ends:
                        raise

    async def close(self) -> None:
        """Stop probing, close the socket, and stop the file's server if that is ours to do."""
        self._is_closed = True
        await self._stop()
        await self._asker.drop()
        await self._server.stop()

    async def _stop(self) -> None:
        # A cancelled task keeps its error, and that the call with its socket: so none is kept.
        if self._beginning is not None:
            self._beginning.cancel()
            self._beginning = None
        loop, self._loop = self._loop, None
        asking, self._asking = self._asking, None
        if loop is not None:
            await end(loop)
        if asking is not None:
            await asking.cancel()

    # The loop

    async def _run(self) -> None:
        while not self._is_closed:
            failed = True
            with self._once.logged(f"Asking {self.endpoint.address} failed"):
                await self._turn()
                failed = False
            if failed:  # by a mistake of ours, which may come at once again
                await asyncio.sleep(self._pace.heartbeat)

    async def _turn(self) -> None:
        was_lost = await self._pause(self._schedule.next_delay())
        if was_lost and self._schedule.is_unstable:
            self._publish_failure(self._schedule.unstable(self.endpoint))
            await self._pause(self._schedule.rest)
        async with self._turns as may_keep_waiting:
            if may_keep_waiting and self._beat_at_once():
                return
        with contextlib.suppress(ProbeError):  # the status says so
            await self.check(self._pace.deadline, is_routine=True)

    async def _pause(self, delay: float | None) -> bool:
        """Wait for its turn or so many seconds, a poke, or a loss; tell whether it was a loss."""
        lost = self._asker.lost()
        if lost is not None and lost is not self._lost:
            self._lost = lost
            lost.add_done_callback(self._wake)
        if not self._is_poked:
            loop = asyncio.get_running_loop()
            self._waiter = loop.create_future()
            wake = self._wake
            timer = self._rounds.call(wake) if delay is None else loop.call_later(delay, wake)
            try:
                await self._waiter
            finally:
                timer.cancel()
                self._waiter = None
        self._is_poked = False
        if lost is None or not lost.done():
            return False
        await self._asker.lose()
        self._schedule.note_lost(self._asker.opened_at)
        return True

    def _wake(self, _: object = None) -> None:
        if self._waiter is None:
            self._is_poked = True
        elif not self._waiter.done():
            self._waiter.set_result(None)

    # One question

    async def _refresh(self, limit: float, stages: Stages, *, is_routine: bool) -> None:
        """Ask, and publish what was found. One at a time; who comes meanwhile shares it."""
        try:
            answers = await self._asker.ask(
                limit,
                stages,
                databases=frozenset(self.databases),
                again=is_routine and self.status.state == "unreachable",
            )
            self._publish_answers(answers)
        except ProbeError as error:
            self._schedule.note_failed()
            self._publish_failure(error.diagnosis)
            raise
        finally:
            self._begin_soon()

    def begin_at_once(self, limit: float) -> bool:
        """Begin with one call that is waited for here; tell whether that was enough."""
        answers = self._asker.ask_at_once(limit)
        if answers is None:
            return False
        self._publish_answers(answers)
        self._begin_soon()
        return True

    def _beat_at_once(self) -> bool:
        """Ask with one call that is waited for here; tell whether that was enough."""
        if self._is_closed or self.databases or (self._asking and self._asking.is_open):
            return False
        answers = self._asker.beat_at_once(self._pace.deadline)
        if answers is not None:
            self._publish_answers(answers)
        return answers is not None

    def _begin_soon(self) -> None:
        """Go on probing, but not before whoever waits for the answer has it."""
        if self._loop is None and self._beginning is None and not self._is_closed:
            loop = asyncio.get_running_loop()
            self._beginning = loop.call_later(_BEGIN_S, self._begin)

    def _begin(self) -> None:
        self._beginning, self._loop = None, asyncio.create_task(self._run())

    async def _be_open(self, deadline: float) -> None:
        if not self._asker.is_open:
            await self.check(deadline)

    def _publish_answers(self, answers: Answers) -> None:
        self._proved_at = time.monotonic()
        unwell = answers.unhealthy
        self._publish(
            Status(
                state="degraded" if unwell else "connected",
                failure=Diagnosis("unhealthy", unwell, "", "degraded") if unwell else None,
                note=answers.note,
                server_version=self._asker.told.version,
                checked_at=time.time(),
                databases=answers.databases or self.status.databases,
            )
        )

    def _publish_failure(self, failure: Diagnosis) -> None:
        state, now = failure.state, time.time()
        self._publish(replace(self.status, state=state, failure=failure, note="", checked_at=now))

    def _publish(self, status: Status) -> None:
        known = self.status
        same_state = status.state == known.state
        if not same_state:
            self._schedule.note_state(is_unreachable=status.state == "unreachable")
        self.status = replace(status, since=known.since if same_state else time.time())
        if not (
            same_state
            and status.reason == known.reason
            and status.note == known.note
            and status.server_version == known.server_version
            and status.databases == known.databases
        ):
            for listener in list(self.listeners):
                with self._once.logged("Telling a connection of its server failed"):
                    listener(self.status)
