"""Telling a process whose threads are none: gevent and eventlet replace what we need of Python."""

from __future__ import annotations

import sys
from typing import Final

from ..errors import MilvusNbError

__all__ = ["refuse_green_threads"]

# What the monitor needs to be Python's own.
_NEEDED: Final = ("thread", "threading", "select")


def refuse_green_threads() -> None:
    """Raise MilvusNbError where the monitor would run in the thread that waits for it.

    There both would wait for ever.
    """
    gevent, eventlet = sys.modules.get("gevent.monkey"), sys.modules.get("eventlet.patcher")
    if gevent is not None and any(gevent.is_module_patched(name) for name in _NEEDED):
        raise _refusal("gevent", "monkey.patch_all(thread=False, select=False)")
    if eventlet is not None and any(eventlet.is_monkey_patched(name) for name in _NEEDED):
        raise _refusal("eventlet", "eventlet.monkey_patch(thread=False, select=False)")


def _refusal(who: str, instead: str) -> MilvusNbError:
    return MilvusNbError(
        f"milvus_nb does not work beside {who}, as it was patched in here.",
        f"It watches connections from a real thread, and {who} has replaced Python's threads.",
        f"Patch with {instead}, which leaves them alone; or use pymilvus by itself.",
    )
