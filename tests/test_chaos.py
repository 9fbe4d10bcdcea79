"""A minute of `tests.support.chaos`; ``MILVUS_NB_CHAOS_S`` makes it longer."""

from __future__ import annotations

import os
import random
from typing import TYPE_CHECKING

import pytest

from tests.support.chaos import Chaos

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.servers import MilvusTestServer

_SECONDS = float(os.environ.get("MILVUS_NB_CHAOS_S", "60"))


@pytest.mark.matrix
@pytest.mark.timeout(_SECONDS + 600)
def test_whatever_happens(make_milvus: Callable[..., MilvusTestServer]) -> None:
    """Only documented errors, nothing late, the truth in the end, and nothing left."""
    servers = [make_milvus(), make_milvus()]
    seed = random.randrange(10_000)  # noqa: S311  # hides nothing
    found = Chaos([], _SECONDS, seed=seed, freeze=servers).run()
    print(f"seed {seed}\n{found}")
    assert found.wrong == []
