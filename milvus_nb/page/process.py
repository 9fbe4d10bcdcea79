"""The registry of this process, with the sidebar's comm, which nobody has to open by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from IPython.core.getipython import get_ipython

from . import sidebar
from .late_imports import ONE_AT_A_TIME, import_all

if TYPE_CHECKING:
    from ..registry.registry import ConnectionRegistry
    from .panel import Panel

__all__ = ["panel", "process_registry"]

_shown: list[ConnectionRegistry] = globals().get("_shown", [])  # one, or none


def process_registry() -> ConnectionRegistry:
    """Give the registry that the magic, pages and user code share; pages of a kernel see it."""
    import_all()
    from ..registry.registry import process_registry

    registry = process_registry()
    if not _shown:  # once: whoever has unloaded the extension wants no comm
        _shown.append(registry)
        sidebar.open_for(sidebar.Host(lambda: registry, registry.set_heartbeat), instead=False)
    return registry


def panel() -> Panel:
    """Give the widget that shows the connections, for a page without ``%milvus``, such as marimo's.

    Returns
    -------
    Panel
        An anywidget, to be the last value of a cell. In a Jupyter kernel it is the same each time,
        shown in several places. Elsewhere each call makes one, since a process may have several
        visitors, and what one of them sees ends with the cell that has made it.

    Raises
    ------
    MissingExtraError
        Its JavaScript was not built.
    """
    registry = process_registry()
    with ONE_AT_A_TIME:
        from .panel import Panel

    return registry.view(Panel, shared=hasattr(get_ipython(), "kernel"))
