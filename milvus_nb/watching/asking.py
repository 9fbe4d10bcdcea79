"""How one endpoint is asked for its state: reach it, open a channel, call, and name what fails.

Everything here runs on the monitor's event loop, and fails with `ProbeError`.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, TypeVar

from ..probing import diagnosis
from ..probing.cloud import is_cloud
from ..probing.diagnosis import ProbeError
from ..probing.investigate import investigate, silent_but_managed
from ..probing.probe import Probe
from ..probing.proxies import late
from ..probing.reacher import WellKnown
from ..probing.waiting import end, within
from .answers import Answers, Errors
from .first_question import FirstQuestion, Told

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterable

    from ..errors import Diagnosis
    from ..params.endpoint import Endpoint
    from ..probing import wire
    from ..probing.probe import Answer, Databases
    from ..probing.reacher import Reacher
    from ..probing.stages import Stages
    from .lite_server import LiteServer

__all__ = ["Asker", "check_cloud"]

T = TypeVar("T")

# A deadline that is noticed later than this, in seconds, was missed by us: the laptop slept.
_OVERSLEPT_S: Final = 0.3

# In one of so many heartbeats databases are signed in to that the user may not list.
_SIGN_IN_EVERY: Final = 10

# So long the event loop waits at most for a call that is made at once, in seconds.
_AT_ONCE_S: Final = 0.025

# How long what an investigation found is taken to be so, in seconds.
_LOOK_AGAIN_S: Final = 10.0


class Asker:
    """Asks one endpoint, over a channel that stays open from one question to the next.

    Parameters
    ----------
    endpoint
        Whom to ask, and with which credentials.
    reacher
        Finds the way; shared by all.
    server
        That of the endpoint's file, where it is one.
    """

    def __init__(self, endpoint: Endpoint, reacher: Reacher, server: LiteServer) -> None:
        self.endpoint = endpoint
        self.opened_at = 0.0
        """When the channel was opened, by the monotonic clock."""
        self.told = Told()
        self._reacher = reacher
        self._server = server
        self._probe: Probe | None = None
        self._target = ""
        self._beats = 0
        self._known: tuple[str, Diagnosis, float] | None = None

    async def ask(
        self, limit: float, stages: Stages, *, databases: Iterable[str] = (), again: bool = False
    ) -> Answers:
        """Ask for everything; connect and sign in first where there is no connection.

        Parameters
        ----------
        limit
            Seconds until it counts as unanswered.
        stages
            Where to record its stages.
        databases
            Which ones to look for, too.
        again
            Whether it is known to be unreachable: whoever tries the same place shares the attempt,
            and nobody asks what is behind it once more.
        """
        ends = time.monotonic() + limit
        if self._probe is not None and self._probe.is_lost():
            await self.lose()  # what we can close at once, gRPC's own new attempt cannot
        probe = self._probe
        try:
            self._server.require_file()
            if probe is not None:
                answers = await self._beat(probe, limit, stages, databases=databases)
            elif (
                not (stages.watched or databases or again)
                and (reached := self._reacher.reached(self.endpoint)) is not None
            ):
                answers = await self._ask_reached(limit, stages, *reached)
            else:
                answers = await self._ask_within(limit, stages, databases=databases, again=again)
        except ProbeError as error:
            failed = error
        else:
            self._known = None
            self._reacher.note_worked(self.endpoint)
            return answers
        self._reacher.note_failed(self.endpoint)
        # The next question starts from the name again; gRPC would answer from its backoff.
        await self.drop()
        stages.fail(failed)
        found = await self._named(failed.diagnosis, ends - time.monotonic())
        if found.state == "unreachable":
            self._reacher.forget(self.endpoint)
        raise ProbeError(found)

    def ask_at_once(self, limit: float) -> Answers | None:
        """Try the credentials where a Milvus near by has just answered; the event loop waits.

        It has taken them before, and knows of this client since: any call proves them, and
        GetVersion is the cheapest. None where that is not to be done, or fails: whoever asks then
        is told why.
        """
        reached = self._reacher.reached(self.endpoint, near=True)
        if reached is None or not reached[0]:
            return None
        target, known = reached
        probe = self._opened(target)
        version = probe.version_at_once(min(limit, _AT_ONCE_S))
        if version is None:
            self._probe = None
            probe.drop()
            self._reacher.note_far(self.endpoint)
            return None
        self.told.anyone = known.anyone
        self.told.note_sign_in(version, known, has_secret=bool(self.endpoint.credentials))
        return self._answers(Errors(), "", None)

    def beat_at_once(self, limit: float) -> Answers | None:
        """Ask a Milvus near by over the open channel; the event loop waits for it.

        To await it takes twice the processor's time. None as for `ask_at_once`.
        """
        probe, reacher = self._probe, self._reacher
        if probe is None or probe.is_lost():
            return None
        if not reacher.is_near(self.endpoint):
            return None
        if not probe.is_well_at_once(min(limit, _AT_ONCE_S)):
            reacher.note_far(self.endpoint)
            return None
        reacher.note_alive(self.endpoint, self._target)
        answers = self._answers(Errors(), "", None)
        self._note_health(answers)
        return answers

    async def ping(self, count: int, deadline: float) -> list[float]:
        """Measure `count` round trips of GetVersion, one after another, in milliseconds."""
        times = []
        for _ in range(count):
            start = time.perf_counter()
            await self._within(deadline, self._live().version())
            times.append((time.perf_counter() - start) * 1000)
        self.told.latency_ms = times[-1]
        self._reacher.note_latency(self.endpoint, times[-1])
        return times

    async def databases(self, deadline: float) -> list[str] | None:
        """List the databases, or None where the server does not tell."""
        return await self._within(deadline, self._live().databases())

    async def look_for(self, databases: Iterable[str], deadline: float) -> Databases:
        """Tell which databases there are not."""
        return await self._within(deadline, self._live().look_for(databases))

    async def call(
        self, method: wire.Method, deadline: float, database: str, **fields: Any
    ) -> Answer:
        """Make a call that is none of a probe's; see `Probe.ask`."""
        self._server.require_file()
        return await self._within(deadline, self._live().ask(method, deadline, database, **fields))

    @property
    def is_connected(self) -> bool:
        """Whether there is a channel with a socket at this moment."""
        return self._probe is not None and self._probe.is_connected()

    @property
    def is_open(self) -> bool:
        """Whether there is a channel that can be used."""
        return self._probe is not None and not self._probe.is_unserved

    def lost(self) -> asyncio.Future[None] | None:
        """Give what ends when the connection is lost; None where there is none now."""
        return self._probe.lost() if self._probe is not None else None

    async def lose(self) -> None:
        """Close the channel, which is lost: what was known of the way is so no more."""
        self._reacher.forget(self.endpoint)
        await self.drop()

    async def drop(self) -> None:
        """Close the channel and its socket."""
        probe, self._probe = self._probe, None
        if probe is not None:
            await probe.close()

    # One question

    async def _ask_reached(
        self, limit: float, stages: Stages, target: str, known: WellKnown
    ) -> Answers:
        """Ask where a Milvus has just answered: one call, of which gRPC itself keeps the time."""
        loop, start = asyncio.get_running_loop(), time.monotonic()
        hints: list[asyncio.Task[Diagnosis]] = []

        def look() -> None:
            silent = late(self.endpoint, "sign_in", limit)
            hints.append(loop.create_task(silent_but_managed(self.endpoint, silent)))

        timer = loop.call_later(limit / 2, look)
        try:
            probe = self._opened(target)
            return await self._ask(stages, probe, known, limit=limit)
        except ProbeError as error:
            silent = late(self.endpoint, "sign_in", limit)
            if error.diagnosis.cause != silent.cause:
                raise
            asked = error.diagnosis.asked
            done = [hint for hint in hints if hint.done()]
            found = done[0].result() if done else silent
        finally:
            timer.cancel()
            await end(*hints)
        if time.monotonic() - start - limit > _OVERSLEPT_S:
            await self.drop()
            return await self._ask_within(limit, stages, databases=(), again=False)
        raise ProbeError(replace(found, asked=asked))

    async def _ask_within(
        self, limit: float, stages: Stages, *, databases: Iterable[str], again: bool
    ) -> Answers:
        asking = asyncio.create_task(
            self._ask_all(stages, databases=databases, retry_s=limit if again else None)
        )
        hint: asyncio.Task[Diagnosis] | None = None
        start = time.monotonic()
        try:
            await asyncio.wait([asking], timeout=limit / 2)
            if asking.done():
                return asking.result()
            if not again:
                silent = late(self.endpoint, stages.running, limit)
                hint = asyncio.create_task(silent_but_managed(self.endpoint, silent))
            await asyncio.wait([asking], timeout=start + limit - time.monotonic())
            if not asking.done() and time.monotonic() - start - limit > _OVERSLEPT_S:
                await asyncio.wait([asking], timeout=limit)
            if asking.done():
                return asking.result()
            found = late(self.endpoint, stages.running, limit)
            if hint is not None and hint.done() and found.cause in ("silent", "unanswered"):
                found = hint.result()
            raise ProbeError(found)
        finally:
            await end(*(task for task in (asking, hint) if task is not None))

    async def _beat(
        self, probe: Probe, limit: float, stages: Stages, *, databases: Iterable[str]
    ) -> Answers:
        """Ask over the open channel, where one call tells whether it lives: it is asked often."""
        start = time.monotonic()
        errors = Errors()

        def left() -> float:
            return max(start + limit - time.monotonic(), 0.001)

        try:
            if stages.watched:
                stages.skip("resolve", "tcp", "tls", "grpc", "sign_in")
                with stages.run("version") as found:
                    found(await errors.text(probe.version(left())))
            with stages.run("health") as found:
                unhealthy = await errors.text(probe.health(left()))
                found(unhealthy or "healthy")
            self._beats += 1
            anew = stages.watched or self._beats % _SIGN_IN_EVERY == 0
            look = probe.look_for(databases, left, anew=anew) if databases else None
            there = await errors.keep(look) if look is not None else None
        except ProbeError as error:
            if error.diagnosis.cause != "unanswered":
                raise
            overslept = time.monotonic() - start - limit > _OVERSLEPT_S
            silent = diagnosis.silent(self.endpoint, "", limit)
            failed = ProbeError(replace(silent, asked=error.diagnosis.asked))
        else:
            answers = self._answers(errors, unhealthy, there)
            self._reacher.note_alive(self.endpoint, self._target)
            self._note_health(answers)
            return answers
        if overslept:
            return await self._beat(probe, limit, stages, databases=databases)
        raise failed

    async def _ask_all(
        self, stages: Stages, *, databases: Iterable[str], retry_s: float | None
    ) -> Answers:
        probe = await self._open_probe(stages, retry_s)
        # Whoever wants to see the stages gets them asked.
        known = None if stages.watched else self._reacher.well(self.endpoint)
        return await self._ask(stages, probe, known, databases)

    async def _ask(
        self,
        stages: Stages,
        probe: Probe,
        known: WellKnown | None,
        databases: Iterable[str] = (),
        limit: float | None = None,
    ) -> Answers:
        question = FirstQuestion(self.endpoint, probe, self.told, known, stages, limit=limit)
        unhealthy, found = await question.ask(databases)
        answers = self._answers(question.errors, unhealthy, found)
        if known is None or answers.unhealthy:
            self._note_health(answers)
        if known is None and self.told.latency_ms is not None:
            self._reacher.note_latency(self.endpoint, self.told.latency_ms)
        return answers

    def _answers(self, errors: Errors, unhealthy: str, databases: Databases | None) -> Answers:
        wrong = "; ".join(dict.fromkeys(text for text in (unhealthy, *errors.said) if text))
        return Answers(wrong or self._expired(), self.told.note, databases)

    def _note_health(self, answers: Answers) -> None:
        """Have it known to those who ask at the same place."""
        if answers.unhealthy:
            self._reacher.note_unwell(self.endpoint)
            return
        told = self.told
        now = time.monotonic()
        found = WellKnown(told.version, told.latency_ms, told.anyone, self._target, now)
        self._reacher.note_well(self.endpoint, found)

    def _expired(self) -> str:
        """Say that the connection will not be made again once it is lost."""
        if not self.endpoint.secure:
            return ""
        certificate = self._reacher.last(self.endpoint).certificate
        if certificate is None or certificate.not_after > time.time():
            return ""
        return f"the server's certificate expired on {certificate.until}: a new connection fails"

    async def _open_probe(self, stages: Stages, retry_s: float | None) -> Probe:
        try:
            check_cloud(self.endpoint)
        except ProbeError as error:
            stages.blame("sign_in" if self.endpoint.secure else "tls", error)
            raise
        if retry_s is not None and not stages.watched:
            reached = await self._reacher.retry(self.endpoint, retry_s)
        else:
            reached = await self._reacher.reach(self.endpoint, stages)
        return self._opened(reached.target)

    def _opened(self, target: str) -> Probe:
        self._target = target
        self._probe = Probe(self.endpoint, target or self._server.target)
        self.opened_at = time.monotonic()
        return self._probe

    async def _named(self, base: Diagnosis, seconds: float) -> Diagnosis:
        """Look closer at a failure that is new; one that goes on keeps its name for a while."""
        if self._known is None or self._known[0] != base.cause or time.monotonic() > self._known[2]:
            found = base
            with contextlib.suppress(asyncio.TimeoutError):
                look = investigate(
                    self.endpoint,
                    base,
                    self._reacher.last(self.endpoint),
                    has_worked=self._reacher.has_worked(self.endpoint),
                )
                found = await within(max(seconds, 0.0), look)
            self._known = base.cause, found, time.monotonic() + _LOOK_AGAIN_S
        return replace(self._known[1], answered=base.answered, took_ms=base.took_ms)

    def _live(self) -> Probe:
        if self._probe is None:
            raise ProbeError(diagnosis.connection_lost(self.endpoint))
        return self._probe

    async def _within(self, deadline: float, call: Coroutine[Any, Any, T]) -> T:
        try:
            return await within(deadline, call)
        except asyncio.TimeoutError:
            raise ProbeError(diagnosis.silent(self.endpoint, "", deadline)) from None


def check_cloud(endpoint: Endpoint) -> None:
    """Raise ProbeError for a cloud endpoint without TLS or credentials: that needs no question."""
    if not is_cloud(endpoint.host):
        return
    if not endpoint.secure:
        raise ProbeError(diagnosis.of(endpoint, "cloud-no-tls", "not asked: there is no TLS"))
    if not endpoint.credentials:
        raise ProbeError(diagnosis.of(endpoint, "cloud-no-token", "no token was given"))
