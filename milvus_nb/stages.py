"""The stages of connecting, reported while they happen.

A view that shows progress passes a function that gets the whole list each time something changes.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Literal

from . import diagnosis
from .blocking import run_blocking
from .diagnosis import ProbeError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .params import Endpoint

__all__ = ["STAGE_NAMES", "Stage", "Stages", "reach"]

STAGE_NAMES: Final = (
    "resolve", "tcp", "tls", "grpc", "sign_in", "version", "health", "database"
)  # fmt: skip

StageStatus = Literal["pending", "running", "ok", "failed", "skipped"]


@dataclass(frozen=True)
class Stage:
    """One stage.

    Attributes
    ----------
    name
        One of `STAGE_NAMES`.
    status
        ``"skipped"`` where the address has no such stage (no TLS, say).
    ms
        How long it took, in milliseconds; None until it ended.
    text
        Why it failed.
    """

    name: str
    status: StageStatus = "pending"
    ms: float | None = None
    text: str = ""


class Stages:
    """Records the stages of one attempt.

    Parameters
    ----------
    report
        Called on the monitor's thread with all stages, in order, whenever one changes.
    """

    def __init__(self, report: Callable[[list[Stage]], None] | None = None) -> None:
        self._report = report
        self._stages = {name: Stage(name) for name in STAGE_NAMES}

    @property
    def watched(self) -> bool:
        """Whether anybody wants to see them."""
        return self._report is not None

    @contextlib.contextmanager
    def run(self, name: str, *, also: str = "") -> Iterator[None]:
        """Time a stage; `also` names a second one that the same call goes through.

        A :class:`ProbeError` whose diagnosis is that the server *refused* belongs to the second.
        """
        start = time.perf_counter()
        self._set(name, status="running")
        try:
            yield
        except ProbeError as error:
            ms = (time.perf_counter() - start) * 1000
            refused = bool(also) and error.diagnosis.state == "rejected"
            if refused:
                self._set(name, status="ok", ms=ms)
            self._set(also if refused else name, status="failed", ms=ms, text=error.diagnosis.why)
            raise
        ms = (time.perf_counter() - start) * 1000
        self._set(name, status="ok", ms=ms)
        if also:
            self._set(also, status="ok", ms=ms)

    def skip(self, *names: str) -> None:
        """Mark stages that this address does not have."""
        for name in names:
            self._set(name, status="skipped")

    def _set(self, name: str, **changes: object) -> None:
        self._stages[name] = replace(self._stages[name], **changes)  # type: ignore[arg-type]
        if self._report is not None:
            self._report(list(self._stages.values()))


async def reach(endpoint: Endpoint, stages: Stages, deadline: float) -> None:
    """Go through the stages below gRPC: name, TCP, TLS. The sockets are closed again.

    Parameters
    ----------
    endpoint
        Where to go. A Unix socket has no name and no TLS, a Milvus Lite file none of the three.
    stages
        Where to record them.
    deadline
        Seconds for all of them together.

    Raises
    ------
    ProbeError
        Naming the stage's failure.
    """
    if endpoint.kind != "tcp":
        stages.skip("resolve", "tcp", "tls")
        return
    ends = time.monotonic() + deadline

    def left() -> float:
        return max(ends - time.monotonic(), 0.001)

    with stages.run("resolve"), _diagnosed(endpoint):
        found = await asyncio.wait_for(
            run_blocking(
                lambda: socket.getaddrinfo(
                    endpoint.host, endpoint.port, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG
                )
            ),
            left(),
        )
    with stages.run("tcp"), _diagnosed(endpoint):
        connection = await asyncio.wait_for(_tcp_connect(found), left())
    with connection:
        if not endpoint.secure:
            stages.skip("tls")
            return
        with stages.run("tls"), _diagnosed(endpoint):
            await asyncio.wait_for(_tls_handshake(endpoint, connection), left())


async def _tcp_connect(found: list[Any]) -> socket.socket:
    """Connect to the first address that accepts."""
    loop = asyncio.get_running_loop()
    refused: OSError | None = None
    for family, kind, protocol, _, address in found:
        connection = socket.socket(family, kind, protocol)
        connection.setblocking(False)  # noqa: FBT003
        try:
            await loop.sock_connect(connection, address)
        except OSError as error:
            connection.close()
            refused = refused or error
        except BaseException:
            connection.close()
            raise
        else:
            return connection
    raise refused or OSError("the name has no address")


async def _tls_handshake(endpoint: Endpoint, connection: socket.socket) -> None:
    tls = endpoint.tls
    context = ssl.create_default_context(cafile=tls.root_pem_path or None)
    context.set_alpn_protocols(["h2"])
    if tls.client_pem_path:
        context.load_cert_chain(tls.client_pem_path, tls.client_key_path)
    _, writer = await asyncio.open_connection(
        sock=connection, ssl=context, server_hostname=tls.server_name or endpoint.host
    )
    writer.transport.abort()


@contextlib.contextmanager
def _diagnosed(endpoint: Endpoint) -> Iterator[None]:
    try:
        yield
    except (OSError, asyncio.TimeoutError) as error:  # two classes before Python 3.11
        raise ProbeError(diagnosis.from_os_error(endpoint, error)) from None
