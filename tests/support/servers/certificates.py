"""A certificate authority of our own, what it signs, and a certificate that nobody signs."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

_NAMES = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class Certificates:
    """Paths of PEM files: one authority, one server of `localhost`, one client."""

    ca_pem: str
    server_pem: str
    server_key: str
    client_pem: str
    client_key: str


def make_certificates(
    folder: Path,
    *,
    names: tuple[str, ...] = _NAMES,
    not_before: dt.datetime | None = None,
    not_after: dt.datetime | None = None,
) -> Certificates:
    """Make a new authority with a server and a client certificate, as files in `folder`.

    Parameters
    ----------
    folder
        Made if missing. Another folder means another authority, foreign to the first.
    names
        The server's names.
    not_before, not_after
        From when to when the server's certificate is valid; years around now if None.
    """
    folder.mkdir(parents=True, exist_ok=True)
    authority = trustme.CA(organization_name=f"milvus_nb tests, {folder.name}")
    server = authority.issue_cert(*names, not_before=not_before, not_after=not_after)
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
        key = certificate.private_key_pem.bytes()
        paths[f"{name}_key"].write_bytes(_pkcs8(serialization.load_pem_private_key(key, None)))
    return Certificates(**{name: str(path) for name, path in paths.items()})


def make_self_signed(folder: Path, *, names: Sequence[str] = _NAMES) -> Certificates:
    """Make a server certificate that only itself vouches for, as `openssl req -x509` does.

    Parameters
    ----------
    folder
        Made if missing.
    names
        The server's names, DNS names and addresses; the first is the common name, too.

    Returns
    -------
    Certificates
        `ca_pem` is the certificate itself, for who trusts it. There is no client: "".
    """
    folder.mkdir(parents=True, exist_ok=True)
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, names[0])])
    now = dt.datetime.now(dt.timezone.utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=365))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([_general_name(name) for name in names]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    pem, private = folder / "server.pem", folder / "server.key"
    pem.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(_pkcs8(key))
    return Certificates(str(pem), str(pem), str(private), "", "")


def _pkcs8(key: PrivateKeyTypes) -> bytes:
    """Write a key in the form that every client reads; Java's reads no other."""
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def server_tls(
    certificates: Certificates, *, mutual: bool = False, alpn: Sequence[str] = ("h2",)
) -> ssl.SSLContext:
    """Give what a server of the tests shows to its clients.

    Parameters
    ----------
    certificates
        The server's, and the authority of its clients.
    mutual
        Whether a client must show a certificate of that authority.
    alpn
        The protocols it offers; gRPC hangs up on a server without "h2".
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.server_pem, certificates.server_key)
    context.set_alpn_protocols(list(alpn))
    if mutual:
        context.load_verify_locations(certificates.ca_pem)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
