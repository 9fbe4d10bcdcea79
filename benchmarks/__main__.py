"""Print every benchmark: ``python -m benchmarks [names] [--thorough] [--save]``.

Those that are made by default end within five minutes: what has no time left is left out, and one
that hangs is given up. The others have to be named; with ``--thorough`` all are made, and more is
measured, for longer.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.metadata
import json
import os
import platform
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

# gRPC writes each failed handshake to standard error otherwise. Read once, when it is imported.
os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
# Each fresh process and kernel would compile anew what it imports.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

from benchmarks import (
    cells,
    connecting,
    diagnosing,
    exploring,
    forking,
    idling,
    lists,
    loading,
    many,
    panel,
    profiles,
    recovering,
    sidebar,
    tree,
    watching,
)
from milvus_nb import __version__
from tests.support.servers import MilvusTestServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from benchmarks.report import Figures, Table

    _Results = Sequence[Figures | Table]

_PACKAGES = ("pymilvus", "grpcio", "jupysql", "ipython", "ipykernel", "jupyterlab")


#: These have to be named: they take long, or tell less.
_NAMED = (
    "profiles", "sidebar", "tree", "exploring", "diagnosing", "forking", "watching", "recovering",
)  # fmt: skip

# Seconds for all that are made by default, for one of them, and for one that was asked for.
_ALL_S = 285
_ONE_S = 120
_NAMED_S = 3600
# Whoever was given up has so long to clean up behind itself, in seconds.
_CLEANING_S = 5

#: What the documentation's page is made of.
_SAVED = Path(__file__).parent / "results.json"


def _measures(given: argparse.Namespace) -> dict[str, Callable[[MilvusTestServer], _Results]]:
    """Give each by its name. The last two kill their server again and again."""
    outages = given.outages or (recovering.OUTAGES if given.thorough else [5.0])
    if given.thorough:
        return {
            "loading": lambda _: loading.run(),
            "connecting": connecting.run,
            "cells": cells.run,
            "many": many.run,
            "idling": idling.run,
            "panel": panel.run,
            "lists": lists.run,
            "profiles": profiles.run,
            "starting": lambda _: sidebar.start(),
            "sidebar": sidebar.run,
            "tree": tree.run,
            "exploring": exploring.run,
            "diagnosing": diagnosing.run,
            "forking": forking.run,
            "watching": watching.run,
            "recovering": lambda server: recovering.run(server, outages),
        }
    return {
        "loading": lambda _: loading.run(3),
        "connecting": lambda server: connecting.run(server, 150, 4),
        "cells": lambda server: cells.run(server, 2),
        "many": lambda server: many.run(server, many.SOME),
        "idling": lambda server: idling.run(server, 2, 7, idling.SOME),
        "starting": lambda _: sidebar.start(6),
        "panel": panel.run,
        "lists": lists.run,
        "profiles": lambda server: profiles.run(server, 4),
        "sidebar": lambda server: sidebar.run(server, 5),
        "tree": lambda server: tree.run(server, (1, 1_000), (100,)),
        "exploring": lambda server: exploring.run(server, (1, 100)),
        "diagnosing": lambda server: diagnosing.run(server, runs=2),
        "forking": lambda server: forking.run(server, 40, 10),
        "watching": lambda server: watching.run(server, 2, 1, 2),
        "recovering": lambda server: recovering.run(server, outages),
    }


def main() -> None:
    """Run those that are named, or those that tell most, or all."""
    given = _arguments()
    measures = _measures(given)
    if unknown := set(given.names) - set(measures):
        there = " ".join(measures)
        raise SystemExit(f"No benchmark {', '.join(sorted(unknown))}. There are: {there}")
    versions = [f"{name} {importlib.metadata.version(name)}" for name in _PACKAGES]
    head = f"milvus_nb {__version__}, Python {platform.python_version()}, {', '.join(versions)}"
    print(f"{head}\n")
    found: dict[str, Any] = {}
    missing: list[str] = []
    start = time.monotonic()
    is_asked_for = bool(given.names or given.thorough)
    server = MilvusTestServer()
    try:
        wanted = given.names or [name for name in measures if given.thorough or name not in _NAMED]
        for name in [name for name in measures if name in wanted]:
            began = time.monotonic()
            left = _NAMED_S if is_asked_for else min(_ONE_S, start + _ALL_S - began)
            try:
                with _within(left):
                    results = measures[name](server)
            except TimeoutError as error:
                missing.append(name)
                print(f"[{name}: given up after {max(left, 0):.0f} s: {error}]\n", flush=True)
                continue
            print(*results, sep="\n\n", end="\n\n")
            print(f"[{name}: {time.monotonic() - began:.0f} s]\n", flush=True)
            found[name] = [result.as_json() for result in results]
    finally:
        server.stop()
    print(f"All of it took {time.monotonic() - start:.0f} s.")
    if given.save:
        _save(head, found)
    if missing:
        raise SystemExit(f"There was no time for {', '.join(missing)}.")


@contextlib.contextmanager
def _within(seconds: float) -> Iterator[None]:
    """Raise TimeoutError in whatever is waited for after so long, and again in its cleaning up."""

    def give_up(*_: object) -> None:
        raise TimeoutError("it took too long")

    if seconds <= 0:
        give_up()
    before = signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, seconds, _CLEANING_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _save(head: str, found: dict[str, Any]) -> None:
    """Keep what was measured beside what was not measured this time."""
    known = json.loads(_SAVED.read_text("utf-8")) if _SAVED.exists() else {"results": {}}
    results = {**known["results"], **found}
    text = json.dumps({"versions": head, "results": results}, indent=1, ensure_ascii=False)
    _SAVED.write_text(f"{text}\n", "utf-8")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", help="loading, connecting, …")
    parser.add_argument(
        "--outages",
        nargs="+",
        type=float,
        metavar="S",
        help="recovering: how long the server stays away, in seconds",
    )
    parser.add_argument("--thorough", action="store_true", help="more, and longer, measurements")
    parser.add_argument(
        "--save",
        action="store_true",
        help=f"keep the figures in {_SAVED.name}, of which the documentation's page is made",
    )
    return parser.parse_intermixed_args()


if __name__ == "__main__":
    main()
