"""Mistakes of ours in what runs for ever: it goes on, and the log has each kind once."""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Once"]

_log = logging.getLogger(__name__)


class Once:
    """What one loop has logged already."""

    def __init__(self) -> None:
        self._logged: set[tuple[str, type[Exception]]] = set()

    @contextlib.contextmanager
    def logged(self, what: str) -> Iterator[None]:
        """Log an unexpected error within, with its traceback, unless that was said before.

        Parameters
        ----------
        what
            What failed, a sentence without its full stop.
        """
        try:
            yield
        except Exception as error:  # noqa: BLE001  # logged, and what runs for ever goes on
            known = what, type(error)
            if known not in self._logged:
                self._logged.add(known)
                _log.exception("%s; this is said once", what)
