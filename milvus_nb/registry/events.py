"""What changes in a registry, told to whoever listens: in the order in which it happened."""

from __future__ import annotations

import logging
import threading
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from ..probing.forks import forkable
from ..watching.callbacks import survive

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Event", "Events"]

_log = logging.getLogger(__name__)

Kind = Literal["added", "changed", "removed", "current"]

# So long whoever caused an event waits for the thread that is just telling others, in seconds: a
# listener that blocks, which it must not, would keep everybody waiting.
_PATIENCE_S: Final = 0.5


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

    kind: Kind
    alias: str


class Events:
    """Notes events, and tells them: one thread at a time, without holding a lock. Thread-safe."""

    def __init__(self) -> None:
        self._lock = forkable(threading.RLock())
        self._changed = threading.Condition(self._lock)
        self._listeners: list[Callable[[Event], None]] = []
        self._there: set[str] = set()  # as listeners were told
        self._waiting: deque[Event] = deque()
        self._noted = self._told = 0
        self._teller: threading.Thread | None = None

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

    def note(self, kind: Kind, alias: str) -> None:
        """Note an event; `tell` has to be called afterwards, without any lock."""
        with self._lock:
            self._note(kind, alias)

    def note_presence(self, alias: str, *, is_there: bool) -> None:
        """Note that an alias has come, has changed or is gone, as far as that is news."""
        with self._lock:
            if is_there:
                self._note("changed" if alias in self._there else "added", alias)
            elif alias in self._there:
                self._note("removed", alias)

    def _note(self, kind: Kind, alias: str) -> None:
        if kind == "added":
            self._there.add(alias)
        elif kind == "removed":
            self._there.discard(alias)
        self._waiting.append(Event(kind, alias))
        self._noted += 1

    def tell(self) -> None:
        """Tell what was noted, or wait until another thread has."""
        me = threading.current_thread()
        with self._lock:
            due = self._noted
            if self._teller is me:  # a listener caused it: it is told next
                return
            if self._is_being_told():
                self._changed.wait_for(
                    lambda: self._told >= due or not self._is_being_told(), _PATIENCE_S
                )
            if self._told >= due or self._is_being_told():
                return
            self._teller = me
        try:
            while (news := self._next()) is not None:
                event, listeners = news
                for listener in listeners:
                    try:
                        listener(event)
                    except BaseException:  # noqa: BLE001
                        survive(_log, "A listener of the registry failed")
        finally:
            with self._lock:
                self._teller = None
                self._changed.notify_all()

    def _is_being_told(self) -> bool:
        # In a fork's child the thread that was telling is gone.
        return self._teller is not None and self._teller.is_alive()

    def _next(self) -> tuple[Event, list[Callable[[Event], None]]] | None:
        with self._lock:
            self._told = self._noted - len(self._waiting)
            if not self._waiting:
                return None
            self._changed.notify_all()
            return self._waiting.popleft(), list(self._listeners)
