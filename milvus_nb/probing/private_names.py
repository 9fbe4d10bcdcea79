"""Private names of other packages, each with what goes without it; here gRPC's.

Another version may not have them. Then what needs one says so, and all else goes on: `missed` has a
sentence for each that was looked for in vain. ``sdk.private_names`` has those of pymilvus.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

__all__ = [
    "AIO_LOOP", "ALL", "CLOSE_UNSERVED", "CORE", "CORE_STATE", "GoneError", "Private", "missed",
    "roots",
]  # fmt: skip


class GoneError(Exception):
    """A private name is not there any more."""

    def __init__(self, private: Private) -> None:
        super().__init__(private.sentence)
        self.private = private


@dataclass(frozen=True)
class Private:
    """A name that its package does not promise.

    Attributes
    ----------
    package
        As pip knows it.
    owner
        The class whose attribute it is.
    name
        The attribute.
    without
        What goes without it, as the end of a sentence.
    """

    package: str
    owner: str
    name: str
    without: str

    def get(self, thing: object) -> Any:
        """Give the attribute of an object, or of a class.

        Raises
        ------
        GoneError
            It is gone.
        """
        try:
            return getattr(thing, self.name)
        except AttributeError:
            self.note()
        raise GoneError(self)

    def find(self, thing: object) -> Any:
        """Give the attribute; None where it is gone, or where there is no object."""
        if thing is None:
            return None
        try:
            return self.get(thing)
        except GoneError:
            return None

    def put(self, thing: object, value: object) -> None:
        """Set the attribute; raises GoneError where nobody would look at it."""
        self.get(thing)
        setattr(thing, self.name, value)

    def note(self) -> None:
        """Take note that it is gone; see `missed`."""
        _missed[self] = None

    @property
    def sentence(self) -> str:
        """What a user has to know: the version, the name, and what goes without it."""
        try:
            version = importlib.metadata.version(self.package)
        except importlib.metadata.PackageNotFoundError:
            version = "here"
        return (
            f"{self.package} {version} has no {self.owner}.{self.name} any more, so {self.without}"
        )


_missed: Final[dict[Private, None]] = {}


def missed() -> list[str]:
    """Say what goes without a name that is gone, a sentence each."""
    return list(dict.fromkeys(private.sentence for private in list(_missed)))


# gRPC's: the core of a channel, which is written in C++, and how the rest of it reaches that.

_UNSEEN: Final = (
    "whether a connection has its socket cannot be seen, and a lost one is noticed with the next "
    "heartbeat."
)

#: Of a channel with threads and of one with asyncio. The public ways to what is done with it cost a
#: thread a channel, and need the event loop of the other.
CORE: Final = Private("grpcio", "Channel", "_channel", _UNSEEN)
CORE_STATE: Final = Private("grpcio", "Channel._channel", "check_connectivity_state", _UNSEEN)
#: Closes it and ends its calls itself, where no thread does: else closing waits for them for ever.
CLOSE_UNSERVED: Final = Private(
    "grpcio",
    "Channel._channel",
    "close_on_fork",
    "a connection stays open that was in use when there were no more threads.",
)
#: Where an async channel lives.
AIO_LOOP: Final = Private(
    "grpcio", "aio.Channel", "_loop", "an async client is closed without its event loop."
)

ALL: Final = (CORE, CORE_STATE, CLOSE_UNSERVED, AIO_LOOP)


def roots() -> str:
    """Give gRPC's file of the authorities that it trusts; where it is gone the system's, or ""."""
    found = importlib.util.find_spec("grpc")
    for folder in (found and found.submodule_search_locations) or ():
        file = Path(folder, "_cython", "_credentials", "roots.pem")
        if file.is_file():
            return str(file)
    return ssl.get_default_verify_paths().cafile or ""
