"""The house as its drawing has it: imports go down, and what is public is said once."""

from __future__ import annotations

import ast
import builtins
import inspect
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import milvus_nb
from tests.support import house

ROOT = house.ROOT


def test_the_drawing_is_that_of_the_contract() -> None:
    """CONTRIBUTING.md shows each room on its floor, with its modules."""
    subprocess.run([sys.executable, "-m", "tests.support.house", "--check"], check=True, cwd=ROOT)
    drawn = {room for floor in house.floors() for room in floor}
    assert drawn >= {
        path.name for path in house.PACKAGE.iterdir() if (path / "__init__.py").exists()
    }


def test_what_is_looked_for_first_is_where_the_map_says() -> None:
    """Each file of the table below the drawing is there, and so is what is named in it."""
    text = house.TARGET.read_text("utf-8").partition("What is looked for first:")[2]
    table = text.partition("\n\n")[2].partition("\n\n")[0]
    places = re.findall(r"`((?:milvus_nb|lab)/[^`]+)`(?: \(`([^`]+)`\))?", table)
    assert len(places) > 9
    for path, name in places:
        code = (ROOT / path).read_text("utf-8")
        assert all(part in code for part in name.split(".")), (path, name)


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("params/host.py", "from ..registry import table"),
        ("probing/dial.py", "def late() -> None:\n    from ..page import session"),
        ("views/colors.py", "if TYPE_CHECKING:\n    from ..magic.context import Context"),
        ("registry/events.py", "from . import registry"),
        ("page/frontend.py", "from milvus_nb import __version__"),
    ],
)
def test_an_import_that_goes_up_is_refused(tmp_path: Path, module: str, line: str) -> None:
    """At module level, inside functions, for types alone, in a circle, and by the front door."""
    hidden = shutil.ignore_patterns("static", "labextension", "__pycache__")
    shutil.copytree(house.PACKAGE, tmp_path / "milvus_nb", ignore=hidden)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    path = tmp_path / "milvus_nb" / module
    path.write_text(f"{path.read_text('utf-8')}\n{line}\n", "utf-8")
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [lint, "--no-cache"], cwd=tmp_path, env={"PYTHONPATH": str(tmp_path)}, check=False,
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 1, done.stdout
    assert "BROKEN" in done.stdout


def test_what_is_public_is_said_once() -> None:
    """`__all__` is what a type checker sees, what `dir` lists, and what can be imported."""
    tree = ast.parse((house.PACKAGE / "__init__.py").read_text("utf-8"))
    [typed] = [node for node in tree.body if isinstance(node, ast.If)]
    names = {
        alias.name
        for node in typed.body
        if isinstance(node, ast.ImportFrom) and node.level
        for alias in node.names
    }
    hooks = {"__version__", "connections", "load_ipython_extension", "unload_ipython_extension"}
    assert sorted(names | hooks) == sorted(milvus_nb.__all__) == dir(milvus_nb)
    for name in milvus_nb.__all__:
        assert getattr(milvus_nb, name) is not None


def test_what_a_public_method_raises_is_public() -> None:
    """Whoever wants to catch it finds it in `milvus_nb`."""
    raised: set[str] = set()
    for name in milvus_nb.__all__:
        public = getattr(milvus_nb, name)
        for member in (public, *vars(public).values()) if inspect.isclass(public) else (public,):
            _, _, told = (inspect.getdoc(member) or "").partition("\nRaises\n------\n")
            raised |= set(re.findall(r"\w+", " ".join(re.findall(r"^\w.*", told, re.MULTILINE))))
    assert "ProfileError" in raised
    assert raised <= {*milvus_nb.__all__, *dir(builtins), "ParamError"}  # pymilvus's


def test_each_room_says_what_it_is_for_and_that_it_is_not_public() -> None:
    """In its docstring, once."""
    for path in house.PACKAGE.glob("*/__init__.py"):
        text = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
        assert "Not public: import from `milvus_nb` itself." in text, path


def test_there_are_at_most_a_dozen_rooms_and_beside_them_what_all_need() -> None:
    """What is new has its place in one of them."""
    assert len(list(house.PACKAGE.glob("*/__init__.py"))) <= 12
    beside = {path.name for path in house.PACKAGE.glob("*.py")}
    assert beside == {"__init__.py", "_version.py", "errors.py", "printing.py", "protocol.py"}
