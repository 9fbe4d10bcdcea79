"""The server of a Milvus Lite file: started for its watch, and stopped with it."""

from __future__ import annotations

import asyncio
import functools
from typing import TYPE_CHECKING, Final

from ..probing import diagnosis
from ..probing.blocking import run_blocking, run_closing
from ..probing.diagnosis import ProbeError
from ..probing.waiting import result_of
from ..sdk import lite

if TYPE_CHECKING:
    from ..params.endpoint import Endpoint

__all__ = ["LiteServer"]

# So long it may take to start, in seconds; usually it takes one, but more where Python has to
# compile first what it imports, on a machine that is busy.
_START_S: Final = 60.0


class LiteServer:
    """Serves the file of an endpoint; nothing, where that is no Milvus Lite file.

    Parameters
    ----------
    endpoint
        Of the watch.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._starting: asyncio.Task[lite.Served] | None = None
        self._served: lite.Served | None = None

    @property
    def target(self) -> str:
        """The name that gRPC has for the place; for a file where it is served."""
        return self._served.target if self._served is not None else self._endpoint.target

    async def start(self) -> None:
        """Start it, once.

        Raises
        ------
        ProbeError
            It has not started.
        """
        if self._endpoint.kind != "lite":
            return
        if self._starting is None:
            endpoint, path = self._endpoint, self._endpoint.path
            # Whoever is cancelled, the start goes on, and `stop` waits for what it has to undo.
            starting = run_blocking(lambda: lite.start(endpoint), lambda _: lite.release(path))
            self._starting = asyncio.create_task(starting)
        try:
            self._served = await result_of(self._starting, _START_S)
        except asyncio.TimeoutError:
            said = f"it has not opened within {_START_S:.0f} s"
            raise ProbeError(diagnosis.of(self._endpoint, "lite-failed", said)) from None

    def require_file(self) -> None:
        """Raise where it is gone: Milvus Lite serves a deleted database on, as if it were there."""
        if self._served is None:
            return
        found = lite.identity(self._endpoint.path)
        if found is None or found != self._served.identity:
            raise ProbeError(
                diagnosis.of(self._endpoint, "lite-deleted", "it is not there any more")
            )

    async def stop(self) -> None:
        """Stop it, if that is ours to do."""
        starting = self._starting
        if starting is None:
            return
        try:
            await result_of(starting, _START_S)
        except asyncio.TimeoutError:
            starting.cancel()  # what it starts in the end is stopped by its own thread
        except asyncio.CancelledError:
            # It may have started in this very moment.
            if not starting.cancel() and not starting.cancelled() and starting.exception() is None:
                lite.release(self._endpoint.path)
            raise
        except Exception:  # noqa: BLE001  # it did not start: whoever asked for it was told
            return
        else:
            close = functools.partial(lite.release, self._endpoint.path)
            await run_closing(close, self._endpoint.address, lite.STOP_S)
