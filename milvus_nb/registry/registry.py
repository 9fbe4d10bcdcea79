"""All connections of this process, by alias. The only place that opens or closes one.

The names and call shapes are those of pymilvus's ``connections``, so that changing the import is
all that a notebook needs.
"""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

from .. import sdk
from ..errors import AliasError, CancelError, ParamsError, without_frames
from ..params.defaults import DEFAULT_DEADLINE_S, DEFAULT_HEARTBEAT_S, DEFAULT_TIMEOUT_S
from ..params.parsing import checked_name
from ..printing import printable
from ..probing.forks import forkable
from ..watching.once import Once
from ..watching.schedule import Pace
from .aliases import DEFAULT_ALIAS, MAX_CONNECTIONS
from .events import Event
from .opening import open_profile
from .restart import Memory, remember
from .table import ConnectionTable
from .validation import (
    check_alias,
    check_config,
    check_new_alias,
    check_pace,
    differences_between,
    in_use,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from pymilvus import AsyncMilvusClient, MilvusClient

    from ..params.endpoint import ConnectionParams
    from ..profiles.profile import Profile
    from ..views.report import Report
    from ..watching.job import Job
    from .connection import Connection

# So many aliases are named in an error.
_MOST_NAMED: Final = 8

__all__ = ["MAX_CONNECTIONS", "ConnectionRegistry", "Event", "process_registry"]


class View(Protocol):
    """Something that shows a registry."""

    @property
    def is_closed(self) -> bool:
        """Whether it has no way to the page any more."""

    def close(self) -> None:
        """Show nothing any more."""


V = TypeVar("V", bound=View)


class ConnectionRegistry(ConnectionTable):
    """Aliases and their connections. Thread-safe.

    What begins without being waited for is in `table`, what ends in `closing`, the names in
    `aliases`.

    Parameters
    ----------
    heartbeat
        Seconds between two probes of a server; where more than 32 are watched they are probed in
        turn, 32 at a time.
    timeout
        Seconds that a connect may take where the caller does not say.
    deadline
        Seconds until a probe counts as unanswered.
    mirrored
        Whether the aliases work in pymilvus's ORM, too; for one registry of a process.
    """

    def __init__(
        self,
        heartbeat: float = DEFAULT_HEARTBEAT_S,
        timeout: float = DEFAULT_TIMEOUT_S,
        deadline: float = DEFAULT_DEADLINE_S,
        *,
        mirrored: bool = False,
    ) -> None:
        check_pace(heartbeat, deadline)
        super().__init__(Pace(heartbeat, deadline), timeout)
        self._views: dict[object, View] = {}
        self._is_mirrored = mirrored
        self._mirror: sdk.Mirror | None = None
        # Not the table's: the mirror hears of events while it is made, and looks at the table.
        self._mirroring = forkable(threading.Lock())
        self.memory: Memory | None = None
        """What this kernel had connected before it was restarted; for one registry of a process."""

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

        Without an address: the alias's remembered parameters, with what is given in their place;
        else the profile of that name, if there is one; else ``MILVUS_URI`` and ``MILVUS_TOKEN`` if
        set, else ``localhost:19530``.

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
            Let the new connection take the alias of one that works and has other parameters. The
            old one is closed once the new one works, by itself where that takes long. One that is
            unreachable or rejected gives way without it.
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
        ProfileError
            A profile is meant that cannot be used, or a file of profiles cannot be read.
        ConnectError
            The server did not answer, or refused. Also pymilvus's ``MilvusException``.
        ClosedError
            It was cancelled meanwhile, in the panel or by another thread, or shut down.
        NotImplementedError
            `handler` is not ``"GRPC"``.
        """
        try:
            self.monitor.refuse_own_thread()
            given = {"user": user, "password": password, "db_name": db_name, "token": token}
            given |= kwargs
            # A debugger's or a verbose traceback's view of this frame must not show them.
            user = password = token = ""
            kwargs.clear()
            return _connected(alias, self.start_connect(alias, replace=replace, **_emptied(given)))
        except KeyboardInterrupt as error:
            interrupted = error
        finally:
            user = password = token = ""
            kwargs.clear()
            given = {}
        raise without_frames(interrupted)

    def connect_profile(
        self, name: str | Profile, alias: str = "", *, replace: bool = False, **given: Any
    ) -> Connection:
        """Connect a saved connection; its secret is fetched from where the profile says.

        Parameters
        ----------
        name
            The profile, or its name; `profiles` has them.
        alias
            Default: the profile's name.
        replace
            As in `connect`.
        **given
            `connect`'s keywords but for the address; they take the place of the profile's.
            ``secret``: the password or token, whichever the profile needs.

        Raises
        ------
        ProfileError
            There is no such profile, it is a project's that was not allowed, or its secret is
            missing.
        ParamsError, AliasError, ConnectError, ClosedError
            As in `connect`.
        """
        try:
            self.monitor.refuse_own_thread()
            profile = self.profiles.get(name) if isinstance(name, str) else name
            job = open_profile(self, profile, alias, replace=replace, **_emptied(given))
            return _connected(alias or profile.name, job)
        except KeyboardInterrupt as error:
            interrupted = error
        finally:
            given.clear()
        raise without_frames(interrupted)

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
        self._disconnect(alias)

    def disconnect_all(self) -> None:
        """Close all connections; their sockets are closed when this returns.

        Attempts to connect that are under way are left alone.
        """
        with self._lock:
            aliases = [*self._connections, *self._closing]
        self.disconnect_each(aliases)

    def disconnect_each(self, aliases: Iterable[str]) -> None:
        """Close several connections together; their sockets are closed when this returns.

        Parameters
        ----------
        aliases
            One that is not connected is left alone.
        """
        self.monitor.refuse_own_thread()
        aliases, once = list(aliases), Once()
        for alias in aliases:
            if (connection := self.get(alias)) is not None:
                with once.logged("Closing a client failed"):
                    connection.close_here()
        for job in self.start_disconnect_each(aliases):
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
        parsed: dict[str, ConnectionParams] = {}
        failure: BaseException | None = None
        try:
            for alias, config in aliases.items():
                check_new_alias(alias)
                given = check_config(alias, config)
                parsed[alias] = self._parse(**given)
        except BaseException as error:  # noqa: BLE001  # raised below, without the frames
            failure = error
        finally:
            aliases.clear()
            given = config = {}
        if failure is not None:
            raise without_frames(failure)
        with self._lock:
            for alias, params in parsed.items():
                live = self._connections.get(alias)
                if live is None or live.has_failed:
                    continue
                if differences := differences_between(live.params, params):
                    raise in_use(alias, live.state, differences)
            self._remembered.update(parsed)

    def remove_connection(self, alias: str) -> None:
        """Close a connection and forget its parameters."""
        self.disconnect(alias)
        with self._lock:
            self._remembered.pop(alias, None)

    async def async_disconnect(self, alias: str) -> None:
        """Disconnect as `disconnect` does, without keeping the event loop waiting."""
        check_alias(alias)
        if alias in self:
            self[alias].close_here()
        await self.start_disconnect(alias)

    async def async_remove_connection(self, alias: str) -> None:
        """Close a connection and forget its parameters, as `remove_connection` does."""
        await self.async_disconnect(alias)
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
        if params is None:
            return {}
        return params.as_dict() | {"db_name": params.db_name or "default"}

    # What pymilvus's lacks

    def __getitem__(self, alias: str) -> Connection:
        return self._own(alias)

    def __iter__(self) -> Iterator[str]:
        return iter(self.aliases())

    def __len__(self) -> int:
        return len(self._connections)

    def __contains__(self, alias: object) -> bool:
        return alias in self._connections

    def __repr__(self) -> str:
        return printable(f"<ConnectionRegistry of {', '.join(self.aliases()) or 'no connections'}>")

    # Sockets and threads stay where they are: a copy is the registry itself, and what was pickled,
    # as dask and joblib do with all that a function uses, is that of the process it arrives in.

    def __copy__(self) -> ConnectionRegistry:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> ConnectionRegistry:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return process_registry, ()

    def resolve(self, alias: str | None) -> Connection:
        """Give the connection of an alias or name (see `find`), or the current one for None.

        Raises
        ------
        AliasError
            There is none.
        """
        if alias is not None:
            return self.find(alias)
        if (current := self.current) is not None:
            return current
        names = self.aliases()
        if not names:
            raise AliasError("There is no connection.", "", "Connect first: %milvus connect")
        more = f" and {len(names) - _MOST_NAMED:,} more" if len(names) > _MOST_NAMED else ""
        raise AliasError(
            "No connection is current.",
            "The one that was is disconnected; no other takes its place by itself.",
            f"Name one, or choose it with %milvus use: {', '.join(names[:_MOST_NAMED])}{more}",
        )

    def use(self, alias: str, db_name: str | None = None) -> Connection:
        """Make a connection the current one, and change its database if one is given.

        Raises
        ------
        AliasError
            No such connection.
        ConnectError
            The server has no such database; nothing was changed.
        """
        connection = self._own(alias)
        if db_name is not None:
            self.use_database(alias, db_name)
        self._make_current(alias)
        return connection

    def use_database(self, alias: str, db_name: str) -> None:
        """Change the database of a connection and of its clients.

        Raises
        ------
        ParamsError
            `db_name` is not text, or may hold a password.
        AliasError
            No such connection.
        ConnectError
            The server has no such database; nothing was changed.
        """
        if not isinstance(db_name, str):
            raise ParamsError(f"db_name = {db_name!r} is not text.", "", "Give a database's name.")
        connection = self._own(alias)
        db_name = checked_name("db_name", db_name)
        connection.live_monitor().submit(connection.use_database(db_name)).wait()
        with self._lock:
            if self._connections.get(alias) is connection:
                self._remembered[alias] = connection.params
        self._emit("changed", alias)

    def client(self, alias: str | None = None) -> MilvusClient:
        """Give the alias's (or the current connection's) own ``MilvusClient``."""
        return self.resolve(alias).client

    def async_client(self, alias: str | None = None) -> AsyncMilvusClient:
        """Give the alias's own ``AsyncMilvusClient`` for the running event loop.

        It connects with its first call, and is closed with the alias.
        """
        return self.resolve(alias).async_client

    def _prepare(self) -> None:
        with self._mirroring:
            if self._is_mirrored and self._mirror is None:
                self._mirror = sdk.Mirror(self)

    def view(self, make: Callable[[ConnectionRegistry], V], *, shared: bool = True) -> V:
        """Give a living view of a kind.

        Parameters
        ----------
        make
            Makes it. It is closed with all that is ours, see `shutdown`.
        shared
            Whether it is the one of its kind, made where there is none or it was closed; else it is
            a new one.
        """
        key = make if shared else object()
        with self._lock:
            closed = [
                self._views.pop(one) for one in list(self._views) if self._views[one].is_closed
            ]
            if key not in self._views:
                self._views[key] = make(self)
            view: Any = self._views[key]
        for one in closed:
            one.close()
        typed: V = view
        return typed

    def set_pace(self, heartbeat: float, deadline: float) -> None:
        """Change how often servers are probed.

        Parameters
        ----------
        heartbeat
            Seconds between two probes of a server; see `ConnectionRegistry`.
        deadline
            Seconds until a probe counts as unanswered.

        Raises
        ------
        ParamsError
            One is too short, or no number of seconds.
        """
        check_pace(heartbeat, deadline)
        self.monitor.set_pace(heartbeat, deadline)

    def set_heartbeat(self, seconds: float) -> None:
        """Change the seconds between two probes of a server; see `set_pace`."""
        self.set_pace(seconds, self.monitor.pace.deadline)

    def diagnose(self, name: str | None = None) -> Report:
        """Examine the way to a server layer by layer; it changes nothing.

        Parameters
        ----------
        name
            An alias, a profile, or any address that `connect` takes. None: the current connection,
            or where `connect` without parameters would go.

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
        """Close all that is ours, forget all parameters, end the monitor's thread."""
        self.monitor.refuse_own_thread()
        with self._lock:
            views, self._views = list(self._views.values()), {}
        with self._mirroring:
            mirror, self._mirror = self._mirror, None
        with contextlib.ExitStack() as stack:  # whatever fails, the rest is done
            if self.memory is not None:
                stack.callback(self.memory.clear)
            if mirror is not None:
                stack.callback(mirror.close)
            stack.callback(self.close_all)
            for view in views:
                view.close()

    def _own(self, alias: str) -> Connection:
        """Give the connection of an alias; one of somebody else has to be given an alias first."""
        connection = self.find(alias)
        if self.get(alias) is not connection:
            raise AliasError(
                f"{alias} was opened by somebody else and has no alias here.",
                "",
                f"Give it one: %milvus adopt {alias} -a ALIAS",
            )
        return connection


def _connected(alias: str, job: Job[Connection]) -> Connection:
    """Wait for it; say what was cancelled where it was."""
    try:
        return job.wait()
    except CancelError as error:
        raise CancelError(f"Connecting {alias} was cancelled.", error.reason, error.fix) from None


def _emptied(given: dict[str, Any]) -> dict[str, Any]:
    """Move what is in a dict into a new one."""
    moved = dict(given)
    given.clear()
    return moved


# One, or none. Here as elsewhere what there is one of in a process outlives a reload of its module,
# as by %autoreload after an upgrade.
_made: list[ConnectionRegistry] = globals().get("_made", [])
_making: Final = forkable(threading.Lock())


def process_registry() -> ConnectionRegistry:
    """Give the registry of this process, which the magic, pages and user code share."""
    with _making:  # a page may ask for it while a cell does
        if not _made:
            registry = ConnectionRegistry(mirrored=True)
            _made.append(registry)
            registry.memory = remember(registry)
        return _made[0]


def has_process_registry() -> bool:
    """Tell whether there was ever a need for it."""
    return bool(_made)
