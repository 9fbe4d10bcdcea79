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
    from collections.abc import Iterable

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
    """

    def __init__(
        self,
        endpoint: Endpoint,
        probe: Probe,
        told: Told,
        known: WellKnown | None,
        stages: Stages,
    ) -> None:
        self.errors = Errors()
        self._endpoint = endpoint
        self._probe = probe
        self._told = told
        self._known = known
        self._stages = stages
        told.anyone = known.anyone if known is not None else None

    async def ask(self, databases: Iterable[str]) -> tuple[str, Databases | None]:
        """Ask for everything; give what is wrong with the server, and which databases there are.

        Parameters
        ----------
        databases
            Which ones to look for, if any.
        """
        # Each to its end: gRPC keeps a cancelled call, and with it the socket, a while longer.
        self._probe.is_connecting()  # beside the calls that are made meanwhile
        calls = (self._health(), self._sign_in(), self._there(databases), self._version())
        done: Any = await asyncio.gather(*calls, return_exceptions=True)
        # The sign-in says most; but where one call was answered and then the connection closed on
        # the others, the answer does.
        by_weight = (done[1], done[2], done[0], done[3])
        failures = [found for found in by_weight if isinstance(found, BaseException)]
        failed = next(filter(_was_answered, failures), failures[0] if failures else None)
        if isinstance(failed, ProbeError):
            # All calls carry the credentials; whichever failed, it is the sign-in's failure.
            is_tls = failed.diagnosis.cause.startswith("tls-")
            self._stages.blame("tls" if is_tls else "sign_in", failed)
        if failed is not None:
            raise failed
        unhealthy, _, found, _ = done
        return unhealthy, found

    async def _sign_in(self) -> None:
        told = self._told
        with self._stages.run("sign_in"):
            asked = self._probe.sign_in()
            version = await (self.errors.keep(asked) if told.has_signed_in else asked)
            if version is None:
                return
        told.has_signed_in = True
        if self._known is not None:
            told.version, told.latency_ms = version or self._known.version, self._known.latency_ms
        if self._endpoint.credentials and told.anyone is None:
            told.anyone = await self._probe.accepts_anyone()
        told.note = AUTHORIZATION_OFF if self._endpoint.credentials and told.anyone else ""

    async def _there(self, databases: Iterable[str]) -> Databases | None:
        return await self.errors.keep(self._probe.look_for(databases)) if databases else None

    async def _health(self) -> str:
        if self._known is not None:
            return ""
        with self._stages.run("health") as found:
            unhealthy = await self.errors.text(self._probe.health())
            found(unhealthy or "healthy")
            return unhealthy

    async def _version(self) -> None:
        if self._known is not None:
            return
        await self._probe.ready()  # connecting is not part of the round trip
        with self._stages.run("version") as found:
            start = time.perf_counter()
            version = await self.errors.keep(self._probe.version())
            if version is not None:
                self._told.version = version
                self._told.latency_ms = (time.perf_counter() - start) * 1000
            found(self.errors.said[-1] if version is None else version)


def _was_answered(failure: BaseException) -> bool:
    return not (isinstance(failure, ProbeError) and failure.diagnosis.cause in _BROKEN_OFF)
