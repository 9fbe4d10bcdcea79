"""What pages have asked for, so that what is asked again is done once.

A message may be lost on its way, or its answer: a subshell has ended with it, a websocket was
replaced, Jupyter's server has dropped it beside a flood of output. So a page that hears nothing of
a question sends it again, under the same id.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Questions"]

# So many questions are remembered with their answers; a page gives up long before that.
_MOST: Final = 500


class Questions:
    """The questions that were taken, and what was answered. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answers: dict[int, Mapping[str, Any] | None] = {}  # in the order of their arrival

    def take(self, number: int) -> bool:
        """Take a question; tell whether it is a new one."""
        with self._lock:
            if number in self._answers:
                return False
            self._answers[number] = None
            while len(self._answers) > _MOST:
                del self._answers[next(iter(self._answers))]
            return True

    def knows(self, number: int) -> bool:
        """Tell whether a question was taken."""
        with self._lock:
            return number in self._answers

    def keep(self, message: Mapping[str, Any]) -> None:
        """Keep an answer for those who have not heard it; of a question that was taken."""
        with self._lock:
            if message.get("id") in self._answers:
                self._answers[message["id"]] = message

    def answer(self, number: int) -> Mapping[str, Any] | None:
        """Give what was answered; None where it is not, or not remembered."""
        with self._lock:
            return self._answers.get(number)
