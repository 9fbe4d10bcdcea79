"""TLS files: which ones were given, and whether they are what they should be."""

from __future__ import annotations

import os
import re
import stat
from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING, Final

from ..errors import Advice, Offer, ParamsError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["PEM_FILES", "Tls", "check_tls", "name_in"]

#: The options that name files.
PEM_FILES: Final = ("ca_pem_path", "server_pem_path", "client_pem_path", "client_key_path")

# PEM labels: RFC 7468; "X509" and "RSA"/"EC" are the older ones that OpenSSL still reads.
# OpenSSL reads what stands behind a byte order mark, gRPC only what begins a line.
_CERTIFICATE: Final = re.compile(rb"^-----BEGIN (X509 )?CERTIFICATE-----", re.MULTILINE)
_KEY: Final = re.compile(rb"^-----BEGIN (RSA |EC |DSA )?PRIVATE KEY-----", re.MULTILINE)
_ENCRYPTED: Final = re.compile(rb"-----BEGIN ENCRYPTED PRIVATE KEY-----|Proc-Type: 4,ENCRYPTED")
_MOST_BYTES: Final = 16 * 1024 * 1024  # the CA bundle of a Linux system has about 0.2 MB


@dataclass(frozen=True, slots=True)
class Tls:
    """The TLS options of an endpoint, with pymilvus's names. Empty text: not given.

    Parameters
    ----------
    ca_pem_path
        The certificates of the authorities to trust, as a PEM file.
    server_pem_path
        The server's own certificate, to trust only that one. It wins over `ca_pem_path`.
    client_pem_path, client_key_path
        The certificate and the private key that this client shows (mutual TLS); both or none.
    server_name
        The name expected in the server's certificate, where it is not the host's.
    """

    ca_pem_path: str = ""
    server_pem_path: str = ""
    client_pem_path: str = ""
    client_key_path: str = ""
    server_name: str = ""

    @property
    def root_pem_path(self) -> str:
        """The file with the certificates to trust; empty for those of the system."""
        return self.server_pem_path or self.ca_pem_path

    def __bool__(self) -> bool:
        return any(astuple(self))


def name_in(options: Mapping[str, int | str]) -> str:
    """Give the name for which gRPC would check the certificate because of channel arguments.

    Parameters
    ----------
    options
        gRPC's channel arguments.

    Returns
    -------
    str
        Empty where they do not say it, and the host's name counts.
    """
    if override := options.get("grpc.ssl_target_name_override"):
        return str(override)
    authority = re.sub(r":\d+$", "", str(options.get("grpc.default_authority", "")))
    return authority.removeprefix("[").removesuffix("]")


def check_tls(tls: Tls) -> None:
    """Check that the files exist, can be read, hold what they should and fit each other.

    Parameters
    ----------
    tls
        The options; the paths absolute.

    Raises
    ------
    ParamsError
        A file is missing, unreadable, not PEM, of the wrong kind, damaged or encrypted; a client
        certificate came without its key, or with another one's.
    """
    if bool(tls.client_pem_path) != bool(tls.client_key_path):
        given, missing = "client_pem_path", "client_key_path"
        if tls.client_key_path:
            given, missing = missing, given
        raise ParamsError(
            f"{given} is given without {missing}.",
            "Mutual TLS needs the client's certificate and its private key.",
            f"Give {missing} as well, or leave {given} out.",
            advice=Advice("Give both, or neither.", (Offer("choose-file", missing),)),
        )
    for option in ("ca_pem_path", "server_pem_path", "client_pem_path"):
        if path := getattr(tls, option):
            _check_certificate(option, path)
    if tls.client_key_path:
        _check_key(tls.client_key_path)
        _check_pair(tls.client_pem_path, tls.client_key_path)


def _refused(
    option: str, what: str, reason: str = "", fix: str = "", cause: str = ""
) -> ParamsError:
    """Make the error for the file of an option; a form can let another be chosen."""
    advice = Advice(fix, (Offer("choose-file", option),))
    return ParamsError(f"{option}: {what}", reason, fix, cause, advice)


def _read(option: str, path: str) -> bytes:
    is_missing, is_file, reason = False, True, ""
    try:
        is_file = stat.S_ISREG(os.stat(path).st_mode)
        if is_file:
            with open(path, "rb") as file:
                return file.read(_MOST_BYTES)
    except (FileNotFoundError, NotADirectoryError):
        is_missing = True
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", "") or type(error).__name__
    if is_missing:
        raise _refused(
            option,
            f"there is no file {path!r}.",
            fix="Check the path; a relative one starts at the kernel's working folder.",
            cause="tls-file-missing",
        )
    if not is_file:
        raise _refused(
            option, f"{path!r} is not a file.", fix="Give the path of the PEM file itself."
        )
    raise _refused(
        option,
        f"{path!r} cannot be read.",
        f"The system says: {reason}.",
        "Let the user that runs the kernel read the file.",
    )


# How a file begins that Windows's editors have saved: in UTF-8, in UTF-16.
_MARKS: Final = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
# What a file of PKCS #12 holds, and one of PKCS #7 (their object identifiers in DER).
_PKCS: Final = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07"


# What of OpenSSL's takes one of both out of a file that has both, and which command reads it.
_OF_BOTH: Final = {"certificate": "-nokeys", "private key": "-nocerts -nodes"}
_COMMAND: Final = {"certificate": "x509", "private key": "pkey"}


def _not_pem(option: str, path: str, content: bytes, what: str) -> ParamsError:
    """Make the error for a file without PEM; where it is known what it is, with the way to one."""
    reason = f"A PEM file has a line -----BEGIN {what.upper()}-----."
    fix = f"Is it the right file? Give the {what} as PEM."
    how = ""
    if content.startswith(_MARKS):
        reason = "It begins with a byte order mark, which gRPC cannot read."
        fix = "Save it again, as UTF-8 without that mark."
    elif content.startswith(b"\x30"):  # DER
        kind = content[:64].partition(_PKCS)[2][:1]
        ways = {b"\x01": f"pkcs12 {_OF_BOTH[what]}", b"\x02": "pkcs7 -inform der -print_certs"}
        how = ways.get(kind, f"{_COMMAND[what]} -inform der")
    elif b"-----BEGIN PKCS7-----" in content:
        how = "pkcs7 -print_certs"
    elif b"-----BEGIN TRUSTED CERTIFICATE-----" in content:
        how = "x509"
    if how:
        fix = f"It becomes PEM with: openssl {how} -in FILE -out FILE.pem"
    return _refused(
        option, f"{path!r} holds no {what} in PEM form.", reason, fix, "tls-file-not-pem"
    )


def _check_certificate(option: str, path: str) -> None:
    content = _read(option, path)
    if not _CERTIFICATE.search(content):
        if _KEY.search(content) or _ENCRYPTED.search(content):
            raise _refused(
                option,
                f"{path!r} holds a private key, not a certificate.",
                fix="Give the certificate; the two files may be swapped.",
                cause="tls-files-swapped",
            )
        raise _not_pem(option, path, content, "certificate")
    import ssl

    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=path)
    except (OSError, ValueError):  # ssl.SSLError is an OSError
        damaged = True
    else:
        damaged = False
    if damaged:
        raise _refused(
            option,
            f"the certificate in {path!r} is damaged.",
            "It has the marks of a PEM file, but OpenSSL cannot read what is between them.",
            "Fetch the file again.",
        )


def _check_key(path: str) -> None:
    option = "client_key_path"
    content = _read(option, path)
    if _ENCRYPTED.search(content):
        raise _refused(
            option,
            f"the private key in {path!r} is encrypted.",
            "gRPC cannot ask for its passphrase.",
            "Decrypt it with: openssl pkey -in FILE -out FILE.plain",
        )
    if _KEY.search(content):
        return
    if _CERTIFICATE.search(content):
        raise _refused(
            option,
            f"{path!r} holds a certificate, not a private key.",
            fix="Give the private key; the two files may be swapped.",
            cause="tls-files-swapped",
        )
    raise _not_pem(option, path, content, "private key")


def _check_pair(certificate: str, key: str) -> None:
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # How long a key must be is the server's affair; here it only has to be readable.
    context.set_ciphers("ALL:@SECLEVEL=0")
    try:
        # Without the password argument OpenSSL would ask on the terminal.
        context.load_cert_chain(certificate, key, password="")
    except ssl.SSLError as error:
        reason = error.reason or ""
    except (OSError, ValueError):
        reason = ""
    else:
        return
    if reason == "KEY_VALUES_MISMATCH":
        raise _refused(
            "client_key_path",
            f"{key!r} is not the key of the certificate {certificate!r}.",
            fix="Give the key that was made together with client_pem_path.",
            cause="tls-key-mismatch",
        )
    raise ParamsError(
        f"client_pem_path, client_key_path: OpenSSL cannot use {certificate!r} with {key!r}.",
        f"It says: {reason}." if reason else "",
        "Fetch both files again.",
    )
