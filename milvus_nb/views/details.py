"""All that is known of one connection, for people: as pairs of label and text."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..registry.connection import Connection

__all__ = ["facts"]


def facts(connection: Connection) -> list[tuple[str, str]]:
    """Tell what is known without asking anybody; what is empty is left out."""
    tls = connection.params.endpoint.tls
    sign_in = {"none": "none", "password": connection.user, "token": "API key"}[connection.auth]
    pairs = [
        ("Address", connection.address),
        ("Database", connection.db_name),
        ("Sign-in", sign_in),
        ("Server", connection.server_version),
        ("TLS", "on" if connection.secure else "off"),
        ("Trusted certificate", tls.root_pem_path),
        ("Client certificate", tls.client_pem_path),
        ("Server name", tls.server_name),
        ("Timeout", f"{connection.params.timeout:g} s"),
        ("Connected", _clock(connection.connected_at)),
        ("Last check", _clock(connection.checked_at)),
        ("Opened with", "" if connection.origin == "milvus_nb" else connection.origin),
        ("Used by", ", ".join(connection.users)),
        ("Reason", connection.reason),
    ]
    return [(label, text) for label, text in pairs if text]


def _clock(when: float | None) -> str:
    return "" if when is None else time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(when))
