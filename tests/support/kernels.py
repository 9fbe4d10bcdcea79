"""Real kernels and real terminals, with folders of their own that can be searched afterwards."""

from __future__ import annotations

import os
import queue
import re
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import KernelManager

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import pexpect

# What would make a connection behave otherwise on another developer's machine.
AMBIENT_VARIABLES = (
    "MILVUS_URI",
    "MILVUS_TOKEN",
    "MILVUS_CONN_ALIAS",
    "MILVUS_NB_PROFILES",
    "grpc_proxy",
    "https_proxy",
    "http_proxy",
    "all_proxy",
    # The size of another terminal, which readline puts there.
    "COLUMNS",
    "LINES",
)
_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]")


def private_environment(folder: Path, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return an environment in which IPython and Jupyter read and write below `folder` only."""
    environment = {k: v for k, v in os.environ.items() if k not in AMBIENT_VARIABLES}
    for variable, name in (
        ("IPYTHONDIR", "ipython"),
        ("JUPYTER_CONFIG_DIR", "jupyter-config"),
        ("JUPYTER_DATA_DIR", "jupyter-data"),
        ("JUPYTER_RUNTIME_DIR", "jupyter-runtime"),
        ("XDG_CONFIG_HOME", "config"),
        ("XDG_DATA_HOME", "data"),
    ):
        (folder / name).mkdir(parents=True, exist_ok=True)
        environment[variable] = str(folder / name)
    # A real keyring that needs no desktop: a file in XDG_DATA_HOME.
    environment["PYTHON_KEYRING_BACKEND"] = "keyrings.alt.file.PlaintextKeyring"
    return {**environment, **(extra or {})}


@dataclass
class Execution:
    """What a cell gave: the messages themselves, and the usual views on them."""

    messages: list[dict[str, Any]] = field(default_factory=list)
    """All messages of the kernel's iopub channel about this cell."""
    reply: dict[str, Any] = field(default_factory=dict)
    """Content of the reply: status, execution_count, …"""
    prompts: list[str] = field(default_factory=list)
    """What was asked while it ran, as far as it was answered."""

    def contents(self, message_type: str) -> list[dict[str, Any]]:
        """Return the contents of all messages of one type."""
        return [m["content"] for m in self.messages if m["msg_type"] == message_type]

    def stream(self, name: str) -> str:
        return "".join(c["text"] for c in self.contents("stream") if c["name"] == name)

    @property
    def stdout(self) -> str:
        """What was printed."""
        return self.stream("stdout")

    @property
    def stderr(self) -> str:
        """What went to standard error."""
        return self.stream("stderr")

    @property
    def result(self) -> dict[str, Any] | None:
        """The last line's value, by media type; None if there is none."""
        results = self.contents("execute_result")
        return dict(results[-1]["data"]) if results else None

    @property
    def displays(self) -> list[dict[str, Any]]:
        """What was displayed, each by media type."""
        return [dict(c["data"]) for c in self.contents("display_data")]

    @property
    def error(self) -> dict[str, Any] | None:
        """The error (ename, evalue, traceback), or None if the cell succeeded."""
        errors = self.contents("error")
        return errors[-1] if errors else None

    @property
    def traceback(self) -> str:
        """The error as it is shown, without colours; "" if there is none."""
        return _ANSI.sub("", "\n".join(self.error["traceback"])) if self.error else ""

    @property
    def text(self) -> str:
        """The plain text of all outputs, in order, without colours."""
        parts = []
        for message in self.messages:
            content = message["content"]
            if message["msg_type"] == "stream":
                parts.append(content["text"])
            elif message["msg_type"] in {"execute_result", "display_data"}:
                parts.append(str(content["data"].get("text/plain", "")) + "\n")
        return _ANSI.sub("", "".join(parts)) + self.traceback


class Kernel:
    """A real IPython kernel of this Python, in its own process, driven as a notebook does.

    Parameters
    ----------
    folder
        Where it keeps everything: IPython's history database, its connection file.
    environment
        More environment variables.
    module
        What is run as the kernel; by default ipykernel.
    """

    def __init__(
        self, folder: Path, environment: Mapping[str, str] | None = None, module: str = ""
    ) -> None:
        self.folder = folder
        for is_last in (False, False, True):
            self._start(private_environment(folder, environment), module)
            try:
                self.client.wait_for_ready(timeout=180)
            except BaseException:
                # It ends at once where somebody has taken one of its ports before it could.
                can_try_again = not is_last and not self.manager.is_alive()
                self.stop()
                if not can_try_again:
                    raise
            else:
                return

    def _start(self, environment: dict[str, str], module: str) -> None:
        self.manager = KernelManager(connection_file=str(self.folder / "kernel.json"))
        if module:
            self.manager._kernel_spec = KernelSpec(
                argv=[sys.executable, "-m", module, "-f", "{connection_file}"], language="python"
            )
        self.manager.start_kernel(env=environment, cwd=str(self.folder), independent=False)
        self.client = self.manager.blocking_client()
        self.client.start_channels()

    @property
    def pid(self) -> int:
        """The kernel's process id."""
        return int(getattr(self.manager.provisioner, "pid"))  # noqa: B009 - not in its base class

    @property
    def history_path(self) -> Path:
        """IPython's history database."""
        return self.folder / "ipython" / "profile_default" / "history.sqlite"

    def execute(
        self,
        code: str,
        *,
        timeout_s: float = 180.0,
        answers: tuple[str | Callable[[], str], ...] = (),
        cell_id: str = "",
    ) -> Execution:
        """Run a cell to its end.

        Parameters
        ----------
        code
            The cell.
        timeout_s
            Seconds until it is given up (TimeoutError).
        answers
            What the user types, one for each time the cell asks; or what makes it while it asks.
        cell_id
            See `submit`.
        """
        execution = self.submit(code, allow_stdin=bool(answers), cell_id=cell_id)
        return self.finish(execution, timeout_s=timeout_s, answers=answers)

    def run(self, code: str, **options: Any) -> Execution:
        """Run a cell as `execute` does; AssertionError if it fails."""
        execution = self.execute(code, **options)
        assert execution.error is None, execution.traceback
        return execution

    def submit(
        self, code: str, *, allow_stdin: bool = False, cell_id: str = ""
    ) -> tuple[str, float]:
        """Send a cell without waiting; give what this returns to `finish`.

        JupyterLab, Notebook and VS Code name the cell (`cell_id`); nbclient and a console do not.
        """
        content = {
            "code": code,
            "silent": False,
            "store_history": True,
            "user_expressions": {},
            "allow_stdin": allow_stdin,
            "stop_on_error": True,
        }
        metadata = {"cellId": cell_id} if cell_id else {}
        message = self.client.session.msg("execute_request", content, metadata=metadata)
        sent_at = time.monotonic()
        self.client.shell_channel.send(message)
        return str(message["header"]["msg_id"]), sent_at

    def finish(
        self,
        submitted: tuple[str, float],
        *,
        timeout_s: float = 180.0,
        answers: tuple[str | Callable[[], str], ...] = (),
    ) -> Execution:
        """Wait for a cell that was sent by `submit`."""
        request, sent_at = submitted
        execution = Execution()
        left = list(answers)
        while True:
            if time.monotonic() - sent_at > timeout_s:
                raise TimeoutError(f"the cell did not end in {timeout_s:g} s: {execution.text}")
            if left and (prompt := self._asks()) is not None:
                execution.prompts.append(prompt)
                answer = left.pop(0)
                self.client.input(answer if isinstance(answer, str) else answer())
            try:
                message = self.client.get_iopub_msg(timeout=0.05)
            except queue.Empty:
                assert self.manager.is_alive(), f"the kernel died: {execution.text}"
                continue
            if message["parent_header"].get("msg_id") != request:
                continue
            execution.messages.append(message)
            if message["content"].get("execution_state") == "idle":
                break
        while True:
            reply = self.client.get_shell_msg(timeout=timeout_s)
            if reply["parent_header"].get("msg_id") == request:
                execution.reply = reply["content"]
                return execution

    def complete(self, code: str, *, timeout_s: float = 90.0) -> list[str]:
        """Return what Tab offers at the end of `code`."""
        reply = self.client.complete(code, reply=True, timeout=timeout_s)
        return list(reply["content"]["matches"])

    def interrupt(self) -> None:
        """Do what Ctrl-C does."""
        self.manager.interrupt_kernel()

    def restart(self) -> None:
        """Restart it, as the notebook's button does; ready when this returns."""
        self.manager.restart_kernel(now=True)
        self.client.wait_for_ready(timeout=180)

    def stop(self) -> None:
        """End it. May be called twice."""
        self.client.stop_channels()
        if self.manager.has_kernel:
            self.manager.shutdown_kernel(now=True)
        self.manager.cleanup_resources()

    def _asks(self) -> str | None:
        try:
            return str(self.client.get_stdin_msg(timeout=0)["content"]["prompt"])
        except queue.Empty:
            return None


class Terminal:
    """Plain `ipython` in a real pseudo-terminal.

    Parameters
    ----------
    folder
        Where it keeps everything.
    environment
        More environment variables.
    encoding
        Of what it writes and reads.
    """

    def __init__(
        self,
        folder: Path,
        environment: Mapping[str, str] | None = None,
        encoding: str = "utf-8",
    ) -> None:
        self.folder = folder
        self._number = 1
        self._pexpect = pytest.importorskip("pexpect", reason="Windows has no such terminals")
        self.process: pexpect.spawn[str] = self._pexpect.spawn(
            sys.executable,
            ["-m", "IPython", "--simple-prompt", "--no-banner", "--no-confirm-exit"],
            env=private_environment(folder, {"TERM": "dumb", **(environment or {})}),
            cwd=str(folder),
            encoding=encoding,
            echo=False,
            timeout=180,
            dimensions=(50, 200),
        )
        self._prompt()

    @property
    def history_path(self) -> Path:
        """IPython's history database."""
        return self.folder / "ipython" / "profile_default" / "history.sqlite"

    def execute(self, line: str, *, answers: tuple[str, ...] = ()) -> str:
        """Type a line and return what is shown until the next prompt.

        Parameters
        ----------
        line
            One line of input.
        answers
            What the user types, one for each prompt that ends with ": ".
        """
        self.process.sendline(line)
        for answer in answers:
            self.process.expect(r": $")
            self.process.sendline(answer)
        return self._prompt()

    def interrupt(self) -> None:
        """Press Ctrl-C."""
        self.process.sendintr()

    def stop(self) -> None:
        """End it, as Ctrl-D does. May be called twice."""
        if self.process.isalive():
            self.process.sendeof()
            self.process.expect([self._pexpect.EOF, self._pexpect.TIMEOUT], timeout=10)
        self.process.close(force=True)

    def _prompt(self) -> str:
        self.process.expect(r"In \[\d+\]: ")
        return _ANSI.sub("", self.process.before or "").replace("\r\n", "\n").strip("\n")
