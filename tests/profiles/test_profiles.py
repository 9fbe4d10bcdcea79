"""The files of profiles: nothing is lost, nothing secret is written, and a mistake is named."""

from __future__ import annotations

import os
import re
import signal
import stat
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keyring.core
import pytest
import tomlkit
from keyrings.alt.file import PlaintextKeyring

from milvus_nb.code import snippets
from milvus_nb.errors import ProfileError
from milvus_nb.params.secret import Secret
from milvus_nb.profiles import saving, secrets
from milvus_nb.profiles.conversion import params_of, profile_of
from milvus_nb.profiles.location import VARIABLE, user_file
from milvus_nb.profiles.profile import KEYS, Profile
from milvus_nb.profiles.reference import SecretRef
from milvus_nb.profiles.store import ProfileStore
from tests.support.helpers import IS_ROOT, posix_only, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

SECRET = "Zebra#7quagga"

USERS_OWN = """\
# What the team has agreed on, 2026-11-26.
title = "not ours"

[profiles.prod]   # the real thing
address = "https://db.example:19530" # behind the proxy
colour = "red"
user = "root"
secret = "env:P"

[profiles.dev]
address = "localhost"
"""


@pytest.fixture
def store(tmp_path: Path) -> ProfileStore:
    """Give a store with files of its own."""
    (tmp_path / "work" / "deep").mkdir(parents=True)
    path = str(tmp_path / "own" / "profiles.toml")
    return ProfileStore(str(tmp_path / "work" / "deep"), str(tmp_path), path)


@pytest.fixture
def keyring_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Have the keyring be a file."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setattr(keyring.core, "_keyring_backend", PlaintextKeyring())


def write(store: ProfileStore, text: str) -> None:
    os.makedirs(os.path.dirname(store.path), exist_ok=True)
    Path(store.path).write_text(text, encoding="utf-8")


def project_of(store: ProfileStore, text: str) -> Path:
    path = Path(store.path).parent.parent / "work" / "milvus.toml"
    path.write_text(text, encoding="utf-8")
    return path


def told(store: ProfileStore) -> str:
    return "\n".join(str(problem) for problem in store.find().problems)


def test_nothing_is_there_at_first(store: ProfileStore) -> None:
    """Looking makes no file."""
    assert list(store) == []
    assert not os.path.exists(store.path)
    with pytest.raises(ProfileError, match="None was saved yet"):
        store.get("prod")


def test_saved_is_found_and_is_for_its_user_alone(store: ProfileStore) -> None:
    """Every key comes back."""
    profile = Profile(
        "prod",
        "https://db.example:19530",
        user="root",
        secret=SecretRef("keyring"),
        db_name="sales",
        secure=True,
        server_name="db",
        timeout=7.5,
        label="Production",
        color="red",
        confirm=True,
        default=True,
        autoconnect=True,
    )
    assert store.save(profile) == profile
    assert store.get("prod").table() == profile.table()
    assert stat.S_IMODE(os.stat(store.path).st_mode) == 0o600
    assert stat.S_IMODE(os.stat(os.path.dirname(store.path)).st_mode) == 0o700
    assert ProfileStore(path=store.path).get("prod") == profile
    assert store.find().default == profile


def test_comments_order_and_unknown_keys_stay(store: ProfileStore) -> None:
    """Only what was changed differs."""
    write(store, USERS_OWN)
    assert "line 6: 'colour' is not known. Did you mean color?" in told(store)
    assert "'title' is not known. It is left alone." in told(store)
    changed = store.get("prod")
    store.save(
        Profile.read("prod", changed.table() | {"db_name": "sales"}, changed.path), replace_it=True
    )
    text = Path(store.path).read_text(encoding="utf-8")
    assert text.replace('db_name = "sales"\n', "") == USERS_OWN
    store.rename("dev", "test")
    assert list(store) == ["prod", "test"]
    assert "[profiles.test]" in Path(store.path).read_text(encoding="utf-8")
    store.delete("test")
    assert list(store) == ["prod"]
    assert "# the real thing" in Path(store.path).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ("[profiles.prod]\nadress = 'h'\n", "line 1", "has no address"),
        ("[profiles.prod]\n\naddress = 7\n", "line 3", "text in quotes"),
        ("[profiles.prod]\naddress = 'h'\ntimeout = 'x'\n", "line 3", "a number of seconds"),
        ("[profiles.prod]\naddress = 'h'\ntimeout = -1\n", "line 3", "timeout"),
        ("[profiles.prod]\naddress = 'h'\nconfirm = 'yes'\n", "line 3", "true or false"),
        ("[profiles.prod]\naddress = 'h'\ncolor = 'rde'\n", "line 3", "Did you mean red?"),
        ("[profiles.prod]\naddress = 'h:port'\n", "line 2", "port number"),
        ("[profiles.prod]\naddress = 'h'\nuser = 'root'\n", "secret", "Milvus needs both"),
        (f"[profiles.prod]\naddress = 'h'\npassword = '{SECRET}'\n", "line 3", "in clear"),
        (f"[profiles.prod]\naddress = 'h'\napi_key = '{SECRET}'\n", "line 3", "in clear"),
        (f"[profiles.prod]\naddress = 'h'\nsecret = '{SECRET}'\n", "line 3", "not a reference"),
        (f"[profiles.prod]\naddress = 'root:{SECRET.replace('#', '')}@h'\n", "line 2", "in clear"),
        ("[profiles]\nprod = 'h'\n", "toml", "not a table"),
        ("profiles = 'h'\n", "toml", "not a table"),
        ('[profiles."../x"]\naddress = "h"\n', "line 1", "cannot be the name"),
        ('[profiles."<img src=x>"]\naddress = "h"\n', "line 1", "cannot be the name"),
        ("[profiles.prod\n", "line 1", "not TOML"),
        ("a = 1\n[profiles.prod]\naddress = 'h\n", "line 3", "not TOML"),
        ("[profiles.prod]\naddress = 'h'\naddress = 'i'\n", "toml", "not TOML"),
    ],
)
def test_a_mistake_is_named_with_its_line(
    store: ProfileStore, text: str, where: str, what: str
) -> None:
    """File, line, key, what was expected; and no secret in it. The others work on."""
    write(store, text)
    problems = told(store)
    assert where in problems
    assert what in problems
    assert "Zebra" not in problems
    with pytest.raises(ProfileError) as failure:
        store.get("prod")
    assert "Zebra" not in str(failure.value)


@pytest.mark.parametrize(
    ("key", "line"),
    [
        ("pass", 3), ("auth", 3), ("key", 3), ("api_token", 3), ("apiKey", 3), ("private-key", 3),
        ("'my password'", 3), ("passphrase", 3), ("credentials", 3), ("Password2", 3),
        ("auth.name", 3), ("extra.token", 3), ("extra.deep.pwd", 3),
    ],
)  # fmt: skip
def test_whatever_a_secret_is_called_it_is_one(store: ProfileStore, key: str, line: int) -> None:
    """Also in a table of its own: the profile is not used, and the secret can be moved."""
    write(store, f"[profiles.prod]\naddress = 'h'\n{key} = '{SECRET}'\nother = 1\n")
    problems = told(store)
    assert f"line {line}" in problems
    assert "in clear" in problems
    assert "Zebra" not in problems
    table, _ = store.raw("prod")
    clear, rest = secrets.taken_out(table)
    assert clear == Secret(SECRET)
    assert rest == {"address": "h", "other": 1}
    store.put(Profile.read("prod", rest, store.path))
    assert "Zebra" not in Path(store.path).read_text()
    assert "other = 1" in Path(store.path).read_text()


@pytest.mark.parametrize("start", ["/?token=", "./x.db;token=", "file:///x.db?token="])
def test_a_path_with_a_token_is_no_address(store: ProfileStore, start: str) -> None:
    """It would be shown wherever the profile is."""
    write(store, f"[profiles.prod]\naddress = '{start}{SECRET}'\n")
    assert "sign-in" in told(store)
    assert "Zebra" not in f"{told(store)}{store.find()!r}"


@pytest.mark.parametrize(
    "more", ["[profiles.prod.auth]\nx = 1\n", "[[profiles.prod.x]]\ntoken = 'a'\n"]
)
def test_a_table_of_secrets_is_a_secret(store: ProfileStore, more: str) -> None:
    """As a section of its own, or a list of them."""
    write(store, f"[profiles.prod]\naddress = 'h'\n{more}")
    assert "in clear" in told(store)


def test_what_only_sounds_like_a_secret_is_none(store: ProfileStore) -> None:
    """Paths, names of variables, flags and what is empty."""
    write(
        store,
        "[profiles.prod]\naddress = 'https://h'\nclient_key_path = 'a.pem'\n"
        "client_pem_path = 'a.pem'\nkeyboard = 'x'\ntoken_env = 'T'\nauth = false\npwd = ''\n",
    )
    assert "in clear" not in told(store)
    assert "prod" in store


@pytest.mark.parametrize("content", [b"\xff\xfe", b"x" * 1_000_001, b"[" * 90_000])
def test_a_file_that_is_none(store: ProfileStore, content: bytes) -> None:
    """It is said, saving leaves it as it is, and nothing is slow."""
    os.makedirs(os.path.dirname(store.path))
    Path(store.path).write_bytes(content)
    began = time.monotonic()
    assert len(store.find().problems) == 1
    with pytest.raises(ProfileError):
        store.save(Profile("a", "h"))
    assert Path(store.path).read_bytes() == content
    assert time.monotonic() - began < 10


_WAYS = {
    "tables between others": "[profiles.prod]\naddress='h'\n[x]\ny=1\n"
    "[profiles.dev]\naddress='d'\n",
    "dotted keys": "profiles.prod.address='h'\nprofiles.dev.address='d'\n",
    "lines of Windows": "[profiles.prod]\r\naddress='h' # c\r\n[profiles.dev]\r\naddress='d'\r\n",
    "inline tables": "profiles = { prod = { address = 'h' }, dev = { address = 'd' } }\n",
    "a byte order mark": "\ufeff[profiles.prod]\naddress='h'\n[profiles.dev]\naddress='d'\n",
    "tables in tables": "[profiles.prod]\naddress='h'\n[profiles.prod.x]\ny=1\n"
    "[profiles.dev]\naddress='d'",
}


@pytest.mark.parametrize("way", _WAYS)
def test_whatever_way_the_toml_is_written(store: ProfileStore, way: str) -> None:
    """It is changed, or refused with the file as it was; nothing else is lost, nothing crashes."""
    text = _WAYS[way]
    changes: list[tuple[Callable[[], object], set[str]]] = [
        (lambda: store.save(Profile("new", "h")), {"prod", "dev", "new"}),
        (lambda: store.save(Profile("dev", "other"), replace_it=True), {"prod", "dev"}),
        (lambda: store.rename("prod", "live"), {"live", "dev"}),
        (lambda: store.delete("dev"), {"prod"}),
    ]
    for change, names in changes:
        os.makedirs(os.path.dirname(store.path), exist_ok=True)
        Path(store.path).write_bytes(text.encode())
        try:
            change()
        except ProfileError:
            assert Path(store.path).read_bytes() == text.encode()
            assert way in ("inline tables", "dotted keys")
            continue
        written = Path(store.path).read_bytes().decode()
        found = tomlkit.parse(written.removeprefix("\ufeff")).unwrap()
        assert set(found["profiles"]) == names, written
        assert ("y" in written) == ("y" in text)
        assert ("\r\n" in text) == ("\r\n" in written)
        assert not re.search(r"[^\r]\n", written) or "\r\n" not in text


def test_one_broken_profile_leaves_the_others(store: ProfileStore) -> None:
    """And can be deleted, or replaced."""
    write(store, f"[profiles.bad]\naddress = 'h'\ntoken = '{SECRET}'\n[profiles.ok]\naddress='h'\n")
    assert list(store) == ["ok"]
    assert "bad" in store
    with pytest.raises(ProfileError, match="profile secret bad"):
        store.get("bad")
    store.save(Profile("bad", "other"), replace_it=True)
    assert SECRET not in Path(store.path).read_text()
    store.delete("bad")
    assert "bad" not in store


def test_the_projects_file_wins(store: ProfileStore) -> None:
    """Found upwards; a broken one of its profiles does not give way to the user's."""
    store.save(Profile("prod", "mine"))
    store.save(Profile("own", "mine"))
    path = project_of(store, "[profiles.prod]\naddress = 'theirs'\n")
    found = store.find()
    assert found.profiles["prod"].address == "theirs"
    assert found.profiles["prod"].is_project
    assert found.hidden["prod"].address == "mine"
    assert found.profiles["own"].address == "mine"
    assert found.project_path == str(path)
    path.write_text("[profiles.prod]\naddress = 'theirs'\nsecret = 'x'\n")
    with pytest.raises(ProfileError, match="not a reference"):
        store.get("prod")
    path.unlink()
    assert store.get("prod").address == "mine"


def test_paths_begin_at_the_file(store: ProfileStore, tmp_path: Path) -> None:
    """A project's database and certificates are found from every notebook of it."""
    (tmp_path / "work" / "ca.pem").write_text("x")
    project_of(
        store,
        "[profiles.lite]\naddress = './data/x.db'\n"
        "[profiles.tls]\naddress = 'h'\nca_pem_path = 'ca.pem'\n",
    )
    (tmp_path / "work" / "data").mkdir()
    params = params_of(store.get("lite"), default_timeout=5)
    assert params.endpoint.path == str(tmp_path / "work" / "data" / "x.db")
    assert store.get("tls").keywords()["ca_pem_path"] == str(tmp_path / "work" / "ca.pem")
    made = profile_of("again", params, folder=str(tmp_path / "work"))
    assert made.address == "./data/x.db"
    assert profile_of("again", params).address == str(tmp_path / "work" / "data" / "x.db")


@posix_only
@pytest.mark.skipif(not IS_ROOT, reason="only root may give a file away")
def test_another_users_project_file_is_not_used(store: ProfileStore) -> None:
    """In a folder that all may write to, anybody could say where prod is."""
    path = project_of(store, "[profiles.prod]\naddress = 'theirs'\n")
    os.chown(path, 12345, -1)
    assert list(store) == []
    assert "another user" in told(store)


def test_what_is_written_for_a_project_is_no_secret(store: ProfileStore) -> None:
    """Whatever way the secret came."""
    from milvus_nb.params import parsing

    env = {"P": SECRET, "MILVUS_TOKEN": SECRET, "T": f"root:{SECRET}"}
    ways: list[dict[str, Any]] = [
        {"uri": "h", "user": "root", "password": SECRET},
        {"uri": "h", "token": SECRET},
        {"uri": "h", "token": f"root:{SECRET}"},
        {"uri": f"http://root:{SECRET.replace('#', '%23')}@h:1/db"},
        {"uri": "h", "user": "root", "password_env": "P"},
        {"uri": "h", "token_env": "T"},
        {"uri": "h", "token": SECRET, "grpc_options": {"grpc.http_proxy": f"http://u:{SECRET}@p"}},
    ]
    for number, given in enumerate(ways):
        params = parsing.parse(**given, env=env)
        for kind in (None, SecretRef("ask"), SecretRef("keyring")):
            made = profile_of(f"p{number}", params, kind)
            store.save(made, project=True, replace_it=True)
            if not (params.password_env or params.token_env):
                saved = store.get(made.name)
                again = params_of(saved, default_timeout=5, secret=params.endpoint.secret)
                assert again.endpoint.credentials == params.endpoint.credentials
    folder = Path(store.path).parent.parent
    for path in folder.rglob("*"):
        if path.is_file():
            assert b"Zebra" not in path.read_bytes(), path


def test_a_users_file_may_be_a_link(store: ProfileStore, tmp_path: Path) -> None:
    """Into a repository of dotfiles; the link stays."""
    target = tmp_path / "dotfiles.toml"
    target.write_text("")
    os.makedirs(os.path.dirname(store.path))
    os.symlink(target, store.path)
    store.save(Profile("a", "h"))
    assert os.path.islink(store.path)
    assert "profiles.a" in target.read_text()


def test_two_processes_write_at_once(store: ProfileStore) -> None:
    """Nothing is lost, and a reader never sees half a file."""
    code = (
        "import sys\nfrom milvus_nb.profiles.profile import Profile\n"
        "from milvus_nb.profiles.store import ProfileStore\n"
        "store = ProfileStore('', path=sys.argv[1])\n"
        "for number in range(25):\n"
        "    store.save(Profile(f'{sys.argv[2]}{number}', 'h'))\n"
    )
    os.makedirs(os.path.dirname(store.path))
    writers = [
        subprocess.Popen([sys.executable, "-c", code, store.path, name]) for name in ("a", "b")
    ]
    while any(writer.poll() is None for writer in writers):
        assert store.find().problems == ()
    assert [writer.returncode for writer in writers] == [0, 0]
    assert sorted(store) == sorted(f"{name}{number}" for name in "ab" for number in range(25))


@posix_only
def test_a_crash_in_the_middle_of_a_write(store: ProfileStore) -> None:
    """The file is as it was, nobody is locked out, and what was left is removed later."""
    store.save(Profile("a", "h"))
    before = Path(store.path).read_bytes()
    code = (
        "import os, sys, signal\nfrom milvus_nb.profiles.profile import Profile\n"
        "from milvus_nb.profiles.store import ProfileStore\n"
        "os.fsync = lambda _: os.kill(os.getpid(), signal.SIGKILL)\n"
        "ProfileStore('', path=sys.argv[1]).save(Profile('b', 'h'))\n"
    )
    done = subprocess.run([sys.executable, "-c", code, store.path], check=False)
    assert done.returncode == -signal.SIGKILL
    folder = Path(store.path).parent
    [left] = folder.glob(".profiles.toml.*.tmp")
    assert Path(store.path).read_bytes() == before
    os.utime(left, (0, 0))
    store.save(Profile("c", "h"))
    assert list(store) == ["a", "c"]
    assert list(folder.glob("*.tmp")) + list(folder.glob(".*.tmp")) == []


@pytest.mark.parametrize("as_root", [IS_ROOT])
def test_a_home_that_cannot_be_written_to(
    store: ProfileStore, monkeypatch: pytest.MonkeyPatch, *, as_root: bool
) -> None:
    """It is said, and the file is as it was; the project's can still be written."""
    store.save(Profile("a", "h"))
    own = os.path.dirname(store.path)
    if as_root:  # who may write anywhere is refused by the system itself
        make = os.open

        def refuse(path: Any, *arguments: Any, **how: Any) -> int:
            if os.fsdecode(path).startswith(own) and arguments and arguments[0] & os.O_CREAT:
                raise PermissionError(13, "Permission denied")
            return make(path, *arguments, **how)

        monkeypatch.setattr(os, "open", refuse)
    else:
        os.chmod(own, 0o500)
    with pytest.raises(ProfileError, match=r"cannot be written[\s\S]*Permission denied"):
        store.save(Profile("b", "h"))
    assert list(store) == ["a"]
    store.save(Profile("b", "h"), project=True)
    assert sorted(store) == ["a", "b"]
    os.chmod(own, 0o700)


@posix_only
def test_writers_without_a_home_wait_for_each_other_and_leave_nothing(
    store: ProfileStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lock is the project's folder itself: no file of a name that anybody could guess."""
    shared = tmp_path / "tmp"
    shared.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(shared))
    Path(os.path.dirname(store.path)).write_text("no folder")
    path = project_of(store, "[profiles.prod]\naddress = 'theirs'\n")
    code = (
        "import fcntl, os, sys\n"
        "handle = os.open(sys.argv[1], os.O_RDONLY)\n"
        "fcntl.flock(handle, fcntl.LOCK_EX)\n"
        "print('locked', flush=True)\n"
        "sys.stdin.read()\n"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", code, str(path.parent)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert other.stdout is not None
    assert other.stdout.readline() == "locked\n"
    monkeypatch.setattr("milvus_nb.profiles.writing._LOCK_WAIT_S", 0.2)
    with pytest.raises(ProfileError, match="being written by another process"):
        store.save(Profile("b", "h"), project=True)
    other.communicate()
    store.save(Profile("b", "h"), project=True)
    assert sorted(store) == ["b", "prod"]
    assert list(shared.iterdir()) == []
    assert [entry.name for entry in path.parent.iterdir() if entry.is_file()] == ["milvus.toml"]


def test_a_new_project_file_is_as_the_umask_has_it_and_that_stays(
    store: ProfileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The umask is the whole process's: files that other threads make meanwhile are theirs."""
    changed: list[int] = []
    before = os.umask(0o027)
    real = os.umask

    def change(mask: int) -> int:
        changed.append(mask)
        return real(mask)

    monkeypatch.setattr(os, "umask", change)
    try:
        store.save(Profile("b", "h"), project=True)
        path = Path(store.find().project_path)
        assert path.stat().st_mode & 0o777 == 0o640
        path.chmod(0o664)
        store.save(Profile("c", "h"), project=True)
        assert path.stat().st_mode & 0o777 == 0o664
        store.save(Profile("d", "h"))
        assert Path(store.path).stat().st_mode & 0o777 == 0o600
        assert changed == []
    finally:
        real(before)


def test_hostile_names_and_values_are_data(store: ProfileStore) -> None:
    """HTML, JavaScript's trap, long texts, control characters."""
    for name in ("__proto__", "constructor", "prod", "Über 7", "a.b", "x" * 64):
        store.save(Profile(name, "h"))
        assert store.get(name).name == name
    for name in ("", " a", "a ", "a/b", "..\\x", "<b>", "a\nb", "a'b", "x" * 65, "a:b", "-D", "."):
        with pytest.raises(ProfileError, match="cannot be the name"):
            store.save(Profile(name, "h"))
    for label in ("x" * 41, "a\x1b[31m", "a\nb"):
        with pytest.raises(ProfileError, match="label"):
            Profile.read("prod", {"address": "h", "label": label})
    with pytest.raises(ProfileError, match="1,000,000 characters"):
        Profile.read("prod", {"address": "h" * 1_000_000})
    store.save(Profile.read("html", {"address": "h", "label": "<b onclick=x>"}))
    assert store.get("html").label == "<b onclick=x>"


def test_only_one_is_the_default(store: ProfileStore) -> None:
    """The one that was marked last."""
    store.save(Profile("a", "h", default=True))
    store.save(Profile("b", "h", default=True))
    assert [name for name in store if store.get(name).default] == ["b"]


def test_changes_of_others_are_seen_at_once(store: ProfileStore) -> None:
    """Without reading a file that did not change."""
    store.save(Profile("a", "h"))
    assert store.find() is store.find()
    ProfileStore("", path=store.path).save(Profile("b", "h"))
    wait_until(lambda: "b" in store)


def test_where_the_users_file_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A variable names it; else the platform's folder."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    if sys.platform == "linux":
        assert user_file() == str(tmp_path / "milvus_nb" / "profiles.toml")
    monkeypatch.setenv(VARIABLE, "~/x.toml")
    assert user_file() == os.path.expanduser("~/x.toml")


def test_a_hidden_name_is_refused(store: ProfileStore, keyring_file: None) -> None:
    """Else the secret would be kept for what the project calls by that name."""
    project_of(store, "[profiles.prod]\naddress='127.0.0.66:6'\nuser='root'\nsecret='keyring'\n")
    mine = Profile("prod", "127.0.0.1:19530", user="root", secret=SecretRef("keyring"))
    with pytest.raises(ProfileError, match="would hide this one"):
        saving.save(store, mine, Secret(SECRET), project=False)
    store.save(Profile("other", "h"))
    with pytest.raises(ProfileError, match="would hide this one"):
        store.rename("other", "prod")
    with pytest.raises(ProfileError) as failure:
        params_of(store.get("prod"), default_timeout=5)
    assert failure.value.cause == "secret-needed"


def test_the_last_profile_can_be_deleted(store: ProfileStore) -> None:
    """And one more saved."""
    store.save(Profile("a", "h"))
    store.delete("a")
    assert list(store) == []
    store.save(Profile("b", "h"))
    assert list(store) == ["b"]


_STRANGE = (
    '# Mine\n[x]\ntext = """\n[profiles.a]\n# not a comment\n"""\nn = nan\n'
    "[profiles.a]\n# first\naddress = 'x' # here\nmine = [\n  1,\n\n  # two\n  2 ]\n"
    "[profiles.a.more]\ny = 1979-05-27\n\n# about b\n[ profiles . \"b\" ]\naddress = 'y'\n"
)


@pytest.mark.parametrize(
    ("edit", "was", "becomes"),
    [
        (
            lambda store: store.rename("b", "my b"),
            '[ profiles . "b" ]',
            '[ profiles . "my b" ]',
        ),
        (lambda store: store.delete("b"), "[ profiles . \"b\" ]\naddress = 'y'\n", ""),
        (
            lambda store: store.put(replace(store.get("b"), address="z")),
            "address = 'y'",
            'address = "z"',
        ),
        (
            lambda store: store.save(replace(store.get("a"), label="A"), replace_it=True),
            "  2 ]\n",
            '  2 ]\nlabel = "A"\n\n',
        ),
    ],
    ids=["rename", "delete", "change", "add"],
)
def test_an_edit_touches_no_other_line(
    store: ProfileStore, edit: Callable[[ProfileStore], object], was: str, becomes: str
) -> None:
    """Whatever stands there, also what only looks like a profile."""
    write(store, _STRANGE)
    edit(store)
    assert Path(store.path).read_text() == _STRANGE.replace(was, becomes)


@pytest.mark.parametrize("edit", ["rename", "delete"])
def test_what_only_looks_like_a_profile_is_not_edited(store: ProfileStore, edit: str) -> None:
    """It is a text of somebody else's: the profile of that name alone is another, or gone."""
    write(store, _STRANGE)
    try:
        _ = store.rename("a", "z") if edit == "rename" else store.delete("a")
    except ProfileError:
        assert Path(store.path).read_text() == _STRANGE
        return
    assert list(store) == (["b", "z"] if edit == "rename" else ["b"])
    text = Path(store.path).read_text()
    assert text.startswith(_STRANGE[: _STRANGE.index("n = nan")])
    assert "# about b" in text or edit == "delete"


@pytest.mark.parametrize("name", ["a", "b"])
def test_deleting_a_profile_leaves_the_comments_around_it(store: ProfileStore, name: str) -> None:
    """What stands behind its keys may be about the next one."""
    tables = {
        "a": "[profiles.a]\naddress = 'x' # here\n",
        "b": "[profiles.b]\naddress = 'y'\n\n",
    }
    text = f"# Mine\n\n{tables['a']}# about b\n{tables['b']}# about more\n[more]\nx = 1\n"
    write(store, text)
    store.delete(name)
    assert Path(store.path).read_text() == text.replace(tables[name], "")


def test_the_only_profile_leaves_the_comments_behind_it(store: ProfileStore) -> None:
    """And one more can be saved."""
    write(store, "[profiles.a]\naddress = 'x'\n\n# mine\n")
    store.delete("a")
    assert Path(store.path).read_text() == "# mine\n"
    store.save(Profile("b", "h"))
    assert list(store) == ["b"]
    assert "# mine" in Path(store.path).read_text()


def test_a_file_does_not_grow_until_it_cannot_be_read(store: ProfileStore) -> None:
    """Then nothing here could make it smaller again."""
    for number in range(7):
        store.save(Profile(f"p{number}", "h", server_name="x" * 4000))
    before = Path(store.path).read_bytes()
    with pytest.raises(ProfileError, match="would be larger than 32 kB"):
        store.save(Profile("one", "h", server_name="x" * 4000))
    assert Path(store.path).read_bytes() == before
    store.delete("p0")
    store.save(Profile("again", "h"))


def test_what_tomlkit_would_lose_is_refused(store: ProfileStore) -> None:
    """The file says what it should, or it is as it was."""
    text = '[profiles]\n[x]\nq = 1\nn = nan\n[profiles.b]\naddress = "hb"\n'
    write(store, text)
    try:
        store.rename("b", "z")
    except ProfileError:
        assert Path(store.path).read_text() == text
    else:
        assert list(store) == ["z"]


def test_a_keyring_that_keeps_nothing_takes_nothing(
    store: ProfileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is how one switches keyring off."""
    import keyring.backends.null

    nothing = keyring.backends.null.Keyring()  # type: ignore[no-untyped-call]
    monkeypatch.setattr(keyring.core, "_keyring_backend", nothing)
    profile = Profile("a", "h", user="u", secret=SecretRef("keyring"))
    with pytest.raises(ProfileError, match="will be asked for"):
        saving.save(store, profile, Secret(SECRET))
    assert store.get("a").secret.kind == "ask"


@pytest.mark.parametrize(
    "variable",
    ["PYTHON_KEYRING_BACKEND", "KEYRING_PROPERTY_FILE_PATH", "XDG_CONFIG_HOME", "XDG_DATA_HOME",
     "DBUS_SESSION_BUS_ADDRESS", "KEYCHAIN_PATH"],
)  # fmt: skip
def test_a_keyring_that_a_project_has_chosen_is_not_used(
    variable: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, keyring_file: None
) -> None:
    """A ``.env`` may say which one, where its files are, or whom it asks: it gets nothing."""
    profile = Profile("a", "h", user="u", secret=SecretRef("keyring"))
    secrets.keep(profile, Secret("s3cret"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text(f"{variable}=./theirs\n")
    monkeypatch.setenv(variable, "./theirs")
    assert not secrets.keyring_works()
    for use in (lambda: secrets.keep(profile, Secret("s3cret")), lambda: secrets.read(profile, "")):
        with pytest.raises(ProfileError, match=variable) as failure:
            use()
        assert str(tmp_path / ".env") in str(failure.value)
    assert not (tmp_path / "theirs").exists()


def test_without_a_keyring_the_secret_can_be_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a container there is none."""
    import keyring.backends.fail

    none = keyring.backends.fail.Keyring()  # type: ignore[no-untyped-call]
    monkeypatch.setattr(keyring.core, "_keyring_backend", none)
    profile = Profile("a", "h", user="u", secret=SecretRef("keyring"))
    with pytest.raises(ProfileError) as failure:
        params_of(profile, default_timeout=5)
    assert failure.value.cause == "secret-needed"
    assert "NoKeyringError" in failure.value.reason
    assert params_of(profile, default_timeout=5, secret=Secret("x")).auth == "password"


def test_whom_to_trust_belongs_to_the_secret(tmp_path: Path) -> None:
    """No project's profile gets it over plain text, or with a certificate of its own."""
    plain = Profile("a", "h:1", user="u")
    secure = replace(plain, secure=True)
    own_ca = replace(secure, ca_pem_path=str(tmp_path / "ca.pem"))
    other_name = replace(secure, server_name="evil")
    accounts = [secrets.account_of(one, "u") for one in (plain, secure, own_ca, other_name)]
    assert accounts[:2] == ["u@h:1", "u@https://h:1"]
    assert len(set(accounts)) == 4


@pytest.mark.parametrize("timeout", ["1" + "0" * 400, "nan", "inf", "-1", "1e400"])
def test_a_timeout_that_is_none(store: ProfileStore, timeout: str) -> None:
    """One profile's mistake is its own."""
    write(store, f"[profiles.a]\naddress='h'\ntimeout={timeout}\n[profiles.b]\naddress='h'\n")
    assert list(store) == ["b"]
    assert "line 3" in told(store)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names")
def test_a_pipe_is_no_file(store: ProfileStore) -> None:
    """Nobody waits for its other end."""
    os.makedirs(os.path.dirname(store.path))
    os.mkfifo(store.path)
    assert "is not a file" in told(store)


def test_what_is_shown_of_a_profile_is_toml(store: ProfileStore) -> None:
    """And no key is forgotten there."""
    from milvus_nb.profiles.shown import ProfileText

    store.save(Profile("a", "h", label="x", secret=SecretRef("ask")))
    shown = tomlkit.parse(repr(ProfileText(store.get("a")))).unwrap()
    assert shown == {"profiles": {"a": {"address": "h", "secret": "ask", "label": "x"}}}
    assert set(KEYS) >= set(shown["profiles"]["a"])


def test_the_cell_that_connects_it_again_names_it(store: ProfileStore) -> None:
    """Unless something was overridden: then the name alone would not say it all."""
    saved = store.save(Profile("my prod", "h"))
    cell = snippets.cell(params_of(saved, default_timeout=5), "my prod")
    assert cell == '%load_ext milvus_nb\n%milvus connect "my prod"\n'
    cell = snippets.cell(params_of(saved, default_timeout=5), "x")
    assert cell.endswith('%milvus connect "my prod" --alias x\n')
    cell = snippets.cell(params_of(saved, default_timeout=5, db_name="d"), "my prod")
    assert "connect h:19530" in cell


def test_a_secret_goes_to_the_profiles_address_alone(
    store: ProfileStore, keyring_file: None
) -> None:
    """Neither an option nor a project's profile of the same name sends it elsewhere."""
    mine = store.save(Profile("prod", "good:19530", user="root", secret=SecretRef("keyring")))
    secrets.keep(mine, Secret(SECRET))
    assert params_of(mine, default_timeout=5).endpoint.secret.reveal() == SECRET
    with pytest.raises(ProfileError, match="another place"):
        params_of(mine, default_timeout=5, uri="evil")
    project_of(store, "[profiles.prod]\naddress='evil'\nuser='root'\nsecret='keyring'\n")
    with pytest.raises(ProfileError) as failure:
        params_of(store.get("prod"), default_timeout=5)
    assert failure.value.cause == "secret-needed"
    assert secrets.forget(mine)
    assert not secrets.forget(mine)
