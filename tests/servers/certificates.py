"""A certificate authority of our own, and what it signs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import trustme

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Certificates:
    """Paths of PEM files: one authority, one server of `localhost`, one client."""

    ca_pem: str
    server_pem: str
    server_key: str
    client_pem: str
    client_key: str


def make_certificates(
    folder: Path, *, names: tuple[str, ...] = ("localhost", "127.0.0.1", "::1")
) -> Certificates:
    """Make a new authority with a server and a client certificate, as files in `folder`.

    Parameters
    ----------
    folder
        Made if missing. Another folder means another authority, foreign to the first.
    names
        The server's names.
    """
    folder.mkdir(parents=True, exist_ok=True)
    authority = trustme.CA(organization_name=f"milvus_nb tests, {folder.name}")
    server = authority.issue_cert(*names)
    client = authority.issue_cert("notebook@client.test")
    paths = {
        "ca_pem": folder / "ca.pem",
        "server_pem": folder / "server.pem",
        "server_key": folder / "server.key",
        "client_pem": folder / "client.pem",
        "client_key": folder / "client.key",
    }
    authority.cert_pem.write_to_path(paths["ca_pem"])
    for name, certificate in (("server", server), ("client", client)):
        for blob in certificate.cert_chain_pems:
            blob.write_to_path(paths[f"{name}_pem"], append=True)
        certificate.private_key_pem.write_to_path(paths[f"{name}_key"])
    return Certificates(**{name: str(path) for name, path in paths.items()})
