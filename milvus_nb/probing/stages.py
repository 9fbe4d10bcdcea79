"""The stages of connecting, reported while they happen.

A view that shows progress passes a function that gets the whole list each time something changes.
"""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from .diagnosis import ProbeError, with_evidence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ..params.endpoint import Endpoint
    from ..protocol import StageStatus

__all__ = ["LITE_STAGE_NAMES", "STAGE_NAMES", "Stage", "Stages"]

STAGE_NAMES: Final = (
    "resolve", "tcp", "tls", "grpc", "sign_in", "version", "health", "database"
)  # fmt: skip

# Milvus Lite has no way over a network.
LITE_STAGE_NAMES: Final = ("file", "sign_in", "version", "health", "database")

_ASKED: Final = {
    "file": "opening it",
    "resolve": "name look-up",
    "tcp": "TCP connection",
    "tls": "TLS handshake",
    "grpc": "HTTP/2 greeting",
    "sign_in": "Connect (gRPC)",
    "version": "GetVersion (gRPC)",
    "health": "CheckHealth (gRPC)",
    "database": "ListDatabases (gRPC)",
}


@dataclass(frozen=True)
class Stage:
    """One stage.

    Attributes
    ----------
    name
        One of `STAGE_NAMES` or `LITE_STAGE_NAMES`.
    status
        ``"skipped"`` where the address has no such stage (no TLS, say).
    ms
        How long it took, in milliseconds; None until it ended.
    text
        What was found, or why it failed.
    """

    name: str
    status: StageStatus = "pending"
    ms: float | None = None
    text: str = ""


_PENDING: Final = {name: Stage(name) for name in _ASKED}


class Stages:
    """Records the stages of one attempt.

    Parameters
    ----------
    report
        Called on the monitor's thread with all stages, in order, whenever one changes.
    names
        The stages that there are.
    """

    def __init__(
        self,
        report: Callable[[list[Stage]], None] | None = None,
        names: tuple[str, ...] = STAGE_NAMES,
    ) -> None:
        self._report = report
        self._stages = {name: _PENDING[name] for name in names}

    @classmethod
    def of(cls, endpoint: Endpoint, report: Callable[[list[Stage]], None] | None = None) -> Stages:
        """Make those of an endpoint."""
        return cls(report, LITE_STAGE_NAMES if endpoint.kind == "lite" else STAGE_NAMES)

    @property
    def watched(self) -> bool:
        """Whether anybody wants to see them."""
        return self._report is not None

    @contextlib.contextmanager
    def run(self, name: str) -> Iterator[Callable[[str], None]]:
        """Time a stage, which fails with a :class:`ProbeError`.

        Yields
        ------
        callable
            To be told, in a few words, what was found.
        """
        texts: list[str] = []
        start = time.perf_counter()
        self._set(name, status="running")
        try:
            yield texts.append
        except ProbeError as error:
            ms = (time.perf_counter() - start) * 1000
            error.diagnosis = with_evidence(error.diagnosis, _ASKED[name], ms)
            self._set(name, status="failed", ms=ms, text=error.diagnosis.reason)
            raise
        ms = (time.perf_counter() - start) * 1000
        self._set(name, status="ok", ms=ms, text="; ".join(texts))

    @property
    def running(self) -> str:
        """The stage that runs now, or nothing."""
        return next((s.name for s in self._stages.values() if s.status == "running"), "")

    def blame(self, name: str, error: ProbeError) -> None:
        """Let one of several simultaneous stages have failed, and none of those after it."""
        names = list(self._stages)
        for later in names[names.index(name) + 1 :]:
            self._stages[later] = Stage(later)
        self._set(name, status="failed", text=error.diagnosis.reason)

    def fail(self, error: ProbeError) -> None:
        """Mark what was running when the time was up."""
        error.diagnosis = with_evidence(
            error.diagnosis, _ASKED.get(self.running, ""), error.diagnosis.took_ms
        )
        for stage in list(self._stages.values()):
            if stage.status == "running":
                ms = error.diagnosis.took_ms
                self._set(stage.name, status="failed", ms=ms, text=error.diagnosis.reason)

    def rename_failure(self, reason: str) -> None:
        """Give the failed stage the words that an investigation found."""
        for stage in list(self._stages.values()):
            if stage.status == "failed":
                self._set(stage.name, text=reason)

    def found(self) -> tuple[Stage, ...]:
        """Give all stages as they are now, in order."""
        return tuple(self._stages.values())

    def skip(self, *names: str) -> None:
        """Mark stages that are not needed."""
        for name in names:
            if name in self._stages:
                self._set(name, status="skipped")

    def _set(
        self, name: str, status: StageStatus | None = None, ms: float | None = None, text: str = ""
    ) -> None:
        known = self._stages[name]
        self._stages[name] = Stage(
            name, status or known.status, known.ms if ms is None else ms, text or known.text
        )
        if self._report is not None:
            self._report(list(self._stages.values()))
