"""Every error that this package raises.

::

    MilvusNbError
    ├── ParamsError          what the user wrote cannot be used (ConnectionConfigException)
    │   └── AliasError       the alias is unknown, taken, or one too many
    ├── ConnectError         the server could not be reached, or refused (MilvusException)
    ├── ExploreError         what was looked for in a database is not there, or was refused
    │   │                    (MilvusException)
    │   └── DeniedError      a privilege is missing
    ├── ProfileError         a profile, or a file of profiles, cannot be used
    ├── MissingExtraError    an optional package is not installed
    ├── MagicUsageError      a line of ``%milvus`` that cannot be understood
    └── ClosedError          the connection was disconnected, replaced, or shut down
        │                    (MilvusException)
        └── CancelError      what was under way was cancelled by somebody else

The names in brackets are pymilvus's classes. Code written for pymilvus catches those, so ours are
subclasses of them from the moment pymilvus is in the process. Importing pymilvus takes longer than
connecting does, so an error never imports it: who has a pymilvus class in an ``except`` clause has
imported it already (see :func:`join_pymilvus`).
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeVar

from .printing import printable

if TYPE_CHECKING:
    from .protocol import Action

E = TypeVar("E", bound=BaseException)

__all__ = [
    "Advice",
    "AliasError",
    "CancelError",
    "ClosedError",
    "ConnectError",
    "DeniedError",
    "Diagnosis",
    "ExploreError",
    "FailedState",
    "MagicUsageError",
    "MilvusNbError",
    "MissingExtraError",
    "Offer",
    "ParamsError",
    "ProfileError",
    "join_pymilvus",
    "without_frames",
]


FailedState = Literal["degraded", "unreachable", "rejected"]


@dataclass(frozen=True)
class Offer:
    """Something that a form can do about a failure, and what it takes for it.

    Attributes
    ----------
    action
        What is done.
    value
        The address, the field, the name or the seconds that it is done with; empty where the
        action says all.
    """

    action: Action
    value: str = ""


@dataclass(frozen=True)
class Advice:
    """What to do, for somebody who has a form: a line of ``%milvus`` has options, a form fields.

    Attributes
    ----------
    fix
        In words.
    offers
        What the form can do itself.
    """

    fix: str
    offers: tuple[Offer, ...] = ()


@dataclass(frozen=True)
class Diagnosis:
    """Why a connection fails.

    Attributes
    ----------
    cause
        A stable identifier, such as ``"wrong-password"``; see `milvus_nb.probing.causes`.
    reason
        Why, one line.
    fix
        What to do, one line, for a cell.
    state
        ``"unreachable"`` where no Milvus answered, ``"rejected"`` where one answered and refused,
        ``"degraded"`` where one answered and is not well.
    asked
        What was asked, such as ``"TCP connection"`` or ``"Connect (gRPC)"``.
    answered
        What was answered, as it came.
    took_ms
        How long that took, in milliseconds; None where nothing was measured.
    advice
        What to do, for a form; None where that is the same.
    """

    cause: str
    reason: str
    fix: str
    state: FailedState
    asked: str = ""
    answered: str = ""
    took_ms: float | None = None
    advice: Advice | None = None

    @property
    def evidence(self) -> str:
        """What was asked, what was answered, and how long it took, in one line."""
        took = "" if self.took_ms is None else f" ({self.took_ms:.1f} ms)"
        asked = f"{self.asked}: " if self.asked else ""
        return f"{asked}{self.answered or 'no answer'}{took}"


class MilvusNbError(Exception):
    """The base of all errors of this package.

    Parameters
    ----------
    what
        What happened, with the value that caused it. One line.
    reason
        Why. One line, or empty where `what` says it all.
    fix
        What the user can do next. One line, or empty.
    cause
        An identifier of the cause, such as ``"tls-file-missing"``; empty where there is none.
    advice
        What to do, for a form; by default that is `fix`.
    """

    #: Milvus's numeric error code, as pymilvus's exceptions have it. 1 means "unexpected".
    code: int = 1
    compatible_code: int = 1
    #: What was found out about the failure, where there is more to tell.
    diagnosis: Diagnosis | None = None

    def __init__(
        self,
        what: str,
        reason: str = "",
        fix: str = "",
        cause: str = "",
        advice: Advice | None = None,
    ) -> None:
        join_pymilvus()
        # Not super().__init__: once joined, that would be pymilvus's, with another signature.
        Exception.__init__(self, what, reason, fix)
        self.what = what
        self.reason = reason
        self.fix = fix
        self.cause = cause
        self.advice = Advice(fix) if advice is None else advice

    @property
    def lines(self) -> list[str]:
        """What, the reason and what to do, without the empty ones."""
        return [line for line in (self.what, self.reason, self.fix) if line]

    @property
    def message(self) -> str:
        """The same text as ``str(error)``; pymilvus's exceptions have this name for it."""
        return str(self)

    def __str__(self) -> str:
        return printable("\n".join(self.lines))

    def __repr__(self) -> str:
        return printable(f"{type(self).__name__}({self.what!r})")

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.what, self.reason, self.fix, self.cause, self.advice)

    def _render_traceback_(self) -> list[str]:
        """Give IPython the lines to show instead of a traceback."""
        return [printable(line) for line in self.lines]


class ParamsError(MilvusNbError):
    """A connection parameter cannot be used; nothing was sent anywhere."""

    code = 1


class AliasError(ParamsError):
    """The alias is unknown, in use with other parameters, or one more than the limit."""


class ConnectError(MilvusNbError):
    """The server could not be reached, or it refused.

    Parameters
    ----------
    what
        As in :class:`MilvusNbError`.
    diagnosis
        What was found out about the failure: the reason and what to do are its.
    """

    code = 2  # pymilvus: Status.CONNECT_FAILED

    def __init__(self, what: str, diagnosis: Diagnosis) -> None:
        found = diagnosis
        super().__init__(what, found.reason, found.fix, found.cause, found.advice)
        self.diagnosis = diagnosis

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.what, self.diagnosis)


class ExploreError(MilvusNbError):
    """What was looked for in a database is not there, or the server refused to show it."""


class DeniedError(ExploreError):
    """The user lacks a privilege.

    Parameters
    ----------
    what, reason, fix
        As in :class:`MilvusNbError`.
    privilege
        Its name, such as ``"Query"``; empty where the server does not say.
    grant
        What an administrator runs to give it, one line of pymilvus; else empty.
    """

    def __init__(
        self, what: str, reason: str = "", fix: str = "", *, privilege: str = "", grant: str = ""
    ) -> None:
        super().__init__(what, reason, fix, "denied")
        self.privilege = privilege
        self.grant = grant

    def __reduce__(self) -> tuple[object, ...]:
        return _denied, (self.what, self.reason, self.fix, self.privilege, self.grant)


class ProfileError(MilvusNbError):
    """A profile, or the file of profiles, cannot be used; nothing was sent anywhere."""


class MissingExtraError(MilvusNbError):
    """Something was asked for that needs a package which is not installed."""


class MagicUsageError(MilvusNbError):
    """A line of ``%milvus`` that cannot be understood."""


class ClosedError(MilvusNbError):
    """The connection was disconnected; it cannot be used any more."""


class CancelError(ClosedError):
    """What was under way was cancelled: in the panel, or by another thread."""


def without_frames(error: E) -> E:
    """Forget the frames that an error came through: their variables may hold a secret."""
    error.__context__ = None
    return error.with_traceback(None)


def _denied(what: str, reason: str, fix: str, privilege: str, grant: str) -> DeniedError:
    """Make one again that was pickled."""
    return DeniedError(what, reason, fix, privilege=privilege, grant=grant)


def join_pymilvus() -> None:
    """Make our errors subclasses of pymilvus's, if pymilvus has been imported.

    Called whenever one of our errors is made and when pymilvus is imported by this package.
    """
    theirs = sys.modules.get("pymilvus.exceptions")
    if theirs is None:
        return
    for ours, name in (
        (ParamsError, "ConnectionConfigException"),
        (ConnectError, "MilvusException"),
        (ClosedError, "MilvusException"),
        (ExploreError, "MilvusException"),
    ):
        base = getattr(theirs, name, None)
        if base is not None and base not in ours.__mro__:
            ours.__bases__ = (MilvusNbError, base)


join_pymilvus()
