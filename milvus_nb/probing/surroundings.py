"""Where this kernel runs: an advice must fit the place where it is read."""

from __future__ import annotations

import contextlib
import functools
import ipaddress
import os
import re
from pathlib import Path
from typing import Final

__all__ = ["NO_VARIABLES", "exempting_variable", "in_container", "is_this_machine"]

#: Where hosts stand that need no proxy, in gRPC's order.
NO_VARIABLES: Final = ("no_grpc_proxy", "no_proxy")

# What Docker and Podman put into each of theirs.
_MARKS: Final = ("/.dockerenv", "/run/.containerenv")
# Toolbox and Distrobox make containers that share their machine's network.
_TOOLBOX: Final = "/run/.toolboxenv"
_DISTROBOX: Final = "DISTROBOX_ENTER_PATH"
# What Linux distributions call the loopback in /etc/hosts.
_LOOPBACK_NAMES: Final = ("localhost", "localhost.localdomain", "ip6-localhost", "ip6-loopback")
_CGROUP: Final = "/proc/1/cgroup"
# With cgroup v2 that is "/" in a container; its root is an overlay that names who made it.
_MOUNTS: Final = "/proc/self/mountinfo"
_ROOT_OF_A_CONTAINER: Final = re.compile(
    r"^\S+ \S+ \S+ \S+ / [^\n]* - overlay [^\n]*(containerd|docker|containers/storage)",
    re.MULTILINE,
)


@functools.cache
def in_container() -> bool:
    """Tell whether this process runs in a container, where localhost is that container."""
    if os.path.exists(_TOOLBOX) or _DISTROBOX in os.environ:
        return False
    if "KUBERNETES_SERVICE_HOST" in os.environ or any(map(os.path.exists, _MARKS)):
        return True
    with contextlib.suppress(OSError):
        group = Path(_CGROUP).read_text("utf-8", "replace")
        if re.search(r"docker|kubepods|containerd|libpod|/lxc|/ecs", group):
            return True
    with contextlib.suppress(OSError):
        mounts = Path(_MOUNTS).read_text("utf-8", "replace")
        return _ROOT_OF_A_CONTAINER.search(mounts) is not None
    return False


def exempting_variable() -> str:
    """Name the variable that exempts hosts: where the first is set, gRPC ignores the second."""
    return next((name for name in NO_VARIABLES if name in os.environ), NO_VARIABLES[-1])


def is_this_machine(host: str) -> bool:
    """Tell whether a host is the loopback: localhost, 127.0.0.0/8, ::1, or none in particular."""
    host = host.removesuffix(".")
    if host in _LOOPBACK_NAMES or host.endswith(".localhost"):
        return True
    with contextlib.suppress(ValueError):
        address = ipaddress.ip_address(host.partition("%")[0])
        if isinstance(address, ipaddress.IPv6Address):
            address = address.ipv4_mapped or address
        return address.is_loopback or address.is_unspecified
    return False
