"""The registry of this process, with the sidebar's comm, which nobody has to open by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..base.imports import ONE_AT_A_TIME
from . import sidebar

if TYPE_CHECKING:
    from ..registry.registry import ConnectionRegistry

__all__ = ["import_all", "process_registry"]

_shown: list[ConnectionRegistry] = []  # one, or none


def import_all() -> None:
    """Import what a connection needs; loading the extension, which has to stay light, did not."""
    with ONE_AT_A_TIME:
        from ..registry import registry  # noqa: F401  # with all that they import
        from . import session  # noqa: F401


def process_registry() -> ConnectionRegistry:
    """Give the registry that the magic, pages and user code share; pages of a kernel see it."""
    import_all()
    from ..registry.registry import process_registry

    registry = process_registry()
    if not _shown:  # once: whoever has unloaded the extension wants no comm
        _shown.append(registry)
        sidebar.open_for(sidebar.Host(lambda: registry, registry.set_heartbeat), instead=False)
    return registry
