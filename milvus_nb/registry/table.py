"""The table of aliases and connections, for views: opens and closes them, and never blocks.

`ConnectionRegistry` is the same for people, who wait.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import re
import threading
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Literal

from ..base.forks import forkable
from ..base.once import Once
from ..base.suggestion import closest
from ..base.waiting import to_the_end, uncancelled
from ..errors import AliasError, ClosedError, ParamsError, without_frames
from ..params import parsing
from ..params.endpoint import ConnectionParams
from ..params.guard import Guard
from ..params.secret import shown_name
from ..probing.stages import Stage, Stages
from ..profiles.profile import Profile
from ..profiles.store import ProfileStore
from ..watching.doctor import examine
from ..watching.monitor import Job, Monitor
from .connection import Connection, PingResult
from .events import Event, Events
from .foreign import Others
from .opening import examine_profile, open_profile
from .validation import (
    check_alias,
    check_keywords,
    check_new_alias,
    differences_between,
    in_use,
    is_opening,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..views.report import Report
    from ..watching.watch import Pace

__all__ = ["DEFAULT_ALIAS", "MAX_CONNECTIONS", "ConnectionTable", "Event"]

_log = logging.getLogger(__name__)

DEFAULT_ALIAS: Final = "default"

#: Milvus's documented limit of connections ("Manage Milvus Connections", Limits).
MAX_CONNECTIONS: Final = 65_536


# A connect waits at least so long until what it replaces is closed, in seconds; usually it is.
_CLOSING_S: Final = 0.5


@dataclass
class _Opening:
    """A connect that is under way."""

    connection: Connection
    job: Job[Connection]


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
        self._opening: dict[str, list[_Opening]] = {}
        self._closing: dict[str, Job[None]] = {}
        self._remembered: dict[str, ConnectionParams] = {}
        self._current: str | None = None  # an alias may be empty
        self._events = Events()
        self._others = self._make_others()
        self._ending = forkable(threading.Lock())
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
                openings[0].connection
                for alias, openings in self._opening.items()
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
        found = self.get(name) or self._others.get(name)
        if found is not None:
            return found
        with self._lock:
            openings, remembered = self._opening.get(name), self._remembered.get(name)
        if openings:
            raise is_opening(name, openings[0].connection.params)
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
            f"There is no connection {shown_name(name)}.",
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
            check_new_alias(alias)
            check_keywords(given)
            profile = self.profile_for(alias, **given)
            if profile is not None:
                return open_profile(
                    self, profile, alias, replace_it=replace, report=report, **given
                )
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
        ParamsError, AliasError
            As in `connect`.
        """
        check_new_alias(alias)
        self._prepare()
        with self._lock:
            live = self._connections.get(alias)
            differences = differences_between(live.params, params) if live is not None else []
            stages = Stages.of(params.endpoint, report)
            if live is not None and not differences:
                again = self._reuse(self.monitor, live, params, stages, quietly=quietly)
                return self.monitor.submit(again)
            # What does not work gives way to what is tried now, once that works.
            if live is not None and not (replace or live.has_failed):
                raise in_use(alias, live.state, differences)
            for opening in self._opening.get(alias, ()):
                if opening.job.is_cancelled:
                    continue
                if differences := differences_between(opening.connection.params, params):
                    raise is_opening(alias, opening.connection.params, differences)
            if live is None:
                self._require_room(alias)
            # Beside another attempt, which has a timeout of its own; whichever succeeds first
            # becomes the alias's connection.
            connection = Connection(alias, params, self.monitor, self._disconnect)
            job = self.monitor.submit(self._open(connection, stages, quietly=quietly))
            self._opening.setdefault(alias, []).append(_Opening(connection, job))
        self._tell(alias)
        return job

    def close(self, name: str) -> Job[None]:
        """Start to disconnect; the job ends when the sockets are closed."""
        with self._lock:
            connection = self._connections.get(name) or self._others.get(name)
            if connection is None:
                return self._closing.get(name) or Job.of(None)
            job = self.monitor.submit(self._close(self._others, name, connection))
            self._closing[name] = job
            self._connections.pop(name, None)

            def closed(_: object) -> None:
                with self._lock:
                    if self._closing.get(name) is job:
                        del self._closing[name]

        job.add_done_callback(closed)
        return job

    def cancel(self, alias: str) -> None:
        """Cancel the attempts to connect that are under way, if there are any."""
        with self._lock:
            openings = list(self._opening.get(alias, ()))
        for opening in openings:
            opening.job.cancel()

    def examine(
        self,
        name: str | ConnectionParams | Profile | None = None,
        report: Callable[[list[Stage]], None] | None = None,
        **given: Any,
    ) -> Job[Report]:
        """Start to examine an alias, a profile, an address, or parameters; see `diagnose`, `open`.

        With an address come `connect`'s keywords.
        """
        alias = ""
        if name is None or isinstance(name, str):
            name = self.profile_named(name) or name
        if isinstance(name, Profile):
            return examine_profile(self, name, report, **given)
        if isinstance(name, ConnectionParams):
            params = name
        else:
            if name is not None:
                check_alias(name)
            alias, known = self._known(name)
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
        monitor = self.monitor
        return monitor.submit(examine(monitor, params, Stages.of(params.endpoint, report), alias))

    def profile_named(self, name: str | None) -> Profile | None:
        """Give the profile that `examine` takes a name for; None for an alias or an address.

        Raises
        ------
        ProfileError
            As in `ProfileStore.meant_by`.
        """
        is_free = bool(name) and self._known(name)[1] is None
        return self.profiles.meant_by(name) if name and is_free else None

    def is_known(self, name: str | None) -> bool:
        """Tell whether `examine` takes a name for a connection; None for the current one."""
        return self._known(name)[1] is not None

    def _known(self, name: str | None) -> tuple[str, ConnectionParams | None]:
        """Give the alias that is meant, and its parameters if it has any."""
        with self._lock:
            current = DEFAULT_ALIAS if self._current is None else self._current
            alias = name if name is not None else current
            live = self._connections.get(alias) or self._others.get(alias)
            return alias, live.params if live is not None else self._remembered.get(alias)

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
        return replace(params, timeout=self._parse(timeout=timeout, env={}).timeout)

    def measure(self, alias: str, count: int = 5) -> Job[PingResult]:
        """Start to ping."""
        connection = self.find(alias)
        return connection.live_monitor().submit(connection.measure(count))

    def retry(self, name: str) -> None:
        """Have the connection's server probed at once."""
        self.monitor.call(self.find(name).retry)

    def databases(self, name: str) -> Job[list[str]]:
        """Start to ask for the names of the databases, sorted; none where it does not tell."""
        connection = self.find(name)
        return connection.live_monitor().submit(connection.list_databases())

    def look(self) -> Job[None]:
        """Start to look for connections that others opened or closed; see `others`."""
        with self._lock:
            if self._looking is None or self._looking.done():
                self._looking = self.monitor.submit(self._look(self._others))
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
        check_new_alias(alias)
        self._prepare()
        with self._lock:
            connection = self._others.get(name)
            if connection is None:
                raise _not_others(self.find(name))
            openings = self._opening.get(alias)
            taken = self._connections.get(alias) or (openings[0].connection if openings else None)
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
        self._tell(alias)
        self._make_current(alias)
        return connection

    def mark(self, alias: str, guard: Guard) -> None:
        """Say that a connection is that of a profile."""
        with self._lock:
            self._set_guard(alias, guard)
        self._emit("changed", alias)

    def _set_guard(self, alias: str, guard: Guard) -> None:
        """Give a connection, also one on the way, what it has of a profile."""
        found = [opening.connection for opening in self._opening.get(alias, ())]
        if (live := self._connections.get(alias)) is not None:
            found.append(live)
        for connection in found:
            connection.params = replace(connection.params, guard=guard)
        known = self._remembered.get(alias)
        if known is not None:
            self._remembered[alias] = replace(known, guard=guard)

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
        known.update((one.alias, one.params) for one in self.connections())
        for alias, params in known.items():
            guard = params.guard
            if not name or guard.profile != name:
                continue
            if profile is None:
                self.mark(alias, Guard())
            elif not same_account or guard.seal == profile.seal:
                followed = profile.guard(dict(guard.overrides))
                self.mark(alias, replace(followed, seal=guard.seal))

    def subscribe(self, listener: Callable[[Event], None]) -> Callable[[], None]:
        """Call `listener` with every event, on any thread; it must not block.

        Returns
        -------
        callable
            Ends the subscription.
        """
        return self._events.subscribe(listener)

    def forget_others(self) -> None:
        """Stop watching the connections of others, adopted or not; they stay open."""
        with self._lock:
            if not self._others.are_known:
                return
            job = self.monitor.submit(self._forget_others(self._others))
        job.wait(cancel_on_interrupt=False)

    def close_all(self) -> None:
        """Close all that is ours, and end the monitor's thread.

        Who waits for something of before is told that it was closed; what begins afterwards gets a
        thread of its own.
        """
        self.monitor.refuse_own_thread()
        with self._ending:  # who comes second returns as late as the first
            with self._lock:
                monitor, self.monitor = self.monitor, Monitor(self.monitor.pace)
                others, self._others = self._others, self._make_others()
                connections, self._connections = self._connections, {}
                openings, self._opening = self._opening, {}
                self._remembered.clear()
                self._closing.clear()
                self._looking = None
            once = Once()
            for connection in [*connections.values(), *others.connections()]:
                with once.logged("Closing a connection failed"):
                    connection.close_here()
            for opening in [one for some in openings.values() for one in some]:
                opening.job.cancel()
            monitor.stop(lambda: self._close_all(connections, others))

    def _make_others(self) -> Others:
        return Others(self.monitor, self._emit, self._disconnect)

    def _prepare(self) -> None:
        """Do what has to be done before the first connection; called before each."""

    # On the monitor's thread

    async def _open(self, connection: Connection, stages: Stages, *, quietly: bool) -> Connection:
        alias, monitor = connection.alias, connection.live_monitor()
        ends = time.monotonic() + connection.params.timeout
        try:
            await connection.open(stages)
        except BaseException:
            with self._lock:
                self._forget_opening(connection)
            self._tell(alias)
            raise
        with self._lock:
            is_wanted = self._forget_opening(connection)
            unused: Connection | None = connection
            found, live = connection, self._connections.get(alias)
            if live is not None and not differences_between(live.params, connection.params):
                found = live  # another attempt was sooner
            elif is_wanted:
                unused = live
                self._connections[alias] = connection
                self._remembered[alias] = connection.params
        if found is connection and is_wanted:
            connection.observe(lambda _: self._emit("changed", alias), ["state", "reason", "note"])
        if is_wanted:
            if found is not connection and connection.params.guard.profile:
                self.mark(alias, connection.params.guard)
            self._tell(alias)
            if not quietly:
                self._make_current(alias)
        if unused is not None:
            # It is connected: neither a cancellation nor what is slow to close changes that.
            left = max(ends - time.monotonic(), _CLOSING_S)
            await monitor.finish(unused.close(), left)
        if not is_wanted:
            raise ClosedError("milvus_nb was shut down meanwhile.", "", "Connect again.")
        return found

    def _forget_opening(self, connection: Connection) -> bool:
        """Take an attempt out of the list; False where everything was shut down meanwhile."""
        openings = self._opening.get(connection.alias, [])
        kept = [opening for opening in openings if opening.connection is not connection]
        if kept:
            self._opening[connection.alias] = kept
        else:
            self._opening.pop(connection.alias, None)
        return len(kept) < len(openings)

    async def _reuse(
        self,
        monitor: Monitor,
        connection: Connection,
        params: ConnectionParams,
        stages: Stages,
        *,
        quietly: bool,
    ) -> Connection:
        alias = connection.alias
        if params.guard.profile:
            self.mark(alias, params.guard)
        with contextlib.suppress(ClosedError):
            if connection.state not in ("connected", "degraded", "disconnected"):
                await connection.verify(stages, params.timeout)
        if connection.state != "disconnected":
            if not quietly:
                self._make_current(alias)
            return connection
        # By another thread, since we looked.
        if self.monitor is not monitor:
            raise ClosedError("milvus_nb was shut down meanwhile.", "", "Connect again.")
        return await self.open(alias, params, quietly=quietly).joined()

    async def _close(self, others: Others, name: str, connection: Connection) -> None:
        # Also where everything is shut down meanwhile, which wants the same.
        own = connection.origin == "milvus_nb"
        try:
            await uncancelled(connection.close() if own else others.close(connection))
        finally:
            self._let_go(name, connection)

    async def _close_all(self, connections: dict[str, Connection], others: Others) -> None:
        """Close the connections of before `close_all`; those that others opened stay open."""
        for connection in await others.forget():
            self._let_go(connection.alias, connection)
        own = [found for found in connections.values() if found.origin == "milvus_nb"]
        for closed in await asyncio.gather(
            *(found.close() for found in own), return_exceptions=True
        ):
            if isinstance(closed, Exception):
                _log.error("Closing a connection failed", exc_info=closed)
        for connection in own:
            self._let_go(connection.alias, connection)

    def _let_go(self, alias: str, connection: Connection) -> None:
        connection.unobserve_all()
        self._tell(alias)
        with self._lock:
            if self._current == alias and alias not in self._connections:
                # None: what comes next without an alias would go where nobody said.
                self._current = None
                self._events.note("current", "")
        self._events.tell()

    async def _look(self, others: Others) -> None:
        for connection in await others.look():
            await to_the_end(connection.close(theirs=False))
            self._drop(connection)

    async def _forget_others(self, others: Others) -> None:
        for connection in await to_the_end(others.forget()):
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

    def _make_current(self, alias: str) -> None:
        with self._lock:
            if alias == self._current:
                return
            self._current = alias
            self._events.note("current", alias)
        self._events.tell()

    def _tell(self, alias: str) -> None:
        """Tell what has become of an alias."""
        with self._lock:
            is_there = alias in self._connections or alias in self._opening
            self._events.note_presence(alias, is_there=is_there)
        self._events.tell()

    def _emit(self, kind: Literal["added", "changed", "removed"], alias: str) -> None:
        self._events.note(kind, alias)
        self._events.tell()

    # Parameters

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

    def _params(self, alias: str, **given: Any) -> ConnectionParams:
        remembered = self.remembered(alias)
        if remembered is None or parsing.names_a_place(**given):
            return self._parse(**given)
        return parsing.change(remembered, **given)

    def _parse(self, **given: Any) -> ConnectionParams:
        return parsing.parse(**given, default_timeout=self.timeout)

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
