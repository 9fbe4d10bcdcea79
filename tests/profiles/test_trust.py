"""A secret goes where its user saw it go: a project's profiles, changed files, prompts."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
import types
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
import pytest

from milvus_nb._version import PROTOCOL
from milvus_nb.errors import ParamsError, ProfileError
from milvus_nb.page.session import PageSession
from milvus_nb.params.parsing import parse
from milvus_nb.probing.outside import visible
from milvus_nb.profiles import location
from milvus_nb.profiles.places import place, prompt
from milvus_nb.profiles.profile import Profile
from milvus_nb.profiles.store import ProfileStore
from milvus_nb.profiles.trust import file_beside, permit
from tests.support.helpers import as_module, posix_only, threads, wait_until
from tests.support.kernels import private_environment
from tests.support.servers import ConnectProxy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from milvus_nb.registry.registry import ConnectionRegistry
    from tests.support.kernels import Kernel
    from tests.support.servers import MilvusTestServer

LOAD = "%load_ext milvus_nb"
SECRET = "mine-and-nobody-elses"


class Thief:
    """Somebody else's server: it notes that it was connected to, and what it was sent."""

    def __init__(self) -> None:
        self.heard = b""
        self.connections = 0
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                peer, _ = self._socket.accept()
                self.connections += 1
                peer.settimeout(5)
                with peer, contextlib.suppress(OSError):
                    while data := peer.recv(65536):
                        self.heard += data

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(10)


@pytest.fixture
def thief() -> Iterator[Thief]:
    """Give a server that is to get nothing."""
    found = Thief()
    yield found
    found.close()


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """Give the user's own file of profiles."""
    path = tmp_path / "own" / "profiles.toml"
    path.parent.mkdir()
    return path


@pytest.fixture
def one(make_kernel: Callable[..., Kernel], own: Path) -> Kernel:
    """Give a kernel with a secret in its environment, and the extension loaded."""
    kernel = make_kernel(MILVUS_NB_PROFILES=str(own), PROD_TOKEN=SECRET, HOME=str(own.parent))
    kernel.run(LOAD)
    return kernel


def project(kernel: Kernel, text: str) -> Path:
    path: Path = kernel.folder / "milvus.toml"
    path.write_text(text)
    return path


def theirs(address: str, name: str = "prod", more: str = "") -> str:
    return f'[profiles.{name}]\naddress = "{address}"\nsecret = "env:PROD_TOKEN"\n{more}\n'


def prompts(found: Any) -> str:
    return "\n".join(found.prompts)


def test_a_projects_profile_is_asked_about_once(
    one: Kernel, own: Path, milvus: MilvusTestServer
) -> None:
    """The question names the file, the address and the variable; another of them asks again."""
    file = project(one, theirs(milvus.address))
    refused = one.execute("%milvus connect prod", answers=("n",))
    assert "prod was not allowed" in refused.text
    question = prompts(refused)
    for part in (str(file), f"{milvus.address}, without TLS", "PROD_TOKEN"):
        assert part in question
    allowed = one.run("%milvus connect prod", answers=("y",))
    assert "connected" in allowed.text
    assert SECRET not in file_beside(str(own))
    assert SECRET not in Path(file_beside(str(own))).read_text()
    assert Path(file_beside(str(own))).stat().st_mode & 0o777 == 0o600
    again = one.run("%milvus disconnect prod\n%milvus connect prod")
    assert again.prompts == []
    # What is only shown asks nothing; where the secret goes, and which one it is, does.
    project(one, theirs(milvus.address, more='label = "Theirs"'))
    assert one.run("%milvus disconnect --all\n%milvus connect --profile prod").prompts == []
    for text in (
        theirs(f"127.0.0.2:{milvus.port}"),
        theirs(milvus.address, more='user = "root"'),
        theirs(milvus.address, more="secure = true"),
        theirs(milvus.address, more='server_name = "other"'),
        theirs(milvus.address).replace("PROD_TOKEN", "AWS_SECRET_ACCESS_KEY"),
    ):
        project(one, text)
        changed = one.execute("%milvus connect --profile prod -a new", answers=("n",))
        assert "was not allowed" in changed.text, text


def test_yours_is_not_sent_to_theirs(
    one: Kernel, own: Path, milvus: MilvusTestServer, thief: Thief
) -> None:
    """Not by name, not as default, not by connections.connect, doctor or test, not by --yes."""
    own.write_text(theirs(milvus.address, more="default = true"))
    project(one, theirs(thief.address, more="default = true\nautoconnect = true"))
    for line in (
        "%milvus connect prod",
        "%milvus connect prod --yes",
        "%milvus connect -a prod",
        "%milvus connect --profile prod -a other",
        "%milvus doctor prod",
        "%milvus profile test prod",
        "from milvus_nb import connections\nconnections.connect('prod')",
        "connections.connect_profile('prod')",
        "connections.diagnose('prod')",
    ):
        told = one.execute(line).text
        assert "was not allowed yet" in told, line
        assert f"{thief.address}, without TLS" in told
        assert "%milvus profile allow prod" in told
    question = one.execute("%milvus connect prod", answers=("",))
    assert f"Yours of the name prod, which goes to {milvus.address}" in question.text
    # Alone, it means the user's own default, and says why.
    shown = one.run("%milvus connect").text
    assert "The project's default, prod" in shown
    assert milvus.address in one.run("%milvus status").text
    one.run("%reload_ext milvus_nb")
    assert thief.connections == 0


def test_a_projects_default_waits(
    make_kernel: Callable[..., Kernel], own: Path, milvus: MilvusTestServer, thief: Thief
) -> None:
    """MILVUS_URI goes before it; without that, it is asked about; so is one named default."""
    kernel = make_kernel(MILVUS_NB_PROFILES=str(own), PROD_TOKEN=SECRET)
    kernel.run(LOAD)
    for name in ("dev", "default"):
        project(kernel, theirs(thief.address, name, "default = true"))
        assert "was not allowed yet" in kernel.execute("%milvus connect").text
        assert "was not allowed." in kernel.execute("%milvus connect", answers=("n",)).text
        kernel.run(f"import os; os.environ['MILVUS_URI'] = 'http://{milvus.address}'")
        assert "connected" in kernel.run("%milvus connect").text
        assert milvus.address in kernel.run("%milvus status").text
        kernel.run("del os.environ['MILVUS_URI']\n%milvus disconnect --all")
        code = "connections._remembered.clear()"
        kernel.run(f"from milvus_nb import connections\n{code}")
    project(kernel, theirs(thief.address, "default"))
    told = kernel.execute("connections.connect()").text
    assert "was not allowed yet" in told
    project(kernel, "[profiles.lite]\naddress = './theirs.db'\ndefault = true\n")
    assert "was not allowed." in kernel.execute("%milvus connect", answers=("n",)).text
    assert thief.connections == 0
    # Once it is allowed, it is what connect alone means.
    project(kernel, theirs(milvus.address, "dev", "default = true"))
    assert "Allowed: dev of" in kernel.run("%milvus profile allow dev").text
    assert "dev: connected" in kernel.run("%milvus connect").text


def test_allow_is_for_where_nobody_can_be_asked(
    one: Kernel, own: Path, milvus: MilvusTestServer
) -> None:
    """It says what was allowed, and needs no answer; one's own needs none of it."""
    own.write_text(theirs(milvus.address, "mine"))
    project(one, theirs(milvus.address, "dev"))
    assert "not allowed yet" in one.run("%milvus profile list").text
    assert "needs no permission" in one.run("%milvus profile allow mine").text
    told = one.run("%milvus profile allow dev").text
    assert "PROD_TOKEN" in told
    assert f"{milvus.address}, without TLS" in told
    assert "not allowed yet" not in one.run("%milvus profile list").text
    code = "from milvus_nb import connections\nconnections.connect('dev').state"
    assert "connected" in one.run(code).text
    assert one.complete("%milvus profile allow d") == ["dev"]
    assert "allow" in one.complete("%milvus profile al")


def test_nbconvert_needs_permission(own: Path, tmp_path: Path, milvus: MilvusTestServer) -> None:
    """``jupyter nbconvert --execute`` cannot be asked: it is refused with what allows it."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "milvus.toml").write_text(theirs(milvus.address))
    given = private_environment(
        folder, {"MILVUS_NB_PROFILES": str(own), "PROD_TOKEN": SECRET, "HOME": str(own.parent)}
    )

    def executed(*cells: str) -> subprocess.CompletedProcess[str]:
        book = nbformat.v4.new_notebook(cells=list(map(nbformat.v4.new_code_cell, cells)))
        nbformat.write(book, folder / "a.ipynb")
        command = ["--to", "notebook", "--execute", "--output", "b", "a.ipynb"]
        return subprocess.run(
            [sys.executable, *as_module("nbconvert"), *command],
            env={**os.environ, **given}, cwd=folder, capture_output=True, text=True, timeout=300,
            check=False,
        )  # fmt: skip

    refused = executed(LOAD, "%milvus connect prod")
    assert refused.returncode != 0
    assert "%milvus profile allow prod" in refused.stderr
    done = executed(LOAD, "%milvus profile allow prod", "%milvus connect prod")
    assert done.returncode == 0, done.stderr
    assert "connected" in (folder / "b.ipynb").read_text()
    assert SECRET not in (folder / "b.ipynb").read_text() + refused.stderr


def test_a_yes_is_taken_back(one: Kernel, own: Path, milvus: MilvusTestServer) -> None:
    """It is asked about again; of one's own there is none to take back."""
    own.write_text(theirs(milvus.address, "mine"))
    project(
        one,
        theirs(milvus.address, "dev") + theirs(milvus.address, "other", "timeout = 9\nuser = 'u'"),
    )
    one.run("%milvus profile allow dev\n%milvus profile allow other")
    told = one.run("%milvus profile revoke dev").text
    assert "dev of " in told
    assert "asked about before it is used" in told
    assert "not allowed yet" in one.run("%milvus profile list").text
    code = "from milvus_nb import connections\nconnections.connect('dev')"
    assert "was not allowed yet" in one.execute(code).text
    assert "connected" in one.run("connections.connect('other').state").text
    assert "was not allowed. dev" in one.run("%milvus profile revoke dev").text
    assert "needs no permission" in one.run("%milvus profile revoke mine").text
    assert one.complete("%milvus profile revoke d") == ["dev"]


def test_a_projects_env_file_is_no_word_of_the_user(
    make_kernel: Callable[..., Kernel], thief: Thief, own: Path
) -> None:
    """A ``.env`` of the working folder is put into the kernel's environment by pymilvus.

    The user's token is not sent where it says, and no file of the project becomes the user's own.
    """
    kernel = make_kernel(MILVUS_TOKEN=f"root:{SECRET}", HOME=str(own.parent))
    folder = kernel.folder
    (folder / ".env").write_text(
        f"MILVUS_URI=${{NOTHING}}http://{thief.address}\nexport MILVUS_NB_PROFILES='theirs.toml'\n"
        f"XDG_CONFIG_HOME={folder}\n"
    )
    (folder / "milvus_nb").mkdir()
    for name in ("theirs.toml", "milvus_nb/profiles.toml"):
        (folder / name).write_text(theirs(thief.address, more="default = true"))
    kernel.run(f"import os\ndel os.environ['XDG_CONFIG_HOME']\nimport pymilvus\n{LOAD}")
    assert str(folder) in kernel.run("os.environ['XDG_CONFIG_HOME']").text
    assert thief.address in kernel.run("os.environ['MILVUS_URI']").text
    for line in ("%milvus connect", f"%milvus connect -t root:{SECRET}", "%milvus doctor"):
        assert ".env" in kernel.execute(line).text
    assert "prod" not in kernel.run("%milvus profile list").text
    assert ".env" in kernel.execute("from milvus_nb import connections\nconnections.connect()").text
    assert thief.connections == 0
    # Who has set it himself, to whatever, is obeyed.
    (folder / ".env").write_text(f"MILVUS_URI=http://{thief.address}")
    kernel.run(f"os.environ['MILVUS_URI'] = '{thief.address}'")
    told = kernel.execute("%milvus connect --timeout 0.5").text
    assert thief.connections > 0, told


def test_a_projects_env_file_moves_no_folder_of_windows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There, too, the user's profiles are where the system has the user's folder."""
    home, project = tmp_path / "home", tmp_path / "project"
    project.mkdir()
    mover = "WIN_PD_OVERRIDE_LOCAL_APPDATA"
    (project / ".env").write_text(f"{mover}={project}")
    monkeypatch.chdir(project)
    for name, value in {"HOME": home, "LOCALAPPDATA": home / "AppData/Local"}.items():
        monkeypatch.setenv(name, str(value))
    # platformdirs's folder for Windows.
    monkeypatch.setattr(
        "platformdirs.user_config_dir",
        lambda name, **_: f"{os.environ.get(mover) or os.environ['LOCALAPPDATA']}/{name}",
    )
    monkeypatch.setattr(location, "sys", types.SimpleNamespace(platform="win32"))
    usual = str(home / "AppData/Local/milvus_nb/profiles.toml")
    assert location.user_file() == usual
    monkeypatch.setenv(mover, str(project))
    assert location.user_file() == usual


def test_an_env_file_around_the_environment_is_a_projects(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a script pymilvus looks for it from its own folder on, wherever the script is run."""
    theirs = types.ModuleType("pymilvus")
    theirs.__file__ = str(tmp_path / "project" / ".venv" / "lib" / "pymilvus" / "__init__.py")
    monkeypatch.setitem(sys.modules, "pymilvus", theirs)
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / ".env").write_text("MILVUS_URI=theirs.example\n")
    monkeypatch.setenv("MILVUS_URI", "theirs.example")
    with pytest.raises(ParamsError, match="is set by a file of the project"):
        parse(token=SECRET)


def test_no_proxy_for_the_number_of_an_address_sees_a_sign_in(
    connections: ConnectionRegistry,
    milvus_auth: MilvusTestServer,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """A variable of gRPC's own, as a project's .env may set it: probes and clients go straight.

    So does what speaks to a Milvus Lite, on this machine's own loopback.
    """
    with ConnectProxy() as thief:
        monkeypatch.setenv("GRPC_ADDRESS_HTTP_PROXY", thief.address)
        monkeypatch.setenv("GRPC_ADDRESS_HTTP_PROXY_ENABLED_ADDRESSES", "0.0.0.0/0,::/0")
        given: dict[str, Any] = {"uri": milvus_auth.uri, "token": milvus_auth.root_token}
        connections.connect("a", **given).client.list_collections()
        connections.connect("b", uri=str(tmp_path / "b.db")).client.list_collections()
    assert thief.requests == []


def test_a_projects_env_file_reroutes_no_sign_in(
    make_kernel: Callable[..., Kernel], milvus_auth: MilvusTestServer, thief: Thief, own: Path
) -> None:
    """Its proxy sees none, not even of a connection that was there before; TLS is for that.

    Nor do those whom it wants to be trusted, and no keyring that it names keeps a secret.
    """
    kernel = make_kernel(TOK="root:Milvus", MILVUS_NB_PROFILES=str(own))
    address = f"http://localhost:{milvus_auth.port}"
    own.write_text(f'[profiles.mine]\naddress = "{address}"\nuser = "root"\nsecret = "keyring"\n')
    (kernel.folder / "theirs.py").write_text("raise SystemExit")
    (kernel.folder / ".env").write_text(
        f"http_proxy=http://{thief.address}\nGRPC_DEFAULT_SSL_ROOTS_FILE_PATH=./ca.pem\n"
        "PYTHON_KEYRING_BACKEND=theirs.Keyring\n"
    )
    names = "('PYTHON_KEYRING_BACKEND', 'GRPC_DEFAULT_SSL_ROOTS_FILE_PATH')"
    kernel.run(f"import os\n[os.environ.pop(name, '') for name in {names}]\n{LOAD}")
    connect = f"%milvus connect {address} --token-env TOK"
    assert "connected" in kernel.run(f"{connect} -a x").text
    failed = kernel.execute("%milvus client x").traceback  # pymilvus is imported for it
    assert "http_proxy is set by a file of the project" in failed
    assert str(kernel.folder / ".env") in failed
    assert thief.address in kernel.run("os.environ['http_proxy']").text
    again = f"{connect} -a y".replace("localhost", "localhost.")  # x has its connection already
    lines = ("%milvus client x --async", again, "%milvus doctor x")
    for line in (*lines, "%milvus status x"):
        assert "http_proxy is set by a file of the project" in kernel.execute(line).text
    told = kernel.execute("%milvus connect https://localhost:1 -a z --token-env TOK").text
    assert "says which servers are trusted" in told
    assert "PYTHON_KEYRING_BACKEND" in kernel.execute("%milvus connect mine -a k").text
    assert "PYTHON_KEYRING_BACKEND" in kernel.execute("%milvus profile secret mine").text
    assert thief.connections == 0
    # Without a sign-in it may; and who says himself that there is no proxy has said it.
    kernel.execute("%milvus connect http://localhost:1 -a w --timeout 0.5")
    assert thief.connections > 0
    kernel.run("%env no_proxy=localhost\nclient = %milvus client x\nclient.list_collections()")


def test_who_saves_it_for_the_project_has_allowed_it(one: Kernel, milvus: MilvusTestServer) -> None:
    """And who changes it; but not who changes another's that was not allowed."""
    one.run(f"%milvus connect {milvus.address} -a dev\n%milvus profile save dev --project")
    assert one.run("%milvus disconnect dev\n%milvus connect --profile dev").prompts == []
    one.run("%milvus profile edit dev label=Mine timeout=7 --rename work\n%milvus disconnect --all")
    assert one.run("%milvus connect work").prompts == []
    project(one, theirs(milvus.address))
    one.run("%milvus profile edit prod label=Theirs")
    assert "was not allowed yet" in one.execute("%milvus connect prod").text


def test_what_was_shown_is_what_is_connected(
    one: Kernel, own: Path, milvus_auth: MilvusTestServer, thief: Thief
) -> None:
    """The file changes while the prompt waits: the password goes where the prompt has said."""
    text = f'[profiles.prod]\naddress = "{milvus_auth.address}"\nuser = "root"\nsecret = "ask"\n'
    own.write_text(text)

    def changed() -> str:
        own.write_text(text.replace(milvus_auth.address, thief.address))
        return "Milvus"

    shown = one.run("%milvus connect prod", answers=(changed,))
    assert f"Password of root for prod ({milvus_auth.address}, without TLS): " in shown.prompts
    assert "connected" in shown.text
    assert thief.connections == 0


def test_reconnect_names_where_it_goes_and_asks_where_that_has_changed(
    one: Kernel, own: Path, milvus_auth: MilvusTestServer, thief: Thief
) -> None:
    """Of profiles and of addresses; --yes is no answer to a change."""
    text = f'[profiles.prod]\naddress = "{milvus_auth.address}"\nuser = "root"\nsecret = "ask"\n'
    own.write_text(text)
    one.run("%milvus connect prod", answers=("Milvus",))
    shown = one.run(
        f"%milvus connect {milvus_auth.address} --user root --ask -a typed", answers=("Milvus",)
    )
    assert shown.prompts == [f"Password of root for typed ({milvus_auth.address}, without TLS): "]
    file = one.folder / "milvus_nb-kernel.json"
    wait_until(lambda: file.exists() and "typed" in file.read_text())
    one.restart()
    own.write_text(text.replace(milvus_auth.address, thief.address))
    one.run(LOAD)
    nobody = one.execute("%milvus reconnect prod --yes").text
    assert f"prod goes to {thief.address}, without TLS now, not to {milvus_auth.address}" in nobody
    asked = one.execute("%milvus reconnect prod --yes", answers=("n",))
    assert f"before the restart it went to {milvus_auth.address}" in prompts(asked)
    assert thief.connections == 0
    own.write_text(text)
    back = one.run("%milvus reconnect", answers=("Milvus", "Milvus"))
    assert back.prompts == [
        f"Password of root for {name} ({milvus_auth.address}, without TLS): "
        for name in ("prod", "typed")
    ]


def test_every_prompt_names_address_tls_and_user(one: Kernel) -> None:
    """Of --ask in connect and doctor, of test and secret."""
    closed = "127.0.0.1:9"
    for line, expected in (
        (f"connect {closed} --ask", f"Token for {closed}, without TLS: "),
        (f"connect https://{closed} --ask", f"Token for https://{closed}, TLS: "),
        (
            f"connect {closed} --user root --server-name db.example --ask",
            f"Password of root for https://{closed}, TLS, as db.example: ",
        ),
        (
            "connect bücher.example --user me --ask --timeout 1",
            "Password of me for xn--bcher-kva.example:19530 (bücher.example:19530), without TLS: ",
        ),
        (f"doctor {closed} --user root --ask", f"Password of root for {closed}, without TLS: "),
    ):
        assert one.execute(f"%milvus {line}", answers=("x",)).prompts == [expected]


def test_prompts_are_printable_text_on_one_line() -> None:
    """What cannot be seen is written as its escape: a prompt cannot be forged."""
    hostile = "root\u202e\n\x1b]52;c;x\x07Password of admin for good"
    shown = visible(hostile)
    assert shown.isprintable()
    assert "\\u202e\\n\\x1b" in shown
    assert len(visible("x" * 10_000)) < 400
    params = parse(uri="https://xn--bcher-kva.example", token="x", env={})
    assert place(params) == "https://xn--bcher-kva.example:443 (https://bücher.example:443), TLS"
    assert prompt(params, "a\nb").startswith("Token for a\\nb (https://xn--")


@pytest.fixture
def ask(
    connections: ConnectionRegistry, own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., dict[str, Any]]]:
    """Give what asks the kernel as a page does, and answers with the result or the error."""
    monkeypatch.setenv("MILVUS_NB_PROFILES", str(own))
    monkeypatch.chdir(tmp_path)
    said: list[Any] = []
    session = PageSession(connections, said.append)
    numbers = iter(range(1, 1000))

    def asked(method: str, **given: Any) -> dict[str, Any]:
        number = next(numbers)
        session.handle({"v": PROTOCOL, "id": number, "method": method, "params": given})
        wait_until(lambda: any(one.get("id") == number for one in list(said)))
        found = next(one for one in list(said) if one.get("id") == number)
        return dict(found.get("result") or found["error"])

    yield asked
    session.close()
    wait_until(lambda: threads("milvus-nb-blocking") == [])  # a look at the files may be under way


def shown_to(ask: Callable[..., dict[str, Any]], name: str) -> dict[str, Any]:
    return next(one for one in ask("hello")["profiles"]["profiles"] if one["name"] == name)


@pytest.mark.parametrize(
    "change",
    [
        ("https://", "http://"),
        ("server_name = 'db.example'", ""),
        ("server_name = 'db.example'", "server_name = 'evil.example'"),
        ("user = 'root'", "user = 'admin'"),
        ("ca_pem_path = './ca.pem'", "ca_pem_path = './other.pem'"),
        ("ca_pem_path = './ca.pem'", ""),
        ("https://127.0.0.1:9", "127.0.0.1:9"),
        ("secure = true\n", ""),
    ],
)
def test_tls_is_not_lost_between_sight_and_click(
    ask: Callable[..., dict[str, Any]], own: Path, change: tuple[str, str]
) -> None:
    """The page's click and its typed password are for what it has shown, TLS and user as well."""
    text = (
        "[profiles.prod]\naddress = 'https://127.0.0.1:9'\nuser = 'root'\nsecret = 'ask'\n"
        "secure = true\nca_pem_path = './ca.pem'\nserver_name = 'db.example'\n"
    )
    if change[0].startswith("secure"):
        text = text.replace("https://", "")
    own.write_text(text)
    seen = shown_to(ask, "prod")
    given = {"address": seen["address"], "alias": "prod", "profile": "prod", "seal": seen["seal"]}
    assert text != text.replace(*change)
    own.write_text(text.replace(*change))
    for method in ("connect", "test"):
        told = ask(method, **given, password=SECRET)
        assert told["cause"] == "profile-changed"
        assert "Nothing was sent" in told["fix"]
        told = ask(method, **{**given, "seal": ""}, password=SECRET)
        assert told["cause"] == "profile-changed"


def test_the_page_answers_the_same_question(
    ask: Callable[..., dict[str, Any]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    milvus: MilvusTestServer,
) -> None:
    """Its yes is for what it has shown: another file, address or variable is not allowed by it."""
    monkeypatch.setenv("PROD_TOKEN", SECRET)
    monkeypatch.setenv("OTHER_TOKEN", SECRET)
    file = tmp_path / "milvus.toml"
    file.write_text(theirs(milvus.address))
    seen = shown_to(ask, "prod")
    assert seen["permit"]
    assert seen["place"] == f"{milvus.address}, without TLS"
    given = {"address": seen["address"], "alias": "prod", "profile": "prod", "seal": seen["seal"]}
    assert ask("connect", **given)["cause"] == "profile-not-allowed"
    assert ask("test", **given)["cause"] == "profile-not-allowed"
    file.write_text(theirs(milvus.address).replace("PROD", "OTHER"))
    assert ask("connect", **given, allow=seen["permit"])["cause"] == "profile-not-allowed"
    file.write_text(theirs(milvus.address))
    assert ask("connect", **given, allow=seen["permit"]) == {"alias": "prod"}
    assert not shown_to(ask, "prod")["permit"]


def test_a_yes_is_for_the_file_and_the_certificates_in_it(tmp_path: Path, own: Path) -> None:
    """Another folder's file asks again, and so does another certificate to trust."""
    stores = []
    for name in ("a", "b"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "ca.pem").write_text("one")
        (folder / "milvus.toml").write_text(
            "[profiles.prod]\naddress='h'\nsecret='env:X'\nca_pem_path='ca.pem'\n"
        )
        stores.append(ProfileStore(str(folder), path=str(own)))
    first, second = stores
    first.allow(first.get("prod"))
    first.require_allowed(first.get("prod"))
    ProfileStore(str(tmp_path / "a"), path=str(own)).require_allowed(first.get("prod"))
    assert "prod" in second.find().unasked
    with pytest.raises(ProfileError, match="was not allowed yet"):
        second.require_allowed(second.get("prod"))
    (tmp_path / "a" / "ca.pem").write_text("another")
    with pytest.raises(ProfileError, match="was not allowed yet"):
        first.require_allowed(first.get("prod"))


@posix_only
def test_answers_of_others_are_none(tmp_path: Path, own: Path) -> None:
    """A file of answers that others may write to, or that is broken, allows nothing."""
    theirs_ = Profile("prod", "h", path=str(tmp_path / "milvus.toml"), is_project=True)
    store = ProfileStore("", path=str(own))
    file = Path(file_beside(str(own)))
    for content in ("[]", "{", "null", '[{"permit": 1}]', "[" * 10_000):
        file.write_text(content)
        assert not store.is_allowed(theirs_)
    file.write_text(json.dumps([{"permit": permit(theirs_)}]))
    file.chmod(0o600)
    assert store.is_allowed(theirs_)
    file.chmod(0o666)
    assert not store.is_allowed(theirs_)


def test_an_answer_that_cannot_be_kept_holds_for_this_process(tmp_path: Path) -> None:
    """And it is said why."""
    (tmp_path / "own").write_text("a file where the folder would be")
    store = ProfileStore("", path=str(tmp_path / "own" / "profiles.toml"))
    found = Profile("prod", "h", path=str(tmp_path / "milvus.toml"), is_project=True)
    assert "cannot be written" in store.allow(found)
    assert store.is_allowed(found)


def test_what_a_profile_says_is_copied_from_the_same_alone(
    connections: ConnectionRegistry, own: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, milvus: MilvusTestServer,
) -> None:  # fmt: skip
    """A project's file that takes a name has no say about a connection that came from yours."""
    from milvus_nb.profiles import saving

    monkeypatch.setenv("MILVUS_NB_PROFILES", str(own))
    monkeypatch.setenv("PROD_TOKEN", SECRET)
    monkeypatch.chdir(tmp_path)
    own.write_text(theirs(milvus.address, more="confirm = true"))
    live = connections.connect("prod")
    (tmp_path / "milvus.toml").write_text(
        theirs("127.0.0.1:9", more="label = 'Theirs'").replace("PROD_TOKEN", "AWS_SECRET")
    )
    made = saving.of_connection(connections.profiles, live.params, "copy")
    assert str(made.secret) == "env:PROD_TOKEN"
    connections.follow_profile("prod", connections.profiles.get("prod"), same_account=True)
    assert live.params.guard.confirm
