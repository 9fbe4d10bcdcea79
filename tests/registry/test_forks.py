"""A kernel with connections forks, in each way that users do: nobody notices the connections."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING

import pytest

from tests.support.helpers import sockets_to, wait_until
from tests.support.kernels import Kernel
from tests.support.servers import HEALTHY, FaultProxy, ScriptedMilvus, SilentPeer

if TYPE_CHECKING:
    from collections.abc import Iterator

    import grpc

    from tests.support.servers import MilvusTestServer

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows does not fork")

# What a child comes to, by a waiting that ends: 0, another exit code, a signal (negative), or None
# where it hangs.
_CHILDREN = """
import collections, os, tempfile, threading, time

def live(child):
    '''Fork, and tell what becomes of the child.'''
    pid = os.fork()
    if pid == 0:
        try:
            child()
        finally:
            os._exit(0)
    end = time.monotonic() + 20
    while True:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > end:
            os.kill(pid, 9)
            os.waitpid(pid, 0)
            return None
        time.sleep(0.001)

def forks(count, child=lambda: None):
    return dict(collections.Counter(live(child) for _ in range(count)))

def quiet(work):
    '''Do something, and give what gRPC, or who else, wrote meanwhile past Python.'''
    with tempfile.TemporaryFile() as file:
        before = os.dup(2)
        os.dup2(file.fileno(), 2)
        try:
            value = work()
        finally:
            os.dup2(before, 2)
            os.close(before)
        file.seek(0)
        return value, file.read().decode()

def repeat(*works):
    '''Do each again and again, in a thread of its own; what is returned ends that.'''
    ended = threading.Event()
    def again(one):
        while not ended.is_set():
            one()
    threads = [threading.Thread(target=again, args=(one,)) for one in works]
    for thread in threads:
        thread.start()
    def end():
        ended.set()
        for thread in threads:
            thread.join()
    return end

def work():
    sum(range(10_000))
    threading.Thread(target=time.sleep, args=(0.001,)).start()
"""


@pytest.fixture(scope="module")
def _guest(tmp_path_factory: pytest.TempPathFactory, milvus: MilvusTestServer) -> Iterator[Kernel]:
    kernel = Kernel(tmp_path_factory.mktemp("kernel"))
    kernel.run(_CHILDREN)
    kernel.run("%load_ext milvus_nb")
    kernel.run(f"%milvus connect {milvus.address}")
    yield kernel
    kernel.stop()


@pytest.fixture
def guest(_guest: Kernel, milvus: MilvusTestServer) -> Kernel:
    """Give a kernel that is connected as `default`, one for all tests."""
    return _guest


@pytest.fixture
def still(guest: Kernel, milvus: MilvusTestServer) -> Iterator[None]:
    """See to it that the connection goes on, over the same socket."""
    before = sockets_to(milvus.port, guest.pid)
    yield
    assert "connected" in guest.run("%milvus status").text
    assert "ms" in guest.run("%milvus ping default").text
    assert sockets_to(milvus.port, guest.pid) == before


@pytest.fixture
def _unhurried(guest: Kernel) -> Iterator[None]:
    """Have a fork wait for what it has interrupted however slow the machine is."""
    guest.run(
        "from milvus_nb.probing import forks as gate\nbefore, gate._LONGEST_S = gate._LONGEST_S, 20"
    )
    yield
    guest.run("gate._LONGEST_S = before")


def alone(guest: Kernel, code: str) -> str:
    """Run a cell, in whose outputs is nothing but its value."""
    found = guest.run(code, timeout_s=120)
    assert found.stdout == ""
    assert found.stderr == ""
    assert found.result is not None, code
    return str(found.result["text/plain"])


@pytest.mark.usefixtures("still")
def test_children_live_beside_a_connection(guest: Kernel) -> None:
    """With nothing under way."""
    assert alone(guest, "forks(100, work)") == "{0: 100}"


@pytest.mark.usefixtures("still")
def test_children_live_that_close_all_files(guest: Kernel) -> None:
    """As `!` does before it runs the shell, and what becomes a daemon."""
    guest.run(
        "def close_all():\n"
        "    os.closerange(3, 4096)\n"
        "    time.sleep(0.02)"  # gRPC aborts a child that it has not begun in before
    )
    assert alone(guest, "forks(60, close_all)") == "{0: 60}"


@pytest.mark.usefixtures("still")
def test_children_live_beside_a_probe(guest: Kernel, milvus: MilvusTestServer) -> None:
    """One is always under way, or just beginning, or just ending."""
    guest.run(
        "from milvus_nb import connections\n"
        "def come_and_go():\n"
        f"    connections.connect('other', address='{milvus.address}', token='a:b', timeout=60)\n"
        "    connections.disconnect('other')\n"
        "end = repeat(lambda: connections['default'].ping(3), come_and_go)"
    )
    assert alone(guest, "forks(100)") == "{0: 100}"
    guest.run("end()")


@pytest.mark.usefixtures("still", "_unhurried")
def test_children_live_while_a_client_connects(guest: Kernel, milvus: MilvusTestServer) -> None:
    """Also a client of pymilvus is made by us, in a thread; each is made, whatever forks."""
    guest.run(
        "import pymilvus\n"  # what it imports registers handlers: not within a fork
        "from milvus_nb import connections\n"
        "def come_and_go():\n"
        f"    connections.connect('other', address='{milvus.address}', timeout=60).client\n"
        "    connections.disconnect('other')\n"
        "end = repeat(come_and_go)"
    )
    assert alone(guest, "quiet(lambda: forks(60))") == "({0: 60}, '')"
    guest.run("end()")


@pytest.mark.usefixtures("still", "_unhurried")
def test_a_client_that_a_fork_interrupts_is_made_anew(guest: Kernel) -> None:
    """No fork waits long for a server that answers late, and who asked for the client gets it."""
    may_answer = threading.Event()

    def late(context: grpc.ServicerContext) -> bytes:
        while context.is_active() and not may_answer.wait(0.01):
            pass
        return HEALTHY["Connect"]

    with ScriptedMilvus() as server:
        guest.run(
            "from milvus_nb import connections\n"
            f"slow, told = connections.connect('slow', uri='{server.address}', timeout=60), []\n"
            "making = threading.Thread(target=lambda: told.append(slow.client))"
        )
        server.methods["Connect"] = late
        before = len(server.calls)
        guest.run("making.start()")
        wait_until(lambda: "Connect" in [call.method for call in server.calls[before:]])
        assert alone(guest, "quiet(lambda: forks(3))") == "({0: 3}, '')"
        assert alone(guest, "told") == "[]"
        may_answer.set()
        assert alone(guest, "making.join(60); told == [slow.client]") == "True"
        guest.run("connections.disconnect('slow')")


@pytest.mark.usefixtures("still")
def test_children_live_beside_calls_of_a_client(guest: Kernel) -> None:
    """In other threads, also after it has connected anew: they are waited for, and wait."""
    guest.run(
        "from milvus_nb import connections\n"
        "from milvus_nb.probing import forks as gate\n"
        "before, gate._PATIENCE_S = gate._PATIENCE_S, 20\n"  # however slow the machine is
        "address = connections['default'].address\n"
        "client = connections.connect('busy', uri=address).client\n"
        "client._handler.reconnect()\n"
        "end = repeat(*[client.list_collections] * 3)"
    )
    assert alone(guest, "forks(80)") == "{0: 80}"
    guest.run("end()\nconnections.disconnect('busy')")
    guest.run("gate._PATIENCE_S = before")


def test_a_fork_does_not_wait_for_a_long_call_of_a_client(
    guest: Kernel, milvus: MilvusTestServer
) -> None:
    """The fork goes on after a moment, and so does the call."""
    with FaultProxy(("127.0.0.1", milvus.port)) as way:
        guest.run(
            "from milvus_nb import connections\n"
            "from milvus_nb.probing.forks import GATE\n"
            f"client, told = connections.connect('slow', uri='{way.address}').client, []\n"
            "def call(): told.append(client.list_collections(timeout=60))\n"
            "calling = threading.Thread(target=call)"
        )
        way.hold()
        guest.run("calling.start()\nwhile not GATE._users: time.sleep(0.01)")
        found = guest.run(
            "start = time.monotonic()\n"
            "pid = os.fork()\n"
            "if pid == 0: os._exit(0)\n"
            "took = time.monotonic() - start\n"
            "os.kill(pid, 9)\n"  # beside a call gRPC may do to it whatever it likes
            "os.waitpid(pid, 0)\n"
            "took < 19"
        )
        assert found.result == {"text/plain": "True"}
        assert guest.run("told").text == "[]\n"
        way.pass_through()
        assert guest.run("calling.join(60)\nlen(told)").text == "1\n"
        guest.run("connections.disconnect('slow')")


@pytest.mark.usefixtures("still")
@pytest.mark.parametrize("way_out", ["blackhole", "refuse"])
def test_children_live_beside_an_unreachable_server(
    guest: Kernel, milvus: MilvusTestServer, way_out: str
) -> None:
    """It is tried again and again meanwhile; where it is silent, a call waits for an answer."""
    with FaultProxy(("127.0.0.1", milvus.port)) as way:
        guest.run(f"%milvus connect {way.address} -a far")
        guest.run("%config MilvusMagics.heartbeat = 0.2")
        getattr(way, way_out)()
        assert alone(guest, "forks(60)") == "{0: 60}"
        if way_out == "refuse":
            way.reset_all()
        status = "from milvus_nb import connections; connections['far'].state"
        wait_until(lambda: "unreachable" in str(guest.run(status).result))
        assert alone(guest, "forks(60)") == "{0: 60}"
        guest.run("%milvus disconnect far\n%config MilvusMagics.heartbeat = 3.5")


def test_a_fork_does_not_wait_for_a_silent_server(guest: Kernel) -> None:
    """A connect that nobody answers holds nobody up."""
    with SilentPeer() as peer:
        guest.run(
            "from milvus_nb import connections\n"
            f"job = connections.start_connect('far', address='{peer.address}', timeout=60)"
        )
        took = "start = time.monotonic(); live(work); time.monotonic() - start < 19"
        assert alone(guest, took) == "True"
        guest.run("connections.cancel('far')")


@pytest.mark.usefixtures("still")
def test_ctrl_c_stops_what_forks(guest: Kernel) -> None:
    """Also where it comes while the fork waits for us: Python drops what is raised just then."""
    guest.run(
        "import signal\n"
        "from milvus_nb.probing.forks import GATE\n"
        "def press():\n"
        "    with GATE.passing():\n"  # as a call that goes on
        "        while not GATE._forking: time.sleep(0.001)\n"
        "        os.kill(os.getpid(), signal.SIGINT)\n"
        "        while GATE._forking: time.sleep(0.001)"
    )
    for _ in range(3):
        found = guest.execute(
            "pressing = threading.Thread(target=press)\n"
            "pressing.start()\n"
            "live(lambda: time.sleep(0.1))\n"
            "pressing.join()\n"
            "time.sleep(20)"
        )
        assert found.error is not None
        assert found.error["ename"] == "KeyboardInterrupt"
        assert found.stderr == ""


@pytest.mark.usefixtures("still")
@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_pools_of_processes(guest: Kernel, method: str) -> None:
    """Of concurrent.futures and of multiprocessing, with each start method."""
    pools = 10 if method == "fork" else 1
    guest.run(
        "import concurrent.futures, multiprocessing, math\n"
        f"context = multiprocessing.get_context('{method}')\n"
        "def pool():\n"
        "    with concurrent.futures.ProcessPoolExecutor(2, mp_context=context) as found:\n"
        "        one = list(found.map(math.sqrt, [1, 4, 9]))\n"
        "    with context.Pool(2) as found:\n"
        "        return one == found.map(math.sqrt, [1, 4, 9]) == [1, 2, 3]"
    )
    assert alone(guest, f"[pool() for _ in range({pools})]") == str([True] * pools)


@pytest.mark.usefixtures("still")
def test_joblib(guest: Kernel) -> None:
    """Its own kind of processes (loky), and multiprocessing's."""
    guest.run(
        "from joblib import Parallel, delayed\n"
        "from milvus_nb import connections\n"
        "def double(x): return 2 * x\n"
        "def run(kind):\n"
        "    return Parallel(n_jobs=2, backend=kind)(delayed(double)(x) for x in range(6))"
    )
    for kind in ("loky", "multiprocessing"):
        assert alone(guest, f"run('{kind}')") == "[0, 2, 4, 6, 8, 10]"


@pytest.mark.usefixtures("still")
def test_workers_that_load_data(guest: Kernel) -> None:
    """As torch's DataLoader does: forked workers, a queue of indices each, one of batches."""
    guest.run(
        "import multiprocessing\n"
        "context = multiprocessing.get_context('fork')\n"
        "def worker(indices, batches):\n"
        "    while (index := indices.get()) is not None:\n"
        "        batches.put([index * 10 + x for x in range(10)])\n"
        "def epoch():\n"
        "    batches = context.Queue()\n"
        "    queues = [context.Queue() for _ in range(4)]\n"
        "    workers = [\n"
        "        context.Process(target=worker, args=(queue, batches), daemon=True)\n"
        "        for queue in queues\n"
        "    ]\n"
        "    for one in workers: one.start()\n"
        "    for index in range(40): queues[index % 4].put(index)\n"
        "    for queue in queues: queue.put(None)\n"
        "    found = sorted(x for _ in range(40) for x in batches.get(timeout=30))\n"
        "    for one in workers: one.join(30)\n"
        "    return found == list(range(400)) and [one.exitcode for one in workers] == [0] * 4"
    )
    assert alone(guest, "[epoch() for _ in range(10)]") == str([True] * 10)


@pytest.mark.usefixtures("still")
def test_commands(guest: Kernel) -> None:
    """Of the shell, and of `subprocess`, also with a function that runs in the child."""
    shell = guest.run("!echo hi")
    assert (shell.stdout.strip(), shell.stderr) == ("hi", "")
    code = (
        "import subprocess\n"
        "[subprocess.run(['true'], **how).returncode for how in"
        " ({}, {'preexec_fn': work}, {'start_new_session': True}) for _ in range(5)]"
    )
    assert alone(guest, code) == str([0] * 15)


@pytest.mark.usefixtures("still")
def test_a_child_that_uses_ours_is_told(guest: Kernel) -> None:
    """At once, by whichever door, and also while other threads are busy with it, or have a lock."""
    guest.run(
        "from milvus_nb import connections, MilvusNbError\n"
        "import sys\n"
        "def told(use):\n"
        "    try: use()\n"
        "    except MilvusNbError as error:\n"
        "        if 'is a fork of' in str(error): os._exit(7)\n"
        "    os._exit(1)\n"
        "end = repeat(*[connections.list_connections] * 2)\n"
        "uses = [\n"
        "    lambda: connections.connect('b'), lambda: connections.disconnect('default'),\n"
        "    lambda: connections.client('default'), lambda: connections['default'].ping(),\n"
        "    lambda: connections['default'].client, lambda: connections.diagnose('default'),\n"
        "    lambda: connections.disconnect_all(), lambda: connections.use('default', 'x'),\n"
        "]"
    )
    guest.run("connections.profiles._lock.acquire()")  # as where profiles are just being read
    assert alone(guest, "{live(lambda: told(use)) for use in uses * 3}") == "{7}"
    guest.run("connections.profiles._lock.release()\nend()")


@pytest.mark.usefixtures("still")
def test_a_child_can_use_pymilvus(guest: Kernel, milvus: MilvusTestServer) -> None:
    """With a client of its own, as it can where nobody has connected."""
    guest.run(
        "import pymilvus\n"
        "def ask():\n"
        f"    client = pymilvus.MilvusClient('{milvus.uri}', dedicated=True, timeout=20)\n"
        "    client.list_collections()\n"
        "    os._exit(5)"
    )
    assert alone(guest, "forks(5, ask)") == "{5: 5}"
