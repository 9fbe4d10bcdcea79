"""What pages ask about the databases of a connection, and how they are told what is there.

Nothing is asked, loaded or released by itself: each question is one that a page has sent, and a
page can take it back with ``cancel``, as any other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ..explore.values import short

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence

    from .. import protocol
    from ..explore import model, schema
    from ..explore.inspector import Inspector
    from ..explore.rows import Peek
    from ..registry.connection import Connection
    from ..registry.registry import ConnectionRegistry
    from ..watching.job import Job
    from .messages import Request

    Follow = Callable[[int, Job[Any], Callable[[Any], Mapping[str, Any]]], None]

__all__ = ["MOST_NAMES", "DatabaseQuestions"]

#: So many names of one kind a page is told, and so many fields of a collection.
MOST_NAMES: Final = 20_000
_MOST_FIELDS: Final = 1_000
#: So many rows and columns are previewed; `%milvus peek` shows more.
_MOST_ROWS: Final = 50
_MOST_COLUMNS: Final = 100


class DatabaseQuestions:
    """Answers what pages ask about the databases of a connection.

    Parameters
    ----------
    registry
        Whose connections pages see.
    follow
        Answers a request when its job has ended.
    """

    def __init__(self, registry: ConnectionRegistry, follow: Follow) -> None:
        self._registry = registry
        self._follow = follow
        #: Whether anything was asked yet: what cells change is of interest only then.
        self.is_used = False
        self.handlers: Mapping[str, Callable[[Request], None]] = {
            "databases": self._do_databases,
            "collections": self._do_collections,
            "sizes": self._do_sizes,
            "describe": self._do_describe,
            "preview": self._do_preview,
            "load": self._do_load,
            "release": self._do_release,
            "collection_code": self._do_code,
            "rights": self._do_rights,
        }

    def _do_databases(self, request: Request) -> None:
        self._ask(request, lambda of: of.databases(), _databases)

    def _do_collections(self, request: Request) -> None:
        database = request.params["database"]
        self._ask(request, lambda of: of.collections(database), _collections)

    def _do_sizes(self, request: Request) -> None:
        names, database = request.params["names"], request.params["database"]
        self._ask(request, lambda of: of.sizes(names, database), _sizes)

    def _do_describe(self, request: Request) -> None:
        name, database = request.params["collection"], request.params["database"]
        self._ask(request, lambda of: of.describe(name, database), _description)

    def _do_preview(self, request: Request) -> None:
        name, database = request.params["collection"], request.params["database"]
        count = max(1, min(request.params["count"], _MOST_ROWS))
        self._ask(request, lambda of: of.peek(name, count, "", database), _preview)

    def _do_load(self, request: Request) -> None:
        name, database = request.params["collection"], request.params["database"]
        seen = request.params["seen"]
        self._ask(request, lambda of: of.load_on(name, database, seen=seen), _loaded)

    def _do_release(self, request: Request) -> None:
        name, database = request.params["collection"], request.params["database"]
        self._ask(request, lambda of: of.release(name, database), lambda _: {})

    def _do_rights(self, request: Request) -> None:
        connection = self._registry.find(request.params["alias"])
        job = connection.start_exploring(lambda of: of.rights())
        self._follow(request.id, job, lambda rights: {"rows": rights.pairs()})

    def _do_code(self, request: Request) -> None:
        from ..explore.code import code_for, code_here

        params = request.params
        name, database, field = params["collection"], params["database"], params["field"]
        connection = self._registry.find(params["alias"])

        def written(found: model.Schema) -> protocol.PartCode:
            told = found.description
            return {
                "here": code_here(told, connection.db_name or "default", field),
                "elsewhere": code_for(told, connection.params, field, reads=True),
            }

        async def write(of: Inspector) -> protocol.PartCode:
            return written(await of.schema(name, database))

        self._ask(request, write, _as_it_is, connection)

    def _ask(
        self,
        request: Request,
        ask: Callable[[Inspector], Coroutine[Any, Any, Any]],
        told: Callable[[Any], Mapping[str, Any]],
        connection: Connection | None = None,
    ) -> None:
        self.is_used = True
        connection = connection or self._registry.find(request.params["alias"])
        self._follow(request.id, connection.start_exploring(ask), told)


def _as_it_is(found: Mapping[str, Any]) -> Mapping[str, Any]:
    return found


def _databases(databases: model.Databases) -> protocol.DatabaseNames:
    return {
        "names": list(databases.names[:MOST_NAMES]),
        "current": databases.current,
        "untold": _untold([databases.untold] if databases.untold else []),
        "asked_at": databases.asked_at,
    }


def _collections(collections: model.Collections) -> protocol.CollectionNames:
    return {
        "names": list(collections.names[:MOST_NAMES]),
        "total": len(collections.names),
        "asked_at": collections.asked_at,
    }


def _sizes(collections: model.Collections) -> protocol.Sizes:
    return {
        "sizes": [{"name": one.name, **_size(one.rows, one.load)} for one in collections.details],
        "untold": _untold(collections.untold),
        "asked_at": collections.asked_at,
    }


def _size(rows: model.RowCount | None, load: model.Load | None) -> protocol.Size:
    return {
        "rows": rows.count if rows is not None else None,
        "is_exact": rows is not None and rows.is_exact,
        **_loaded(load),
    }


def _loaded(load: model.Load | None) -> protocol.Loaded:
    return {
        "load": load.state if load is not None else None,
        "percent": load.percent if load is not None else None,
    }


def _description(collection: model.Description) -> protocol.Description:
    return {
        "name": collection.name,
        "description": collection.description,
        **_size(collection.rows, collection.load),
        "fields": [one for field in collection.fields for one in _fields(field)][:_MOST_FIELDS],
        "has_dynamic_field": collection.has_dynamic_field,
        "indexes": [_index(one) for one in collection.indexes[:_MOST_FIELDS]],
        "partitions": _names(collection.partitions),
        "aliases": _names(collection.aliases),
        "untold": _untold(collection.untold),
        "asked_at": collection.asked_at,
    }


def _names(names: Sequence[str] | None) -> list[str] | None:
    return None if names is None else list(names[:MOST_NAMES])


def _fields(field: schema.Field, struct: str = "") -> list[protocol.Field]:
    """Tell a field, and those of its structs behind it."""
    own: protocol.Field = {
        "name": field.name,
        "struct": struct,
        "type": field.full_type,
        "is_primary": field.is_primary,
        "auto_id": field.auto_id,
        "is_partition_key": field.is_partition_key,
        "is_clustering_key": field.is_clustering_key,
        "nullable": field.nullable,
        "is_function_output": field.is_function_output,
        "default": short(field.default) if field.has_default else None,
        "analyzer": field.analyzer,
        "description": field.description,
    }
    return [own, *(one for inner in field.fields for one in _fields(inner, field.name))]


def _index(index: schema.Index) -> protocol.Index:
    done = 100 * index.indexed_rows // index.total_rows if index.total_rows else None
    return {
        "field": index.field,
        "name": index.name,
        "type": index.type,
        "metric": index.metric,
        "params": ", ".join(f"{key} {value}" for key, value in index.params),
        "state": index.state,
        "percent": done,
        "reason": index.reason,
    }


def _untold(untold: Iterable[model.Untold]) -> list[protocol.Untold]:
    return [{"what": one.what, "reason": one.reason, "grant": one.grant} for one in untold]


def _preview(peek: Peek) -> protocol.Preview:
    columns, types = peek.columns[:_MOST_COLUMNS], peek.types[:_MOST_COLUMNS]
    kinds = dict(zip(columns, types, strict=True))
    return {
        "columns": list(columns),
        "types": list(types),
        "rows": [[_cell(row, name, kinds[name]) for name in columns] for row in peek.rows],
        "asked_at": peek.asked_at,
    }


def _cell(row: dict[str, Any], name: str, kind: str) -> str | None:
    if name not in row:
        return ""
    return None if row[name] is None else short(row[name], kind)
