"""What goes wrong in us, and what a user breaks off: nothing ends for good, nothing lies."""

from __future__ import annotations

import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import keyring.backend
import keyring.core
import pytest

from milvus_nb.errors import CancelError
from milvus_nb.page.session import PageSession
from milvus_nb.profiles.profile import Profile
from milvus_nb.profiles.reference import SecretRef
from milvus_nb.registry.events import Event
from milvus_nb.registry.opening import examine_profile, open_profile
from milvus_nb.watching.schedule import Schedule
from milvus_nb.watching.watch import Watch
from tests.support.helpers import threads, wait_until
from tests.support.servers import FaultProxy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from milvus_nb import ConnectionRegistry
    from tests.support.servers import MilvusTestServer


@pytest.fixture(autouse=True)
def _own_profiles(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Give each test a file of its own."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


class SlowKeyring(keyring.backend.KeyringBackend):
    """One that waits for its user to unlock it; its signatures are keyring's."""

    priority = 1.0

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.asked = threading.Event()
        self.unlocked = threading.Event()
        self.saved: dict[str, str] = {}

    def get_password(self, service: str, username: str) -> str:  # noqa: ARG002
        self.asked.set()
        self.unlocked.wait(20)
        return self.saved.get(username, "root:Milvus")

    def set_password(self, service: str, username: str, password: str) -> None:  # noqa: ARG002
        self.asked.set()
        self.unlocked.wait(20)
        self.saved[username] = password

    def delete_password(self, service: str, username: str) -> None:  # noqa: ARG002
        del self.saved[username]


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Iterator[SlowKeyring]:
    """Have the keyring be slow, until the test unlocks it."""
    found = SlowKeyring()
    monkeypatch.setattr(keyring.core, "_keyring_backend", found)
    yield found
    found.unlocked.set()
    wait_until(lambda: threads("milvus-nb-blocking") == [])


class Page:
    """What a page is told."""

    def __init__(self, registry: ConnectionRegistry) -> None:
        self.heard: list[Mapping[str, Any]] = []
        self.session = PageSession(registry, self.heard.append)

    def answer(self, number: int) -> Mapping[str, Any] | None:
        return next((one for one in self.heard if one.get("id") == number), None)


def test_an_event_in_the_moment_in_which_a_page_is_met(
    connections: ConnectionRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other threads tell a session what happens from its first moment on."""
    subscribe = connections.subscribe

    def meanwhile(listener: Callable[[Event], None]) -> Callable[[], None]:
        listener(Event("changed", "a"))
        return subscribe(listener)

    monkeypatch.setattr(connections, "subscribe", meanwhile)
    Page(connections).session.close()


@pytest.mark.parametrize("what", ["connect", "examine"])
def test_what_waits_for_a_keyring_can_be_cancelled(
    connections: ConnectionRegistry, milvus: MilvusTestServer, slow: SlowKeyring, what: str
) -> None:
    """It ends at once, and nothing is connected when the keyring is unlocked after all."""
    profile = Profile("prod", milvus.address, secret=SecretRef("keyring"))
    connections.profiles.save(profile)
    job: Any = (
        open_profile(connections, profile)
        if what == "connect"
        else examine_profile(connections, profile)
    )
    wait_until(slow.asked.is_set)
    job.cancel()
    with pytest.raises(CancelError):
        job.wait()
    slow.unlocked.set()
    wait_until(lambda: threads("milvus-nb-blocking") == [])
    assert connections.connections() == []
    assert connections.current is None


@pytest.mark.parametrize("what", ["connect", "examine"])
def test_what_was_cancelled_after_the_keyring_answered_is_not_connected(
    connections: ConnectionRegistry, silent_port: int, slow: SlowKeyring, what: str
) -> None:
    """The connect of before is a part of it: it goes on no longer, and its error is heard."""
    slow.unlocked.set()
    profile = Profile("prod", f"127.0.0.1:{silent_port}", secret=SecretRef("keyring"), timeout=20)
    connections.profiles.save(profile)
    job: Any = (
        open_profile(connections, profile)
        if what == "connect"
        else examine_profile(connections, profile)
    )
    if what == "connect":
        wait_until(connections.connections)
    else:
        wait_until(slow.asked.is_set)
    job.cancel()
    with pytest.raises(CancelError):
        job.wait()
    assert connections.connections() == []


def test_a_save_that_was_cancelled_says_what_became_of_it(
    connections: ConnectionRegistry, milvus: MilvusTestServer, slow: SlowKeyring
) -> None:
    """What writes goes on to its end: "Nothing was changed" would not be true."""
    page = Page(connections)
    page.session.handle(
        {
            "v": _protocol(),
            "id": 1,
            "method": "save_profile",
            "params": _new_profile(milvus.address),
        }
    )
    wait_until(slow.asked.is_set)
    cancel = {"v": _protocol(), "id": 2, "method": "cancel", "params": {"request": 1}}
    page.session.handle(cancel)
    slow.unlocked.set()
    answer = wait_until(lambda: page.answer(1))
    assert answer is not None
    assert "result" in answer, answer
    assert "prod" in connections.profiles.find().profiles
    page.session.close()


def _protocol() -> int:
    from milvus_nb._version import PROTOCOL

    return PROTOCOL


def _new_profile(address: str) -> dict[str, Any]:
    return {
        "name": "prod",
        "was": "",
        "alias": "",
        "project": False,
        "replace": False,
        "address": address,
        "secret": "keyring",
        "user": "root",
        "typed": "Milvus",
    }


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no alarms")
@pytest.mark.parametrize("how", ["connections.connect(", "run('connect', "])
def test_an_alarm_ends_what_it_breaks_off(
    run_python: Callable[[str], str], silent_port: int, how: str
) -> None:
    """As the time limits of many a library do: a connect does not go on behind its error."""
    told = run_python(
        "import signal, time\nfrom IPython.core.interactiveshell import InteractiveShell\n"
        "from milvus_nb import connections\n"
        "shell = InteractiveShell.instance()\nshell.run_line_magic('load_ext', 'milvus_nb')\n"
        "def run(name, uri, timeout):\n"
        "    shell.run_line_magic('milvus', f'{name} {uri} --timeout {timeout}')\n"
        "class Late(Exception): pass\n"
        "def ring(*_): raise Late\n"
        "signal.signal(signal.SIGALRM, ring)\n"
        "shell.run_line_magic('milvus', 'status')\n"
        "signal.setitimer(signal.ITIMER_REAL, 1)\n"
        f"try: {how}uri='localhost:{silent_port}', timeout=150)\n"
        "except Late: print('late')\n"
        "end = time.monotonic() + 60\n"
        "while connections.connections() and time.monotonic() < end: time.sleep(0.01)\n"
        "print(connections.connections())"
    )
    assert told == "late\n[]\n"


def test_latencies_are_measured_on(
    connections: ConnectionRegistry,
    milvus: MilvusTestServer,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A mistake in measuring one does not end the measuring; it is logged once."""
    connections.set_pace(0.05, 1.0)
    found = connections.connect(uri=milvus.uri)
    times = 0

    def fail(_: Watch) -> None:
        nonlocal times
        times += 1
        raise ZeroDivisionError

    with monkeypatch.context() as broken:
        broken.setattr(Watch, "measure", fail)
        wait_until(lambda: times > 3)
    before = found.latency_ms
    wait_until(lambda: found.latency_ms != before)
    assert caplog.text.count("Measuring a latency failed") == 1


def test_a_watch_and_its_listeners_go_on(
    connections: ConnectionRegistry,
    milvus: MilvusTestServer,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Wherever in its turn something of ours fails."""
    connections.set_pace(0.05, 1.0)
    with FaultProxy(("127.0.0.1", milvus.port)) as way:
        found = connections.connect(uri=way.address)
        for owner, name in (
            (Schedule, "next_delay"),
            (Watch, "_turn"),
            (Watch, "_publish"),
        ):
            times: list[str] = []

            def fail(*_: Any, name: str = name, times: list[str] = times) -> None:
                times.append(name)
                raise ZeroDivisionError

            with monkeypatch.context() as broken:
                broken.setattr(owner, name, fail)
                wait_until(lambda times=times: len(times) > 2)  # type: ignore[misc]
        way.refuse()
        way.reset_all()
        wait_until(lambda: found.state == "unreachable")
        way.listen_again()
        wait_until(lambda: found.state == "connected")
    assert caplog.text.count("Traceback") == 1


def test_what_ticks_goes_on_ticking(
    connections: ConnectionRegistry, caplog: pytest.LogCaptureFixture
) -> None:
    """Also where one tick failed."""
    connections.set_pace(0.05, 1.0)
    ticks: list[int] = []

    def tick() -> None:
        ticks.append(1)
        raise ZeroDivisionError

    job = connections.monitor.each_heartbeat(tick)
    wait_until(lambda: len(ticks) > 3)
    job.cancel()
    assert caplog.text.count("Traceback") == 1


def test_a_quicker_pace_is_not_kept_waiting_for_the_slow_one(
    connections: ConnectionRegistry, milvus: MilvusTestServer
) -> None:
    """Pages hear, and round trips are measured, at the new one at once."""
    connections.set_pace(3600, 5.0)
    found = connections.connect(uri=milvus.uri)
    ticks: list[int] = []
    job = connections.monitor.each_heartbeat(lambda: ticks.append(1))
    wait_until(lambda: found.latency_ms is not None)
    before = found.latency_ms
    connections.set_pace(0.05, 5.0)
    wait_until(lambda: len(ticks) > 3)
    wait_until(lambda: found.latency_ms != before)
    job.cancel()


def test_pages_hear_of_profiles_although_a_look_failed(
    connections: ConnectionRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that cannot be read for a moment does not end the following."""
    page = Page(connections)
    page.session.handle({"v": _protocol(), "id": 1, "method": "hello", "params": {}})
    failed: list[int] = []

    def fail() -> None:
        failed.append(1)
        raise OSError("the disk is away")

    with monkeypatch.context() as broken:
        broken.setattr(connections.profiles, "find", fail)
        wait_until(lambda: len(failed) > 1)
    connections.profiles.save(Profile("fresh", "localhost:1"))
    wait_until(lambda: any(one.get("event") == "profiles" for one in page.heard))
    page.session.close()


def test_the_clock_is_set_back(
    connections: ConnectionRegistry, milvus: MilvusTestServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Retries are paced by a clock that nobody sets; ages are, too."""
    connections.set_pace(5.0, 0.5)
    with FaultProxy(("127.0.0.1", milvus.port)) as way:
        found = connections.connect(uri=way.address)
        way.close_new()
        way.reset_all()
        wait_until(lambda: found.state == "unreachable")
        outage = 20.0  # has lasted so long: the next retries are half a second apart, and more
        watch = next(iter(connections.monitor._watches.values()))
        assert watch._schedule._down_at is not None
        watch._schedule._down_at -= outage
        real = time.time
        for shift in (-3600.0, 3600.0):
            monkeypatch.setattr(time, "time", lambda shift=shift: real() + shift)
            made, begin = way.connections_seen, time.monotonic()
            wait_until(lambda: time.monotonic() - begin > 3)  # noqa: B023  # called here
            # Each try may look a second time, at what closes its connections.
            assert way.connections_seen - made < 40
        monkeypatch.undo()
