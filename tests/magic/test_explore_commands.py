"""``%milvus ls``, ``describe``, ``peek`` and ``code --for``, as a user meets them."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest
from IPython.core.completer import provisionalcompleter
from pymilvus import MilvusClient

from milvus_nb.errors import AliasError, ExploreError, MagicUsageError
from milvus_nb.explore import Collections, Description, Overview, Schema
from tests.support.exploring import make_every_type, make_text
from tests.support.helpers import wait_until
from tests.support.servers import HEALTHY, ScriptedMilvus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import grpc
    from IPython.core.interactiveshell import InteractiveShell

    from tests.support.kernels import Kernel, Terminal
    from tests.support.servers import MilvusTestServer

HERE = "magic_explored"


@pytest.fixture(scope="module")
def server(milvus_auth: MilvusTestServer) -> Iterator[MilvusTestServer]:
    """Give the shared server that wants a sign-in, with a database and a collection."""
    client = MilvusClient(milvus_auth.uri, token=milvus_auth.root_token, dedicated=True)
    client.create_database(HERE)
    client.close()
    client = MilvusClient(
        milvus_auth.uri, token=milvus_auth.root_token, db_name=HERE, dedicated=True
    )
    make_every_type(client, "books", is_lite=False)
    yield milvus_auth
    client.drop_collection("books")
    client.drop_database(HERE)
    client.close()


@pytest.fixture
def magic(ip: InteractiveShell, server: MilvusTestServer) -> Callable[[str], Any]:
    """Run lines of %milvus in a shell with two connections: `prod`, the current one, and `lab`."""
    ip.run_line_magic("load_ext", "milvus_nb")
    ip.user_ns["secret"] = server.root_token

    def run(line: str) -> Any:
        return ip.run_line_magic("milvus", line)

    run(f"connect {server.address} --token $secret -a prod --db {HERE} --timeout 20")
    run(f"connect {server.address} --token $secret -a lab --timeout 20")
    run("use prod")
    return run


@pytest.mark.parametrize(
    ("path", "kind", "seen"),
    [
        ("", Overview, "Other databases: "),
        ("prod", Overview, "books"),
        ("lab", Overview, "lab/default"),
        (f"lab/{HERE}", Collections, "● loaded"),
        (HERE, Collections, "books"),
        (f"{HERE}/", Collections, "books"),
        ("books", Schema, "FLOAT_VECTOR 4"),
        (f"{HERE}/books", Schema, "HNSW COSINE"),
        (f"lab/{HERE}/books", Schema, "primary key"),
    ],
)
def test_ls_takes_a_path(magic: Callable[[str], Any], path: str, kind: type, seen: str) -> None:
    """An alias, a database, a collection, or the end of such a path."""
    listed = magic(f"ls {path}")
    assert isinstance(listed, kind)
    assert seen in repr(listed)


@pytest.mark.parametrize(
    ("path", "what", "fix"),
    [
        ("boks", "is no database or collection of prod", "Did you mean books?"),
        ("prod/nix", "is no database or collection of prod", ""),
        (f"{HERE}/boks", "has no collection 'boks'", "Did you mean books?"),
        ("nix/books", "has no database 'nix'", ""),
        ("boo-ks", "is no database or collection of prod", "Did you mean books?"),
        ("laab", "is no database or collection of prod", "Did you mean lab?"),
        ("数据", "is no database or collection of prod", ""),
        ("a/b/c/d", "is no path of this kernel", "%milvus ls"),
        ("prod//books", "is no path of this kernel", "%milvus ls"),
    ],
)
def test_a_path_that_leads_nowhere_is_told(
    magic: Callable[[str], Any], path: str, what: str, fix: str
) -> None:
    """With what was meant."""
    with pytest.raises((ExploreError, MagicUsageError), match=what) as caught:
        magic(f"ls {path}")
    assert fix in caught.value.fix


@pytest.mark.parametrize(
    "line",
    [
        "describe books",
        f"describe {HERE}/books",
        f"describe lab/{HERE}/books",
        f"describe books -a lab --db {HERE}",
    ],
)
def test_describe_finds_its_collection(magic: Callable[[str], Any], line: str) -> None:
    """In the connection's own database, or where it is told to look."""
    told = magic(line)
    assert isinstance(told, Description)
    assert (told.database, told.name) == (HERE, "books")


def test_a_collection_may_be_called_like_a_connection(
    magic: Callable[[str], Any], server: MilvusTestServer
) -> None:
    """Where a collection is meant, and the current connection has it."""
    client = MilvusClient(server.uri, token=server.root_token, db_name=HERE, dedicated=True)
    client.create_alias("books", "lab")
    try:
        assert magic("describe lab").asked_as == "lab"
        assert magic(f"describe lab --db {HERE}").asked_as == "lab"
    finally:
        client.drop_alias("lab")
        client.close()


def test_the_value_of_a_variable_leaves_the_advice_readable(
    magic: Callable[[str], Any], ip: InteractiveShell
) -> None:
    """Words of a filter may be in the advice, too, which repeats nothing of it."""
    ip.user_ns["wanted"] = "title = 3"
    with pytest.raises(ExploreError) as caught:
        magic("peek books --where $wanted")
    assert "year > 1990 and title like 'A%'" in caught.value.fix
    assert "At column 7" in caught.value.reason


FILTERS = [
    ("--where $wanted", "word == Sesame and 0pen-th1s"),
    ("--where $wanted", "word in ['Sesame', '0penth1s"),
    ("--where=$wanted", "word == 'Sesame' + 0penth1s @"),
    ("--where \"word == '$wanted' and flag =! true\"", "Sesame 0penth1s"),
    ("--where \"word == '{wanted}' and\"", "Sesame 0penth1s"),
]


def test_a_filter_is_shown_as_it_was_typed(
    magic: Callable[[str], Any], ip: InteractiveShell, lite_path: Path
) -> None:
    """No word of it that came from a variable is repeated, not even at the place of the mistake."""
    magic(f"connect {lite_path} -a filtered")
    make_every_type(magic("client filtered"), "books", is_lite=True)
    make_text(magic("client filtered"), "texts")
    on_both = [(place, *one) for place in ("books", "filtered/default/books") for one in FILTERS]
    of_no_field = ("filtered/default/texts", "--where $wanted", "Sesame0penth1s == 5")
    for place, line, ip.user_ns["wanted"] in [*on_both, of_no_field]:
        with pytest.raises(ExploreError) as caught:
            magic(f"peek {place} {line}")
        told = str(caught.value)
        assert not [part for part in ("esame", "0pen", "th1s") if part in told], told
        assert "Milvus does not understand" in told or "has no field" in told


def test_the_title_of_rows_shows_a_filter_as_it_was_typed(
    magic: Callable[[str], Any], ip: InteractiveShell
) -> None:
    """It is saved with the notebook."""
    ip.user_ns["mail"] = "ann@example.com"
    rows = magic("peek books --where \"word != '$mail'\"")
    assert "where word != '$mail'," in repr(rows)
    assert "ann@example.com" not in repr(rows) + rows._repr_html_()


def test_peek_gives_a_dataframe(magic: Callable[[str], Any]) -> None:
    """Of so many rows, and only of those that the filter lets through."""
    pd: Any = pytest.importorskip("pandas")
    assert isinstance(magic("peek books"), pd.DataFrame)
    assert magic("peek books").shape[0] == 5
    assert list(magic('peek books -n 2 --where "id > 3"')["id"]) == [4, 5]
    assert list(magic("peek books --where \"word == '<b>bold</b>' and id < 1\"")["id"]) == [0]


def test_mistakes_are_told_in_a_sentence(magic: Callable[[str], Any]) -> None:
    """What, why, what to do."""
    with pytest.raises(MagicUsageError, match="is a connection"):
        magic("describe prod")
    with pytest.raises(MagicUsageError, match="2 words too many"):
        magic("peek books --where id > 3")
    for count in ("0", "1e9", "1001", "many", "100000000001", "-1", "-.5", "-1e3"):
        with pytest.raises(MagicUsageError, match="not possible: it is 1 to 1,000"):
            magic(f"peek books -n {count}")
    with pytest.raises(AliasError):
        magic("describe books -a nobody")
    with pytest.raises(MagicUsageError, match="Did you mean %milvus describe"):
        magic("schema books")
    with pytest.raises(MagicUsageError, match="--for has no language 'go'"):
        magic("code --for books --lang go")
    with pytest.raises(MagicUsageError, match="--field is of a collection"):
        magic("code --field word")


def test_code_for_a_collection(magic: Callable[[str], Any], server: MilvusTestServer) -> None:
    """With its own names, and no secret."""
    code = magic("code --for books")
    assert f'db_name="{HERE}"' in code
    assert 'client.search(\n    "books"' in code
    assert server.root_token not in code
    assert 'anns_field="vector"' in magic("code --for books --field vector")


def test_status_shows_the_user_s_own_rights(magic: Callable[[str], Any]) -> None:
    """Where the server tells."""
    assert "by default root may do everything" in repr(magic("status prod"))


@pytest.mark.usefixtures("patient")
def test_tab_completes_what_is_there(magic: Callable[[str], Any], ip: InteractiveShell) -> None:
    """Databases, collections, and fields in a filter, whose quote stays open."""

    def tab(text: str) -> list[str]:
        line = f"%milvus {text}"
        with provisionalcompleter():
            found = list(ip.Completer.completions(line, len(line)))
        return [one.text for one in found if one._origin == "milvus_nb"]

    assert "books" in tab("ls bo")
    assert HERE in tab("ls magic_")
    assert f"{HERE}/books" in tab(f"ls {HERE}/b")
    assert f"lab/{HERE}" in tab("ls lab/mag")
    assert f"lab/{HERE}/books" in tab(f"ls lab/{HERE}/")
    assert tab("describe bo") == ["books"]
    assert tab(f"peek -a lab --db {HERE} b") == ["books"]
    assert tab("code --for bo") == ["books"]
    assert tab("code --for books --field vec") == ["vector"]
    assert tab("peek books --where wo") == ["word"]
    assert tab('peek books --where "id > 3 and fla') == ['"id > 3 and flag']
    ip.user_ns["x"] = 3
    for before in ("{x} < id and", "id > $x and", "word == '$$x' and", "(id > 3) or not"):
        assert tab(f'peek books --where "{before} fla') == [f'"{before} flag']
    assert tab("peek books --where=wo") == ["--where=word"]
    assert tab("peek books --where \"word == 'wo") == []  # in a text
    assert tab('peek books --where "id > $wo') == []  # a variable
    assert tab("peek nix --where wo") == []


def test_looking_works_in_a_kernel_and_shows_html(
    shared_kernel: Kernel, server: MilvusTestServer
) -> None:
    """Nothing else appears in the cell, and pymilvus is not imported for it."""
    kernel = shared_kernel
    kernel.run("%load_ext milvus_nb")
    kernel.run(f"secret = {server.root_token!r}")
    kernel.run(f"%milvus connect {server.address} --token $secret --db {HERE} --timeout 20")
    for line, seen in (
        ("%milvus ls", "Collection"),
        ("%milvus describe books", "primary key"),
        ("%milvus peek books", "[0.5, -0.25, … 4]"),
    ):
        done = kernel.run(line)
        page = (done.result or {}).get("text/html", "")
        assert seen in page
        assert "<b>bold" not in page
        assert done.stdout + done.stderr == ""
    assert kernel.run("import sys; print('pymilvus' in sys.modules)").stdout == "False\n"
    failed = kernel.execute("%milvus peek nix")
    assert "has no collection 'nix'" in failed.traceback
    kernel.run("sys.modules['pandas'] = None")  # where it is not installed
    done = kernel.run("rows = %milvus peek books -n 2\nprint(len(rows), rows[0]['id'])\nrows")
    assert done.stdout + done.stderr == "2 0\n"
    assert "[0.5, -0.25, … 4]" in (done.result or {})["text/html"]
    kernel.run("del sys.modules['pandas']")


def test_ctrl_c_cancels_looking(shared_kernel: Kernel) -> None:
    """In one line; the connection lives on."""
    kernel = shared_kernel
    gone = threading.Event()

    def wait(context: grpc.ServicerContext) -> bytes:
        wait_until(lambda: not context.is_active(), 60)
        gone.set()
        return b""

    with ScriptedMilvus({**HEALTHY, "ShowCollections": wait}) as script:
        kernel.run("%load_ext milvus_nb")
        kernel.run(f"%milvus connect {script.address} --timeout 60")
        message = kernel.submit("%milvus ls")
        wait_until(lambda: "ShowCollections" in [call.method for call in script.calls], 30)
        kernel.interrupt()
        done = kernel.finish(message)
        assert "Cancelled: %milvus ls." in done.traceback
        assert gone.wait(10)
        kernel.run("%milvus ping")


def test_looking_works_in_a_terminal(terminal: Terminal, tmp_path: Path) -> None:
    """As lines of text."""
    terminal.execute("%load_ext milvus_nb")
    terminal.execute(f"%milvus connect {tmp_path / 'demo.db'}")
    assert "0 collections" in terminal.execute("%milvus ls")
