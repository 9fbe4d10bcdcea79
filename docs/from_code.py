"""The parts of the pages that are made from the code: a line ``{{ name }}`` is such a part.

Each is a function below that gives Markdown: no option, setting, cause or route is written twice.
"""

from __future__ import annotations

import inspect
import json
import re
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import milvus_nb
from milvus_nb.code import usage
from milvus_nb.magic.magics import MilvusMagics
from milvus_nb.probing.causes import CAUSES
from milvus_nb.server.extension import MilvusServer
from milvus_nb.server.openapi import description

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Iterator

    from sphinx.application import Sphinx
    from traitlets.config import Configurable

ROOT = Path(__file__).parents[1]

# What a cause says only where there is something to say.
HINTS = {
    *("docker", "existing", "holder", "name_hint", "oddity", "other_name", "shown", "token_hint"),
    *("trust", "where"),
}


def setup(app: Sphinx) -> dict[str, bool]:
    """Let Sphinx know."""
    for name in milvus_nb.__all__:  # where a public name is imported from, not where it is defined
        if inspect.isclass(public := getattr(milvus_nb, name)):
            public.__module__ = milvus_nb.__name__
    app.connect("source-read", fill_in)
    return {"parallel_read_safe": False}


def fill_in(_app: Sphinx, _page: str, source: list[str]) -> None:
    """Put the parts into a page."""
    source[0] = re.sub(
        r"^\{\{ (\w+) ?(.*?) \}\}$",
        lambda part: "\n".join(PARTS[part[1]](*filter(None, [part[2]]))),
        source[0],
        flags=re.MULTILINE,
    )


def table(*head: str, rows: Iterable[Iterable[str]]) -> Iterator[str]:
    """Give a table in Markdown."""
    for row in (head, ["---"] * len(head), *rows):
        cells = (" ".join(cell.split()).replace("|", "\\|") for cell in row)
        cells = (re.sub(r"(?<![`\w-])--[a-z][\w-]*", r"`\g<0>`", cell) for cell in cells)
        yield f"| {' | '.join(cells)} |"
    yield ""


def commands() -> Iterator[str]:
    """Give each command of ``%milvus`` with all its options and examples."""
    for name, parser in usage.PARSERS.items():
        yield from command(f"%milvus {name}", parser)
        examples = usage.help_text(name).partition("\nexamples:")[2]
        if examples:
            yield from ("```text", inspect.cleandoc(examples), "```", "")
        if name == "profile":
            for action, its in usage.PROFILE.items():
                yield from command(f"%milvus profile {action}", its)


def command(name: str, parser: argparse.ArgumentParser) -> Iterator[str]:
    """Give one command, without its examples."""
    summary = str(parser.description)
    yield from (f"## `{name}`", "", f"{summary[0].upper()}{summary[1:]}.", "")
    actions = [action for action in parser._actions if action.dest != "help"]
    if actions:
        # An option and its value, which argparse lays out together, stay together.
        usage_line = re.sub(r"\s+", " ", parser.format_usage()).removeprefix("usage: ").strip()
        parts = re.findall(r"\[(?:[^][]|\[[^][]*\])*\]|\S+", usage_line.replace(" [--help]", ""))
        together = " ".join(part.replace(" ", "\0") for part in parts)
        filled = textwrap.fill(
            together, 68, subsequent_indent="    ", break_on_hyphens=False, break_long_words=False
        )
        yield from ("```text", filled.replace("\0", " "), "```", "")
        rows = ((spelt(action), (action.help or "").replace("%%", "%")) for action in actions)
        yield from table("option", "means", rows=rows)


def spelt(action: argparse.Action) -> str:
    """Give all spellings of an option, with its value."""
    value = action.metavar or "\\|".join(action.choices or ())
    if not action.option_strings:
        return f"`{value}`"
    names = " ".join(f"`{name}`" for name in action.option_strings)
    return names if action.nargs == 0 else f"{names} {value}"


def settings(name: str) -> Iterator[str]:
    """Give the settings of a class."""
    cls: type[Configurable] = {"magic": MilvusMagics, "server": MilvusServer}[name]
    yield from table(
        "setting",
        "default",
        "means",
        rows=(
            (f"`{cls.__name__}.{key}`", f"`{trait.default_value!r}`", trait.help)
            for key, trait in cls.class_traits(config=True).items()
        ),
    )


def lab_settings() -> Iterator[str]:
    """Give the settings of the page side."""
    schema = json.loads((ROOT / "lab/schema/plugin.json").read_text("utf-8"))
    rows = (
        (one["title"], f"`{json.dumps(one['default'])}`", one["description"])
        for one in schema["properties"].values()
    )
    yield from table("setting", "default", "means", rows=rows)


def causes() -> Iterator[str]:
    """Give the causes of a failed connection with their words."""
    yield from table(
        "`error.cause`",
        "reason",
        "what to do",
        "the form offers",
        rows=(
            (f"`{name}`", words(it.reason), words(it.fix), offered(name))
            for name, it in CAUSES.items()
        ),
    )


def offered(cause: str) -> str:
    """Say what the form can do about a cause itself."""
    return ", ".join(f"`{one.action}`" for one in CAUSES[cause].offers)


def words(text: str) -> str:
    """Show what is put in from the failure as such; of a hint, that there may be one."""
    text = re.sub(r"([*<\[])", r"\\\1", text)
    return re.sub(r"\{(\w+)\}", lambda it: "…" if it[1] in HINTS else f"*{it[1]}*", text)


def picture(of: str) -> Iterator[str]:
    """Give the pictures of one situation, of the reader's theme; folded away, those of contrast."""
    name, _, title = of.partition(" ")
    widths = ("wide", "narrow")
    yield from (f"**{title}**", "")
    for width in widths:
        for theme in ("light", "dark"):
            yield f"![{title}, {width}](images/{name}-{theme}-{width}.webp){{.only-{theme}}}"
    yield from ("", "<details><summary>In high contrast and in forced colours</summary>", "")
    for width in widths:
        yield f"![{title}, {width}, in high contrast](images/{name}-contrast-{width}.webp)"
    yield f"![{title}, in forced colours](images/{name}-forced-narrow.webp)"
    yield from ("", "</details>")


def rest() -> Iterator[str]:
    """Give the routes of the server extension, and the shapes of what is sent."""
    described = description("/milvus_nb")
    for path, methods in described["paths"].items():
        for method, it in methods.items():
            yield from (f"## `{method.upper()} {path}`", "", f"{it['summary']}.", "")
            if sent := [*map(parameter, it["parameters"]), *body(it)]:
                yield from table("sent", "is", rows=sent)
            yield from table("answer", "means", rows=answers(it["responses"]))
    yield from ("## Shapes", "")
    for name, shape in described["components"]["schemas"].items():
        yield from (f"### {name}", "", shape.get("description", ""), "")
        rows = ((f"`{key}`", kind(it)) for key, it in shape["properties"].items())
        yield from table("key", "is", rows=rows)


def parameter(it: dict[str, Any]) -> tuple[str, str]:
    """Give a row of what is sent."""
    return f"`{it['name']}` in the {it['in']}", it["description"]


def body(it: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Give the row of the body, if there is one."""
    if "requestBody" in it:
        yield "the body", kind(it["requestBody"]["content"]["application/json"]["schema"])


def answers(responses: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Give the rows of answers."""
    for status, it in responses.items():
        schema = it["content"]["application/json"]["schema"]
        shape = f": {kind(schema)}" if "$ref" in schema else ""
        yield f"`{status}`", f"{it['description']}{shape}"


def kind(schema: dict[str, Any]) -> str:
    """Give a schema in words."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(map(kind, schema["anyOf"]))
    if "enum" in schema:
        return ", ".join(f"`{json.dumps(value)}`" for value in schema["enum"])
    if "pattern" in schema:
        return f"a string like `{schema['pattern']}`"
    if schema["type"] == "array":
        return f"an array of: {kind(schema['items'])}"
    types = schema["type"]
    return types if isinstance(types, str) else " or ".join(types)


def benchmarks() -> Iterator[str]:
    """Give what ``make bench ARGS=--save`` has measured, a section a benchmark."""
    saved = json.loads((ROOT / "benchmarks" / "results.json").read_text("utf-8"))
    yield from (f"Measured with {saved['versions']}.", "")
    for name, results in saved["results"].items():
        yield from (f"## {name.capitalize()}", "")
        figures = [result for result in results if "rows" in result]
        if figures:
            rows = [row for figure in figures for row in _measured(figure)]
            yield from table("", "milvus_nb", "beside", "ratio", "goal", rows=rows)
        for result in results:
            if "cells" in result:
                yield from (f"{result['title'].capitalize()}:", "")
                yield from table(*result["heads"], rows=result["cells"])
                yield from (*result["notes"], "")


def _measured(figure: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    """Give a row for each that was measured beside ours, or one where none was."""
    ours, *others = figure["rows"]
    own_goal = f"at most {ours['goal']:g}" if ours["goal"] else ""
    if not others:
        yield figure["title"], ours["median"], "", "", own_goal
    for number, other in enumerate(others):
        ratio = f"{other['ratio']:.2g}" if other["ratio"] else ""
        goal = f"at most {other['goal']:g}" if other["goal"] else ""
        title, median = ("", "") if number else (figure["title"], ours["median"])
        yield title, median, f"{other['name']}: {other['median']}", ratio, goal


PARTS = {
    "benchmarks": benchmarks,
    "causes": causes,
    "commands": commands,
    "lab_settings": lab_settings,
    "picture": picture,
    "rest": rest,
    "settings": settings,
}
