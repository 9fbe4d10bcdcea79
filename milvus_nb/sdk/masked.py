"""The header with the sign-in that pymilvus's handlers send, as a text that does not show."""

from __future__ import annotations

from typing import Any, Final

from ..params.secret import Masked

__all__ = ["hide_sign_in"]

#: Where pymilvus's handlers keep what adds the sign-in to each call; a test notices a change.
_INTERCEPTORS: Final = ("_authorization_interceptor", "_async_authorization_interceptor")


def hide_sign_in(handler: Any) -> None:
    """Have a handler's calls send the same header as a text that does not show.

    One that it makes anew, with a new password, is hidden as well.
    """
    _hide(handler)
    make = handler._setup_authorization_interceptor

    def make_hidden(*args: Any, **kwargs: Any) -> None:
        make(*args, **kwargs)
        _hide(handler)

    handler._setup_authorization_interceptor = make_hidden


def _hide(handler: Any) -> None:
    """Hide the values that are in a list which a function of pymilvus holds."""
    for name in _INTERCEPTORS:
        add = getattr(getattr(handler, name, None), "_fn", None)
        for cell in getattr(add, "__closure__", None) or ():
            if isinstance(cell.cell_contents, list):
                cell.cell_contents[:] = map(_hidden, cell.cell_contents)


def _hidden(value: object) -> object:
    # gRPC takes text as well as bytes, and makes bytes of it.
    return Masked(value.decode("ascii")) if isinstance(value, bytes) else value
