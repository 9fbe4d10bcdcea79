"""Rows as a DataFrame, or as a list where there is no pandas, that show themselves shortened."""

from __future__ import annotations

import functools
import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .model import Peek

__all__ = ["framed"]


class _Rows(list[dict[str, Any]]):
    """Rows, where there is no pandas."""

    def __init__(self, peek: Peek) -> None:
        super().__init__(peek.rows)
        self._peek = peek

    def __repr__(self) -> str:
        return repr(self._peek)

    def _repr_html_(self) -> str:
        return self._peek._repr_html_()  # IPython's name

    def __reduce__(self) -> tuple[Any, ...]:
        return list, (list(self),)


def framed(peek: Peek) -> Any:
    """Give the rows as a DataFrame; what is made of it is shown as pandas shows it."""
    try:
        frame = _class()(peek.to_pandas())
    except ImportError:
        return _Rows(peek)
    object.__setattr__(frame, "_peek", peek)  # pandas would take it for a column
    return frame


def _pandas() -> Any:
    return importlib.import_module("pandas")  # it has no types


@functools.cache
def _class() -> Any:
    pd: Any = _pandas()

    class DataFrame(pd.DataFrame):  # type: ignore[misc]  # as above
        """Rows of a collection; vectors are whole, and shown shortened."""

        @property
        def _constructor(self) -> Any:
            return pd.DataFrame

        def _unchanged(self) -> Peek | None:
            """Give what it was made of, if it is still the same."""
            peek: Peek | None = self.__dict__.get("_peek")
            if peek is None or list(self.columns) != list(peek.columns) or len(self) != len(peek):
                return None
            for name in peek.columns:
                given = [row.get(name) for row in peek.rows]
                if not all(map(_same, given, self[name].tolist())):
                    return None
            return peek

        def __repr__(self) -> str:
            peek = self._unchanged()
            return str(super().__repr__()) if peek is None else repr(peek)

        def _repr_html_(self) -> Any:
            peek = self._unchanged()
            return super()._repr_html_() if peek is None else peek._repr_html_()

        def __reduce__(self) -> Any:
            return _itself, (pd.DataFrame(self),)

    return DataFrame


def _same(given: Any, now: Any) -> bool:
    if given is now:
        return True
    if given is None:  # pandas has three nulls
        return bool(now is None or now is _pandas().NA or now != now)  # noqa: PLR0124  # NaN
    return now is not _pandas().NA and type(now) is not list and bool(given == now)


def _itself(frame: Any) -> Any:
    return frame
