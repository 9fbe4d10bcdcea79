"""The magic in a real IPython: in this process, in a kernel, in a terminal."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from milvus_nb import Connection, MilvusNbError
from milvus_nb.code.arguments import split
from milvus_nb.code.usage import PARSERS
from milvus_nb.errors import AliasError, MagicUsageError
from tests.support.helpers import free_port, sockets_to, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from IPython.core.interactiveshell import InteractiveShell

    from tests.support.kernels import Kernel, Terminal
    from tests.support.servers import MilvusTestServer


@pytest.fixture
def milvus_magic(ip: InteractiveShell) -> Callable[[str], object]:
    """Run a line of %milvus in a shell that has the extension."""
    ip.run_line_magic("load_ext", "milvus_nb")
    return lambda line: ip.run_line_magic("milvus", line)


Magic = "Callable[[str], object]"


def test_loading_imports_nothing_heavy(tmp_path: Path) -> None:
    """No large package comes with the extension, and of ours only what has to be there."""
    code = (
        "import sys\n"
        "from IPython.core.interactiveshell import InteractiveShell\n"
        "ip = InteractiveShell.instance()\n"
        "before = set(sys.modules)\n"
        "ip.run_line_magic('load_ext', 'milvus_nb')\n"
        "late = {'code.usage', 'params.parsing', 'protocol'}\n"
        "late = {f'milvus_nb.{name}' for name in late} | {'difflib', 'typing_extensions'}\n"
        "assert not late & (set(sys.modules) - before), late & set(sys.modules)\n"
        "ip.run_line_magic('milvus', 'help')\n"
        "new = {name.partition('.')[0] for name in set(sys.modules) - before}\n"
        "assert not new & {'pymilvus', 'grpc', 'ipywidgets', 'anywidget', 'google'}, new\n"
    )
    environment = {**os.environ, "IPYTHONDIR": str(tmp_path)}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)


def test_what_connecting_needs_is_imported_after_the_cell_that_loads(
    kernel: Kernel, milvus: MilvusTestServer
) -> None:
    """While its user reads and types; pymilvus, which not everybody needs, is not."""
    there = "print([name for name in ('grpc', 'pymilvus') if name in sys.modules])"
    assert kernel.run(f"import sys, threading\n%load_ext milvus_nb\n{there}").stdout == "[]\n"
    wait_until(lambda: kernel.run(there).stdout == "['grpc']\n")
    threads = "print('milvus-nb-imports' in [thread.name for thread in threading.enumerate()])"
    wait_until(lambda: kernel.run(threads).stdout == "False\n")
    kernel.run("before = set(sys.modules)")
    assert kernel.run(f"%milvus connect localhost:{milvus.port} --timeout 60").error is None
    kernel.run("new = {name.partition('.')[0] for name in set(sys.modules) - before}")
    ours = "print(sorted(new & {'encodings', 'grpc', 'google', 'milvus_nb'}))"
    assert kernel.run(ours).stdout == "[]\n"


def test_connect_status_use_ping_client_disconnect(
    milvus_magic: Callable[[str], object],
    milvus: MilvusTestServer,
    milvus_auth: MilvusTestServer,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The whole path of a user."""
    found = milvus_magic(f"connect {milvus.address}")
    assert isinstance(found, Connection)
    milvus_magic(f"connect {milvus_auth.address} -a prod --user root --password Milvus")
    status = repr(milvus_magic(""))
    assert f"prod (current)  {milvus_auth.address}" in status.replace("   ", "  ")
    assert "connected for" in status
    assert "v2.3" in status
    assert "ms" in status
    milvus_magic("use default")
    assert "median" in repr(milvus_magic("ping"))
    client = milvus_magic("client prod")
    assert client.list_collections() == []  # type: ignore[attr-defined]  # a MilvusClient
    capsys.readouterr()
    milvus_magic("disconnect --all")
    assert capsys.readouterr().out == "Disconnected default, prod.\n"
    assert "Nothing is connected" in repr(milvus_magic("status"))
    assert sockets_to(milvus.port) == sockets_to(milvus_auth.port) == []


@pytest.mark.parametrize(
    "line",
    [
        "connect -h localhost -p {port} -a default",
        "connect -uri http://localhost:{port}",
        "connect -uri http://localhost:{port} -t root:Milvus -tls 0 -a default",
        "connect localhost:{port}",
        "connect http://localhost:{port}/default",
        "connect --host localhost --port {port} --alias default",
    ],
)
def test_the_milvus_clis_spellings_connect_and_disconnect(
    milvus_magic: Callable[[str], object], milvus: MilvusTestServer, line: str
) -> None:
    """Whoever knows the Milvus CLI types what they know."""
    found = milvus_magic(line.format(port=milvus.port))
    assert isinstance(found, Connection)
    assert found.alias == "default"
    milvus_magic("connect -D")
    assert found.state == "disconnected"


@pytest.mark.parametrize(
    ("line", "texts"),
    [
        ("conect", ["'conect'", "Did you mean %milvus connect?"]),
        ("connect --pasword s3cret-value", ["no option --pasword", "Did you mean --password?"]),
        ("connect --password", ["expected one argument"]),
        ("connect a b c-value", ["too many"]),
        ("connect localhost:99999", ["99999", "65535"]),
        ("connect ws://localhost", ["ws"]),
        ("connect --timeout soon", ["--timeout 'soon'"]),
        ("connect --token $nothing", ["$nothing has no value"]),
        ("connect --token-env NO_SUCH_VAR", ["NO_SUCH_VAR is not set"]),
        ("connect --token-env PATH --ask", ["--ask was given together"]),  # and nothing is asked
        ("connect --host 'localhost", ["quote"]),
        ("connect --ca-pem-path /nowhere/ca.pem", ["/nowhere/ca.pem"]),
        ("disconnect prod", ["no connection prod"]),
        ("disconnect", ["There is no connection"]),
        ("use prod", ["no connection prod"]),
        ("use", ["required: ALIAS"]),
        ("ping --count 0", ["--count"]),
        ("client prod", ["no connection prod"]),
        ("status prod", ["no connection prod"]),
        ("help conect", ["Did you mean connect?"]),
    ],
)
def test_bad_lines_get_a_short_clear_error(
    milvus_magic: Callable[[str], object], line: str, texts: list[str]
) -> None:
    """What happened, why, what to do; no traceback; no value of an unknown option."""
    with pytest.raises(MilvusNbError) as failure:
        milvus_magic(line)
    shown = failure.value._render_traceback_()
    assert 1 <= len(shown) <= 3
    for text in texts:
        assert text in "\n".join(shown)
    assert "s3cret-value" not in "\n".join(shown)


def test_a_near_miss_of_an_alias_is_named(
    milvus_magic: Callable[[str], object], milvus: MilvusTestServer
) -> None:
    """Did you mean."""
    milvus_magic(f"connect {milvus.address} -a production")
    with pytest.raises(AliasError, match="Did you mean production"):
        milvus_magic("disconnect prodction")
    assert "production" in repr(milvus_magic("status"))


def test_python_values_are_put_in_whole(ip: InteractiveShell) -> None:
    """A value with blanks, quotes and backslashes stays one word, and is known to be a value."""
    names = {"pw": "a b'\"\\ {x} $y", "env": {"K": "v w"}}
    words = split("--password $pw --token {env['K']} --db a$$b 'two words'", names)
    assert [word.text for word in words] == [
        "--password", names["pw"], "--token", "v w", "--db", "a$b", "two words",
    ]  # fmt: skip
    assert [word.typed for word in words][1::2] == ["$pw", "{env['K']}", "a$$b"]


def test_a_secret_in_clear_is_warned_of_and_a_value_is_not(
    ip: InteractiveShell,
    milvus_magic: Callable[[str], object],
    milvus_auth: MilvusTestServer,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One line that names the better way."""
    monkeypatch.setenv("MY_TOKEN", "root:Milvus")
    ip.user_ns["tok"] = "root:Milvus"
    for line, warned in (
        ("--token root:Milvus", True),
        ("--token=root:Milvus", True),
        ("--user root --password Milvus", True),
        ("--token $tok", False),
        ("--token-env MY_TOKEN", False),
    ):
        milvus_magic(f"connect {milvus_auth.address} --replace {line}")
        printed = capsys.readouterr().out
        assert ("IPython's history" in printed) is warned, line
        assert "root:Milvus" not in printed


def test_ask_reads_the_secret_unseen(shared_kernel: Kernel, milvus_auth: MilvusTestServer) -> None:
    """The kernel asks with password=True; the answer is in no output."""
    shared_kernel.run("%load_ext milvus_nb")
    asked = shared_kernel.run(
        f"%milvus connect {milvus_auth.address} --user root --ask", answers=("Milvus",)
    )
    assert asked.result is not None
    assert "connected" in asked.result["text/plain"]
    refused = shared_kernel.execute(f"%milvus connect {milvus_auth.address} -a b --ask")
    assert "No password or token was read" in refused.traceback


def test_a_failure_stops_the_cell_with_three_lines(shared_kernel: Kernel) -> None:
    """Run All stops; nothing of a traceback is shown."""
    port = free_port()
    shared_kernel.run("%load_ext milvus_nb")
    failed = shared_kernel.execute(f"%milvus connect localhost:{port} -a prod\nprint('went on')")
    assert failed.error is not None
    assert failed.error["ename"] == "ConnectError"
    lines = failed.traceback.splitlines()
    assert len(lines) == 3
    assert lines[0] == f"Could not connect prod (localhost:{port})."
    assert "refused" in lines[1]
    assert "19530" in lines[2] or "container" in lines[2]
    assert "went on" not in failed.stdout


def test_the_python_api_fails_as_shortly(shared_kernel: Kernel) -> None:
    """connections.connect in a cell shows the same three lines."""
    failed = shared_kernel.execute(
        f"from milvus_nb import connections\nconnections.connect(port={free_port()})"
    )
    assert len(failed.traceback.splitlines()) == 3


def test_ctrl_c_cancels_a_connect_at_once_and_leaves_nothing(
    kernel: Kernel, silent_port: int
) -> None:
    """A peer that accepts and never answers; the interrupt is what ends it."""
    kernel.run("%load_ext milvus_nb\nimport time")
    kernel.run("%milvus status")
    cell = kernel.submit(f"%milvus connect localhost:{silent_port} --timeout 60")
    wait_until(lambda: sockets_to(silent_port, kernel.pid))
    interrupted = time.monotonic()
    kernel.interrupt()
    execution = kernel.finish(cell)
    took = time.monotonic() - interrupted
    assert execution.traceback == "Cancelled: %milvus connect."
    assert took < 30, took  # 0.1 s where nothing else runs; not the 60 s of the connect
    assert sockets_to(silent_port, kernel.pid) == []
    assert "Nothing is connected" in kernel.run("%milvus status").text


def test_html_escapes_what_the_user_and_the_server_say(
    milvus_magic: Callable[[str], object], milvus: MilvusTestServer
) -> None:
    """An alias is data."""
    milvus_magic(f"connect {milvus.address} -a '<img src=x onerror=alert(1)>'")
    table = milvus_magic("status")
    assert "<img" not in table._repr_html_()  # type: ignore[attr-defined]  # a StatusTable
    assert "&lt;img" in table._repr_html_()  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("connect localhost -ask", "no option -ask.\nDid you mean --ask?"),
        ("connect localhost -u root", "no option -u.\nDid you mean --user?"),
        ("connect localhost -alias a", "no option -alias.\nDid you mean --alias?"),
        ("connect localhost --username a", "no option --username.\nDid you mean --user?"),
        ("connect localhost --db_name a", "no option --db_name.\nDid you mean --db?"),
        (
            "connect localhost 19530",
            "a word too many.\nA port stands behind a colon.\nDid you mean HOST:19530?",
        ),
        ("connect localhost token=x", "Did you mean --token VALUE?"),
        ("list", "Did you mean %milvus status?"),
    ],
)
def test_what_is_typed_from_other_tools_is_understood(
    milvus_magic: Callable[[str], object], line: str, told: str
) -> None:
    """Nothing is connected under an alias "sk"; the error names what was meant."""
    with pytest.raises(MagicUsageError) as failure:
        milvus_magic(line)
    assert told in str(failure.value)


def test_a_semicolon_silences_the_value(shared_kernel: Kernel, milvus: MilvusTestServer) -> None:
    """As behind any expression; it is no part of the alias, but of a quoted password."""
    shared_kernel.run("%load_ext milvus_nb")
    assert shared_kernel.run(f"%milvus connect {milvus.address} -a prod;").result is None
    assert "prod (current)" in shared_kernel.run("%milvus status").text
    refused = shared_kernel.execute(
        "%milvus connect nowhere.invalid --user a --password 'x;' --ask;"
    )
    assert "--ask was given together with a password" in refused.text


def test_settings(
    ip: InteractiveShell,
    milvus_magic: Callable[[str], object],
    milvus: MilvusTestServer,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """%config shows each with its unit and sets it; a senseless value is refused."""
    ip.run_line_magic("config", "MilvusMagics")
    shown = capsys.readouterr().out
    for text in ("timeout", "in seconds", "heartbeat", "max_rows", "in rows", "warn_secrets"):
        assert text in shown
    ip.run_line_magic("config", "MilvusMagics.max_rows = 1")
    milvus_magic(f"connect {milvus.address}")
    milvus_magic(f"connect {milvus.address} -a b")
    assert "… and 1 more" in repr(milvus_magic("status"))
    ip.run_line_magic("config", "MilvusMagics.heartbeat = 0.2")
    found = ip.run_line_magic("milvus", f"connect {milvus.address}")
    first = found.checked_at
    wait_until(lambda: found.checked_at > first)
    with pytest.raises(MagicUsageError, match="above 0"):
        ip.magics_manager.registry["MilvusMagics"].timeout = 0


def test_help(milvus_magic: Callable[[str], object], capsys: pytest.CaptureFixture[str]) -> None:
    """Every command has help, with examples where they help."""
    milvus_magic("help")
    listed = capsys.readouterr().out
    for name in PARSERS:
        assert f"%milvus {name}" in listed
        milvus_magic(f"{name} --help")
        assert f"usage: %milvus {name}" in capsys.readouterr().out
    milvus_magic("connect -h")
    assert "%milvus connect ./demo.db" in capsys.readouterr().out


def test_unload_and_reload_leave_nothing_behind(
    kernel: Kernel, milvus: MilvusTestServer, milvus_auth: MilvusTestServer, lite_path: Path
) -> None:
    """Threads, sockets, descriptors, matchers, settings and comms are back to the start."""
    look = (
        "import gc, json, threading, psutil\n"
        "from ipykernel.comm.comm import BaseComm\n"
        "import comm\n"
        "gc.collect()\n"
        "ip = get_ipython()\n"
        "print(json.dumps({'threads': sorted(t.name for t in threading.enumerate()),\n"
        " 'fds': psutil.Process().num_fds(), 'matchers': len(ip.Completer.custom_matchers),\n"
        " 'settings': [type(c).__name__ for c in ip.configurables].count('MilvusMagics'),\n"
        " 'magic': 'milvus' in ip.magics_manager.magics['line'],\n"
        " 'comms': len(comm.get_comm_manager().comms)}))\n"
    )
    use = (
        f"%milvus connect {milvus.address}\n"
        f"%milvus connect {milvus_auth.address} -a prod --token root:Milvus\n"
        f"%milvus connect {lite_path} -a lite\n"
        "panel = %milvus panel\n"
        "clients = [get_ipython().run_line_magic('milvus', f'client {a}') for a in"
        " ('default', 'prod', 'lite')]\n"
        "assert all(client.list_collections() == [] for client in clients)\n"
    )

    def state() -> dict[str, object]:
        return dict(json.loads(kernel.run(look).stdout))

    # Once before, so that what libraries keep for the process (pymilvus, Lite) is there.
    kernel.run("%load_ext milvus_nb\n" + use + "%unload_ext milvus_nb\ndel clients, panel")
    before: dict[str, object] = {}

    def is_settled() -> bool:
        earlier = dict(before)
        before.clear()
        before.update(state())
        return before == earlier

    wait_until(is_settled, every_s=0.5)  # threads that end are still there for a moment
    kernel.run("%load_ext milvus_nb\n" + use)
    during = state()
    assert during["magic"]
    assert during["comms"] != before["comms"]
    assert "milvus-nb-monitor" in during["threads"]  # type: ignore[operator]
    kernel.run("del clients, panel\n%reload_ext milvus_nb")
    assert sockets_to(milvus.port, kernel.pid) == sockets_to(milvus_auth.port, kernel.pid) == []
    kernel.run(use + "del clients, panel\n%unload_ext milvus_nb")
    assert sockets_to(milvus.port, kernel.pid) == sockets_to(milvus_auth.port, kernel.pid) == []
    last: dict[str, object] = {}

    def is_back() -> bool:
        last.update(state())
        return last == before

    with contextlib.suppress(TimeoutError):  # the comparison below says what differs
        wait_until(is_back, every_s=0.2)
    assert last == before
    assert not last["magic"]


def test_plain_ipython_works_the_same_in_text(terminal: Terminal, milvus: MilvusTestServer) -> None:
    """Text instead of HTML, the same words."""
    terminal.execute("%load_ext milvus_nb")
    assert "connected" in terminal.execute(f"%milvus connect {milvus.address} -a prod")
    assert "prod (current)" in terminal.execute("%milvus")
    failed = terminal.execute(f"%milvus connect localhost:{free_port()}")
    assert "Connection refused" in failed
    assert "Traceback" not in failed
    assert "Disconnected prod." in terminal.execute("%milvus disconnect")


@pytest.mark.parametrize("line", ["--password $word", "--password {word}", "--password -swordfish"])
def test_a_password_that_begins_with_a_dash(ip: InteractiveShell, line: str) -> None:
    """It is a password, and is not shown as an unknown option."""
    ip.user_ns["word"] = "-swordfish"
    parsed = PARSERS["connect"].parse(split(f"h:1 --user root {line}", ip.user_ns))
    assert parsed.password == "-swordfish"
    ip.user_ns["word"] = "--ask"
    if "word}" in line or "$" in line:
        assert PARSERS["connect"].parse(split(f"h:1 {line}", ip.user_ns)).password == "--ask"


def test_a_value_that_looks_like_an_option_is_not_shown(ip: InteractiveShell) -> None:
    """What a variable holds may be a secret, wherever it stands."""
    ip.user_ns["word"] = "-swordfish"
    with pytest.raises(MagicUsageError) as refused:
        PARSERS["connect"].parse(split("h:1 $word", ip.user_ns))
    assert "swordfish" not in str(refused.value)
