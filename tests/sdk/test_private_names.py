"""Private names of pymilvus, gRPC and Milvus Lite: each in one place, and what is so without it."""

from __future__ import annotations

import ast
import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

import grpc
import pytest

import milvus_nb
from milvus_nb.params.parsing import parse
from milvus_nb.probing import private_names as of_grpc
from milvus_nb.probing.channel import close_channel
from milvus_nb.probing.diagnosis import ProbeError
from milvus_nb.sdk import lite
from milvus_nb.sdk import private_names as of_pymilvus
from tests.support.house import PACKAGE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from IPython.core.interactiveshell import InteractiveShell

    from milvus_nb.probing.private_names import Private
    from tests.support.servers import MilvusTestServer

pytestmark = pytest.mark.filterwarnings("ignore:.*ORM-style PyMilvus API")

ALL = [*of_grpc.ALL, *(one for one in of_pymilvus.ALL if one not in of_grpc.ALL)]

# Those that are looked for where something has failed.
AFTER_FAILURES = (of_grpc.CLOSE_UNSERVED, of_pymilvus.RELEASE_LOCK)

# Those of others, which stand where they are used, in one function each.
OF_OTHERS = {
    ("page/comms.py", "_reply_subshell_for"),  # ipykernel
    ("page/subshells.py", "_delete_subshell"),  # ipykernel
    ("probing/forks.py", "_at_fork_reinit"),  # Python
}


def test_they_stand_in_one_file_a_room() -> None:
    """Nowhere else is a private attribute of another's object read, set, named or overridden."""
    trees = {
        file.relative_to(PACKAGE).as_posix(): ast.parse(file.read_text("utf-8"))
        for file in PACKAGE.rglob("*.py")
        if file.name != "private_names.py"
    }
    own = {name for tree in trees.values() for name in defined_in(tree)}
    known = {private.name for private in ALL}
    found = {
        (place, name)
        for place, tree in trees.items()
        for name in used_in(tree)
        # The rooms above know no object of pymilvus's, so that it is one of ours there.
        if name not in own or (name in known and place.startswith("sdk/"))
    }
    assert found == OF_OTHERS | {("sdk/clients.py", "_connect")}  # which is overridden there


def defined_in(tree: ast.Module) -> Iterator[str]:
    """Give the names of attributes and functions that a module makes."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.name
        elif isinstance(node, ast.Attribute) and is_self(node.value):
            yield node.attr


def used_in(tree: ast.Module) -> Iterator[str]:
    """Give the private names that a module uses of others, or overrides."""
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.Attribute) and not is_self(node.value):
            names = [node.attr]
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("attr"):
            names = [str(arg.value) for arg in node.args[1:2] if isinstance(arg, ast.Constant)]
        elif isinstance(node, ast.ClassDef):
            functions = (ast.FunctionDef, ast.AsyncFunctionDef)
            names = [method.name for method in node.body if isinstance(method, functions)]
        yield from filter(is_private, names)


def is_private(name: str) -> bool:
    """Tell whether a name begins with one underscore."""
    return name.startswith("_") and not name.endswith("_")


def is_self(node: ast.expr) -> bool:
    """Tell whether an expression is the object, or the class, whose code it stands in."""
    return isinstance(node, ast.Name) and node.id in ("self", "cls")


@contextlib.contextmanager
def without(private: Private) -> Iterator[None]:
    """Have the package not have a name: it is asked for another, which it has not either."""
    name = private.name
    object.__setattr__(private, "name", f"{name}_of_before")
    try:
        yield
    finally:
        of_grpc._missed.clear()
        object.__setattr__(private, "name", name)


def test_what_needs_one_that_is_gone_says_so_and_all_else_goes_on(
    milvus_auth: MilvusTestServer, ip: InteractiveShell, lite_path: Path
) -> None:
    """Connecting, status, ping, doctor, disconnecting never need one; what does has a sentence."""
    import pymilvus

    def magic(line: str) -> Any:
        return ip.run_line_magic("milvus", line)

    token = milvus_auth.root_token
    ip.run_line_magic("load_ext", "milvus_nb")
    pymilvus.connections.connect("theirs", uri=milvus_auth.uri, token=token)
    theirs = [pymilvus.MilvusClient(milvus_auth.uri, token=token), of_alias("theirs")]
    ip.push({"theirs": theirs, "token": token})
    for private in [one for one in ALL if one not in AFTER_FAILURES]:
        with without(private):
            magic(f"connect {milvus_auth.address} -a prod --token $token")
            if private.package == "milvus-lite":
                magic(f"connect {lite_path} -a lite --timeout 60")
            told = [told_by_client(), asyncio.run(told_by_async_client()), repr(magic("status"))]
            magic("ping prod")
            assert milvus_nb.connections["prod"].diagnose().ok
            assert milvus_nb.connections["prod"].state == "connected"
            magic("disconnect --all")
            told.append(repr(magic("status")))
            assert "prod" not in told[-1]
            name = f"{private.owner}.{private.name}"
            assert any(private.without in text or name in text for text in told), (name, told)
            assert all(len(text.splitlines()) in (0, 3) for text in told[:2]), told
    assert "theirs" in repr(magic("status"))
    pymilvus.connections.disconnect("theirs")
    theirs[0].close()


def test_what_is_not_undone_without_them_is_told(lite_path: Path) -> None:
    """And what had failed is told as ever."""
    lite_path.mkdir()
    (lite_path / "LOCK").touch()
    (lite_path / ".database-staging").touch()  # in the way of what comes after the lock
    channel = grpc.insecure_channel("127.0.0.1:1")
    with without(of_grpc.CLOSE_UNSERVED):
        close_channel(channel, is_served=False)
        assert of_grpc.CLOSE_UNSERVED.sentence in of_grpc.missed()
    close_channel(channel, is_served=False)
    with without(of_pymilvus.RELEASE_LOCK):
        with pytest.raises(ProbeError):
            lite.start(parse(uri=str(lite_path)).endpoint)
        assert of_pymilvus.RELEASE_LOCK.sentence in of_grpc.missed()


def of_alias(alias: str) -> Any:
    """Make an object of pymilvus's ORM that goes by an alias."""
    from pymilvus import Collection

    made: Any = Collection.__new__(Collection)
    made._using = alias
    return made


def told_by_client() -> str:
    """Use a client; give what is said where there is none."""
    try:
        client = milvus_nb.connections.client("prod")
        assert isinstance(client.list_collections(), list)
        milvus_nb.connections.use("prod", "default")
    except milvus_nb.MilvusNbError as error:
        return str(error)
    return ""


async def told_by_async_client() -> str:
    """Use an async client; give what is said where there is none."""
    try:
        client = milvus_nb.connections.async_client("prod")
        assert isinstance(await client.list_collections(), list)
    except milvus_nb.MilvusNbError as error:
        return str(error)
    return ""
