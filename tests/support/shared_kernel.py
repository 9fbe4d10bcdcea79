"""One kernel for most tests of a file: to start one costs more than most of them do."""

from __future__ import annotations

import contextlib
import queue
import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.kernels import Kernel

#: Closes what a test has opened with pymilvus, and leaves no name.
_CLEAR = """
if 'milvus_nb' in get_ipython().extension_manager.loaded:
    get_ipython().run_line_magic('unload_ext', 'milvus_nb')
for _value in list(globals().values()):
    if type(_value).__name__ == 'MilvusClient':
        _value.close()
get_ipython().reset(new_session=False)
"""


class Kernels:
    """Keeps the kernel that the last test has left as it found it.

    Parameters
    ----------
    make
        Starts one.
    """

    def __init__(self, make: Callable[[], Kernel]) -> None:
        self._make = make
        self._kept: Kernel | None = None
        self._at_first: set[str] = set()

    def take(self) -> Kernel:
        """Give a kernel in which milvus_nb is not loaded, in a folder without files of a test."""
        if self._kept is None:
            self._kept = self._make()
            self._at_first = {path.name for path in self._kept.folder.iterdir()}
        return self._kept

    def give_back(self, *, keep: bool) -> None:
        """Take it back after a test."""
        if not (keep and self._clear()):
            self.close()

    def close(self) -> None:
        """End the one that was kept."""
        if self._kept is not None:
            self._kept.stop()
            self._kept = None

    def _clear(self) -> bool:
        kernel = self._kept
        assert kernel is not None
        if kernel.execute(_CLEAR).error:
            return False
        with contextlib.suppress(queue.Empty):
            while True:
                kernel.client.get_iopub_msg(timeout=0)
        for path in kernel.folder.iterdir():
            if path.is_dir() and path.name not in self._at_first:
                shutil.rmtree(path)
            elif path.name not in self._at_first:
                path.unlink()
        shutil.rmtree(kernel.folder / "config", ignore_errors=True)
        return True
