"""What Tab offers after ``%milvus``, and that what it puts in is what the magic reads."""

from __future__ import annotations

import argparse
import os
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from IPython.core.completer import provisionalcompleter

from milvus_nb.code import usage
from milvus_nb.code.arguments import Parser, split
from milvus_nb.code.usage import PARSERS
from milvus_nb.magic import asked_names, matcher
from milvus_nb.magic.typed_words import written
from tests.support.helpers import wait_until
from tests.support.servers import HEALTHY, ScriptedMilvus

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import grpc
    from IPython.core.interactiveshell import InteractiveShell

    from tests.support.kernels import Kernel
    from tests.support.servers import MilvusTestServer


@pytest.fixture
def tab(
    ip: InteractiveShell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., list[str]]:
    """Press Tab in a shell that works in a folder of its own, and give what is offered."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    ip.run_line_magic("load_ext", "milvus_nb")

    def press(text: str, after: str = "") -> list[str]:
        line = f"%milvus {text}"
        with provisionalcompleter():
            found = list(ip.Completer.completions(line + after, len(line)))
        # IPython has something of its own for a word that we have nothing for.
        return [one.text for one in found if one._origin == "milvus_nb"]

    return press


@pytest.fixture
def magic(tab: object, ip: InteractiveShell) -> Callable[[str], object]:
    """Run a line of %milvus in that shell."""
    return lambda line: ip.run_line_magic("milvus", line)


def test_a_kernel_completes_commands_options_and_aliases(
    shared_kernel: Kernel, milvus: MilvusTestServer
) -> None:
    """Tab knows subcommands, options and aliases."""
    shared_kernel.run("%load_ext milvus_nb")
    shared_kernel.run(f"%milvus connect {milvus.address} -a production")
    shared_kernel.run(f"%milvus connect {milvus.address} -a pre-production")
    assert shared_kernel.complete("%milvus dis") == ["disconnect"]
    assert set(shared_kernel.complete("%milvus ")) >= set(PARSERS)
    assert set(shared_kernel.complete("%milvus disconnect p")) == {"production", "pre-production"}
    assert shared_kernel.complete("%milvus disconnect production pre-") == ["pre-production"]
    assert "--token-env" in shared_kernel.complete("%milvus connect --token")
    assert shared_kernel.complete("c = %milvus client prod") == ["production"]
    assert set(shared_kernel.complete("%milvus connect -a p")) == {"production", "pre-production"}
    # Where the server is slow, Tab says nothing the first time.
    wait_until(lambda: shared_kernel.complete("%milvus use production --db def") == ["default"])
    assert shared_kernel.complete("%milvus use production --db=def") == ["--db=default"]


def test_a_kernel_replaces_the_whole_word(shared_kernel: Kernel, milvus: MilvusTestServer) -> None:
    """With blanks, colons and quotes in it, too: the line that Tab makes works."""
    shared_kernel.run("import os; os.makedirs('our data/demo one.db'); os.makedirs('plain.db')")
    shared_kernel.run("%load_ext milvus_nb")
    shared_kernel.run(f"%milvus connect {milvus.address} -a 'team a, first one'")
    shared_kernel.run(f"%milvus connect {milvus.address} -a lab:first")

    def pressed(line: str) -> str:
        reply = shared_kernel.client.complete(line, reply=True, timeout=30)["content"]
        (match,) = reply["matches"]
        return str(line[: reply["cursor_start"]] + match + line[reply["cursor_end"] :])

    assert pressed("%milvus connect ./pl") == "%milvus connect ./plain.db"
    once = pressed("%milvus connect ./our")
    assert once == "%milvus connect './our data/"
    assert pressed(once) == "%milvus connect './our data/demo one.db'"
    assert pressed('%milvus connect "our da') == '%milvus connect "our data/'
    assert pressed("%milvus ping lab:f") == "%milvus ping lab:first"
    assert pressed("%milvus ping team") == "%milvus ping 'team a, first one'"
    line = pressed("%milvus ping 'team a, fi")
    assert line == "%milvus ping 'team a, first one'"
    shared_kernel.run(line)


@pytest.mark.usefixtures("patient")
def test_databases_of_the_line_s_connection(
    magic: Callable[[str], object],
    tab: Callable[..., list[str]],
    milvus: MilvusTestServer,
    milvus_auth: MilvusTestServer,
) -> None:
    """That of the named alias, or of the current one; nothing of where no connection goes."""
    client = magic(f"connect {milvus.address} -a plain").client  # type: ignore[attr-defined]
    magic(f"connect {milvus_auth.address} -a safe --token root:Milvus")
    client.create_database("zoo_2024")
    try:
        assert tab("use plain --db zo") == ["zoo_2024"]
        assert tab("use safe --db zo") == []
        assert tab("connect -a plain --db zo") == ["zoo_2024"]
        assert tab(f"connect {milvus.address} --db zo") == ["zoo_2024"]
        assert tab("connect -uri http://localhost:1 --db zo") == []
        assert tab("connect localhost:1 --db zo") == []
        assert tab("connect -h localhost -p 1 --db zo") == []
        assert tab("doctor plain --db zo") == ["zoo_2024"]
        assert tab("connect -a nobody --db zo") == []
    finally:
        client.drop_database("zoo_2024")


def test_a_slow_server_does_not_hold_the_keyboard(
    magic: Callable[[str], object], tab: Callable[..., list[str]]
) -> None:
    """After 0.3 s there is nothing to offer; what comes later is there for the next Tab."""
    release: list[bool] = []
    told: list[str] = []

    def late(context: grpc.ServicerContext) -> bytes:
        told.append("asked")
        while not release and context.is_active():
            time.sleep(0.01)
        told.append("answered")
        return b"\x12\x05later"

    with ScriptedMilvus({**HEALTHY}) as server:
        connection = magic(f"connect {server.address} -a slow")
        server.methods["ListDatabases"] = late
        assert tab("use slow --db la") == []
        assert "answered" not in told  # it did not wait until the question was given up
        assert tab("use slow --db la") == tab("use slow --db la") == []
        assert told.count("asked") <= 2 + told.count("answered")  # not one for each Tab
        release.append(True)
        wait_until(lambda: tab("use slow --db la") == ["later"])
        asked = len(server.calls)
        assert tab("use slow --db l") == ["later"]
        assert len([call for call in server.calls[asked:] if call.method == "ListDatabases"]) == 0
        connection.disconnect()  # type: ignore[attr-defined]  # a Connection


def test_lite_databases_and_addresses(
    magic: Callable[[str], object], tab: Callable[..., list[str]], milvus: MilvusTestServer
) -> None:
    """After connect and doctor: databases, folders on the way to one, addresses known before."""
    for path in ("demo.db", "sub/inner.db", ".hidden/x.db", "other.db"):
        os.makedirs(path)
    for path in ("notes.txt", "old.db", os.fsdecode(b"b\xff.db"), "a\nb.db"):  # two cannot be shown
        with open(path, "w", encoding="utf-8"):
            pass
    assert tab("connect ") == ["./demo.db", "./old.db", "./other.db", "./sub/"]
    assert tab("connect ./d") == ["./demo.db"]
    assert tab("connect dem") == ["demo.db"]
    assert tab("connect --secure ./s") == ["./sub/"]
    assert tab("connect ./sub/") == ["./sub/inner.db"]
    assert tab("connect ./.h") == ["./.hidden/"]
    assert tab("connect /no/such/folder/x") == []
    assert tab("doctor demo.db ./o") == ["./old.db", "./other.db"]
    assert tab("connect demo.db ./o") == []
    connection = magic(f"connect http://root:Milvus@{milvus.address} -a p")
    connection.disconnect()  # type: ignore[attr-defined]  # a Connection
    assert tab("connect loc") == [milvus.address]
    assert tab("connect -uri loc") == [milvus.address]
    assert milvus.address in tab("doctor ")
    assert "p" in tab("doctor ")


def test_files_where_an_option_takes_one(tab: Callable[..., list[str]]) -> None:
    """All files and folders, for any of them may be meant."""
    os.makedirs("certs")
    for path in ("certs/ca.pem", "certs/my key.pem", "client.crt"):
        with open(path, "w", encoding="utf-8"):
            pass
    options = ("--ca-pem-path", "--server-pem-path", "--client-pem-path", "--client-key-path")
    for option in (*options, "-cert"):
        assert tab(f"connect {option} c") == ["certs/", "client.crt"]
    assert tab("connect --ca-pem-path certs/") == ["'certs/my key.pem'", "certs/ca.pem"]
    assert tab("connect --ca-pem-path=certs/c") == ["--ca-pem-path=certs/ca.pem"]
    assert tab("connect x --ca-pem-path 'certs/m", "'") == ["'certs/my key.pem"]


def test_environment_variables(
    tab: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their names, never their values."""
    monkeypatch.setenv("MY_MILVUS_TOKEN", "s3cret")
    for option in ("--token-env", "--password-env"):
        assert tab(f"connect {option} MY_MI") == ["MY_MILVUS_TOKEN"]
    assert "s3cret" not in repr(tab("connect --token-env "))


def test_choices_and_languages(
    tab: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An option with few possible values offers these; --lang offers the languages."""
    assert tab("connect -tls ") == ["0", "1", "2"]
    parser = Parser("code", "")
    parser.add_argument("alias", nargs="?", metavar="ALIAS")
    parser.add_argument("--lang", metavar="LANGUAGE")
    monkeypatch.setitem(usage.PARSERS, "code", parser)
    assert {"python", "go", "curl"} <= set(tab("code --lang "))
    assert tab("code --lang py") == ["python"]


def test_what_others_opened(
    ip: InteractiveShell, magic: Callable[[str], object], tab: Callable[..., list[str]],
    milvus: MilvusTestServer,
) -> None:  # fmt: skip
    """A connection of pymilvus's own has a name, which completes where an alias does."""
    from pymilvus import MilvusClient

    magic(f"connect {milvus.address} -a mine")
    ip.user_ns["store"] = MilvusClient(f"http://{milvus.address}", dedicated=True)
    try:
        wait_until(lambda: tab("ping client:") == ["client:store"])
        assert tab("status c") == ["client:store"]
        assert tab("connect -a client:") == []
    finally:
        ip.user_ns.pop("store").close()


@pytest.mark.parametrize(
    ("text", "offered"),
    [
        ("use def", ["default"]),
        ("use default def", []),
        ("disconnect default def", []),
        ("connect --user def", []),
        ("connect --timeout ", []),
        ("connect localhost --alias de", ["default"]),
        ("connect --all", []),
        ("connect --repl", ["--replace"]),
        ("connect --replace --repl", []),
        ("help con", ["connect"]),
        ("conect def", []),
        ("panel ", ["--help"]),
        ("use default --d", ["--db"]),
        ("ping 'def", ["'default'"]),
        ("ping default\\", []),
        ("ping {x y} def", []),
        ("ping --count 3 def", ["default"]),
        ("ping --count=3 def", ["default"]),
        ("connect --nonsense=1 -a def", ["default"]),
        ("connect --nonsense=de", []),
    ],
)
def test_only_what_fits_is_offered(
    magic: Callable[[str], object],
    tab: Callable[..., list[str]],
    milvus: MilvusTestServer,
    text: str,
    offered: list[str],
) -> None:
    """A word's place in the line decides; where nothing fits, IPython has the word."""
    magic(f"connect {milvus.address}")
    assert tab(text) == offered


def test_nothing_goes_wrong_aloud(
    tab: Callable[..., list[str]],
    magic: Callable[[str], object],
    milvus: MilvusTestServer,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No error is shown for a Tab: not on odd lines, not where asking fails."""
    for text in (
        "'",
        '"',
        "connect '\"",
        "\\",
        "use a\\",
        "connect ~nobody/x",
        "connect \0",
        "$ {",
    ):
        tab(text)
    magic(f"connect {milvus.address}")

    def fail(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(asked_names, "wait_a_moment", fail)
    assert tab("use default --db ") == []
    assert capsys.readouterr() == ("", "")


def test_tab_alone_imports_nothing_heavy(kernel: Kernel) -> None:
    """Where nothing was connected, there is nothing to know, and Tab is quick."""
    # As a configuration file loads it: no cell says that this kernel is to connect.
    kernel.run("get_ipython().extension_manager.load_extension('milvus' + '_nb')")
    for line in ("ping ", "connect ./", "use a --db ", "connect -a "):
        kernel.complete(f"%milvus {line}")
    found = kernel.run(
        "import sys; print({'grpc', 'pymilvus', 'milvus_nb.registry.registry'} & {*sys.modules})"
    )
    assert found.stdout == "set()\n"


@given(
    # What cannot be seen is no part of a line.
    value=st.text(
        st.characters(
            codec="utf-8", exclude_categories=["Cf"], exclude_characters="\0\n\ue000\ue001"
        ),
        min_size=1,
    ),
    quote=st.sampled_from(["", "'", '"']),
)
@example("$0'", "")
@example("a{$b'$c}'", '"')
def test_what_is_put_in_is_read_back(value: str, quote: str) -> None:
    """Blanks, quotes, backslashes, dollars and braces come through as they are."""
    words = split(written(value, quote), {})
    assert [word.text for word in words] == [value]


def test_the_parsers_give_names_to_their_values() -> None:
    """Completion reads them: a value without a known name would not complete."""
    known = {"db", "lang"}
    for parser in PARSERS.values():
        for action in parser._actions:
            assert isinstance(action, argparse.Action)
            if action.dest in known:
                assert action.nargs is None
    assert matcher.is_ours(
        matcher.make(None)  # type: ignore[arg-type]  # not asked
    )
