"""What a word of a line means: a profile, an alias, a variable, an address.

Where that is not known, nothing is connected: a secret could go to somebody else.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import keyring
import pytest
from keyring.backends import fail

from milvus_nb import (
    ConnectError,
    Connection,
    ConnectionRegistry,
    MilvusNbError,
    ParamsError,
)
from milvus_nb.errors import MagicUsageError, ProfileError
from milvus_nb.profiles.store import ProfileStore
from milvus_nb.registry.restart import Memory
from tests.support.helpers import IS_ROOT, allow_profiles, free_port, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from IPython.core.interactiveshell import InteractiveShell

    from milvus_nb.registry.registry import Event
    from tests.support.servers import MilvusTestServer

MERGE_CONFLICT = "<<<<<<< HEAD\n[profiles.dev]\naddress = 'localhost:1'\n=======\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the file of the profiles of the project that the test works in."""
    monkeypatch.setenv("MILVUS_NB_PROFILES", str(tmp_path / "own" / "profiles.toml"))
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder / "milvus.toml"


@pytest.fixture
def own(project: Path) -> Path:
    """Give the user's own file of profiles."""
    path = project.parent.parent / "own" / "profiles.toml"
    path.parent.mkdir()
    return path


@pytest.fixture
def magic(ip: InteractiveShell, project: Path) -> Callable[[str], object]:
    """Run a line of %milvus in a shell that has the extension, in a project's folder."""
    ip.run_line_magic("load_ext", "milvus_nb")
    return lambda line: ip.run_line_magic("milvus", line)


def registry_of(ip: InteractiveShell) -> ConnectionRegistry:
    found: ConnectionRegistry = ip.magics_manager.registry["MilvusMagics"].registry
    return found


# Variables


def test_a_functions_local_variable_wins_over_a_global_one(
    ip: InteractiveShell, magic: object, milvus: MilvusTestServer
) -> None:
    """As in IPython's own magics, as `$name` and in an expression; globals are found as well."""
    ip.user_ns.update(address=f"localhost:{free_port()}", name="outside")
    ip.run_cell(
        "def open_it(address, number):\n"
        "    %milvus connect $address -a {name + str(number)}\n"
        f"open_it({milvus.address!r}, 1)\n"
    ).raise_error()
    assert registry_of(ip)["outside1"].address == milvus.address


def test_a_local_variable_is_found_wherever_a_line_can_stand(
    ip: InteractiveShell, magic: object, milvus: MilvusTestServer
) -> None:
    """In a method, a nested function, a coroutine, a loop, beside what was pasted."""
    ip.user_ns["place"] = milvus.address
    ip.run_cell(
        "class Store:\n"
        "    def open(self, alias):\n"
        "        return self.inner(alias)\n"
        "    def inner(self, mine):\n"
        "        def deeper(mine=mine):\n"
        "            c = %milvus connect $place -a $mine\n"
        "            return c\n"
        "        return deeper()\n"
        "made = [Store().open('a'), Store().open('b')]\n"
        "async def later(alias):\n"
        "    %milvus connect $place -a $alias\n"
        "await later('c')\n"
        "def pasted(alias):\n"
        f"    %milvus connect MilvusClient('{milvus.uri}') -a $alias\n"
        "pasted('d')\n"
        "def curled(alias):\n"
        f"    %milvus connect MilvusClient('{milvus.uri}') -a {{alias + str(1)}} --timeout 9\n"
        f"    %milvus connect curl {milvus.uri}/v1/vector/collections -a {{alias}}2\n"
        "curled('e')\n"
        "def imported(word):\n"
        "    %milvus profile import env --name $word\n"
    ).raise_error()
    assert list(registry_of(ip)) == ["a", "b", "c", "d", "e1", "e2"]


def test_a_line_sees_the_names_that_its_code_sees(
    ip: InteractiveShell, magic: object, milvus: MilvusTestServer, project: Path
) -> None:
    """Those of the functions around it, and of its own module, before those of the notebook."""
    ip.user_ns["place"] = f"localhost:{free_port()}"
    module = project.parent / "places.py"
    module.write_text(
        "from IPython import get_ipython\n"
        f"place = {milvus.address!r}\n"
        "def connect(alias):\n"
        "    return get_ipython().run_line_magic('milvus', 'connect $place -a $alias')\n"
        "connect('run' if __name__ == '__main__' else 'imported')\n"
    )
    ip.run_cell(
        "def nested(place):\n"
        "    def inner():\n"
        "        def innermost(alias):\n"
        "            %milvus connect $place -a $alias\n"
        "        innermost('nested')\n"
        "    inner()\n"
        f"nested({milvus.address!r})\n"
        "def listed(place):\n"
        "    return [get_ipython().run_line_magic('milvus', 'connect $place -a ' + alias)\n"
        "            for alias in ['listed']]\n"
        f"listed({milvus.address!r})\n"
        "def made(place):\n"
        "    class Store:\n"
        "        %milvus connect $place -a class\n"
        f"made({milvus.address!r})\n"
        "import sys; sys.path.insert(0, '')\n"
        "import places; sys.path.pop(0)\n"
        f"%run {module.name}\n"
    ).raise_error()
    assert list(registry_of(ip)) == ["nested", "listed", "class", "imported", "run"]
    registry = registry_of(ip)
    assert {registry[alias].address for alias in registry} == {milvus.address}


# As a user writes them; what makes another server of `$place` comes last.
RETURNED = """
def outer(place):
    def inner():
        %milvus connect $place
    return inner
outer("local")()
"""
COROUTINE = """
def outer(place):
    async def inner():
        %milvus connect {place.strip()}
    return inner
await outer("local")()
"""
GENERATOR = """
def outer(place):
    return (get_ipython().run_line_magic("milvus", "connect $place") for _ in "x")
next(outer("local"))
"""
TWO_CALLS = """
def outer(place, made=None):
    def inner():
        %milvus connect $place
    made() if made else outer("second", inner)
outer("first")
"""
LATER = """
def early():
    %milvus connect $place
    place = "local"
early()
"""


@pytest.mark.parametrize(
    "code",
    [RETURNED, COROUTINE, GENERATOR, TWO_CALLS, LATER],
    ids=["returned", "coroutine", "generator", "two calls", "later"],
)
def test_a_variable_without_a_value_is_no_other_of_its_name(
    ip: InteractiveShell, magic: object, code: str
) -> None:
    """What the source makes a variable of a function is not the notebook's, and another server."""
    ip.user_ns["place"] = f"localhost:{free_port()}"
    failure = ip.run_cell(code).error_in_exec
    assert isinstance(failure, MagicUsageError)
    assert failure.what == "place has no value here."
    assert "It is a variable of " in failure.reason


def test_a_name_that_is_declared_is_what_it_is_declared(
    ip: InteractiveShell, magic: object, milvus: MilvusTestServer
) -> None:
    """By global the notebook's, by nonlocal that of a function, also after that has returned."""
    ip.user_ns["place"] = milvus.address
    ip.run_cell(
        "def outer(place):\n"
        "    def inner():\n"
        "        global place\n"
        "        %milvus connect $place -a notebooks\n"
        "    inner()\n"
        "outer('nowhere.invalid')\n"
        "def maker(place):\n"
        "    def inner():\n"
        "        nonlocal place\n"
        "        %milvus connect $place -a functions\n"
        "    return inner\n"
        f"maker({milvus.uri!r})()\n"
        "alias = 'global'\n"
        "def by_cell(alias):\n"
        f"    get_ipython().run_cell_magic('milvus', 'connect -a $alias', {milvus.uri!r})\n"
        "by_cell('cells')\n"
    ).raise_error()
    assert list(registry_of(ip)) == ["notebooks", "functions", "cells"]


@pytest.mark.parametrize("line", ["connect DEV", "connect -a Dev", "doctor DEV"])
def test_a_profile_in_other_letters_is_no_host(
    magic: Callable[[str], object], own: Path, milvus: MilvusTestServer, line: str
) -> None:
    """Nor is localhost called by its name: it says which profile there is."""
    own.write_text("[profiles.dev]\naddress = 'localhost:1'\n[profiles.DEFAULT]\naddress = 'h'\n")
    with pytest.raises(ProfileError, match=r"Did you mean dev\?"):
        magic(line)
    magic(f"connect {milvus.address} -a DEV")
    magic("disconnect DEV")
    again = magic("connect DEV")  # an alias that is known by this name
    assert isinstance(again, Connection)
    assert again.address == milvus.address


@pytest.mark.parametrize(
    "words",
    ["--user eve --user root", "--token s3cret --token=other", "-a one --alias two",
     "-uri localhost:1 --uri localhost:2", "-p 1 --port 2", "--db sales --db default"],
)  # fmt: skip
def test_an_option_that_is_given_twice_is_not_guessed(
    magic: Callable[[str], object], words: str
) -> None:
    """Of two that differ nobody knows which is meant; the same twice is no harm."""
    with pytest.raises(MagicUsageError, match="given twice, with different values") as failure:
        magic(f"connect {words}")
    assert "s3cret" not in str(failure.value)
    with pytest.raises(ConnectError):
        magic(f"connect localhost:{free_port()} --db a --db a")


def test_a_name_without_a_value_is_still_an_error(
    ip: InteractiveShell, magic: Callable[[str], object]
) -> None:
    """Whatever was local is gone once its function has returned."""
    result = ip.run_cell(
        "def one():\n    address = 'localhost:1'\none()\n%milvus connect $address\n"
    )
    assert isinstance(result.error_in_exec, MagicUsageError)
    assert "$address has no value" in str(result.error_in_exec)


# Profiles


def test_connect_with_the_name_of_a_profile_alone_means_the_profile(
    connections: ConnectionRegistry, project: Path, milvus_auth: MilvusTestServer
) -> None:
    """In Python as in the magic; it does not go to localhost, and call that prod."""
    project.write_text(
        f"[profiles.prod]\naddress = '{milvus_auth.address}'\nuser = 'root'\n"
        "secret = 'env:PASSWORD_OF_PROD'\nlabel = 'Production'\n"
    )
    allow_profiles()
    with pytest.raises(MilvusNbError, match="PASSWORD_OF_PROD"):
        connections.connect("prod")
    found = connections.connect("prod", password="Milvus", timeout=9)
    assert found.address == milvus_auth.address
    assert found.params.guard.label == "Production"
    assert connections.connect("prod") is found
    connections.add_connection(lab={"uri": milvus_auth.address, "token": "root:Milvus"})
    project.write_text(project.read_text().replace("prod]", "lab]"))
    assert connections.connect("lab").params.guard.profile == ""  # what the alias was told wins


def test_an_alias_of_that_name_alone_means_the_profile_as_well(
    magic: Callable[[str], object],
    project: Path,
    milvus: MilvusTestServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """`-a prod` without an address; it asks where the profile wants that."""
    project.write_text(f"[profiles.prod]\naddress = '{milvus.address}'\nconfirm = true\n")
    allow_profiles()
    monkeypatch.setattr("builtins.input", lambda _: "n")
    with pytest.raises(MagicUsageError, match="not confirmed"):
        magic("connect -a prod")
    found = magic("connect -a prod --yes")
    assert isinstance(found, Connection)
    assert found.params.guard.profile == "prod"


def test_the_doctor_examines_a_profile_not_a_host_of_its_name(
    magic: Callable[[str], object],
    project: Path,
    milvus: MilvusTestServer,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What `connect prod` means, `doctor prod` means."""
    project.write_text(f"[profiles.prod]\naddress = '{milvus.address}'\n")
    allow_profiles()
    magic("doctor prod")
    out = capsys.readouterr().out
    assert milvus.address in out
    assert "Nothing stands in the way" in out
    project.write_text(MERGE_CONFLICT)
    with pytest.raises(ProfileError, match="not TOML"):
        magic("doctor dev")


@pytest.mark.parametrize(
    "line", ["connect dev", "connect dev --token x", "connect -a dev", "connect", "doctor dev",
             "connect db.example --token x"]
)  # fmt: skip
def test_a_file_of_profiles_that_cannot_be_read_hides_no_host(
    magic: Callable[[str], object], project: Path, line: str
) -> None:
    """Its error is told; the name of a profile is not taken for a host's, which gets the secret."""
    project.write_text(MERGE_CONFLICT)
    with pytest.raises(ProfileError, match=r"milvus\.toml: line 1: this is not TOML"):
        magic(line)


@pytest.mark.parametrize("how", ["is a folder", "dangles", "loops", "is not UTF-8", "has no table"])
def test_whatever_keeps_the_file_from_being_read(
    connections: ConnectionRegistry, project: Path, how: str
) -> None:
    """None of it means that there are no profiles."""
    if how == "is a folder":
        project.mkdir()
    elif how == "dangles":
        project.symlink_to(project.parent / "gone.toml")
    elif how == "loops":
        project.symlink_to(project)
    elif how == "is not UTF-8":
        project.write_bytes(b"[profiles.d\xe9v]\naddress = 'h'\n")
    else:
        project.write_text("profiles = 1\n")
    for call in (connections.connect, connections.connect_profile):
        with pytest.raises(ProfileError, match=r"milvus\.toml"):
            call("dev")


def test_a_link_that_was_removed_is_in_nobodys_way(own: Path) -> None:
    """What the error advises helps at once; and a link that leads nowhere is never "no file"."""
    store = ProfileStore("", path=str(own))
    for _ in range(2):
        assert store.meant_by("dev") is None
        own.symlink_to(own.parent / "gone.toml")
        with pytest.raises(ProfileError, match=r"link to .*gone\.toml"):
            store.meant_by("dev")
        own.unlink()
        own.symlink_to(own)
        with pytest.raises(ProfileError, match="symbolic links"):
            store.meant_by("dev")
        own.unlink()


def test_addresses_connect_although_the_file_cannot_be_read(
    magic: Callable[[str], object], project: Path, milvus: MilvusTestServer, lite_path: Path
) -> None:
    """Whatever nobody takes for the name of a profile."""
    project.write_text(MERGE_CONFLICT)
    assert isinstance(magic(f"connect {milvus.address} -a one"), Connection)
    assert isinstance(magic(f"connect {milvus.uri} -a two"), Connection)
    assert isinstance(magic(f"connect -h localhost -p {milvus.port} -a three"), Connection)
    store = ProfileStore()
    for word in ("localhost", "127.0.0.1", "::1", "demo.db", "./demo.db"):
        assert store.meant_by(word) is None


def test_the_projects_broken_file_does_not_give_way_to_the_users(project: Path, own: Path) -> None:
    """What would win is not known; the reverse is: the project's own profile wins anyway."""
    own.write_text("[profiles.dev]\naddress = 'localhost:1'\ndefault = true\n")
    store = ProfileStore()
    project.write_text(MERGE_CONFLICT)
    for call in (store.get, store.meant_by):
        with pytest.raises(ProfileError, match=r"milvus\.toml"):
            call("dev")
    with pytest.raises(ProfileError, match=r"milvus\.toml"):
        store.default()
    project.write_text("[profiles.dev]\naddress = 'localhost:2'\ndefault = true\n")
    own.write_text("no TOML")
    assert store.get("dev").address == "localhost:2"
    with pytest.raises(ProfileError, match=r"profiles\.toml"):
        store.default()  # the project's was not allowed
    allow_profiles()
    default = store.default()
    assert default is not None
    assert default.address == "localhost:2"
    with pytest.raises(ProfileError, match=r"profiles\.toml"):
        store.get("lab")


def test_a_broken_default_profile_is_no_reason_to_connect_elsewhere(
    magic: Callable[[str], object], project: Path
) -> None:
    """`%milvus connect` alone means it, and does not go to localhost instead."""
    project.write_text("[profiles.prod]\naddress = 'h'\ncolor = 'pink'\ndefault = true\n")
    with pytest.raises(ProfileError, match="pink"):
        magic("connect")


@pytest.mark.skipif(os.name == "nt" or IS_ROOT, reason="needs a user with limits")
def test_a_file_without_permission_is_there(connections: ConnectionRegistry, project: Path) -> None:
    """It is not absent."""
    project.write_text("[profiles.dev]\naddress = 'localhost:1'\n")
    project.chmod(0)
    with pytest.raises(ProfileError, match="cannot be read"):
        connections.connect("dev")


# What else cannot be read


def test_a_users_file_that_cannot_be_read_is_told_when_it_should_connect(
    ip: InteractiveShell, own: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Loading connects what the file says, or tells why nothing is."""
    own.write_text(f"[profiles.lab]\naddress = 'localhost:1'\nautoconnect = true\n{MERGE_CONFLICT}")
    ip.run_line_magic("load_ext", "milvus_nb")
    told = ""

    def is_told() -> bool:
        nonlocal told
        told += capsys.readouterr().err
        return "not TOML" in told

    wait_until(is_told)
    assert str(own) in told


@pytest.mark.parametrize("content", ["{", "[{}]", '{"a": 1}', "[1]"])
def test_a_memory_of_the_restart_that_cannot_be_read_is_not_an_empty_one(
    ip: InteractiveShell, magic: Callable[[str], object], tmp_path: Path, content: str
) -> None:
    """`reconnect` says so, and not that nothing waits."""
    path = tmp_path / "milvus_nb-kernel.json"
    path.write_text(content)
    registry = registry_of(ip)
    registry.memory = Memory(registry, str(path))
    with pytest.raises(MagicUsageError, match="is not known") as failure:
        magic("reconnect")
    assert str(path) in str(failure.value)


def test_a_keyring_that_refuses_is_not_an_empty_one(
    magic: Callable[[str], object], own: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Editing a profile says which it is."""
    own.write_text("[profiles.lab]\naddress = 'localhost:1'\nsecret = 'keyring'\n")
    before = keyring.get_keyring()
    keyring.set_keyring(fail.Keyring())  # type: ignore[no-untyped-call]
    try:
        magic("profile edit lab db_name=sales")
    finally:
        keyring.set_keyring(before)
    assert "The system's keyring refuses." in capsys.readouterr().out


@pytest.mark.parametrize("keyword", ["ca_pem_path", "uri"])
def test_a_path_that_cannot_be_looked_at_is_not_a_missing_file(
    connections: ConnectionRegistry, tmp_path: Path, keyword: str
) -> None:
    """The system's reason is told."""
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    given: dict[str, Any] = {"uri": "localhost:1", keyword: str(tmp_path / "loop" / "x.db")}
    with pytest.raises(ParamsError, match="symbolic links"):
        connections.connect(**given)


def test_a_connection_of_the_milvus_cli_without_an_address_is_left_out(
    magic: Callable[[str], object],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It does not become a profile of localhost, nor one without the TLS that was meant."""
    monkeypatch.setenv("HOME", str(tmp_path))
    entries = {
        "empty": {}, "odd": [], "falsy": {"uri": {}}, "text": "localhost:1",
        "mode": {"uri": "h:1", "tlsmode": "on"}, "token": {"uri": "h:1", "token": 0},
        "good": {"uri": "h:1", "tlsmode": 0, "token": ""},
    }  # fmt: skip
    (tmp_path / ".milvus_cli_connections.json").write_text(json.dumps(entries))
    magic("profile import cli")
    out = capsys.readouterr().out
    assert out.count("Left out") == 6
    assert list(ProfileStore()) == ["good"]


# Aliases


def test_a_disconnected_alias_comes_back_by_its_name(
    magic: Callable[[str], object], milvus: MilvusTestServer
) -> None:
    """As the documentation says; a live one is given back."""
    first = magic(f"connect {milvus.address} -a foo")
    assert magic("connect foo") is first
    magic("disconnect foo")
    again = magic("connect foo")
    assert isinstance(again, Connection)
    assert (again.alias, again.address) == ("foo", milvus.address)


def test_an_alias_that_looks_like_an_address_is_an_address(
    magic: Callable[[str], object], milvus: MilvusTestServer
) -> None:
    """What somebody has called localhost is not where localhost goes."""
    port = free_port()
    magic(f"connect {milvus.address} -a localhost:{port}")
    with pytest.raises(MilvusNbError, match="Could not connect default"):
        magic(f"connect localhost:{port}")


def test_a_disconnected_profile_asks_before_it_comes_back_by_its_alias(
    magic: Callable[[str], object],
    project: Path,
    milvus: MilvusTestServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What is remembered of it has its guard, also with an option beside it."""
    project.write_text(f"[profiles.prod]\naddress = '{milvus.address}'\nconfirm = true\n")
    allow_profiles()
    magic("connect prod -a mine --yes")
    magic("disconnect mine --yes")
    monkeypatch.setattr("builtins.input", lambda _: "n")
    for line in ("connect mine", "connect -a mine", "connect -a mine --db default"):
        with pytest.raises(MagicUsageError, match="not confirmed"):
            magic(line)
    found = magic("connect mine --db default --yes")
    assert isinstance(found, Connection)
    assert found.params.guard.confirm


def test_a_connection_that_gets_a_guard_later_shows_it(
    magic: Callable[[str], object],
    ip: InteractiveShell,
    project: Path,
    milvus: MilvusTestServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every view is told; disconnecting asks."""
    project.write_text(
        f"[profiles.prod]\naddress = '{milvus.address}'\nconfirm = true\nlabel = 'Production'\n"
    )
    allow_profiles()
    magic(f"connect {milvus.address} -a prod")
    events: list[Event] = []
    registry_of(ip).subscribe(events.append)
    magic("connect prod --yes")
    assert ("changed", "prod") in [(event.kind, event.alias) for event in events]
    assert "Production" in repr(magic("status"))
    monkeypatch.setattr("builtins.input", lambda _: "n")
    with pytest.raises(MagicUsageError, match="not confirmed"):
        magic("disconnect prod")


@pytest.mark.parametrize(
    "pasted",
    [
        "curl {uri}/v2/vectordb/collections/list",
        "curl -s -X POST {uri}/v2/vectordb/collections/list -d '{{}}'",
        "curl {uri}/v1/vector/collections",
        "MilvusClient('{uri}')",
        "MilvusClient('{uri}', timeout=2) ;",
    ],
)
def test_an_alias_behind_what_was_pasted_is_taken(
    magic: Callable[[str], object], milvus: MilvusTestServer, pasted: str
) -> None:
    """Behind a call, and behind a command of a shell."""
    found = magic(f"connect {pasted.format(uri=milvus.uri)} -a lab --timeout 9")
    assert isinstance(found, Connection)
    assert (found.alias, found.params.timeout) == ("lab", 9)


@pytest.mark.parametrize("option", ["--db sales", "--token-env X", "--nonsense", "-a"])
def test_an_option_behind_what_was_pasted_is_not_dropped(
    magic: Callable[[str], object], option: str
) -> None:
    """One that cannot be taken is an error."""
    with pytest.raises(MagicUsageError, match=option.split(maxsplit=1)[0]):
        magic(f"connect MilvusClient('http://localhost:{free_port()}') -a lab {option}")


# What is empty


@pytest.mark.parametrize(
    "line",
    ["connect $nothing", "connect -h '' -p 1", "connect localhost:1 --token $nothing",
     "connect localhost:1 -a ''", "connect --uri ''", "connect localhost:1 --ca-pem-path ''",
     "disconnect ''", "doctor ''", "ping ''"],
)  # fmt: skip
def test_an_empty_word_is_not_one_that_was_not_given(
    ip: InteractiveShell, magic: Callable[[str], object], line: str
) -> None:
    """A variable without a value does not mean localhost, or that nobody signs in."""
    ip.user_ns["nothing"] = ""
    with pytest.raises(MagicUsageError, match="is empty"):
        magic(line)
