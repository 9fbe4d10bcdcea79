"""The calls of a probe, over one channel: its socket is the watch's, and is closed here.

Everything here runs on the monitor's event loop, and fails with `ProbeError`.
"""

from __future__ import annotations

import asyncio
import re
import socket
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import grpc

from .._version import __version__
from . import diagnosis, wire
from .channel import call_metadata, close_channel, connectivity, is_connecting, open_channel
from .diagnosis import ProbeError
from .forks import GATE
from .grpc_call import NoThreadError, answer
from .lookout import lookout
from .outside import MOST_VERSION, names, reasons, said
from .proxies import port_of
from .sockets import all_closed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ..errors import Diagnosis
    from ..params.endpoint import Endpoint

__all__ = ["Answer", "Databases", "Probe"]

# While gRPC connects, it is looked at this often, in seconds.
_FIRST_LOOK_S: Final = 0.0005
_LAST_LOOK_S: Final = 0.01

_READY: Final = grpc.ChannelConnectivity.READY

_NOT_OFFERED: Final = (grpc.StatusCode.UNIMPLEMENTED, grpc.StatusCode.PERMISSION_DENIED)

# With all other codes somebody who is there answers: it could not, it would not just now.
_NO_ANSWER: Final = (
    *_NOT_OFFERED,
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.UNAUTHENTICATED,
)
# Causes that are neither a refusal nor somebody else's words for that Milvus is not there.
_ANSWERS: Final = ("limited", "server-error", "starting", "unknown")

_DATABASE_NOT_FOUND: Final = 800  # Milvus's error code (pkg/util/merr/errors.go)
_HEADER_TEXT: Final = re.compile(r"[\x20-\x7e]+")  # what gRPC sends as it is


@dataclass(frozen=True)
class Databases:
    """What was found where databases were looked for.

    Attributes
    ----------
    listed
        Their names; None where the server does not tell. It tells those that the user may see.
    missing
        Those of the wanted ones that the server does not have.
    """

    listed: frozenset[str] | None = None
    missing: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Answer:
    """What came of a call that reached a Milvus.

    Attributes
    ----------
    reply
        The message; None where the server refused, in gRPC's words, to give one.
    refusal
        The name of gRPC's status then, such as ``"PERMISSION_DENIED"``, ``"UNIMPLEMENTED"``; else
        empty.
    said
        The words that came with it.
    """

    reply: Any = None
    refusal: str = ""
    said: str = ""


class Probe:
    """One channel to an endpoint, opened here; it connects with the first call.

    Parameters
    ----------
    endpoint
        Where to probe, and with which credentials.
    target
        gRPC's name for the place.

    Raises
    ------
    ProbeError
        A TLS file went away since the parameters were checked.
    """

    def __init__(self, endpoint: Endpoint, target: str) -> None:
        self._endpoint = endpoint
        self._metadata = call_metadata(endpoint)
        self._port = port_of(endpoint)
        self._is_closed = False
        self._lost: asyncio.Future[None] | None = None
        self._has_answered = False
        self.is_unserved = False
        """Whether gRPC had no thread for a call: it answers none any more."""
        self._callables: dict[str, Any] = {}
        self._there: set[str] = set()  # databases that were signed in to
        try:
            with GATE.passing():
                self._channel = open_channel(endpoint, target)
        except OSError as error:
            raise ProbeError(diagnosis.from_os_error(endpoint, error)) from None

    async def close(self) -> None:
        """Close the socket. Calls that are under way fail."""
        self._is_closed = True
        self._callables.clear()
        lookout().forget(self._channel)
        async with all_closed(int(self.is_connected()), self._port):
            self._close()

    def drop(self) -> None:
        """Have the socket be closed, soon."""
        self._is_closed = True
        self._callables.clear()
        self._close()

    def _close(self) -> None:
        with GATE.passing():
            close_channel(self._channel, is_served=not self.is_unserved)

    def is_connecting(self) -> bool:
        """Have it connect, before there is a call; tell whether that goes on."""
        with GATE.passing():
            return is_connecting(self._channel)

    async def ready(self) -> None:
        """Wait until it has connected, or cannot."""
        pause = _FIRST_LOOK_S
        while self.is_connecting():
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LAST_LOOK_S)

    def lost(self) -> asyncio.Future[None] | None:
        """Give what ends when the connection is lost; None where there is none now."""
        # One that has answered was connected, and is noticed to be lost also where it already is.
        if self._lost is None:
            state = self._connectivity()
            if state is not None and (self._has_answered or state is _READY):
                self._lost = lookout().lost(self._channel)
        return self._lost

    def is_lost(self) -> bool:
        """Tell whether a connection that was there is lost, or of no use any more."""
        return self.is_unserved or (self._lost is not None and not self.is_connected())

    def is_connected(self) -> bool:
        """Tell whether it has a socket at this moment."""
        return self._connectivity() is _READY

    def _connectivity(self) -> grpc.ChannelConnectivity | None:
        with GATE.passing():
            return connectivity(self._channel)

    # The calls

    async def sign_in(self, limit: float | None = None) -> str:
        """Announce this client (Connect), as SDKs do; give the server's version if it tells it."""
        reply = await self._call(wire.Connect, limit=limit, client_info=self._client_info())
        self._refuse(reply.status)
        return said(self._endpoint, reply.server_info.build_tags, MOST_VERSION)

    def is_well_at_once(self, limit: float) -> bool:
        """Ask for its health without awaiting it; False also where it fails, or is late."""
        reply = self._call_at_once(wire.CheckHealth, limit)
        return reply is not None and not _wrong(self._endpoint, reply)

    def _client_info(self) -> dict[str, str]:
        return {
            "sdk_type": "milvus_nb",
            "sdk_version": __version__,
            "local_time": time.strftime("%Y-%m-%d %H:%M:%S"),
            "user": self._endpoint.user,
            "host": socket.gethostname(),
        }

    async def accepts_anyone(self) -> bool:
        """Tell whether it answers also without credentials: then they prove nothing."""
        try:
            reply = await self._call(wire.GetVersion, metadata=())
        except ProbeError:
            return False
        return not _failed(reply.status)

    async def version(self, limit: float | None = None) -> str:
        """Ask for the server's version, such as ``"v2.3.5"``; `limit` in seconds."""
        reply = await self._call(wire.GetVersion, limit=limit)
        self._refuse(reply.status)
        return said(self._endpoint, reply.version, MOST_VERSION)

    def version_at_once(self, limit: float) -> str | None:
        """Ask for it without awaiting that; None where it fails, or takes more than `limit` s."""
        reply = self._call_at_once(wire.GetVersion, limit)
        if reply is None or _failed(reply.status):
            return None
        return said(self._endpoint, reply.version, MOST_VERSION)

    async def health(self, limit: float | None = None) -> str:
        """Ask for what is wrong with the server; nothing if it is healthy or does not tell."""
        reply = await self._call(wire.CheckHealth, optional=True, limit=limit)
        return "" if reply is None else _wrong(self._endpoint, reply)

    async def databases(self, limit: float | None = None) -> list[str] | None:
        """List the databases, or None where the server does not tell (too old, or not allowed)."""
        reply = await self._call(wire.ListDatabases, optional=True, limit=limit)
        if reply is None or _failed(reply.status):
            return None
        return names(self._endpoint, reply.db_names)

    async def look_for(
        self,
        wanted: Iterable[str],
        left: Callable[[], float | None] = lambda: None,
        *,
        anew: bool = True,
    ) -> Databases:
        """Tell which databases there are not, also where the user may not list them.

        Parameters
        ----------
        wanted
            Their names.
        left
            Tells how many seconds there are.
        anew
            Whether those are looked for again that can only be found by signing in to them, and
            were. The server lists each sign-in as a client, for a day.
        """
        found = await self.databases(left())
        listed = None if found is None else frozenset(found)
        missing = frozenset(wanted) - (listed or frozenset())
        if self._endpoint.kind != "lite":  # which lists them all
            asked = missing if anew else missing - self._there
            missing = frozenset([name for name in asked if not await self._has(name, left())])
        elif listed is None:
            missing = frozenset()
        return Databases(listed, missing)

    async def _has(self, database: str, limit: float | None) -> bool:
        """Tell whether there is a database: signing in to it fails where there is not."""
        if not _HEADER_TEXT.fullmatch(database):
            return False  # Milvus's names are letters, digits and underscores
        reply = await self._call(
            wire.Connect,
            limit=limit,
            metadata=(*self._metadata, ("dbname", database)),
            client_info=self._client_info(),
        )
        status = reply.status
        # Before 2.3.2 there was no such code, and its words were all there is.
        if status.code == _DATABASE_NOT_FOUND or status.reason.startswith("database not found"):
            self._there.discard(database)
            return False
        self._refuse(status)
        self._there.add(database)
        return True

    async def ask(
        self, method: wire.Method, limit: float, database: str = "", **fields: Any
    ) -> Answer:
        """Make a call that is none of a probe's, and hand on what the server says to it.

        Parameters
        ----------
        method
            Of Milvus's service.
        limit
            Seconds.
        database
            Where; the server's own default one if empty.
        **fields
            Of the request.

        Raises
        ------
        ProbeError
            No Milvus answered, or it did not take the credentials.
        """
        if database and not _HEADER_TEXT.fullmatch(database):
            return Answer(None, "NOT_FOUND", "database not found")
        metadata = (*self._metadata, ("dbname", database)) if database else self._metadata
        try:
            return Answer(await self._call(method, limit=limit, metadata=metadata, **fields))
        except _RefusedError as error:
            return Answer(None, error.code.name, error.said)

    async def _call(
        self,
        method: wire.Method,
        *,
        optional: bool = False,
        limit: float | None = None,
        metadata: tuple[tuple[str, str], ...] | None = None,
        **fields: Any,
    ) -> Any:
        """Call the server; None where an `optional` call is not known or not allowed there."""
        headers = self._metadata if metadata is None else metadata
        call = self._callable(method)
        if not threading.main_thread().is_alive():
            # The interpreter ends. gRPC cannot start a thread any more (Python 3.12), and Milvus
            # Lite not answer.
            raise ProbeError(diagnosis.connection_lost(self._endpoint))
        try:
            if self.is_unserved:
                raise NoThreadError
            code, details, has_metadata, reply = await answer(
                call, method.request(**fields), headers, limit
            )
        except NoThreadError as error:
            self.is_unserved = True
            raise ProbeError(diagnosis.of(self._endpoint, "no-threads", str(error))) from None
        if code is grpc.StatusCode.OK:
            self._has_answered = True
            return reply
        if self._is_closed:
            failure = diagnosis.connection_lost(self._endpoint)
        elif limit is not None and code is grpc.StatusCode.DEADLINE_EXCEEDED:
            failure = diagnosis.silent(self._endpoint, "", limit)
        else:
            state = self._connectivity()
            failure = diagnosis.from_rpc(
                self._endpoint,
                code,
                details,
                method.name,
                channel=state.name if state is not None else "",
                has_metadata=has_metadata,
            )
        del call  # an error keeps this frame, a call keeps the socket
        # A gateway says the same where nothing gets through to Milvus any more.
        is_milvus = not failure.cause.startswith("gateway") and "unknown service" not in details
        if optional and code in _NOT_OFFERED and is_milvus:
            return None
        cause = failure.cause
        is_answer = (cause == "limited" or code not in _NO_ANSWER) and cause in _ANSWERS
        if is_milvus and (is_answer or code in _NOT_OFFERED):
            raise _RefusedError(failure, code, said(self._endpoint, details), is_answer=is_answer)
        raise ProbeError(failure, is_answer=is_answer)

    def _call_at_once(self, method: wire.Method, limit: float, **fields: Any) -> Any:
        """Call the server while the event loop waits; None where it has not answered well by then.

        To await a call takes a thread of gRPC's and two hand-overs: as long again as the call.
        """
        try:
            with GATE.passing():
                reply = self._callable(method)(method.request(**fields), limit, self._metadata)
        except (grpc.RpcError, ValueError):  # or the channel was closed
            return None
        self._has_answered = True
        return reply

    def _callable(self, method: wire.Method) -> Any:
        found = self._callables.get(method.name)
        if found is None:
            found = self._callables[method.name] = self._channel.unary_unary(
                method.path, method.request.SerializeToString, method.response.FromString
            )
        return found

    def _refuse(self, status: Any) -> None:
        if _failed(status):
            code = status.code or status.error_code
            failure = diagnosis.server_refused(self._endpoint, code, status.reason)
            raise ProbeError(failure, is_answer=failure.cause in _ANSWERS)


class _RefusedError(ProbeError):
    """A Milvus that is there refused one call, by a status of gRPC's."""

    def __init__(
        self, found: Diagnosis, code: grpc.StatusCode, said: str, *, is_answer: bool
    ) -> None:
        super().__init__(found, is_answer=is_answer)
        self.code = code
        self.said = said


def _failed(status: Any) -> bool:
    return bool(status.code or status.error_code)


def _wrong(endpoint: Endpoint, reply: Any) -> str:
    """Say what is wrong with a server that answered CheckHealth so; nothing if it is healthy."""
    quotas = [wire.QUOTA_STATES[q] for q in reply.quota_states if q in wire.QUOTA_STATES]
    if reply.isHealthy and not quotas:
        return ""
    told = reasons(endpoint, reply.reasons, len(reply.reasons))
    if _failed(reply.status):
        told.append(said(endpoint, reply.status.reason))
    wrong = [text for text in (*told, *dict.fromkeys(quotas)) if text]
    return "; ".join(wrong) or "the server calls itself unhealthy"
