"""Kernels that are not ours: of another language, and without the package."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

ECHO = """
from ipykernel.kernelapp import IPKernelApp
from ipykernel.kernelbase import Kernel

class Echo(Kernel):
    implementation = language = "echo"
    implementation_version = language_version = banner = "1"
    language_info = {"name": "echo", "mimetype": "text/plain", "file_extension": ".txt"}

    async def do_execute(self, code, silent, *args, **kwargs):
        count = self.execution_count
        return {"status": "ok", "execution_count": count, "payload": [], "user_expressions": {}}

IPKernelApp.launch_instance(kernel_class=Echo)
"""
BARE = """
import sys
from ipykernel.kernelapp import IPKernelApp

class NotInstalled:
    def find_spec(self, name, path=None, target=None):
        if name == "milvus_nb":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, NotInstalled())
IPKernelApp.launch_instance()
"""


def install(data: Path, name: str, language: str, code: str) -> None:
    """Install a kernel into a data folder of Jupyter.

    Parameters
    ----------
    data
        The folder.
    name
        Of the kernel.
    language
        Which it says it speaks.
    code
        The Python program that it is.
    """
    folder = data / "kernels" / name
    folder.mkdir(parents=True)
    spec = {
        "argv": [sys.executable, "-c", code, "-f", "{connection_file}"],
        "display_name": name.capitalize(),
        "language": language,
    }
    (folder / "kernel.json").write_text(json.dumps(spec))
