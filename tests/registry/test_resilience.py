"""What users, and their code, do at the wrong moment: nothing hangs, nothing is lost or left."""

from __future__ import annotations

import contextlib
import functools
import gc
import logging
import socket
import subprocess
import sys
import threading
import time
import traceback
from typing import TYPE_CHECKING, Any

import pytest

from milvus_nb import ClosedError, ConnectError, MilvusNbError, ParamsError
from milvus_nb.errors import CancelError
from milvus_nb.params.parsing import parse
from milvus_nb.profiles.profile import Profile
from tests.support.helpers import connect_watched, is_stopped, sockets_to, wait_until
from tests.support.servers import FaultProxy

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from milvus_nb import ConnectionRegistry
    from tests.support.kernels import Kernel
    from tests.support.servers import MilvusTestServer


def test_lite_works_where_milvus_uri_names_a_file(
    lite_path: Path, make_kernel: Callable[..., Kernel]
) -> None:
    """Pymilvus cannot even be imported then."""
    kernel = make_kernel(MILVUS_URI=str(lite_path))
    kernel.run("%load_ext milvus_nb")
    assert "connected" in kernel.run("%milvus connect").text
    assert (
        "[]"
        in kernel.run("(get_ipython().run_line_magic('milvus', 'client')).list_collections()").text
    )


def test_a_lite_start_that_was_cancelled_does_not_take_the_next_one_away(
    connections: ConnectionRegistry, lite_path: Path
) -> None:
    """Ctrl-C, and the cell again at once."""
    params = parse(uri=str(lite_path))
    first = connections.start_attempt("a", params)
    connections.cancel("a")
    again = connections.connect("a", uri=str(lite_path))
    with pytest.raises(CancelError):
        first.wait()
    assert again.state == "connected"
    assert again.client.list_collections() == []


def test_one_database_is_one_endpoint_by_whichever_link(
    connections: ConnectionRegistry, tmp_path: Path
) -> None:
    """Not "open in another process"."""
    (tmp_path / "one").mkdir()
    (tmp_path / "two").symlink_to(tmp_path / "one")
    connections.connect("a", uri=str(tmp_path / "one" / "x.db"))
    assert connections.connect("b", uri=str(tmp_path / "two" / "x.db")).state == "connected"


def test_a_hurried_connect_does_not_harm_the_others(
    connections: ConnectionRegistry, milvus: MilvusTestServer
) -> None:
    """Its deadline is its own."""
    with FaultProxy(("127.0.0.1", milvus.port)) as way:
        found = connections.connect("a", uri=way.address)
        states: list[str] = []
        found.observe(lambda change: states.append(change["new"]), "state")
        way.delay(0.2)
        with pytest.raises(ConnectError, match="did not answer"):
            connect_watched(connections, "b", way.address, 0.02)
        assert found.client.list_collections() == []
        assert states == []


def test_a_patient_connect_does_not_fail_with_the_heartbeat(
    connections: ConnectionRegistry, milvus: MilvusTestServer
) -> None:
    """It joins a probe that gives up sooner, and asks again."""
    connections.set_pace(heartbeat=0.1, deadline=0.3)
    with FaultProxy(("127.0.0.1", milvus.port)) as way:
        found = connections.connect("a", uri=way.address)
        way.delay(0.4)
        wait_until(lambda: found.state == "unreachable")
        for number in range(3):
            assert connections.connect(f"b{number}", uri=way.address, timeout=10).latency_ms


def test_each_connect_has_its_own_deadline(
    connections: ConnectionRegistry, silent_port: int
) -> None:
    """Five that wait for one silent server do not wait for each other."""
    took: list[float] = []

    def connect(number: int) -> None:
        start = time.monotonic()
        with pytest.raises(ConnectError):
            connections.connect(f"a{number}", port=silent_port, timeout=1)
        took.append(time.monotonic() - start)

    workers = [threading.Thread(target=connect, args=(number,)) for number in range(5)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(took) == 5
    assert max(took) < 2.5, took  # one after another it would be 5 s
    assert sockets_to(silent_port) == []


@pytest.mark.parametrize("error", [ZeroDivisionError, SystemExit])
def test_an_observer_that_fails_does_not_stop_the_watching(
    connections: ConnectionRegistry,
    way: FaultProxy,
    caplog: pytest.LogCaptureFixture,
    error: type[BaseException],
) -> None:
    """It is logged, and the next state is reported all the same; also where it is `sys.exit`."""

    def fail(_: object) -> None:
        if threading.current_thread() is not threading.main_thread():
            raise error

    job = connections.start_connect(uri=way.address)
    job.add_done_callback(fail)
    found = job.wait()
    found.observe(fail, "state")
    connections.subscribe(fail)
    with caplog.at_level(logging.ERROR):
        way.refuse()
        way.reset_all()
        wait_until(lambda: found.state == "unreachable")
        way.listen_again()
        wait_until(lambda: found.state == "connected")
    assert error.__name__ in caplog.text


def test_what_reports_progress_may_end_itself_but_not_the_watching(
    connections: ConnectionRegistry, milvus: MilvusTestServer
) -> None:
    """Whoever waits for that connect gets it."""

    def report(_: object) -> None:
        raise SystemExit(3)

    found = connections.connect("a", uri=milvus.uri)
    with pytest.raises(SystemExit):
        connections.start_connect("b", uri=milvus.uri, report=report).wait()
    found.ping()
    connections.connect("b", uri=milvus.uri)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # never begun
@pytest.mark.parametrize("what", ["one", "all"])
def test_ctrl_c_at_any_point_of_a_disconnect_loses_no_alias(
    connections: ConnectionRegistry, milvus: MilvusTestServer, what: str
) -> None:
    """It can be connected and disconnected again, wherever that was stopped."""
    by_name = functools.partial(connections.disconnect, "a")
    disconnect = by_name if what == "one" else connections.disconnect_all
    points = 0

    def works() -> bool:
        again = connections.start_connect("a", uri=milvus.uri)
        again.settle(20)
        assert again.done(), points
        with contextlib.suppress(ClosedError):  # the disconnect went on
            again.wait().ping()
            return True
        return False

    assert works()
    while is_stopped(points, disconnect):
        points += 1
        wait_until(works)
    assert points > 10
    assert sockets_to(milvus.port) == []


def test_a_call_that_would_wait_for_itself_is_refused(
    connections: ConnectionRegistry, milvus: MilvusTestServer
) -> None:
    """An observer runs on the monitor's thread; waiting there would hang everything."""
    errors: list[BaseException] = []

    def observer(_: Any) -> None:
        try:
            connections.connect("b", uri=milvus.uri)
        except MilvusNbError as error:
            errors.append(error)

    found = connections.connect("a", uri=milvus.uri)
    found.observe(observer, "state")
    connections.disconnect("a")
    assert "wait for itself" in str(errors[0])
    assert "b" not in connections
    assert connections.connect("c", uri=milvus.uri).state == "connected"


def test_disconnected_is_a_state_that_is_observed(
    connections: ConnectionRegistry, milvus: MilvusTestServer
) -> None:
    """Observers hear the last change, too."""
    found = connections.connect(uri=milvus.uri)
    states: list[str] = []
    found.observe(lambda change: states.append(change["new"]), "state")
    connections.disconnect("default")
    assert states == ["disconnected"]


def test_disconnect_does_not_wait_for_a_client_that_is_being_made(
    connections: ConnectionRegistry, way: FaultProxy
) -> None:
    """The server froze; the user wants out."""
    found = connections.connect(uri=way.address, timeout=60)
    way.blackhole()
    failures: list[BaseException] = []

    def make() -> None:
        try:
            _ = found.client
        except MilvusNbError as error:
            failures.append(error)

    maker = threading.Thread(target=make)
    maker.start()
    wait_until(lambda: len(sockets_to(way.port)) == 2)
    start = time.monotonic()
    connections.disconnect("default")
    assert time.monotonic() - start < 30
    maker.join()
    assert isinstance(failures[0], ClosedError)


def test_disconnect_waits_for_a_busy_machine_to_close_the_socket(
    connections: ConnectionRegistry, milvus: MilvusTestServer
) -> None:
    """GRPC closes it on a thread of its own, which has to wait for the processor.

    What the process closes besides does not count.
    """
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(3)]
    ended = threading.Event()

    def come_and_go() -> None:
        held: list[socket.socket] = []
        while not ended.wait(0.0005):
            held += socket.socketpair()
            if len(held) > 20:
                for one in held[:2]:
                    one.close()
                del held[:2]
        for one in held:
            one.close()

    others = threading.Thread(target=come_and_go)
    others.start()
    try:
        for n in range(40):
            connection = connections.connect("a", uri=milvus.uri)
            if n % 4 == 0:
                connection.client.list_collections()
            connections.disconnect("a")
            assert sockets_to(milvus.port) == []
    finally:
        ended.set()
        others.join()
        for process in busy:
            process.kill()
            process.wait()


def test_disconnect_during_a_probe_leaves_nothing_for_the_garbage_collection(
    connections: ConnectionRegistry, milvus: MilvusTestServer
) -> None:
    """A cancelled call keeps its socket for as long as anything knows of the call."""
    with FaultProxy(("127.0.0.1", milvus.port)) as way:
        connections.set_pace(0.1, 1.0)
        aliases = [f"a{n}" for n in range(20)]
        for alias in aliases:  # each user has a socket of their own
            connections.connect(alias, uri=way.address, token=f"{alias}:x")
        assert len(sockets_to(way.port)) == len(aliases)
        way.delay(0.3)
        time.sleep(0.3)  # several heartbeats: all are being asked
        gc.disable()
        try:
            for alias in aliases:
                connections.disconnect(alias)
            assert sockets_to(way.port) == []
        finally:
            gc.enable()


def test_two_closes_at_once_leave_no_closed_connection_current(
    connections: ConnectionRegistry, milvus: MilvusTestServer
) -> None:
    """Whichever ends last."""
    for alias in "cba":
        connections.connect(alias, uri=milvus.uri)
    jobs = [connections.start_disconnect("b"), connections.start_disconnect("a")]
    for job in jobs:
        job.wait()
    assert connections.current is None
    assert connections.aliases() == ["c"]


def test_replace_with_the_same_parameters_is_a_rerun_cell(
    connections: ConnectionRegistry, milvus: MilvusTestServer
) -> None:
    """The client that the user holds goes on working."""
    found = connections.connect("a", uri=milvus.uri)
    client = found.client
    assert connections.connect("a", uri=milvus.uri, replace=True) is found
    assert client.list_collections() == []


def test_an_unknown_keyword_is_named_and_no_frame_keeps_the_secret(
    connections: ConnectionRegistry,
) -> None:
    """Did you mean; and the error came through no frame that holds the token."""
    attempts: list[tuple[Callable[..., object], dict[str, Any]]] = [
        (connections.connect, {"tokn": "root:s3cret-value"}),
        (connections.connect, {"token": "root:s3cret-value", "handler": "HTTP"}),
        (connections.connect, {"token": "root:s3cret-value", "port": 99999}),
        (connections.add_connection, {"a": {"token": "root:s3cret-value", "port": 99999}}),
        (connections.examine, {"name": "h:1", "token": "root:s3cret-value", "tokn": "x"}),
        (connections.examine, {"name": "h:1", "token": "root:s3cret-value", "timeout": "x"}),
    ]
    for call, given in attempts:
        with pytest.raises((ParamsError, NotImplementedError)) as failure:
            call(**given)
        assert "s3cret-value" not in variables_behind(failure.value)
    with pytest.raises(ParamsError, match="Did you mean 'token'"):
        connections.connect(tokn="x")


def variables_behind(error: BaseException) -> str:
    """Give what a verbose traceback, or a debugger, shows of our frames."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    ours = [frame for frame in frames if "milvus_nb" in frame.f_globals.get("__name__", "")]
    return repr([frame.f_locals for frame in ours])


class Interrupting(str):
    """Text during whose reading Ctrl-C is pressed."""

    __slots__ = ()

    def __getattribute__(self, name: str) -> Any:
        raise KeyboardInterrupt


def test_ctrl_c_while_parameters_are_read_keeps_no_frame_with_the_secret(
    connections: ConnectionRegistry,
) -> None:
    """A verbose traceback of a loop that connects shows the cell, and none of what it was given."""
    examined = {"token": "root:s3cret-value", "db_name": Interrupting("x")}
    given = {"uri": "h:1", **examined}
    attempts: list[tuple[Callable[..., object], dict[str, Any]]] = [
        (connections.connect, given),
        (connections.start_connect, given),
        (connections.add_connection, {"a": given}),
        (connections.examine, {"name": "h:1", **examined}),
        (
            connections.connect_profile,
            {"name": Profile("p", "h:1"), "secret": "s3cret-value", "db_name": Interrupting("x")},
        ),
    ]
    for call, keywords in attempts:
        with pytest.raises(KeyboardInterrupt) as interrupt:
            call(**keywords)
        assert "s3cret-value" not in variables_behind(interrupt.value), call


def test_unload_closes_what_python_opened(kernel: Kernel, milvus: MilvusTestServer) -> None:
    """The magic was never used."""
    kernel.run("%load_ext milvus_nb\nfrom milvus_nb import connections")
    kernel.run(f"connections.connect(uri='{milvus.uri}')")
    assert len(sockets_to(milvus.port, kernel.pid)) == 1
    kernel.run("%unload_ext milvus_nb")
    assert sockets_to(milvus.port, kernel.pid) == []


def test_a_closed_panel_is_not_handed_out_again(kernel: Kernel) -> None:
    """As Widget.close_all() does it."""
    kernel.run("%load_ext milvus_nb\nimport ipywidgets\npanel = %milvus panel")
    kernel.run("ipywidgets.Widget.close_all()")
    shown = kernel.run("again = %milvus panel\nprint(again is panel, again.comm is None)")
    assert shown.stdout == "False False\n"
