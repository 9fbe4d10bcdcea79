"""Tab completion of ``%milvus``: what the word at the cursor may become.

The parsers of the subcommands tell what is expected there, by the names they give to their values.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
from typing import TYPE_CHECKING, Final

from ..code import usage
from ..page.late_imports import ONE_AT_A_TIME
from .asked_names import Names, wait_a_moment
from .typed_words import paths, split, value_of, written

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterable, Iterator

    from ..code.arguments import Parser
    from ..registry.registry import ConnectionRegistry
    from .context import Context

__all__ = ["Completer"]

_IDENTIFIER: Final = re.compile(r"[^\W\d]\w*\Z")


class Completer:
    """Knows what a word of ``%milvus`` may become.

    Parameters
    ----------
    context
        What the subcommands share.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._names = Names()

    def complete(self, line: str, after: str) -> tuple[str, list[str]]:
        """Give the word at the cursor, and what it may become.

        Parameters
        ----------
        line
            What follows ``%milvus``, until the cursor.
        after
            What stands behind it.
        """
        before, raw = split(line)
        found: list[str] = []
        # Nobody wants to read an error for having pressed Tab.
        with contextlib.suppress(Exception, KeyboardInterrupt):
            found = _Line(before, raw, _registry(self._context), self._names).candidates(after)
        return raw, found


def _registry(context: Context) -> ConnectionRegistry | None:
    """Give the registry; none where nobody can have a connection, for importing it takes time."""
    if not {"milvus_nb.registry.registry", "pymilvus"} & sys.modules.keys():
        return None
    return context.registry


class _Line:
    """A line of ``%milvus`` up to the cursor."""

    def __init__(
        self, before: list[str], raw: str, registry: ConnectionRegistry | None, names: Names
    ) -> None:
        self._registry = registry
        self._asked = names
        self._command = before[0] if before else ""
        self._before = before[1:]
        self._parser = usage.PARSERS.get(self._command)
        if self._command == "profile" and self._before:
            self._parser = usage.PROFILE.get(self._before.pop(0))
        self._raw = raw
        self._filter = ""  # what stands in front of the field's name that is completed
        # --option=value is completed after its "="
        self._option, equals, rest = raw.partition("=") if raw.startswith("--") else ("", "", raw)
        self._head = self._option + equals
        self._quote = rest[:1] if rest[:1] in ("'", '"') else ""
        self._word = value_of(rest) if equals or not self._option else self._option
        if not equals:
            self._option = ""
            self._head = ""

    def candidates(self, after: str) -> list[str]:
        """List what the cursor's word may become; `after` is what follows the cursor."""
        is_closed = bool(self._quote) and after.startswith(self._quote)
        names = dict.fromkeys(self._names())
        if self._filter:
            return [f"{self._filter}{name}" for name in names]
        return [
            self._head + written(name, self._quote, is_open=is_closed or name.endswith(os.sep))
            for name in names
            # A name of a file may be anything; half a character could not even be sent.
            if name and name.isprintable() and name.startswith(self._word)
        ]

    def _names(self) -> Iterable[str]:
        if not self._command:
            return usage.PARSERS
        if self._command == "profile" and self._parser is usage.PARSERS["profile"]:
            return usage.PROFILE
        parser = self._parser
        if parser is None:
            return ()
        expected, given = self._expected(parser)
        is_optional = expected is None or not expected.option_strings or expected.nargs == "?"
        if is_optional and (self._word.startswith("-") or (expected is None and not self._word)):
            return [name for name in parser.options() if name not in self._before]
        return () if expected is None else self._values(expected, given)

    def _expected(self, parser: Parser) -> tuple[argparse.Action | None, dict[str, list[str]]]:
        """Find out whose value the cursor's word is, and the values that were given before it."""
        actions = parser._actions  # noqa: SLF001  # argparse has no public list of them
        options = {name: action for action in actions for name in action.option_strings}
        places = [action for action in actions if not action.option_strings]
        given: dict[str, list[str]] = {}
        pending: argparse.Action | None = None
        for word in self._before:
            name, equals, value = word.partition("=")
            if pending is not None and not (pending.nargs == "?" and word.startswith("-")):
                given.setdefault(pending.dest, []).append(word)
                pending = None
            elif name in options:
                takes_value = options[name].nargs != 0
                pending = options[name] if takes_value and not equals else None
                if equals:
                    given.setdefault(options[name].dest, []).append(value)
            elif not word.startswith("-") and places:
                given.setdefault(places[0].dest, []).append(word)
                places = places if places[0].nargs in ("*", "+") else places[1:]
        if self._option:
            return options.get(self._option), given
        return pending or next(iter(places), None), given

    def _values(self, expected: argparse.Action, given: dict[str, list[str]]) -> Iterable[str]:
        what = expected.metavar if isinstance(expected.metavar, str) else ""
        if expected.choices is not None:
            return [str(choice) for choice in expected.choices]
        known: dict[str, Callable[[], Iterable[str]]] = {
            "db": lambda: self._database_names(given),
            "path": lambda: self._paths_of(self._word),
            "collection": lambda: self._collections(given),
            "where": lambda: self._fields_behind(given),
            "field": lambda: self._fields(given),
            "lang": _languages,
            "FILE": lambda: paths(self._word),
            "VAR": lambda: sorted(os.environ),
            "COMMAND": lambda: usage.PARSERS,
            "ACTION": lambda: usage.PROFILE if given.get("command") == ["profile"] else (),
            "PROFILE": self._profiles,
            "BEFORE": self._before_restart,
            "KEY=VALUE": _keys,
            "COLOR": _colors,
            "REFERENCE": lambda: (
                "ask",
                "keyring",
                *(f"env:{name}" for name in sorted(os.environ)),
            ),
        }
        for name in (expected.dest, what):
            if name in known:
                return known[name]()
        names: list[str] = []
        if "ALIAS" in what or self._command == "adopt":
            # What others opened has a name, but connect's option wants an alias.
            names += [*self._aliases(), *(() if expected.option_strings else self._others())]
            names = [name for name in names if name not in given.get(expected.dest, ())]
        if what == "ADDRESS":
            names += self._profiles()
        if "ADDRESS" in what or what == "URI":
            names += [*self._addresses(), *paths(self._word, ending=".db")]
        return names

    def _aliases(self) -> list[str]:
        if self._registry is None:
            return []
        return [alias for alias, _ in self._registry.list_connections()]

    def _profiles(self) -> list[str]:
        with ONE_AT_A_TIME:
            from ..profiles.store import ProfileStore

        store = self._registry.profiles if self._registry is not None else ProfileStore()
        return list(store)

    def _before_restart(self) -> list[str]:
        memory = self._registry.memory if self._registry is not None else None
        return [one["again"]["alias"] for one in memory.before()] if memory is not None else []

    def _others(self) -> list[str]:
        if self._registry is None or "pymilvus" not in sys.modules:
            return []
        wait_a_moment(self._registry.look())
        return [connection.alias for connection in self._registry.others()]

    def _addresses(self) -> Iterator[str]:
        if self._registry is not None:
            for alias in self._aliases():
                if (params := self._registry.remembered(alias)) is not None:
                    yield params.address

    def _database_names(self, given: dict[str, list[str]]) -> list[str]:
        if self._registry is None:
            return []
        aliases = given.get("alias") or given.get("aliases")
        alias = aliases[-1] if aliases else None
        if self._command == "connect":
            alias = alias or "default"
        places = [*given.get("address", ()), *given.get("uri", ()), *given.get("names", ())]
        if places or given.keys() & {"host", "port"}:
            alias = self._connected_to(*places[:1]) if places else None
            if alias is None:  # not connected to yet: nobody to ask
                return []
        return self._asked.databases(self._registry, alias)

    # What is in the databases

    def _paths_of(self, word: str) -> list[str]:
        """List what may follow the last slash of a path: databases, collections."""
        registry = self._registry
        if registry is None:
            return []
        before, _, _ = word.rpartition("/")
        aliases = self._aliases()
        if not before:
            known = registry.current
            found = self._asked.collections(registry, known.alias, None) if known else []
            bases = self._asked.databases(registry, known.alias) if known else []
            return [*aliases, *found, *bases]
        parts = before.split("/")
        alias = parts.pop(0) if parts[0] in aliases else None
        if parts:
            found = self._asked.collections(registry, alias, parts[-1])
        else:
            found = self._asked.databases(registry, alias)
        return [f"{before}/{name}" for name in found]

    def _place(self, given: dict[str, list[str]]) -> tuple[str | None, str | None, str]:
        """Give alias, database and collection that the line has named."""
        alias: str | None = next(reversed(given.get("alias", ())), None)
        database: str | None = next(reversed(given.get("db", ())), None)
        *before, name = (given.get("collection") or [""])[-1].split("/")
        if before and before[0] in self._aliases():
            alias = before.pop(0)
        return alias, before[-1] if before else database, name

    def _collections(self, given: dict[str, list[str]]) -> list[str]:
        if "/" in self._word:
            return self._paths_of(self._word)
        if self._registry is None:
            return []
        alias, database, _ = self._place({**given, "collection": [""]})
        return self._asked.collections(self._registry, alias, database)

    def _fields(self, given: dict[str, list[str]]) -> list[str]:
        if self._registry is None:
            return []
        alias, database, name = self._place(given)
        return self._asked.fields(self._registry, alias, database, name) if name else []

    def _fields_behind(self, given: dict[str, list[str]]) -> list[str]:
        """Let the last word of a filter become a field; what stands before it stays as typed."""
        if any(self._word.count(quote) % 2 for quote in "'\""):  # it is in a text
            return []
        found = _IDENTIFIER.search(self._word)
        begun = found.group() if found else ""
        before = self._raw.removesuffix(begun)
        if before.endswith(("$", "{")):  # it is a variable's
            return []
        self._filter = before
        return [name for name in self._fields(given) if name.startswith(begun)]

    def _connected_to(self, place: str) -> str | None:
        """Find the connection that has this alias, or goes to this address."""
        for alias, connection in self._registry.list_connections() if self._registry else ():
            if connection is not None and place.removeprefix("http://") in (
                alias,
                connection.address,
            ):
                return alias
        return None


def _keys() -> list[str]:
    from ..profiles.profile import KEYS

    return [f"{key}=" for key in KEYS]


def _colors() -> Iterable[str]:
    from ..views.labels import COLORS

    return COLORS


def _languages() -> Iterable[str]:
    with contextlib.suppress(ImportError):
        from ..code import snippets

        return tuple(snippets.LANGUAGES)
    return ()
