"""Python on this machine, made to lack what CPython lacks on Windows.

It is no Windows: processes and gRPC stay this machine's, and so do paths but for `WindowsFiles`.
But a name that is not there cannot be used unnoticed, a socket's failures have Winsock's numbers
and words in another language, a file that somebody reads cannot be replaced at once, and the event
loop waits for no file descriptor.

As a plugin of pytest (``-p tests.support.as_on_windows``) it has whole files of tests run so.
"""

from __future__ import annotations

import asyncio
import asyncio.selector_events
import errno
import functools
import importlib
import ntpath
import os
import signal
import socket
import subprocess
import sys
import time
import types
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

__all__ = [
    "Loop", "WindowsFiles", "run_as_on_windows", "run_tests_as_on_windows", "take_away", "winsock",
]  # fmt: skip

_ROOT: Final = Path(__file__).parents[2]

#: What has a socket's failures as Winsock's.
Loop = asyncio.selector_events.BaseSelectorEventLoop

_GONE: Final = {
    socket: "AF_UNIX AF_NETLINK AF_PACKET AF_VSOCK SO_REUSEPORT SO_BINDTODEVICE SO_PEERCRED "
    "MSG_DONTWAIT MSG_NOSIGNAL SCM_RIGHTS CMSG_LEN CMSG_SPACE send_fds recv_fds EAI_SYSTEM "
    "EAI_NODATA EAI_ADDRFAMILY",
    os: "getuid geteuid getgid getegid getgroups getresuid getpgid getpgrp getsid setsid setuid "
    "fork forkpty register_at_fork killpg nice uname sysconf statvfs fstatvfs mkfifo mknod chown "
    "lchown fchown chroot getloadavg sched_getaffinity sched_yield wait wait3 wait4 pread "
    "pwrite preadv posix_fadvise sync O_NONBLOCK O_CLOEXEC O_NOFOLLOW O_DIRECTORY O_SYNC "
    "O_NOCTTY ttyname openpty ctermid confstr pathconf",
    signal: "SIGKILL SIGSTOP SIGCONT SIGHUP SIGQUIT SIGALRM SIGUSR1 SIGUSR2 SIGCHLD SIGPIPE "
    "SIGTSTP SIGWINCH alarm setitimer getitimer pause pthread_kill pthread_sigmask sigwait "
    "siginterrupt sigpending",
    time: "tzset clock_gettime pthread_getcpuclockid",
}
_NO_MODULES: Final = (
    "fcntl", "pwd", "grp", "resource", "termios", "tty", "pty", "syslog", "posix", "readline",
)  # fmt: skip
# What Python's own and third parties' modules choose by sys.platform, or import in functions.
_FIRST: Final = (
    "concurrent.futures", "ctypes", "filelock", "getpass", "grpc.aio", "importlib.resources",
    "logging.handlers", "multiprocessing.connection", "platform", "platformdirs.unix", "psutil",
    "selectors", "shutil", "ssl", "tempfile", "uuid",
)  # fmt: skip
# What tests use besides.
_OF_TESTS: Final = (
    "IPython.core.interactiveshell", "IPython.terminal.interactiveshell", "anywidget",
    "filelock", "hypothesis", "ipykernel.kernelapp", "ipywidgets", "keyring.backends.fail",
    "jupyter_client", "nbclient", "pymilvus", "milvus_lite.adapter.grpc.server",
    "schemathesis", "tomlkit",
    "trustme",
)  # fmt: skip

# Fixtures whose tests are about other processes.
_ELSEWHERE: Final = {
    "kernel", "make_kernel", "make_milvus", "milvus_alone", "run_python", "terminal",
}  # fmt: skip

# A Windows API's and Winsock's number of each of POSIX's.
_WINSOCK: Final = {
    errno.ECONNREFUSED: (1225, 10061), errno.ECONNRESET: (64, 10054),
    errno.ENETUNREACH: (1231, 10051), errno.EHOSTUNREACH: (1232, 10065),
    errno.ETIMEDOUT: (121, 10060), errno.ECONNABORTED: (1236, 10053),
    errno.EACCES: (10013, 10013), errno.EADDRNOTAVAIL: (10049, 10049),
    errno.EPIPE: (10058, 10058),
}  # fmt: skip
_WORDS: Final = "Die Verbindung kam nicht zustande"
_SHARING: Final = 32


def take_away(needs: Iterable[str] = ()) -> None:
    """Take from this process what Windows lacks, for good.

    Parameters
    ----------
    needs
        Third parties' modules that will be used: they are imported while everything is there.
    """
    for name in (*_FIRST, *needs):
        importlib.import_module(name)
    import filelock

    filelock.FileLock = filelock.SoftFileLock  # Windows has one of its own
    pair = functools.partial(socket.socketpair, socket.AF_UNIX)
    socket.socketpair = lambda *_: pair()  # Windows makes its own of two TCP sockets
    for module, names in _GONE.items():
        for name in names.split():
            if hasattr(module, name):
                delattr(module, name)
    _lock_as_there(importlib.import_module("fcntl"))
    for name in _NO_MODULES:
        sys.modules[name] = None  # type: ignore[assignment]  # importing it is an ImportError
    for name in ("sock_connect", "sock_recv", "sock_sendall"):
        setattr(Loop, name, _translated(getattr(Loop, name)))
    for name in ("replace", "unlink"):
        setattr(os, name, _shared(getattr(os, name)))
    for name in ("gmtime", "localtime"):
        setattr(time, name, _within_its_years(getattr(time, name)))
    asyncio.set_event_loop_policy(_Policy())


def _within_its_years(split: Callable[..., Any]) -> Callable[..., Any]:
    """Have a function of `time` know no years but those from 1970 to 3000."""

    def run(seconds: float | None = None) -> Any:
        if seconds is not None and not 0 <= seconds < 32536850400:
            raise OSError(errno.EINVAL, "Invalid argument")
        return split(seconds)

    return run


def _lock_as_there(fcntl: Any) -> None:
    """Have Milvus Lite lock its databases with Windows's kind of lock."""
    msvcrt: Any = types.ModuleType("msvcrt")
    msvcrt.LK_NBLCK, msvcrt.LK_UNLCK = fcntl.LOCK_EX | fcntl.LOCK_NB, fcntl.LOCK_UN

    def locking(descriptor: int, mode: int, _: int) -> None:
        try:
            fcntl.flock(descriptor, mode)
        except OSError:
            raise PermissionError(errno.EACCES, "Permission denied") from None

    msvcrt.locking = locking
    if (database := sys.modules.get("milvus_lite.db")) is not None:
        sys.modules["msvcrt"] = msvcrt
        database.sys = types.SimpleNamespace(platform="win32")  # type: ignore[attr-defined]


def winsock(error: OSError) -> OSError:
    """Give a socket's failure as Windows has it."""
    winerror, number = _WINSOCK.get(error.errno or 0, (0, 0))
    if not number:
        return error
    # The one for which Python has no class of its own.
    kind = OSError if winerror == _WINSOCK[errno.ETIMEDOUT][0] else type(error)
    found = kind(number, _WORDS)
    found.winerror = winerror  # type: ignore[attr-defined]  # as Python has it there
    return found


def _translated(method: Any) -> Any:
    @functools.wraps(method)
    async def run(*args: Any, **how: Any) -> Any:
        try:
            return await method(*args, **how)
        except OSError as error:
            raise winsock(error) from None

    return run


def _shared(method: Callable[..., None]) -> Callable[..., None]:
    """Have the first attempt of ours at each file fail: somebody reads it at this moment."""
    open_files: set[str] = set()

    @functools.wraps(method)
    def run(*paths: Any, **how: Any) -> None:
        caller = str(sys._getframe(1).f_globals.get("__name__", ""))
        target = os.fspath(paths[-1])
        if caller.startswith("milvus_nb.") and os.path.lexists(target):
            open_files.symmetric_difference_update([target])
            if target in open_files:
                raise sharing_violation(target)
        method(*paths, **how)

    return run


def sharing_violation(path: str) -> PermissionError:
    """Make the error of a file that another process has open."""
    error = PermissionError(errno.EACCES, "Der Prozess kann nicht auf die Datei zugreifen", path)
    error.winerror = _SHARING  # type: ignore[attr-defined]  # as Python has it there
    return error


class _Proactor(asyncio.SelectorEventLoop):
    """The event loop of Windows, as far as it can do less."""

    def add_reader(self, *_: Any) -> NoReturn:  # type: ignore[override]  # it takes nothing
        raise NotImplementedError

    add_writer = add_signal_handler = add_reader  # type: ignore[assignment]  # as well


class _Policy(asyncio.DefaultEventLoopPolicy):
    _loop_factory = _Proactor


class WindowsFiles(types.ModuleType):
    """`os` with the paths of Windows, for the modules that get it in place of `os`.

    Parameters
    ----------
    drives
        The folder that each drive is here: ``{"C:": tmp_path}``. The working folder is the first's.
    """

    name = "nt"
    sep, altsep, pardir, curdir = ntpath.sep, ntpath.altsep, ntpath.pardir, ntpath.curdir

    def __init__(self, drives: Mapping[str, Path]) -> None:
        super().__init__("os")
        self._drives = drives
        self.path = types.ModuleType("ntpath")
        self.path.__dict__.update(vars(ntpath))
        for name in ("isdir", "isfile", "lexists", "exists", "islink"):
            setattr(self.path, name, self._here(getattr(os.path, name)))
        self.path.__dict__.update(
            abspath=self._absolute, realpath=self._absolute, relpath=self._relative
        )
        for name in ("access", "listdir", "lstat", "stat"):
            setattr(self, name, self._here(getattr(os, name)))

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)

    def getcwd(self) -> str:
        return next(iter(self._drives)) + "\\"

    def _absolute(self, path: str) -> str:
        return ntpath.normpath(ntpath.join(self.getcwd(), path))

    def _relative(self, path: str, start: str = "") -> str:
        return ntpath.relpath(self._absolute(path), self._absolute(start or self.getcwd()))

    def _here(self, ask: Callable[..., Any]) -> Callable[..., Any]:
        def asked(path: str, *more: Any) -> Any:
            drive, rest = ntpath.splitdrive(self._absolute(path))
            folder = self._drives.get(drive.upper(), _ROOT / "no such drive")
            return ask(os.path.join(folder, *rest.strip("\\").split("\\")), *more)

        return asked


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
    from tests.support.helpers import WITHOUT_GRAMMAR, output_of

    before = f"from {__name__} import Loop, take_away, winsock\ntake_away({tuple(needs)!r})\n"
    command = [sys.executable, "-c", WITHOUT_GRAMMAR + before + code]
    return output_of(command, deadline_s, cwd=_ROOT)


def run_tests_as_on_windows(*arguments: str, deadline_s: float = 600.0) -> str:
    """Run tests so, with the servers of this run; give pytest's last line, or all where one fails.

    Parameters
    ----------
    arguments
        pytest's: files, ``-k``.
    deadline_s
        Seconds after which it is killed.
    """
    command = [sys.executable, "-m", "pytest", "-q", "-p", __name__, "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, "-o", "timeout_method=thread", *arguments],
        cwd=_ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=deadline_s,
    )
    told = done.stdout.strip()
    return told + done.stderr if done.returncode else told.splitlines()[-1]


def pytest_collection_modifyitems(items: list[Any]) -> None:
    """As a plugin: leave out what would run in another process, which is none of Windows."""
    items[:] = [one for one in items if _ELSEWHERE.isdisjoint(one.fixturenames)]


def pytest_load_initial_conftests() -> None:
    """As a plugin: begin with what is not installed there, before `conftest` asks for it."""
    importlib.import_module("IPython.core.interactiveshell")  # which has it on POSIX alone
    sys.modules["pexpect"] = None  # type: ignore[assignment]  # importing it is an ImportError


def pytest_configure() -> None:
    """As a plugin: begin, once pytest and its other plugins have what they need."""
    import _pytest.tmpdir

    vars(_pytest.tmpdir)["get_user_id"] = lambda: None  # it goes by sys.platform
    take_away(_OF_TESTS)
