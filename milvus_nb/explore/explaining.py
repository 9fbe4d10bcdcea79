"""Why a server refused, asked further where its words do not say it all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..errors import ExploreError
from . import refused
from .calls import DEFAULT_DATABASE
from .model import Load, Untold
from .refused import Refusal

if TYPE_CHECKING:
    from ..params.endpoint import ConnectionParams
    from .calls import Calls
    from .model import Description

__all__ = ["Explainer"]

_SUBJECTS: Final = {
    "rows": "the number of rows",
    "load": "whether it is loaded",
    "indexes": "the indexes",
    "partitions": "the partitions",
    "aliases": "the aliases",
    "databases": "the databases",
    "roles": "your roles",
    "rights": "what your roles may do",
}


class Explainer:
    """A refusal → the error that the user gets, or the words for what the server did not tell.

    A database is as it was asked for: empty for the default one.

    Parameters
    ----------
    calls
        Asks further: which names there are, which role the user has, what is loaded.
    alias
        The connection's.
    params
        Who was refused, and in which database.
    version
        The server's; empty where it is not known.
    """

    def __init__(self, calls: Calls, alias: str, params: ConnectionParams, version: str) -> None:
        self._calls = calls
        self._alias = alias
        self._params = params
        self._version = version

    async def not_listed(self, refusal: Refusal, database: str) -> ExploreError:
        """Say why the collections of a database are not listed."""
        shown = database or DEFAULT_DATABASE
        if refusal.is_denied:
            what = f"You may not list the collections of {shown}."
            return await self._denied(what, refusal, database)
        if refusal.is_no_database:
            return refused.no_database(self._alias, shown, await self._calls.known_databases())
        return _unexpected(f"The collections of {shown} could not be listed.", refusal)

    async def not_described(
        self, refusal: Refusal, name: str, database: str, *, was_there: bool = False
    ) -> ExploreError:
        """Say why a collection is not described; `was_there`: it was, a call before."""
        if refusal.is_denied:
            return await self._denied(f"You may not describe {name}.", refusal, database, name)
        if not (refusal.is_no_collection or refusal.is_no_database):
            return _unexpected(f"Collection {name} could not be described.", refusal)
        # A database that is not there is told as a collection that is not, by some versions.
        try:
            known = await self._calls.collection_names(database)
        except Refusal as other:
            if other.is_no_database:
                return await self.not_listed(other, database)
            known = []
        shown = database or DEFAULT_DATABASE
        return refused.no_collection(self._alias, shown, name, known, was_there=was_there)

    async def not_read(
        self, refusal: Refusal, collection: Description, database: str, where: str, typed: str
    ) -> ExploreError:
        """Say why the rows of a collection are not read; `typed`: what of a filter may be shown."""
        name, shown = collection.name, refusal.without(where, typed)
        if refusal.is_denied:
            return await self._denied(f"You may not read {name}.", shown, database, name)
        if refusal.is_not_loaded:
            return await self._released(name, database)
        if refusal.is_no_collection or refusal.is_no_database:
            return await self.not_described(refusal, name, database, was_there=True)
        if where and refusal.field:
            fields = [field.name for field in collection.fields]
            is_shown = refusal.field in typed
            return refused.no_field(name, refusal.field, fields, is_shown=is_shown)
        if where and refusal.is_about_expression:
            return refusal.expression_error(where, typed)
        return _unexpected(f"The rows of {name} could not be read.", shown)

    async def not_loaded(self, refusal: Refusal, name: str, database: str) -> ExploreError:
        """Say why a collection is not loaded by who wanted that."""
        if refusal.is_denied:
            return await self._denied(f"You may not load {name}.", refusal, database, name)
        if refusal.is_not_loaded:  # somebody has released it meanwhile
            return await self._released(name, database)
        if refusal.is_no_collection or refusal.is_no_database:
            return await self.not_described(refusal, name, database, was_there=True)
        if refusal.is_no_index:
            return refused.no_index(name)
        return _unexpected(f"{name} could not be loaded.", refusal)

    async def not_released(self, refusal: Refusal, name: str, database: str) -> ExploreError:
        """Say why a collection is not released."""
        if refusal.is_denied:
            return await self._denied(f"You may not release {name}.", refusal, database, name)
        if refusal.is_no_collection or refusal.is_no_database:
            return await self.not_described(refusal, name, database, was_there=True)
        return _unexpected(f"{name} could not be released.", refusal)

    async def untold(
        self, what: str, refusal: Refusal, database: str, collection: str = "", role: str = ""
    ) -> Untold | None:
        """Say why something is not told; None where the server does not know the question.

        Parameters
        ----------
        what
            As in `Untold`.
        refusal
            The server's.
        database, collection
            Of what.
        role
            Who lacks the privilege; default: the user's first role.
        """
        if refusal.is_unknown:
            return None
        subject = _SUBJECTS[what]
        if not refusal.is_denied:
            told = refusal.said or refusal.code
            return Untold(what, f"The server does not tell {subject}: {told}")
        privilege = refused.privilege(refusal)
        if not privilege:
            return Untold(what, f"You may not see {subject}: {refusal.said}")
        grant = await self._grant(privilege, database, collection, role)
        reason = f"{subject[0].upper()}{subject[1:]}: needs {privilege}."
        return Untold(what, reason, privilege, grant)

    async def _released(self, name: str, database: str) -> ExploreError:
        try:
            load = await self._calls.load(name, database)
        except Refusal:
            load = Load("released")
        shown, own = database or DEFAULT_DATABASE, self._params.db_name or DEFAULT_DATABASE
        if load.state == "loading":
            return refused.still_loading(shown, name, str(load))
        return refused.not_loaded(self._alias, shown, name, own_database=own)

    async def _denied(
        self, what: str, refusal: Refusal, database: str, collection: str = ""
    ) -> ExploreError:
        privilege = refused.privilege(refusal)
        grant = await self._grant(privilege, database, collection) if privilege else ""
        user = self._params.endpoint.user
        return refused.denied(what, user, privilege, grant, refusal.said)

    async def _grant(self, privilege: str, database: str, collection: str, role: str = "") -> str:
        if not role:
            try:
                role = next(iter(await self._calls.own_roles()), "")
            except Refusal:
                role = ""
        shown = database or DEFAULT_DATABASE
        return refused.grant(privilege, role or "ROLE", shown, collection, self._version)


def _unexpected(what: str, refusal: Refusal) -> ExploreError:
    said = refusal.said or "nothing more"
    if refusal.code == "RESOURCE_EXHAUSTED":
        return ExploreError(what, f"The answer is too large: {said}", "Ask for fewer rows.")
    if refusal.is_unknown:
        return ExploreError(what, f"This server does not know {refusal.call}.", "")
    return ExploreError(what, f"The server says: {said} (code {refusal.code})", "")
