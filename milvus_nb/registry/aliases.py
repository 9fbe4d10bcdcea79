"""The aliases: what each stands for, which one is current, and who is told of what changes.

Nothing is opened or closed here.
"""

from __future__ import annotations

import dataclasses
import os
import re
import threading
from typing import TYPE_CHECKING, Any, Final

from ..errors import AliasError, ParamsError
from ..params import parsing
from ..params.guard import Guard
from ..probing.forks import forkable
from ..profiles.store import ProfileStore
from .attempts import Attempts
from .events import Event, Events
from .validation import (
    being_connected,
    check_alias,
    check_keywords,
    check_new_alias,
    differences_between,
    in_use,
    not_connected,
    not_there,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..params.endpoint import ConnectionParams
    from ..profiles.profile import Profile
    from .connection import Connection
    from .events import Kind
    from .foreign import ForeignConnections

__all__ = ["DEFAULT_ALIAS", "MAX_CONNECTIONS", "Aliases"]

DEFAULT_ALIAS: Final = "default"

#: Milvus's documented limit of connections ("Manage Milvus Connections", Limits).
MAX_CONNECTIONS: Final = 65_536


class Aliases:
    """What is known by a name: connections, remembered parameters, profiles. Thread-safe.

    Parameters
    ----------
    timeout
        Seconds that a connect may take where the caller does not say.
    others
        The connections that others opened, which have names instead of aliases.
    """

    def __init__(self, timeout: float, others: ForeignConnections) -> None:
        self.timeout = timeout
        self.profiles = ProfileStore()
        """Saved connections: the user's, and the project's of the working folder."""
        self._lock = forkable(threading.RLock())
        self._connections: dict[str, Connection] = {}
        self._attempts = Attempts()
        self._remembered: dict[str, ConnectionParams] = {}
        self._others = others
        self._current: str | None = None  # an alias may be empty
        self._events = Events()

    # What there is

    def aliases(self) -> list[str]:
        """List the connected aliases, oldest first."""
        with self._lock:
            return list(self._connections)

    def connections(self) -> list[Connection]:
        """List the connections, oldest first, with those that are just being opened."""
        with self._lock:
            return [*self._connections.values(), *self.attempted()]

    def attempted(self) -> list[Connection]:
        """List those that are just being opened, under an alias that has no connection yet."""
        with self._lock:
            return [
                connection
                for connection in self._attempts.oldest()
                if connection.alias not in self._connections
            ]

    def others(self) -> list[Connection]:
        """List the connections that others opened in this process, as `look` last saw them.

        They have names such as ``"orm:default"`` and ``"client:store"``; see `adopt`.
        """
        return self._others.connections()

    @property
    def current(self) -> Connection | None:
        """The connection that is meant where no alias is given, the one connected or used last.

        Once it is disconnected there is none, until the user connects or chooses another.
        """
        with self._lock:
            return None if self._current is None else self._connections.get(self._current)

    def get(self, alias: str) -> Connection | None:
        """Give the alias's connection, or None."""
        with self._lock:
            return self._connections.get(alias)

    def find(self, name: str) -> Connection:
        """Give the connection of an alias, or the one of somebody else that has this name.

        Raises
        ------
        AliasError
            There is none.
        """
        with self._lock:
            connection = self._named(name)
            if connection is not None:
                return connection
            attempted, remembered = self._attempts.connection(name), self._remembered.get(name)
        if attempted is not None:
            raise being_connected(name, attempted.params)
        if remembered is not None:
            raise not_connected(name, remembered)
        raise not_there(name, [known.alias for known in [*self.connections(), *self.others()]])

    def remembered(self, alias: str) -> ConnectionParams | None:
        """Give the parameters that ``connect(alias)`` would use, or None."""
        with self._lock:
            return self._remembered.get(alias)

    def free_alias(self, name: str) -> str:
        """Give an alias for a connection of somebody else: its name without the kind.

        ``"client:store._milvus_client"`` becomes ``"store"``; one that is taken gets a number.
        An alias of ours is given back.
        """
        if name in self.aliases():
            return name
        kind, _, rest = name.partition(":")
        word = re.split(r"[.\[]", rest)[0] or kind
        taken = {connection.alias for connection in self.connections()}
        alias, number = word, 1
        while alias in taken:
            number += 1
            alias = f"{word}-{number}"
        return alias

    def _named(self, name: str) -> Connection | None:
        """Give the connection of an alias, or the one of somebody else; under the lock."""
        return self._connections.get(name) or self._others.get(name)

    def _require_room(self, alias: str) -> None:
        if len(self._connections) + len(self._attempts) >= MAX_CONNECTIONS:
            raise AliasError(
                f"Cannot connect {alias}: there are {MAX_CONNECTIONS:,} connections.",
                "That is the limit of connections.",
                "Disconnect one first: %milvus disconnect ALIAS",
            )

    # What a name means

    def profile_for(self, alias: str, **given: Any) -> Profile | None:
        """Give the profile that connecting an alias means; None where it is none.

        Parameters
        ----------
        alias
            As in `connect`. One that is remembered, or comes with a place, means no profile.
        **given
            The keywords of `connect`.

        Raises
        ------
        ProfileError
            As in `ProfileStore.meant_by`.
        """
        if self.remembered(alias) is not None or parsing.names_a_place(**given):
            return None
        profile = self.profiles.meant_by(alias)
        if alias != DEFAULT_ALIAS or profile is None or self.profiles.is_allowed(profile):
            return profile
        # Nobody has named it: what the user has set goes before what a project wants.
        own = self.profiles.find().hidden.get(alias)
        return own or (None if os.environ.get("MILVUS_URI") else profile)

    def plan(self, alias: str, **given: Any) -> ConnectionParams:
        """Give what connecting an alias without a profile would use; nothing is connected.

        Raises
        ------
        AliasError, ParamsError
            As in `connect`.
        """
        check_new_alias(alias)
        check_keywords(given)
        return self._params(alias, **given)

    def require_free(self, alias: str, params: ConnectionParams) -> None:
        """Raise AliasError where an alias is in use by other parameters, whatever the secret is."""
        live = self.get(alias)
        if live is None or live.has_failed:
            return
        there = live.params.endpoint
        asked = dataclasses.replace(
            params.endpoint,
            credentials=there.credentials,
            user=params.user or there.user,  # a token may say the user, too
        )
        differences = differences_between(live.params, dataclasses.replace(params, endpoint=asked))
        if differences:
            raise in_use(alias, live.state, differences)

    def profile_named(self, name: str | None) -> Profile | None:
        """Give the profile that `examine` takes a name for; None for an alias or an address.

        Raises
        ------
        ProfileError
            As in `ProfileStore.meant_by`.
        """
        return None if not name or self.is_known(name) else self.profiles.meant_by(name)

    def is_known(self, name: str | None) -> bool:
        """Tell whether `examine` takes a name for a connection; None for the current one."""
        return self._known(name)[1] is not None

    def _known(self, name: str | None) -> tuple[str, ConnectionParams | None]:
        """Give the alias that is meant, and its parameters if it has any."""
        with self._lock:
            current = DEFAULT_ALIAS if self._current is None else self._current
            alias = name if name is not None else current
            live = self._named(alias)
            return alias, live.params if live is not None else self._remembered.get(alias)

    def _meant(self, name: str | None, given: dict[str, Any]) -> tuple[str, ConnectionParams]:
        """Give the alias that `examine` takes a name for, or none, and what is examined."""
        if name is not None:
            check_alias(name)
        alias, known = self._known(name)
        if known is not None:
            return alias, self._with_timeout(known, alias, given)
        if name == "":
            raise ParamsError(
                "There is nothing to examine: the name is empty.",
                "A variable in its place may have no value.",
                "Give an alias, a profile or an address; or none, for the current connection.",
            )
        check_keywords(given)
        return "", self._parse(uri=name or "", **given)

    def _with_timeout(
        self, params: ConnectionParams, alias: str, given: dict[str, Any]
    ) -> ConnectionParams:
        timeout = given.pop("timeout", None)
        if not parsing.is_empty(**given):
            raise ParamsError(
                f"{alias} is a connection, and is examined with its own sign-in and TLS.",
                "",
                "Leave out the options, or give an address.",
            )
        if timeout is None:
            return params
        seconds = self._parse(timeout=timeout, env={}).timeout
        return dataclasses.replace(params, timeout=seconds)

    def _params(self, alias: str, **given: Any) -> ConnectionParams:
        remembered = self.remembered(alias)
        if remembered is None or parsing.names_a_place(**given):
            return self._parse(**given)
        return parsing.change(remembered, **given)

    def _parse(self, **given: Any) -> ConnectionParams:
        return parsing.parse_again(self.timeout, **given)

    # Which profile a connection is of

    def mark(self, alias: str, guard: Guard) -> None:
        """Say that a connection is that of a profile."""
        with self._lock:
            connections = [attempt.connection for attempt in self._attempts.of(alias)]
            if (live := self._connections.get(alias)) is not None:
                connections.append(live)
            for connection in connections:
                connection.params = dataclasses.replace(connection.params, guard=guard)
            remembered = self._remembered.get(alias)
            if remembered is not None:
                self._remembered[alias] = dataclasses.replace(remembered, guard=guard)
        self._emit("changed", alias)

    def follow_profile(
        self, name: str, profile: Profile | None, *, same_account: bool = False
    ) -> None:
        """Have the connections of a profile follow it: renamed, changed, or gone (None).

        Parameters
        ----------
        name
            The profile's until now.
        profile
            What it is now.
        same_account
            Whether only those follow that go where it goes: the user has not changed it here, and
            it may be another's of the same name.
        """
        with self._lock:
            known = dict(self._remembered)  # those that are disconnected may come back
        known.update((connection.alias, connection.params) for connection in self.connections())
        for alias, params in known.items():
            guard = params.guard
            if not name or guard.profile != name:
                continue
            if profile is None:
                self.mark(alias, Guard())
            elif not same_account or guard.seal == profile.seal:
                followed = profile.guard(dict(guard.overrides))
                self.mark(alias, dataclasses.replace(followed, seal=guard.seal))

    # Who is told

    def subscribe(self, listener: Callable[[Event], None]) -> Callable[[], None]:
        """Call `listener` with every event, on any thread; it must not block.

        Returns
        -------
        callable
            Ends the subscription.
        """
        return self._events.subscribe(listener)

    def _make_current(self, alias: str) -> None:
        with self._lock:
            self._note_current(alias)
        self._events.tell()

    def _note_current(self, alias: str) -> None:
        """Make it the current one; under the lock, and to be told without it."""
        if alias != self._current:
            self._current = alias
            self._events.note("current", alias)

    def _tell(self, alias: str, *, makes_current: bool = False) -> None:
        """Tell what has become of an alias, which may become the current one."""
        with self._lock:
            self._note_presence(alias)
            if makes_current:
                self._note_current(alias)
        self._events.tell()

    def _note_presence(self, alias: str) -> None:
        """Note what has become of an alias; under the lock, and to be told without it."""
        is_there = alias in self._connections or alias in self._attempts
        self._events.note_presence(alias, is_there=is_there)

    def _emit(self, kind: Kind, alias: str) -> None:
        self._events.note(kind, alias)
        self._events.tell()
