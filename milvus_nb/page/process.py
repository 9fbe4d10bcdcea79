"""The registry of this process, with the sidebar's comm, which nobody has to open by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import sidebar
from .late_imports import import_all

if TYPE_CHECKING:
    from ..registry.registry import ConnectionRegistry

__all__ = ["process_registry"]

_shown: list[ConnectionRegistry] = []  # one, or none


def process_registry() -> ConnectionRegistry:
    """Give the registry that the magic, pages and user code share; pages of a kernel see it."""
    import_all()
    from ..registry.registry import process_registry

    registry = process_registry()
    if not _shown:  # once: whoever has unloaded the extension wants no comm
        _shown.append(registry)
        sidebar.open_for(sidebar.Host(lambda: registry, registry.set_heartbeat), instead=False)
    return registry
