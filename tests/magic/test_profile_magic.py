"""``%milvus profile`` and ``connect NAME`` in real kernels, with a real keyring (a file)."""

from __future__ import annotations

import json
import re
import shutil
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from milvus_nb.magic import autoconnect
from milvus_nb.registry.registry import process_registry
from tests.support.helpers import sockets_to, threads, wait_until
from tests.support.kernels import Kernel
from tests.support.shared_kernel import Kernels

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from IPython.core.interactiveshell import InteractiveShell

    from tests.support.servers import MilvusTestServer

LOAD = "%load_ext milvus_nb"
PASSWORD = "Milvus"


@pytest.fixture(scope="module")
def user(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Give the environment of one user: all kernels have the same profiles and the same keyring."""
    home = tmp_path_factory.mktemp("home")
    return {
        "MILVUS_NB_PROFILES": str(home / "profiles.toml"),
        "XDG_DATA_HOME": str(home / "data"),
        "HOME": str(home),
    }


@pytest.fixture
def shared(user: dict[str, str]) -> dict[str, str]:
    """Give the environment of a user who has no file yet."""
    home = Path(user["HOME"])
    shutil.rmtree(home)
    home.mkdir()
    return user


@pytest.fixture(scope="module")
def kernels(user: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernels]:
    """Keep a kernel of the user from one test to the next."""
    found = Kernels(lambda: Kernel(tmp_path_factory.mktemp("kernel"), user))
    yield found
    found.close()


@pytest.fixture
def one(shared: dict[str, str], shared_kernel: Kernel) -> Kernel:
    """Give a kernel of the user with the extension loaded."""
    del shared  # before it, there is no file
    shared_kernel.run(LOAD)
    return shared_kernel


def profiles_text(shared: dict[str, str]) -> str:
    return Path(shared["MILVUS_NB_PROFILES"]).read_text(encoding="utf-8")


def connect(kernel: Kernel, server: MilvusTestServer, alias: str = "prod") -> None:
    line = f"%milvus connect {server.address} --user root --ask -a {alias}"
    kernel.run(line, answers=(PASSWORD,))


def test_save_in_one_notebook_connect_by_name_in_another(
    one: Kernel,
    make_kernel: Callable[..., Kernel],
    shared: dict[str, str],
    milvus_auth: MilvusTestServer,
) -> None:
    """The secret goes from one to the other by the keyring, and stands nowhere else."""
    connect(one, milvus_auth)
    saved = one.run("%milvus profile save prod --secret keyring --label Production --color red")
    assert "its secret is kept in the keyring" in saved.text
    text = profiles_text(shared)
    assert 'secret = "keyring"' in text
    assert PASSWORD not in text
    other = make_kernel(**shared)
    other.run(LOAD)
    assert "connected" in other.run("%milvus connect prod").text
    assert "Production" in other.run("%milvus status").text
    assert "prod" in other.run("%milvus profile list").text
    assert other.run("c = %milvus client prod\nprint(c.list_databases())").stdout.strip()
    # Renamed, changed and deleted there, it is so here; the connection follows.
    other.run("%milvus profile edit prod db_name=default label= --rename live")
    assert "Production" not in other.run("%milvus status").text
    code = "from milvus_nb import connections\nconnections['prod'].params.guard.profile"
    assert "live" in other.run(code).text
    wait_until(lambda: "live" in one.run("%milvus profile list").text)
    assert "Production" not in profiles_text(shared)
    told = one.run("%milvus profile delete live").text
    assert "was taken out of the keyring" in told
    assert "no profile live" in other.execute("%milvus connect --profile live").text


def test_a_secret_that_is_asked_for_or_in_a_variable(
    make_kernel: Callable[..., Kernel], shared: dict[str, str], milvus_auth: MilvusTestServer
) -> None:
    """By default it is asked for; what came from a variable comes from it again."""
    kernel = make_kernel(**shared, MILVUS_PW=PASSWORD)
    kernel.run(LOAD)
    connect(kernel, milvus_auth)
    assert "asked for" in kernel.run("%milvus profile save prod").text
    kernel.run(
        f"%milvus connect {milvus_auth.address} --user root --password-env MILVUS_PW -a env\n"
        "%milvus profile save env"
    )
    assert 'secret = "env:MILVUS_PW"' in profiles_text(shared)
    kernel.run("%milvus disconnect --all")
    assert "connected" in kernel.run("%milvus connect env").text
    assert "connected" in kernel.run("%milvus connect prod", answers=(PASSWORD,)).text
    refused = kernel.execute("%milvus connect prod -a other", answers=("wrong",))
    assert "Wrong password for user root" in refused.text
    nobody = kernel.execute("%milvus connect prod -a other")  # nobody can type
    assert "No password or token was read" in nobody.text


def test_options_override_and_the_address_stays(
    one: Kernel, shared: dict[str, str], milvus_auth: MilvusTestServer
) -> None:
    """Alias, database, timeout; another address would get the secret."""
    Path(shared["MILVUS_NB_PROFILES"]).write_text(
        f'[profiles.prod]\naddress = "{milvus_auth.address}"\nuser = "root"\nsecret = "ask"\n'
    )
    one.run("%milvus connect prod -a mine --timeout 9", answers=(PASSWORD,))
    assert "mine" in one.run("%milvus status").text
    assert (
        "9" in one.run("from milvus_nb import connections\nconnections['mine'].params.timeout").text
    )
    for line in ("--profile prod --uri other", "other --profile prod", "--profile prod -h other"):
        assert "has an address" in one.execute(f"%milvus connect {line}").text
    assert (
        "no database"
        in one.execute("%milvus connect prod -a x --db nope", answers=(PASSWORD,)).text.lower()
    )


def test_python_connects_by_name_too(
    one: Kernel, shared: dict[str, str], milvus: MilvusTestServer
) -> None:
    """`connections.connect_profile`, and the profiles themselves."""
    Path(shared["MILVUS_NB_PROFILES"]).write_text(f'[profiles.dev]\naddress = "{milvus.address}"\n')
    one.run("from milvus_nb import connections")
    assert "connected" in one.run("connections.connect_profile('dev')").text
    assert "x" in one.run("connections.connect_profile('dev', 'x').alias").text
    assert "dev" in one.run("list(connections.profiles)").text
    assert "There is no profile dve" in one.execute("connections.connect_profile('dve')").text


def test_the_default_profile(one: Kernel, shared: dict[str, str], milvus: MilvusTestServer) -> None:
    """`%milvus connect` alone means it; with an address or a sign-in it is not meant."""
    Path(shared["MILVUS_NB_PROFILES"]).write_text(
        f'[profiles.dev]\naddress = "{milvus.address}"\ndefault = true\n'
    )
    assert "dev: connected" in one.run("%milvus connect").text
    assert "default: connected" in one.run(f"%milvus connect {milvus.address}").text


def test_confirm_asks_once(one: Kernel, shared: dict[str, str], milvus: MilvusTestServer) -> None:
    """Before connecting and before disconnecting; --yes says it beforehand."""
    Path(shared["MILVUS_NB_PROFILES"]).write_text(
        f'[profiles.prod]\naddress = "{milvus.address}"\nlabel = "Production"\nconfirm = true\n'
    )
    assert "not confirmed" in one.execute("%milvus connect prod", answers=("n",)).text
    assert "add --yes" in one.execute("%milvus connect prod").text
    assert sockets_to(milvus.port, one.pid) == []
    assert "connected" in one.run("%milvus connect prod", answers=("y",)).text
    assert "connected" in one.run("%milvus connect prod").text  # it is already
    assert "not confirmed" in one.execute("%milvus disconnect", answers=("",)).text
    assert len(sockets_to(milvus.port, one.pid)) == 1
    one.run("%milvus disconnect prod", answers=("yes",))
    assert sockets_to(milvus.port, one.pid) == []
    one.run("%milvus connect prod --yes\n%milvus disconnect --all --yes")


def test_a_profiles_name_goes_before_a_host(
    one: Kernel, shared: dict[str, str], milvus: MilvusTestServer
) -> None:
    """And a project's before the user's, which is said."""
    Path(shared["MILVUS_NB_PROFILES"]).write_text('[profiles.localhost]\naddress = "127.0.0.1:1"\n')
    (one.folder / "milvus.toml").write_text(f'[profiles.localhost]\naddress = "{milvus.address}"\n')
    shown = one.run("%milvus connect localhost", answers=("y",)).text
    assert "is the project's" in shown
    assert "localhost: connected" in shown


def test_a_broken_file_never_blocks_connecting_by_hand(
    one: Kernel, shared: dict[str, str], milvus: MilvusTestServer
) -> None:
    """It is said where somebody asks."""
    Path(shared["MILVUS_NB_PROFILES"]).write_text("[profiles.prod\n")
    assert "connected" in one.run(f"%milvus connect {milvus.address}").text
    assert "line 1: this is not TOML" in one.run("%milvus profile list").text
    assert "line 1: this is not TOML" in one.execute("%milvus profile show prod").text


def test_a_clear_secret_is_moved_to_the_keyring(
    one: Kernel, shared: dict[str, str], milvus_auth: MilvusTestServer
) -> None:
    """The command that the refusal names does it."""
    path = Path(shared["MILVUS_NB_PROFILES"])
    for text in (
        f'address = "{milvus_auth.address}"\nuser = "root"\npassword = "Milvus" # sorry\n',
        f'address = "{milvus_auth.address}"\ntoken = "root:Milvus"\n',
        f'address = "http://root:Milvus@{milvus_auth.address}"\n',
        f'address = "{milvus_auth.address}"\nuser = "root"\nsecret = "Milvus"\n',
    ):
        path.write_text(f"# mine\n[profiles.prod]\n{text}")
        refused = one.execute("%milvus connect prod").text
        line = re.search(r"%milvus profile secret \w+", refused)
        assert line, refused
        assert "is in the keyring now" in one.run(line[0].replace("NAME", "prod")).text
        assert "Milvus" not in path.read_text()
        assert path.read_text().startswith("# mine")
        assert "connected" in one.run("%milvus connect prod").text
        one.run("%milvus disconnect --all")


def test_import(one: Kernel, shared: dict[str, str], milvus_auth: MilvusTestServer) -> None:
    """The Milvus CLI's connections, a pasted line; tokens go to the keyring."""
    Path(shared["HOME"], ".milvus_cli_connections.json").write_text(
        json.dumps(
            {
                "cli": {"uri": milvus_auth.uri, "token": "root:Milvus", "tlsmode": 0, "cert": None},
                "http://h:1": {"uri": "http://h:1", "token": None, "tlsmode": 0, "cert": None},
                "broken": {"uri": "ftp://x"},
            }
        )
    )
    shown = one.run("%milvus profile import cli").text
    assert "Saved cli" in shown
    assert "Saved h" in shown
    assert "Left out" in shown
    pasted = f"MilvusClient('{milvus_auth.uri}', token='root:Milvus')"
    one.run(f"%milvus profile import {pasted}")
    assert "Milvus" not in re.sub(r"Milvus (CLI|profiles)|milvus", "", profiles_text(shared))
    assert "cli: connected" in one.run("%milvus connect cli").text
    assert "Left out cli" in one.run("%milvus profile import cli").text  # there is one


@pytest.mark.parametrize(
    "line",
    [
        "--name named MilvusClient('{}')",
        "MilvusClient('{}') --name named",
        "--name=named curl {}/v1/vector/collections",
        "curl {}/v1/vector/collections --name named",
        "{} --name named",
    ],
)
def test_a_pasted_line_is_imported_under_another_name(
    one: Kernel, shared: dict[str, str], milvus: MilvusTestServer, line: str
) -> None:
    """The options stand before what was pasted or behind it, as the advice has them."""
    pasted = line.format(milvus.uri)
    assert "Saved named" in one.run(f"%milvus profile import {pasted}").text
    again = one.run(f"%milvus profile import {pasted}").text
    assert "Left out named" in again
    assert "--replace" in again
    for replacing in (f"--replace {pasted}", f"{pasted} --replace"):
        assert "Saved named" in one.run(f"%milvus profile import {replacing}").text
    assert "[profiles.named]" in profiles_text(shared)
    one.run("%milvus profile delete named")


def test_import_of_the_environment(
    make_kernel: Callable[..., Kernel], shared: dict[str, str], milvus_auth: MilvusTestServer
) -> None:
    """The token stays in its variable."""
    kernel = make_kernel(**shared, MILVUS_URI=milvus_auth.uri, MILVUS_TOKEN="root:Milvus")
    kernel.run(LOAD)
    assert "read from MILVUS_TOKEN" in kernel.run("%milvus profile import env --name here").text
    assert "here: connected" in kernel.run("%milvus connect here").text


def test_test_examines_and_connects_nothing(
    one: Kernel, shared: dict[str, str], milvus: MilvusTestServer
) -> None:
    """As the doctor."""
    Path(shared["MILVUS_NB_PROFILES"]).write_text(f'[profiles.dev]\naddress = "{milvus.address}"\n')
    assert "Nothing stands in the way" in one.run("%milvus profile test dev").text
    assert sockets_to(milvus.port, one.pid) == []


def test_completion_knows_profiles(one: Kernel, shared: dict[str, str]) -> None:
    """Everywhere where a name can stand."""
    Path(shared["MILVUS_NB_PROFILES"]).write_text('[profiles.production]\naddress = "h"\n')
    for line in (
        "%milvus connect pro", "%milvus connect --profile pro", "%milvus profile show pro",
        "%milvus profile edit pro", "%milvus profile delete pro", "%milvus profile test pro",
        "%milvus profile secret pro",
    ):  # fmt: skip
        assert one.complete(line) == ["production"], line
    assert "save" in one.complete("%milvus profile ")
    assert "--label" in one.complete("%milvus profile save --la")
    assert "db_name=" in one.complete("%milvus profile edit production db")


def test_autoconnect_in_the_background(
    make_kernel: Callable[..., Kernel], shared: dict[str, str], milvus: MilvusTestServer
) -> None:
    """`%load_ext` does not wait; a failure is a warning; a project's file may not ask for it."""
    Path(shared["MILVUS_NB_PROFILES"]).write_text(
        f'[profiles.dev]\naddress = "{milvus.address}"\nautoconnect = true\n'
        '[profiles.down]\naddress = "127.0.0.1:1"\nautoconnect = true\n'
    )
    kernel = make_kernel(**shared)
    (kernel.folder / "milvus.toml").write_text(
        f'[profiles.theirs]\naddress = "{milvus.address}"\nautoconnect = true\n'
    )
    loaded = kernel.run(
        f"import threading\n{LOAD}\n"
        "for thread in threading.enumerate():\n"
        "    if thread.name == 'milvus-nb-autoconnect': thread.join()"
    )
    assert "Could not connect down" in loaded.text + loaded.stderr
    status = kernel.run("%milvus status").text
    assert "dev (current)" in status
    assert "theirs" not in status


def test_autoconnect_takes_the_current_place_of_nobody(
    ip: InteractiveShell,
    shared: dict[str, str],
    milvus: MilvusTestServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What the user connects meanwhile stays current; of several, the default comes first."""
    monkeypatch.setenv("MILVUS_NB_PROFILES", shared["MILVUS_NB_PROFILES"])
    auto = f'address = "{milvus.address}"\nautoconnect = true\n'
    text = f"[profiles.one]\n{auto}[profiles.two]\n{auto}[profiles.best]\n{auto}default = true\n"
    Path(shared["MILVUS_NB_PROFILES"]).write_text(text)
    ip.run_line_magic("load_ext", "milvus_nb")
    registry = ip.magics_manager.registry["MilvusMagics"].registry
    wait_until(lambda: len(registry) == 3 and registry.current is not None)
    assert registry.current.alias == "best"
    registry.disconnect_all()
    ip.run_line_magic("milvus", f"connect {milvus.address} -a mine")
    autoconnect.begin(ip.magics_manager.registry["MilvusMagics"].context)
    wait_until(lambda: len(registry) == 4)
    wait_until(lambda: threads("milvus-nb-autoconnect") == [])
    assert registry.current.alias == "mine"


def test_autoconnect_beside_an_unload(
    ip: InteractiveShell,
    shared: dict[str, str],
    milvus: MilvusTestServer,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Unloaded, whatever had begun by then is ended, without a word, and nothing begins."""
    monkeypatch.setenv("MILVUS_NB_PROFILES", shared["MILVUS_NB_PROFILES"])
    auto = f'address = "{milvus.address}"\nautoconnect = true\n'
    Path(shared["MILVUS_NB_PROFILES"]).write_text(f"[profiles.one]\n{auto}")
    for _ in range(10):
        ip.run_line_magic("load_ext", "milvus_nb")
        ip.run_line_magic("unload_ext", "milvus_nb")
        wait_until(lambda: threads("milvus-nb-autoconnect") == [])
        assert threads("milvus-nb") == []
    assert "one" not in process_registry().aliases()
    assert capsys.readouterr().err == ""

    def no_more(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", no_more)
    ip.run_line_magic("load_ext", "milvus_nb")
    assert "Python says: can't start new thread." in capsys.readouterr().err


def test_reconnect_after_a_restart(
    make_kernel: Callable[..., Kernel], shared: dict[str, str], milvus_auth: MilvusTestServer
) -> None:
    """All of them, with their secrets from where they come; one password is typed once."""
    kernel = make_kernel(**shared, MILVUS_PW=PASSWORD)
    kernel.run(LOAD)
    connect(kernel, milvus_auth)
    kernel.run("%milvus profile save prod --secret keyring")
    connect(kernel, milvus_auth, "typed")
    connect(kernel, milvus_auth, "again")
    kernel.run(
        f"%milvus connect {milvus_auth.address} --user root --password-env MILVUS_PW -a env\n"
        "%milvus connect ./x.db -a lite\n%milvus connect ./y.db -a gone\n%milvus disconnect gone"
    )
    file = kernel.folder / "milvus_nb-kernel.json"

    def is_written() -> bool:
        text = file.read_text() if file.exists() else ""
        return "gone" not in text and all(
            f'"{a}"' in text for a in ("prod", "typed", "env", "lite")
        )

    wait_until(is_written)
    assert PASSWORD not in file.read_text().replace("milvus", "")
    assert file.stat().st_mode & 0o777 == 0o600
    kernel.restart()
    kernel.run(LOAD)
    assert "Before the restart: prod, typed, again, env, lite. %milvus reconnect" in kernel.run(
        "%milvus"
    ).text.replace("\n", " ")
    assert kernel.complete("%milvus reconnect ty") == ["typed"]
    shown = kernel.run("%milvus reconnect", answers=(PASSWORD,)).text
    assert shown.count("is connected again") == 5
    status = kernel.run("%milvus status").text
    assert [name for name in ("prod", "typed", "env", "lite") if name in status] == [
        "prod", "typed", "env", "lite",
    ]  # fmt: skip
    assert "Nothing waits" in kernel.run("%milvus reconnect").text


def test_unloading_forgets(one: Kernel, milvus: MilvusTestServer) -> None:
    """Then there is nothing to bring back."""
    file = one.folder / "milvus_nb-kernel.json"
    one.run(f"%milvus connect {milvus.address}")
    wait_until(file.exists)
    one.run("%unload_ext milvus_nb")
    wait_until(lambda: not file.exists())


def leaks(folder: Path, secret: str, but: str) -> list[str]:
    return [
        str(path)
        for path in folder.rglob("*")
        if path.is_file() and but not in str(path) and secret.encode() in path.read_bytes()
    ]


def test_a_secret_is_in_the_keyring_and_nowhere_else(
    one: Kernel, shared: dict[str, str], milvus_auth: MilvusTestServer
) -> None:
    """Files, outputs, IPython's history, the process's arguments and environment."""
    import pymilvus

    secret = "Zebra7quagga"
    root = pymilvus.MilvusClient(milvus_auth.uri, token="root:Milvus", dedicated=True)
    root.create_user("carol", secret)
    try:
        outputs: list[Any] = []
        line = f"%milvus connect {milvus_auth.address} --user carol --ask -a prod"
        outputs.append(one.run(line, answers=(secret,)))
        outputs += [
            one.run(code)
            for code in (
                "%milvus profile save prod --secret keyring", "%milvus disconnect prod",
                "%milvus connect prod", "%milvus profile show prod", "%milvus profile list",
                "%milvus profile test prod", "%milvus status prod", "%milvus code prod",
            )
        ]  # fmt: skip
        outputs.append(one.run("%milvus profile secret prod", answers=(secret,)))
        outputs.append(one.execute("%milvus profile edit prod password=Zebra7quagga"))
        assert secret not in json.dumps(
            [message for output in outputs[:-1] for message in output.messages], default=str
        )
        assert secret not in outputs[-1].text
        for name in ("cmdline", "environ"):
            assert secret.encode() not in Path(f"/proc/{one.pid}/{name}").read_bytes()
        found = leaks(Path(shared["HOME"]), secret, "python_keyring")
        found += leaks(one.folder, secret, "history.sqlite")  # it was typed into a cell there
        assert found == []
    finally:
        root.drop_user("carol")
        root.close()
