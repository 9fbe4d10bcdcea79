"""Manage connections to Milvus from a notebook.

``%load_ext milvus_nb`` adds the magic ``%milvus``. ``from milvus_nb import connections`` gives the
registry that the magic, the panel and user code share. Nothing heavy is imported before it is
used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._version import __version__

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell
    from jupyter_server.serverapp import ServerApp

    from .errors import (
        AliasError,
        ClosedError,
        ConnectError,
        DeniedError,
        Diagnosis,
        ExploreError,
        MilvusNbError,
        MissingExtraError,
        ParamsError,
        ProfileError,
    )
    from .explore import Collections, Databases, Description, Entry, Peek, Untold
    from .page.process import panel
    from .registry.connection import Connection
    from .registry.ping import PingResult
    from .registry.registry import ConnectionRegistry
    from .views.report import Report

    connections: ConnectionRegistry

__all__ = [
    "AliasError",
    "ClosedError",
    "Collections",
    "ConnectError",
    "Connection",
    "ConnectionRegistry",
    "Databases",
    "DeniedError",
    "Description",
    "Diagnosis",
    "Entry",
    "ExploreError",
    "MilvusNbError",
    "MissingExtraError",
    "ParamsError",
    "Peek",
    "PingResult",
    "ProfileError",
    "Report",
    "Untold",
    "__version__",
    "connections",
    "load_ipython_extension",
    "panel",
    "unload_ipython_extension",
]

_HOMES = {
    "Collections": "explore",
    "Databases": "explore",
    "Description": "explore",
    "Entry": "explore",
    "Peek": "explore",
    "Connection": "registry.connection",
    "ConnectionRegistry": "registry.registry",
    "PingResult": "registry.ping",
    "Report": "views.report",
    "Untold": "explore",
    "panel": "page.process",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name == "connections":
        from .page.process import process_registry

        return process_registry()
    from importlib import import_module

    from .page.late_imports import ONE_AT_A_TIME

    with ONE_AT_A_TIME:
        return getattr(import_module(f".{_HOMES.get(name, 'errors')}", __name__), name)


def __dir__() -> list[str]:
    return sorted(__all__)


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    """Tell `jupyter-builder develop` where the JupyterLab extension is."""
    return [{"src": "labextension", "dest": "milvus_nb"}]


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    """Tell Jupyter Server where its extension is."""
    return [{"module": "milvus_nb"}]


def _load_jupyter_server_extension(app: ServerApp) -> None:
    """Serve profiles over REST."""
    from .server import extension

    extension.load(app)


def load_ipython_extension(ip: InteractiveShell) -> None:
    """Add ``%milvus`` to an IPython session."""
    from .magic import magics

    magics.load(ip)


def unload_ipython_extension(ip: InteractiveShell) -> None:
    """Remove ``%milvus``, and close every connection."""
    from .magic import magics

    magics.unload(ip)
