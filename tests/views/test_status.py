"""What is said of connections, in the same words wherever it is said."""

from __future__ import annotations

import json
from pathlib import Path

from milvus_nb.views.status import duration

AGES = Path(__file__).parents[2] / "lab" / "test" / "state" / "ages.json"


def test_an_age_is_given_as_the_page_gives_it() -> None:
    """The page's own test reads the same table."""
    table = json.loads(AGES.read_text())
    assert [[seconds, duration(seconds)] for seconds, _ in table] == table
