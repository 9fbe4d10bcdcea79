"""Python on this machine, made to lack what CPython lacks on Windows.

It is no Windows: paths, processes and gRPC stay this machine's. But a name that is not there cannot
be used unnoticed, and a socket's failures have Winsock's numbers and words in another language.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.helpers import output_of

if TYPE_CHECKING:
    from collections.abc import Iterable

_ROOT = Path(__file__).parents[2]

#: Run before anything else: the standard library has taken what it needs when the names go.
PRELUDE = r"""
import asyncio, asyncio.selector_events, concurrent.futures, ctypes, errno, functools, getpass
import importlib, logging.handlers, multiprocessing, os, pathlib, platform, selectors, shutil
import signal, socket, ssl, subprocess, sys, tempfile, threading, types, uuid

# What third parties choose by sys.platform, or import within their functions.
import filelock, grpc, grpc.aio, platformdirs
for _name in NEEDS:
    importlib.import_module(_name)

filelock.FileLock = filelock.SoftFileLock  # Windows has one of its own
_pair = functools.partial(socket.socketpair, socket.AF_UNIX)
socket.socketpair = lambda *_: _pair()  # Windows makes its own of two TCP sockets

_GONE = {
    socket: "AF_UNIX AF_NETLINK AF_PACKET AF_VSOCK SO_REUSEPORT SO_BINDTODEVICE SO_PEERCRED "
        "MSG_DONTWAIT MSG_NOSIGNAL SCM_RIGHTS CMSG_LEN CMSG_SPACE send_fds recv_fds EAI_SYSTEM "
        "EAI_NODATA EAI_ADDRFAMILY",
    os: "getuid geteuid getgid getegid getgroups getpgid getpgrp getsid setsid setuid fork forkpty "
        "register_at_fork killpg nice uname sysconf statvfs fstatvfs mkfifo mknod chown lchown "
        "fchown chroot getloadavg sched_getaffinity wait wait3 wait4 pread pwrite O_NONBLOCK "
        "O_CLOEXEC O_NOFOLLOW O_DIRECTORY O_SYNC O_NOCTTY ttyname openpty ctermid confstr",
    signal: "SIGKILL SIGSTOP SIGCONT SIGHUP SIGQUIT SIGALRM SIGUSR1 SIGUSR2 SIGCHLD SIGPIPE "
        "SIGTSTP SIGWINCH alarm setitimer getitimer pause pthread_kill pthread_sigmask sigwait "
        "siginterrupt",
}
for _module, _names in _GONE.items():
    for _name in _names.split():
        if hasattr(_module, _name):
            delattr(_module, _name)
sys.modules["fcntl_of_this_machine"] = importlib.import_module("fcntl")
for _name in ("fcntl", "pwd", "grp", "resource", "termios", "tty", "pty", "syslog", "posix"):
    sys.modules[_name] = None

# Winsock's numbers; the words are Windows's in German.
_WINSOCK = {
    errno.ECONNREFUSED: (1225, 10061), errno.ECONNRESET: (64, 10054),
    errno.ENETUNREACH: (1231, 10051), errno.EHOSTUNREACH: (1232, 10065),
    errno.ETIMEDOUT: (121, 10060), errno.ECONNABORTED: (1236, 10053), errno.EACCES: (10013, 10013),
    errno.EADDRNOTAVAIL: (10049, 10049), errno.EPIPE: (10058, 10058),
}

def _as_winsock(error):
    winerror, number = _WINSOCK.get(error.errno, (0, 0))
    if not number:
        return error
    found = OSError(number, "Die Verbindung kam nicht zustande") if winerror == 121 else (
        type(error)(number, "Die Verbindung kam nicht zustande"))
    found.winerror = winerror
    return found

def _translated(method):
    @functools.wraps(method)
    async def run(*args, **how):
        try:
            return await method(*args, **how)
        except OSError as error:
            raise _as_winsock(error) from None
    return run

_Loop = asyncio.selector_events.BaseSelectorEventLoop
for _name in ("sock_connect", "sock_recv", "sock_sendall"):
    setattr(_Loop, _name, _translated(getattr(_Loop, _name)))
"""


def run_as_on_windows(code: str, *, needs: Iterable[str] = (), deadline_s: float = 120.0) -> str:
    """Run Python code where the names are missing that Windows lacks, and return what it printed.

    Parameters
    ----------
    code
        Run in the repository's root: it may import `tests`.
    needs
        Third parties' modules that it uses: they are imported while everything is there.
    deadline_s
        Seconds after which it is killed.

    Raises
    ------
    RuntimeError
        It failed; with what was printed.
    subprocess.TimeoutExpired
        The deadline has passed.
    """
    command = [sys.executable, "-c", f"NEEDS = {tuple(needs)!r}\n{PRELUDE}{code}"]
    return output_of(command, deadline_s, cwd=_ROOT)
