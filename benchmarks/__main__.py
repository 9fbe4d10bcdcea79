"""Print every benchmark: ``python -m benchmarks [loading] [connecting] [panel]``."""

from __future__ import annotations

import importlib.metadata
import platform
import sys

from benchmarks import connecting, loading, panel
from milvus_nb import __version__
from tests.servers import MilvusTestServer

_PACKAGES = ("pymilvus", "grpcio", "jupysql", "ipython", "ipykernel", "jupyterlab")


def main() -> None:
    """Run those that are named, or all."""
    wanted = sys.argv[1:] or ["loading", "connecting", "panel"]
    versions = [f"{name} {importlib.metadata.version(name)}" for name in _PACKAGES]
    print(f"milvus_nb {__version__}, Python {platform.python_version()}, {', '.join(versions)}\n")
    if "loading" in wanted:
        print(*loading.run(), sep="\n\n", end="\n\n", flush=True)
    if {"connecting", "panel"} & set(wanted):
        server = MilvusTestServer()
        try:
            if "connecting" in wanted:
                print(*connecting.run(server), sep="\n\n", end="\n\n", flush=True)
            if "panel" in wanted:
                print(*panel.run(server), sep="\n\n", end="\n\n", flush=True)
        finally:
            server.stop()


if __name__ == "__main__":
    main()
