"""What holds where nobody says: seconds for connecting, between two heartbeats, for an answer."""

from __future__ import annotations

from typing import Final

__all__ = ["DEFAULT_DEADLINE_S", "DEFAULT_HEARTBEAT_S", "DEFAULT_TIMEOUT_S"]

DEFAULT_TIMEOUT_S: Final = 5.0
# A frozen server is noticed within the sum of both.
DEFAULT_HEARTBEAT_S: Final = 3.5
DEFAULT_DEADLINE_S: Final = 2.0
