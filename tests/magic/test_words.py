"""What the product says of itself is so: files, commands, options and targets that it names."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from milvus_nb.code import usage
from milvus_nb.magic import magics

if TYPE_CHECKING:
    from collections.abc import Iterator

    from IPython.core.interactiveshell import InteractiveShell

    from tests.support.servers import MilvusTestServer

ROOT = Path(__file__).parents[2]

# Where people read: code, help, pages, documents, notebooks.
_SOURCES = [
    path
    for pattern in ("milvus_nb/**/*.py", "lab/src/**/*.ts*", "lab/schema/*", "*.md", "notebooks/*")
    for path in sorted(ROOT.glob(pattern))
    if path.name != "CHANGELOG.md"
]


# "%milvus has no command …", "%milvus works", "%milvus alone": sentences about it.
_NO_COMMANDS = {"here", "alone", "has", "is", "line", "takes", "works"}


@pytest.fixture
def loaded(
    ip: InteractiveShell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[InteractiveShell]:
    """Give a shell with the extension, in a project of its own."""
    monkeypatch.setenv("MILVUS_NB_PROFILES", str(tmp_path / "mine" / "profiles.toml"))
    monkeypatch.chdir(tmp_path)
    magics.load(ip)
    yield ip
    magics.unload(ip)


def test_each_command_that_a_text_names_exists() -> None:
    """``%milvus X`` and ``%milvus profile X``, anywhere."""
    unknown = []
    for path in _SOURCES:
        text = path.read_text()
        for command, action in re.findall(r"(?<!%)%milvus ([a-z]+)\b(?: ([a-z]+)\b)?", text):
            actions = usage.PROFILE if command == "profile" else ()
            is_known = command in {*usage.PARSERS, *_NO_COMMANDS}
            if not is_known or (actions and action not in {*actions, *_NO_COMMANDS, ""}):
                unknown.append(f"{path.relative_to(ROOT)}: %milvus {command} {action}")
    assert unknown == []


def test_each_target_that_a_text_names_exists() -> None:
    """``make X``, where it is written as a command."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = re.compile(r"(?:`|^|run: |: )make ([a-z-]+)", re.MULTILINE)
    unknown = [
        f"{path.relative_to(ROOT)}: make {target}"
        for path in _SOURCES
        for target in named.findall(path.read_text())
        if target not in targets
    ]
    assert unknown == []


def test_profile_list_says_where_the_files_are(loaded: InteractiveShell, tmp_path: Path) -> None:
    """Whether there are profiles or not, and whether the file is there yet or not."""
    mine = str(tmp_path / "mine" / "profiles.toml")
    empty = loaded.run_line_magic("milvus", "profile list")
    for shown in (repr(empty), empty._repr_html_()):
        assert mine in shown
        assert "not there yet" in shown
    (tmp_path / "milvus.toml").write_text('[profiles.dev]\naddress = "localhost"\n')
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "profiles.toml").write_text('[profiles.own]\naddress = "localhost"\n')
    both = loaded.run_line_magic("milvus", "profile list")
    for shown in (repr(both), both._repr_html_()):
        assert mine in shown
        assert str(tmp_path / "milvus.toml") in shown
        assert "not there yet" not in shown


@pytest.mark.parametrize("action", usage.PROFILE)
def test_help_of_each_command_of_profiles(
    loaded: InteractiveShell, capsys: pytest.CaptureFixture[str], action: str
) -> None:
    """However it is asked for."""
    for line in (f"help profile {action}", f"profile {action} --help", f"profile help {action}"):
        loaded.run_line_magic("milvus", line)
        assert f"usage: %milvus profile {action}" in capsys.readouterr().out


def test_help_of_what_does_not_exist(
    loaded: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    """It names what is near."""
    for line, told in (
        ("help profile sav", "Did you mean save?"),
        ("help connect prod", "%milvus connect has no command 'prod'."),
        ("help conect", "Did you mean connect?"),
    ):
        with pytest.raises(Exception, match=re.escape(told)):
            loaded.run_line_magic("milvus", line)
    assert capsys.readouterr().out == ""


def test_a_secret_is_not_asked_for_where_it_could_not_be_kept(
    loaded: InteractiveShell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the package keyring, or with one that is switched off, nobody types in vain."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "profiles.toml").write_text(
        '[profiles.own]\naddress = "localhost"\nuser = "root"\n'
    )

    def asked(_: str = "") -> str:
        pytest.fail("it asked")

    monkeypatch.setattr("getpass.getpass", asked)
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "keyring", None)
        with pytest.raises(Exception, match="The package keyring is not installed"):
            loaded.run_line_magic("milvus", "profile secret own")
    import keyring
    from keyring.backends import fail

    before = keyring.get_keyring()
    keyring.set_keyring(fail.Keyring())  # type: ignore[no-untyped-call]  # theirs
    try:
        with pytest.raises(Exception, match="keyring"):
            loaded.run_line_magic("milvus", "profile secret own")
    finally:
        keyring.set_keyring(before)


def test_a_secret_is_not_asked_for_where_the_alias_is_in_use(
    loaded: InteractiveShell, milvus: MilvusTestServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a connection to somewhere else; the same line again asks, and gives what there is."""
    asked: list[str] = []

    def answer(prompt: str = "") -> str:
        asked.append(prompt)
        return "root:x"

    monkeypatch.setattr("getpass.getpass", answer)
    line = f"connect {milvus.address} --ask"
    found = loaded.run_line_magic("milvus", line)
    assert loaded.run_line_magic("milvus", line) is found
    assert len(asked) == 2
    for other in ("connect localhost:1 --ask", f"connect {milvus.address} --user bob --ask"):
        with pytest.raises(Exception, match="The alias default is connected"):
            loaded.run_line_magic("milvus", other)
    assert len(asked) == 2


def test_deleting_a_profile_says_what_was_done(
    loaded: InteractiveShell, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of the keyring only where a secret was in it."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "profiles.toml").write_text('[profiles.own]\naddress = "localhost"\n')
    loaded.run_line_magic("milvus", "profile delete own")
    told = capsys.readouterr().out
    assert told == f"Deleted own from {tmp_path / 'mine' / 'profiles.toml'}.\n"
