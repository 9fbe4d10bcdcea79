"""What the subcommands share: the shell, the registry, and how one waits."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

from ..page.late_imports import ONE_AT_A_TIME
from ..page.process import process_registry

if TYPE_CHECKING:
    from collections.abc import Callable

    from IPython.core.interactiveshell import InteractiveShell

    from ..registry.registry import ConnectionRegistry
    from ..views.report import Report
    from ..watching.job import Job

T = TypeVar("T")

__all__ = ["Context"]

# What takes longer than this, in seconds, shows how far it is.
_SHOW_AFTER_S: Final = 0.3


class Settings(Protocol):
    """Those of ``%config MilvusMagics`` that the subcommands look at."""

    @property
    def max_rows(self) -> int:
        """How many connections are shown, in rows."""

    @property
    def warn_secrets(self) -> bool:
        """Whether to warn of a password or token that stands in the cell."""


class Context:
    """The shell, and the registry that is imported at first use: loading stays light.

    Parameters
    ----------
    shell
        Where ``%milvus`` was loaded.
    settings
        The user's.
    made
        Called with the registry when it is first used.
    """

    def __init__(
        self,
        shell: InteractiveShell,
        settings: Settings,
        made: Callable[[ConnectionRegistry], None],
    ) -> None:
        self.shell = shell
        self.settings = settings
        self._made = made
        self._registry: ConnectionRegistry | None = None
        self.is_unloaded = False
        self.loading = threading.Lock()  # held while connections are begun beside the user

    @property
    def registry(self) -> ConnectionRegistry:
        """The process's registry."""
        if self._registry is None:
            self._registry = process_registry()
            self._made(self._registry)
        return self._registry

    @property
    def used_registry(self) -> ConnectionRegistry | None:
        """The same, where it has been used already."""
        return self._registry

    def watched(self, start: Callable[..., Job[T]]) -> T:
        """Wait for a job, and show its stages where that takes long."""
        from .progress import watched

        return watched(start, shell=self.shell, after_s=_SHOW_AFTER_S)

    def show_report(self, examine: Callable[..., Job[Report]]) -> None:
        """Wait for an examination, and show what it has found in place of its stages."""
        from .progress import show

        show(self.watched(examine), shell=self.shell)

    def shutdown(self) -> None:
        """Close every connection, if there was ever one."""
        if "milvus_nb.registry.registry" in sys.modules:
            with ONE_AT_A_TIME:  # another thread may just be importing it
                from ..registry.registry import has_process_registry, process_registry

            if has_process_registry():
                process_registry().shutdown()
