"""The stages of connecting, reported while they happen.

A view that shows progress passes a function that gets the whole list each time something changes.
"""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal

from .diagnosis import ProbeError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["STAGE_NAMES", "Stage", "Stages"]

STAGE_NAMES: Final = (
    "resolve", "tcp", "tls", "grpc", "sign_in", "version", "health", "database"
)  # fmt: skip

StageStatus = Literal["pending", "running", "ok", "failed", "skipped"]


@dataclass(frozen=True)
class Stage:
    """One stage.

    Attributes
    ----------
    name
        One of `STAGE_NAMES`.
    status
        ``"skipped"`` where the address has no such stage (no TLS, say).
    ms
        How long it took, in milliseconds; None until it ended.
    text
        Why it failed.
    """

    name: str
    status: StageStatus = "pending"
    ms: float | None = None
    text: str = ""


class Stages:
    """Records the stages of one attempt.

    Parameters
    ----------
    report
        Called on the monitor's thread with all stages, in order, whenever one changes.
    """

    def __init__(self, report: Callable[[list[Stage]], None] | None = None) -> None:
        self._report = report
        self._stages = {name: Stage(name) for name in STAGE_NAMES}

    @property
    def watched(self) -> bool:
        """Whether anybody wants to see them."""
        return self._report is not None

    @contextlib.contextmanager
    def run(self, name: str) -> Iterator[None]:
        """Time a stage; it fails with a :class:`ProbeError`."""
        start = time.perf_counter()
        self._set(name, status="running")
        try:
            yield
        except ProbeError as error:
            ms = (time.perf_counter() - start) * 1000
            self._set(name, status="failed", ms=ms, text=error.diagnosis.why)
            raise
        self._set(name, status="ok", ms=(time.perf_counter() - start) * 1000)

    @property
    def running(self) -> str:
        """The stage that runs now, or nothing."""
        return next((s.name for s in self._stages.values() if s.status == "running"), "")

    def blame(self, name: str, error: ProbeError) -> None:
        """Let one of several simultaneous stages have failed, and none of those after it."""
        after = STAGE_NAMES[STAGE_NAMES.index(name) + 1 :]
        for later in after:
            self._stages[later] = Stage(later)
        self._set(name, status="failed", text=error.diagnosis.why)

    def fail(self, error: ProbeError) -> None:
        """Mark what was running when the time was up."""
        for stage in list(self._stages.values()):
            if stage.status == "running":
                self._set(stage.name, status="failed", text=error.diagnosis.why)

    def skip(self, *names: str) -> None:
        """Mark stages that this address does not have."""
        for name in names:
            self._set(name, status="skipped")

    def _set(self, name: str, **changes: object) -> None:
        self._stages[name] = replace(self._stages[name], **changes)  # type: ignore[arg-type]
        if self._report is not None:
            self._report(list(self._stages.values()))
