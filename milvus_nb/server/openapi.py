"""The REST interface as OpenAPI: `openapi.yaml`, with the version, and where it is served."""

from __future__ import annotations

import functools
from importlib import resources
from typing import Any

import yaml  # Jupyter Server's own, for its events

from .._version import __version__

__all__ = ["description"]


def description(root: str) -> dict[str, Any]:
    """Describe the interface.

    Parameters
    ----------
    root
        Where it is served, such as ``/milvus_nb``, or below a JupyterHub's prefix.
    """
    found = _read()
    info = {**found["info"], "version": __version__}
    return {**found, "info": info, "servers": [{"url": root}]}


@functools.cache
def _read() -> dict[str, Any]:
    text = resources.files(__package__).joinpath("openapi.yaml").read_text("utf-8")
    found: dict[str, Any] = yaml.safe_load(text)
    return found
