"""The Milvus servers of a run: each kind is started once, when a worker first asks for it.

They belong to the process that starts the workers, since it outlives them all.
"""

from __future__ import annotations

import contextlib
import secrets
import threading
from concurrent.futures import Future
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client, Connection, Listener
from typing import TYPE_CHECKING, Any, Final

from tests.support.helpers import wait_until
from tests.support.servers.milvus import MilvusTestServer

if TYPE_CHECKING:
    from collections.abc import Mapping

#: What servers there are, each with the parameters of `MilvusTestServer`.
KINDS: Final[Mapping[str, Mapping[str, Any]]] = {
    "plain": {},
    "auth": {"auth": True},
    "tls": {"tls": "server"},
    "mutual_tls": {"tls": "mutual", "auth": True},
}


class SharedServers:
    """Starts servers, and tells other processes where they are; `stop` ends them.

    One that ends by itself is started again in its place, with what was in it.

    Attributes
    ----------
    place
        What `ask` needs.
    crashes
        What is known of each end that nobody wanted.
    """

    def __init__(self) -> None:
        key = secrets.token_bytes(16)
        self._listener = Listener(("127.0.0.1", 0), backlog=16, authkey=key)
        self.place = f"{self._listener.address[1]}:{key.hex()}"
        self.crashes: list[str] = []
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._started: dict[str, Future[MilvusTestServer]] = {}
        self._running: list[MilvusTestServer] = []
        self._keepers: list[threading.Thread] = []
        self._start("milvus-servers", self._listen)

    def stop(self) -> None:
        """End them all."""
        self._over.set()
        self._listener.close()
        for server in list(self._running):
            with contextlib.suppress(RuntimeError):  # it is just being started again
                server.end()
        for keeper in self._keepers:
            keeper.join(30)

    def _start(self, name: str, work: Any, *arguments: Any) -> threading.Thread:
        thread = threading.Thread(target=work, args=arguments, name=name, daemon=True)
        thread.start()
        return thread

    def _listen(self) -> None:
        while not self._over.is_set():
            try:
                asker = self._listener.accept()
            except (OSError, EOFError, AuthenticationError):  # closed; or somebody who is not ours
                continue
            self._start("milvus-servers-answer", self._answer, asker)

    def _answer(self, asker: Connection[Any, Any]) -> None:
        with asker:
            found = self._server(asker.recv())
            error = found.exception()
            asker.send(str(error) if error else found.result())

    def _server(self, kind: str) -> Future[MilvusTestServer]:
        with self._lock:
            if kind not in self._started:
                self._started[kind] = Future()
                self._keepers.append(
                    self._start(f"milvus-{kind}", self._keep, kind, self._started[kind])
                )
            return self._started[kind]

    def _keep(self, kind: str, told: Future[MilvusTestServer]) -> None:
        """Start a server and end it, both in one thread: its end would be the server's."""
        try:
            server = MilvusTestServer(**KINDS[kind])
        except BaseException as error:  # noqa: BLE001  # who asks gets it
            told.set_exception(error)
            return
        self._running.append(server)
        told.set_result(server)
        while not self._over.is_set():
            server.wait_for_its_end()
            if not self._over.is_set():
                self._revive(kind, server)
        server.stop()

    def _revive(self, kind: str, server: MilvusTestServer) -> None:
        """Start a server that has ended by itself; who asks for it waits."""
        told = Future[MilvusTestServer]()
        with self._lock:
            self._started[kind] = told
        with server.away():
            self.crashes.append(f"The shared server {kind}: {server.ended()}")
            print(f"\n{self.crashes[-1]}\nIt is started again.", flush=True)
            try:
                server.restart()
            except (RuntimeError, TimeoutError) as error:
                self.crashes.append(f"It could not be started with what was in it: {error}")
                server.restart(wipe=True)
        told.set_result(server)


def wait_for(server: MilvusTestServer, place: str, kind: str) -> None:
    """Wait until a shared server is there, also where it is just started again."""

    def is_there() -> bool:
        if not server.is_there():
            ask(place, kind)  # answers when it is ready
        return server.is_there()

    wait_until(is_there, server.deadline_s, every_s=0.1, what=f"the shared server {kind}")


def ask(place: str, kind: str) -> MilvusTestServer:
    """Give the shared server of a kind; it is started if it is not there.

    Parameters
    ----------
    place
        See `SharedServers`.
    kind
        One of `KINDS`.

    Raises
    ------
    RuntimeError
        When it cannot be started; with the end of its log.
    """
    port, _, key = place.partition(":")
    with Client(("127.0.0.1", int(port)), authkey=bytes.fromhex(key)) as owner:
        owner.send(kind)
        told = owner.recv()
    if isinstance(told, MilvusTestServer):
        return told
    raise RuntimeError(told)
