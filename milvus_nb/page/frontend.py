"""What is known of the front end that sent the cell which runs."""

from __future__ import annotations

import os
from typing import Any

__all__ = ["cell_source", "is_notebook", "runs_unattended", "updates_outputs"]


def is_notebook(shell: Any) -> bool:
    """Tell a kernel from a terminal. Who shows its outputs, and whether, is not known by that."""
    return hasattr(shell, "kernel")


def updates_outputs(shell: Any) -> bool:
    """Tell whether an output that was shown can be changed, and somebody sees that.

    JupyterLab, Notebook and VS Code name the cell that they run. What runs a notebook without
    anybody before it (nbclient, papermill), and a console, which shows each output once, do not.
    """
    return bool(_request(shell).get("metadata", {}).get("cellId"))


def runs_unattended(shell: Any) -> bool:
    """Tell whether nobody is before the notebook, which nbclient runs for nbconvert or papermill.

    What they write is opened without this kernel. They answer no question, name no cell, and number
    their messages as Python's client does, which nteract does not. voila runs a notebook the same
    way, for a visitor.
    """
    request = _request(shell)
    header = request.get("header", {})
    return (
        not request.get("content", {}).get("allow_stdin", True)
        and not updates_outputs(shell)
        and str(header.get("msg_id")).startswith(f"{header.get('session')}_")
        and "VOILA_PREHEAT" not in os.environ
    )


def cell_source(shell: Any) -> str:
    """Give the source of the cell that runs; nothing where there is no notebook."""
    return str(_request(shell).get("content", {}).get("code", ""))


def _request(shell: Any) -> dict[str, Any]:
    """Give the message that runs the cell; other kernels than ipykernel do not show it."""
    get_parent = getattr(getattr(shell, "kernel", None), "get_parent", None)
    if get_parent is None:
        return {}
    try:
        found = get_parent("shell")
    except TypeError:  # xeus-python
        found = get_parent()
    return found if isinstance(found, dict) else {}
