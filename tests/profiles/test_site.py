"""The site's profiles: found where administrators alone write, below all others, never changed."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import jupyter_core.paths
import keyring
import pytest
from keyrings.alt.file import PlaintextKeyring

from milvus_nb.errors import ProfileError
from milvus_nb.magic import profile_connect
from milvus_nb.profiles import described, secrets
from milvus_nb.profiles.profile import Profile
from milvus_nb.profiles.shown import ProfileTable
from milvus_nb.profiles.store import ProfileStore
from tests.support.helpers import IS_ROOT, posix_only

if TYPE_CHECKING:
    from collections.abc import Callable

    from IPython.core.interactiveshell import InteractiveShell

    from milvus_nb import ConnectionRegistry

SITE = """
[profiles.prod]
address = "prod.example:19530"
user = "ada"
secret = "keyring"
[profiles.lab]
address = "lab.example:19530"
default = true
autoconnect = true
is_site = false
"""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the site's file, in the environment's config folder."""
    file = tmp_path / "etc/jupyter/milvus_nb/profiles.toml"
    file.parent.mkdir(parents=True)
    file.write_text(SITE)
    monkeypatch.setattr(jupyter_core.paths, "ENV_CONFIG_PATH", [str(tmp_path / "etc/jupyter")])
    monkeypatch.setattr(jupyter_core.paths, "SYSTEM_CONFIG_PATH", [])
    monkeypatch.delenv("MILVUS_URI", raising=False)
    return file


@pytest.fixture
def store(tmp_path: Path, site: Path) -> ProfileStore:
    (tmp_path / "work").mkdir()
    return ProfileStore(
        str(tmp_path / "work"), str(tmp_path), str(tmp_path / "config" / "profiles.toml")
    )


def project_of(store: ProfileStore, name: str, more: str = "") -> Path:
    file = Path(store.path).parent.parent / "work" / "milvus.toml"
    file.write_text(f'[profiles.{name}]\naddress = "theirs.example:1"\n{more}')
    return file


def test_it_is_there_for_everybody_and_says_whose_it_is(store: ProfileStore, site: Path) -> None:
    """In the table, to pages and over REST; nobody is asked before it is used."""
    found = store.find()
    assert list(found.profiles) == ["prod", "lab"]
    assert all(one.is_site and not one.is_project for one in found.profiles.values())
    assert store.is_allowed(store.get("prod"))
    shown = repr(ProfileTable(found))
    assert sum(line.split("  ")[-1].strip() == "site" for line in shown.splitlines()) == 2
    assert f"The site's, for administrators to change: {site}" in shown
    told = described.profiles(found)
    assert told["site_path"] == str(site)
    assert [one["is_site"] for one in told["profiles"]] == [True, True]
    assert [one["permit"] for one in told["profiles"]] == ["", ""]


def test_the_users_and_the_projects_win(store: ProfileStore) -> None:
    """By name; where theirs is broken, the site's is not taken in its place."""
    store.save(Profile("prod", "mine:1"))
    project_of(store, "lab")
    assert store.get("prod").address == "mine:1"
    assert store.get("lab").is_project
    store.delete("prod")
    assert store.get("prod").is_site
    Path(store.path).write_text('[profiles.prod]\naddress = ""\n')
    with pytest.raises(ProfileError, match="prod"):
        store.get("prod")
    Path(store.path).write_text("[[[")
    with pytest.raises(ProfileError, match="So it is not known"):
        store.meant_by("prod")


def test_a_broken_file_of_the_site_leaves_the_others(store: ProfileStore, site: Path) -> None:
    """It is told where it stands, and hides what it may have; no other profile."""
    store.save(Profile("mine", "h"))
    site.write_text(f"{SITE}[profiles.bad]\naddress = 3\n")
    assert store.get("mine").address == "h"
    assert store.get("prod").is_site
    with pytest.raises(ProfileError, match="address is a number"):
        store.get("bad")
    site.write_text("[[[")
    assert store.get("mine").address == "h"
    with pytest.raises(ProfileError, match="So it is not known"):
        store.get("prod")


def test_nobody_changes_it_here(store: ProfileStore, site: Path) -> None:
    """A sentence says who may; one of the user's own of the same name wins."""
    changes: tuple[Callable[[], object], ...] = (
        lambda: store.delete("prod"),
        lambda: store.rename("prod", "other"),
        lambda: store.save(Profile("prod", "h"), replace_it=True),
        lambda: store.put(store.get("prod")),
    )
    for change in changes:
        with pytest.raises(ProfileError, match="which administrators change") as refused:
            change()
        assert refused.value.cause == "site-profile"
    assert site.read_text() == SITE
    assert not os.path.exists(store.path)
    assert not store.save(Profile("prod", "h")).is_site


def test_its_default_is_the_last_that_counts(
    store: ProfileStore,
    connections: ConnectionRegistry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Behind the user's, and what the user's environment says."""
    connections.profiles = store
    known = profile_connect.default(connections)
    assert known is not None
    assert known.name == "lab"
    monkeypatch.setenv("MILVUS_URI", "localhost:1")
    assert profile_connect.default(connections) is None
    monkeypatch.delenv("MILVUS_URI")
    store.save(Profile("mine", "h", default=True))
    known = profile_connect.default(connections)
    assert known is not None
    assert known.name == "mine"


@posix_only
@pytest.mark.parametrize("how", ["file", "folder", "owner"])
def test_what_others_may_write_is_no_administrators(
    how: str, store: ProfileStore, site: Path
) -> None:
    """It is told, and no name that it may have is taken for a host."""
    if how == "owner":
        if not IS_ROOT:
            pytest.skip("only root may give a file away")
        os.chown(site, 65534, 65534)
    else:
        changed = site if how == "file" else site.parent
        changed.chmod(changed.stat().st_mode | stat.S_IWGRP)
    found = store.find()
    assert not found.profiles
    assert "is not used: " in str(found.problems[0]).lower()
    assert "administrator can" in found.problems[0].fix
    with pytest.raises(ProfileError, match="not known whether prod is a profile"):
        store.meant_by("prod")


def test_a_project_cannot_pose_as_the_site(
    store: ProfileStore, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No key of its file, and no variable of its environment, makes it one."""
    site.unlink()
    theirs = project_of(store, "evil", "is_site = true\n")
    other = theirs.parent / "milvus_nb" / "profiles.toml"
    other.parent.mkdir()
    other.write_text(SITE)
    for variable in ("JUPYTER_CONFIG_PATH", "JUPYTER_CONFIG_DIR", "XDG_CONFIG_DIRS"):
        monkeypatch.setenv(variable, str(theirs.parent))
    found = store.find()
    assert list(found.profiles) == ["evil"]
    assert found.profiles["evil"].is_project
    assert not found.profiles["evil"].is_site
    assert found.unasked == {"evil"}
    assert found.site_path == ""


def test_the_lines_of_the_magic(
    site: Path, ip: InteractiveShell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Edit and delete are refused; the user's own secret can be kept; it connects not by itself."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setattr(keyring.core, "_keyring_backend", PlaintextKeyring())
    monkeypatch.setattr("getpass.getpass", lambda *_, **__: "s3cret")
    ip.run_line_magic("load_ext", "milvus_nb")
    assert "lab" not in repr(ip.run_line_magic("milvus", "status"))
    ip.run_line_magic("milvus", "profile secret prod")
    profile = ProfileStore().get("prod")
    assert profile.is_site
    assert secrets.read(profile, profile.user)
    for line in ("edit prod db_name=x", "edit prod --rename x", "delete lab", "secret lab"):
        with pytest.raises(ProfileError, match="which administrators change"):
            ip.run_line_magic("milvus", f"profile {line}")
    assert site.read_text() == SITE
