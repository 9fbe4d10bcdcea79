"""A real Milvus 2.3.5, or an older one, in a process of its own.

The package `milvus` on PyPI is the server itself (standalone, with etcd and storage inside). Its
own Python class starts it too, but unpacks 300 MB for each server, takes etcd's ports from the
environment of the whole test process and cannot say why a start failed; so we use its binaries and
its configuration file, and start the process ourselves.
"""

from __future__ import annotations

import base64
import contextlib
import importlib
import importlib.util
import lzma
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import grpc

from tests.support.helpers import free_ports, is_listening
from tests.support.servers import etcd
from tests.support.servers.certificates import Certificates, make_certificates

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# As small as a server can be: it idles beside the tests on two cores.
_SMALL = {
    "log.level": "warn",
    "log.file.rootPath": '""',
    "rootCoord.dmlChannelNum": 2,
    "proxy.timeTickInterval": 1000,
    # One that gets no processor for so long (s) takes itself for dead and ends.
    "common.session.ttl": 120,
}


def why_no_server() -> str:
    """Return why no Milvus server can run here, or "" if one can."""
    here = f"{platform.system()} {platform.machine()}"
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        return f"the Milvus server of the tests exists for Linux x86-64 only; this is {here}"
    if importlib.util.find_spec("milvus") is None:
        return "the package milvus (the server) is not installed: pip install -e '.[test]'"
    return ""


class MilvusTestServer:
    """A Milvus server on free ports of this machine, ready when the constructor returns.

    Parameters
    ----------
    auth
        Whether credentials are needed: `root_token`.
    tls
        "none", "server" (the server shows a certificate) or "mutual" (it asks for one, too).
    certificates
        Used for TLS; made by a new authority if None.
    settings
        More of Milvus's own settings, by their path in milvus.yaml, for example
        ``{"quotaAndLimits.limitWriting.forceDeny": "true"}``.
    deadline_s
        Seconds it may take to be ready.
    release
        An older one than that of this environment, such as ``"2.2.16"``: one of `releases`.

    Raises
    ------
    RuntimeError
        When it does not become ready; with the end of its log.

    Notes
    -----
    Start one from a thread that lives on: where `setpriv` is at hand, the kernel ends the server
    together with the thread that started it, so that a killed test run leaves nothing behind.
    """

    host = "localhost"
    user = "root"
    password = "Milvus"
    root_token = "root:Milvus"
    #: Whether it belongs to another process, and other tests use it, too.
    is_shared = False

    def __init__(
        self,
        *,
        auth: bool = False,
        tls: Literal["none", "server", "mutual"] = "none",
        certificates: Certificates | None = None,
        settings: Mapping[str, Any] | None = None,
        deadline_s: float = 240.0,
        release: str = "",
    ) -> None:
        self._package = _package(release)
        self.version = f"v{self._package.__version__}-lite"
        self.auth = auth
        self.tls = tls
        self.deadline_s = deadline_s
        self.process: subprocess.Popen[bytes] | None = None
        self.port = self.http_port = self.etcd_port = 0
        self._settings = {**_SMALL, **(settings or {})}
        self._folder = Path(tempfile.mkdtemp(prefix="milvus-"))
        self._log = self._folder / "server.log"
        self._away = self._folder / "away"
        self._sessions: set[str] = set()
        if tls != "none" and certificates is None:
            certificates = make_certificates(self._folder / "certificates")
        self.certificates = certificates
        try:
            self._start_on_free_ports()
        except BaseException:
            self.stop()
            raise

    @property
    def pid(self) -> int:
        """The server's own process id."""
        return self._running().pid

    @property
    def uri(self) -> str:
        """Where it is, without credentials: ``http://localhost:PORT`` or ``https://…``."""
        scheme = "http" if self.tls == "none" else "https"
        return f"{scheme}://{self.host}:{self.port}"

    @property
    def address(self) -> str:
        """Where it is, without a scheme: ``localhost:PORT``."""
        return f"{self.host}:{self.port}"

    @property
    def ca_pem(self) -> str:
        """Path of the authority's certificate; "" without TLS."""
        return self.certificates.ca_pem if self.certificates else ""

    @property
    def client_pem(self) -> str:
        """Path of the client's certificate; "" without TLS."""
        return self.certificates.client_pem if self.certificates else ""

    @property
    def client_key(self) -> str:
        """Path of the client's key; "" without TLS."""
        return self.certificates.client_key if self.certificates else ""

    @property
    def log(self) -> str:
        """What the server has written so far."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def is_there(self) -> bool:
        """Tell whether it runs; also from another process than its own."""
        return is_listening(self.port) and not self._away.exists()

    @contextlib.contextmanager
    def away(self) -> Iterator[None]:
        """Have `is_there` say no meanwhile."""
        self._away.touch()
        yield
        self._away.unlink(missing_ok=True)

    def wait_for_its_end(self) -> None:
        """Wait until it ends, from whatever reason."""
        self._running().wait()

    def end(self) -> None:
        """End it for good; `stop`, from the thread that has started it, takes away the rest."""
        self._running().kill()

    def ended(self) -> RuntimeError | None:
        """Tell why it has ended by itself; None where it runs."""
        ended = self.process is not None and self.process.poll() is not None
        return self._failed("has ended by itself") if ended else None

    def pause(self) -> None:
        """Freeze the server: its sockets stay open and nothing answers."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Let a frozen server go on."""
        os.kill(self.pid, signal.SIGCONT)

    def kill(self) -> None:
        """End the server at once, as a crash does; `restart` brings it back."""
        process = self._running()
        process.kill()
        process.wait(timeout=10)
        self.process = None

    def restart(self, *, wipe: bool = False) -> None:
        """Start again on the same ports, after `kill` or instead of it; ready when it returns.

        Parameters
        ----------
        wipe
            Whether to forget all data: a new server in the old place.
        """
        self.launch(wipe=wipe)
        self.wait_ready()

    def launch(self, *, wipe: bool = False) -> None:
        """Start again as `restart` does, without waiting until it is ready."""
        self._require_own()
        if self.process is not None:
            self.kill()
        if wipe:
            shutil.rmtree(self._folder / "data", ignore_errors=True)
            self._sessions = set()
        self._launch()
        etcd.end(self.etcd_port, self._sessions, deadline_s=60)

    def stop(self) -> None:
        """End the server and remove all it wrote. May be called twice."""
        self._require_own()
        if self.process is not None:
            self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    def wait_ready(self, deadline_s: float | None = None) -> None:
        """Wait until it answers a client.

        Parameters
        ----------
        deadline_s
            Seconds; that of the constructor if None.
        """
        end = time.monotonic() + (deadline_s or self.deadline_s)
        while not (self._is_healthy() and self._answers()):
            if self._running().poll() is not None:
                raise self._failed(f"ended with code {self._running().returncode}")
            if time.monotonic() > end:
                raise self._failed(f"not ready after {deadline_s or self.deadline_s:g} s")
            time.sleep(0.05)
        self._sessions = etcd.leases(self.etcd_port)

    def __getstate__(self) -> dict[str, Any]:
        """Give what another process needs to speak to it; only its own may kill or freeze it."""
        return {**self.__dict__, "process": None, "is_shared": True, "_package": None}

    def __repr__(self) -> str:
        state = f"pid {self.process.pid}" if self.process else "stopped"
        return f"<MilvusTestServer {self.uri} auth={self.auth} tls={self.tls} {state}>"

    def _running(self) -> subprocess.Popen[bytes]:
        self._require_own()
        if self.process is None:
            raise RuntimeError(f"{self!r} is not running")
        return self.process

    def _require_own(self) -> None:
        if self.is_shared:
            raise RuntimeError(f"{self!r} is shared; `milvus_alone` is a test's own")

    def _failed(self, how: str) -> RuntimeError:
        # A Go program that dies lists all its goroutines after the cause.
        cause, *_ = self.log.partition("\ngoroutine ")
        return RuntimeError(
            f"Milvus on port {self.port} {how}. The end of its log:\n{cause[-4000:]}"
        )

    def _start_on_free_ports(self) -> None:
        # Somebody may take a port between our look and the server's start: then it ends.
        for attempt in range(1, 6):
            try:
                self._configure()
                self._launch()
                self.wait_ready()
            except RuntimeError as error:
                # The second is the `milvus` package's, also for a port that was closed just now.
                taken = "address already in use" in self.log or "bind failed" in str(error)
                if not taken or attempt == 5:
                    raise
                if self.process is not None:
                    self.kill()
            else:
                return

    def _configure(self) -> None:
        config = self._package.MilvusServerConfig(data_dir=str(self._folder / "data"))
        names = [name for name in config.configurable_items if name.endswith("_port")]
        *ports, self.http_port, etcd_peer_port = free_ports(len(names) + 2)
        by_name = dict(zip(names, ports, strict=True))
        self.port = by_name["proxy_port"]
        self.etcd_port = by_name["etcd_port"]
        config.update(**by_name)
        config.set("authorization_enabled", self.auth)
        if self.certificates and self.tls != "none":
            config.set("tls_mode", 1 if self.tls == "server" else 2)
            config.set("server_pem_path", self.certificates.server_pem)
            config.set("server_key_path", self.certificates.server_key)
            config.set("ca_pem_path", self.certificates.ca_pem)
        for name, value in self._settings.items():
            config.set(name, value)
        config.resolve()
        # The one place from which the etcd inside takes its ports.
        client_url = f"http://127.0.0.1:{by_name['etcd_port']}"
        peer_url = f"http://127.0.0.1:{etcd_peer_port}"
        (self._folder / "etcd.yaml").write_text(
            f"listen-client-urls: {client_url}\n"
            f"advertise-client-urls: {client_url}\n"
            f"listen-peer-urls: {peer_url}\n"
            f"initial-advertise-peer-urls: {peer_url}\n"
            f"initial-cluster: default={peer_url}\n"
            f"data-dir: {self._folder / 'data' / 'etcd'}\n"
            "log-level: warn\n"
            # Nothing here has to survive a power cut.
            "unsafe-no-fsync: true\n"
        )
        # Outside the data, which `wipe` removes.
        written = self._folder / "data" / "configs"
        shutil.copytree(written, self._folder / "configs", dirs_exist_ok=True)

    def _launch(self) -> None:
        binaries = _unpacked(self._package)
        command = [str(binaries / "milvus"), "run", "standalone"]
        if setpriv := shutil.which("setpriv"):
            command = [setpriv, "--pdeathsig", "KILL", *command]
        environment = {
            "PATH": os.environ.get("PATH", ""),
            "HOME": str(self._folder),
            "LD_LIBRARY_PATH": str(binaries),
            "DEPLOY_MODE": "STANDALONE",
            "METRICS_PORT": str(self.http_port),
            "MILVUS_RUN_DIR": str(self._folder / "run"),
            "MILVUSCONF": str(self._folder / "configs"),
            "ETCD_CONFIG_PATH": str(self._folder / "etcd.yaml"),
        }
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                command, cwd=self._folder, env=environment, stdout=log, stderr=subprocess.STDOUT
            )

    def _is_healthy(self) -> bool:
        # Never by a proxy: it is our own machine.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(f"http://127.0.0.1:{self.http_port}/healthz", timeout=5) as answer:
                return b"OK" in answer.read()
        except (urllib.error.URLError, OSError):
            return False

    def _answers(self) -> bool:
        options = [("grpc.enable_http_proxy", 0), ("grpc.use_local_subchannel_pool", 1)]
        target = f"{self.host}:{self.port}"
        if self.certificates and self.tls != "none":
            files = (self.ca_pem, self.client_key, self.client_pem)
            ca, key, chain = (Path(file).read_bytes() for file in files)
            credentials = grpc.ssl_channel_credentials(ca, key, chain)
            channel = grpc.secure_channel(target, credentials, options)
        else:
            channel = grpc.insecure_channel(target, options)
        token = base64.b64encode(self.root_token.encode()).decode()
        with channel, contextlib.suppress(grpc.RpcError):
            call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(
                "/milvus.proto.milvus.MilvusService/CheckHealth"
            )
            answer = call(b"", timeout=5, metadata=(("authorization", token),))
            # Field 2, isHealthy, is true. Before it is, field 1 holds an error.
            return b"\x10\x01" in answer
        return False


def releases() -> list[str]:
    """List the older ones that ``make`` has fetched into this environment."""
    found = (Path(sys.prefix) / "servers").glob("milvus-[0-9]*")
    return sorted(folder.name.removeprefix("milvus-") for folder in found)


def _package(release: str) -> Any:
    """Import the package ``milvus``: this environment's, or that of an older release."""
    if not release:
        return importlib.import_module("milvus")
    file = Path(sys.prefix) / "servers" / f"milvus-{release}" / "milvus" / "__init__.py"
    spec = importlib.util.spec_from_file_location(f"milvus_{release}", file)
    assert spec is not None
    assert spec.loader is not None
    package = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(package)
    return package


def _unpacked(milvus: Any) -> Path:
    """Return the folder of a package's binaries, unpacked once into this Python environment."""
    folder = Path(sys.prefix) / "share" / f"milvus-{milvus.__version__}"
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as temporary:
        staging = Path(temporary) / "bin"
        staging.mkdir()
        for packed in (Path(milvus.__file__).parent / "data" / "bin").glob("*.lzma"):
            unpacked = staging / packed.stem
            with lzma.open(packed) as source, unpacked.open("wb") as target:
                shutil.copyfileobj(source, target, 1 << 20)
            unpacked.chmod(0o755)
        # Renamed when complete: another test run may be doing the same.
        with contextlib.suppress(FileExistsError, OSError):
            staging.rename(folder)
    return folder
