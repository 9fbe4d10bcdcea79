"""A connection's own questions about what is in its databases."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from ..explore import Collections, Databases, Description, Inspector, Peek, Rights, Schema
    from ..watching.job import Job

__all__ = ["Exploring"]

T = TypeVar("T")


class Exploring:
    """Looks into the databases of a connection.

    Nothing is asked before somebody calls one of these, nothing is repeated or polled, no
    collection is loaded but by `load`, and no other database than the one that is named, or else
    the connection's own, is touched. Each call has the connection's timeout, at most 8 are under
    way at a server, and they work while a cell runs. Each has a twin for ``await``:
    ``async_peek`` for ``peek``.
    """

    def start_exploring(self, ask: Callable[[Inspector], Coroutine[Any, Any, T]]) -> Job[T]:
        """Start to ask; see `Inspector`. Raises ClosedError where the connection is closed."""
        raise NotImplementedError

    def databases(self) -> Databases:
        """List the names of the server's databases that the user may see.

        Returns
        -------
        Databases
            A sequence of ``str``, shape ``(databases,)``. Where the server does not tell them,
            it has the connection's own alone, and says in ``untold`` which privilege is missing.

        Raises
        ------
        ConnectError
            The server did not answer within the connection's timeout.
        ClosedError
            The connection was disconnected.
        """
        return self.start_exploring(_databases).wait()

    async def async_databases(self) -> Databases:
        """List the databases as `databases` does, awaitable."""
        return await self.start_exploring(_databases).joined()

    def collections(self, db: str | None = None, *, details: bool = False) -> Collections:
        """List the collections of a database: one call, whose answer is their names.

        Parameters
        ----------
        db
            Default: the connection's own.
        details
            Whether to ask for the rows and the load state of each, too, of at most 50.

        Returns
        -------
        Collections
            A sequence of ``str``, shape ``(collections,)``; its ``entries`` have the details.

        Raises
        ------
        ExploreError
            There is no such database. DeniedError: the user may not list its collections.
        ConnectError, ClosedError
            As in `databases`.
        """
        return self.start_exploring(_collections(db, details=details)).wait()

    async def async_collections(
        self, db: str | None = None, *, details: bool = False
    ) -> Collections:
        """List the collections as `collections` does, awaitable."""
        return await self.start_exploring(_collections(db, details=details)).joined()

    def describe(self, collection: str, db: str | None = None) -> Description:
        """Tell all that the server tells of a collection: about seven calls.

        Parameters
        ----------
        collection
            Its name, or an alias of it.
        db
            Default: the connection's own.

        Raises
        ------
        ExploreError
            There is no such collection or database. DeniedError: the user may not describe it.
        ConnectError, ClosedError
            As in `databases`.
        """
        return self.start_exploring(lambda of: of.describe(collection, db)).wait()

    async def async_describe(self, collection: str, db: str | None = None) -> Description:
        """Describe a collection as `describe` does, awaitable."""
        return await self.start_exploring(lambda of: of.describe(collection, db)).joined()

    def peek(self, collection: str, n: int = 5, where: str = "", db: str | None = None) -> Peek:
        """Read some rows of a loaded collection; which ones is up to the server.

        Parameters
        ----------
        collection
            Its name, or an alias of it.
        n
            How many rows at most, 1 to 1,000.
        where
            A filter in Milvus's words, such as ``"year > 1990"``.
        db
            Default: the connection's own.

        Returns
        -------
        Peek
            A sequence of dicts, shape ``(at most n,)``; ``to_pandas()`` gives a DataFrame.

        Raises
        ------
        ParamsError
            `n` is no such number.
        ExploreError
            There is no such collection, database or field, the filter is not understood, or the
            collection is released: nothing loads it. DeniedError: the user may not read it.
        ConnectError, ClosedError
            As in `databases`.
        """
        return self.start_exploring(lambda of: of.peek(collection, n, where, db)).wait()

    async def async_peek(
        self, collection: str, n: int = 5, where: str = "", db: str | None = None
    ) -> Peek:
        """Read some rows as `peek` does, awaitable."""
        return await self.start_exploring(lambda of: of.peek(collection, n, where, db)).joined()

    def load(self, collection: str, db: str | None = None) -> None:
        """Load a collection into the server's memory, so that its rows can be read and searched.

        The only one of these that changes anything. It returns when all of it is loaded.

        Parameters
        ----------
        collection, db
            As in `describe`.

        Raises
        ------
        ExploreError
            There is no such collection or database, it cannot be loaded, or has not been within
            the connection's timeout: then it goes on. DeniedError: the user may not load it.
        ConnectError, ClosedError
            As in `databases`.
        """
        self.start_exploring(lambda of: of.load(collection, db)).wait()

    async def async_load(self, collection: str, db: str | None = None) -> None:
        """Load a collection as `load` does, awaitable."""
        await self.start_exploring(lambda of: of.load(collection, db)).joined()

    def schema(self, collection: str, db: str | None = None) -> Schema:
        """Tell the fields and indexes of a collection alone: two calls. See `describe`."""
        return self.start_exploring(lambda of: of.schema(collection, db)).wait()

    def rights(self) -> Rights:
        """Tell the roles and privileges of the connection's own user, where the server does."""
        return self.start_exploring(lambda of: of.rights()).wait()


async def _databases(of: Inspector) -> Databases:
    return await of.databases()


def _collections(
    db: str | None, *, details: bool
) -> Callable[[Inspector], Coroutine[Any, Any, Collections]]:
    return lambda of: of.collections(db, details=details)
