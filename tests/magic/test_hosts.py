"""Where we are a guest: an old IPython, a kernel that is not ipykernel, an output in ASCII."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from milvus_nb.magic import magics, matcher
from milvus_nb.page import sidebar
from tests.support.kernels import Kernel, Terminal

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from tests.support.servers import MilvusTestServer


def path_with(name: str) -> str:
    """Give a PYTHONPATH on which another package comes first; `make test` installs it."""
    folder = Path(sys.prefix) / "hosts" / name
    if not folder.is_dir():
        missing = f"{folder} is not there: make .venv/hosts"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    return os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")]))


@pytest.mark.matrix
def test_an_old_ipython_lacks_completion_alone(
    tmp_path: Path, milvus_auth: MilvusTestServer
) -> None:
    """Colab has IPython 7.34: said once, and everything else works."""
    terminal = Terminal(tmp_path, {"PYTHONPATH": path_with("ipython-7.34")})
    try:
        assert "7.34.0" in terminal.execute("import IPython; IPython.__version__")
        told = terminal.execute("%load_ext milvus_nb")
        assert told == "IPython 7.34.0: Tab does not complete %milvus here; IPython 8.6 does."
        line = f"%milvus connect {milvus_auth.address} --user root --password nope"
        told = terminal.execute(line)
        assert "Wrong password for user root" in told
        assert "Traceback" not in told
        terminal.execute(f"%milvus connect {milvus_auth.address} --token {milvus_auth.root_token}")
        assert "default (current)" in terminal.execute("%milvus")
        assert "Nothing stands in the way." in terminal.execute("%milvus doctor")
        assert terminal.execute("%milvus disconnect") == "Disconnected default."
        assert terminal.execute("%unload_ext milvus_nb") == ""
    finally:
        terminal.stop()


@pytest.mark.matrix
def test_colabs_kernel(tmp_path: Path, milvus_auth: MilvusTestServer) -> None:
    """Its ipykernel 6.17 with IPython 7.34, which knows neither subshells nor a comm package."""
    kernel = Kernel(tmp_path, {"PYTHONPATH": path_with("colab")})
    try:
        kernel.run("import IPython, ipykernel")
        versions = kernel.run("IPython.__version__, ipykernel.__version__")
        assert "('7.34.0', '6.17.1')" in versions.text
        assert "Tab does not complete %milvus here" in kernel.run("%load_ext milvus_nb").text
        refused = kernel.execute(f"%milvus connect {milvus_auth.address} --user root --password no")
        assert "Wrong password for user root" in refused.traceback
        kernel.run(f"%milvus connect {milvus_auth.address} --token {milvus_auth.root_token}")
        assert "default (current)" in kernel.run("%milvus").text
        assert "Nothing stands in the way." in kernel.run("%milvus doctor").text
        panel = kernel.run("%milvus panel", cell_id="1")
        assert "application/vnd.jupyter.widget-view+json" in (panel.result or {})
        assert "Disconnected default." in kernel.run("%milvus disconnect").text
        assert kernel.run("%unload_ext milvus_nb").text == ""
    finally:
        kernel.stop()


@pytest.mark.matrix
def test_another_kernel_than_ipykernel(tmp_path: Path, milvus_auth: MilvusTestServer) -> None:
    """xeus-python has no log and other comms: all works but the sidebar, which needs those."""
    environment = {"PYTHONPATH": path_with("xeus-python")}
    kernel = Kernel(tmp_path, environment, module="xpython_launcher")
    try:
        assert "XKernel" in kernel.run("type(get_ipython().kernel)").text
        told = kernel.run("%load_ext milvus_nb")
        assert told.text == ""
        assert told.contents("comm_open") == []
        pasted = f'MilvusClient("http://{milvus_auth.address}", token="root:Milvus")'
        assert "A secret stands in this cell" in kernel.run(f"%milvus connect {pasted}").stdout
        assert "default (current)" in kernel.run("%milvus").text
        assert "Nothing stands in the way." in kernel.run("%milvus doctor").text
        panel = kernel.run("%milvus panel", cell_id="1")
        assert "application/vnd.jupyter.widget-view+json" in (panel.result or {})
        assert kernel.run("%unload_ext milvus_nb").text == ""
    finally:
        kernel.stop()


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_an_output_that_cannot_encode_our_signs(
    tmp_path: Path, milvus_auth: MilvusTestServer, encoding: str
) -> None:
    """Status, reports, errors, help and profiles are written with the signs that it can encode."""
    terminal = Terminal(
        tmp_path,
        {"PYTHONIOENCODING": encoding, "MILVUS_NB_PROFILES": str(tmp_path / "größe ✓.toml")},
        encoding=encoding,
    )
    address, told = milvus_auth.address, ""
    try:
        for line in (
            "%load_ext milvus_nb",
            f"%milvus connect {address} --token root:Milvus -a gr\u00f6\u00dfe",
            "%milvus",
            "%milvus status",
            "%milvus doctor",
            "%milvus profile save --name gr\u00f6\u00dfe --label \u2713",
            "%milvus profile list",
            "%milvus profile show gr\u00f6\u00dfe",
            "%milvus help",
            "%milvus help connect",
            "%milvus connect localhost:1 -a \u2713",
            "%milvus connect 'http://b\u00fccher/a/b'",
            "%milvus ping",
            "from milvus_nb import connections; print(connections, connections.current)",
            "try: connections.connect('n', uri='p\u00fc:x:y')\nexcept Exception as e: print(e)",
            "%milvus disconnect --all",
        ):
            written = line.encode(encoding, "ignore").decode(encoding)
            told += terminal.execute(f"get_ipython().run_cell({written!r});")
    finally:
        terminal.stop()
    assert "UnicodeEncodeError" not in told, told
    assert "Traceback" not in told, told
    assert "+ Sign in" in told
    assert "Nothing stands in the way." in told


def test_loading_is_all_or_nothing(ip: InteractiveShell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a part cannot be loaded, no other part stays behind."""

    def broken(*_: Any, **__: Any) -> None:
        raise AttributeError("log")

    before = list(ip.configurables)
    with monkeypatch.context() as patch:
        patch.setattr(sidebar, "open_for", broken)
        with pytest.raises(AttributeError):
            magics.load(ip)
    assert "milvus" not in ip.magics_manager.magics["line"]
    assert "milvus" not in ip.magics_manager.magics["cell"]
    assert not any(map(matcher.is_ours, ip.Completer.custom_matchers))
    assert ip.configurables == before
    magics.load(ip)
    assert "milvus" in ip.magics_manager.magics["line"]
    magics.unload(ip)
