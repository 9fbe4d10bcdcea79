"""The first question over a new connection: everything, in calls that are under way together.

Everything here runs on the monitor's event loop, and fails with `ProbeError`.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from ..probing.diagnosis import ProbeError
from .answers import AUTHORIZATION_OFF, Errors

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterable

    from ..params.endpoint import Endpoint
    from ..probing.probe import Databases, Probe
    from ..probing.reacher import WellKnown
    from ..probing.stages import Stages

__all__ = ["FirstQuestion", "Told"]

# What is said of a call whose connection ended.
_BROKEN_OFF: Final = ("cut-off", "reset", "forward-nowhere")


@dataclass
class Told:
    """What a server has told; it is kept from one connection to the next.

    Attributes
    ----------
    version
        Its own, such as ``"v2.3.5"``; asked for whenever a channel is opened.
    latency_ms
        The last measured round trip of GetVersion, in milliseconds.
    note
        What is worth knowing although it works; empty otherwise.
    anyone
        Whether it takes any credentials; None where that was not tried.
    has_signed_in
        Whether it has ever taken these.
    """

    version: str = ""
    latency_ms: float | None = None
    note: str = ""
    anyone: bool | None = None
    has_signed_in: bool = False

    def note_sign_in(self, version: str, known: WellKnown | None, *, has_secret: bool) -> None:
        """Note that these credentials were taken.

        Parameters
        ----------
        version
            The server's, where it told it.
        known
            What others know of it.
        has_secret
            Whether there are credentials at all.
        """
        self.has_signed_in = True
        if known is not None:
            self.version, self.latency_ms = version or known.version, known.latency_ms
        self.note = AUTHORIZATION_OFF if has_secret and self.anyone else ""


class FirstQuestion:
    """Signs in, and asks for the rest beside that.

    Parameters
    ----------
    endpoint
        Whom to ask, and with which credentials.
    probe
        Whose channel is new.
    told
        Where to note what it tells.
    known
        What is the same for all who ask there, from whoever has just done so: it is not asked
        again. None where it is to be asked.
    stages
        Where to record its stages.
    limit
        Seconds that one call may take; None where somebody else sees to that.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        probe: Probe,
        told: Told,
        known: WellKnown | None,
        stages: Stages,
        *,
        limit: float | None = None,
    ) -> None:
        self.errors = Errors()
        self._endpoint = endpoint
        self._probe = probe
        self._told = told
        self._known = known
        self._stages = stages
        self._limit = limit
        self._unhealthy = ""
        self._found: Databases | None = None
        told.anyone = known.anyone if known is not None else None

    async def ask(self, databases: Iterable[str]) -> tuple[str, Databases | None]:
        """Ask for everything; give what is wrong with the server, and which databases there are.

        Parameters
        ----------
        databases
            Which ones to look for, if any.
        """
        # The sign-in says most; but where one call was answered and then the connection closed on
        # the others, the answer does.
        calls = [self._sign_in()]
        if databases:
            calls.append(self._look_for(databases))
        if self._known is None:
            calls += [self._health(), self._version()]
        failures = await _failures(calls, self._probe)
        failed = next(filter(_was_answered, failures), failures[0] if failures else None)
        if isinstance(failed, ProbeError):
            # All calls carry the credentials; whichever failed, it is the sign-in's failure.
            is_tls = failed.diagnosis.cause.startswith("tls-")
            self._stages.blame("tls" if is_tls else "sign_in", failed)
        if failed is not None:
            raise failed
        return self._unhealthy, self._found

    async def _sign_in(self) -> None:
        told = self._told
        with self._stages.run("sign_in"):
            asked = self._probe.sign_in(self._limit)
            version = await (self.errors.keep(asked) if told.has_signed_in else asked)
            if version is None:
                return
        has_secret = bool(self._endpoint.credentials)
        if has_secret and told.anyone is None:
            told.anyone = await self._probe.accepts_anyone()
        told.note_sign_in(version, self._known, has_secret=has_secret)

    async def _look_for(self, databases: Iterable[str]) -> None:
        self._found = await self.errors.keep(self._probe.look_for(databases))

    async def _health(self) -> None:
        with self._stages.run("health") as found:
            self._unhealthy = await self.errors.text(self._probe.health())
            found(self._unhealthy or "healthy")

    async def _version(self) -> None:
        await self._probe.ready()  # connecting is not part of the round trip
        with self._stages.run("version") as found:
            start = time.perf_counter()
            version = await self.errors.keep(self._probe.version())
            if version is not None:
                self._told.version = version
                self._told.latency_ms = (time.perf_counter() - start) * 1000
            found(self.errors.said[-1] if version is None else version)


async def _failures(calls: list[Coroutine[Any, Any, None]], probe: Probe) -> list[BaseException]:
    """Make calls together, each to its end; give how they failed, in their order.

    gRPC keeps a call that is cancelled, and with it the socket, a while longer.
    """
    if len(calls) == 1:
        try:
            await calls[0]
        except ProbeError as error:
            return [error]
        return []
    probe.is_connecting()  # beside the calls that are made meanwhile
    done = await asyncio.gather(*calls, return_exceptions=True)
    return [found for found in done if found is not None]


def _was_answered(failure: BaseException) -> bool:
    return not (isinstance(failure, ProbeError) and failure.diagnosis.cause in _BROKEN_OFF)
