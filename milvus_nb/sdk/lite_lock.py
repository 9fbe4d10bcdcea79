"""Who holds the lock of a file: the process, and its notebook where it is a kernel.

Linux tells this under ``/proc``; elsewhere nothing is known.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

from ..probing.outside import plain

__all__ = ["Holder", "holder"]


@dataclass(frozen=True)
class Holder:
    """A process that holds a lock.

    Attributes
    ----------
    pid
        Its process id.
    notebook
        The path of its notebook; empty where it is no notebook's kernel.
    program
        The name of its program. Its arguments, which may hold a secret, are nobody's business.
    is_kernel
        Whether it is a Jupyter kernel.
    """

    pid: int
    notebook: str = ""
    program: str = ""
    is_kernel: bool = False

    def __str__(self) -> str:
        if self.notebook:
            return f"process {self.pid}, the kernel of {self.notebook}"
        if self.is_kernel:
            return f"process {self.pid}, a Jupyter kernel"
        return f"process {self.pid}" + (f" ({self.program})" if self.program else "")


def holder(path: str) -> Holder | None:
    """Find the process that holds a lock on a file; None where that cannot be known."""
    with contextlib.suppress(OSError, ValueError):
        inode = os.stat(path).st_ino
        # A line: number, FLOCK, ADVISORY, WRITE, pid, device:device:inode, 0, EOF.
        for line in Path("/proc/locks").read_text().splitlines():
            words = line.split()
            if len(words) > 5 and words[5].rpartition(":")[2] == str(inode) and int(words[4]) > 0:
                pid = int(words[4])
                # Who took it may have ended; the child that it left behind has it still.
                heir = 0 if os.path.exists(f"/proc/{pid}") else _who_has_open(path)
                return _process(heir or pid)
    return None


def _who_has_open(path: str) -> int:
    """Find a process of this user that has a file open; 0 where there is none."""
    wanted = os.stat(path)
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        with contextlib.suppress(OSError):
            if os.path.samestat(link.stat(), wanted):
                return int(link.parts[2])
    return 0


def _process(pid: int) -> Holder:
    notebook = program = ""
    is_kernel = False
    with contextlib.suppress(OSError):
        # Not the first of its arguments, which a process may change to anything.
        executable = os.readlink(f"/proc/{pid}/exe").removesuffix(" (deleted)")
        program = plain(os.path.basename(executable), 60)
    with contextlib.suppress(OSError):
        is_kernel = "ipykernel" in _words(pid, "cmdline")
    with contextlib.suppress(OSError):
        # Jupyter Server sets it for each kernel.
        for variable in _words(pid, "environ").split("\0"):
            name, _, value = variable.partition("=")
            if name == "JPY_SESSION_NAME":
                notebook = plain(_short(value), 200)
    return Holder(pid, notebook, program, is_kernel)


def _words(pid: int, name: str) -> str:
    return Path(f"/proc/{pid}/{name}").read_bytes().decode("utf-8", "replace")


def _short(path: str) -> str:
    inside = os.path.relpath(path) if os.path.isabs(path) else path
    return path if inside.startswith(os.pardir) else inside
