"""Stages and reports as pages, and REST, are told them."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .. import protocol
    from ..probing.stages import Stage
    from .report import Report

__all__ = ["report", "stages"]


def stages(found: Iterable[Stage]) -> list[protocol.Stage]:
    """Describe the stages of connecting."""
    return [cast("protocol.Stage", dataclasses.asdict(one)) for one in found]


def report(found: Report) -> protocol.Report:
    """Describe an examination."""
    why = found.diagnosis
    failed: protocol.Failure | None = None
    if why is not None:
        failed = {
            "what": "",
            "why": why.why,
            "fix": why.fix,
            "cause": why.cause,
            "evidence": why.evidence,
        }
    return {
        "stages": stages(found.stages),
        "facts": list(found.facts),
        "notes": list(found.notes),
        "failure": failed,
    }
