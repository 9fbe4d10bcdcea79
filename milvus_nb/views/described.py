"""Failures, stages and reports as pages, and REST, are told them."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, cast

from ..errors import ConnectError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .. import protocol
    from ..errors import Advice, MilvusNbError
    from ..probing.stages import Stage
    from .report import Report

__all__ = ["failure", "offers", "report", "stages"]


def stages(found: Iterable[Stage]) -> list[protocol.Stage]:
    """Describe the stages of connecting."""
    return [cast("protocol.Stage", dataclasses.asdict(one)) for one in found]


def failure(error: MilvusNbError) -> protocol.Failure:
    """Describe an error."""
    return {
        "what": error.what,
        "reason": error.reason,
        "fix": error.advice.fix,
        "cause": error.cause,
        "evidence": error.diagnosis.evidence if error.diagnosis else "",
        "offers": offers(error.advice),
    }


def offers(advice: Advice) -> list[protocol.Offer]:
    """Describe what a form can do itself."""
    return [{"action": one.action, "value": one.value} for one in advice.offers]


def report(found: Report) -> protocol.Report:
    """Describe an examination."""
    failed = found.diagnosis
    return {
        "stages": stages(found.stages),
        "facts": list(found.facts),
        "notes": list(found.notes),
        "failure": None if failed is None else failure(ConnectError("", failed)),
    }
