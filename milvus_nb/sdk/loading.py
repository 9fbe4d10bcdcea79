"""Importing pymilvus, also where its own reading of the environment would make that fail."""

from __future__ import annotations

import os
from typing import Any

from ..errors import join_pymilvus

__all__ = ["load_pymilvus", "param_error"]


def load_pymilvus() -> Any:
    """Import pymilvus, also where ``MILVUS_URI`` would make that fail."""
    # pymilvus reads MILVUS_URI when it is imported and fails on a file's path, which we accept.
    uri = os.environ.get("MILVUS_URI", "")
    if uri and "://" not in uri:
        os.environ["MILVUS_URI"] = ""
    try:
        import pymilvus
    finally:
        if uri:
            os.environ["MILVUS_URI"] = uri
    join_pymilvus()
    return pymilvus


def param_error(message: str) -> Exception:
    """Make pymilvus's ParamError, which its ``connections`` raises for an unsupported pool."""
    error: Exception = load_pymilvus().exceptions.ParamError(message=message)
    return error
