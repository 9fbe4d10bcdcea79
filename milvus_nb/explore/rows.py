"""Some rows of a collection: as dicts, and as a DataFrame that shows itself shortened."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, overload

from .model import Shown

__all__ = ["Peek", "framed"]


@dataclass(frozen=True, repr=False)
class Peek(Sequence[dict[str, Any]], Shown):
    """Some rows of a collection: a sequence of dicts, field → value.

    A dense vector is a list of float, an int8 one of int; a binary one is bytes, a sparse one a
    dict of place → weight. JSON and arrays are Python's own. Dynamic fields stand in the row like
    all others; a null is None.

    Attributes
    ----------
    alias, database, collection
        Of the connection, the database, the collection.
    columns
        The fields, primary key first; shape ``(fields,)``.
    types
        Of each column, in pymilvus's words; empty for a dynamic field. Shape ``(fields,)``.
    rows
        Shape ``(at most n,)``; which ones is up to the server.
    where
        The filter; empty where there was none.
    asked_at
        Unix seconds.
    """

    alias: str
    database: str
    collection: str
    columns: tuple[str, ...]
    types: tuple[str, ...]
    rows: tuple[dict[str, Any], ...]
    where: str = ""
    asked_at: float = 0.0

    @overload
    def __getitem__(self, index: int) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[dict[str, Any], ...]: ...
    def __getitem__(self, index: int | slice) -> dict[str, Any] | tuple[dict[str, Any], ...]:
        return self.rows[index]

    def __len__(self) -> int:
        return len(self.rows)

    def to_pandas(self) -> Any:
        """Give a ``pandas.DataFrame``, a row each, vectors whole; ImportError without pandas.

        A column of whole numbers with a null among them is an ``Int64``, one of truths a
        ``boolean``: numbers stay as they are.
        """
        pd = _pandas()
        columns = {name: [row.get(name) for row in self.rows] for name in self.columns}
        series = {name: pd.Series(one, dtype=_dtype(one)) for name, one in columns.items()}
        return pd.DataFrame(series, columns=list(self.columns))


def _dtype(values: list[Any]) -> str | None:
    """Name what pandas would not choose: it makes whole numbers beside a null floats."""
    kinds = {type(value) for value in values}
    if kinds == {int, type(None)} and all(-(2**63) <= value < 2**63 for value in values if value):
        return "Int64"
    return "boolean" if kinds == {bool, type(None)} else None


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
