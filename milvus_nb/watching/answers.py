"""What a server answered when it was asked for its state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from ..probing.diagnosis import ProbeError

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from ..probing.probe import Databases

__all__ = ["AUTHORIZATION_OFF", "Answers", "Errors"]

T = TypeVar("T")

AUTHORIZATION_OFF: Final = (
    "Authorization is off on this server: it accepts any user and password, "
    "so this sign-in proves nothing."
)


@dataclass(frozen=True)
class Answers:
    """What a server said.

    Attributes
    ----------
    unhealthy
        What it says is wrong with it; empty if nothing is.
    note
        What is worth knowing although it works; empty otherwise.
    databases
        What was found where some were looked for; None where not.
    """

    unhealthy: str = ""
    note: str = ""
    databases: Databases | None = None


class Errors:
    """What the calls over a connection that stands were answered with besides."""

    def __init__(self) -> None:
        self.said: list[str] = []

    async def keep(self, call: Awaitable[T]) -> T | None:
        """Await a call; None, and its error kept, where somebody who is there answers with one."""
        try:
            return await call
        except ProbeError as error:
            if not error.is_answer:
                raise
            self.said.append(error.diagnosis.reason)
        return None

    async def text(self, call: Awaitable[str]) -> str:
        """Await a call as `keep` does; the words of the error in place of a reply."""
        told = await self.keep(call)
        return self.said[-1] if told is None else told
