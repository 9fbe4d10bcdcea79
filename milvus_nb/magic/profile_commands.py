"""``%milvus profile``: one function a subcommand."""

from __future__ import annotations

import contextlib
import functools
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from ..code import usage
from ..code.arguments import shown, split
from ..errors import MagicUsageError, MilvusNbError
from ..params.suggestion import closest
from ..printing import say
from ..probing.outside import visible
from ..profiles import importing, saving, secrets
from ..profiles.places import sends
from ..profiles.profile import KEYS, Profile
from ..profiles.reference import is_clear
from ..profiles.shown import ProfileTable, ProfileText
from .pasted_cell import split_import_options
from .permission import allow
from .profile_connect import typed

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Mapping

    from ..code.arguments import Word
    from ..params.secret import Secret
    from ..profiles.store import ProfileStore
    from .context import Context

__all__ = ["run"]

_TRUE: Final = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


def run(context: Context, words: list[Word], line: str, variables: Mapping[str, Any]) -> Any:
    """Run ``%milvus profile …``.

    Parameters
    ----------
    context
        Whose registry it is about.
    words
        What follows ``profile``.
    line
        The same as it was typed, for what was pasted.
    variables
        The user's, for that.
    """
    action = words[0].text if words else "list"
    if action in ("--help", "-h", "help"):
        named = words[1].text if len(words) > 1 else ""
        say(usage.profile_help(named) if named in usage.PROFILE else usage.help_text("profile"))
        return None
    if action not in usage.PROFILE:
        near = usage.PROFILE_MEANT.get(action) or closest(action, usage.PROFILE)
        raise MagicUsageError(
            f"%milvus profile has no command {shown(action)}.",
            f"Did you mean %milvus profile {near}?" if near else "",
            f"The commands: {', '.join(usage.PROFILE)}. See %milvus help profile",
        )
    if any(word.text == "--help" for word in words[1:]):
        say(usage.profile_help(action))
        return None
    if action == "import":
        return _import(context, line, variables)
    arguments = usage.PROFILE[action].parse(words[1:])
    return _COMMANDS[action](context, arguments)


# The subcommands


def _list(context: Context, _: argparse.Namespace) -> ProfileTable:
    return ProfileTable(context.registry.profiles.find())


def _show(context: Context, arguments: argparse.Namespace) -> ProfileText:
    return ProfileText(context.registry.profiles.get(arguments.name))


def _save(context: Context, arguments: argparse.Namespace) -> None:
    registry = context.registry
    connection = registry.resolve(arguments.alias)
    name = arguments.name or registry.free_alias(connection.alias)
    project, reference = bool(arguments.project), arguments.secret or ""
    profile = saving.of_connection(
        registry.profiles, connection.params, name, reference, project=project
    )
    known = registry.profiles.find().profiles.get(name) if arguments.replace else None
    profile = replace(
        profile,
        label=arguments.label or profile.label,
        color=arguments.color or profile.color,
        confirm=arguments.confirm or profile.confirm,
        default=arguments.default or (known is not None and known.default),
        autoconnect=arguments.autoconnect or (known is not None and known.autoconnect),
    )
    saved = saving.save(
        registry.profiles,
        profile,
        connection.params.endpoint.secret if reference == "keyring" else None,
        project=arguments.project,
        replace_it=arguments.replace,
    )
    registry.mark(connection.alias, saved.guard())
    say(_saved(saved))


def _edit(context: Context, arguments: argparse.Namespace) -> None:
    store = context.registry.profiles
    profile = store.get(arguments.name)
    is_allowed = store.is_allowed(profile)
    table: dict[str, Any] = profile.table()
    for change in arguments.changes:
        key, equals, text = change.partition("=")
        if not equals or key not in KEYS:
            if is_clear(key):
                raise MagicUsageError(
                    "Profiles hold no secrets.", "", f"%milvus profile secret {profile.name}"
                )
            near = closest(key, KEYS)
            raise MagicUsageError(
                f"{key[:40]!r} is no key of a profile." if equals else "A change is KEY=VALUE.",
                f"Did you mean {near}?" if near else f"The keys: {', '.join(KEYS)}.",
                f"For example: %milvus profile edit {profile.name} db_name=sales",
            )
        if text:
            table[key] = _of_text(key, text)
        else:
            table.pop(key, None)
    if arguments.changes:
        changed = Profile.read(profile.name, table, profile.path, is_project=profile.is_project)
        profile = store.save(changed, project=profile.is_project, replace_it=True)
    if arguments.rename:
        profile = store.rename(profile.name, arguments.rename)
    if is_allowed:
        store.allow(profile)
    context.registry.follow_profile(arguments.name, profile)
    if profile.secret.kind == "keyring":
        try:
            secrets.read(profile, profile.user)
        except MilvusNbError as error:  # it has none, or cannot be asked: which one, it says
            say(f"{error.reason} {error.fix}")
    say(_saved(profile))


def _of_text(key: str, text: str) -> Any:
    if key in ("secure", "confirm", "default", "autoconnect"):
        return _TRUE.get(text.lower(), text)
    if key == "timeout":
        with contextlib.suppress(ValueError):
            return float(text)
    return text


def _delete(context: Context, arguments: argparse.Namespace) -> None:
    for name in arguments.names:
        say(saving.delete(context.registry.profiles, name))
        context.registry.follow_profile(name, None)


def _test(context: Context, arguments: argparse.Namespace) -> None:
    registry = context.registry
    profile = registry.profiles.get(arguments.name)
    allow(registry, profile)
    given = typed(registry, profile, {}) if profile.secret.kind == "ask" else {}
    context.show_report(functools.partial(registry.examine, profile, **given))


def _allow(context: Context, arguments: argparse.Namespace) -> None:
    """Allow a project's profile: for who has read it, and where nobody can be asked."""
    store = context.registry.profiles
    profile = _of_project(store, arguments.name)
    if profile is None:
        return
    problem = store.allow(profile)
    say(f"Allowed: {profile.name} of {visible(profile.path)} {sends(profile)}.")
    say(f"For this kernel alone: {problem}" if problem else "A change of that is asked about.")


def _revoke(context: Context, arguments: argparse.Namespace) -> None:
    """Take a permission back; connections that stand are left alone."""
    store = context.registry.profiles
    profile = _of_project(store, arguments.name)
    if profile is None:
        return
    was_allowed = store.revoke(profile)
    before = "" if was_allowed else "It was not allowed. "
    say(
        f"{before}{profile.name} of {visible(profile.path)} is asked about before it is used. "
        "What is connected stays connected: %milvus disconnect"
    )


def _of_project(store: ProfileStore, name: str) -> Profile | None:
    """Give a project's profile; say so, and give None, where it is one of the user's own."""
    profile = store.get(name)
    if profile.is_project:
        return profile
    whose = "the site's" if profile.is_site else "yours"
    say(f"{profile.name} is one of {whose}: it needs no permission.")
    return None


def _secret(context: Context, arguments: argparse.Namespace) -> None:
    """Keep a profile's secret in the keyring; one that stands in clear in its file is moved."""
    store = context.registry.profiles
    table, path = store.raw(arguments.name)
    clear, table = secrets.taken_out(table)
    profile = Profile.read(
        arguments.name,
        {**table, "secret": "keyring"},
        path,
        is_project=store.is_project(path),
        is_site=store.is_site(path),
    )
    if profile.is_site and store.get(arguments.name).secret.kind != "keyring":
        store.put(profile)  # which is refused
    if profile.is_path:
        raise MagicUsageError(
            f"{profile.address} is a Milvus Lite database.",
            "It has no users.",
            "Nothing is needed.",
        )
    is_asked = clear is None
    secrets.require_keyring()
    was = store.find().profiles.get(profile.name)
    is_allowed = was is not None and was.seal == profile.seal and store.is_allowed(was)
    secret = clear or typed(context.registry, profile, {})["secret"]
    account = secrets.keep(profile, secret)
    if not profile.is_site:  # its keyring is its user's, the file is not
        store.put(profile)
    if is_allowed:
        store.allow(profile)
    say(f"The secret of {profile.name} is in the keyring now, as {account}.")
    if not is_asked:
        say(f"It was taken out of {path}. Whoever had a copy of that file has it still: change it.")


def _import(context: Context, line: str, variables: Mapping[str, Any]) -> None:
    where, given = _import_words(line, variables)
    store = context.registry.profiles
    if where == "env":
        found: list[Any] = [importing.from_environment(given.name or "")]
    elif where == "cli":
        found = list(importing.from_cli())
    else:
        found = [importing.from_pasted(where, given.name or "")]
        say("If a secret stands in this cell, take it out; IPython's history has it, too.")
    works = secrets.keyring_works()
    for one in found:
        if isinstance(one, MilvusNbError):
            say(f"Left out: {one.what} {one.reason}")
            continue
        profile, secret = one
        say(_imported(store, profile, secret, given, works=works))


def _imported(
    store: ProfileStore, profile: Profile, secret: Secret, given: argparse.Namespace, *, works: bool
) -> str:
    options = {"project": given.project, "replace_it": given.replace}
    try:
        saved = importing.save(store, (profile, secret), works=works, **options)
    except MilvusNbError as error:
        return f"Left out {profile.name}: {' '.join(error.lines)}"
    return _saved(saved)


def _import_words(line: str, variables: Mapping[str, Any]) -> tuple[str, argparse.Namespace]:
    """Take the options out of what follows ``import``; what was pasted stays as it is."""
    rest = line.strip().partition(" ")[2].strip()
    options, pasted = split_import_options(rest)
    if pasted in ("cli", "env", "") or pasted.startswith(("-", "cli ", "env ")):
        given = usage.PROFILE["import"].parse(split(rest, variables))
        return given.where or "cli", given
    return pasted, usage.PROFILE["import"].parse(split(options, variables))


def _saved(profile: Profile) -> str:
    words = {
        "none": "nobody signs in",
        "ask": "its secret is asked for",
        "keyring": "its secret is kept in the keyring",
        "env": f"its secret is read from {profile.secret.variable}",
    }
    how = words[profile.secret.kind]
    return (
        f"Saved {profile.name} in {profile.path}: {profile.address}, {how}.\n"
        f"%milvus connect {profile.name if ' ' not in profile.name else repr(profile.name)}"
    )


_COMMANDS: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "list": _list,
    "show": _show,
    "save": _save,
    "edit": _edit,
    "delete": _delete,
    "test": _test,
    "allow": _allow,
    "revoke": _revoke,
    "secret": _secret,
}
