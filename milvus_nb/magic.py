"""``%milvus``: one function a subcommand."""

from __future__ import annotations

import functools
import os
import sys
from typing import TYPE_CHECKING, Any, Final, TypeVar

from IPython.core.magic import Magics, line_magic, magics_class, no_var_expand
from traitlets import Bool, Float, Int, observe, validate

from . import completion, usage
from .arguments import Word, closest, split
from .errors import AliasError, MagicUsageError, MilvusNbError, without_frames

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from IPython.core.interactiveshell import InteractiveShell
    from traitlets import Bunch

    from .connection import Connection, PingResult
    from .display import StatusTable
    from .monitor import Job
    from .registry import ConnectionRegistry

T = TypeVar("T")

__all__ = ["Cancelled", "MilvusMagics", "load", "unload"]

_CONNECT_KEYWORDS: Final = (
    "user", "password", "token", "secure", "ca_pem_path", "server_pem_path", "client_pem_path",
    "client_key_path", "server_name", "timeout",
)  # fmt: skip


# What takes longer than this, in seconds, shows how far it is.
_SHOW_AFTER_S: Final = 0.3


class Cancelled(KeyboardInterrupt):
    """Ctrl-C during ``%milvus``: stops the cell like any interrupt, in one line."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


@magics_class
class MilvusMagics(Magics):
    """The magic and its settings; see ``%config MilvusMagics``."""

    timeout = Float(5.0, help="How long a connect may take, in seconds.").tag(config=True)
    heartbeat = Float(3.5, help="Time between two probes of a server, in seconds.").tag(config=True)
    deadline = Float(
        2.0, help="How long a probe may take until the server counts as unreachable, in seconds."
    ).tag(config=True)
    max_rows = Int(50, help="How many connections `%milvus status` shows, in rows.").tag(
        config=True
    )
    warn_secrets = Bool(
        True,  # traitlets' signature
        help="Whether to warn of a password or token that stands in the cell.",
    ).tag(config=True)

    def __init__(self, shell: InteractiveShell) -> None:
        self._registry: ConnectionRegistry | None = None
        super().__init__(shell=shell)

    @property
    def registry(self) -> ConnectionRegistry:
        """The process's registry, imported at first use: loading the extension stays light."""
        if self._registry is None:
            from .registry import process_registry

            self._registry = process_registry()
            self._apply_settings()
        return self._registry

    @no_var_expand
    @line_magic
    def milvus(self, line: str) -> Any:
        """Connect to Milvus, see your connections, disconnect. `%milvus help` tells more."""
        try:
            return self._run(line)
        except KeyboardInterrupt:
            raise Cancelled(f"Cancelled: %milvus {line.strip().partition(' ')[0]}.") from None
        except MilvusNbError as error:
            failure = error
        raise without_frames(failure)

    def _run(self, line: str) -> Any:
        words = split(line, self.shell.user_ns if self.shell else {})
        name = words[0].text if words else "status"
        if name in ("--help", "-h"):
            name = "help"
        if name not in usage.PARSERS:
            near = closest(name, usage.PARSERS)
            raise MagicUsageError(
                f"%milvus has no command {name!r}.",
                f"Did you mean %milvus {near}?" if near else "",
                f"The commands: {', '.join(usage.PARSERS)}. See %milvus help",
            )
        if any(word.text == "--help" for word in words[1:]):
            print(usage.help_text(name))
            return None
        arguments = usage.PARSERS[name].parse(words[1:])
        return getattr(self, f"do_{name}")(arguments, words[1:])

    # The subcommands

    def do_connect(self, arguments: argparse.Namespace, words: list[Word]) -> Connection | None:
        """Connect; the value is the Connection."""
        if arguments.host is usage.HELP:
            print(usage.help_text("connect"))
            return None
        if arguments.disconnect:
            self._disconnect([arguments.alias])
            return None
        given = self._given(arguments, words)
        given.update(
            address=arguments.address or "",
            uri=arguments.uri or "",
            host=arguments.host or "",
            port=arguments.port or "",
        )
        alias, replace = arguments.alias, arguments.replace
        start = functools.partial(self.registry.start, alias, replace=replace, **given)
        connection, _ = self._watched(start, after_s=_SHOW_AFTER_S)
        return connection

    def do_disconnect(self, arguments: argparse.Namespace, _: list[Word]) -> None:
        """Close connections."""
        if arguments.all:
            aliases = self.registry.aliases()
        else:
            aliases = arguments.aliases or [self.registry.resolve(None).alias]
        self._disconnect(aliases)

    def do_status(self, arguments: argparse.Namespace, _: list[Word]) -> StatusTable:
        """Show the connections."""
        from .display import StatusTable

        registry = self.registry
        shown = registry.connections()
        if arguments.alias is not None:
            shown = [registry[self._known(arguments.alias)]]
        current = registry.current
        return StatusTable(shown, current.alias if current else "", self.max_rows)

    def do_use(self, arguments: argparse.Namespace, _: list[Word]) -> None:
        """Make a connection the current one."""
        connection = self.registry.use(self._known(arguments.alias), arguments.db)
        print(f"{connection.alias} is current, database {connection.db_name}.")

    def do_doctor(self, arguments: argparse.Namespace, words: list[Word]) -> None:
        """Examine connections or addresses layer by layer."""
        given = self._given(arguments, words)
        for name in arguments.names or [None]:
            examine = functools.partial(self.registry.examine, name, **given)
            report, finish = self._watched(examine, after_s=_SHOW_AFTER_S)
            finish(report)

    def do_ping(self, arguments: argparse.Namespace, _: list[Word]) -> PingResult:
        """Measure round trips."""
        return self._connection(arguments).ping(arguments.count)

    def do_client(self, arguments: argparse.Namespace, _: list[Word]) -> Any:
        """Give the pymilvus client."""
        return self._connection(arguments).client

    def do_panel(self, _: argparse.Namespace, words: list[Word]) -> Any:
        """Show the widget, or its like in text where there are no widgets."""
        if not hasattr(self.shell, "kernel"):
            print("The panel needs a notebook. Here is the same in text:")
            return self.do_status(usage.PARSERS["status"].parse(()), words)
        return self.registry.panel()

    def do_help(self, arguments: argparse.Namespace, _: list[Word]) -> None:
        """Show help."""
        if arguments.command is not None and arguments.command not in usage.PARSERS:
            near = closest(arguments.command, usage.PARSERS)
            raise MagicUsageError(
                f"%milvus has no command {arguments.command!r}.",
                f"Did you mean {near}?" if near else "",
                f"The commands: {', '.join(usage.PARSERS)}.",
            )
        print(usage.help_text(arguments.command))

    # Shared by them

    def _watched(
        self, start: Callable[..., Job[T]], *, after_s: float
    ) -> tuple[T, Callable[[Any], None]]:
        from .live import watched

        return watched(start, notebook=hasattr(self.shell, "kernel"), after_s=after_s)

    def _given(self, arguments: argparse.Namespace, words: list[Word]) -> dict[str, Any]:
        """Take out of the options what `connect` takes as keywords."""
        given = {
            name: value
            for name in _CONNECT_KEYWORDS
            if (value := getattr(arguments, name)) is not None
        }
        given.update(db_name=arguments.db or "", timeout=_seconds(arguments.timeout))
        if arguments.tls is not None:
            if arguments.tls == "0" and arguments.secure:
                raise MagicUsageError(
                    "--secure and -tls 0 contradict each other.", "", "Leave out one."
                )
            given["secure"] = arguments.tls != "0"
        if arguments.cert:
            if arguments.server_pem_path not in (None, arguments.cert):
                raise MagicUsageError(
                    "--cert and --server-pem-path name different files.", "", "Leave out one."
                )
            given["server_pem_path"] = arguments.cert
        self._read_secrets(arguments, given)
        self._warn_of_secrets(arguments, words)
        return given

    def _connection(self, arguments: argparse.Namespace) -> Connection:
        alias = arguments.alias
        return self.registry.resolve(None if alias is None else self._known(alias))

    def _known(self, alias: str) -> str:
        registry = self.registry
        if alias in registry:
            return alias
        near = closest(alias, registry.aliases())
        names = ", ".join(registry.aliases())
        raise AliasError(
            f"There is no connection {alias}.",
            f"Connected: {names}." if names else "Nothing is connected.",
            f"Did you mean {near}?" if near else f"Connect first: %milvus connect -a {alias}",
        )

    def _disconnect(self, aliases: list[str]) -> None:
        known = [self._known(alias) for alias in aliases]  # all or none
        for alias in known:
            self.registry.disconnect(alias)
        print(f"Disconnected {', '.join(known)}." if known else "Nothing is connected.")

    def _read_secrets(self, arguments: argparse.Namespace, given: dict[str, Any]) -> None:
        for name in ("password", "token"):
            variable = getattr(arguments, f"{name}_env")
            if variable is None:
                continue
            if name in given:
                raise MagicUsageError(
                    f"--{name} and --{name}-env were both given.", "", "Leave out one."
                )
            if variable not in os.environ:
                raise MagicUsageError(
                    f"The environment variable {variable} is not set.",
                    f"--{name}-env reads the {name} from it.",
                    "Set it before the kernel starts, or use --ask.",
                )
            given[name] = os.environ[variable]
        if arguments.ask:
            if "password" in given or "token" in given:
                raise MagicUsageError(
                    "--ask was given together with a password or token.", "", "Leave out one."
                )
            name = "password" if given.get("user") else "token"
            given[name] = self._ask(f"{name.capitalize()} of {given.get('user') or 'Milvus'}: ")

    def _ask(self, prompt: str) -> str:
        from getpass import getpass

        try:
            secret = getpass(prompt)
        except (EOFError, MilvusNbError, NotImplementedError, RuntimeError) as error:
            problem = f"{type(error).__name__}: {error}"
        else:
            if secret:
                return secret
            problem = "Nothing was typed."
        raise MagicUsageError(
            "No password or token was read.", problem, "Try again, or use --token-env VARIABLE."
        )

    def _warn_of_secrets(self, arguments: argparse.Namespace, words: list[Word]) -> None:
        if not self.warn_secrets:
            return
        typed = [word.typed for word in words]
        for name in ("password", "token"):
            value = getattr(arguments, name)
            if value and any(value in text for text in typed):
                print(
                    f"The {name} stands in this cell and in IPython's history. "
                    f"Better: --ask, or --{name}-env VARIABLE"
                )
        typed_places = (getattr(arguments, name, None) for name in ("address", "uri"))
        places = [place for place in (*typed_places, *getattr(arguments, "names", ())) if place]
        if any("@" in word.typed and word.text.endswith(tuple(places)) for word in words):
            print(
                "The address in this cell, and in IPython's history, holds credentials. "
                "Better: --user NAME --ask, or --token-env VARIABLE"
            )

    def shutdown(self) -> None:
        """Close every connection, if there was ever one."""
        home = sys.modules.get("milvus_nb.registry")
        if home is not None and home.process_registry.cache_info().currsize:
            home.process_registry().shutdown()

    # Settings

    @observe("timeout", "heartbeat", "deadline")
    def _settings_changed(self, _: Bunch) -> None:
        if self._registry is not None:
            self._apply_settings()

    def _apply_settings(self) -> None:
        self.registry.timeout = self.timeout
        self.registry.set_pace(self.heartbeat, self.deadline)

    @validate("timeout", "heartbeat", "deadline", "max_rows")
    def _positive(self, proposal: Bunch) -> Any:
        if not 0 < proposal["value"] < float("inf"):
            raise MagicUsageError(
                f"{proposal['trait'].name} = {proposal['value']} is not possible.",
                "It has to be above 0.",
                "%config MilvusMagics shows the settings.",
            )
        return proposal["value"]


def load(ip: InteractiveShell) -> None:
    """Register the magic, its settings and its completion."""
    magics = MilvusMagics(shell=ip)
    ip.register_magics(magics)
    ip.Completer.custom_matchers.append(completion.matcher(magics))


def unload(ip: InteractiveShell) -> None:
    """Undo `load`, close every connection and end the monitor's thread."""
    manager = ip.magics_manager
    magics = manager.registry.pop(MilvusMagics.__name__, None)
    manager.magics["line"].pop("milvus", None)
    if magics in ip.configurables:
        ip.configurables.remove(magics)
    matchers = ip.Completer.custom_matchers
    matchers[:] = [matcher for matcher in matchers if not completion.is_ours(matcher)]
    if isinstance(magics, MilvusMagics):
        magics.shutdown()


def _seconds(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        return float(text)
    except ValueError:
        raise MagicUsageError(
            f"--timeout {text!r} is not a number.", "It is in seconds.", "For example --timeout 10"
        ) from None
