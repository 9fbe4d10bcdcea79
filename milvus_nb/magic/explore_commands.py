"""``%milvus ls``, ``describe``, ``peek``, and ``code --for``: what is in the databases."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ..errors import ClosedError, ConnectError, ExploreError, MagicUsageError
from ..params.suggestion import closest

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable

    from ..code.arguments import Word
    from ..explore import Collections, Description, Overview, Schema
    from ..registry.connection import Connection
    from ..registry.registry import ConnectionRegistry

__all__ = ["code_for", "describe", "listing", "own_rights", "peek"]

# What is longer is not repeated, in characters.
_LONG: Final = 80


def listing(registry: ConnectionRegistry, path: str | None) -> Overview | Collections | Schema:
    """List what is at a path: databases and collections, or the fields of a collection."""
    from ..explore import Overview

    connection, names, has_alias = _split(registry, path or "")
    if not names:
        databases = connection.databases()
        return Overview(databases, connection.collections(details=True))
    if len(names) > 1:
        return connection.schema(names[1], names[0])
    name = names[0]
    # An alias is followed by a database, a bare name is a collection where there is one.
    if not has_alias and name in connection.collections():
        return connection.schema(name)
    try:
        return connection.collections(name, details=True)
    except ExploreError as error:
        if error.cause != "no-database":
            raise
        failed = error
    try:
        return connection.schema(name)
    except ExploreError as error:
        if error.cause == "no-collection":
            near = closest(name, registry.aliases())
            meant = f"Did you mean {near}?" if near else error.fix
            fix = next((one.fix for one in (error, failed) if "mean" in one.fix), meant)
            of = connection.alias
            what = f"{name!r} is no database or collection of {of}, and no connection."
            failed = ExploreError(what, "", fix, error.cause)
        else:
            failed = error
    raise failed


def describe(registry: ConnectionRegistry, arguments: argparse.Namespace) -> Description:
    """Describe a collection."""
    connection, database, name = _collection(registry, arguments, arguments.collection)
    return connection.describe(name, database)


def peek(registry: ConnectionRegistry, arguments: argparse.Namespace, words: Iterable[Word]) -> Any:
    """Give some rows, as a DataFrame where there is pandas."""
    from ..explore import framed

    connection, database, name = _collection(registry, arguments, arguments.collection)
    n, where = arguments.n, arguments.where or ""
    typed = next((word.typed for word in words if where and word.text.endswith(where)), "")
    typed = typed.removeprefix("--where=")
    job = connection.start_exploring(lambda of: of.peek(name, n, where, database, typed=typed))
    return framed(job.wait())


def code_for(registry: ConnectionRegistry, arguments: argparse.Namespace) -> str:
    """Give a collection as code."""
    from ..explore.code import code_for as write

    if arguments.lang != "python":
        raise MagicUsageError(
            f"--for has no language {arguments.lang[:40]!r}.",
            "A collection is written as Python alone.",
            "Leave --lang out.",
        )
    connection, database, name = _collection(registry, arguments, arguments.collection)
    return write(connection.describe(name, database), connection.params, arguments.field or "")


def own_rights(connection: Connection) -> list[tuple[str, str]]:
    """Tell the user's roles and privileges; nothing where the server does not answer."""
    if connection.state not in ("connected", "degraded"):
        return []
    try:
        return connection.rights().pairs()
    except (ConnectError, ClosedError):  # the state will say so
        return []


def _collection(
    registry: ConnectionRegistry, arguments: argparse.Namespace, path: str
) -> tuple[Connection, str | None, str]:
    """Find the connection, the database and the name of a collection."""
    database: str | None = arguments.db
    if arguments.alias is not None:
        connection = registry.resolve(arguments.alias)
        before, _, name = path.rpartition("/")
        names = [before, name] if before else [name]
    else:
        connection, names, _ = _split(registry, path)
    if not names and connection.alias == path and _is_there(registry, database, path):
        connection, names = registry.resolve(None), [path]
    if not names:
        raise MagicUsageError(f"{path!r} is a connection.", "", "Which collection? See %milvus ls")
    if len(names) > 1 and database is None:
        database = names[0]
    return connection, database, names[-1]


def _is_there(registry: ConnectionRegistry, database: str | None, name: str) -> bool:
    """Tell whether the current connection has a collection that is called like an alias."""
    if registry.current is None:
        return False
    try:
        registry.current.schema(name, database)
    except ExploreError:
        return False
    return True


def _split(registry: ConnectionRegistry, path: str) -> tuple[Connection, list[str], bool]:
    """Read ``ALIAS``, ``ALIAS/DB``, ``ALIAS/DB/COLLECTION``, or the same without the alias."""
    parts = path.rstrip("/").split("/") if path else []
    for count in range(len(parts), 0, -1):  # an alias may have slashes in it
        alias = "/".join(parts[:count])
        if alias in registry or alias in [other.alias for other in registry.others()]:
            return registry.resolve(alias), _two(path, parts[count:]), True
    return registry.resolve(None), _two(path, parts), False


def _two(path: str, names: list[str]) -> list[str]:
    if len(names) > 2 or "" in names:  # a database and a collection
        raise MagicUsageError(
            f"{path!r} is no path of this kernel." if len(path) <= _LONG else "This is no path.",
            "A path is ALIAS/DATABASE/COLLECTION, or the end of one.",
            "The aliases are under %milvus, the databases under %milvus ls.",
        )
    return names
