"""The Jupyter server's files, of which a page lets one be chosen: whether the kernel sees them."""

from __future__ import annotations

import os

__all__ = ["folder"]


def folder(root: str, path: str) -> str:
    """Give the server's folder as the kernel names it; empty where the kernel has another disk.

    A kernel behind a gateway or in a container may have a folder of that name, but hardly the
    notebook in it.

    Parameters
    ----------
    root
        The folder, as the server tells pages; may begin with ``~``.
    path
        The notebook below it.
    """
    full = os.path.expanduser(root)
    is_seen = os.path.isabs(full) and os.path.isfile(os.path.join(full, path))
    return os.path.normpath(full) if is_seen else ""
