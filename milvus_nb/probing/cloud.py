"""Zilliz Cloud: which hosts are its own. They speak TLS only, and take an API key or a password."""

from __future__ import annotations

from typing import Final

__all__ = ["is_cloud"]

_DOMAINS: Final = (".zillizcloud.com", ".zillizcloud.com.cn", ".zilliz.com", ".zilliz.com.cn")


def is_cloud(host: str) -> bool:
    """Tell whether a host is an endpoint of Zilliz Cloud."""
    return host.rstrip(".").endswith(_DOMAINS)
