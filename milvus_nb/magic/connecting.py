"""``%milvus connect``: an address, an alias, a profile or what was pasted → a connection."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from ..code import usage
from ..errors import MagicUsageError, MilvusNbError
from ..params import parsing
from ..printing import say
from . import meaning, options, pasted_cell, permission, profile_connect

if TYPE_CHECKING:
    import argparse

    from ..code.arguments import Word
    from ..profiles.profile import Profile
    from ..registry.connection import Connection
    from .context import Context

__all__ = ["connect", "connect_pasted", "given_by"]


def connect(context: Context, arguments: argparse.Namespace, words: list[Word]) -> Connection:
    """Connect as a line says; the value is the Connection."""
    profile = meaning.profile_of(context.registry, arguments)
    if profile is not None:
        return _connect_profile(context, profile, arguments, words)
    _take_alias(context, arguments)
    given = given_by(context, arguments, words)
    given.update(
        address=arguments.address or "",
        uri=arguments.uri or "",
        host=arguments.host or "",
        port=arguments.port or "",
    )
    alias = arguments.alias
    # Planned once: where a typed secret goes is what its prompt has said.
    params = meaning.planned(
        context.registry, alias, given, ask=arguments.ask, replace_it=arguments.replace
    )
    start = functools.partial(
        context.registry.start_attempt, alias, params, replace=arguments.replace
    )
    return context.watched(start)


def _take_alias(context: Context, arguments: argparse.Namespace) -> None:
    """Take a bare word for the alias that is remembered by this name; ask, if it wants that."""
    registry, word = context.registry, arguments.address
    if meaning.names_host(arguments):
        return
    if word is not None:
        is_name = word.replace("-", "_").isidentifier() and word != "localhost"
        if arguments.alias != "default" or not is_name or registry.remembered(word) is None:
            return
        arguments.alias, arguments.address = word, None
    known = registry.remembered(arguments.alias)
    if known is not None and arguments.alias not in registry and not arguments.yes:
        permission.confirm("Connect", [(arguments.alias, known.guard)])


def _connect_profile(
    context: Context, profile: Profile, arguments: argparse.Namespace, words: list[Word]
) -> Connection:
    registry, name = context.registry, profile.name
    if arguments.address not in (None, name) or meaning.names_host(arguments):
        raise MagicUsageError(
            f"Profile {name} has an address: {profile.address}.",
            "Another one is not to get its secret.",
            "Leave one of the two out.",
        )
    if arguments.ask and arguments.user is None:
        arguments.user = profile.user or None
    given = given_by(context, arguments, words)
    is_named = arguments.profile or arguments.address or arguments.alias != "default"
    was_asked = permission.allow(registry, profile, is_default=not is_named)
    alias = name if arguments.alias == "default" else arguments.alias
    if alias not in registry and not (arguments.yes or was_asked):
        permission.confirm("Connect", [(alias, profile.guard())])
    return profile_connect.start(
        context, profile, alias, given, replace_it=arguments.replace, asks=arguments.ask
    )


def connect_pasted(context: Context, pasted: str, text: str, words: list[Word]) -> Connection:
    """Connect as a pasted text says, and take its secret out of the cell.

    Parameters
    ----------
    pasted
        See `pasted_cell.replace_secret`.
    text
        What was pasted.
    words
        The options of ``connect`` beside it, see `pasted_cell.split_options`.
    """
    from ..code import paste, snippets

    arguments = usage.PARSERS["connect"].parse(words)
    pasted_cell.refuse_others(arguments)
    registry, found = context.registry, paste.read(text)
    for note in found.notes:
        say(note)
    alias = found.alias or arguments.alias
    if arguments.alias != "default":
        alias = arguments.alias
    given = dict(found.given)
    if arguments.timeout is not None:
        given["timeout"] = options.seconds(arguments.timeout)
    target = parsing.parse(**given, default_timeout=registry.timeout)
    better = snippets.connect_line(target, alias, ask=True)
    start = functools.partial(registry.start_attempt, alias, target, replace=arguments.replace)
    try:
        connection = context.watched(start)
    except MilvusNbError:
        if found.secret_shown:
            say(pasted_cell.warning(better))
        raise
    if found.secret_shown:
        say(pasted_cell.replace_secret(context.shell, pasted, better))
    return connection


def given_by(context: Context, arguments: argparse.Namespace, words: list[Word]) -> dict[str, Any]:
    """Take out of the options what `connect` takes as keywords; warn of secrets in them."""
    given = options.keywords(arguments)
    if context.settings.warn_secrets:
        for warning in options.warnings(arguments, words):
            say(warning)
    return given
