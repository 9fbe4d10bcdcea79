"""``%milvus``, its settings, and how it is loaded; `commands` has the subcommands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import IPython
from IPython.core.magic import (
    Magics,
    line_cell_magic,
    magics_class,
    needs_local_scope,
    no_var_expand,
)
from traitlets import Bool, Float, Int, observe, validate

from ..errors import MagicUsageError, MilvusNbError, without_frames
from ..page import sidebar
from ..page.late_imports import ONE_AT_A_TIME
from ..params.defaults import DEFAULT_DEADLINE_S, DEFAULT_HEARTBEAT_S, DEFAULT_TIMEOUT_S
from ..printing import printable, say
from . import autoconnect, matcher
from .context import Context
from .early_imports import EarlyImports

if TYPE_CHECKING:
    from collections.abc import Mapping

    from IPython.core.interactiveshell import InteractiveShell
    from traitlets import Bunch

    from ..registry.registry import ConnectionRegistry

__all__ = ["Cancelled", "MilvusMagics", "load", "unload"]

# `validation.LEAST_S`, which is not imported before the first connection; a test compares them.
_LEAST: Final = {"heartbeat": 0.05, "deadline": 0.05}


class Cancelled(KeyboardInterrupt):
    """Ctrl-C during ``%milvus``: stops the cell like any interrupt, in one line."""

    def _render_traceback_(self) -> list[str]:
        return [printable(str(self))]


@magics_class
class MilvusMagics(Magics):
    """The magic and its settings; see ``%config MilvusMagics``."""

    timeout = Float(DEFAULT_TIMEOUT_S, help="How long a connect may take, in seconds.").tag(
        config=True
    )
    heartbeat = Float(
        DEFAULT_HEARTBEAT_S,
        help="Time between two probes of a server, in seconds; from 25 on they are probed in turn,"
        " 24 at a time.",
    ).tag(config=True)
    deadline = Float(
        DEFAULT_DEADLINE_S,
        help="How long a probe may take until the server counts as unreachable, in seconds.",
    ).tag(config=True)
    max_rows = Int(50, help="How many connections `%milvus status` shows, in rows.").tag(
        config=True
    )
    warn_secrets = Bool(
        True,  # traitlets' signature
        help="Whether to warn of a password or token that stands in the cell.",
    ).tag(config=True)

    def __init__(self, shell: InteractiveShell) -> None:
        self.context = Context(shell, self, self._apply_settings)
        self.early_imports: EarlyImports | None = None
        super().__init__(shell=shell)

    @property
    def registry(self) -> ConnectionRegistry:
        """The process's registry, imported at first use: loading the extension stays light."""
        return self.context.registry

    @no_var_expand
    @needs_local_scope
    @line_cell_magic
    def milvus(
        self, line: str, cell: str | None = None, local_ns: Mapping[str, Any] | None = None
    ) -> Any:
        """Connect to Milvus, see your connections, disconnect. `%milvus help` tells more."""
        try:
            with ONE_AT_A_TIME:
                # Not before: loading the extension has to stay light.
                from . import commands, namespace
            variables = namespace.names_of_caller(self.shell, local_ns)
            if cell is not None:
                return commands.run_cell(self.context, line, cell, variables)
            return commands.run(self.context, line, variables)
        except KeyboardInterrupt:
            failure: BaseException = Cancelled(
                f"Cancelled: %milvus {line.strip().partition(' ')[0]}."
            )
        except MilvusNbError as error:
            failure = error
        raise without_frames(failure)

    def set_heartbeat(self, seconds: float) -> None:
        """Set ``MilvusMagics.heartbeat``, as ``%config`` does."""
        self.heartbeat = seconds
        _ = self.registry  # with its settings, if no line has asked for it yet

    # Settings

    @observe("timeout", "heartbeat", "deadline")
    def _settings_changed(self, _: Bunch) -> None:
        if (registry := self.context.used_registry) is not None:
            self._apply_settings(registry)

    def _apply_settings(self, registry: ConnectionRegistry) -> None:
        registry.timeout = self.timeout
        registry.set_pace(self.heartbeat, self.deadline)

    @validate("timeout", "heartbeat", "deadline", "max_rows")
    def _positive(self, proposal: Bunch) -> Any:
        name, value = proposal["trait"].name, proposal["value"]
        least = _LEAST.get(name, 0)
        if not (0 < value < float("inf") and value >= least):
            raise MagicUsageError(
                f"{name} = {value} is not possible.",
                f"It has to be above 0{f', and at least {least:g} s' if least else ''}.",
                "%config MilvusMagics shows the settings.",
            )
        return value


def load(ip: InteractiveShell) -> None:
    """Register the magic, its settings and its completion; in a kernel, serve the sidebar.

    All of it or nothing: where a part fails, the others are undone.
    """
    try:
        _load(ip)
    except BaseException:
        unload(ip)
        raise


def _load(ip: InteractiveShell) -> None:
    magics = MilvusMagics(shell=ip)
    ip.register_magics(magics)
    if (ours := matcher.make(magics.context)) is not None:
        ip.Completer.custom_matchers.append(ours)
    else:
        say(f"IPython {IPython.__version__}: Tab does not complete %milvus here; IPython 8.6 does.")
    host = sidebar.Host(lambda: magics.registry, magics.set_heartbeat)
    sidebar.open_for(host, instead=True)
    autoconnect.begin(magics.context)
    magics.early_imports = EarlyImports(ip)


def unload(ip: InteractiveShell) -> None:
    """Undo `load`, close every connection and end the monitor's thread."""
    manager = ip.magics_manager
    # Not asked for its class: its module may have been reloaded meanwhile, by %autoreload.
    magics: Any = manager.registry.pop(MilvusMagics.__name__, None)
    for kind in ("line", "cell"):
        manager.magics[kind].pop("milvus", None)
    if magics in ip.configurables:
        ip.configurables.remove(magics)
    matchers = ip.Completer.custom_matchers
    matchers[:] = [one for one in matchers if not matcher.is_ours(one)]
    if magics is not None:
        if magics.early_imports is not None:
            magics.early_imports.end()
        with magics.context.loading:
            magics.context.is_unloaded = True
    try:
        sidebar.close()
    finally:
        if magics is not None:
            magics.context.shutdown()
