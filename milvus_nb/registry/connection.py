"""One alias: its parameters, its state, its client; its `close` closes all of its sockets."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, TypeVar

from .. import sdk
from ..errors import Advice, ClosedError, ConnectError
from ..explore import Inspector
from ..explore.missing import create_database, with_creating
from ..params import values
from ..printing import printable
from ..probing import diagnosis
from ..probing.blocking import run_blocking
from ..probing.diagnosis import ProbeError
from ..probing.proxies import late, port_of
from ..probing.stages import Stages
from ..probing.waiting import EndedError, end, running_loop, to_the_end, within
from ..views.status import connection_line, connections_html
from ..watching.doctor import examine
from .clients import Clients
from .exploring import Exploring
from .ping import PingResult
from .traits import ConnectionTraits

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from pymilvus import AsyncMilvusClient, MilvusClient
    from typing_extensions import Self

    from ..errors import Diagnosis
    from ..params.endpoint import ConnectionParams
    from ..sdk import ForeignConnection
    from ..views.report import Report
    from ..watching.job import Job
    from ..watching.monitor import Monitor
    from ..watching.status import Status
    from ..watching.watch import Watch

__all__ = ["Connection"]

T = TypeVar("T")

# So much longer than its own deadline pymilvus may take to make a client, in seconds.
_GRACE_S: Final = 1.0


class Connection(Exploring, ConnectionTraits):
    """A connection to Milvus under an alias.

    Made by :meth:`ConnectionRegistry.connect`, not by hand. All traits are read-only and can be
    observed; observers are called on the monitor's thread and must not block.

    Attributes
    ----------
    alias, address, user, db_name, secure
        What it was made with; an address is without its secrets.
    server_version
        What the server says of itself; empty before the first answer.
    state
        ``"connecting"``; ``"connected"``: a probe was answered within the last two heartbeats;
        ``"degraded"``: it answers, but with an error, calls itself unhealthy or a quota denies
        something; ``"unreachable"``: no answer, tried again until there is one; ``"rejected"``: it
        answers and refuses; ``"disconnected"``.
    cause, reason, fix
        Why the state is not ``"connected"``: an identifier, the words, and what to do; else empty.
    note
        What is worth knowing of a connection that works; else empty.
    since, connected_at
        When the state began and when the connection was made, Unix seconds.
    origin
        Who opened it: ``"milvus_nb"``, or in pymilvus's words ``"pymilvus connections"``,
        ``"MilvusClient"``, ``"AsyncMilvusClient"``.
    users
        Of a connection that somebody else opened: the variables that hold its clients.
    """

    def __init__(
        self,
        alias: str,
        params: ConnectionParams,
        monitor: Monitor | None,
        disconnect: Callable[[str], None] | None,
        foreign: ForeignConnection | None = None,
    ) -> None:
        super().__init__(alias, params, foreign.origin if foreign is not None else "milvus_nb")
        self._monitor = monitor
        self._disconnect = disconnect
        self._watch: Watch | None = None
        self._clients = Clients(alias, foreign)
        self._under_way: set[asyncio.Task[Any]] = set()

    # What changes with every heartbeat is read where it is measured, not copied to every alias.

    @property
    def latency_ms(self) -> float | None:
        """The last measured round trip in milliseconds, or None before the first."""
        return self._watch.latency_ms if self._watch else None

    @property
    def checked_at(self) -> float | None:
        """When the last probe ended, Unix seconds, or None before the first."""
        return self._watch.status.checked_at if self._watch else None

    @property
    def client(self) -> MilvusClient:
        """The pymilvus client of this connection, made at first use; it is closed with it.

        Raises
        ------
        ConnectError
            The server did not answer within the connection's timeout, or refused.
        ClosedError
            The connection was disconnected.
        """
        return self.live_monitor().submit(self.get_client()).wait()

    @property
    def async_client(self) -> AsyncMilvusClient:
        """The async pymilvus client of this connection for the running event loop.

        It connects with its first call, is the same as long as the loop is, and is closed with
        the connection.

        Raises
        ------
        ConnectError
            The server did not answer within the connection's timeout, or refused.
        ClosedError
            The connection was disconnected.
        """
        return self.live_monitor().submit(self.get_async_client(running_loop())).wait()

    def ping(self, count: int = 5) -> PingResult:
        """Measure round trips to the server (GetVersion).

        Parameters
        ----------
        count
            How many, one after another.

        Raises
        ------
        ParamsError
            `count` is no whole number above 0.
        ConnectError
            One was not answered within the connection's timeout.
        ClosedError
            The connection was disconnected.
        """
        times = values.count("count", count, "how many round trips")
        return self.live_monitor().submit(self.measure(times)).wait()

    def diagnose(self) -> Report:
        """Examine the way to the server layer by layer, over sockets of its own.

        It changes nothing. A failure is told in the report, not raised.

        Raises
        ------
        ClosedError
            The connection was disconnected.
        """
        monitor = self.live_monitor()
        return monitor.submit(
            examine(monitor, self.params, Stages.of(self.params.endpoint), self.alias)
        ).wait()

    def disconnect(self) -> None:
        """Close the connection; its sockets are closed when this returns."""
        if self._disconnect is not None and self.state != "disconnected":
            self._disconnect(self.alias)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.disconnect()

    def __repr__(self) -> str:
        return printable(f"<Connection {connection_line(self)}>")

    def _repr_html_(self) -> str:
        return connections_html([self])

    # A live socket cannot be copied, and a secret must not be: a copy is the connection itself,
    # a pickle is a disconnected one that knows no secret.

    def __copy__(self) -> Connection:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Connection:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return _disconnected, (self.alias, self.params.without_secrets())

    # On the monitor's thread

    async def establish(self, stages: Stages, *, creates: bool = False) -> None:
        """Reach the server, sign in, and check that the database is there.

        Parameters
        ----------
        stages
            Are told how far it has come.
        creates
            Whether the database is created where it is missing.

        Raises
        ------
        ConnectError
            It failed; nothing is left open.
        """
        # Whoever wants to see the stages gets them asked.
        params, watch = self.params, None
        if not stages.watched:
            begin = self.live_monitor().acquire_at_once
            watch = begin(params.endpoint, params.db_name, params.timeout)
        if watch is not None:
            self._watch = watch
            self._follow(watch)
            return
        failure: Diagnosis | None = None
        try:
            await self._reach(stages, creates=creates)
        except ProbeError as error:
            failure = error.diagnosis
        except EndedError:
            pass
        except BaseException:
            await to_the_end(self.close())
            raise
        else:
            return
        failed = self._failed("connect", failure)
        await to_the_end(self.close())
        raise failed

    async def _reach(self, stages: Stages, *, creates: bool) -> None:
        endpoint = self.params.endpoint
        with stages.run("file") if endpoint.kind == "lite" else contextlib.nullcontext():
            watch = self._watch = await self.live_monitor().acquire(endpoint)
        deadline = _Deadline(self.params.timeout)  # not counting the start of a Lite file's server
        await watch.check(deadline.left(), stages)
        with stages.run("database"):
            await self._require_database(watch, deadline, creates=creates)
        self._follow(watch)

    async def _require_database(self, watch: Watch, deadline: _Deadline, *, creates: bool) -> None:
        """Look for the database; where it is missing, create it, or see whether that may be."""
        name = self.params.db_name
        try:
            await watch.require_database(name, deadline.left())
        except ProbeError as error:
            missing = error.diagnosis
        else:
            return
        if missing.cause == "database-missing":
            if creates:
                await create_database(watch, self.params)
                await watch.require_database(name, deadline.left())
                return
            with contextlib.suppress(asyncio.TimeoutError):
                offered = with_creating(missing, watch, self.params)
                missing = await within(deadline.left(), offered)
        raise ProbeError(missing)

    def _follow(self, watch: Watch) -> None:
        watch.listeners.add(self._apply)
        watch.databases.update(self._watched_databases())
        self._set(connected_at=time.time())
        self._apply(watch.status)

    def close_at_once(self) -> bool:
        """Close it where nothing has to be waited for; tell whether that was so."""
        watch, monitor = self._watch, self._monitor
        if watch is None or monitor is None or self._under_way:
            return False
        if not self._clients.close_at_once() or not monitor.leave(watch):
            return False
        self._watch = None
        self._unfollow(watch)
        self._set_state("disconnected")
        return True

    async def close(self, *, theirs: bool = True) -> None:
        """Close the clients and, with the last connection to an endpoint, its socket.

        Parameters
        ----------
        theirs
            Whether to close also what somebody else opened.
        """
        if self.close_at_once():
            return
        watch, self._watch = self._watch, None
        if watch is not None:
            self._unfollow(watch)
        self._set_state("disconnected")
        try:
            await end(*self._under_way)  # whoever waits for one is told that it was closed
            await self._clients.close(port_of(self.params.endpoint), theirs=theirs)
        finally:
            if watch is not None and self._monitor is not None:
                await self._monitor.release(watch)

    def _unfollow(self, watch: Watch) -> None:
        watch.listeners.discard(self._apply)
        if names := self._watched_databases():
            watch.databases -= Counter(names)

    async def get_client(self) -> MilvusClient:
        """Give the client; make it first where there is none."""
        watch, deadline = await self._be_answering()
        return await self._made(lambda: self._clients.get(self.params, watch.target), deadline)

    async def get_async_client(self, loop: asyncio.AbstractEventLoop | None) -> AsyncMilvusClient:
        """Give the async client for an event loop; make it first where there is none."""
        watch, deadline = await self._be_answering()
        clients = self._clients
        return await self._made(
            lambda: clients.get_async(self.params, watch.target, loop), deadline
        )

    async def _be_answering(self) -> tuple[Watch, _Deadline]:
        """Give the watch of a server that answers, and until when a client has to be made."""
        # Not counted: it is no server's fault, and takes long where the machine is busy.
        if "pymilvus" not in sys.modules:
            await self._translated("make a client for", run_blocking(sdk.import_pymilvus))
        watch, deadline = self._live_watch(), _Deadline(self.params.timeout)
        if self.state not in ("connected", "degraded"):
            # The cause is known sooner here; pymilvus would let other clients wait.
            await self._translated("connect", watch.check(deadline.left()))
        return watch, deadline

    async def _made(self, make: Callable[[], Coroutine[Any, Any, T]], deadline: _Deadline) -> T:
        async def in_time() -> T:
            try:
                # pymilvus knows its own deadline, and more of what went wrong.
                return await within(deadline.left() + _GRACE_S, make())
            except asyncio.TimeoutError:
                raise ProbeError(late(self.params.endpoint, "", self.params.timeout)) from None

        client = await self._translated("make a client for", in_time())
        self._live_watch()  # not disconnected meanwhile
        return client

    async def measure(self, count: int) -> PingResult:
        """Ping, awaitable."""
        pings = self._live_watch().ping(count, self.params.timeout)
        return PingResult(self.alias, tuple(await self._translated("ping", pings)))

    async def verify(self, stages: Stages, timeout: float) -> None:
        """Probe now; raise ConnectError where the server does not answer in time, or refuses."""
        check = self._live_watch().check(timeout, stages)
        await self._translated("connect", check)

    def start_exploring(self, ask: Callable[[Inspector], Coroutine[Any, Any, T]]) -> Job[T]:
        """Start to ask what is in the databases; see `Exploring`."""
        return self.live_monitor().submit(self._explored(ask))

    async def _explored(self, ask: Callable[[Inspector], Coroutine[Any, Any, T]]) -> T:
        asker = Inspector(self._live_watch(), self.alias, self.params, self.server_version)
        return await self._translated("look into", ask(asker))

    async def list_databases(self) -> list[str]:
        """List the names of the server's databases, sorted; none where it does not tell."""
        names = self._live_watch().list_databases(self.params.timeout)
        return sorted(await self._translated("list the databases of", names) or ())

    async def use_database(self, db_name: str) -> None:
        """Change the database, if the server has it."""
        there = self._live_watch().require_database(db_name, self.params.timeout)
        await self._translated("use another database on", there)
        self._live_watch()  # not disconnected meanwhile
        self._clients.use_database(db_name)
        self._move_to(db_name)

    # Of connections that somebody else opened

    async def attach(self, users: list[str]) -> None:
        """Begin to watch the server; whether it answers is told by the state alone."""
        self._set(users=users)
        monitor = self.live_monitor()
        try:
            watch = await monitor.acquire(self.params.endpoint)
        except ProbeError as error:
            self._set_state(error.diagnosis.state, error.diagnosis)
            return
        if self.state == "disconnected":  # meanwhile
            await to_the_end(monitor.release(watch))
            return
        self._watch = watch
        watch.listeners.add(self._apply)
        watch.databases.update(self._watched_databases())
        self._apply(watch.status)
        with contextlib.suppress(ProbeError, EndedError):  # the status says so, or it is closed
            await watch.check(monitor.pace.deadline)

    def follow(self, db_name: str, users: list[str]) -> bool:
        """Take over what may have changed; tell whether anything did."""
        changed = [users, db_name] != [self.users, self.params.db_name]
        self._set(users=users)
        if db_name != self.params.db_name and self._watch is not None:
            self._move_to(db_name)
        return changed

    def rename(self, alias: str) -> None:
        """Give it an alias."""
        self._set(alias=alias)

    def retry(self) -> None:
        """Probe at once."""
        if self._watch is not None:
            self._watch.retry()

    def close_here(self) -> None:
        """Close the async clients that only this thread can; see `Clients.close_here`."""
        self._clients.close_here()

    def _move_to(self, db_name: str) -> None:
        """Take note that the connection's database is another one."""
        watch = self._live_watch()
        watch.databases -= Counter(self._watched_databases())
        self.params = replace(self.params, db_name="" if db_name == "default" else db_name)
        watch.databases.update(self._watched_databases())
        self._set(db_name=db_name or "default")
        self._apply(watch.status)

    def _watched_databases(self) -> list[str]:
        return [self.params.db_name] if self.params.db_name else []

    def _apply(self, status: Status) -> None:
        """Take over what is known of the endpoint, and see whether the database is still there."""
        there, name = status.databases, self.params.db_name
        state, failure = status.state, status.failure
        if name in there.missing and state != "unreachable":
            names = sorted(there.listed or ())
            failure = diagnosis.database_missing(self.params.endpoint, name, names)
            state = failure.state
        self._set(server_version=status.server_version)
        self._set_state(state, failure, status.note)

    def live_monitor(self) -> Monitor:
        """Give the monitor that it lives on.

        Raises
        ------
        ClosedError
            It was disconnected.
        """
        if self._monitor is None or self.state == "disconnected":
            raise self._closed()
        return self._monitor

    def _live_watch(self) -> Watch:
        if self._watch is None:
            raise self._closed()
        return self._watch

    def _closed(self) -> ClosedError:
        return ClosedError(
            f"The connection {self.alias} to {self.address} is closed.",
            "It was disconnected, or it is a copy from another process.",
            f"Connect again: %milvus connect -a {self.alias}",
            advice=Advice("Connect again."),
        )

    async def _translated(self, verb: str, work: Coroutine[Any, Any, T]) -> T:
        """Do something, until it is done or this connection is closed."""
        failure: Diagnosis | None = None
        task = asyncio.ensure_future(work)
        self._under_way.add(task)
        try:
            return await within(None, task)
        except ProbeError as error:
            failure = error.diagnosis
        except EndedError:
            pass
        finally:
            self._under_way.discard(task)
            del task
        # Outside: as its context the probe's error would keep frames that hold gRPC's objects.
        raise self._failed(verb, failure)

    def _failed(self, verb: str, failure: Diagnosis | None) -> ConnectError | ClosedError:
        if failure is None or self.state == "disconnected":
            return self._closed()
        return ConnectError(f"Could not {verb} {self.alias} ({self.address}).", failure)


class _Deadline:
    """A point in time that several steps share."""

    def __init__(self, seconds: float) -> None:
        self._ends = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds until then; never 0, which gRPC would not even try."""
        return max(self._ends - time.monotonic(), 0.001)


def _disconnected(alias: str, params: ConnectionParams) -> Connection:
    """Make what a pickled connection becomes."""
    connection = Connection(alias, params, None, None)
    connection.set_trait("state", "disconnected")
    return connection
