"""Closing connections: each at once where nothing has to be waited for, the others together."""

from __future__ import annotations

import asyncio
import logging
import threading
from typing import TYPE_CHECKING, Any, Final

from ..probing.forks import forkable
from ..probing.waiting import uncancelled
from ..watching.job import Job
from ..watching.monitor import Monitor
from ..watching.once import Once
from .aliases import Aliases
from .foreign import ForeignConnections

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable, Mapping

    from ..watching.schedule import Pace
    from .connection import Connection

__all__ = ["ClosingTable", "closed"]

_log = logging.getLogger(__name__)

# So many are closed before others have their turn on the loop.
_AT_A_TIME: Final = 256


class ClosingTable(Aliases):
    """Aliases whose connections are closed: one, several, all.

    Parameters
    ----------
    pace
        How often servers are probed.
    timeout
        Seconds that a connect may take where the caller does not say.
    """

    def __init__(self, pace: Pace, timeout: float) -> None:
        self.monitor = Monitor(pace)
        super().__init__(timeout, self._make_others())
        self._closing: dict[str, Job[None]] = {}
        self._ending = forkable(threading.Lock())

    def _make_others(self) -> ForeignConnections:
        return ForeignConnections(self.monitor, self._emit, self._disconnect)

    def start_disconnect(self, name: str) -> Job[None]:
        """Start to disconnect; the job ends when the sockets are closed."""
        with self._lock:
            connection = self._named(name)
            if connection is None:
                return self._closing.get(name) or Job.of(None)
            others = self._others
            return self._start_closing({name: connection}, lambda: closed(connection, others))

    def start_disconnect_each(self, aliases: Iterable[str]) -> list[Job[None]]:
        """Start to disconnect many together; the sockets are closed when the jobs have ended."""
        with self._lock:
            names = dict.fromkeys(aliases)
            known, others = self._connections, self._others
            connections = {alias: known[alias] for alias in names if alias in known}
            jobs = {self._closing[alias]: None for alias in names if alias in self._closing}
            if connections:
                job = self._start_closing(
                    connections, lambda: close_each(connections.values(), others)
                )
                jobs[job] = None
        return list(jobs)

    def _start_closing(
        self, connections: Mapping[str, Connection], close: Callable[[], Coroutine[Any, Any, None]]
    ) -> Job[None]:
        job = self.monitor.submit(self._close(connections, close))
        self._closing.update(dict.fromkeys(connections, job))
        self._forget(connections)

        def ended(_: object) -> None:
            with self._lock:
                for name in connections:
                    if self._closing.get(name) is job:
                        del self._closing[name]

        job.add_done_callback(ended)
        return job

    def _forget(self, connections: Mapping[str, Connection]) -> None:
        """Free the aliases of connections that are being closed."""
        with self._lock:
            for name, connection in connections.items():
                if self._connections.get(name) is connection:  # one of somebody else's is not there
                    del self._connections[name]

    def _disconnect(self, name: str) -> None:
        """Disconnect, and wait for it: what a connection's own `disconnect` does."""
        self.monitor.refuse_own_thread()
        if (connection := self.get(name) or self._others.get(name)) is not None:
            connection.close_here()
        self.start_disconnect(name).wait(cancel_on_interrupt=False)

    async def _close(
        self, connections: Mapping[str, Connection], close: Callable[[], Coroutine[Any, Any, None]]
    ) -> None:
        self._forget(connections)  # Ctrl-C may have come before that
        # Also where everything is shut down meanwhile, which wants the same.
        try:
            await uncancelled(close())
        finally:
            self._let_go(connections)

    def _let_go(self, connections: Mapping[str, Connection]) -> None:
        for connection in connections.values():
            connection.unobserve_all()
        with self._lock:
            for alias in connections:
                self._note_presence(alias)
            if self._current in connections and self._current not in self._connections:
                # None: what comes next without an alias would go where nobody said.
                self._current = None
                self._events.note("current", "")
        self._events.tell()

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
                attempts = self._attempts.take_all()
                self._remembered.clear()
                self._closing.clear()
            once = Once()
            for connection in [*connections.values(), *others.connections()]:
                with once.logged("Closing a connection failed"):
                    connection.close_here()
            for attempt in attempts:
                attempt.job.cancel()
            monitor.stop(lambda: self._close_all(list(connections.values()), others))

    async def _close_all(self, connections: list[Connection], others: ForeignConnections) -> None:
        """Close the connections of before `close_all`; those that others opened stay open."""
        self._let_go({connection.alias: connection for connection in await others.forget()})
        own = {each.alias: each for each in connections if each.origin == "milvus_nb"}
        await close_each(own.values(), others)
        self._let_go(own)


def closed(connection: Connection, others: ForeignConnections) -> Coroutine[Any, Any, None]:
    """Close a connection, whoever opened it."""
    is_own = connection.origin == "milvus_nb"
    return connection.close() if is_own else others.disconnect(connection)


async def close_each(connections: Iterable[Connection], others: ForeignConnections) -> None:
    """Close many; one that fails keeps none of the others open."""
    slow = []
    for number, connection in enumerate(connections, 1):
        if not connection.close_at_once():
            slow.append(closed(connection, others))
        if number % _AT_A_TIME == 0:
            await asyncio.sleep(0)
    for error in await asyncio.gather(*slow, return_exceptions=True):
        if isinstance(error, Exception):
            _log.error("Closing a connection failed", exc_info=error)
