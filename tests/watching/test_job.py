"""Waiting for what goes on on the monitor's thread."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

from milvus_nb.watching.monitor import Monitor
from milvus_nb.watching.schedule import Pace

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType


def test_ctrl_c_at_any_point_of_a_wait_leaves_the_monitor_alive() -> None:
    """Python's own events and futures have locks that it would leave closed for ever."""
    monitor = Monitor(Pace())
    monitor.submit(asyncio.sleep(0)).wait()
    points = 0
    while is_stopped(points, monitor.submit(asyncio.sleep(0.01)).wait):
        points += 1
        after = monitor.submit(asyncio.sleep(0))
        after.settle(20)
        assert after.done(), f"at point {points} of its way"
    assert points > 2
    monitor.stop()


def is_stopped(point: int, work: Callable[[], object]) -> bool:
    """Do something, with Ctrl-C as one of its functions begins: where Python looks for signals."""
    passed = 0

    def trace(frame: FrameType, event: str, value: object) -> None:
        nonlocal passed
        passed += 1
        if passed > point:
            sys.settrace(None)
            raise KeyboardInterrupt

    sys.settrace(trace)
    try:
        work()
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(None)
    return False
