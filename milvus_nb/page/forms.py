"""The panel's connect form: what it sends becomes parameters, and its secret stays here.

The page empties its password boxes when it sends a form, and never gets a secret that was pasted.
So that nothing need be typed twice, the kernel keeps the secret of a form while that is open, under
the id of the request that brought it.
"""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING, Any, Final

from ..errors import MilvusNbError, ParamsError, without_frames
from ..params import parsing
from ..params.secret import Secret
from ..params.tls import PEM_FILES
from . import messages

if TYPE_CHECKING:
    from .. import protocol
    from ..code.paste import Pasted
    from ..params.endpoint import ConnectionParams
    from .messages import Request

__all__ = ["Forms"]

# So many secrets of forms that are still open are kept for their next try.
_MAX_KEPT: Final = 8

_SECRETS: Final = ("password", "token", "typed")


class Forms:
    """The secrets of forms that are still open. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[int, dict[str, Secret]] = {}

    def params(self, request: Request, default_timeout: float) -> ConnectionParams:
        """Take the secret out of a connect's or a test's request; make parameters of the rest.

        Raises
        ------
        ParamsError
            A field cannot be used.
        MilvusNbError
            The form counts on a secret that is not kept any more.
        """
        secret = self._secret(request)
        given = {**request.params, **secret}
        return parsing.parse(**given, default_timeout=default_timeout)

    def profile(self, request: Request) -> dict[str, Any]:
        """Take the secret out of a profile's request; give what is to take the profile's place.

        Raises
        ------
        MilvusNbError
            The form counts on a secret that is not kept any more.
        """
        secret = self._secret(request)
        typed = secret.get("password") or secret.get("token")
        return {**request.params, **({"secret": typed} if typed else {})}

    def for_keyring(self, request: Request) -> Secret:
        """Take the secret for the keyring out of a request to save a profile.

        Raises
        ------
        MilvusNbError
            The form counts on a secret that is not kept any more.
        """
        return self._secret(request).get("typed", Secret(""))

    def _secret(self, request: Request) -> dict[str, Secret]:
        given = request.params
        secret = {name: Secret(given.pop(name)) for name in _SECRETS if given.get(name)}
        earlier = given.pop("secret_from", None)
        if earlier is not None:
            kept = self._take(earlier)
            if not (secret or kept):
                raise MilvusNbError(
                    "The password or token is needed again.",
                    "The kernel keeps it only while the form is open.",
                    "Type it once more.",
                )
            secret = secret or kept
        self._keep(request.id, secret)
        return secret

    def paste(self, request: Request, default_timeout: float) -> protocol.Pasted:
        """Read what was pasted, keep its secret, and give the rest as the form's fields.

        Raises
        ------
        ParamsError
            It cannot be read, or not be used. No error shows a secret.
        """
        failure: Exception
        try:
            found = _read(request.params.pop("text"))
            # The files may be on another machine's path yet: connecting says which are missing.
            given = {name: value for name, value in found.given.items() if name not in PEM_FILES}
            params = parsing.parse(**given, env={}, default_timeout=default_timeout)
        except MilvusNbError as error:
            failure = error
        except Exception as error:  # noqa: BLE001  # its words may hold what was pasted
            failure = MilvusNbError(
                "What was pasted could not be read.",
                f"{type(error).__name__}: please report it, without the secret.",
                "Fill in the form by hand.",
            )
        else:
            self._keep(request.id, _secret_of(params))
            return messages.pasted(found, params)
        raise without_frames(failure)

    def forget(self, request: int) -> None:
        """Drop the secret of a form that is closed."""
        self._take(request)

    def clear(self) -> None:
        """Drop all secrets."""
        with self._lock:
            self._kept.clear()

    def _keep(self, request: int, secret: dict[str, Secret]) -> None:
        if not secret:
            return
        with self._lock:
            self._kept[request] = secret
            while len(self._kept) > _MAX_KEPT:
                del self._kept[next(iter(self._kept))]

    def _take(self, request: int) -> dict[str, Secret]:
        with self._lock:
            return self._kept.pop(request, {})


def _read(text: str) -> Pasted:
    from ..code import paste

    if not paste.looks_pasted(text):
        # An address that the page took for more. If it is none, its words are not to be repeated.
        with contextlib.suppress(ParamsError):
            parsing.parse(uri=text.strip(), env={})
            return paste.Pasted("uri", given={"uri": text.strip()})
    return paste.read(text)


def _secret_of(params: ConnectionParams) -> dict[str, Secret]:
    """Give the secret as the form has it: a password without the user, or an API key."""
    return {} if params.auth == "none" else {params.auth: params.endpoint.secret}
