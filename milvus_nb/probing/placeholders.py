"""What the placeholders in the words of a cause stand for: addresses, options, hints, files."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from ..params.host import in_brackets
from ..params.place import DEFAULT_PORT
from ..params.tidy import oddity
from .cloud import is_cloud
from .surroundings import exempting_variable, in_container, is_this_machine

if TYPE_CHECKING:
    from ..params.endpoint import Endpoint

__all__ = ["placeholders"]


def placeholders(endpoint: Endpoint) -> dict[str, str]:
    """Give all of them; what only an investigation finds out has a general word."""
    tls = endpoint.tls
    host = in_brackets(endpoint.host)
    given = [path for path in (tls.root_pem_path, tls.client_pem_path, tls.client_key_path) if path]
    return {
        "address": endpoint.address,
        "path": endpoint.address,
        "host": endpoint.host or endpoint.path,
        "port": str(endpoint.port or endpoint.path),
        "https": _https(endpoint, host),
        "user": endpoint.user or ("this API key" if endpoint.credentials else "(none)"),
        "oddity": oddity(endpoint.secret.reveal()),
        "right_port": "19530",
        "right_address": f"{host}:19530",
        "tls_address": "" if endpoint.secure else _https(endpoint, host),
        "plain_address": _plain_address(endpoint, host),
        "tls_option": "--secure, https:// and the TLS files" if tls else "--secure or https://",
        "roots": tls.root_pem_path or "gRPC's list of authorities",
        "expected": endpoint.certificate_name,
        "client_file": tls.client_pem_path,
        "client_hint": _client_hint(
            tls.client_pem_path, ": --client-pem-path FILE --client-key-path FILE"
        ),
        "client_hint_in_form": _client_hint(
            tls.client_pem_path, " as Client certificate and Client key."
        ),
        "files": ", ".join(given) or "they",
        # What an investigation may find out.
        "protocol": "another kind of server",
        "proxy": "",
        "variable": "",
        "file": "a file",
        "does": "decides where the sign-in goes",
        "no_proxy": _no_proxy(endpoint.host),
        "method": "the call that was made",
        "database": "",
        "existing": "",
        "drops": "several",
        "lived": "a moment",
        "seconds": "time",
        "names": "another name",
        "first_name": "NAME",
        "since": "a later time",
        "until": "a day in the past",
        "now": "",
        "shown": "",
        "trust": "",
        "trust_in_form": "",
        "milvus_address": "",
        "certified_name": "",
        "longer": "30",
        "holder": "",
        "where": "",
        "other_name": "",
        "docker": _docker(endpoint.host),
        "name_hint": _name_hint(endpoint.host),
        "token_hint": "" if endpoint.credentials else " Give it by --token-env VARIABLE, or --ask.",
        "token_hint_in_form": "" if endpoint.credentials else " Then give it as Token.",
    }


def _https(endpoint: Endpoint, host: str) -> str:
    """Write the same address with TLS; a port that was not written is not meant."""
    is_usual = endpoint.port in (80, 443)
    if is_cloud(endpoint.host) and ".vectordb." not in endpoint.host:
        is_usual = is_usual or endpoint.port == DEFAULT_PORT
    return f"https://{host}" if is_usual else f"https://{host}:{endpoint.port}"


def _plain_address(endpoint: Endpoint, host: str) -> str:
    """Write the same address without TLS; empty where a secret would be readable on the way."""
    if endpoint.credentials and not is_this_machine(endpoint.host):
        return ""
    return f"http://{host}:{endpoint.port}"


def _docker(host: str) -> str:
    """Say how to look at containers, where that can be done."""
    if in_container():
        return ""
    return "In Docker: docker ps" if is_this_machine(host) else "In Docker, on that host: docker ps"


def _client_hint(given: str, how: str) -> str:
    """Say what a client certificate may have to do with it."""
    if given:
        return f"Or does it not accept the client certificate {given}?"
    return f"If it wants a client certificate, give yours{how}"


def _no_proxy(host: str) -> str:
    """Write the variable that exempts hosts from a proxy, with one more host."""
    variable = exempting_variable()
    known = os.environ.get(variable, "").strip(" ,")
    return f"{variable}={','.join(filter(None, (known, host)))}"


def _as_typed(host: str) -> str:
    """Write an international name (IDNA) in its own letters."""
    try:
        return host.encode().decode("idna")
    except UnicodeError:
        return host


def _name_hint(host: str) -> str:
    """Say why a name that is right may be unknown here."""
    if host == "host.docker.internal":
        return "On Linux, Docker has to be told: --add-host=host.docker.internal:host-gateway"
    if re.search(r"\.svc(\.|$)|\.cluster\.local$", host):
        return "Such a name is known only inside the cluster; outside: kubectl port-forward."
    if odd := _what_is_odd(host):
        return odd
    if "." in host or ":" in host:
        return ""
    if in_container():
        return "The name of another container is known only in a network that both are in."
    return "The name of a container is known only to its neighbours; outside, it is localhost."


def _what_is_odd(host: str) -> str:
    """Say what about a name looks as if it was not typed."""
    if host in ("none", "null", "nan", "undefined"):
        return "Was it put together with a variable that has no value?"
    if "%" in host:
        return "What follows % is a network interface of the machine that the kernel runs on."
    if "xn--" in host:
        return f"Letters of it are not plain ones: {_as_typed(host)!r}"
    return ""
