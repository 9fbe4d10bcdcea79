"""Waiting for what goes on on the monitor's thread."""

from __future__ import annotations

import asyncio

from milvus_nb.watching.monitor import Monitor
from milvus_nb.watching.schedule import Pace
from tests.support.helpers import is_stopped


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
