"""A TCP proxy that fails on command, and the thread that it and the other peers live in."""

from __future__ import annotations

import asyncio
import contextlib
import math
import socket
import struct
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from tests.support.helpers import free_port

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from typing_extensions import Self

T = TypeVar("T")

_CHUNK_BYTES = 1 << 16

# When it arrived (s), and what: bytes, none for FIN, None for RST.
_Chunk = tuple[float, "bytes | None"]

# What SO_LINGER takes so that close() sends RST: on, 0 s.
_LINGER_NOT = struct.pack("ii", 1, 0)


class LoopThread:
    """An event loop in a thread of its own, for what must go on beside the test.

    Parameters
    ----------
    name
        The thread's.
    """

    def __init__(self, name: str) -> None:
        # Not Windows's own, which cannot wait for a socket to become readable.
        self.loop = asyncio.SelectorEventLoop()
        # A conversation whose client has hung up, and that waits for somebody else, is known to
        # nobody but itself: it would be collected, and its sockets with it.
        self._tasks: set[asyncio.Task[Any]] = set()
        self.loop.set_task_factory(self._task)
        self._thread = threading.Thread(target=self.loop.run_forever, name=name, daemon=True)
        self._thread.start()

    def _task(
        self, loop: asyncio.AbstractEventLoop, coroutine: Any, **others: Any
    ) -> asyncio.Task[Any]:
        task = asyncio.Task(coroutine, loop=loop, **others)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine there and return its result, from any other thread.

        Raises
        ------
        TimeoutError
            After 10 s.
        """
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(10)

    def close(self) -> None:
        """Cancel all that runs there, and end the thread."""
        self.run(_cancel_all_others())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(10)
        self.loop.close()


async def _cancel_all_others() -> None:
    # Whoever was only just accepted has a socket that nobody would close if this ended before its
    # task began.
    for _ in range(5):
        await asyncio.sleep(0)
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    # Closed transports say so to their protocols in the rounds after.
    for _ in range(3):
        await asyncio.sleep(0)


def reset(connection: socket.socket) -> None:
    """Close a TCP connection with RST instead of FIN."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
    connection.close()


def address_of(host: str, port: int) -> str:
    """Write a place as URIs and gRPC do: ``127.0.0.1:19530``, ``[::1]:19530``."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


@dataclass(frozen=True)
class _Behaviour:
    """What the proxy does with new connections and with bytes."""

    new: Literal["serve", "reset", "close"] = "serve"
    swallow: bool = False
    half_close: bool = False
    delay_s: float = 0.0
    client_gets: int | None = None  # bytes, of each connection from now on; None: all


class _CutOff(Exception):  # noqa: N818  # what a pump ends with, not an error
    """A client has got all the bytes it was to get."""


class _Connection:
    """One client of the proxy and, once connected, the target's side."""

    task: asyncio.Task[None]

    def __init__(self, client: socket.socket, behaviour: _Behaviour) -> None:
        self.client = client
        self.server: socket.socket | None = None
        self.client_is_here = True
        self.ends_with_reset = False
        self.adopt(behaviour)
        # Bytes were swallowed: whatever comes after them must be, too.
        self.is_lost = behaviour.swallow

    def adopt(self, behaviour: _Behaviour) -> None:
        self.client_gets = behaviour.client_gets
        if behaviour.half_close:
            self.is_lost = True
            with contextlib.suppress(OSError):
                self.client.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        for end in (self.client, self.server):
            if end is None:
                continue
            if self.ends_with_reset:
                reset(end)
            else:
                _close_with_fin(end)


class FaultProxy:
    """A TCP proxy in a background thread whose faults can be switched at any time.

    A switch holds for live and for new connections alike, replaces the one before, and has taken
    effect when the call returns. Connections that the client has opened before the call count as
    live, also if the proxy had not come to them yet. All methods may be called from any thread.

    Parameters
    ----------
    target
        Where to pass connections on to: host and port. Where nobody listens there, the client's
        connection is closed at once.
    host, port
        Where to listen. For port 0 a free one is chosen.

    Raises
    ------
    OSError
        From ``with``: the port is taken.

    Notes
    -----
    A connection of which bytes were swallowed is lost for good, as if a firewall had forgotten it:
    `pass_through` revives only those that were silent in the meantime. An outage through which
    TCP holds the bytes is `hold`.
    """

    def __init__(self, target: tuple[str, int], host: str = "127.0.0.1", port: int = 0) -> None:
        self.host = host
        self.port = port or free_port()
        found = socket.getaddrinfo(*target, type=socket.SOCK_STREAM)
        self._targets = [(family, address) for family, _, _, _, address in found]
        self._behaviour = _Behaviour()
        self._connections: set[_Connection] = set()
        self._accepted_at: list[float] = []
        self._is_listening = False
        self._flapping: asyncio.Task[None] | None = None
        self._thread: LoopThread | None = None

    def __enter__(self) -> Self:
        self._listener = self._bound()
        self._thread = LoopThread("fault-proxy")
        self._loop = self._thread.loop
        self._run(self._begin())
        return self

    def __exit__(self, *_: object) -> None:
        self._run(self._refuse())
        self._run(self._end_all())
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.close()
        self._listener.close()

    @property
    def address(self) -> str:
        """Where it listens: ``127.0.0.1:PORT``."""
        return address_of(self.host, self.port)

    @property
    def accepted_at(self) -> list[float]:
        """When each connection was accepted, in `time.monotonic` seconds, the oldest first."""
        self._look()
        return list(self._accepted_at)

    @property
    def connections_seen(self) -> int:
        """How many connections were accepted so far."""
        return len(self.accepted_at)

    @property
    def live(self) -> int:
        """How many connections are open of which it has not heard that the client closed them."""
        return sum(connection.client_is_here for connection in self._look())

    def pass_through(self) -> None:
        """Pass everything on, as in the beginning."""
        self._switch(_Behaviour())

    def blackhole(self) -> None:
        """Swallow all bytes, both ways; connections stay open and new ones are accepted."""
        self._switch(_Behaviour(swallow=True))

    def delay(self, seconds: float) -> None:
        """Let all bytes, and the end of a connection, arrive later, in each direction."""
        self._switch(_Behaviour(delay_s=seconds))

    def hold(self) -> None:
        """Keep all bytes, both ways, until `pass_through` delivers them."""
        self._switch(_Behaviour(delay_s=math.inf))

    def half_close(self) -> None:
        """End the direction to the client (FIN), and read and swallow what it still sends."""
        self._switch(_Behaviour(swallow=True, half_close=True))

    def truncate(self, n_bytes: int) -> None:
        """Close a connection when the client has got so many more bytes, 1 or more."""
        self._switch(_Behaviour(client_gets=n_bytes))

    def reset_new(self) -> None:
        """Accept new connections and reset them (RST) at once; live ones go on."""
        self._switch(_Behaviour(new="reset"))

    def close_new(self) -> None:
        """Accept new connections and close them (FIN) at once; live ones go on.

        So behaves a forwarded port that leads nowhere.
        """
        self._switch(_Behaviour(new="close"))

    def reset_all(self) -> None:
        """Reset (RST) all live connections, towards the client and the target. No switch."""
        self._run(self._end_all())

    def flap(self, period_s: float) -> None:
        """Pass everything on, and reset all connections each `period_s` seconds."""
        self._switch(_Behaviour(), flap_s=period_s)

    def refuse(self) -> None:
        """Stop listening: new connections are refused, live ones go on. No switch.

        The port stays ours: nobody else can listen there in the meantime.
        """
        self._run(self._refuse())

    def listen_again(self) -> None:
        """Undo `refuse`."""
        self._run(self._listen_again())

    def __repr__(self) -> str:
        return f"<FaultProxy {self.address} {self._behaviour}>"

    # What runs in the proxy's thread

    def _run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        if self._thread is None:
            coroutine.close()
            raise RuntimeError(f"{self!r} is used outside of its with statement")
        return self._thread.run(coroutine)

    def _look(self) -> list[_Connection]:
        return [] if self._thread is None else self._run(self._found())

    def _switch(self, behaviour: _Behaviour, flap_s: float | None = None) -> None:
        self._run(self._adopt(behaviour, flap_s))

    async def _begin(self) -> None:
        self._switched = self._loop.create_future()
        await self._listen_again()

    async def _listen_again(self) -> None:
        if self._is_listening:
            return
        self._is_listening = True
        self._listener.listen()
        self._loop.add_reader(self._listener, self._accept)

    async def _refuse(self) -> None:
        if not self._is_listening:
            return
        self._accept()
        self._is_listening = False
        self._loop.remove_reader(self._listener)
        self._listener.close()
        self._listener = self._bound()

    def _bound(self) -> socket.socket:
        """Give a socket that owns the port and does not listen yet."""
        listener = socket.socket(socket.AF_INET6 if ":" in self.host else socket.AF_INET)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setblocking(False)
        try:
            listener.bind((self.host, self.port))
        except OSError:
            listener.close()
            raise
        return listener

    async def _adopt(self, behaviour: _Behaviour, flap_s: float | None) -> None:
        self._accept()
        if self._flapping is not None:
            self._flapping.cancel()
            self._flapping = None
        self._behaviour = behaviour
        self._switched.set_result(None)
        self._switched = self._loop.create_future()
        for connection in self._connections:
            connection.adopt(behaviour)
        if flap_s is not None:
            self._flapping = asyncio.create_task(self._flap(flap_s))

    async def _flap(self, period_s: float) -> None:
        while True:
            await asyncio.sleep(period_s)
            await self._end_all()

    async def _end_all(self) -> None:
        self._accept()
        tasks = [connection.task for connection in self._connections]
        for connection in self._connections:
            connection.ends_with_reset = True
            connection.task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _found(self) -> list[_Connection]:
        self._accept()
        return list(self._connections)

    def _accept(self) -> None:
        """Take all that have connected so far; return at once."""
        while self._is_listening:
            try:
                client, _ = self._listener.accept()
            except (BlockingIOError, ConnectionAbortedError):
                return
            self._accepted_at.append(time.monotonic())
            _prepare(client)
            if self._behaviour.new == "serve":
                self._serve(_Connection(client, self._behaviour))
            elif self._behaviour.new == "reset":
                reset(client)
            else:
                _close_with_fin(client)

    def _serve(self, connection: _Connection) -> None:
        def ended(_: asyncio.Task[None]) -> None:
            # Not at the end of the task itself: one that is cancelled early never begins.
            connection.close()
            self._connections.discard(connection)

        self._connections.add(connection)
        serving = self._swallow(connection) if connection.is_lost else self._pass_on(connection)
        connection.task = self._loop.create_task(serving)
        connection.task.add_done_callback(ended)

    async def _swallow(self, connection: _Connection) -> None:
        with contextlib.suppress(OSError):
            while await self._loop.sock_recv(connection.client, _CHUNK_BYTES):
                pass

    async def _pass_on(self, connection: _Connection) -> None:
        server = connection.server = await self._connect()
        if server is None:
            return
        up: asyncio.Queue[_Chunk] = asyncio.Queue(1024)
        down: asyncio.Queue[_Chunk] = asyncio.Queue(1024)
        tasks = [
            asyncio.create_task(coroutine)
            for coroutine in (
                self._read(connection, connection.client, up),
                self._read(connection, server, down),
                self._write(connection, server, up),
                self._write(connection, connection.client, down),
            )
        ]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
            for task in done:
                task.result()
        except OSError:
            connection.ends_with_reset = True
        except _CutOff:
            pass
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _connect(self) -> socket.socket | None:
        for family, address in self._targets:
            server = socket.socket(family, socket.SOCK_STREAM)
            _prepare(server)
            try:
                await self._loop.sock_connect(server, address)
            except OSError:
                server.close()
            except BaseException:
                server.close()
                raise
            else:
                return server
        return None

    async def _read(
        self, connection: _Connection, source: socket.socket, queue: asyncio.Queue[_Chunk]
    ) -> None:
        data: bytes | None = b"not yet"
        while data:
            try:
                data = await self._loop.sock_recv(source, _CHUNK_BYTES)
            except OSError:
                data = None
            if not data and source is connection.client:
                connection.client_is_here = False
            await queue.put((time.monotonic(), data))

    async def _write(
        self, connection: _Connection, sink: socket.socket, queue: asyncio.Queue[_Chunk]
    ) -> None:
        while True:
            arrived_at, data = await queue.get()
            if not await self._may_pass(arrived_at) or connection.is_lost:
                connection.is_lost = True
                continue
            if data is None:
                raise ConnectionResetError
            if not data:
                sink.shutdown(socket.SHUT_WR)
                return
            limit = connection.client_gets if sink is connection.client else None
            if limit is None:
                await self._loop.sock_sendall(sink, data)
                continue
            connection.client_gets = limit - len(data[:limit])
            await self._loop.sock_sendall(sink, data[:limit])
            if not connection.client_gets:
                raise _CutOff

    async def _may_pass(self, arrived_at: float) -> bool:
        """Wait as long as the delay says, which may change; return whether bytes then pass."""
        while True:
            left_s = arrived_at + self._behaviour.delay_s - time.monotonic()
            if left_s <= 0:
                return not self._behaviour.swallow
            await asyncio.wait([self._switched], timeout=None if left_s == math.inf else left_s)


def _prepare(connection: socket.socket) -> None:
    connection.setblocking(False)
    # Or small pieces would wait for acknowledgements: 40 ms each.
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _close_with_fin(connection: socket.socket) -> None:
    """Close a TCP connection with FIN, also where bytes are unread, which would make it RST."""
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(_CHUNK_BYTES):
            pass
    connection.close()
