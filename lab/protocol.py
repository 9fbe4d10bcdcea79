"""Write src/protocol/messages.ts: the types of milvus_nb/protocol.py in TypeScript.

    python lab/protocol.py           writes it
    python lab/protocol.py --check   fails where it is out of date
"""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

HERE = Path(__file__).parent
SOURCE = HERE.parent / "milvus_nb" / "protocol.py"
TARGET = HERE / "src" / "protocol" / "messages.ts"

_HEAD = """\
// What the kernel and the page say to each other, made of milvus_nb/protocol.py by lab/protocol.py.
// Nothing of it is ever a synced trait, so nothing of it is saved with a notebook.

/** Types by name: an alias is a type, an interface has a type for each field. `?` is an optional one. */
export type Shapes = Record<string, string | Record<string, string>>;
"""
_WORDS = {
    "str": "string", "int": "number", "float": "number", "bool": "boolean", "None": "null",
    "Any": "unknown",
}  # fmt: skip


def main() -> None:
    """Write the file, or compare it."""
    text = typescript(SOURCE.read_text(encoding="utf-8"))
    if "--check" in sys.argv[1:]:
        if TARGET.read_text(encoding="utf-8") != text:
            sys.exit(f"{TARGET} is out of date: python lab/protocol.py")
        return
    TARGET.write_text(text, encoding="utf-8")


def _version() -> str:
    """Give the number of the protocol."""
    tree = ast.parse(SOURCE.with_name("_version.py").read_text(encoding="utf-8"))
    values = (node.value for node in tree.body if isinstance(node, ast.Assign)
              and _name(node.targets[0]) == "PROTOCOL")  # fmt: skip
    return ast.unparse(next(values))


def typescript(source: str) -> str:
    """Turn the module's types into TypeScript, and into the table by which they are checked."""
    lines = source.splitlines()
    tree = ast.parse(source)
    parts = [_HEAD, f"export const PROTOCOL = {_version()};"]
    shapes: dict[str, str] = {}
    results: dict[str, str] = {}
    methods = ""
    for node in tree.body:
        comment = _doc(_comment_above(lines, node.lineno))
        if isinstance(node, ast.AnnAssign) and _name(node.target) == "METHODS":
            methods, results = _methods(_value(node))
            parts.append(f"{comment}{methods}")
        elif isinstance(node, ast.AnnAssign) and _name(node.target) == "LOOKS":
            names = _names(_value(node))
            parts.append(f"{comment}export const LOOKS: ReadonlySet<Method> = new Set([{names}]);")
        elif isinstance(node, ast.Assign):
            name, definition = _name(node.targets[0]), _type(node.value)
            shapes[name] = f'"{definition}"'
            parts.append(f"{comment}export type {name} = {definition};")
        elif isinstance(node, ast.ClassDef):
            interface, shapes[node.name.lstrip("_")] = _interface(node, lines)
            parts.append(interface)
    parts.append("export type Method = keyof Methods;")
    checked = _checked(shapes, methods, results)
    table = "".join(f"  {name}: {shape},\n" for name, shape in shapes.items() if name in checked)
    parts.append("/** The same types as data, to check what comes; without those that are only sent. */\n"
                 f"export const SHAPES: Shapes = {{\n{table}}};")
    table = "".join(f"  {method}: '{result}',\n" for method, result in results.items())
    parts.append(f"/** The type of each method's result. */\n"
                 f"export const RESULTS: Record<Method, string> = {{\n{table}}};")
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"


def _checked(shapes: dict[str, str], methods: str, results: dict[str, str]) -> set[str]:
    """Give the types that may come: not those of which only parameters are made."""

    def within(*texts: str) -> set[str]:
        found: set[str] = set()
        waiting = list(texts)
        while waiting:
            named = set(re.findall(r"[A-Za-z]+", waiting.pop())) & set(shapes)
            waiting += [shapes[name] for name in named - found]
            found |= named
        return found

    sent = within(*re.findall(r"params: (.*); result:", methods))
    return within(*results.values(), *(set(shapes) - sent))


def _interface(node: ast.ClassDef, lines: list[str]) -> tuple[str, str]:
    base = _name(node.bases[0])
    extends = "" if base == "TypedDict" else f" extends {base.lstrip('_')}"
    optional = "?" if any(keyword.arg == "total" for keyword in node.keywords) else ""
    shape = [f"'...': '{base.lstrip('_')}'"] if extends else []
    fields = []
    for field in node.body:
        if isinstance(field, ast.AnnAssign):
            comment = _doc(_comment_above(lines, field.lineno), "  ")
            name, kind = _name(field.target), _type(field.annotation)
            fields.append(f"{comment}  {name}{optional}: {kind};\n")
            key = f"'{name}?'" if optional else name
            shape.append(f'{key}: "{kind}"' if "'" in kind else f"{key}: '{kind}'")
    doc = _doc(ast.get_docstring(node) or "")
    body = f"{{\n{''.join(fields)}}}" if fields else "{}"
    exported = "" if node.name.startswith("_") else "export "
    members = "".join(f"    {entry},\n" for entry in shape)
    return (
        f"{doc}{exported}interface {node.name.lstrip('_')}{extends} {body}",
        f"{{\n{members}  }}" if members else "{}",
    )


def _methods(table: ast.expr) -> tuple[str, dict[str, str]]:
    if not isinstance(table, ast.Dict):
        raise TypeError("METHODS is a dict")
    lines, results = [], {}
    for key, pair in zip(table.keys, table.values, strict=True):
        if not isinstance(key, ast.Constant) or not isinstance(pair, ast.Tuple):
            raise TypeError("METHODS has names and pairs")
        params, result = map(_type, pair.elts)
        lines.append(f"  {key.value}: {{ params: {params}; result: {result} }};\n")
        results[str(key.value)] = result
    return f"export interface Methods {{\n{''.join(lines)}}}", results


def _type(node: ast.expr) -> str:
    """Give a type expression in TypeScript."""
    if isinstance(node, ast.BinOp):
        return f"{_type(node.left)} | {_type(node.right)}"
    if isinstance(node, ast.Constant):
        return "null" if node.value is None else f"'{node.value}'"
    if isinstance(node, ast.Subscript):
        inner = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        kinds = [_type(item) for item in inner]
        container = _name(node.value)
        if container == "Literal":
            return " | ".join(kinds)
        if container == "list":
            return f"{kinds[0]}[]"
        if container == "tuple":
            return f"[{', '.join(kinds)}]"
        return f"Record<string, {kinds[1]}>"
    return _WORDS.get(_name(node), _name(node))


def _comment_above(lines: list[str], number: int) -> str:
    """Give the ``#:`` lines that end above a line."""
    found: list[str] = []
    for line in reversed(lines[: number - 1]):
        if not line.strip().startswith("#:"):
            break
        found.insert(0, line.strip()[2:].strip())
    return " ".join(found)


def _doc(text: str, indent: str = "") -> str:
    return f"{indent}/** {text} */\n" if text else ""


def _name(node: ast.expr) -> str:
    return ast.unparse(node)


def _names(node: ast.expr) -> str:
    """Give the texts of a set, sorted."""
    found = sorted(part.value for part in ast.walk(node)
                   if isinstance(part, ast.Constant) and isinstance(part.value, str))  # fmt: skip
    return ", ".join(f"'{name}'" for name in found)


def _value(node: ast.AnnAssign) -> ast.expr:
    if node.value is None:
        raise TypeError("a constant has a value")
    return node.value


if __name__ == "__main__":
    main()
