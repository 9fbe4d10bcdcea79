"""Every option of ``connect`` and ``doctor``, and every setting, in the situation it is there for.

Each is run twice in a real kernel, against real servers: without it the cell fails, with it the
cell works. None can be forgotten: the tables are held to the parsers, and to ``%config``.
"""

from __future__ import annotations

import contextlib
import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from milvus_nb.code.usage import PARSERS
from milvus_nb.magic.magics import MilvusMagics
from tests.support.clients import gateway
from tests.support.helpers import free_port
from tests.support.kernels import Kernel
from tests.support.servers import FaultProxy, make_self_signed, server_tls

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.servers import MilvusTestServer


@dataclass(frozen=True)
class Need:
    """A situation in which an option is needed.

    Attributes
    ----------
    line
        What is typed besides; `{…}` are the places of `Places`.
    value
        What is typed behind the option.
    check
        What has to be so in the kernel afterwards, of the connection `c` and its `alias`.
    before
        A cell that comes first.
    answers
        What is typed where the cell asks.
    """

    line: str
    value: str = ""
    check: str = "c.client.list_collections()"
    before: str = ""
    answers: tuple[str, ...] = ()


_MUTUAL: Final = "{mutual} --user root --password Milvus"
_FILES: Final = "--client-pem-path {client_pem} --client-key-path {client_key}"
_PASSWORD: Final = "c.user == 'root' and c.client.list_users()"

# The kernel trusts the authority of the server with TLS, and no other.
NEEDS: Final[dict[tuple[str, ...], Need]] = {
    # Where
    ("ADDRESS",): Need("", "{plain}", "c.address == '{plain}'"),
    ("--profile",): Need("", "saved", "c.address == '{plain}'"),
    ("-uri", "--uri"): Need("", "http://{plain}", "c.address == '{plain}'"),
    ("-h", "--host"): Need("-p {plain_port}", "127.0.0.2", "c.address == '127.0.0.2:{plain_port}'"),
    ("-p", "--port"): Need("-h localhost", "{plain_port}", "c.address == '{plain}'"),
    ("--db",): Need("{plain}", "options_sales", "c.client.list_collections() == ['orders']"),
    ("-a", "--alias"): Need("{plain}", "{alias}", "c.alias == '{alias}'"),
    # Who
    ("--user",): Need("{auth} --password Milvus", "root", _PASSWORD),
    ("--password",): Need("{auth} --user root", "Milvus", _PASSWORD),
    ("--password-env",): Need("{auth} --user root", "THE_PASSWORD", _PASSWORD),
    ("--ask",): Need("{auth} --user root", check=_PASSWORD, answers=("Milvus",)),
    ("-t", "--token"): Need("{auth}", "root:Milvus", _PASSWORD),
    ("--token-env",): Need("{auth}", "THE_TOKEN", _PASSWORD),
    # TLS
    ("--secure",): Need("{tls}"),
    ("--ca-pem-path",): Need(f"{_MUTUAL} {_FILES}", "{mutual_ca}"),
    ("--server-pem-path",): Need("https://{self_signed}", "{self_signed_pem}"),
    ("-cert", "--cert"): Need("https://{self_signed}", "{self_signed_pem}"),
    ("--client-pem-path",): Need(
        f"{_MUTUAL} --ca-pem-path {{mutual_ca}} --client-key-path {{client_key}}", "{client_pem}"
    ),
    ("--client-key-path",): Need(
        f"{_MUTUAL} --ca-pem-path {{mutual_ca}} --client-pem-path {{client_pem}}", "{client_key}"
    ),
    ("--server-name",): Need(
        f"https://127.0.0.2:{{mutual_port}} -t root:Milvus --ca-pem-path {{mutual_ca}} {_FILES}",
        "localhost",
    ),
    ("-tls", "--tlsmode"): Need("{tls}", "1"),
    # How
    ("--timeout",): Need("{slow}", "60", "c.state", before="%config MilvusMagics.timeout = 0.5"),
    ("--replace",): Need(
        "{auth} -t root:Milvus", check=_PASSWORD, before="%milvus connect {plain} -a {alias}"
    ),
    ("--yes",): Need("--profile guarded", check="c.address == '{plain}'"),
    ("-D", "--disconnect"): Need(
        "", check="'{alias}' not in connections", before="%milvus connect {plain} -a {alias}"
    ),
    ("--help",): Need("{closed}", check="'{alias}' not in connections"),
}

BY_OPTION: Final = {option: need for options, need in NEEDS.items() for option in options}


class Places:
    """A kernel, and what is around it."""

    def __init__(self, kernel: Kernel, names: dict[str, str]) -> None:
        self.kernel = kernel
        self._names = names
        self._aliases = (f"a{number}" for number in itertools.count())

    def run(self, command: str, need: Need, typed: str) -> str:
        """Run the cell of a situation; give how it failed, or nothing."""
        names = {**self._names, "alias": next(self._aliases)}
        line = f"{need.line} {typed}".format(**names)
        if command == "connect" and "{alias}" not in need.value:
            line += f" -a {names['alias']}"
        self.kernel.run(f"%config MilvusMagics.timeout = 20\n{need.before.format(**names)}")
        done = self.kernel.execute(f"%milvus {command} {line}", answers=need.answers)
        if command == "doctor":
            return "" if "Nothing stands in the way" in done.text else done.text
        if done.error is not None:
            return done.traceback
        check = need.check.format(**names)
        if "not in" not in check:
            check = f"(c := connections['{names['alias']}']) and (({check}) or ({check}) == [])"
        return self.kernel.execute(f"assert {check}").traceback

    def set_and_run(self, setting: str, value: str, cell: str, patience_s: float) -> str:
        """Run a cell with a setting; give what it shows."""
        self.kernel.run("\n".join(f"%config MilvusMagics.{usual}" for usual in USUAL))
        self.kernel.run(
            "for alias in {*connections} - {'saved', 's'}: connections.disconnect(alias)"
        )
        self.kernel.run(
            f"%config MilvusMagics.{setting} = {value}\n"
            "import time\n"
            f"def until(condition, end=time.monotonic() + {patience_s}):\n"
            "    while not condition() and time.monotonic() < end:\n"
            "        time.sleep(0.01)\n"
            "    return condition()"
        )
        alias = next(self._aliases)
        done = self.kernel.execute(cell.format(**self._names, alias=alias))
        return f"{done.text}\n{done.stdout}\n{done.traceback}"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    """Give a kernel to all tests of this file."""
    folder = tmp_path_factory.mktemp("options")
    kernel = Kernel(folder, {"GRPC_DEFAULT_SSL_ROOTS_FILE_PATH": str(folder / "roots.pem")})
    with contextlib.ExitStack() as stack:
        stack.callback(kernel.stop)
        yield Shared(kernel, stack)


@dataclass
class Shared:
    """What is made once, with the first test."""

    kernel: Kernel
    stack: contextlib.ExitStack
    places: Places | None = None


@pytest.fixture
def places(shared: Shared, request: pytest.FixtureRequest) -> Places:
    """Give a kernel, servers of each kind, a slow one, and two saved connections."""
    if shared.places is None:
        server = request.getfixturevalue
        shared.places = make_places(
            shared,
            plain=server("milvus"),
            auth=server("milvus_auth"),
            tls=server("milvus_tls"),
            mutual=server("milvus_mutual_tls"),
        )
    return shared.places


def make_places(
    shared: Shared,
    *,
    plain: MilvusTestServer,
    auth: MilvusTestServer,
    tls: MilvusTestServer,
    mutual: MilvusTestServer,
) -> Places:
    """Start what is there besides the servers, and prepare the kernel."""
    kernel, enter = shared.kernel, shared.stack.enter_context
    own = make_self_signed(kernel.folder / "self-signed")
    (kernel.folder / "roots.pem").write_bytes(Path(tls.ca_pem).read_bytes())
    slow = enter(FaultProxy(("127.0.0.1", plain.port)))
    slow.delay(0.6)
    kernel.run(
        "%load_ext milvus_nb\n"
        "import os\n"
        "from milvus_nb import connections\n"
        "os.environ.update(THE_PASSWORD='Milvus', THE_TOKEN='root:Milvus')\n"
        f"%milvus connect {plain.address} -a saved\n"
        "%milvus profile save saved\n"
        "%milvus profile save saved --name guarded --confirm\n"
        "admin = connections.client('saved')\n"
        "admin.create_database('options_sales')\n"
        f"sales = connections.connect('s', uri='{plain.address}', db_name='options_sales').client\n"
        "sales.create_collection('orders', dimension=2)\n"
    )
    shared.stack.callback(
        kernel.run, "sales.drop_collection('orders')\nadmin.drop_database('options_sales')"
    )
    names = {
        "plain": plain.address,
        "plain_port": str(plain.port),
        "auth": auth.address,
        "tls": f"localhost:{tls.port}",
        "mutual": f"localhost:{mutual.port}",
        "mutual_port": str(mutual.port),
        "mutual_ca": mutual.ca_pem,
        "client_pem": mutual.client_pem,
        "client_key": mutual.client_key,
        "self_signed": f"127.0.0.1:{enter(gateway(plain.port, tls=server_tls(own)))}",
        "self_signed_pem": own.server_pem,
        "slow": slow.address,
        "closed": f"127.0.0.1:{free_port()}",
    }
    return Places(kernel, names)


@pytest.mark.parametrize("option", BY_OPTION)
def test_connect_needs_its_option_and_works_with_it(places: Places, option: str) -> None:
    """Without the option the cell fails, with it the connection is what was asked for."""
    need = BY_OPTION[option]
    typed = need.value if option == "ADDRESS" else f"{option} {need.value}"
    assert places.run("connect", need, "") != ""
    assert places.run("connect", need, typed) == ""


OF_DOCTOR = [
    option for option in BY_OPTION if option in PARSERS["doctor"].options() and option != "--help"
]


@pytest.mark.parametrize("option", OF_DOCTOR)
def test_the_doctor_needs_its_option_and_works_with_it(places: Places, option: str) -> None:
    """Without the option something stands in the way, with it nothing does."""
    need = BY_OPTION[option]
    if option == "--db":
        assert places.run("doctor", need, "--db nosuch") != ""
    else:
        assert places.run("doctor", need, "") != ""
    assert places.run("doctor", need, f"{option} {need.value}") == ""


@dataclass(frozen=True)
class Setting:
    """A situation in which a setting makes a difference.

    Attributes
    ----------
    value, otherwise
        What is set, and what is set instead.
    cell
        What is run.
    shown
        What the cell shows with the value, and not otherwise.
    """

    value: str
    otherwise: str
    cell: str
    shown: str


SETTINGS: Final = {
    "timeout": Setting("0.3", "60", "%milvus connect {slow} -a {alias}", "0.3 s"),
    "heartbeat": Setting(
        "0.05",
        "60",
        "c = connections.connect('{alias}', uri='{plain}')\n"
        "seen = set()\n"  # one may be what was due before the setting
        "print('often' if until(lambda: seen.add(c.checked_at) or len(seen) > 3) else c.state)",
        "often",
    ),
    "deadline": Setting(
        "0.2",
        "60",
        "%config MilvusMagics.heartbeat = 0.05\n"
        "c = connections.connect('{alias}', uri='{slow}', timeout=60)\n"
        "until(lambda: c.state == 'unreachable')\n"
        "print(c.state)",
        "unreachable",
    ),
    "max_rows": Setting("1", "50", "%milvus status", "… and"),  # two are connected
    "warn_secrets": Setting(
        "True", "False", "%milvus connect {auth} -t root:Milvus -a {alias}", "stands in this cell"
    ),
}
USUAL: Final = "timeout = 60", "heartbeat = 3.5", "deadline = 60", "max_rows = 50"


@pytest.mark.parametrize("name", SETTINGS)
def test_a_setting_makes_its_difference(places: Places, name: str) -> None:
    """With another value, the same cell does something else."""
    setting = SETTINGS[name]
    for value, patience_s in ((setting.value, 60), (setting.otherwise, 1)):
        assert (setting.shown in places.set_and_run(name, value, setting.cell, patience_s)) == (
            value == setting.value
        )


def test_no_setting_is_forgotten() -> None:
    """Each that ``%config`` shows is in the table."""
    assert set(SETTINGS) == set(MilvusMagics.class_traits(config=True))


def test_what_tls_modes_of_the_milvus_cli_mean(places: Places) -> None:
    """0 is off, 1 is TLS, 2 is TLS with a client's certificate."""
    files = f"--ca-pem-path {{mutual_ca}} {_FILES}"
    assert places.run("connect", Need("{plain}"), "-tls 0") == ""
    assert "contradict" in places.run("connect", Need("https://{tls}"), "-tls 0")
    assert "certificate" in places.run("connect", Need(_MUTUAL), "-tls 1")
    assert places.run("connect", Need(f"{_MUTUAL} {files}"), "-tls 2") == ""


def test_a_silent_peer_costs_no_more_than_the_timeout(places: Places, silent_port: int) -> None:
    """``--timeout`` is the time that a connect and an examination may take."""
    for command in ("connect", "doctor"):
        need = Need(f"127.0.0.1:{silent_port}")
        assert "0.4 s" in places.run(command, need, "--timeout 0.4") or command == "doctor"
    shown = places.kernel.execute(f"%milvus doctor 127.0.0.1:{silent_port} --timeout 0.4")
    assert "0.4 s" in shown.text


@pytest.mark.parametrize("command", ["connect", "doctor"])
def test_no_option_is_forgotten(command: str) -> None:
    """Each option of the parser is in the table."""
    options = set(PARSERS[command].options())
    assert options <= set(BY_OPTION)
    if command == "connect":
        assert set(BY_OPTION) == options | {"ADDRESS"}
