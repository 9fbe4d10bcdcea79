"""TLS: the files that may be given, which are refused and why, and what turns TLS on."""

from __future__ import annotations

import os
import shutil
import ssl
import subprocess
from pathlib import Path
from typing import Any

import pytest
import trustme

from milvus_nb.params.tls import Tls
from tests.support.parameters import params, refusal


@pytest.fixture(scope="module")
def pems(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Real certificates and keys, and files that are none."""
    base = tmp_path_factory.mktemp("tls")
    authority = trustme.CA()
    client, stranger = authority.issue_cert("client"), authority.issue_cert("stranger")
    text = client.cert_chain_pems[0].bytes()
    plain_key = client.private_key_pem.bytes()
    encrypted = (
        b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIC\n-----END ENCRYPTED PRIVATE KEY-----\n"
    )
    contents = {
        "ca": authority.cert_pem.bytes(),
        "cert": text,
        "key": plain_key,
        "foreign": stranger.private_key_pem.bytes(),
        "commented": "# Prüfstelle\n".encode() + authority.cert_pem.bytes(),
        "der": ssl.PEM_cert_to_DER_cert(text.decode()),
        "damaged": text[:200] + b"\n-----END CERTIFICATE-----\n",
        "damaged_key": plain_key[:200] + b"\n-----END RSA PRIVATE KEY-----\n",
        "encrypted": encrypted,
        "empty": b"",
        "marked": b"\xef\xbb\xbf" + text,
        "utf16": text.decode().encode("utf-16"),
    }
    files = {name: base / f"{name}.pem" for name in contents}
    for name, content in contents.items():
        files[name].write_bytes(content)
    return {
        **{name: str(path) for name, path in files.items()},
        "folder": str(base),
        "missing": str(base / "nowhere.pem"),
    }


def test_tls_files_turn_tls_on(pems: dict[str, str]) -> None:
    """With any scheme; their paths are kept absolute."""
    found = params(uri="h", ca_pem_path=pems["ca"])
    assert found.secure
    assert found.address == "https://h:19530"
    assert found.endpoint.tls == Tls(ca_pem_path=pems["ca"])
    assert found.endpoint.tls.root_pem_path == pems["ca"]
    assert params(uri="http://h", server_pem_path=Path(pems["cert"])).secure
    assert params(uri="h", ca_pem_path=pems["commented"]).secure
    assert params(uri="h", secure=True).secure
    assert params(uri="http://h", secure=True).address == "https://h:19530"
    assert not params(uri="http://h", secure=False).secure
    relative = os.path.relpath(pems["ca"])
    assert params(uri="h", ca_pem_path=relative) == found
    both = params(uri="h", ca_pem_path=pems["ca"], server_pem_path=pems["cert"])
    assert both.endpoint.tls.root_pem_path == pems["cert"]


def test_a_client_certificate_comes_with_its_key(pems: dict[str, str]) -> None:
    """Mutual TLS: the pair is accepted, with the certificates of the system or one's own."""
    pair = {"client_pem_path": pems["cert"], "client_key_path": pems["key"]}
    assert params(uri="h", **pair).secure
    assert params(uri="h", ca_pem_path=pems["ca"], **pair).endpoint.tls.client_key_path


@pytest.mark.parametrize(
    ("given_", "why"),
    [
        ({"ca_pem_path": "missing"}, "there is no file"),
        ({"ca_pem_path": "folder"}, "not a file"),
        ({"ca_pem_path": "key"}, "holds a private key, not a certificate"),
        ({"ca_pem_path": "encrypted"}, "holds a private key, not a certificate"),
        ({"server_pem_path": "der"}, "openssl x509 -inform der"),
        ({"server_pem_path": "empty"}, "Is it the right file?"),
        ({"ca_pem_path": "marked"}, "byte order mark"),
        ({"ca_pem_path": "utf16"}, "byte order mark"),
        ({"ca_pem_path": "damaged"}, "damaged"),
        ({"client_pem_path": "cert"}, "client_pem_path is given without client_key_path"),
        ({"client_key_path": "key"}, "client_key_path is given without client_pem_path"),
        ({"client_pem_path": "key", "client_key_path": "cert"}, "swapped"),
        ({"client_pem_path": "cert", "client_key_path": "cert"}, "holds a certificate, not"),
        ({"client_pem_path": "cert", "client_key_path": "empty"}, "no private key in PEM form"),
        ({"client_pem_path": "cert", "client_key_path": "foreign"}, "is not the key of"),
        ({"client_pem_path": "cert", "client_key_path": "encrypted"}, "openssl pkey"),
        ({"client_pem_path": "cert", "client_key_path": "damaged_key"}, "OpenSSL cannot use"),
        ({"client_pem_path": "cert", "client_key_path": "missing"}, "there is no file"),
    ],
)
def test_a_tls_file_that_cannot_be_used_is_refused(
    given_: dict[str, str], why: str, pems: dict[str, str]
) -> None:
    """Missing, of the wrong kind, damaged, or half a pair: said before anything is sent."""
    error = refusal(uri="h", **{name: pems[file] for name, file in given_.items()})
    assert why in str(error)
    assert any(name in error.what for name in given_)


@pytest.mark.skipif(not shutil.which("openssl"), reason="It needs the program openssl.")
@pytest.mark.parametrize(
    ("command", "option"),
    [
        ("x509 -in {cert} -outform der", "ca_pem_path"),
        ("x509 -in {cert} -trustout", "ca_pem_path"),
        ("crl2pkcs7 -nocrl -certfile {cert}", "ca_pem_path"),
        ("crl2pkcs7 -nocrl -certfile {cert} -outform der", "ca_pem_path"),
        ("pkcs12 -export -passout pass: -in {cert} -inkey {key}", "client_pem_path"),
        ("pkcs12 -export -passout pass: -in {cert} -inkey {key}", "client_key_path"),
        ("pkey -in {key} -outform der", "client_key_path"),
    ],
)
def test_a_file_in_another_form_becomes_pem_as_is_advised(
    command: str, option: str, pems: dict[str, str], tmp_path: Path
) -> None:
    """The command of the advice makes a file that is accepted."""
    other = tmp_path / "FILE"
    made = f"openssl {command.format(**pems)} -out {other}"
    subprocess.run(made.split(), check=True, capture_output=True)
    given = {"client_pem_path": pems["cert"], "client_key_path": pems["key"]}
    given = given if option.startswith("client") else {}
    advice = refusal(uri="h", **{**given, option: str(other)}).fix.partition("PEM with: ")[2]
    subprocess.run(
        [*advice.split(), *(["-passin", "pass:"] if "pkcs12" in advice else [])],
        cwd=tmp_path, check=True, capture_output=True,
    )  # fmt: skip
    assert params(uri="h", **{**given, option: f"{other}.pem"}).secure


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read anything"
)
def test_a_tls_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    """With what the system says."""
    file = tmp_path / "ca.pem"
    file.touch(mode=0o000)
    assert "cannot be read" in refusal(uri="h", ca_pem_path=str(file)).what


@pytest.mark.parametrize(
    "given_",
    [
        {"uri": "https://h", "secure": False},
        {"uri": "h", "secure": False, "server_name": "n"},
        {"uri": "./x.db", "secure": True},
        {"uri": "./x.db", "server_name": "n"},
        {"uri": "unix:/run/m.sock", "secure": True},
        {"uri": "unix:/run/m.sock", "ca_pem_path": "/x"},
    ],
)
def test_tls_that_contradicts_the_address_is_refused(given_: dict[str, Any]) -> None:
    """``secure=False`` with https://, and TLS where there is no network."""
    assert "TLS" in str(refusal(**given_))
