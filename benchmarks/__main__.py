"""Print every benchmark: ``python -m benchmarks [names] [--outages S ...]``."""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import platform
from typing import TYPE_CHECKING

# gRPC writes each failed handshake to standard error otherwise. Read once, when it is imported.
os.environ.setdefault("GRPC_VERBOSITY", "ERROR")

from benchmarks import (
    connecting,
    diagnosing,
    exploring,
    forking,
    idling,
    loading,
    panel,
    profiles,
    recovering,
    sidebar,
    watching,
)
from milvus_nb import __version__
from tests.support.servers import MilvusTestServer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.report import Figures, Table

_PACKAGES = ("pymilvus", "grpcio", "jupysql", "ipython", "ipykernel", "jupyterlab")


def main() -> None:
    """Run those that are named, or all. The last two kill their server again and again."""
    given = _arguments()
    with_server: dict[str, Callable[[MilvusTestServer], Sequence[Figures | Table]]] = {
        "connecting": connecting.run,
        "panel": panel.run,
        "profiles": profiles.run,
        "sidebar": lambda server: sidebar.run(server, 5) if given.quick else sidebar.run(server),
        "exploring": lambda server: (
            exploring.run(server, (1, 100)) if given.quick else exploring.run(server)
        ),
        "diagnosing": lambda server: diagnosing.run(server, runs=2 if given.quick else 5),
        "forking": lambda server: (
            forking.run(server, 40, 10) if given.quick else forking.run(server)
        ),
        "idling": lambda server: idling.run(server, 2, 5) if given.quick else idling.run(server),
        "watching": lambda server: (
            watching.run(server, 2, 1, 2) if given.quick else watching.run(server)
        ),
        "recovering": lambda server: recovering.run(server, given.outages),
    }
    names = ["loading", *with_server]
    wanted = given.names or names
    if unknown := set(wanted) - set(names):
        raise SystemExit(f"No benchmark {', '.join(sorted(unknown))}. There are: {' '.join(names)}")
    versions = [f"{name} {importlib.metadata.version(name)}" for name in _PACKAGES]
    print(f"milvus_nb {__version__}, Python {platform.python_version()}, {', '.join(versions)}\n")
    if "loading" in wanted:
        print(*loading.run(), sep="\n\n", end="\n\n", flush=True)
    measures = [measure for name, measure in with_server.items() if name in wanted]
    if measures:
        server = MilvusTestServer()
        try:
            for measure in measures:
                print(*measure(server), sep="\n\n", end="\n\n", flush=True)
        finally:
            server.stop()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", help="loading, connecting, …; all if none is named")
    parser.add_argument(
        "--outages",
        nargs="+",
        type=float,
        default=recovering.OUTAGES,
        metavar="S",
        help="recovering: how long the server stays away, in seconds",
    )
    parser.add_argument("--quick", action="store_true", help="fewer and shorter measurements")
    return parser.parse_intermixed_args()


if __name__ == "__main__":
    main()
