"""The kernel is its user's: no line but ours in a cell, no variable of the process changed."""

from __future__ import annotations

import copy
import pickle
from typing import TYPE_CHECKING, Any, Final

import cloudpickle
import pytest

import milvus_nb
from milvus_nb import ConnectionRegistry, MilvusNbError
from tests.support.helpers import free_port, posix_only
from tests.support.servers import FaultProxy

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.kernels import Kernel
    from tests.support.servers import MilvusTestServer


_loads: Final = pickle.loads  # of what was made here


def fails(kernel: Kernel, line: str, cause: str) -> None:
    """Run a line that fails, whose outputs are ours alone."""
    found = kernel.execute(line)
    assert found.error is not None, found.text
    assert cause in found.traceback
    assert found.stderr == ""


@pytest.mark.parametrize("order", ["ours first", "gRPC first, with a variable for it"])
def test_grpc_writes_nothing_into_a_cell(
    make_kernel: Callable[..., Kernel],
    milvus: MilvusTestServer,
    milvus_auth: MilvusTestServer,
    milvus_tls: MilvusTestServer,
    order: str,
) -> None:
    """Whatever fails, and although it would to its user, who may have asked for it."""
    if order == "ours first":
        kernel = make_kernel()
    else:
        kernel = make_kernel(GRPC_VERBOSITY="INFO")
        kernel.run("import grpc, pymilvus")
    kernel.run("import os; before = dict(os.environ)\n%load_ext milvus_nb")
    secure, ca = milvus_tls.address, milvus_tls.ca_pem
    fails(kernel, f"%milvus connect {secure} --secure", "not signed by an authority")
    fails(kernel, f"%milvus connect {secure} --ca-pem-path {ca} --server-name other.example", "for")
    fails(kernel, f"%milvus connect {milvus.address} --secure", "TLS")
    fails(kernel, f"%milvus connect {secure}", "TLS")
    fails(kernel, f"%milvus connect {milvus_auth.address} --token root:no", "password")
    fails(kernel, f"%milvus connect localhost:{free_port()}", "nothing listens")
    assert "not signed" in (found := kernel.run(f"%milvus doctor https://{secure}")).text
    assert found.stderr == ""
    assert kernel.run("before == dict(os.environ)").result == {"text/plain": "True"}


def test_the_registry_arrives_as_that_of_the_process(
    kernel: Kernel, milvus_auth: MilvusTestServer
) -> None:
    """As dask, joblib and cloudpickle send all that a function uses; no secret goes along."""
    kernel.run(
        "from milvus_nb import connections\nimport cloudpickle, copy, pickle\n"
        f"c = connections.connect(uri='{milvus_auth.uri}', token='{milvus_auth.root_token}')\n"
        "def names(): return [connections.list_connections(), c.state, c.client]"
    )
    for copied in ("copy.copy", "copy.deepcopy"):
        assert kernel.run(f"{copied}(connections) is connections").text == "True\n"
        assert kernel.run(f"{copied}(c) is c").text == "True\n"
    assert kernel.run("pickle.loads(pickle.dumps(connections)) is connections").text == "True\n"
    sent = kernel.run("cloudpickle.dumps([names, connections.connect, connections]).hex()").text
    data = bytes.fromhex(sent.strip().strip("'"))
    assert b"Milvus" not in data
    names, connect, arrived = cloudpickle.loads(data)
    assert arrived is milvus_nb.connections
    assert connect.__self__ is milvus_nb.connections
    with pytest.raises(MilvusNbError, match="is closed"):
        names()


def test_what_we_hand_out_can_be_copied_and_sent(
    connections: ConnectionRegistry, milvus: MilvusTestServer
) -> None:
    """Or says that it cannot; and never with its secret."""
    found = connections.connect("a", uri=milvus.uri, token="u:s3cret")
    things: list[Any] = [found.ping(1), found.diagnose(), found, connections.profiles]
    for way in ({"port": free_port()}, {"uri": "a b c"}):
        with pytest.raises(MilvusNbError) as failure:
            connections.connect("b", token="u:s3cret", **way)
        things.append(failure.value)
    for thing in things:
        sent = pickle.dumps(thing)
        assert b"s3cret" not in sent, thing
        for same in (_loads(sent), copy.copy(thing), copy.deepcopy(thing)):
            assert type(same) is type(thing)
    assert copy.copy(connections) is copy.deepcopy(connections) is connections
    client = connections.async_client("a")
    assert copy.copy(client) is copy.deepcopy(client) is client
    with pytest.raises(TypeError, match="Pickle milvus_nb"):
        cloudpickle.dumps(client)


def test_a_pickled_registry_in_a_pool_of_processes(
    connections: ConnectionRegistry, run_python: Callable[[str], str]
) -> None:
    """The worker of joblib connects with what it gets."""
    told = run_python(
        "from joblib import Parallel, delayed\nfrom milvus_nb import connections\n"
        "def names(): return len(connections.list_connections())\n"
        "connections.add_connection(a={'port': 19530})\n"
        "print(Parallel(n_jobs=2)(delayed(names)() for _ in range(2)), names())"
    )
    assert told == "[0, 0] 1\n"


def test_a_working_folder_that_is_gone(
    run_python: Callable[[str], str], milvus: MilvusTestServer
) -> None:
    """As after a git checkout, or where a temporary one was cleaned up: a server is reached."""
    told = run_python(
        "import os, tempfile\nos.chdir(gone := tempfile.mkdtemp())\nos.rmdir(gone)\n"
        "from milvus_nb import connections\n"
        f"print(connections.connect(uri={milvus.uri!r}).state)"
    )
    assert told == "connected\n"


@posix_only
def test_a_process_that_may_open_no_more_files(
    run_python: Callable[[str], str], milvus: MilvusTestServer
) -> None:
    """It is told so, and not that the server said it; what is connected goes on."""
    told = run_python(
        "import resource\nfrom milvus_nb import connections, MilvusNbError\n"
        "soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)\n"
        "def limit(files): resource.setrlimit(resource.RLIMIT_NOFILE, (files, hard))\n"
        "def connect(alias, **given):\n"
        f"    given |= {{'uri': {milvus.uri!r}, 'timeout': 60}}\n"
        "    try: return connections.connect(alias, **given).state\n"
        "    except MilvusNbError as error: return error.cause or error.what\n"
        "print(connect('a')); connections.shutdown()\n"  # all is imported
        "limit(3); print(connect('a')); limit(soft); print(connect('a'))\n"
        "limit(3); print(connect('b', token='u:p'), connections.diagnose().diagnosis.cause)\n"
        "print(connections['a'].ping(1).alias); limit(soft); print(connect('b', token='u:p'))"
    )
    lines = [line for line in told.splitlines() if "posix_interface" not in line]  # gRPC's own
    assert lines == [
        "connected", "The thread that watches connections could not be started.", "connected",
        "no-files no-files", "a", "connected",
    ]  # fmt: skip


def test_a_process_that_may_start_no_more_threads(
    run_python: Callable[[str], str], milvus: MilvusTestServer
) -> None:
    """It is told so, nothing hangs, and all works again once there are some."""
    told = run_python(
        "import threading\nfrom milvus_nb import connections, MilvusNbError\n"
        "of = '_start_joinable_thread'\n"  # since Python 3.13
        "of = of if hasattr(threading, of) else '_start_new_thread'\n"
        "start = getattr(threading, of)\n"
        'def none(*_, **__): raise RuntimeError("can\'t start new thread")\n'
        "def limit(starting): setattr(threading, of, starting)\n"
        "def told(call):\n"
        "    try: return getattr(call(), 'state', '')\n"
        "    except MilvusNbError as error: return error.cause or error.what\n"
        "def connect(alias, **given):\n"
        f"    given |= {{'uri': {milvus.uri!r}, 'timeout': 60}}\n"
        "    return told(lambda: connections.connect(alias, **given))\n"
        "limit(none); print(connect('a')); limit(start); print(connect('a'))\n"
        "limit(none); print(told(connections['a'].ping), connect('b', token='u:p'))\n"
        "print(connections.diagnose('a').diagnosis.cause)\n"
        "limit(start); print(connect('b', token='u:p') + told(connections['a'].ping))\n"
        "connections.shutdown()"
    )
    assert told.splitlines() == [
        "The thread that watches connections could not be started.", "connected",
        "no-threads no-threads", "no-threads", "connected",
    ]  # fmt: skip


def test_milvus_lite_never_goes_through_a_proxy(
    make_kernel: Callable[..., Kernel], lite_path: Path
) -> None:
    """Its server is in this very process; the proxy, here one that is not there, is for others."""
    kernel = make_kernel(http_proxy=f"http://127.0.0.1:{free_port()}")
    kernel.run("%load_ext milvus_nb")
    assert "connected" in kernel.run(f"%milvus connect {lite_path}").text
    kernel.run("client = %milvus client\nother = %milvus client --async")
    assert kernel.run("client.list_collections()").text == "[]\n"
    assert kernel.run("await other.list_collections()").text == "[]\n"
    assert "ms" in kernel.run("%milvus ping").text
    assert kernel.execute("%milvus doctor").error is None


@pytest.mark.parametrize("imported", ["before", "after"])
def test_gevent_is_in_the_way(
    run_python: Callable[[str], str], milvus: MilvusTestServer, imported: str
) -> None:
    """At once and in words, where it has replaced threads; else all works."""
    imports = (
        "from milvus_nb import connections, MilvusNbError\nimport milvus_nb.registry.registry\n"
    )
    patch = "from gevent import monkey\nmonkey.patch_all({})\n"
    both = imports + patch if imported == "before" else patch + imports
    told = run_python(
        both.format("") + "try: connections.connect(timeout=5)\n"
        "except MilvusNbError as error: print(error)"
    )
    assert "gevent" in told
    assert "patch_all(thread=False, select=False)" in told
    told = run_python(
        both.format("thread=False, select=False")
        + f"print(connections.connect(uri='{milvus.uri}').state)\n"
        "print(connections.client('default').list_collections())\nconnections.shutdown()"
    )
    assert told == "connected\n[]\n"


def test_modules_that_are_loaded_again(
    run_python: Callable[[str], str], milvus: MilvusTestServer, lite_path: Path
) -> None:
    """All of them, as `%autoreload` does after an upgrade: nothing is forgotten, or left behind."""
    told = run_python(
        "import importlib, sys, threading, milvus_nb\nfirst = milvus_nb.connections\n"
        "from IPython.core.interactiveshell import InteractiveShell\n"
        "from traitlets.config import Config\n"
        "without = Config({'HistoryManager': {'enabled': False}})\n"
        "magic = InteractiveShell.instance(config=without).run_line_magic\n"
        "magic('load_ext', 'milvus_nb')\n"
        f"first.connect('file', uri={str(lite_path)!r})\nfirst.connect('a', uri={milvus.uri!r})\n"
        "for name in sorted(sys.modules):\n"
        "    if name.startswith('milvus_nb'): importlib.reload(sys.modules[name])\n"
        "now = milvus_nb.connections\n"
        f"print(now is first, now.connect('b', uri={milvus.uri!r}), now['a'].ping(1).alias)\n"
        "now.disconnect('file')\n"
        "from milvus_lite.server_manager import server_manager_instance as manager\n"
        "magic('unload_ext', 'milvus_nb')\n"
        "print(len(manager._servers), [t.name for t in threading.enumerate() if 'nb' in t.name])"
    )
    assert told.startswith(f"True <Connection b: connected, {milvus.address}, "), told
    assert told.endswith(" a\n0 []\n"), told


@pytest.mark.parametrize("client", ["", "print(found.client.list_collections())"])
def test_a_script_ends_with_milvus_lite_connected(
    run_python: Callable[[str], str], lite_path: Path, client: str
) -> None:
    """Without a word; from Python 3.12 on no thread can be started any more by then."""
    told = run_python(
        "from milvus_nb import connections\n"
        f"found = connections.connect(uri={str(lite_path)!r})\n"
        f"{client}\n"
        "import atexit, time\n"
        "def end():\n"  # others' clean-up takes its time, and heartbeats come meanwhile
        "    connections.set_pace(0.05, 1)\n"
        "    time.sleep(0.3)\n"
        "atexit.register(end)"
    )
    assert told in ("", "[]\n")


@pytest.mark.parametrize("way_out", ["blackhole", "refuse"])
def test_pymilvus_logs_nothing_of_what_we_do(
    make_kernel: Callable[..., Kernel], milvus: MilvusTestServer, way_out: str
) -> None:
    """Of its own accord it writes a traceback for each call that fails."""
    kernel = make_kernel()
    kernel.run("%load_ext milvus_nb\nimport pymilvus")
    with FaultProxy(("127.0.0.1", milvus.port)) as way:
        kernel.run(f"far = %milvus connect {way.address} --timeout 1")
        kernel.run(f"other = %milvus connect {way.address} -a other --timeout 1\nother.client")
        getattr(way, way_out)()
        if way_out == "refuse":
            way.reset_all()
        for code in (
            "far.client",
            "%milvus client far",
            "far.ping()",
            "%milvus use other --db nosuch",
            "await (%milvus client far --async).list_collections()",
            "connections.connect('new', far.address)",
        ):
            found = kernel.execute(code)
            assert found.error is not None, code
            assert found.stderr == ""
        for code in ("%milvus doctor far", "%milvus status", "%milvus disconnect --all"):
            found = kernel.execute(code)
            assert found.stderr == ""
