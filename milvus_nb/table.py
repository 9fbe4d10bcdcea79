"""Aliases and their connections, for views: nothing here blocks.

`ConnectionRegistry` is the same for people, who wait.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Literal

from . import params as parameters
from .blocking import to_the_end
from .checks import check_alias, check_keywords, differences_between, in_use, is_opening
from .connection import Connection, PingResult
from .doctor import Report, examine
from .errors import AliasError, ParamsError, without_frames
from .forks import forkable
from .monitor import Job, Monitor
from .near import closest
from .others import Others
from .params import Guard
from .profiles import ProfileStore
from .profiles.opening import examine_profile, open_profile
from .stages import Stage, Stages

if TYPE_CHECKING:
    from collections.abc import Callable

    from .params import ConnectionParams
    from .profiles import Profile
    from .watch import Pace

__all__ = ["DEFAULT_ALIAS", "MAX_CONNECTIONS", "ConnectionTable", "Event"]

_log = logging.getLogger(__name__)

DEFAULT_ALIAS: Final = "default"

#: Milvus's documented limit of connections ("Manage Milvus Connections", Limits).
MAX_CONNECTIONS: Final = 65_536


@dataclass(frozen=True)
class Event:
    """Something changed.

    Attributes
    ----------
    kind
        ``"added"``, ``"changed"``, ``"removed"``: the connection of that alias;
        ``"current"``: which one is current.
    alias
        Whose; empty where no connection is current any more.
    """

    kind: Literal["added", "changed", "removed", "current"]
    alias: str


@dataclass
class _Opening:
    """A connect that is under way."""

    connection: Connection
    job: Job[Connection]
    quietly: bool


class ConnectionTable:
    """Aliases and their connections. Thread-safe; what takes time is a `Job`.

    Parameters
    ----------
    pace
        How often servers are probed.
    timeout
        Seconds that a connect may take where the caller does not say.
    """

    def __init__(self, pace: Pace, timeout: float) -> None:
        self.timeout = timeout
        self.monitor = Monitor(pace)
        self._lock = forkable(threading.RLock())
        self._connections: dict[str, Connection] = {}
        self._opening: dict[str, _Opening] = {}
        self._remembered: dict[str, ConnectionParams] = {}
        self._current: str | None = None  # an alias may be empty
        self._listeners: list[Callable[[Event], None]] = []
        self._others = Others(self.monitor, self._emit, self._disconnect)
        self._looking: Job[None] | None = None
        self.profiles = ProfileStore()
        """Saved connections: the user's, and the project's of the working folder."""

    # What there is

    def aliases(self) -> list[str]:
        """List the connected aliases, oldest first."""
        with self._lock:
            return list(self._connections)

    def connections(self) -> list[Connection]:
        """List the connections, oldest first, with those that are just being opened."""
        with self._lock:
            opening = [
                opening.connection
                for alias, opening in self._opening.items()
                if alias not in self._connections
            ]
            return [*self._connections.values(), *opening]

    def others(self) -> list[Connection]:
        """List the connections that others opened in this process, as `look` last saw them.

        They have names such as ``"orm:default"`` and ``"client:store"``; see `adopt`.
        """
        return self._others.connections()

    @property
    def current(self) -> Connection | None:
        """The connection that is meant where no alias is given: the one connected or used last.

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
        found = self.get(name) or self._others.get(name)
        if found is not None:
            return found
        with self._lock:
            opening, remembered = self._opening.get(name), self._remembered.get(name)
        if opening is not None:
            raise is_opening(name, opening.connection.params)
        if remembered is not None:
            raise AliasError(
                f"{name} is not connected.",
                f"It goes to {remembered.address}; its parameters are remembered.",
                f"Connect it: %milvus connect -a {name}",
            )
        names = [connection.alias for connection in [*self.connections(), *self.others()]]
        same = (known for known in names if known.partition(":")[2] == name.rpartition(":")[2])
        near = next(same, "") or closest(name, names)
        fix = "%milvus status shows them." if names else "Connect first: %milvus connect"
        raise AliasError(
            f"There is no connection {name}.",
            f"There are: {', '.join(names)}." if names else "Nothing is connected.",
            f"Did you mean {near}?" if near else fix,
        )

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

    # What can be started

    def start(
        self,
        alias: str = DEFAULT_ALIAS,
        *,
        replace: bool = False,
        report: Callable[[list[Stage]], None] | None = None,
        **given: Any,
    ) -> Job[Connection]:
        """Start to connect, with `connect`'s keywords; see `open` for the rest.

        An alias that says nothing yet, and is the name of a profile, means that.
        """
        failure: Exception | None = None
        try:
            check_alias(alias)
            check_keywords(given)
            if self._is_profile(alias, **given):
                return open_profile(self, alias, replace_it=replace, report=report, **given)
            params = self._params(alias, **given)
        except Exception as error:  # noqa: BLE001  # raised below, without the frames
            failure = error
        finally:
            given.clear()  # as in `connect`
        if failure is not None:
            raise without_frames(failure)
        return self.open(alias, params, replace=replace, report=report)

    def open(
        self,
        alias: str,
        params: ConnectionParams,
        *,
        replace: bool = False,
        report: Callable[[list[Stage]], None] | None = None,
        quietly: bool = False,
    ) -> Job[Connection]:
        """Start to connect.

        Parameters
        ----------
        alias, params, replace
            As in `connect`.
        report
            Gets all stages whenever one changes, on the monitor's thread.
        quietly
            Whether the connection does not become the current one.

        Raises
        ------
        AliasError
            As in `connect`.
        """
        self._prepare()
        with self._lock:
            found = self._join(alias, params, replace=replace, quietly=quietly)
            stages = Stages.of(params.endpoint, report)
            if found is None:
                connection = Connection(alias, params, self.monitor, self._disconnect)
                job = self.monitor.submit(self._open(connection, stages))
                self._opening[alias] = _Opening(connection, job, quietly)
            elif isinstance(found, _Opening):
                job = found.job
            else:
                job = self.monitor.submit(self._reuse(found, stages, quietly=quietly))
        if found is None or params.guard.profile:
            self._emit("added" if found is None else "changed", alias)
        return job

    def _join(
        self, alias: str, params: ConnectionParams, *, replace: bool, quietly: bool
    ) -> Connection | _Opening | None:
        """Give what there is of these parameters already; None where it has to be opened."""
        live, opening = self._connections.get(alias), self._opening.get(alias)
        differences = differences_between(live.params, params) if live is not None else []
        if live is not None and not differences:
            if params.guard.profile:
                self._set_guard(alias, params.guard)
            return live
        # What does not work gives way to what is tried now, once that works.
        if live is not None and not (replace or live.has_failed):
            raise in_use(alias, live.state, differences)
        if opening is not None and not opening.job.is_cancelled:
            if differences := differences_between(opening.connection.params, params):
                raise is_opening(alias, opening.connection.params, differences)
            if params.guard.profile:
                self._set_guard(alias, params.guard)
            opening.quietly = opening.quietly and quietly
            return opening
        if live is None:
            self._require_room(alias)
        return None

    def close(self, name: str) -> Job[None]:
        """Start to disconnect; the job ends when the sockets are closed."""
        return self.monitor.submit(self._close(name))

    def cancel(self, alias: str) -> None:
        """Cancel an attempt to connect that is under way, if there is one."""
        with self._lock:
            opening = self._opening.get(alias)
        if opening is not None:
            opening.job.cancel()

    def examine(
        self,
        name: str | ConnectionParams | None = None,
        report: Callable[[list[Stage]], None] | None = None,
        **given: Any,
    ) -> Job[Report]:
        """Start to examine an alias, a profile, an address, or parameters; see `diagnose`, `open`.

        With an address come `connect`'s keywords.
        """
        alias = ""
        if isinstance(name, parameters.ConnectionParams):
            params = name
        else:
            if name is not None:
                check_alias(name)
            with self._lock:
                current = DEFAULT_ALIAS if self._current is None else self._current
                alias = name if name is not None else current
                live = self._connections.get(alias) or self._others.get(alias)
                known = live.params if live is not None else self._remembered.get(alias)
            profile = self.profiles.meant_by(name) if name and known is None else None
            if profile is not None:
                return examine_profile(self, profile, report, **given)
            if known is None and name == "":
                raise ParamsError(
                    "There is nothing to examine: the name is empty.",
                    "A variable in its place may have no value.",
                    "Give an alias, a profile or an address; or none, for the current connection.",
                )
            if known is None:
                alias = ""
                params = self._parse(uri=name or "", **given)
            else:
                params = self._with_timeout(known, alias, given)
        given.clear()
        return self.monitor.submit(
            examine(self.monitor, params, Stages.of(params.endpoint, report), alias)
        )

    def _with_timeout(
        self, params: ConnectionParams, alias: str, given: dict[str, Any]
    ) -> ConnectionParams:
        timeout = given.pop("timeout", None)
        if not parameters.is_empty(**given):
            raise ParamsError(
                f"{alias} is a connection, and is examined with its own sign-in and TLS.",
                "",
                "Leave out the options, or give an address.",
            )
        if timeout is None:
            return params
        return replace(params, timeout=self._parse(timeout=timeout, env={}).timeout)

    def measure(self, alias: str, count: int = 5) -> Job[PingResult]:
        """Start to ping."""
        return self.monitor.submit(self.find(alias).measure(count))

    def retry(self, name: str) -> None:
        """Have the connection's server probed at once."""
        self.monitor.call(self.find(name).retry)

    def databases(self, name: str) -> Job[list[str]]:
        """Start to ask for the names of the databases, sorted; none where it does not tell."""
        return self.monitor.submit(self.find(name).databases())

    def look(self) -> Job[None]:
        """Start to look for connections that others opened or closed; see `others`."""
        with self._lock:
            if self._looking is None or self._looking.done():
                self._looking = self.monitor.submit(self._look())
            return self._looking

    def adopt(self, name: str, alias: str) -> Connection:
        """Give an alias to a connection that somebody else opened.

        It stays what it is, with the clients that use it, and is disconnected like any other.

        Parameters
        ----------
        name
            Its name in `others`.
        alias
            From now on the registry's.

        Raises
        ------
        AliasError
            There is no such connection, the alias is taken, or there are 65,536 connections.
        """
        check_alias(alias)
        self._prepare()
        with self._lock:
            connection = self._others.get(name)
            if connection is None:
                raise _not_others(self.find(name))
            opening = self._opening.get(alias)
            taken = self._connections.get(alias) or (opening.connection if opening else None)
            if taken is not None:
                how = "It is that of" if alias in self._connections else "It is being connected to"
                raise AliasError(
                    f"The alias {alias} is taken.",
                    f"{how} {taken.address}.",
                    f"Give another: %milvus adopt {name} -a ALIAS",
                )
            self._require_room(alias)
            self._others.adopt(connection, alias)
            self._connections[alias] = connection
            self._remembered[alias] = connection.params
        self._emit("removed", name)
        self._emit("added", alias)
        self._make_current(alias)
        return connection

    def mark(self, alias: str, guard: Guard) -> None:
        """Say that a connection is that of a profile."""
        with self._lock:
            self._set_guard(alias, guard)
        self._emit("changed", alias)

    def _set_guard(self, alias: str, guard: Guard) -> None:
        """Give a connection, also one on the way, what it has of a profile."""
        opening = self._opening.get(alias)
        found = [self._connections.get(alias), opening.connection if opening else None]
        for connection in found:
            if connection is not None:
                connection.params = replace(connection.params, guard=guard)
        known = self._remembered.get(alias)
        if known is not None:
            self._remembered[alias] = replace(known, guard=guard)

    def follow_profile(self, name: str, profile: Profile | None) -> None:
        """Have the connections of a profile follow it: renamed, changed, or gone (None)."""
        with self._lock:
            known = dict(self._remembered)  # those that are disconnected may come back
        known.update((one.alias, one.params) for one in self.connections())
        for alias, params in known.items():
            if name and params.guard.profile == name:
                overrides = dict(params.guard.overrides)
                self.mark(alias, profile.guard(overrides) if profile else Guard())

    def subscribe(self, listener: Callable[[Event], None]) -> Callable[[], None]:
        """Call `listener` with every event, on any thread; it must not block.

        Returns
        -------
        callable
            Ends the subscription.
        """
        with self._lock:
            self._listeners.append(listener)

        def unsubscribe() -> None:
            with self._lock:
                if listener in self._listeners:
                    self._listeners.remove(listener)

        return unsubscribe

    def forget_others(self) -> None:
        """Stop watching the connections of others, adopted or not; they stay open."""
        if self._others.are_known:
            self.monitor.submit(self._forget_others()).wait(cancel_on_interrupt=False)

    def _prepare(self) -> None:
        """Do what has to be done before the first connection; called before each."""

    # On the monitor's thread

    async def _open(self, connection: Connection, stages: Stages) -> Connection:
        alias = connection.alias
        try:
            await connection.open(stages)
        except BaseException:
            with self._lock:
                self._forget_opening(connection)
                kept = alias in self._connections
            self._emit("changed" if kept else "removed", alias)
            raise
        with self._lock:
            quietly = self._forget_opening(connection)
            replaced = self._connections.get(alias)
            self._connections[alias] = connection
            self._remembered[alias] = connection.params
        connection.observe(lambda _: self._emit("changed", alias), ["state", "reason", "note"])
        self._emit("changed", alias)
        if not quietly:
            self._make_current(alias)
        if replaced is not None:
            with contextlib.suppress(asyncio.CancelledError):  # too late: it is connected
                await to_the_end(replaced.close())
        return connection

    def _forget_opening(self, connection: Connection) -> bool:
        """Take note that a connect has ended; tell whether it was to be quiet."""
        opening = self._opening.get(connection.alias)
        if opening is None or opening.connection is not connection:
            return False
        del self._opening[connection.alias]
        return opening.quietly

    async def _reuse(self, connection: Connection, stages: Stages, *, quietly: bool) -> Connection:
        if connection.state not in ("connected", "degraded", "disconnected"):
            await connection.verify(stages)
        if connection.state == "disconnected":  # by another thread, since we looked
            return await self.open(connection.alias, connection.params, quietly=quietly)
        if not quietly:
            self._make_current(connection.alias)
        return connection

    async def _close(self, name: str) -> None:
        with self._lock:
            connection = self._connections.pop(name, None) or self._others.get(name)
        if connection is None:
            return
        if connection.origin == "milvus_nb":
            await to_the_end(connection.close())
        else:
            await to_the_end(self._others.close(connection))
        self._let_go(name, connection)

    def _let_go(self, alias: str, connection: Connection) -> None:
        connection.unobserve_all()
        self._emit("removed", alias)
        with self._lock:
            if self._current != alias or alias in self._connections:
                return
        # None: what comes next without an alias would go where nobody said.
        self._make_current(None)

    async def _look(self) -> None:
        for connection in await self._others.look():
            await to_the_end(connection.close(theirs=False))
            self._drop(connection)

    async def _forget_others(self) -> None:
        for connection in await to_the_end(self._others.forget()):
            self._drop(connection)

    def _drop(self, connection: Connection) -> None:
        """Take a connection of somebody else out of the list, adopted or not."""
        alias = connection.alias
        with self._lock:
            if self._connections.get(alias) is connection:
                del self._connections[alias]
        self._let_go(alias, connection)

    def _disconnect(self, name: str) -> None:
        """Disconnect, and wait for it."""
        self.monitor.refuse_own_thread()
        if (connection := self.get(name) or self._others.get(name)) is not None:
            connection.close_here()
        self.close(name).wait(cancel_on_interrupt=False)

    def _make_current(self, alias: str | None) -> None:
        with self._lock:
            if alias == self._current:
                return
            self._current = alias
        self._emit("current", alias or "")

    def _emit(self, kind: Literal["added", "changed", "removed", "current"], alias: str) -> None:
        with self._lock:
            listeners = list(self._listeners)
        for listener in listeners:
            try:
                listener(Event(kind, alias))
            except Exception:  # noqa: BLE001  # a view's failure is its own
                _log.exception("A listener of the registry failed")

    # Parameters

    def _is_profile(self, alias: str, **given: Any) -> bool:
        if self.remembered(alias) is not None or parameters.names_a_place(**given):
            return False
        return self.profiles.meant_by(alias) is not None

    def _params(self, alias: str, **given: Any) -> ConnectionParams:
        remembered = self.remembered(alias)
        if remembered is None or parameters.names_a_place(**given):
            return self._parse(**given)
        return parameters.change(remembered, **given)

    def _parse(self, **given: Any) -> ConnectionParams:
        return parameters.parse(**given, default_timeout=self.timeout)

    def _require_room(self, alias: str) -> None:
        if len(self._connections) + len(self._opening) >= MAX_CONNECTIONS:
            raise AliasError(
                f"Cannot connect {alias}: there are {MAX_CONNECTIONS:,} connections.",
                "That is the limit of connections.",
                "Disconnect one first: %milvus disconnect ALIAS",
            )


def _not_others(connection: Connection) -> AliasError:
    return AliasError(
        f"{connection.alias} is one of our own connections already.",
        "Only what somebody else opened needs an alias.",
        "%milvus status shows both.",
    )
