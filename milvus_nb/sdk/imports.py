"""Being told when a module of somebody else's is imported, by whomever."""

from __future__ import annotations

import contextlib
import importlib
import importlib.abc
import importlib.util
import logging
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

__all__ = ["when_imported"]

_log = logging.getLogger(__name__)


def when_imported(name: str, callback: Callable[[ModuleType], object]) -> Callable[[], None]:
    """Call `callback` with a module: now if it is imported, else when it has been.

    Parameters
    ----------
    name
        The module's full name.
    callback
        Its errors are logged: they must not break somebody else's import.

    Returns
    -------
    callable
        Ends the waiting.
    """

    def tell(module: ModuleType) -> None:
        try:
            callback(module)
        except Exception:  # noqa: BLE001  # see above
            _log.exception("What was to be done with %s failed", name)

    # First, so that no import slips in between.
    finder = _Finder(name, tell)
    sys.meta_path.insert(0, finder)
    if name in sys.modules:
        finder.remove()
        # Another thread may be in the middle of it; this waits for that.
        with contextlib.suppress(ImportError):
            tell(importlib.import_module(name))
    return finder.remove


class _Finder(importlib.abc.MetaPathFinder):
    """Lets the others find the module, and has its loader tell when it is loaded."""

    def __init__(self, name: str, tell: Callable[[ModuleType], None]) -> None:
        self._name = name
        self._tell = tell

    def remove(self) -> None:
        if self in sys.meta_path:
            sys.meta_path.remove(self)

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,  # noqa: ARG002  # importlib's signature
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> ModuleSpec | None:
        if fullname != self._name:
            return None
        self.remove()
        spec = importlib.util.find_spec(fullname)
        if spec is not None and spec.loader is not None:
            spec.loader = _Loader(spec, spec.loader, self._tell)
        return spec


class _Loader(importlib.abc.Loader):
    """Loads as the module's own loader does, and gives it back its place afterwards."""

    def __init__(
        self, spec: ModuleSpec, loader: importlib.abc.Loader, tell: Callable[[ModuleType], None]
    ) -> None:
        self._spec = spec
        self._loader = loader
        self._tell = tell

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self._spec.loader = module.__loader__ = self._loader
        self._loader.exec_module(module)
        self._tell(module)
