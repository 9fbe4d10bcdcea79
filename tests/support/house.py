"""The map of the house in CONTRIBUTING.md, made of the contract of its floors and of docstrings.

python -m tests.support.house           writes it
python -m tests.support.house --check   fails where it is out of date
"""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "milvus_nb"
TARGET = ROOT / "CONTRIBUTING.md"
BEGIN, END = "<!-- house: python -m tests.support.house -->\n", "<!-- end of house -->\n"


def main() -> None:
    """Write the map, or compare it."""
    text = TARGET.read_text("utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    new = f"{before}{BEGIN}{drawing()}{END}{after}"
    if "--check" not in sys.argv[1:]:
        TARGET.write_text(new, "utf-8")
    elif new != text:
        sys.exit(f"The map in {TARGET.name} is out of date: python -m tests.support.house")


def floors() -> list[list[str]]:
    """Give the rooms of each floor, from the top, as the contract has them."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    [layers] = [one["layers"] for one in contracts if one["type"] == "layers"]
    return [[room.strip(" ()") for room in layer.split("|")] for layer in layers]


def drawing() -> str:
    """Draw the floors, each room with its modules, a line each."""
    lines = ["```", f"milvus_nb/  {_says(PACKAGE / '__init__.py')}"]
    for floor in floors():
        lines.append("  │")
        for room in floor:
            lines += _room(room)
    return "\n".join([*lines, "```", ""])


def _room(room: str) -> Iterator[str]:
    folder = PACKAGE / room
    if not folder.is_dir():
        yield f"  ├─ {f'{room}.py':<15} {_says(folder.with_suffix('.py'))}"
        return
    yield f"  ├─ {f'{room}/':<15} {_says(folder / '__init__.py')}"
    for path in sorted(folder.iterdir()):
        if path.is_dir() and (path / "__init__.py").exists():
            yield f"  │    {f'{path.name}/':<17} {_says(path / '__init__.py')}"
        elif path.suffix == ".py" and path.name != "__init__.py":
            yield f"  │    {path.stem:<17} {_says(path)}"


def _says(path: Path) -> str:
    """Give the first line of a module's docstring."""
    text = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
    return text.partition("\n")[0].replace("``", "")


if __name__ == "__main__":
    main()
