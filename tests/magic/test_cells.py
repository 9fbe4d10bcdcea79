"""A pasted line behind ``%milvus connect``: it connects, and its secret leaves the cell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import nbclient
import nbformat
import pytest

from milvus_nb.magic.pasted_cell import is_pasted

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.kernels import Execution, Kernel, Terminal
    from tests.support.servers import MilvusTestServer


@pytest.fixture
def loaded(shared_kernel: Kernel) -> Kernel:
    """Give a kernel with the extension."""
    shared_kernel.run("%load_ext milvus_nb")
    return shared_kernel


def replaced(execution: Execution) -> str:
    """Give what the front end is told to put in place of the cell; nothing where it is not."""
    payloads: list[dict[str, Any]] = execution.reply.get("payload", [])
    found = [one["text"] for one in payloads if one["source"] == "set_next_input"]
    assert all(one["replace"] for one in payloads)
    return found[0] if found else ""


@pytest.mark.parametrize(
    "line",
    [
        'MilvusClient(uri="http://{address}", token="root:Milvus")',
        'client = MilvusClient("http://{address}", user="root", password="Milvus")',
        'connections.connect(host="{host}", port={port}, user="root", password="Milvus")',
        "connect -uri http://{address} -t root:Milvus",
        'curl --url http://{address}/v1/vector/collections -H "Authorization: Bearer root:Milvus"',
    ],
)
def test_a_pasted_line_connects_and_its_secret_leaves_the_cell(
    loaded: Kernel, milvus_auth: MilvusTestServer, line: str
) -> None:
    """The cell is rewritten to a line that asks for the password; the rest of it stays."""
    address = milvus_auth.address
    pasted = line.format(address=address, host="localhost", port=milvus_auth.port)
    told = loaded.run(f"before = 1\n%milvus connect {pasted}\nafter = 2", cell_id="cell-1")
    assert "The notebook was asked to put this in place of the secret" in told.stdout
    assert "taken out" not in told.stdout
    assert replaced(told) == (f"before = 1\n%milvus connect {address} --user root --ask\nafter = 2")
    assert "default (current)" in loaded.run("%milvus status").text


def test_a_pasted_cell_of_several_lines_connects(
    loaded: Kernel, milvus_auth: MilvusTestServer
) -> None:
    """``%%milvus connect`` above whatever was pasted, comments and all."""
    told = loaded.run(
        "%%milvus connect\n"
        "# from the documentation\n"
        "from pymilvus import connections\n"
        "connections.connect(\n"
        '  alias="prod",\n'
        f'  uri="http://{milvus_auth.address}",\n'
        '  token="root:Milvus",\n'
        ")\n"
        'connections.disconnect("prod")\n'
    )
    assert replaced(told) == f"%milvus connect {milvus_auth.address} --alias prod --user root --ask"
    assert "prod (current)" in loaded.run("%milvus status").text


@pytest.mark.parametrize(
    ("before", "behind"), [("-a mine ", ""), ("--alias=mine ", ""), ("", " -a mine --timeout 9")]
)
def test_an_alias_beside_a_pasted_line(
    loaded: Kernel, milvus_auth: MilvusTestServer, before: str, behind: str
) -> None:
    """Options of connect may stand before it, or behind a call; none is lost."""
    call = f'MilvusClient("{milvus_auth.uri}", token="root:Milvus")'
    told = loaded.run(f"%milvus connect {before}{call}{behind}")
    assert "--alias mine --user root" in replaced(told)
    assert "mine (current)" in loaded.run("%milvus status").text
    taken = loaded.run(f"%%milvus connect --replace -a mine\n{call}")
    assert "--alias mine" in replaced(taken)


def test_nothing_is_claimed_where_the_cell_stays_as_it_is(
    loaded: Kernel, milvus_auth: MilvusTestServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What runs a notebook by itself, and a console, keep the cell: so the output says."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    line = f'%milvus connect MilvusClient("http://{milvus_auth.address}", token="root:Milvus")'
    told = loaded.run(line)
    cells = [nbformat.v4.new_code_cell(one) for one in ("%load_ext milvus_nb", line)]
    notebook = nbformat.v4.new_notebook(cells=cells)
    nbclient.NotebookClient(notebook).execute()
    assert "root:Milvus" in notebook.cells[1].source
    for shown in (told.stdout, str(notebook.cells[1].outputs)):
        assert "A secret stands in this cell" in shown
        assert "was asked" not in shown
        assert "taken out" not in shown


def test_a_reference_to_the_environment_is_no_secret(
    loaded: Kernel, milvus_auth: MilvusTestServer
) -> None:
    """Such a line may stay as it is."""
    loaded.run("import os; os.environ['MY_TOKEN'] = 'root:Milvus'")
    told = loaded.run(
        f'%milvus connect MilvusClient("http://{milvus_auth.address}", '
        'token=os.environ["MY_TOKEN"])'
    )
    assert replaced(told) == ""
    assert "secret" not in told.stdout


def test_a_line_that_fails_is_told_with_its_secret(
    loaded: Kernel, milvus_auth: MilvusTestServer
) -> None:
    """The front end rewrites only cells that ran; the user hears how to do it."""
    told = loaded.execute(
        f'%milvus connect MilvusClient("http://{milvus_auth.address}", token="root:wrong-one")'
    )
    assert "A secret stands in this cell" in told.stdout
    assert f"%milvus connect {milvus_auth.address} --user root --ask" in told.stdout
    assert "wrong password" in told.text.lower()
    assert "wrong-one" not in told.text


def test_what_cannot_be_read_is_refused_without_its_secret(loaded: Kernel) -> None:
    """And nothing of it is ever run."""
    told = loaded.execute('%milvus connect MilvusClient(uri=print("ran"), token="root:Secret-1")')
    assert told.error is not None
    assert told.error["ename"] == "ParamsError"
    assert "Secret-1" not in told.text
    assert "ran" not in told.stdout


def test_a_cell_for_another_command_is_refused(loaded: Kernel) -> None:
    """Only ``connect`` takes one."""
    told = loaded.execute("%%milvus status\nprod")
    assert "%%milvus takes a cell for connect alone" in told.text


def test_in_a_terminal_the_better_line_is_told(
    terminal: Terminal, milvus_auth: MilvusTestServer
) -> None:
    """There is no cell to rewrite."""
    terminal.execute("%load_ext milvus_nb")
    told = terminal.execute(
        f'%milvus connect MilvusClient("http://{milvus_auth.address}", token="root:Milvus")'
    )
    assert f"Better: %milvus connect {milvus_auth.address} --user root --ask" in told


def test_code_in_another_language_is_told_and_its_secret_is_not_repeated(loaded: Kernel) -> None:
    """JavaScript, Go and Java: what to do instead, in three lines."""
    for line in (
        "new MilvusClient({address: 'h:1', token: 'Unseen-1'})",
        'milvusclient.New(ctx, &milvusclient.ClientConfig{Address: "h:1", APIKey: "Unseen-1"})',
        'ConnectConfig.builder().uri("http://root:Unseen-1@h:1").build()',
    ):
        failed = loaded.execute(f"%milvus connect {line}")
        assert failed.error is not None
        assert "only Python is read" in failed.traceback
        assert "Unseen-1" not in failed.traceback + failed.stdout + failed.stderr


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("curl http://localhost:19530/v1", True),
        ("connections.connect(host='a')", True),
        ("client = MilvusClient('a')", True),
        ("connect -h localhost", True),
        ("await AsyncMilvusClient('a')", True),
        ("localhost:19530 --password 'a(b'", False),
        ("curl.example:19530", False),
        ("connect.example", False),
        ("{get_address()}", False),
        ("$address --token $token", False),
        ("./a(1).db", False),
        ("-h localhost", False),
        ("", False),
    ],
)
def test_what_counts_as_pasted(text: str, expected: bool) -> None:
    """A call or a command; never an address, an option or a Python value."""
    assert is_pasted(text) is expected
