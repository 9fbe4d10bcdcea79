"""Files of profiles that mean no good: what they cost, what they may say, and who wrote them."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from milvus_nb.errors import MilvusNbError, ProfileError
from milvus_nb.magic.magics import _LEAST
from milvus_nb.profiles.files import MOST_BYTES, MOST_PROFILES, read_text
from milvus_nb.profiles.listing import profiles_in
from milvus_nb.profiles.profile import Profile
from milvus_nb.profiles.shown import ProfileTable
from milvus_nb.profiles.store import ProfileStore
from milvus_nb.registry.registry import ConnectionRegistry
from milvus_nb.registry.validation import LEAST_S
from tests.support.helpers import open_files

NEEDS_OWNERS = pytest.mark.skipif(not hasattr(os, "getuid"), reason="files have no owner here")


@pytest.fixture
def store(tmp_path: Path) -> ProfileStore:
    """Give a store with files of its own."""
    return ProfileStore(str(tmp_path), str(tmp_path.parent), str(tmp_path / "profiles.toml"))


def filled(*lines: str, end: str = "") -> str:
    """Make the largest text of numbered lines that is read as a file."""
    found, number = "", 0
    while True:
        more = "\n".join(lines).replace("#", str(number)) + "\n"
        if len(found) + len(more) + len(end) > MOST_BYTES:
            return found + end
        found, number = found + more, number + 1


LARGE = {
    "unknown keys": "[profiles.prod]\naddress = 'h'\n" + filled("k# = 1")[:-40].rsplit("\n", 1)[0],
    "sub-tables": filled("[profiles.a#.b]"),
    "profiles": filled("[profiles.a#]", "address = 'host-#.example:19530'"),
    "broken profiles": filled("[profiles.a#]", "address = 'h'", "user = 'u'", "colour = 'r'"),
    "dotted keys": filled("a#" + ".a" * 30 + " = 1"),
    "one long key": "a" + ".a" * (MOST_BYTES // 2 - 10) + " = 1",
    "one long head": "[a" + ".a" * (MOST_BYTES // 2 - 10) + "]",
    "nested": "a = " + "[" * (MOST_BYTES - 10),
    "inline": "a = " + "{a=" * (MOST_BYTES // 3 - 10),
    "numbers": "a = [" + "1," * (MOST_BYTES // 2 - 10) + "]",
    "arrays of tables": filled("[[a]]"),
    "blanks": "[profiles.a" + " " * (MOST_BYTES - 40) + "]\naddress = 'h'\n",
}


@pytest.mark.parametrize("what", LARGE)
def test_the_largest_file_costs_little(store: ProfileStore, what: str) -> None:
    """What is read is read in some 50 ms, whatever stands there; and told of in few words."""
    text = LARGE[what]
    assert len(text) <= MOST_BYTES
    Path(store.path).write_text(text)
    cost, yardstick = [], []
    for _ in range(5):
        start = time.thread_time()
        assert sum(1 for _ in range(1_000_000)) == 1_000_000
        yardstick.append(time.thread_time() - start)
        profiles_in.cache_clear()
        start = time.thread_time()
        found = ProfileStore("", "", store.path).find()
        cost.append(time.thread_time() - start)
    # A million steps of Python take about as long, on whatever machine.
    assert min(cost) < max(0.05, 2 * min(yardstick)), (cost, yardstick)
    assert len([one for one in found.problems if one.is_warning]) <= 20
    assert len(found.problems) <= MOST_PROFILES + 20


def test_a_file_is_read_once(store: ProfileStore) -> None:
    """Not for each store that looks at it, which the server makes for each request."""
    Path(store.path).write_text("[profiles.prod]\naddress = 'h'\n")
    profiles_in.cache_clear()
    for _ in range(50):
        assert list(ProfileStore("", "", store.path)) == ["prod"]
    assert profiles_in.cache_info().misses == 1
    Path(store.path).write_text("[profiles.prox]\naddress = 'h'\n")  # of the same length
    assert list(ProfileStore("", "", store.path)) == ["prox"]
    store.save(Profile("more", "h"))
    assert list(ProfileStore("", "", store.path)) == ["prox", "more"]


def test_a_folder_in_a_files_place_stays_open_nowhere(store: ProfileStore) -> None:
    """However often it is looked at."""
    Path(store.path).mkdir()
    before = open_files()
    for _ in range(5):
        with pytest.raises(ProfileError):
            read_text(store.path)
    assert open_files() == before


def test_no_more_profiles_than_are_read(store: ProfileStore) -> None:
    """A file with more is told of, and none grows that large here."""
    Path(store.path).write_text(
        "".join(f"[profiles.a{number}]\naddress = 'h'\n" for number in range(MOST_PROFILES))
    )
    assert len(list(store)) == MOST_PROFILES
    with pytest.raises(ProfileError, match="more than 200 profiles"):
        store.save(Profile("more", "h"))
    with open(store.path, "a") as file:
        file.write("[profiles.more]\naddress = 'h'\n")
    assert list(store) == []
    assert "more than 200 profiles" in str(store.find().problems[0])


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "0.0", "-1", "1e300", "0", "86401"])
@pytest.mark.parametrize("address", ["./demo.db", "localhost"])
def test_a_timeout_that_is_no_time(store: ProfileStore, address: str, value: str) -> None:
    """It is refused by its name, and the other profiles are known."""
    Path(store.path).write_text(
        f"[profiles.bad]\naddress = '{address}'\ntimeout = {value}\n"
        "[profiles.good]\naddress = 'h'\ntimeout = 3\n"
    )
    assert list(store) == ["good"]
    assert "timeout" in str(store.find().problems[0])
    assert store.find().problems[0].line == 3


BAD = [
    "\x1b]52;c;aGk=\x07",
    "\x1b[2J",
    "a\nPassword of root for prod: ",
    "\u202eabc",
    "\u2066",
    "\x00",
]
KEYS = [
    "address", "user", "db_name", "secret", "ca_pem_path", "client_pem_path", "client_key_path",
    "server_pem_path", "server_name", "label", "color",
]  # fmt: skip


@pytest.mark.parametrize("key", KEYS)
def test_only_printable_text_is_read(store: ProfileStore, key: str) -> None:
    """A terminal would obey the rest, or show it in another order: a prompt could be forged."""
    for bad in (f"{key}x{text}y" for text in BAD):
        written = "".join(
            letter if letter.isprintable() else f"\\u{ord(letter):04x}" for letter in bad
        )
        values = {"address": '"h"', key: f'"{written}"'}
        lines = [f"{name} = {value}" for name, value in values.items()]
        text = "\n".join(["[profiles.bad]", *lines, "[profiles.good]", 'address = "h"\n'])
        Path(store.path).write_text(text)
        assert list(store) == ["good"], bad
        shown = repr(ProfileTable(store.find())) + str(store.find().problems[0])
        assert all(character.isprintable() or character == "\n" for character in shown)
        assert "Password of root" not in shown
        with pytest.raises(ProfileError):
            Profile.read("bad", {"address": "h", key: bad})


@pytest.mark.parametrize(
    "text", ['["\\u001b[2J"]\na=1', '[profiles."\\u001b[2J"]\na=1', '"\\u001b" = 1']
)
def test_names_that_a_terminal_would_obey(store: ProfileStore, text: str) -> None:
    """They are told of as they can be printed."""
    Path(store.path).write_text(text)
    shown = repr(ProfileTable(store.find()))
    assert all(character.isprintable() or character == "\n" for character in shown)


@NEEDS_OWNERS
@pytest.mark.parametrize("mode", [0o666, 0o602, 0o777])
@pytest.mark.parametrize("whose", ["project", "mine"])
def test_a_file_that_everybody_can_write_to(store: ProfileStore, mode: int, whose: str) -> None:
    """Nothing of it is used: whoever wrote it could take the user's secrets."""
    path = Path(store.path)
    if whose == "project":
        path = path.parent / "milvus.toml"
    path.write_text("[profiles.prod]\naddress = 'h'\ndefault = true\n")
    path.chmod(mode)
    assert list(store) == []
    problem = str(store.find().problems[0])
    assert "everybody" in problem
    assert f"chmod o-w {path}" in problem
    for use in (lambda: store.get("prod"), store.default, lambda: store.meant_by("prod")):
        with pytest.raises(ProfileError, match="everybody"):
            use()
    path.chmod(0o664)
    assert list(store) == ["prod"]


@NEEDS_OWNERS
def test_a_projects_folder_whose_name_a_terminal_would_obey(tmp_path: Path) -> None:
    """Its file is told of, and not used."""
    folder = tmp_path / "x\x1b[2J\ny"
    folder.mkdir()
    (folder / "milvus.toml").write_text("[profiles.prod]\naddress = 'h'\n")
    store = ProfileStore(str(folder), str(tmp_path), str(tmp_path / "profiles.toml"))
    assert list(store) == []
    shown = repr(ProfileTable(store.find()))
    assert "not used" in shown
    assert "\x1b" not in shown


def test_no_server_is_asked_all_the_time() -> None:
    """A pace has a floor, whoever sets it."""
    registry = ConnectionRegistry()
    for heartbeat, deadline in ((1e-9, 1), (3, 1e-9), (float("nan"), 1), (1, float("inf"))):
        with pytest.raises(MilvusNbError, match=r"at least 0\.05"):
            registry.set_pace(heartbeat, deadline)
        with pytest.raises(MilvusNbError, match=r"at least 0\.05"):
            ConnectionRegistry(heartbeat, deadline=deadline)
    assert set(_LEAST.values()) == {LEAST_S}
