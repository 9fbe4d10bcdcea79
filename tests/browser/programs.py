"""Other programs that serve pages with kernels: started in folders of their own, and ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.helpers import free_port, wait_until
from tests.support.kernels import private_environment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: Where marimo, voila, hub and gateway are, with the wheel as users install it.
BIN = Path(sys.prefix) / "front-ends" / "bin"


class Program:
    """One that serves pages on a port of its own.

    Parameters
    ----------
    folder
        Where it keeps everything; it runs in ``folder / "work"``.
    name
        What it is called in the environment.
    options
        Its command line; ``{port}`` stands for the port, as does `$PORT` in its environment.
    ready
        The path that answers once it is there.
    environment
        More environment variables.
    """

    def __init__(
        self,
        folder: Path,
        name: str,
        options: Sequence[str],
        ready: str = "/",
        environment: Mapping[str, str] | None = None,
    ) -> None:
        assert (BIN / name).exists(), "make .venv/front-ends.stamp"
        self.work = folder / "work"
        self.work.mkdir(exist_ok=True)
        self.log = folder / f"{name}.log"
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self._ready = self.url + ready
        path = os.pathsep.join([str(BIN), os.environ.get("PATH", "")])
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [BIN / name, *(option.format(port=port) for option in options)],
                cwd=self.work,
                env={**private_environment(folder, environment), "PATH": path, "PORT": str(port)},
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        wait_until(self._answers, 240, every_s=0.1, what=name)

    def stop(self) -> None:
        """End it, and what it has started."""
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def _answers(self) -> bool:
        if self.process.poll() is not None:
            raise RuntimeError(self.log.read_text())
        try:
            with urllib.request.urlopen(self._ready, timeout=2):  # noqa: S310  # our own
                return True
        except urllib.error.HTTPError as refused:
            return refused.code in {401, 403, 405}  # it is there, and wants something else
        except OSError:
            return False
