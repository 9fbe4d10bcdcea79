"""Python in a network namespace of its own, where routes, addresses and links may be broken.

Nothing there reaches the machine's network. `SETUPS` are what such a place can be made into, with
what `connect` then says on Linux 6.18. Code that runs there is root there: it may change
more while it runs, with `subprocess` and the same commands.
"""

from __future__ import annotations

import contextlib
import functools
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.support.helpers import IS_ROOT, output_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: Addresses for documentation (RFC 5737, RFC 3849): in the setups they stand for a far server.
FAR: Final = "192.0.2.1"
FAR_6: Final = "2001:db8::1"

#: ENETUNREACH (101), at once. A fresh namespace is like this.
NO_ROUTE: Final[tuple[str, ...]] = ()
#: EHOSTUNREACH (113, "No route to host"), at once.
HOST_UNREACHABLE: Final = (
    f"ip route add unreachable {FAR}",
    f"ip -6 route add unreachable {FAR_6}",
)
#: EACCES (13, "Permission denied"), at once.
PROHIBITED: Final = (f"ip route add prohibit {FAR}", f"ip -6 route add prohibit {FAR_6}")
#: EINVAL (22), at once: to the sender such a route does not drop, whatever its name.
BLACKHOLE_ROUTE: Final = (f"ip route add blackhole {FAR}", f"ip -6 route add blackhole {FAR_6}")
#: Whatever leaves for other machines vanishes: `connect` hangs. 127.0.0.1 and ::1 work.
VANISHING: Final = ("ip route add default dev lo", "ip -6 route add default dev lo")
#: The same for 127.0.0.1 and ::1. `PACKETS_PASS` undoes it; what TCP holds is then delivered.
PACKETS_DROPPED: Final = ("tc qdisc add dev lo root blackhole",)
PACKETS_PASS: Final = ("tc qdisc del dev lo root",)
#: EADDRNOTAVAIL (99) for ::1 and all of IPv6.
NO_IPV6: Final = ("sysctl -qw net.ipv6.conf.all.disable_ipv6=1",)
#: EAI_NONAME (-2) for each name that /etc/hosts does not have: give as `files`.
NO_SUCH_NAME: Final = {"/etc/nsswitch.conf": "hosts: files\n"}

SETUPS: Final[dict[str, tuple[str, ...]]] = {
    "no route": NO_ROUTE,
    "host unreachable": HOST_UNREACHABLE,
    "prohibited": PROHIBITED,
    "blackhole route": BLACKHOLE_ROUTE,
    "vanishing": VANISHING,
    "packets dropped": PACKETS_DROPPED,
    "no IPv6": NO_IPV6,
}

_ROOT = Path(__file__).parents[3]


@functools.cache
def why_no_namespaces() -> str:
    """Return why no network namespace can be made here, or "" if one can."""
    if sys.platform != "linux":
        return f"network namespaces are Linux's; this is {sys.platform}"
    if missing := [tool for tool in ("unshare", "ip", "tc", "mount") if not shutil.which(tool)]:
        return f"needed for network namespaces, and not installed: {', '.join(missing)}"
    done = subprocess.run(
        _inside(["true"], [*VANISHING, *PACKETS_DROPPED]),
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
    )
    if done.returncode:
        return f"no network namespace can be made here: {done.stderr.strip()}"
    return ""


def run_in_namespace(
    code: str,
    *,
    setup: Sequence[str] = NO_ROUTE,
    files: Mapping[str, str] | None = None,
    environment: Mapping[str, str] | None = None,
    deadline_s: float = 60.0,
) -> str:
    """Run Python code in a fresh network namespace and return what it printed, errors too.

    Parameters
    ----------
    code
        Run by this Python, in the repository's root: it may import `tests`.
    setup
        Shell commands that are run there before; the loopback is up already.
    files
        What existing files contain for this process alone, for example ``/etc/hosts`` or
        ``/etc/resolv.conf``.
    environment
        More environment variables.
    deadline_s
        Seconds after which it is killed.

    Raises
    ------
    RuntimeError
        A command or the code failed; with what was printed.
    subprocess.TimeoutExpired
        The deadline has passed.
    """
    with contextlib.ExitStack() as stack:
        commands = []
        for place, content in (files or {}).items():
            own = stack.enter_context(tempfile.NamedTemporaryFile("w", suffix=".txt"))
            own.write(content)
            own.flush()
            os.fchmod(own.fileno(), 0o644)
            commands.append(f"mount --bind '{own.name}' '{place}'")
        command = _inside([sys.executable, "-c", code], [*commands, *setup])
        env = {**os.environ, **(environment or {})}
        return output_of(command, deadline_s, cwd=_ROOT, env=env)


def _inside(command: list[str], setup: Sequence[str]) -> list[str]:
    unshare = ["unshare", "--net", "--mount"]
    if not IS_ROOT:
        unshare.append("--map-root-user")
    script = "\n".join(["ip link set lo up", *setup, 'exec "$@"'])
    return [*unshare, "sh", "-ec", script, "sh", *command]
