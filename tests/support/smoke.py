"""The whole way once, with nothing but what a user installs: ``python smoke.py [ADDRESS]``.

It imports nothing of the tests', so that it runs in an environment that has none of what they need.
"""

from __future__ import annotations

import importlib.metadata
import os
import sys
import tempfile

from IPython.core.interactiveshell import InteractiveShell


def main(address: str = "") -> None:
    """Load, connect, look, show, disconnect and unload; any failure ends it."""
    os.environ["MILVUS_NB_PROFILES"] = os.path.join(os.getcwd(), "profiles.toml")
    shell = InteractiveShell.instance()

    def milvus(line: str) -> object:
        return shell.run_line_magic("milvus", line)

    shell.run_line_magic("load_ext", "milvus_nb")
    import milvus_nb

    places = {"lite": "./demo.db", **({"server": address} if address else {})}
    for alias, place in places.items():
        milvus(f"connect {place} -a {alias} --timeout 60")
        connection = milvus_nb.connections[alias]
        assert connection.state == "connected", connection
        name = f"smoke_{os.getpid()}"
        client = connection.client
        client.create_collection(name, dimension=3)
        client.insert(name, [{"id": 1, "vector": [1.0, 0.0, 0.0]}])
        assert name in repr(milvus(f"ls {alias}"))
        client.drop_collection(name)
        assert connection.diagnose().ok
        milvus(f"profile save {alias} --secret none")
    status = repr(milvus("status"))
    assert all(alias in status for alias in places), status
    assert "lite" in repr(milvus("profile list"))
    panel = milvus_nb.panel()
    assert panel.model_id
    panel.close()
    milvus("disconnect --all")
    assert not list(milvus_nb.connections)
    shell.run_line_magic("unload_ext", "milvus_nb")
    names = ("pymilvus", "grpcio", "ipython", "milvus-lite")
    versions = [f"{name} {importlib.metadata.version(name)}" for name in names]
    print(f"Python {sys.version.split()[0]}, {', '.join(versions)}: all went well")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        main(*sys.argv[1:])
        os.chdir(os.pardir)
