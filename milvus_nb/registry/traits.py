"""What a connection tells of itself, as traits that can be observed."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

from traitlets import Bool, Float, HasTraits, List, Unicode, default

from ..errors import Advice
from ..watching.callbacks import survive

if TYPE_CHECKING:
    from ..errors import Diagnosis
    from ..params.endpoint import ConnectionParams
    from ..protocol import Auth, State

__all__ = ["ConnectionTraits"]

_log = logging.getLogger(__name__)


class ConnectionTraits(HasTraits):
    """The traits of a `Connection`, which says what each of them is."""

    alias = Unicode(read_only=True)
    address = Unicode(read_only=True)
    user = Unicode(read_only=True)
    auth = Unicode("none", read_only=True)  # one of Auth
    db_name = Unicode("default", read_only=True)
    secure = Bool(read_only=True)
    state = Unicode("connecting", read_only=True)  # one of State
    cause = Unicode(read_only=True)
    reason = Unicode(read_only=True)
    note = Unicode(read_only=True)
    fix = Unicode(read_only=True)
    server_version = Unicode(read_only=True)
    # Without bounds no default has to be checked against them, for each connection anew.
    since = Float(read_only=True, min=None, max=None)
    connected_at = Float(None, allow_none=True, read_only=True, min=None, max=None)
    origin = Unicode("milvus_nb", read_only=True)
    users = List(Unicode(), read_only=True)

    def __init__(self, alias: str, params: ConnectionParams, origin: str) -> None:
        super().__init__()
        self.params = params
        #: What to do about its state, for a form.
        self.advice = Advice("")
        self._set(origin=origin, alias=alias, since=time.time())
        if params.db_name:
            self._set(db_name=params.db_name)

    # What stays as it is, is looked at when somebody wants to see it.

    @default("address")
    def _address(self) -> str:
        return self.params.address

    @default("user")
    def _user(self) -> str:
        return self.params.user

    @default("auth")
    def _auth(self) -> Auth:
        return self.params.auth

    @default("secure")
    def _secure(self) -> bool:
        return self.params.secure

    @property
    def has_failed(self) -> bool:
        """Whether the server cannot be reached, or refuses."""
        return self.state in ("unreachable", "rejected")

    def _set_state(self, state: State, failure: Diagnosis | None = None, note: str = "") -> None:
        self.advice = Advice("") if failure is None else failure.advice or Advice(failure.fix)
        self._set(
            cause=failure.cause if failure else "",
            reason=failure.reason if failure else "",
            fix=failure.fix if failure else "",
            note=note,
            # Its own: the endpoint may have been watched for another one for long.
            since=self.since if state == self.state else time.time(),
            state=state,
        )

    def _set(self, **values: Any) -> None:
        for name, value in values.items():
            if getattr(self, name) == value:
                continue
            try:
                self.set_trait(name, value)  # the value is set before observers are called
            except BaseException:  # noqa: BLE001
                survive(_log, f"An observer of the connection {self.alias} failed")
