"""Importing pymilvus, also where it is not one that we know, or not there."""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
import re
from typing import TYPE_CHECKING, Any, Final

from ..errors import MilvusNbError, MissingExtraError, ParamsError, join_pymilvus
from ..probing.private_names import GoneError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "SUPPORTED",
    "as_known",
    "import_pymilvus",
    "installed_version",
    "is_supported",
    "load_pymilvus",
    "param_error",
]

#: The versions whose private names are those that this package uses, as in ``pyproject.toml``.
SUPPORTED: Final = "pymilvus>=2.6.16,<4,!=3.0.0"

_GOES_ON: Final = "Connecting, ping, doctor and all that makes no client goes on without it."


def load_pymilvus() -> Any:
    """Import a pymilvus that we can make clients with.

    Raises
    ------
    MissingExtraError
        There is none, or one of another version.
    MilvusNbError
        It cannot be imported.
    """
    pymilvus = import_pymilvus()
    version = str(getattr(pymilvus, "__version__", ""))
    if not is_supported(version):
        raise MissingExtraError(
            f"milvus_nb cannot make a client with pymilvus {version}.",
            f"It knows those from 2.6.16 on, below 4, but for 3.0.0. {_GOES_ON}",
            f"Install one of them, and restart the kernel: pip install '{SUPPORTED}'",
        )
    return pymilvus


def import_pymilvus() -> Any:
    """Import pymilvus of whichever version, also where ``MILVUS_URI`` would make that fail."""
    # pymilvus reads MILVUS_URI when it is imported and fails on a file's path, which we accept.
    uri = os.environ.get("MILVUS_URI", "")
    if uri and "://" not in uri:
        os.environ["MILVUS_URI"] = ""
    try:
        import pymilvus
    except ModuleNotFoundError as error:
        missing = "It" if error.name == "pymilvus" else f"The module {error.name}, which it needs,"
        failure: MilvusNbError = MissingExtraError(
            "pymilvus cannot be imported.",
            f"{missing} is not installed. {_GOES_ON}",
            f"Install it, and restart the kernel: pip install '{SUPPORTED}'",
        )
    except Exception as error:  # noqa: BLE001  # whatever it is, it is pymilvus's
        failure = MilvusNbError(
            "pymilvus cannot be imported.",
            f"{type(error).__name__}: {' '.join(str(error).split())[:300]} {_GOES_ON}",
            "Try `import pymilvus` in a cell: it says more.",
        )
    else:
        join_pymilvus()
        return pymilvus
    finally:
        if uri:
            os.environ["MILVUS_URI"] = uri
    raise failure


@contextlib.contextmanager
def as_known() -> Iterator[None]:
    """Have a private name that is gone be told as: no client can be made."""
    try:
        yield
    except GoneError as error:
        private = error.private
    else:
        return
    version = installed_version(private.package)
    known = SUPPORTED.replace("<4", f"<{version}")
    raise MissingExtraError(
        f"milvus_nb cannot make a client with {private.package} {version}.",
        f"There is no {private.owner}.{private.name} in it any more. {_GOES_ON}",
        f"Install an older one, and restart the kernel: pip install '{known}'",
    )


def is_supported(version: str) -> bool:
    """Tell whether a version of pymilvus is one that we know."""
    numbers = tuple(int(part) for part in re.findall(r"\d+", version)[:3])
    return (2, 6, 16) <= numbers < (4,) and numbers != (3, 0, 0)


def installed_version(name: str = "pymilvus") -> str:
    """Give the version of a package that is installed; empty where there is none."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""


def param_error(message: str) -> Exception:
    """Make pymilvus's ParamError, which its ``connections`` raises for an unsupported pool."""
    try:
        error: Exception = import_pymilvus().exceptions.ParamError(message=message)
    except MilvusNbError:  # then nobody expects one of its errors
        return ParamsError(message, "", "")
    return error
