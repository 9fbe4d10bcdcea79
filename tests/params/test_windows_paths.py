"""Paths of Windows: Milvus Lite's databases, PEM files, and lines of ``%milvus`` with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from milvus_nb.code.arguments import raw_words
from milvus_nb.code.snippets.quoting import magic_word
from milvus_nb.params import address, files, values
from milvus_nb.params.parsing import parse
from tests.support.as_on_windows import WindowsFiles

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def drives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    r"""Have two drives: C:, where we are, with folders x and "y z", and D:."""
    for folder in ("C/x", "C/y z", "D"):
        (tmp_path / folder).mkdir(parents=True)
    system = WindowsFiles({"C:": tmp_path / "C", "D:": tmp_path / "D"})
    for module in (address, files, values):
        monkeypatch.setattr(module, "os", system)
    return tmp_path


@pytest.mark.parametrize(
    ("written", "path", "shown"),
    [
        (r"C:\x\demo.db", r"C:\x\demo.db", r".\x\demo.db"),
        ("C:/x/demo.db", r"C:\x\demo.db", r".\x\demo.db"),
        ("c:/x/demo.db/", r"c:\x\demo.db", r".\x\demo.db"),
        ("C:\\x\\demo.db\\", r"C:\x\demo.db", r".\x\demo.db"),
        (r"C:\y z\demo.db", r"C:\y z\demo.db", r".\y z\demo.db"),
        (r".\demo.db", r"C:\demo.db", r".\demo.db"),
        (r"x\demo.db", r"C:\x\demo.db", r".\x\demo.db"),
        (r"D:\demo.db", r"D:\demo.db", r"D:\demo.db"),
        ("file:///C:/x/demo.db", r"C:\x\demo.db", r".\x\demo.db"),
        ("file:///C:/y%20z/demo.db", r"C:\y z\demo.db", r".\y z\demo.db"),
        ("FILE://localhost/d:/demo.db", r"d:\demo.db", r"d:\demo.db"),
    ],
)
def test_a_lite_database_on_windows(drives: Path, written: str, path: str, shown: str) -> None:
    """By drive, with either slash, or as a URI; what is shown can be typed."""
    endpoint = parse(uri=written, env={}).endpoint
    assert (endpoint.kind, endpoint.path, endpoint.address) == ("lite", path, shown)
    assert raw_words(f"connect {magic_word(shown)}") == ["connect", shown]
    assert parse(uri=shown, env={}).endpoint.path.upper() == path.upper()


@pytest.mark.parametrize("written", [r"C:\x\no\demo.db", r"E:\demo.db", "file://C:/x/demo.db"])
def test_where_no_database_can_be_on_windows(drives: Path, written: str) -> None:
    """The folder is missing, or the drive; or a slash."""
    with pytest.raises(Exception, match=r"There is no folder|three slashes"):
        parse(uri=written, env={})


@pytest.mark.parametrize("written", [r"C:\x\ca.pem", "C:/x/ca.pem", "file:///C:/x/ca.pem"])
def test_a_pem_file_on_windows(drives: Path, written: str) -> None:
    """It is found, and known by one name."""
    (drives / "C/x/ca.pem").touch()
    assert values.file_path("ca_pem_path", written) == r"C:\x\ca.pem"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (r"connect C:\x\demo.db -a b", ["connect", r"C:\x\demo.db", "-a", "b"]),
        (r"connect C:\\x\\demo.db", ["connect", r"C:\x\demo.db"]),
        (r'connect "C:\y z\demo.db"', ["connect", r"C:\y z\demo.db"]),
        (r"connect .\demo.db", ["connect", r".\demo.db"]),
        (r"connect ~\x\demo.db", ["connect", r"~\x\demo.db"]),
        (r"connect \\nas\share\demo.db", ["connect", r"\\nas\share\demo.db"]),
        (r"connect h --ca-pem-path=C:\c\ca.pem", ["connect", "h", r"--ca-pem-path=C:\c\ca.pem"]),
        # A shell's rules hold where it is no path of Windows.
        (r"connect h --password a\ b\\c", ["connect", "h", "--password", r"a b\c"]),
        (r"connect h --password \\ab", ["connect", "h", "--password", r"\ab"]),
        (r"connect ./a\ b.db", ["connect", "./a b.db"]),
    ],
)
def test_backslashes_in_a_line(line: str, words: list[str]) -> None:
    """Those of a Windows path are no escapes, whether it stands in quotes or not."""
    assert raw_words(line) == words
