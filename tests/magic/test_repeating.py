"""What an error, a name or a page repeats: never what came from a variable, or may be a secret."""

from __future__ import annotations

import os
import subprocess
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from milvus_nb.errors import MagicUsageError, MilvusNbError, ParamsError
from milvus_nb.params.parsing import parse
from milvus_nb.params.secret import redact_address
from milvus_nb.registry.variables import holders
from milvus_nb.sdk.lite_lock import holder

if TYPE_CHECKING:
    from pathlib import Path

    from IPython.core.interactiveshell import InteractiveShell

    from milvus_nb.registry.registry import ConnectionRegistry
    from tests.support.servers import MilvusTestServer

SECRET = "Zebra7quagga"
VALUES = [
    f"http://root:{SECRET}@db.example:19530",
    f"root:{SECRET}",
    f"db.example:19530;token={SECRET}",
    f"--token={SECRET}",
    SECRET,
    f"{SECRET} with {SECRET}",
    SECRET.lower() + "x" * 60,
]
LINES = [
    "$x", "ping $x", "status $x", "use $x", "client $x", "code $x", "disconnect $x", "adopt $x",
    "code --lang $x", "profile $x", "profile show $x", "profile delete $x", "profile test $x",
    "profile save $x", "profile rename $x y", "connect --token-env $x", "help $x", "peek $x",
    "connect --password-env={x}", "connect localhost:1 --timeout $x", "connect -p $x -h h",
    "doctor --tlsmode $x", "disconnect a {x} b", "ping a{x}", "reconnect $x", "{x!r}",
    "connect a b $x", "connect h --secure=$x", "profile import $x", "connect --profile $x",
]  # fmt: skip


@pytest.mark.parametrize("value", VALUES)
def test_words_from_variables_are_not_repeated(
    ip: InteractiveShell, capfd: pytest.CaptureFixture[str], value: str
) -> None:
    """A forgotten word in front is all it takes for a secret to be where a name belongs."""
    ip.run_line_magic("load_ext", "milvus_nb")
    ip.user_ns["x"] = value
    repeating = []
    for line in LINES:
        told = ""
        try:
            ip.run_line_magic("milvus", line)
        except MilvusNbError as error:
            told = f"{error}{error!r}{error.args}{error.what}"
        out, err = capfd.readouterr()
        if SECRET.lower() in (told + out + err).lower():
            repeating.append((line, told, out, err))
    assert repeating == []


MALFORMED = [
    "db.example:19530;token={}", "db.example;{}", "{}:", "root:{}", "{}:{}:{}", "db.example:{}",
    "connect('http://root:{}@h:1')", "http://db.example:/x;token={}", "http://db.example:/{}",
    "unix:/a?token={}", "unix:/a#{}", "unix:root:{}@h", "/?token={}", "./x.db?token={}",
    "h,token={}", "./root:{}@h/x.db",
    "{}://db.example", "http://{}/a/b", "{}/v1/x", "http//{}:{}", "http:{}", "db.example/?t={}",
    "db.example#{}", "db.example/a/{}", "http://a b{}", "[{}]", "[::1]{}", "{}@", "root:{}@",
    "root:a/{}@db.example", "db.example:19530/a/{}", "unix:{}/", "{}..x",
    "http://db.example:19530'{}'", "\u200b{}", "{}:19530/webui", "file://{}/x.db",
]  # fmt: skip


@pytest.mark.parametrize("text", MALFORMED)
def test_of_an_address_that_cannot_be_read_only_a_host_is_shown(text: str) -> None:
    """Whatever else stands there may be a secret."""
    for secret in (SECRET, f"{SECRET}%zz"):
        try:
            found = parse(uri=text.replace("{}", secret), env={})
        except ParamsError as error:
            told = f"{error}{error!r}"
            assert SECRET.lower() not in told.lower(), told
        else:
            # A host, a file or a database of that name.
            assert SECRET.lower() in f"{found.address}/{found.db_name}".lower()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("localhost:99999", "localhost:99999"),
        ("https://db.example:x", "https://••••"),
        ("https://db.example/a/b", "https://db.example••••"),
        ("http://root:pw@db.example:1/x", "http://••••@db.example:1••••"),
        ("db.example;token=x", "••••"),
        ("first.Last:pw", "••••"),
        ("10.0.0.7:123456", "••••"),
    ],
)
def test_a_host_that_is_certain_is_shown(text: str, shown: str) -> None:
    """With its port; it tells its user which address it was."""
    assert redact_address(text) == shown


@pytest.mark.parametrize(
    "alias",
    [
        f"http://root:{SECRET}@h:1", f"root:{SECRET}@h", f"a://{SECRET}", f"root:{SECRET}",
        f"h:1;token={SECRET}", f"h/db?password={SECRET}", f"db_ab12:{SECRET}", f"--token={SECRET}",
        f'MilvusClient("h", token="{SECRET}")', f"unix:/a?api_key={SECRET}",
    ],
)  # fmt: skip
def test_an_address_is_no_alias(connections: ConnectionRegistry, alias: str) -> None:
    """The first parameter is the alias: an address there would be shown everywhere."""
    for use in (
        lambda: connections.connect(alias),
        lambda: connections.add_connection(**{alias: {"uri": "localhost"}}),
        lambda: connections.start_attempt(alias, parse(uri="localhost")),
    ):
        with pytest.raises(ParamsError, match=r"Did you mean uri=\?") as failure:
            use()
        assert SECRET not in str(failure.value)
    assert connections.list_connections() == []


@pytest.mark.parametrize("alias", ["localhost:19530", "team:prod", "[::1]:19530", "10.0.0.7:1"])
def test_a_name_with_a_colon(connections: ConnectionRegistry, alias: str) -> None:
    """Some name a connection by its place."""
    connections.add_connection(**{alias: {"uri": "localhost"}})
    assert alias in dict(connections.list_connections())


@pytest.mark.parametrize(
    "given", [f"http://root:{SECRET}@h:1", f"root:{SECRET}", f"h;token={SECRET}"]
)
@pytest.mark.parametrize("name", ["db_name", "ca_pem_path", "client_key_path", "token_env", "user"])
def test_a_sign_in_in_the_place_of_another_parameter(name: str, given: str) -> None:
    """A database, a file and a variable are shown; so none of them is what may hold a password."""
    with pytest.raises(ParamsError) as failure:
        parse(uri="h", password="x", env={}, **{name: given})  # type: ignore[arg-type]
    assert SECRET not in f"{failure.value}{failure.value!r}"


@pytest.mark.parametrize(
    "line",
    ["-a $x", "--alias={x}", "--user $x", "--db $x", "--user {x}", "--db -$x"],
)
def test_a_variable_becomes_a_name_only_where_it_may_be_shown(
    ip: InteractiveShell, line: str
) -> None:
    """An alias, a user and a database are shown everywhere, from then on."""
    ip.run_line_magic("load_ext", "milvus_nb")
    for value in (f"{SECRET}!$", "f3a9" * 12, f"http://root:{SECRET}@h"):
        ip.user_ns["x"] = value
        with pytest.raises(MagicUsageError, match=r"is no (alias|user|database)") as failure:
            ip.run_line_magic("milvus", f"connect localhost:1 --password y {line}")
        assert value not in str(failure.value)
    ip.user_ns["x"] = f"-a{SECRET}!"  # which is an option, of a value that is the end of another
    with pytest.raises(MagicUsageError) as failure:
        ip.run_line_magic("milvus", f"connect localhost:1 $x --user y --password 'a{SECRET}!'")
    assert SECRET not in str(failure.value)
    ip.user_ns["x"] = "team-a_1"
    with pytest.raises(MilvusNbError) as other:
        ip.run_line_magic("milvus", f"connect localhost:1 --password y {line}")
    assert not isinstance(other.value, MagicUsageError)


def test_another_database_is_none_that_may_hold_a_password(
    ip: InteractiveShell, connections: ConnectionRegistry, milvus: MilvusTestServer
) -> None:
    """In Python, or the value of an option's variable: the server would be asked for it."""
    connections.connect("live", uri=milvus.address)
    for given in (f"-root:{SECRET}", f"--password={SECRET}", f"http://root:{SECRET}@h"):
        with pytest.raises(ParamsError) as failure:
            connections.use("live", given)
        assert SECRET not in str(failure.value)
    ip.run_line_magic("load_ext", "milvus_nb")
    ip.user_ns["x"] = f"root:{SECRET}!"
    for option in ("--tokn=$x", "-$x"):
        with pytest.raises(MagicUsageError) as other:
            ip.run_line_magic("milvus", f"use live --db {option}")
        assert SECRET not in str(other.value)


@pytest.mark.parametrize("name", VALUES[:3])
def test_a_name_that_is_an_address_is_not_repeated(
    connections: ConnectionRegistry, name: str
) -> None:
    """In Python there is no telling where it came from."""
    for use in (
        lambda: connections[name], lambda: connections.use(name), lambda: connections.client(name),
        lambda: connections.profiles.get(name), lambda: parse(uri="h", token_env=name, env={}),
    ):  # fmt: skip
        with pytest.raises(MilvusNbError) as failure:
            use()
        assert SECRET not in str(failure.value)


def test_names_made_of_keys() -> None:
    """A token may be a key of a dict, or made an attribute; a word of letters is shown."""
    client = object()
    for place in (
        {f"root:{SECRET}": client}, {SECRET: client}, {"a": {SECRET: [client]}}, {4711: client},
        SimpleNamespace(**{f"root:{SECRET}": client}),
    ):  # fmt: skip
        found = holders({"pool": place}, lambda one: 1 if one is client else None)
        assert "Zebra" not in str(found)
        assert "4711" not in str(found)
        assert found[1][0].startswith("pool")
    found = holders({"pool": {"prod": client}}, lambda one: 1 if one is client else None)
    assert found == {1: ["pool['prod']"]}


@pytest.mark.skipif(sys.platform != "linux", reason="who holds a lock is told by Linux alone")
def test_of_another_process_its_program_alone_is_named(tmp_path: Path) -> None:
    """Its arguments may hold a password."""
    path = tmp_path / "LOCK"
    path.touch()
    code = (
        "import fcntl, sys\n"
        "file = open(sys.argv[1])\n"
        "fcntl.flock(file, fcntl.LOCK_EX)\n"
        "print('locked', flush=True)\nsys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(path), "--token", SECRET],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        found = holder(str(path))
        process.communicate()
    assert found is not None
    assert SECRET not in str(found) + repr(found)
    assert f"process {process.pid} (python" in str(found)
    assert os.sep not in found.program
