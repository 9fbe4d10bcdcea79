"""What tests of the magic share."""

from __future__ import annotations

import pytest

from milvus_nb.magic import asked_names


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have Tab wait for a server's names, however slow the machine is."""
    monkeypatch.setattr(asked_names, "_WAIT_S", 30.0)
