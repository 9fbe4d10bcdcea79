"""All connections of this process, by alias. The only place that opens or closes one.

The names and call shapes are those of pymilvus's ``connections``, so that changing the import is
all that a notebook needs.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import functools
import logging
import math
import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Literal

from . import params as parameters
from .blocking import to_the_end
from .checks import check_alias, check_keywords, differences_between, in_use
from .connection import Connection, PingResult
from .doctor import Report, examine
from .errors import AliasError, ClosedError, MilvusNbError, ParamsError, without_frames
from .monitor import Job, Monitor
from .stages import Stage, Stages
from .watch import DEFAULT_DEADLINE_S, DEFAULT_HEARTBEAT_S, Pace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pymilvus import MilvusClient

    from .panel import Panel
    from .params import ConnectionParams

__all__ = ["MAX_CONNECTIONS", "ConnectionRegistry", "Event", "process_registry"]

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


class ConnectionRegistry:
    """Aliases and their connections. Thread-safe.

    Parameters
    ----------
    heartbeat
        Seconds between two probes of a server.
    timeout
        Seconds that a connect may take where the caller does not say.
    deadline
        Seconds until a probe counts as unanswered.
    """

    def __init__(
        self,
        heartbeat: float = DEFAULT_HEARTBEAT_S,
        timeout: float = parameters.DEFAULT_TIMEOUT,
        deadline: float = DEFAULT_DEADLINE_S,
    ) -> None:
        self.timeout = timeout
        self.monitor = Monitor(Pace(heartbeat, deadline))
        self._lock = threading.RLock()
        self._connections: dict[str, Connection] = {}
        self._opening: dict[str, _Opening] = {}
        self._remembered: dict[str, ConnectionParams] = {}
        self._current = ""
        self._listeners: list[Callable[[Event], None]] = []
        self._panel: Panel | None = None

    # pymilvus's names

    def connect(
        self,
        alias: str = DEFAULT_ALIAS,
        user: str = "",
        password: str = "",
        db_name: str = "",
        token: str = "",
        *,
        replace: bool = False,
        **kwargs: Any,
    ) -> Connection:
        """Connect to a Milvus server, or open a Milvus Lite file, under an alias.

        With nothing but an alias: the alias's remembered parameters, else ``MILVUS_URI`` and
        ``MILVUS_TOKEN`` if set, else ``localhost:19530``.

        Parameters
        ----------
        alias
            The connection's name. Connecting again with the same parameters gives the live
            connection.
        user, password
            Who signs in.
        db_name
            The database; empty for the server's default.
        token
            ``"user:password"`` or an API key, instead of `user` and `password`.
        replace
            Let the new connection take the alias of a live one that has other parameters. The
            old one is closed once the new one works.
        **kwargs
            ``uri``, ``address``, or ``host`` and ``port``; ``secure`` (bool); ``ca_pem_path``,
            ``server_pem_path``, ``client_pem_path``, ``client_key_path``, ``server_name``;
            ``timeout`` (seconds, default 5); ``grpc_options`` (dict of gRPC channel arguments);
            ``handler`` and ``pool``, of which pymilvus supports only the defaults.

        Returns
        -------
        Connection

        Raises
        ------
        ParamsError
            A parameter cannot be used; nothing was sent. Also pymilvus's
            ``ConnectionConfigException``.
        AliasError
            The alias is live with other parameters, or there are 65,536 connections.
        ConnectError
            The server did not answer, or refused. Also pymilvus's ``MilvusException``.
        NotImplementedError
            `handler` is not ``"GRPC"``.
        """
        self.monitor.refuse_own_thread()
        given = {"user": user, "password": password, "db_name": db_name, "token": token, **kwargs}
        # A debugger's or a verbose traceback's view of this frame must not show them.
        user = password = token = ""
        kwargs.clear()
        try:
            return self.start(alias, replace=replace, **_emptied(given)).wait()
        except concurrent.futures.CancelledError:  # by the panel, or another thread's Ctrl-C
            raise ClosedError(
                f"Connecting {alias} was cancelled.", "", "Connect again when you are ready."
            ) from None

    def disconnect(self, alias: str) -> None:
        """Close a connection; its sockets are closed when this returns.

        Its parameters are remembered, so that ``connect(alias)`` brings it back. An alias that is
        not connected is left alone, as pymilvus does.

        Raises
        ------
        ParamsError
            `alias` is not a str.
        """
        check_alias(alias)
        self.monitor.refuse_own_thread()
        self.close(alias).wait(cancel_on_interrupt=False)

    def disconnect_all(self) -> None:
        """Close all connections; their sockets are closed when this returns.

        Attempts to connect that are under way are left alone.
        """
        jobs = [self.close(alias) for alias in self.aliases()]
        for job in jobs:
            job.wait(cancel_on_interrupt=False)

    def add_connection(self, **aliases: dict[str, Any]) -> None:
        """Remember parameters under aliases, without connecting.

        Parameters
        ----------
        **aliases
            For each alias a dict of `connect`'s keywords.

        Raises
        ------
        ParamsError
            A parameter cannot be used.
        AliasError
            An alias is live with other parameters.
        """
        found: dict[str, ConnectionParams] = {}
        failure: Exception | None = None
        for alias, config in aliases.items():
            given = dict(config)
            try:
                check_keywords(given)
                found[alias] = self._parse(**given)
            except Exception as error:  # noqa: BLE001  # raised below, without the frames
                failure = error
        aliases.clear()
        given = config = {}
        if failure is not None:
            raise without_frames(failure)
        with self._lock:
            for alias, params in found.items():
                live = self._connections.get(alias)
                if live is not None and (differences := differences_between(live.params, params)):
                    raise in_use(alias, differences)
            self._remembered.update(found)

    def remove_connection(self, alias: str) -> None:
        """Close a connection and forget its parameters."""
        self.disconnect(alias)
        with self._lock:
            self._remembered.pop(alias, None)

    def list_connections(self) -> list[tuple[str, Connection | None]]:
        """List all aliases with their connection, or None where only parameters are known."""
        with self._lock:
            known = dict.fromkeys([*self._remembered, *self._connections])
            return [(alias, self._connections.get(alias)) for alias in known]

    def has_connection(self, alias: str) -> bool:
        """Tell whether the alias is connected."""
        check_alias(alias)
        with self._lock:
            return alias in self._connections

    def get_connection_addr(self, alias: str) -> dict[str, Any]:
        """Give the alias's address, user, database and TLS flag; empty if unknown. No secrets."""
        check_alias(alias)
        with self._lock:
            live = self._connections.get(alias)
            params = live.params if live is not None else self._remembered.get(alias)
        return params.as_dict() if params is not None else {}

    # What pymilvus's lacks

    def __getitem__(self, alias: str) -> Connection:
        with self._lock:
            try:
                return self._connections[alias]
            except KeyError:
                raise self._unknown(alias) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self.aliases())

    def __len__(self) -> int:
        return len(self._connections)

    def __contains__(self, alias: object) -> bool:
        return alias in self._connections

    def __repr__(self) -> str:
        return f"<ConnectionRegistry of {', '.join(self.aliases()) or 'no connections'}>"

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

    @property
    def current(self) -> Connection | None:
        """The connection that is meant where no alias is given: the one connected or used last."""
        with self._lock:
            return self._connections.get(self._current)

    def resolve(self, alias: str | None) -> Connection:
        """Give the alias's connection, or the current one for None.

        Raises
        ------
        AliasError
            There is none.
        """
        if alias is not None:
            return self[alias]
        if (current := self.current) is None:
            raise AliasError("There is no connection.", "", "Connect first: %milvus connect")
        return current

    def use(self, alias: str, db_name: str | None = None) -> Connection:
        """Make a connection the current one, and change its database if one is given.

        Raises
        ------
        AliasError
            No such connection.
        ConnectError
            The server has no such database; nothing was changed.
        """
        connection = self[alias]
        if db_name is not None and not isinstance(db_name, str):
            raise ParamsError(f"db_name = {db_name!r} is not text.", "", "Give a database's name.")
        if db_name is not None:
            self.monitor.submit(connection.use_database(db_name)).wait()
            with self._lock:
                self._remembered[alias] = connection.params
            self._emit("changed", alias)
        self._make_current(alias)
        return connection

    def client(self, alias: str | None = None) -> MilvusClient:
        """Give the alias's (or the current connection's) own ``MilvusClient``."""
        return self.resolve(alias).client

    def remembered(self, alias: str) -> ConnectionParams | None:
        """Give the parameters that ``connect(alias)`` would use, or None."""
        with self._lock:
            return self._remembered.get(alias)

    def panel(self) -> Panel:
        """Give the widget that shows this registry."""
        from .panel import Panel

        with self._lock:
            if self._panel is None or self._panel.comm is None:  # none yet, or closed
                self._panel = Panel(self)
            return self._panel

    def set_pace(self, heartbeat: float, deadline: float) -> None:
        """Change how often servers are probed.

        Parameters
        ----------
        heartbeat
            Seconds between two probes of a server.
        deadline
            Seconds until a probe counts as unanswered.

        Raises
        ------
        ParamsError
            One is not above 0.
        """
        for name, seconds in (("heartbeat", heartbeat), ("deadline", deadline)):
            if not 0 < seconds < math.inf:
                raise ParamsError(
                    f"{name} = {seconds!r} is not possible.",
                    "It is a time in seconds, above 0.",
                    "",
                )
        self.monitor.set_pace(heartbeat, deadline)

    def diagnose(self, name: str | None = None) -> Report:
        """Examine the way to a server layer by layer; it changes nothing.

        Parameters
        ----------
        name
            An alias, or any address that `connect` takes. None: the current connection, or where
            `connect` without parameters would go.

        Returns
        -------
        Report
            What answered, in which time, and why it fails if it does. A failure is not raised.

        Raises
        ------
        ParamsError
            `name` is neither an alias nor an address.
        """
        self.monitor.refuse_own_thread()
        return self.examine(name).wait()

    def shutdown(self) -> None:
        """Close everything, forget all parameters, end the monitor's thread."""
        with self._lock:
            panel, self._panel = self._panel, None
            opening = list(self._opening.values())
        if panel is not None:
            panel.close()
        for attempt in opening:
            attempt.job.cancel()
        for attempt in opening:
            with contextlib.suppress(concurrent.futures.CancelledError, MilvusNbError):
                attempt.job.wait(cancel_on_interrupt=False)
        self.disconnect_all()
        with self._lock:
            self._remembered.clear()
        self.monitor.stop()

    # For views: nothing here blocks

    def start(
        self,
        alias: str = DEFAULT_ALIAS,
        *,
        replace: bool = False,
        report: Callable[[list[Stage]], None] | None = None,
        **given: Any,
    ) -> Job[Connection]:
        """Start to connect, with `connect`'s keywords; see `open` for the rest."""
        failure: Exception | None = None
        try:
            check_alias(alias)
            check_keywords(given)
            params = self._params(alias, **given)
        except Exception as error:  # noqa: BLE001  # raised below, without the frames
            failure = error
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
    ) -> Job[Connection]:
        """Start to connect.

        Parameters
        ----------
        alias, params, replace
            As in `connect`.
        report
            Gets all stages whenever one changes, on the monitor's thread.

        Raises
        ------
        AliasError
            As in `connect`.
        """
        with self._lock:
            live = self._connections.get(alias)
            differences = differences_between(live.params, params) if live is not None else []
            if live is not None and not differences:
                return self.monitor.submit(self._reuse(live, Stages.of(params.endpoint, report)))
            if differences and not replace:
                raise in_use(alias, differences)
            opening = self._opening.get(alias)
            if opening is not None and not opening.job.is_cancelled:
                if differences := differences_between(opening.connection.params, params):
                    raise in_use(alias, differences)
                return opening.job
            if live is None and len(self._connections) + len(self._opening) >= MAX_CONNECTIONS:
                raise AliasError(
                    f"Cannot connect {alias}: there are {MAX_CONNECTIONS:,} connections.",
                    "That is the limit of connections.",
                    "Disconnect one first: %milvus disconnect ALIAS",
                )
            connection = Connection(alias, params, self.monitor, self.disconnect)
            job = self.monitor.submit(self._open(connection, Stages.of(params.endpoint, report)))
            self._opening[alias] = _Opening(connection, job)
        self._emit("added", alias)
        return job

    def close(self, alias: str) -> Job[None]:
        """Start to disconnect; the job ends when the sockets are closed."""
        return self.monitor.submit(self._close(alias))

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
        """Start to examine an alias, an address, or parameters; see `diagnose` and `open`.

        With an address come `connect`'s keywords.
        """
        alias = ""
        if isinstance(name, parameters.ConnectionParams):
            params = name
        else:
            with self._lock:
                alias = name if name is not None else self._current or DEFAULT_ALIAS
                live = self._connections.get(alias)
                known = live.params if live is not None else self._remembered.get(alias)
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
        return self.monitor.submit(self[alias].measure(count))

    def retry(self, alias: str) -> None:
        """Have the alias's server probed at once."""
        self.monitor.call(self[alias].retry)

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
            self._forget_opening(connection)
            replaced = self._connections.get(alias)
            self._connections[alias] = connection
            self._remembered[alias] = connection.params
        connection.observe(lambda _: self._emit("changed", alias), ["state", "reason", "note"])
        self._emit("changed", alias)
        self._make_current(alias)
        if replaced is not None:
            with contextlib.suppress(asyncio.CancelledError):  # too late: it is connected
                await to_the_end(replaced.close())
        return connection

    def _forget_opening(self, connection: Connection) -> None:
        opening = self._opening.get(connection.alias)
        if opening is not None and opening.connection is connection:
            del self._opening[connection.alias]

    async def _reuse(self, connection: Connection, stages: Stages) -> Connection:
        if connection.state not in ("connected", "degraded", "disconnected"):
            await connection.verify(stages)
        if connection.state == "disconnected":  # by another thread, since we looked
            return await self.open(connection.alias, connection.params)
        self._make_current(connection.alias)
        return connection

    async def _close(self, alias: str) -> None:
        with self._lock:
            connection = self._connections.pop(alias, None)
        if connection is None:
            return
        await to_the_end(connection.close())
        connection.unobserve_all()
        self._emit("removed", alias)
        with self._lock:
            if self._current != alias or alias in self._connections:
                return
            names = list(self._connections)
            next_current = DEFAULT_ALIAS if DEFAULT_ALIAS in names else (names or [""])[-1]
        self._make_current(next_current)

    def _make_current(self, alias: str) -> None:
        with self._lock:
            if alias == self._current:
                return
            self._current = alias
        self._emit("current", alias)

    def _emit(self, kind: Literal["added", "changed", "removed", "current"], alias: str) -> None:
        with self._lock:
            listeners = list(self._listeners)
        for listener in listeners:
            try:
                listener(Event(kind, alias))
            except Exception:  # noqa: BLE001  # a view's failure is its own
                _log.exception("A listener of the registry failed")

    # Parameters

    def _params(self, alias: str, **given: Any) -> ConnectionParams:
        remembered = self.remembered(alias)
        where_and_who = {name: value for name, value in given.items() if name != "timeout"}
        if remembered is None or not parameters.is_empty(**where_and_who):
            return self._parse(**given)
        if given.get("timeout") is None:
            return remembered
        return replace(remembered, timeout=self._parse(timeout=given["timeout"], env={}).timeout)

    def _parse(self, **given: Any) -> ConnectionParams:
        return parameters.parse(**given, default_timeout=self.timeout)

    def _unknown(self, alias: str) -> AliasError:
        names = ", ".join(self.aliases())
        return AliasError(
            f"There is no connection {alias}.",
            f"Connected: {names}." if names else "Nothing is connected.",
            f"Connect first: %milvus connect -a {alias}",
        )


def _emptied(given: dict[str, Any]) -> dict[str, Any]:
    """Move what is in a dict into a new one."""
    moved = dict(given)
    given.clear()
    return moved


@functools.cache
def process_registry() -> ConnectionRegistry:
    """Give the registry of this process, which the magic, the panel and user code share."""
    return ConnectionRegistry()
