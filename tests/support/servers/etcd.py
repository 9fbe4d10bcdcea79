"""The etcd inside of a Milvus server, asked over HTTP for what a killed server has left there."""

from __future__ import annotations

import base64
import json
import time
import urllib.error
import urllib.request
from typing import Any

# Every part of a server has a session there, by which the others know that it lives.
_SESSIONS = "by-dev/meta/session"


def leases(port: int) -> set[str]:
    """Return what the sessions of a server that runs hang on: they end with it."""
    wanted = {"key": _bytes(_SESSIONS), "range_end": _bytes(_SESSIONS[:-1] + "o")}
    found = _ask(port, "kv/range", wanted).get("kvs", [])
    return {pair["lease"] for pair in found if "lease" in pair}


def end(port: int, sessions: set[str], deadline_s: float) -> None:
    """End sessions, when etcd is there: a server that starts would wait until they run out.

    Parameters
    ----------
    port
        Of etcd.
    sessions
        As `leases` gave them when their server was running.
    deadline_s
        Seconds until etcd has to answer: TimeoutError.
    """
    until = time.monotonic() + deadline_s
    for session in sessions:
        while True:
            try:
                _ask(port, "lease/revoke", {"ID": session})
                break
            except urllib.error.HTTPError:
                break  # it has run out
            except OSError as error:
                if time.monotonic() > until:
                    raise TimeoutError(f"etcd on port {port} does not answer") from error
                time.sleep(0.05)


def _bytes(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _ask(port: int, call: str, content: dict[str, Any]) -> dict[str, Any]:
    # Never by a proxy: it is our own machine.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    url = f"http://127.0.0.1:{port}/v3/{call}"
    with opener.open(url, data=json.dumps(content).encode(), timeout=5) as answer:
        found: dict[str, Any] = json.load(answer)
        return found
