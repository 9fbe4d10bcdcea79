"""What pages are told without having asked: connections and profiles that change, measurements."""

from __future__ import annotations

import asyncio
import itertools
import threading
import time
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary, WeakValueDictionary

from ..probing.blocking import run_blocking
from ..profiles import importing
from ..registry.aliases import DEFAULT_ALIAS
from ..registry.rows import row
from ..watching.once import Once
from . import messages
from .many import MOST_CHANGED, All, told

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from ..params.endpoint import Endpoint
    from ..profiles.listing import ProfileListing
    from ..protocol import Many, Measurement, Row
    from ..registry.connection import Connection
    from ..registry.registry import ConnectionRegistry, Event
    from ..watching.job import Job
    from .attention import Attention
    from .many import Found, Part

__all__ = ["News"]

# How often the files of profiles are looked at while a page attends, in seconds.
_PROFILES_EVERY_S: Final = 0.5

# At least so long between two lists of changes, in seconds; the first of a burst goes at once.
_PAUSE_S: Final = 0.05

# And so many times as long as a list has taken: to count many connections takes a while.
_RESTS: Final = 10

# What is measured is told of so many connections: those of which pages were told last.
_MOST_MEASURED: Final = 1_000


class _Number:
    """The number of an endpoint, for as long as there is a connection to it."""

    __slots__ = ("__weakref__", "value")

    def __init__(self, value: int) -> None:
        self.value = value


class News:
    """Tells pages what changes, for as long as one attends. Thread-safe.

    Parameters
    ----------
    registry
        Whose connections and profiles.
    send
        Sends pages a message; called on any thread.
    attention
        Whether a page attends.
    """

    def __init__(
        self,
        registry: ConnectionRegistry,
        send: Callable[[Mapping[str, Any]], object],
        attention: Attention,
    ) -> None:
        self._registry = registry
        self._send = send
        self._attention = attention
        self._lock = threading.Lock()
        # What is told of connections is of that very moment: told late, it would stay for good.
        self._telling = threading.Lock()
        self._is_closed = False
        self._dirty: set[str] = set()
        # They know credentials, and go with the last connection that has them.
        self._endpoints: WeakValueDictionary[Endpoint, _Number] = WeakValueDictionary()
        self._numbers: WeakKeyDictionary[Connection, _Number] = WeakKeyDictionary()
        self._recent: WeakKeyDictionary[Connection, _Number] = WeakKeyDictionary()
        self._next_number = itertools.count()
        self._flush_due = False
        self._not_before = 0.0
        self._tick = registry.monitor.each_heartbeat(self._send_tick)
        self._profiles: Job[None] | None = None
        # Last, since from here on other threads call it.
        self._unsubscribe = registry.subscribe(self._on_event)

    def close(self) -> None:
        """Tell nothing any more."""
        self._unsubscribe()
        with self._lock:
            self._is_closed = True
            self._tick.cancel()
            if self._profiles is not None:
                self._profiles.cancel()
            self._endpoints.clear()

    def tell_all(self, message: Callable[[list[Row], str, Many | None], Mapping[str, Any]]) -> None:
        """Tell of all connections, in a message made of their rows and the current one's alias.

        Of many only the current one, that of the default alias, and those in trouble are told, and
        how many there are.
        """
        with self._telling:
            current = self._current()
            usual = self._there((current, DEFAULT_ALIAS))
            chosen, many = told(self.all(), usual.values())
            rows = [self._row(one, own=own) for one, own in chosen]
            self._send(message(rows, current, many))

    def all(self) -> All:
        """List all connections."""
        return All(self._registry.connections(), self._registry.others())

    def tell_part(
        self,
        part: Part,
        also: list[str],
        message: Callable[[list[Row], list[Row]], Mapping[str, Any]],
    ) -> None:
        """Tell of some connections as they are now, and of others by name, if they are there."""
        with self._telling:
            there = self._there({one.alias for one, _ in part.found} | set(also))
            rows = [
                self._row(one, own=own)
                for one, own in part.found
                if there.get(one.alias, (None, False))[0] is one
            ]
            besides = [
                self._row(there[alias][0], own=there[alias][1]) for alias in also if alias in there
            ]
            self._send(message(rows, besides))

    def follow_monitor(self) -> None:
        """Go on with another monitor's thread, where the registry was shut down meanwhile."""
        with self._lock:
            if self._tick.done() and not self._is_closed:
                self._tick = self._registry.monitor.each_heartbeat(self._send_tick)
                self._flush_due = False  # what was due went with the thread

    def _on_event(self, event: Event) -> None:
        self.follow_monitor()
        if not self._attention.is_there:
            return  # who comes back asks for everything
        with self._lock:
            self._dirty.add(event.alias)
            if self._flush_due:
                return
            self._flush_due = True
            pause = max(self._not_before - time.monotonic(), 0.0)
        if not self._registry.monitor.call(self._flush, after=pause):
            self._flush()  # the thread has ended

    def _flush(self) -> None:
        with self._lock:
            self._flush_due = False
            began = time.monotonic()
            self._not_before = began + _PAUSE_S
            dirty, self._dirty = self._dirty, set()
        if not self._attention.is_there:
            return
        with self._telling:
            missed = len(dirty) > MOST_CHANGED
            named = set() if missed else dirty
            known = self._there(named)
            all_or_some, many = told(self.all(), ())
            if many is None:
                # In the registry's order, which is the page's for those that are new.
                known = {one.alias: (one, own) for one, own in all_or_some if one.alias in named}
            changed = [self._row(one, own=own) for one, own in known.values()]
            removed = [alias for alias in named if alias and alias not in known]
            current = self._current()
            self._send(messages.rows_event(changed, removed, current, many, missed=missed))
        ended = time.monotonic()
        with self._lock:
            self._not_before = max(self._not_before, ended + _RESTS * (ended - began))

    def watch_profiles(self) -> None:
        """Tell pages when the files of profiles change, for as long as one attends.

        And when what the Milvus CLI has saved does: then they ask what can be imported.
        """
        with self._lock:
            is_watching = self._profiles is not None and not self._profiles.done()
            if self._is_closed or is_watching or not self._attention.is_there:
                return
            self._profiles = self._registry.monitor.submit(self._follow_profiles())

    async def _follow_profiles(self) -> None:
        store, once = self._registry.profiles, Once()
        known: ProfileListing | None = None
        known_cli: object = None
        is_news = False  # what the first look finds the page was told
        while self._attention.is_there:
            with once.logged("Looking for profiles failed"):
                listing, cli = await run_blocking(lambda: (store.find(), importing.mark()))
                if is_news and (listing is not known or cli != known_cli):
                    self._send(messages.profiles_event(listing))
                    # A profile that is gone marks its connections still: it may be renamed.
                    for name, profile in listing.profiles.items():
                        self._registry.follow_profile(name, profile, same_account=True)
                known, known_cli = listing, cli
            is_news = True
            await asyncio.sleep(_PROFILES_EVERY_S)

    def _send_tick(self) -> None:
        if not self._attention.is_there:
            return
        measured: dict[int, Measurement] = {}
        monitor = self._registry.monitor
        with self._lock:
            recent = list(self._recent.items())
        for each, number in recent:
            if number.value not in measured and each.state != "disconnected":
                measured[number.value] = (number.value, each.latency_ms, each.checked_at)
        heartbeat, tick = monitor.heartbeat, monitor.pace.heartbeat
        self._send(messages.tick_event(list(measured.values()), heartbeat, tick))
        self._registry.look()

    def _there(self, names: Collection[str]) -> dict[str, Found]:
        """Give the connections of these names, as far as they are there."""
        # First those that may become connections of ours meanwhile.
        opening = ((one, True) for one in self._registry.attempted())
        others = ((one, False) for one in self._registry.others())
        there = {one.alias: (one, own) for one, own in (*others, *opening) if one.alias in names}
        for name in names:
            if (one := self._registry.get(name)) is not None:
                there[name] = (one, True)
        return there

    def _row(self, connection: Connection, *, own: bool) -> Row:
        with self._lock:
            endpoint = connection.params.endpoint
            number = self._endpoints.get(endpoint)
            if number is None:
                number = self._endpoints[endpoint] = _Number(next(self._next_number))
            self._numbers[connection] = number
            self._recent.pop(connection, None)
            self._recent[connection] = number  # the last one
            while len(self._recent) > _MOST_MEASURED:
                del self._recent[next(iter(self._recent))]
        return row(connection, number.value, own=own)

    def _current(self) -> str:
        current = self._registry.current
        return current.alias if current else ""
