"""The table of connections, for views: opens them, asks them, and never blocks.

`ConnectionRegistry` is the same for people, who wait.
"""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Any, Final

from ..errors import AliasError, ClosedError, without_frames
from ..params.endpoint import ConnectionParams
from ..probing.stages import Stage, Stages
from ..probing.waiting import to_the_end
from ..profiles.profile import Profile
from ..watching.doctor import examine
from ..watching.job import shut_down
from .aliases import DEFAULT_ALIAS
from .attempts import Attempt
from .closing import ClosingTable, closed
from .connection import Connection
from .opening import examine_profile, open_profile
from .validation import check_keywords, check_new_alias, differences_between, in_use

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..views.report import Report
    from ..watching.job import Job
    from ..watching.monitor import Monitor
    from .foreign import ForeignConnections
    from .ping import PingResult

__all__ = ["ConnectionTable"]

# A connect waits at least so long until what it replaces is closed, in seconds; usually it is.
_CLOSING_S: Final = 0.5


class ConnectionTable(ClosingTable):
    """Aliases and their connections. Thread-safe; what takes time is a `Job`."""

    def _prepare(self) -> None:
        """Do what has to be done before the first connection; called before each."""

    # Connecting

    def start_connect(
        self,
        alias: str = DEFAULT_ALIAS,
        *,
        replace: bool = False,
        report: Callable[[list[Stage]], None] | None = None,
        **given: Any,
    ) -> Job[Connection]:
        """Start to connect, with `connect`'s keywords; see `start_attempt` for the rest.

        An alias that says nothing yet, and is the name of a profile, means that.
        """
        failure: BaseException | None = None
        try:
            check_new_alias(alias)
            check_keywords(given)
            profile = self.profile_for(alias, **given)
            if profile is not None:
                return open_profile(self, profile, alias, replace=replace, report=report, **given)
            params = self._params(alias, **given)
        except BaseException as error:  # noqa: BLE001  # raised below, without the frames
            failure = error
        finally:
            given.clear()  # as in `connect`
        if failure is not None:
            raise without_frames(failure)
        return self.start_attempt(alias, params, replace=replace, report=report)

    def start_attempt(
        self,
        alias: str,
        params: ConnectionParams,
        *,
        replace: bool = False,
        report: Callable[[list[Stage]], None] | None = None,
        quietly: bool = False,
        creates: bool = False,
    ) -> Job[Connection]:
        """Start to connect an alias with parameters that are known.

        Parameters
        ----------
        alias, params, replace
            As in `connect`.
        report
            Gets all stages whenever one changes, on the monitor's thread.
        quietly
            Whether the connection does not become the current one.
        creates
            Whether its database is created where it is missing.

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
            self._attempts.require_same(alias, params)
            if live is None:
                self._require_room(alias)
            # Beside another attempt, which has a timeout of its own; whichever succeeds first
            # becomes the alias's connection.
            connection = Connection(alias, params, self.monitor, self._disconnect)
            job = self.monitor.submit(
                self._attempt(connection, stages, quietly=quietly, creates=creates)
            )
            self._attempts.add(Attempt(connection, job))
        self._tell(alias)
        return job

    def cancel(self, alias: str) -> None:
        """Cancel the attempts to connect that are under way, if there are any."""
        with self._lock:
            attempts = self._attempts.of(alias)
        for attempt in attempts:
            attempt.job.cancel()

    async def _attempt(
        self, connection: Connection, stages: Stages, *, quietly: bool, creates: bool
    ) -> Connection:
        alias, monitor, others = connection.alias, connection.live_monitor(), self._others
        ends = time.monotonic() + connection.params.timeout
        try:
            await connection.establish(stages, creates=creates)
        except BaseException:
            with self._lock:
                self._attempts.end(connection)
            self._tell(alias)
            raise
        with self._lock:
            is_wanted = self._attempts.end(connection)
            unused: Connection | None = connection
            result, live = connection, self._connections.get(alias)
            if live is not None and not differences_between(live.params, connection.params):
                result = live  # another attempt was sooner
            elif is_wanted:
                unused = live
                self._connections[alias] = connection
                self._remembered[alias] = connection.params
        if result is connection and is_wanted:
            connection.observe(lambda _: self._changed(connection), ["state", "reason", "note"])
        if is_wanted:
            if result is not connection and connection.params.guard.profile:
                self.mark(alias, connection.params.guard)
            self._tell(alias, makes_current=not quietly)
        if unused is not None:
            # It is connected: neither a cancellation nor what is slow to close changes that.
            left = max(ends - time.monotonic(), _CLOSING_S)
            await monitor.finish(closed(unused, others), left)
        if not is_wanted:
            raise shut_down()
        return result

    def _changed(self, connection: Connection) -> None:
        """Tell that a connection has changed, as long as it is the alias's."""
        with self._lock:
            if self._connections.get(connection.alias) is not connection:
                return
        self._emit("changed", connection.alias)

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
            raise shut_down()
        with self._lock:
            if self._connections.get(alias) is connection:
                del self._connections[alias]
        return await self.start_attempt(alias, params, quietly=quietly).joined()

    # Asking

    def examine(
        self,
        name: str | ConnectionParams | Profile | None = None,
        report: Callable[[list[Stage]], None] | None = None,
        **given: Any,
    ) -> Job[Report]:
        """Start to examine an alias, a profile, an address, or parameters.

        With an address come `connect`'s keywords. See `diagnose`; `report` as in `start_attempt`.
        """
        failure: BaseException | None = None
        try:
            if name is None or isinstance(name, str):
                name = self.profile_named(name) or name
            if isinstance(name, Profile):
                return examine_profile(self, name, report, **given)
            if isinstance(name, ConnectionParams):
                alias, params = "", name
            else:
                alias, params = self._meant(name, given)
        except BaseException as error:  # noqa: BLE001  # raised below, without the frames
            failure = error
        finally:
            given.clear()  # as in `connect`
        if failure is not None:
            raise without_frames(failure)
        monitor = self.monitor
        return monitor.submit(examine(monitor, params, Stages.of(params.endpoint, report), alias))

    def measure(self, alias: str) -> Job[PingResult]:
        """Start to ping, five times."""
        connection = self.find(alias)
        return connection.live_monitor().submit(connection.measure(5))

    def retry(self, name: str) -> None:
        """Have the connection's server probed at once."""
        self.monitor.call(self.find(name).retry)

    def databases(self, name: str) -> Job[list[str]]:
        """Start to ask for the names of the databases, sorted; none where it does not tell."""
        connection = self.find(name)
        return connection.live_monitor().submit(connection.list_databases())

    # The connections of others

    def look(self) -> Job[None]:
        """Start to look for connections that others opened or closed; see `others`."""
        with self._lock:
            others = self._others
            if others.looking is None or others.looking.done():
                others.looking = self.monitor.submit(self._look(others))
            return others.looking

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
            taken = self._connections.get(alias) or self._attempts.connection(alias)
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
        self._tell(alias, makes_current=True)
        return connection

    async def _look(self, others: ForeignConnections) -> None:
        for connection in await others.look():
            await to_the_end(connection.close(theirs=False))
            self._drop(connection)

    def _drop(self, connection: Connection) -> None:
        """Take a connection of somebody else out of the list, adopted or not."""
        alias = connection.alias
        with self._lock:
            if self._connections.get(alias) is connection:
                del self._connections[alias]
        self._let_go({alias: connection})


def _not_others(connection: Connection) -> AliasError:
    return AliasError(
        f"{connection.alias} is one of our own connections already.",
        "Only what somebody else opened needs an alias.",
        "%milvus status shows both.",
    )
