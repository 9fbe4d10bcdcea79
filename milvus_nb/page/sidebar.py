"""The kernel's end of JupyterLab's sidebar: one comm a kernel, which all pages share.

Pages find it by a ``comm_info_request``, or hear it say that it is there. No ``comm_open`` is sent:
a front end without our extension would close the comm, and complain.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from IPython.core.getipython import get_ipython

from .._version import PROTOCOL
from .comms import answer_while_busy, here, hush_debug_logs
from .late_imports import ONE_AT_A_TIME
from .subshells import Subshells

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from comm.base_comm import BaseComm

    from ..protocol import GoneEvent, SubshellEvent
    from ..registry.registry import ConnectionRegistry
    from .session import PageSession

__all__ = ["COMM_ID", "TARGET", "Host", "Sidebar", "close", "open_for"]

#: As in lab/src/kernels/channel.ts.
TARGET: Final = "milvus_nb"
COMM_ID: Final = "milvus_nb.sidebar"


@dataclass(frozen=True)
class Host:
    """Whose connections pages see: the magic's, with its settings, or the registry's alone.

    Attributes
    ----------
    registry
        Gives the registry; what that needs is imported only then.
    set_heartbeat
        Changes the seconds between two probes of a server.
    """

    registry: Callable[[], ConnectionRegistry]
    set_heartbeat: Callable[[float], None]


_lock = threading.Lock()
_opened: list[Sidebar] = globals().get("_opened", [])  # one, or none


class Sidebar:
    """The comm. It begins to serve pages when the first of them asks something.

    Parameters
    ----------
    host
        Whose connections pages see.
    """

    def __init__(self, host: Host) -> None:
        from comm import create_comm, get_comm_manager

        self.host = host
        self._handling = threading.Lock()
        self._sending = threading.Lock()
        self._is_closed = False
        self._session: PageSession | None = None
        self._subshells = Subshells(getattr(get_ipython(), "kernel", None))
        self._manager = get_comm_manager()
        self._comm: BaseComm = create_comm(target_name=TARGET, comm_id=COMM_ID, primary=False)
        self._comm.on_msg(self._on_message)
        self._comm.on_close(self._on_page_closed)
        answer_while_busy(self._comm)
        hush_debug_logs(COMM_ID)
        self._manager.register_comm(self._comm)
        self._send(here())

    def close(self) -> None:
        """Close the comm; pages are told, and nothing is said or done any more."""
        with self._handling:
            if self._session is not None:
                self._session.close()
            gone: GoneEvent = {"v": PROTOCOL, "event": "gone"}
            with self._sending:
                self._is_closed = True
                self._comm.send(dict(gone))
            # Not by its `close`, nor when it is collected: JupyterLab logs an error for each
            # comm_close of a comm that it has not opened.
            self._comm._closed = True  # noqa: SLF001  # see above
            self._manager.unregister_comm(self._comm)
        self._subshells.close()

    def _send(self, message: Mapping[str, Any]) -> None:
        # Whom a page hears, it takes for loaded: so not a word after the comm was closed.
        with self._sending:
            if not self._is_closed:
                self._comm.send(dict(message))

    def _on_message(self, message: dict[str, Any]) -> None:
        subshell = message.get("header", {}).get("subshell_id")
        # One at a time, so that closing does not leave half a request behind.
        with self._subshells.in_use(subshell), self._handling:
            if self._is_closed:
                return
            self._share(subshell)
            content = message["content"].get("data")
            try:
                session = self._serve()
            except Exception as error:  # noqa: BLE001  # the page is told
                from . import messages

                number = content.get("id") if isinstance(content, dict) else None
                if isinstance(number, int):
                    self._send(messages.failure(number, error))
                return
            session.handle(content)

    def _share(self, subshell: object) -> None:
        """Have pages that speak on different subshells share one."""
        if isinstance(subshell, str):
            shared = self._subshells.used(subshell)
            if shared != subshell:
                told: SubshellEvent = {"v": PROTOCOL, "event": "subshell", "id": shared}
                self._send(told)

    def _serve(self) -> PageSession:
        if self._session is None:
            # Not before: loading the extension has to stay light.
            registry = self.host.registry()
            with ONE_AT_A_TIME:
                from .session import PageSession

            self._session = PageSession(registry, self._send, self._set_heartbeat)
        return self._session

    def _set_heartbeat(self, seconds: float) -> None:
        self.host.set_heartbeat(seconds)

    def _on_page_closed(self, _: object) -> None:
        """Stay, for the other pages: the comm manager has dropped it."""
        with self._handling:
            if not self._is_closed:
                self._comm._closed = False  # noqa: SLF001  # the manager has set it
                self._manager.register_comm(self._comm)


def open_for(host: Host, *, instead: bool) -> None:
    """Open the comm, if there is a kernel.

    Parameters
    ----------
    host
        Whose connections pages see.
    instead
        Whether that holds also where the comm is open already.
    """
    if not _can_share_a_comm():
        return
    with _lock:
        if not _opened:
            _opened.append(Sidebar(host))
        elif instead:
            _opened[0].host = host


def _can_share_a_comm() -> bool:
    """Tell whether this kernel opens a comm under a name, unannounced: xeus-python does not."""
    if not hasattr(get_ipython(), "kernel"):
        return False
    try:
        from comm import get_comm_manager
        from comm.base_comm import CommManager
    except ImportError:  # a module of that kernel's own
        return False
    return isinstance(get_comm_manager(), CommManager)


def close() -> None:
    """Close the comm, if it is open."""
    with _lock:
        opened, _opened[:] = list(_opened), []
    for sidebar in opened:
        sidebar.close()
