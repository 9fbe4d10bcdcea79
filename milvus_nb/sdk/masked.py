"""The header with the sign-in that pymilvus's handlers send, as a text that does not show."""

from __future__ import annotations

from typing import Any

from ..params.secret import Masked
from . import private_names as theirs
from .channels import is_async

__all__ = ["hide_sign_in"]


def hide_sign_in(handler: Any) -> None:
    """Have a handler's calls send the same header as a text that does not show.

    One that it makes anew, with a new password, is hidden as well.
    """
    _hide(handler)
    make = theirs.SET_UP_SIGN_IN.find(handler)
    if make is None:
        return

    def make_hidden(*args: Any, **kwargs: Any) -> None:
        make(*args, **kwargs)
        _hide(handler)

    theirs.SET_UP_SIGN_IN.put(handler, make_hidden)


def _hide(handler: Any) -> None:
    """Hide the values that are in a list which a function of pymilvus holds."""
    interceptor = theirs.ASYNC_SIGN_IN if is_async(handler) else theirs.SIGN_IN
    add = theirs.ADD_SIGN_IN.find(interceptor.find(handler))
    for cell in getattr(add, "__closure__", None) or ():
        if isinstance(cell.cell_contents, list):
            cell.cell_contents[:] = map(_hidden, cell.cell_contents)


def _hidden(value: object) -> object:
    # gRPC takes text as well as bytes, and makes bytes of it.
    return Masked(value.decode("ascii")) if isinstance(value, bytes) else value
