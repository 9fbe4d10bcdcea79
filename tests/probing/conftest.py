"""What the tests of this room make failures of."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest

from tests.support.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    with contextlib.ExitStack() as stack:
        yield World(request, stack)
