"""The state of an endpoint, and all else that its last probe found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..probing.probe import Databases

if TYPE_CHECKING:
    from ..errors import Diagnosis
    from ..protocol import State

__all__ = ["Status"]


@dataclass(frozen=True)
class Status:
    """What the last probe of an endpoint found.

    Attributes
    ----------
    state
        See :class:`milvus_nb.registry.connection.Connection`.
    failure
        Why it is not ``connected``; None where it is, or was not asked yet.
    note
        What is worth knowing of a connection that works; empty otherwise.
    server_version
        As the server says it, such as ``"v2.3.5"``.
    checked_at
        When the probe ended, Unix seconds.
    since
        When the state began, Unix seconds.
    databases
        What was found when those that connections use were last looked for.
    """

    state: State
    failure: Diagnosis | None = None
    note: str = ""
    server_version: str = ""
    checked_at: float | None = None
    since: float = 0.0
    databases: Databases = Databases()  # noqa: RUF009  immutable

    @property
    def reason(self) -> str:
        """The words for why it is not ``connected``; empty otherwise."""
        return self.failure.reason if self.failure else ""
