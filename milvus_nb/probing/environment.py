"""Variables of a project's ``.env`` that would decide where a sign-in goes: it is not sent then."""

from __future__ import annotations

import contextlib
import ipaddress
from typing import TYPE_CHECKING, Final

from ..params.dotenv import set_by
from . import diagnosis
from .certificate import ROOTS_VARIABLE
from .diagnosis import ProbeError
from .proxies import proxy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..errors import Diagnosis
    from ..params.endpoint import Endpoint

__all__ = ["check_environment", "decided_by_a_project"]

# glibc and c-ares, which gRPC has, take another name or another file of hosts from these.
_OF_NAMES: Final = ("HOSTALIASES", "LOCALDOMAIN", "CARES_HOSTS")


def check_environment(endpoint: Endpoint) -> None:
    """Raise ProbeError where `decided_by_a_project` finds something: nothing is sent then."""
    if found := decided_by_a_project(endpoint):
        raise ProbeError(found)


def decided_by_a_project(endpoint: Endpoint) -> Diagnosis | None:
    """Say which variable of a project's ``.env`` would decide who sees what signs in, if one does.

    Parameters
    ----------
    endpoint
        Where it is to go; without a sign-in and a client's certificate there is nothing to see.
    """
    if not endpoint.credentials and not endpoint.tls.client_pem_path:
        return None
    for variable, does in _deciding(endpoint):
        if file := set_by(variable):
            facts = {"variable": variable, "file": repr(file), "does": does}
            return diagnosis.of(endpoint, "project-env", "not asked: nothing was sent", **facts)
    return None


def _deciding(endpoint: Endpoint) -> Iterator[tuple[str, str]]:
    yield "GRPC_TRACE", "would print the sign-in"
    if endpoint.kind != "tcp":
        return
    if endpoint.secure:  # who is not trusted sees nothing, wherever that is
        if not endpoint.tls.root_pem_path:
            yield ROOTS_VARIABLE, "says which servers are trusted"
        return
    if way := proxy(endpoint):
        yield way.variable, f"names the proxy {way.address}, which would see the sign-in"
    with contextlib.suppress(ValueError):
        ipaddress.ip_address(endpoint.host)
        return
    for variable in _OF_NAMES:
        yield variable, f"says which machine {endpoint.host} is"
