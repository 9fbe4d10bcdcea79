"""``%milvus``: one function a subcommand."""

from __future__ import annotations

import functools
import sys
from collections import ChainMap
from typing import TYPE_CHECKING, Any, Final, TypeVar

import IPython
from IPython.core.magic import (
    Magics,
    line_cell_magic,
    magics_class,
    needs_local_scope,
    no_var_expand,
)
from traitlets import Bool, Float, Int, observe, validate

from ..base.imports import ONE_AT_A_TIME
from ..base.printing import printable, say
from ..base.suggestion import closest
from ..code import usage
from ..code.arguments import Word, hidden, shown, split
from ..errors import MagicUsageError, MilvusNbError, without_frames
from ..page import sidebar
from ..page.process import import_all
from ..params.tidy import as_command
from . import autoconnect, completion, pasted_cell
from .context import Context
from .frontend import is_notebook

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Mapping, Sequence

    from IPython.core.interactiveshell import InteractiveShell
    from traitlets import Bunch

    from ..explore import Collections, Description, Overview, Schema
    from ..profiles import Profile
    from ..registry.connection import Connection, PingResult
    from ..registry.registry import ConnectionRegistry
    from ..views.details import Facts, Snippet
    from ..views.status import StatusTable

T = TypeVar("T")

__all__ = ["Cancelled", "MilvusMagics", "load", "unload"]

# How long `status` waits for the first look at connections of others, in seconds.
_LOOK_S: Final = 1.0

# How long a server may take to answer over HTTP, in seconds.
_HTTP_DEADLINE_S: Final = 1.0

# What takes longer than this, in seconds, shows how far it is.
_SHOW_AFTER_S: Final = 0.3


# `validation.LEAST_S`, which is not imported before the first connection; a test compares them.
_LEAST: Final = {"heartbeat": 0.05, "deadline": 0.05}


class Cancelled(KeyboardInterrupt):
    """Ctrl-C during ``%milvus``: stops the cell like any interrupt, in one line."""

    def _render_traceback_(self) -> list[str]:
        return [printable(str(self))]


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
        self.context = Context(shell, self._apply_settings)
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
        # A function's own variables first, as in IPython's own magics.
        variables = ChainMap(dict(local_ns or {}), self.shell.user_ns if self.shell else {})
        try:
            if cell is not None:
                return self._run_cell(line, cell, variables)
            return self._run(line, variables)
        except KeyboardInterrupt:
            failure: BaseException = Cancelled(
                f"Cancelled: %milvus {line.strip().partition(' ')[0]}."
            )
        except MilvusNbError as error:
            failure = error
        raise without_frames(failure)

    def _run(self, line: str, variables: Mapping[str, Any]) -> Any:
        line = as_command(line)
        name, _, rest = line.strip().partition(" ")
        if name != "help":
            _import_all()
        if name == "connect":
            options, pasted = pasted_cell.split_options(rest)
            if pasted_cell.is_pasted(pasted):
                return self._connect_pasted(rest, pasted, split(options, variables))
        # As behind an expression, it silences the value; one of a password's end is quoted.
        bare = line.rstrip()
        silent = bare.endswith(";") and not bare.endswith("\\;")
        words = split(bare[:-1] if silent else bare, variables)
        try:
            value = self._run_words(words, rest, variables)
        except MilvusNbError as error:
            failure = hidden(error, words)
        else:
            return None if silent else value
        raise without_frames(failure)

    def _run_words(self, words: list[Word], rest: str, variables: Mapping[str, Any]) -> Any:
        name = words[0].text if words else "status"
        if name == "profile":
            from . import profile_commands

            return profile_commands.run(self.context, words[1:], rest, variables)
        if name in ("--help", "-h"):
            name = "help"
        if name not in usage.PARSERS:
            near = usage.MEANT.get(name) or closest(name, usage.PARSERS)
            raise MagicUsageError(
                f"%milvus has no command {shown(name)}.",
                f"Did you mean %milvus {near}?" if near else "",
                f"The commands: {', '.join(usage.PARSERS)}. See %milvus help",
            )
        if any(word.text == "--help" for word in words[1:]):
            say(usage.help_text(name))
            return None
        arguments = usage.PARSERS[name].parse(words[1:])
        return _COMMANDS[name](self, arguments, words[1:])

    def _run_cell(self, line: str, cell: str, variables: Mapping[str, Any]) -> Any:
        _import_all()
        name, _, rest = line.strip().partition(" ")
        options, unread = pasted_cell.split_options(rest)
        if name != "connect" or unread.strip():
            raise MagicUsageError(
                f"%%milvus {shown(name)} is not possible with this line.",
                "%%milvus takes a cell for connect alone: what was pasted, of several lines.",
                "Above it, write %%milvus connect, and -a ALIAS, --replace or --timeout if wanted.",
            )
        return self._connect_pasted("", cell, split(options, variables))

    # The subcommands

    def do_connect(self, arguments: argparse.Namespace, words: list[Word]) -> Connection | None:
        """Connect; the value is the Connection."""
        if arguments.host is usage.HELP:
            say(usage.help_text("connect"))
            return None
        if arguments.disconnect:
            self._disconnect([arguments.alias], confirmed=arguments.yes)
            return None
        from . import meaning

        profile = meaning.profile_of(self.registry, arguments)
        if profile is not None:
            return self._connect_profile(profile, arguments, words)
        self._take_alias(arguments)
        given = self._given(arguments, words)
        given.update(
            address=arguments.address or "",
            uri=arguments.uri or "",
            host=arguments.host or "",
            port=arguments.port or "",
        )
        alias = arguments.alias
        # Planned once: where a typed secret goes is what its prompt has said.
        params = meaning.planned(self.registry, alias, given, ask=arguments.ask)
        start = functools.partial(self.registry.open, alias, params, replace=arguments.replace)
        return self.context.watched(start)

    def _take_alias(self, arguments: argparse.Namespace) -> None:
        """Take a bare word for the alias that is remembered by this name; ask, if it wants that."""
        from . import meaning

        registry, word = self.registry, arguments.address
        if meaning.names_host(arguments):
            return
        if word is not None:
            is_name = word.replace("-", "_").isidentifier() and word != "localhost"
            if arguments.alias != "default" or not is_name or registry.remembered(word) is None:
                return
            arguments.alias, arguments.address = word, None
        known = registry.remembered(arguments.alias)
        if known is not None and arguments.alias not in registry and not arguments.yes:
            from . import profile_commands

            profile_commands.confirm("Connect", [(arguments.alias, known.guard)])

    def _connect_profile(
        self, profile: Profile, arguments: argparse.Namespace, words: list[Word]
    ) -> Connection:
        from . import meaning, profile_commands

        registry, name = self.registry, profile.name
        if arguments.address not in (None, name) or meaning.names_host(arguments):
            raise MagicUsageError(
                f"Profile {name} has an address: {profile.address}.",
                "Another one is not to get its secret.",
                "Leave one of the two out.",
            )
        if arguments.ask and arguments.user is None:
            arguments.user = profile.user or None
        given = self._given(arguments, words)
        is_named = arguments.profile or arguments.address or arguments.alias != "default"
        was_asked = profile_commands.allow(registry, profile, is_default=not is_named)
        alias = name if arguments.alias == "default" else arguments.alias
        if alias not in registry and not (arguments.yes or was_asked):
            profile_commands.confirm("Connect", [(alias, profile.guard())])
        connection: Connection = profile_commands.start(
            self.context, profile, alias, given, replace_it=arguments.replace, asks=arguments.ask
        )
        return connection

    def _connect_pasted(self, pasted: str, text: str, options: list[Word]) -> Connection:
        """Connect as a pasted text says, and take its secret out of the cell.

        Parameters
        ----------
        pasted
            See `pasted_cell.replace_secret`.
        text
            What was pasted.
        options
            The options of ``connect`` beside it, see `pasted_cell.split_options`.
        """
        from .. import params
        from ..code import paste, snippets
        from .options import seconds

        arguments = usage.PARSERS["connect"].parse(options)
        pasted_cell.refuse_others(arguments)
        registry, found = self.registry, paste.read(text)
        for note in found.notes:
            say(note)
        alias = found.alias or arguments.alias
        if arguments.alias != "default":
            alias = arguments.alias
        given = dict(found.given)
        if arguments.timeout is not None:
            given["timeout"] = seconds(arguments.timeout)
        target = params.parse(**given, default_timeout=registry.timeout)
        better = snippets.connect_line(target, alias, ask=True)
        start = functools.partial(registry.open, alias, target, replace=arguments.replace)
        try:
            connection = self.context.watched(start)
        except MilvusNbError:
            if found.secret_shown:
                say(pasted_cell.warning(better))
            raise
        if found.secret_shown:
            say(pasted_cell.replace_secret(self.shell, pasted, better))
        return connection

    def do_disconnect(self, arguments: argparse.Namespace, _: list[Word]) -> None:
        """Close connections."""
        if arguments.all:
            aliases = self.registry.aliases()
            if arguments.force:
                self._look_for("")
                aliases += [other.alias for other in self.registry.others()]
        else:
            aliases = arguments.aliases or [self.registry.resolve(None).alias]
        self._disconnect(aliases, force=arguments.force, confirmed=arguments.yes)

    def do_status(self, arguments: argparse.Namespace, _: list[Word]) -> StatusTable | Facts:
        """Show the connections, or all that is known of one."""
        from ..views.status import StatusTable

        registry = self.registry
        if arguments.alias is not None:
            return self._facts(self._connection(arguments))
        if "pymilvus" in sys.modules:
            registry.look().settle(_LOOK_S)
        current = registry.current
        shown, alias = registry.connections(), current.alias if current else ""
        before = registry.memory.before() if registry.memory is not None else []
        names = [one["again"]["alias"] for one in before]
        return StatusTable(shown, alias, self.max_rows, registry.others(), names)

    def _facts(self, connection: Connection) -> Facts:
        from ..probing import rest
        from ..views.details import Facts, facts
        from . import explore_commands

        asked = rest.sources(connection.params, _HTTP_DEADLINE_S)
        found = self.registry.monitor.submit(asked).wait()
        pairs = facts(connection) + explore_commands.own_rights(connection)
        pairs += [(source.label, f"{source.text} {source.url}".strip()) for source in found]
        return Facts(connection, pairs)

    def do_use(self, arguments: argparse.Namespace, _: list[Word]) -> None:
        """Make a connection the current one."""
        connection = self.registry.use(arguments.alias, arguments.db)
        say(f"{connection.alias} is current, database {connection.db_name}.")

    def do_adopt(self, arguments: argparse.Namespace, _: list[Word]) -> Connection:
        """Give an alias to a connection that somebody else opened."""
        name = arguments.name
        self._look_for(name)
        users = self.registry.find(name).users
        alias = arguments.alias or self.registry.free_alias(name)
        connection = self.registry.adopt(name, alias)
        told = f"{_listed(users)} will stop working with it." if users else "Nobody uses it."
        say(f"{name} is the connection {alias} now. Disconnecting closes it for real. {told}")
        return connection

    def do_code(self, arguments: argparse.Namespace, _: list[Word]) -> Snippet:
        """Give the connection as code."""
        from ..code import snippets
        from ..views.details import Snippet

        if arguments.collection is not None:
            from . import explore_commands

            self._look_for(*filter(None, [arguments.alias]))
            return Snippet(explore_commands.code_for(self.registry, arguments))
        connection = self._connection(arguments)
        alias = self.registry.free_alias(connection.alias)
        version = connection.server_version
        return Snippet(snippets.code(connection.params, alias, arguments.lang, version))

    def do_doctor(self, arguments: argparse.Namespace, words: list[Word]) -> None:
        """Examine connections or addresses layer by layer."""
        from . import meaning

        given = self._given(arguments, words)
        for name in arguments.names or [None]:
            subject, more = meaning.examined(self.registry, name, given, ask=arguments.ask)
            self.context.show_report(functools.partial(self.registry.examine, subject, **more))

    def do_ping(self, arguments: argparse.Namespace, _: list[Word]) -> PingResult:
        """Measure round trips."""
        return self._connection(arguments).ping(arguments.count)

    def do_ls(
        self, arguments: argparse.Namespace, _: list[Word]
    ) -> Overview | Collections | Schema:
        """List what is in the databases."""
        from . import explore_commands

        self._look_for((arguments.path or "").partition("/")[0])
        return explore_commands.listing(self.registry, arguments.path)

    def do_describe(self, arguments: argparse.Namespace, _: list[Word]) -> Description:
        """Describe a collection."""
        from . import explore_commands

        self._look_for(*filter(None, [arguments.alias]))
        return explore_commands.describe(self.registry, arguments)

    def do_peek(self, arguments: argparse.Namespace, _: list[Word]) -> Any:
        """Give some rows of a collection."""
        from . import explore_commands

        self._look_for(*filter(None, [arguments.alias]))
        return explore_commands.peek(self.registry, arguments)

    def do_client(self, arguments: argparse.Namespace, _: list[Word]) -> Any:
        """Give the pymilvus client."""
        connection = self._connection(arguments)
        return connection.async_client if arguments.is_async else connection.client

    def do_reconnect(self, arguments: argparse.Namespace, _: list[Word]) -> None:
        """Bring back what was connected before the kernel was restarted."""
        from .reconnect import reconnect

        reconnect(self.context, arguments.aliases, confirmed=arguments.yes)

    def do_panel(self, _: argparse.Namespace, words: list[Word]) -> Any:
        """Show the widget, or its like in text where there are no widgets."""
        if not is_notebook(self.shell):
            say("The panel needs a notebook. Here is the same in text:")
            return self.do_status(usage.PARSERS["status"].parse(()), words)
        from ..page.panel import Panel

        return self.registry.view(Panel)

    def do_help(self, arguments: argparse.Namespace, _: list[Word]) -> None:
        """Show help."""
        command, action = arguments.command, arguments.action
        _check_named("%milvus", command, usage.PARSERS)
        actions = usage.PROFILE if command == "profile" else {}
        _check_named(f"%milvus {command}", action, actions)
        say(usage.profile_help(action) if action is not None else usage.help_text(command))

    # Shared by them

    def _given(self, arguments: argparse.Namespace, words: list[Word]) -> dict[str, Any]:
        """Take out of the options what `connect` takes as keywords; warn of secrets in them."""
        from . import options

        given = options.keywords(arguments)
        if self.warn_secrets:
            for warning in options.warnings(arguments, words):
                say(warning)
        return given

    def _connection(self, arguments: argparse.Namespace) -> Connection:
        alias = arguments.alias
        if alias is not None:
            self._look_for(alias)
        return self.registry.resolve(alias)

    def _look_for(self, *names: str) -> None:
        """Look again for the connections of others, where one of the names may be one of them."""
        if any(name not in self.registry for name in names) and "pymilvus" in sys.modules:
            self.registry.look().settle(_LOOK_S)

    def _disconnect(
        self, aliases: list[str], *, force: bool = False, confirmed: bool = False
    ) -> None:
        registry = self.registry
        self._look_for(*aliases)
        found = [registry.find(alias) for alias in aliases]  # all or none
        for connection in found:
            if connection.alias not in registry and connection.users and not force:
                raise MagicUsageError(
                    f"{connection.alias} was opened by {connection.origin}, not by %milvus.",
                    f"{_listed(connection.users)} would stop working.",
                    f"To close it nevertheless: %milvus disconnect {connection.alias} --force",
                )
        guards = [(one.alias, one.params.guard) for one in found if one.params.guard.confirm]
        if guards and not confirmed:
            from . import profile_commands

            profile_commands.confirm("Disconnect", guards)
        for connection in found:
            registry.disconnect(connection.alias)
        say(f"Disconnected {', '.join(aliases)}." if aliases else "Nothing is connected.")
        for connection in found:
            if connection.users:
                say(f"{_listed(connection.users)} used {connection.alias}.")

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
        return proposal["value"]


_COMMANDS: Final[Mapping[str, Callable[[MilvusMagics, argparse.Namespace, list[Word]], Any]]] = {
    "connect": MilvusMagics.do_connect,
    "disconnect": MilvusMagics.do_disconnect,
    "status": MilvusMagics.do_status,
    "use": MilvusMagics.do_use,
    "adopt": MilvusMagics.do_adopt,
    "code": MilvusMagics.do_code,
    "doctor": MilvusMagics.do_doctor,
    "ping": MilvusMagics.do_ping,
    "ls": MilvusMagics.do_ls,
    "describe": MilvusMagics.do_describe,
    "peek": MilvusMagics.do_peek,
    "client": MilvusMagics.do_client,
    "reconnect": MilvusMagics.do_reconnect,
    "panel": MilvusMagics.do_panel,
    "help": MilvusMagics.do_help,
}


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
    if (matcher := completion.matcher(magics.context)) is not None:
        ip.Completer.custom_matchers.append(matcher)
    else:
        say(f"IPython {IPython.__version__}: Tab does not complete %milvus here; IPython 8.6 does.")
    host = sidebar.Host(lambda: magics.registry, magics.set_heartbeat)
    sidebar.open_for(host, instead=True)
    autoconnect.begin(magics.context)


def unload(ip: InteractiveShell) -> None:
    """Undo `load`, close every connection and end the monitor's thread."""
    manager = ip.magics_manager
    magics = manager.registry.pop(MilvusMagics.__name__, None)
    for kind in ("line", "cell"):
        manager.magics[kind].pop("milvus", None)
    if magics in ip.configurables:
        ip.configurables.remove(magics)
    matchers = ip.Completer.custom_matchers
    matchers[:] = [matcher for matcher in matchers if not completion.is_ours(matcher)]
    if isinstance(magics, MilvusMagics):
        with magics.context.loading:
            magics.context.is_unloaded = True
    try:
        sidebar.close()
    finally:
        if isinstance(magics, MilvusMagics):
            magics.context.shutdown()


def _import_all() -> None:
    """Import what the subcommands need; loading the extension, which has to stay light, did not."""
    import_all()
    with ONE_AT_A_TIME:
        from . import meaning  # noqa: F401  # with all that it imports


def _check_named(before: str, name: str | None, known: Mapping[str, object]) -> None:
    if name is None or name in known:
        return
    near = closest(name, known)
    raise MagicUsageError(
        f"{before} has no command {shown(name)}.",
        f"Did you mean {near}?" if near else "",
        f"The commands: {', '.join(known)}." if known else f"See {before} --help",
    )


def _listed(users: Sequence[str]) -> str:
    """Write ``a, b and c``."""
    *others, last = users
    return f"{', '.join(others)} and {last}" if others else last
