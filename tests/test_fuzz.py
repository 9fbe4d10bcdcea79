"""Hostile input costs nothing: no secret comes out, no foreign error, nothing takes long.

The suite tries the same ones each time; ``MILVUS_NB_FUZZ_EXAMPLES=10000`` tries so many others of
each kind.
"""

from __future__ import annotations

import copy
import functools
import getpass
import json
import os
import pickle
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keyring
import keyring.backend
import pymilvus
import pytest
from hypothesis import HealthCheck, Phase, given, settings

from milvus_nb._version import PROTOCOL
from milvus_nb.code import paste
from milvus_nb.page import messages as page
from milvus_nb.page.forms import Forms
from milvus_nb.page.session import PageSession
from milvus_nb.params import parsing
from milvus_nb.params.secret import Secret
from milvus_nb.profiles import described
from milvus_nb.profiles.shown import ProfileTable, ProfileText
from milvus_nb.profiles.store import ProfileStore
from milvus_nb.registry.restart import Memory
from tests.support import fuzz
from tests.support.helpers import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from IPython.core.interactiveshell import InteractiveShell

    from milvus_nb import ConnectionRegistry
    from tests.support.servers import MilvusTestServer

_EXAMPLES = int(os.environ.get("MILVUS_NB_FUZZ_EXAMPLES", "250"))
_BY_HAND = "MILVUS_NB_FUZZ_EXAMPLES" in os.environ

pytestmark = [pytest.mark.timeout(86_400 if _BY_HAND else 900)]

USER, SECRET = "alice", f"Zebra {fuzz.MARK}/okapi"

fuzzed = settings(
    max_examples=_EXAMPLES,
    derandomize=not _BY_HAND,
    phases=[Phase.generate, *([Phase.shrink] if _BY_HAND else [])],
    suppress_health_check=list(HealthCheck),
)


class Keyring(keyring.backend.KeyringBackend):
    """A keyring in memory."""

    priority = 9

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # theirs
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        """Give what is kept."""
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        """Keep it."""
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        """Forget it."""
        self.kept.pop((service, username), None)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give a folder that is the home and the project, with a keyring in memory and no network."""
    monkeypatch.chdir(tmp_path)
    for variable in ("HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(variable, str(tmp_path))
    before = keyring.get_keyring()
    keyring.set_keyring(Keyring())
    real = socket.getaddrinfo

    def loopback_alone(host: Any, *args: Any, **named: Any) -> Any:
        if host in {"127.0.0.1", "localhost", "::1"}:
            return real(host, *args, **named)
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", loopback_alone)
    yield tmp_path
    keyring.set_keyring(before)


@pytest.fixture
def watch(folder: Path) -> Iterator[fuzz.Watch]:
    """Give who looks at all that comes out; at the end it says how much that was."""
    found = fuzz.Watch(folder)
    with found.logging():
        yield found
    print(f"{found.calls} calls, the slowest took {found.slowest_s * 1000:.0f} ms")
    assert found.calls


@pytest.fixture
def live(
    folder: Path, connections: ConnectionRegistry, milvus_auth: MilvusTestServer
) -> Iterator[ConnectionRegistry]:
    """Give a registry with a memory, and with a connection whose password is a secret."""
    root = pymilvus.MilvusClient(milvus_auth.uri, token=milvus_auth.root_token, dedicated=True)
    root.create_user(USER, SECRET)
    connections.set_heartbeat(60)
    connections.memory = Memory(connections, str(folder / "milvus_nb-kernel-1.json"))
    (folder / "milvus_nb").mkdir()
    connections.connect("live", uri=milvus_auth.address, user=USER, password=SECRET)
    yield connections
    root.drop_user(USER)
    root.close()


def _again(registry: ConnectionRegistry) -> None:
    """Have the live connection, the profile prod, and nothing else."""
    for alias in registry.aliases():
        if alias != "live":
            registry.remove_connection(alias)
    if "live" not in registry:
        registry.connect("live")
    file = Path("milvus_nb/profiles.toml")
    text = '[profiles.prod]\naddress = "127.0.0.1:1"\nuser = "root"\nsecret = "env:THE_SECRET"\n'
    if not file.exists() or file.read_text() != text:
        file.write_text(text)
    Path("milvus.toml").unlink(missing_ok=True)


def _shown(value: Any) -> list[str]:
    html = value._repr_html_() if hasattr(value, "_repr_html_") else ""
    return [repr(value), str(value), html or ""]


def test_lines(
    ip: InteractiveShell,
    live: ConnectionRegistry,
    watch: fuzz.Watch,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of ``%milvus``, with secrets typed, asked for, in variables and in the environment."""
    ip.run_line_magic("load_ext", "milvus_nb")
    magics: Any = ip.magics_manager.registry["MilvusMagics"]
    magics.context._registry = live
    monkeypatch.setattr(getpass, "getpass", lambda prompt: (print(prompt), SECRET)[1])
    monkeypatch.setattr("builtins.input", lambda prompt: (print(prompt), "y")[1])

    @fuzzed
    @given(fuzz.lines())
    def each(given_: tuple[str, dict[str, Any]]) -> None:
        line, names = given_
        _again(live)
        monkeypatch.setenv(
            "THE_SECRET", names["secret"].replace("\x00", "").encode("utf-8", "replace").decode()
        )
        live_one = {"place": live["live"].address, "known": SECRET}
        hidden = {**names, **live_one, "hidden": Secret(names["secret"])}
        milvus: Any = magics.milvus
        watch.call(functools.partial(milvus, line, None, hidden), _shown)

    each()


def test_addresses(watch: fuzz.Watch, connections: ConnectionRegistry) -> None:
    """In whatever parameter they are given, with a secret in them or beside them."""

    @fuzzed
    @given(fuzz.addresses(), fuzz.secrets, fuzz.sign_ins())
    def each(address: str, secret: str, named: str) -> None:
        ways: tuple[dict[str, Any], ...] = (
            {"uri": address},
            {"address": address, "token": secret},
            {"host": address, "user": "root", "password": secret},
            {"uri": "127.0.0.1:1", "port": address},
            {"uri": "127.0.0.1:1", "user": address, "token": f"root:{secret}"},
            {"uri": "127.0.0.1:1", "timeout": address, "secure": secret},
            {"uri": "https://h", "server_name": address, "db_name": 5, "token": secret},
            {"uri": "h", "grpc_options": {"grpc.http_proxy": address, "a": secret}},
            {"uri": "h", "db_name": named},
            {"uri": "h", "ca_pem_path": named},
            {"uri": "h", "user": "root", "password": secret, "client_key_path": named},
            {"uri": "h", "token_env": address},
            {"uri": 5, "host": secret},
        )
        for given_ in ways:
            parse = functools.partial(parsing.parse, env={}, **given_)
            watch.call(parse, _of_params, has_frames=False)
            watch.call(functools.partial(connections.add_connection, x=given_), _shown)
            watch.look([repr(connections.list_connections())])
        watch.call(lambda: connections.add_connection(x={"tokn": secret}), _shown)
        for use in (connections.get_connection_addr, connections.use, connections.client):
            watch.call(functools.partial(use, address), _shown, has_frames=False)
        add = functools.partial(connections.add_connection, **{named: {"uri": "h"}})
        watch.call(add, _shown, has_frames=False)
        watch.look([repr(connections.list_connections())])

    each()


def _of_params(found: Any) -> list[str]:
    again = pickle.loads(pickle.dumps(found))  # noqa: S301  # our own bytes
    texts = [pickle.dumps(found).decode("latin-1"), repr(again), repr(copy.deepcopy(found))]
    return [*texts, *_shown(found), repr(found.endpoint), found.address]


def test_pastes(watch: fuzz.Watch) -> None:
    """Of every kind, whole, cut off, and with a secret that ends its quotes."""
    forms = Forms()

    @fuzzed
    @given(fuzz.pastes())
    def each(text: str) -> None:
        watch.call(lambda: paste.looks_pasted(text), _shown)
        request = page.parse({"v": PROTOCOL, "id": 1, "method": "paste", "params": {"text": text}})
        watch.call(
            lambda: forms.paste(request, 5.0), lambda found: [json.dumps(found)], has_frames=False
        )

    each()


def test_files_of_profiles(watch: fuzz.Watch, folder: Path) -> None:
    """Problems name keys and lines, and show nothing of the values."""
    path = folder / "given.toml"

    @fuzzed
    @given(fuzz.files())
    def each(text: str) -> None:
        path.write_text(text, "utf-8", "surrogatepass")
        store = ProfileStore("", path=str(path))
        watch.call(store.find, _shown)
        found = store.find()
        watch.call(lambda: described.profiles(found), lambda value: [json.dumps(value)])
        watch.call(lambda: ProfileTable(found), _shown)
        watch.call(store.default, _shown)
        for name in ("prod", "x", "a b", ""):
            watch.call(functools.partial(_text_of, store, name), _shown)

    each()


def _text_of(store: ProfileStore, name: str) -> ProfileText:
    return ProfileText(store.get(name))


def test_messages(
    live: ConnectionRegistry, watch: fuzz.Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a page, whatever they ask: each is answered, and no answer or event has a secret."""
    monkeypatch.setenv("X", SECRET)
    said: list[Any] = []
    session = PageSession(live, said.append)
    number = 0

    @fuzzed
    @given(fuzz.messages())
    def each(message: dict[str, Any]) -> None:
        nonlocal number
        _again(live)
        said.clear()
        number += 1
        asked = {**message, "id": number}

        def handle() -> None:
            session.handle(asked)

        watch.call(handle, _shown)
        wait_until(lambda: any(one.get("id") == number for one in list(said)))
        watch.look([json.dumps(list(said), default=str)])

    each()
    session.close()
