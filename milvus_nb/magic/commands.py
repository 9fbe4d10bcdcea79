"""``%milvus``: one function a subcommand."""

from __future__ import annotations

import functools
import sys
from typing import TYPE_CHECKING, Any, Final

from ..code import usage
from ..code.arguments import Word, hidden, shown, split
from ..errors import MagicUsageError, MilvusNbError, without_frames
from ..page.frontend import is_notebook
from ..page.late_imports import ONE_AT_A_TIME, import_all
from ..page.process import panel
from ..params.suggestion import closest
from ..params.tidy import as_command
from ..printing import say
from . import pasted_cell

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Mapping, Sequence

    from ..explore import Collections, Description, Overview, Schema
    from ..registry.connection import Connection
    from ..registry.ping import PingResult
    from ..views.details import Facts, Snippet
    from ..views.status import StatusTable
    from .context import Context

__all__ = ["run", "run_cell"]

# How long `status` waits for the first look at connections of others, in seconds.
_LOOK_S: Final = 1.0

# So many that were disconnected are named.
_MOST_NAMED: Final = 20


def run(context: Context, line: str, variables: Mapping[str, Any]) -> Any:
    """Run a line: what follows ``%milvus``.

    Parameters
    ----------
    context
        What the subcommands share.
    line
        As it was typed.
    variables
        The user's, for ``$name`` and ``{expression}``.
    """
    line = as_command(line)
    name, _, rest = line.strip().partition(" ")
    if name != "help":
        _import_all()
    if name == "connect":
        options, pasted = pasted_cell.split_options(rest)
        if pasted_cell.is_pasted(pasted):
            from .connecting import connect_pasted

            return connect_pasted(context, rest, pasted, split(options, variables))
    # As behind an expression, it silences the value; one of a password's end is quoted.
    bare = line.rstrip()
    silent = bare.endswith(";") and not bare.endswith("\\;")
    words = split(bare[:-1] if silent else bare, variables)
    try:
        value = _run_words(context, words, rest, variables)
    except MilvusNbError as error:
        failure = hidden(error, words)
    else:
        return None if silent else value
    raise without_frames(failure)


def _run_words(context: Context, words: list[Word], rest: str, variables: Mapping[str, Any]) -> Any:
    name = words[0].text if words else "status"
    if name == "profile":
        from . import profile_commands

        return profile_commands.run(context, words[1:], rest, variables)
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
    return _COMMANDS[name](context, arguments, words[1:])


def run_cell(context: Context, line: str, cell: str, variables: Mapping[str, Any]) -> Any:
    """Run a cell: what was pasted below ``%%milvus connect``."""
    _import_all()
    name, _, rest = line.strip().partition(" ")
    options, unread = pasted_cell.split_options(rest)
    if name != "connect" or unread.strip():
        raise MagicUsageError(
            f"%%milvus {shown(name)} is not possible with this line.",
            "%%milvus takes a cell for connect alone: what was pasted, of several lines.",
            "Above it, write %%milvus connect, and -a ALIAS, --replace or --timeout if wanted.",
        )
    from .connecting import connect_pasted

    return connect_pasted(context, "", cell, split(options, variables))


# The subcommands


def _connect(
    context: Context, arguments: argparse.Namespace, words: list[Word]
) -> Connection | None:
    """Connect; the value is the Connection."""
    if arguments.host is usage.HELP:
        say(usage.help_text("connect"))
        return None
    if arguments.disconnect:
        _close(context, [arguments.alias], confirmed=arguments.yes)
        return None
    from .connecting import connect

    return connect(context, arguments, words)


def _disconnect(context: Context, arguments: argparse.Namespace, _: list[Word]) -> None:
    """Close connections."""
    if arguments.all:
        aliases = context.registry.aliases()
        if arguments.force:
            _look_for(context, "")
            aliases += [other.alias for other in context.registry.others()]
    else:
        aliases = arguments.aliases or [context.registry.resolve(None).alias]
    _close(context, aliases, force=arguments.force, confirmed=arguments.yes)


def _status(context: Context, arguments: argparse.Namespace, _: list[Word]) -> StatusTable | Facts:
    """Show the connections, or all that is known of one."""
    from ..probing.private_names import missed
    from ..views.status import StatusTable

    registry = context.registry
    if arguments.alias is not None:
        return _facts(context, _connection(context, arguments))
    if "pymilvus" in sys.modules:
        registry.look().settle(_LOOK_S)
    current = registry.current
    shown, alias = registry.connections(), current.alias if current else ""
    before = registry.memory.before() if registry.memory is not None else []
    names = [one["again"]["alias"] for one in before]
    others, most = registry.others(), context.settings.max_rows
    return StatusTable(shown, alias, most, others, names, notes=missed())


def _facts(context: Context, connection: Connection) -> Facts:
    from ..probing import rest
    from ..views.details import Facts, facts
    from . import explore_commands

    asked = rest.sources(connection.params)
    found = context.registry.monitor.submit(asked).wait()
    pairs = facts(connection) + explore_commands.own_rights(connection)
    pairs += [(source.label, f"{source.text} {source.url}".strip()) for source in found]
    return Facts(connection, pairs)


def _use(context: Context, arguments: argparse.Namespace, _: list[Word]) -> None:
    """Make a connection the current one."""
    connection = context.registry.use(arguments.alias, arguments.db)
    say(f"{connection.alias} is current, database {connection.db_name}.")


def _adopt(context: Context, arguments: argparse.Namespace, _: list[Word]) -> Connection:
    """Give an alias to a connection that somebody else opened."""
    name = arguments.name
    _look_for(context, name)
    users = context.registry.find(name).users
    alias = arguments.alias or context.registry.free_alias(name)
    connection = context.registry.adopt(name, alias)
    told = f"{_listed(users)} will stop working with it." if users else "Nobody uses it."
    say(f"{name} is the connection {alias} now. Disconnecting closes it for real. {told}")
    return connection


def _code(context: Context, arguments: argparse.Namespace, _: list[Word]) -> Snippet:
    """Give the connection as code."""
    from ..code import snippets
    from ..views.details import Snippet

    if arguments.collection is not None:
        from . import explore_commands

        _look_for(context, arguments.alias)
        return Snippet(explore_commands.code_for(context.registry, arguments))
    if arguments.field is not None:
        raise MagicUsageError(
            "--field is of a collection.", "", "Name it, too: %milvus code --for COLLECTION"
        )
    connection = _connection(context, arguments)
    alias = context.registry.free_alias(connection.alias)
    version = connection.server_version
    return Snippet(snippets.code(connection.params, alias, arguments.lang, version), arguments.lang)


def _doctor(context: Context, arguments: argparse.Namespace, words: list[Word]) -> None:
    """Examine connections or addresses layer by layer."""
    from . import meaning
    from .connecting import given_by

    given = given_by(context, arguments, words)
    for name in arguments.names or [None]:
        subject, more = meaning.examined(context.registry, name, given, ask=arguments.ask)
        context.show_report(functools.partial(context.registry.examine, subject, **more))


def _ping(context: Context, arguments: argparse.Namespace, _: list[Word]) -> PingResult:
    """Measure round trips."""
    return _connection(context, arguments).ping(arguments.count)


def _ls(
    context: Context, arguments: argparse.Namespace, _: list[Word]
) -> Overview | Collections | Schema:
    """List what is in the databases."""
    from . import explore_commands

    _look_for(context, (arguments.path or "").partition("/")[0])
    return explore_commands.listing(context.registry, arguments.path)


def _describe(context: Context, arguments: argparse.Namespace, _: list[Word]) -> Description:
    """Describe a collection."""
    from . import explore_commands

    _look_for(context, arguments.alias)
    return explore_commands.describe(context.registry, arguments)


def _peek(context: Context, arguments: argparse.Namespace, words: list[Word]) -> Any:
    """Give some rows of a collection."""
    from . import explore_commands

    _look_for(context, arguments.alias)
    return explore_commands.peek(context.registry, arguments, words)


def _client(context: Context, arguments: argparse.Namespace, _: list[Word]) -> Any:
    """Give the pymilvus client."""
    connection = _connection(context, arguments)
    return connection.async_client if arguments.is_async else connection.client


def _reconnect(context: Context, arguments: argparse.Namespace, _: list[Word]) -> None:
    """Bring back what was connected before the kernel was restarted."""
    from .reconnect import reconnect

    reconnect(context, arguments.aliases, confirmed=arguments.yes)


def _panel(context: Context, _: argparse.Namespace, words: list[Word]) -> Any:
    """Show the widget, or its like in text where there are no widgets."""
    if not is_notebook(context.shell):
        say("The panel needs a notebook. Here is the same in text:")
        return _status(context, usage.PARSERS["status"].parse(()), words)
    _with_settings = context.registry  # whoever makes it first gives it the magic's
    return panel()


def _help(_context: Context, arguments: argparse.Namespace, _: list[Word]) -> None:
    """Show help."""
    command, action = arguments.command, arguments.action
    _check_named("%milvus", command, usage.PARSERS)
    actions = usage.PROFILE if command == "profile" else {}
    _check_named(f"%milvus {command}", action, actions)
    say(usage.profile_help(action) if action is not None else usage.help_text(command))


# Shared by them


def _connection(context: Context, arguments: argparse.Namespace) -> Connection:
    _look_for(context, arguments.alias)
    return context.registry.resolve(arguments.alias)


def _look_for(context: Context, *names: str | None) -> None:
    """Look again for the connections of others, where one of the names may be one of them."""
    unknown = [name for name in names if name is not None and name not in context.registry]
    if unknown and "pymilvus" in sys.modules:
        context.registry.look().settle(_LOOK_S)


def _close(
    context: Context, aliases: list[str], *, force: bool = False, confirmed: bool = False
) -> None:
    registry = context.registry
    _look_for(context, *aliases)
    connections = [registry.find(alias) for alias in aliases]  # all or none
    for connection in connections:
        if connection.alias not in registry and connection.users and not force:
            raise MagicUsageError(
                f"{connection.alias} was opened by {connection.origin}, not by %milvus.",
                f"{_listed(connection.users)} would stop working.",
                f"To close it nevertheless: %milvus disconnect {connection.alias} --force",
            )
    guards = [(one.alias, one.params.guard) for one in connections if one.params.guard.confirm]
    if guards and not confirmed:
        from .permission import confirm

        confirm("Disconnect", guards)
    theirs = [one.alias for one in connections if one.alias not in registry]
    registry.disconnect_each(one.alias for one in connections if one.alias in registry)
    for name in theirs:
        registry.disconnect(name)
    more = f" and {len(aliases) - _MOST_NAMED:,} more" if len(aliases) > _MOST_NAMED else ""
    named = ", ".join(aliases[:_MOST_NAMED])
    say(f"Disconnected {named}{more}." if aliases else "Nothing is connected.")
    for connection in connections:
        if connection.users:
            say(f"{_listed(connection.users)} used {connection.alias}.")


def _import_all() -> None:
    """Import what the subcommands need; showing help, which has to be quick, did not."""
    import_all()
    with ONE_AT_A_TIME:
        from . import connecting  # noqa: F401  # with all that it imports


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


_COMMANDS: Final[Mapping[str, Callable[[Context, argparse.Namespace, list[Word]], Any]]] = {
    "connect": _connect,
    "disconnect": _disconnect,
    "status": _status,
    "use": _use,
    "adopt": _adopt,
    "code": _code,
    "doctor": _doctor,
    "ping": _ping,
    "ls": _ls,
    "describe": _describe,
    "peek": _peek,
    "client": _client,
    "reconnect": _reconnect,
    "panel": _panel,
    "help": _help,
}
