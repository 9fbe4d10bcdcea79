"""Many threads, broken servers, and what must hold whatever happens.

``python -m tests.support.chaos --seconds 600 --seed 7`` runs it by hand, for as long as one likes;
the test suite runs it for a minute. The invariants:

- every error is one that is documented;
- no call ends later than its timeout, and a second;
- once the faults stop, every state is true within a heartbeat and a deadline;
- after a shutdown nothing is left: no thread, socket, watch or lock.
"""

from __future__ import annotations

import argparse
import asyncio
import collections
import contextlib
import logging
import random
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import grpc
import pymilvus

from milvus_nb import ConnectionRegistry, MilvusNbError
from tests.support.helpers import is_listening, sockets_to, threads, wait_until
from tests.support.servers import FaultProxy, MilvusTestServer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["Chaos", "Found"]

HEARTBEAT_S: Final = 0.3
DEADLINE_S: Final = 0.5
TIMEOUTS_S: Final = (0.3, 1.0, 2.0)

# A call may be so much later than its timeout, in seconds, beside what a thread that does nothing
# else was late itself: then it is the machine that is slow.
LATE_S: Final = 1.0

# So long the thread sleeps by which lateness is measured.
_NAP_S: Final = 0.005

# What pymilvus's own clients raise, in calls that are not ours.
THEIRS: Final = (pymilvus.MilvusException, grpc.RpcError, MilvusNbError)


@dataclass
class Found:
    """What was seen; what is in a list is wrong."""

    calls: collections.Counter[str] = field(default_factory=collections.Counter)
    faults: collections.Counter[str] = field(default_factory=collections.Counter)
    foreign: list[str] = field(default_factory=list)
    late: list[str] = field(default_factory=list)
    untrue: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)

    @property
    def wrong(self) -> list[str]:
        """All that is wrong."""
        return [*self.foreign, *self.late, *self.untrue, *self.left]

    def __str__(self) -> str:
        calls, faults = sum(self.calls.values()), sum(self.faults.values())
        lines = [f"{calls} calls {dict(self.calls)}", f"{faults} faults {dict(self.faults)}"]
        return "\n".join([*lines, *(self.wrong or ["nothing is wrong"])])


class _Control(threading.Thread):
    """Does nothing but sleep, and knows how late it was: so late may others be, too.

    It sleeps as briefly as a call does between its steps: each of them waits for the processor.
    """

    def __init__(self) -> None:
        super().__init__(name="chaos-control", daemon=True)
        self.stop = threading.Event()
        self._late: collections.deque[tuple[float, float]] = collections.deque(maxlen=100_000)
        self.start()

    def run(self) -> None:
        while not self.stop.is_set():
            begin = time.monotonic()
            time.sleep(_NAP_S)
            end = time.monotonic()
            self._late.append((end, end - begin - _NAP_S))

    def late(self, since: float) -> float:
        """Add up how late it was since then, in seconds."""
        return sum(late for when, late in list(self._late) if when >= since)


class Chaos:
    """One run.

    Parameters
    ----------
    servers
        Real ones; each is reached through a network that breaks.
    seconds
        How long.
    seed
        Of what the threads do.
    workers
        How many threads.
    freeze
        Servers of the run's own, which may also be stopped.
    """

    def __init__(
        self,
        servers: Sequence[MilvusTestServer],
        seconds: float,
        *,
        seed: int = 0,
        workers: int = 8,
        freeze: Sequence[MilvusTestServer] = (),
    ) -> None:
        self.found = Found()
        self._seconds = seconds
        self._seed = seed
        self._workers = workers
        self._freeze = list(freeze)
        self._servers = [*servers, *freeze]
        self._ways: list[FaultProxy] = []
        self._their_ways: list[FaultProxy] = []  # what they leave open is theirs
        self._folder = Path()
        self._registry = ConnectionRegistry(
            heartbeat=HEARTBEAT_S, deadline=DEADLINE_S, mirrored=True
        )
        self._control = _Control()
        self._stop = threading.Event()

    def run(self) -> Found:
        """Do it, and look."""
        # It writes a traceback for each call of its clients that fails.
        logging.getLogger("pymilvus").setLevel(logging.CRITICAL)
        with contextlib.ExitStack() as stack:
            self._folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            for server in self._servers:
                way = FaultProxy(("127.0.0.1", server.port))
                self._ways.append(stack.enter_context(way))
                theirs = FaultProxy(("127.0.0.1", server.port))
                self._their_ways.append(stack.enter_context(theirs))
            workers = [
                threading.Thread(target=self._work, args=(number,), name=f"chaos-{number}")
                for number in range(self._workers)
            ]
            workers.append(threading.Thread(target=self._break, name="chaos-faults"))
            workers.append(threading.Thread(target=self._await, name="chaos-async"))
            workers.append(threading.Thread(target=self._open_theirs, name="chaos-theirs"))
            for worker in workers:
                worker.start()
            time.sleep(self._seconds)
            self._stop.set()
            for worker in workers:
                worker.join(60)
                if worker.is_alive():
                    self.found.late.append(f"{worker.name} hangs")
            self._mend()
            self._look_for_truth()
            self._registry.shutdown()
            self._look_for_what_is_left()
        self._control.stop.set()
        return self.found

    # What the threads do

    def _work(self, number: int) -> None:
        dice = random.Random(self._seed * 1000 + number)  # noqa: S311  # hides nothing
        kinds = [*["connect"] * 6, *["ping"] * 3, "client", "client", "use", "databases", "replace"]
        kinds += ["disconnect", "disconnect", "add", "lite", "all", "diagnose", "look", "theirs"]
        while not self._stop.is_set():
            kind = dice.choice(kinds)
            if dice.random() < 0.002:
                kind = "shutdown"
            self._call(kind, dice)

    def _call(self, kind: str, dice: random.Random) -> None:
        timeout = dice.choice(TIMEOUTS_S)
        work, limit = self._work_of(kind, dice, timeout)
        begin = time.monotonic()
        try:
            work()
        except MilvusNbError:
            pass
        except BaseException as error:  # noqa: BLE001  # it is what is looked for
            self.found.foreign.append(f"{kind}: {error!r}")
        took = time.monotonic() - begin
        self.found.calls[kind] += 1
        if took > limit + LATE_S + self._control.late(begin):
            late = self._control.late(begin)
            self.found.late.append(
                f"{kind}, which had {limit} s, took {took:.1f} s; the machine was {late:.1f} s late"
            )

    def _work_of(
        self, kind: str, dice: random.Random, timeout: float
    ) -> tuple[Callable[[], object], float]:
        """Give a call, and how long it may take."""
        registry, alias = self._registry, f"a{dice.randrange(6)}"
        uri = dice.choice(self._ways).address
        most = max(TIMEOUTS_S)  # the timeout of whoever connected the alias
        # Closing waits for sockets, and for one client that connects anew.
        closing = 3.0
        path = str(self._folder / f"{dice.randrange(3)}.db")
        calls: dict[str, tuple[Callable[[], object], float]] = {
            "connect": (lambda: registry.connect(alias, uri=uri, timeout=timeout), timeout),
            "replace": (
                lambda: registry.connect(alias, uri=uri, timeout=timeout, replace=True),
                timeout,
            ),
            "ping": (lambda: registry[alias].ping(1), 2 * most),
            "client": (lambda: self._use_client(alias), 2 * most + 1),
            "use": (lambda: registry.use(alias, dice.choice(["", "default"])), 2 * most),
            "databases": (lambda: registry.databases(alias).wait(), 2 * most),
            "disconnect": (lambda: registry.disconnect(alias), closing),
            "add": (lambda: registry.add_connection(extra={"uri": uri}), 0.5),
            "lite": (lambda: self._use_lite(path, timeout), timeout + 2 * closing + 5),
            "all": (registry.disconnect_all, closing),
            "diagnose": (lambda: self._diagnose(alias), most + 1),
            "look": (lambda: registry.look().wait(), closing),
            "theirs": (lambda: self._take_theirs(dice), closing),
            "shutdown": (registry.shutdown, 2 * closing + 5),
        }
        return calls[kind]

    def _use_client(self, alias: str) -> None:
        client = self._registry.client(alias)
        # Closed by another thread, it has no handler, and gRPC's channel says ValueError.
        with contextlib.suppress(*THEIRS, AttributeError, ValueError):
            client.list_collections(timeout=0.5)

    def _diagnose(self, alias: str) -> None:
        self._registry[alias].diagnose()

    def _use_lite(self, path: str, timeout: float) -> None:
        alias = f"lite-{Path(path).stem}"
        self._registry.connect(alias, uri=path, timeout=max(timeout, 1.0))
        self._registry.disconnect(alias)

    def _take_theirs(self, dice: random.Random) -> None:
        """Give an alias to what others have opened, or close it."""
        others = self._registry.others()
        if others and dice.random() < 0.5:
            self._registry.disconnect(dice.choice(others).alias)
        elif others:
            self._registry.adopt(dice.choice(others).alias, "theirs")
            self._registry.disconnect("theirs")

    def _open_theirs(self) -> None:
        """Open clients of pymilvus's own, and close them again; their errors are theirs."""
        dice = random.Random(self._seed + 3)  # noqa: S311  # hides nothing
        clients: list[Any] = []
        while not self._stop.is_set() or clients:
            if not self._stop.is_set():
                uri = f"http://{dice.choice(self._their_ways).address}"
                with contextlib.suppress(Exception):
                    clients.append(pymilvus.MilvusClient(uri, timeout=1.0, dedicated=True))
                self._stop.wait(0.05)
            if len(clients) > 3 or self._stop.is_set():
                with contextlib.suppress(Exception):
                    clients.pop(0).close()

    def _await(self) -> None:
        dice = random.Random(self._seed + 1)  # noqa: S311  # hides nothing
        while not self._stop.is_set():
            asyncio.run(self._await_calls(dice))  # each loop has clients of its own

    async def _await_calls(self, dice: random.Random) -> None:
        """Call async clients, in tasks that nobody cancels."""
        for _ in range(dice.randrange(1, 50)):
            if self._stop.is_set():
                return
            alias = f"a{dice.randrange(6)}"
            try:
                client = await asyncio.to_thread(self._async_client, alias)
                if client is not None:
                    await client.list_collections(timeout=0.5)
            except THEIRS:
                pass
            except BaseException as error:  # noqa: BLE001  # it is what is looked for
                self.found.foreign.append(f"await: {error!r}")
            self.found.calls["await"] += 1

    def _async_client(self, alias: str) -> Any:
        try:
            return self._registry.async_client(alias)
        except MilvusNbError:
            time.sleep(0.01)
            return None

    def _break(self) -> None:
        dice = random.Random(self._seed + 2)  # noqa: S311  # hides nothing
        kinds = ["blackhole", "delay", "reset_all", "refuse", "close_new", "reset_new", "truncate"]
        if self._freeze:
            kinds += ["freeze", "freeze"]
        while not self._stop.wait(dice.uniform(0.05, 0.4)):
            kind, way = dice.choice(kinds), dice.choice([*self._ways, *self._their_ways])
            self.found.faults[kind] += 1
            if kind == "freeze":
                server = dice.choice(self._freeze)
                server.pause()
                self._stop.wait(dice.uniform(0.1, 2.0))
                server.resume()
                continue
            arguments = {"delay": (0.2,), "truncate": (60,)}.get(kind, ())
            getattr(way, kind)(*arguments)
            if kind in ("refuse", "close_new", "reset_new"):
                way.reset_all()
            self._stop.wait(dice.uniform(0.05, 1.0))
            way.listen_again()
            way.pass_through()

    # What must hold afterwards

    def _mend(self) -> None:
        for server in self._freeze:
            server.resume()
        for way in [*self._ways, *self._their_ways]:
            way.listen_again()
            way.pass_through()

    def _look_for_truth(self) -> None:
        """Everything answers now: so say all states, and a new connect to each works."""
        for number, (way, server) in enumerate(zip(self._ways, self._servers, strict=True)):
            try:
                self._registry.connect(f"truth-{number}", uri=way.address, timeout=20)
            except MilvusNbError as error:
                if is_listening(server.port):
                    self.found.untrue.append(f"{way.address} answers, but: {error}")
                else:  # Milvus ends itself, also some time after it was frozen for too long
                    self.found.faults["the server has ended"] += 1
        begin = time.monotonic()

        def wrong() -> list[str]:
            return [
                f"{one.alias} is {one.state}: {one.reason}"
                for one in self._registry.connections()
                if one.state != "connected"
            ]

        limit = HEARTBEAT_S + DEADLINE_S + LATE_S
        while wrong() and time.monotonic() - begin < limit + self._control.late(begin):
            time.sleep(0.02)
        self.found.untrue += wrong()

    def _look_for_what_is_left(self) -> None:
        from milvus_lite.server_manager import server_manager_instance

        def left() -> list[str]:
            found = [f"the thread {name}" for name in threads("milvus-nb")]
            for way in self._ways:
                found += [f"a socket to {way.address}: {one}" for one in sockets_to(way.port)]
            inside = str(self._folder)
            served = list(server_manager_instance._servers)
            found += [f"the lock of {path}" for path in served if path.startswith(inside)]
            if self._registry.monitor._watches:
                found.append("watches")
            return found

        # A call of pymilvus's that nobody can end has its timeout; its thread ends with it.
        with contextlib.suppress(TimeoutError):
            wait_until(lambda: not left(), 10)
        self.found.left += left()


def main() -> None:
    """Run it by hand."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--workers", type=int, default=8)
    given = parser.parse_args()
    servers = [MilvusTestServer(), MilvusTestServer()]
    print(f"seed {given.seed}", flush=True)
    try:
        chaos = Chaos([], given.seconds, seed=given.seed, workers=given.workers, freeze=servers)
        found = chaos.run()
    finally:
        for server in servers:
            server.stop()
    print(found)
    raise SystemExit(bool(found.wrong))


if __name__ == "__main__":
    main()
