"""What connecting needs, imported while its user reads and types: before the cell that connects.

Loading the extension imports none of it. After a cell that names milvus_nb, as the one that loads
it does, the kernel will connect; a kernel in which a configuration file loads it may never do so.
"""

from __future__ import annotations

import contextlib
import importlib
import threading
from typing import TYPE_CHECKING, Any, Final

from ..page.late_imports import ONE_AT_A_TIME, import_all
from ..probing.forks import GATE

if TYPE_CHECKING:
    from collections.abc import Callable

    from IPython.core.interactiveshell import InteractiveShell

__all__ = ["EarlyImports"]

_NAME: Final = "milvus-nb-imports"

# What gRPC imports with its first channel, and Python where a name is looked up.
_FIRST_USED: Final = ("encodings.idna", "grpc.experimental", "grpc._channel")

# So long unloading waits for what is being imported, in seconds.
_PATIENCE_S: Final = 5.0


class EarlyImports:
    """Waits for the end of the cell that loads the extension, and imports in a thread.

    Parameters
    ----------
    shell
        Whose cell it is.
    """

    def __init__(self, shell: InteractiveShell) -> None:
        self._events = shell.events
        self._thread: threading.Thread | None = None
        self._listener: Callable[..., None] | None = self._cell_ended
        self._events.register("post_run_cell", self._listener)

    def _cell_ended(self, result: Any = None) -> None:
        self._stop_listening()
        if "milvus_nb" not in str(getattr(getattr(result, "info", None), "raw_cell", "")):
            return
        thread = threading.Thread(target=_import, name=_NAME, daemon=True)
        with contextlib.suppress(RuntimeError):  # there are no more threads: the cell imports
            thread.start()
            self._thread = thread

    def _stop_listening(self) -> None:
        listener, self._listener = self._listener, None
        if listener is not None:
            self._events.unregister("post_run_cell", listener)

    def end(self) -> None:
        """Begin nothing any more, and wait for what has begun."""
        self._stop_listening()
        if self._thread is not None:
            self._thread.join(_PATIENCE_S)


def _import() -> None:
    # What cannot be imported is told by who needs it.
    with contextlib.suppress(Exception), ONE_AT_A_TIME, GATE.passing():
        import_all()
        from . import commands, connecting, namespace, progress  # noqa: F401  # all that it needs

        for name in _FIRST_USED:
            importlib.import_module(name)
