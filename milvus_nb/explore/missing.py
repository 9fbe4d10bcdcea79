"""A database that a connection was to have, and that is not there: creating it, where one may."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ..errors import Advice, MilvusNbError, Offer
from ..probing import diagnosis
from ..probing.diagnosis import ProbeError
from .calls import Calls
from .inspector import Inspector
from .reading import Reader
from .refused import Refusal

if TYPE_CHECKING:
    from ..errors import Diagnosis
    from ..params.endpoint import ConnectionParams
    from .calls import Server

__all__ = ["create_database", "with_creating"]


async def with_creating(missing: Diagnosis, server: Server, params: ConnectionParams) -> Diagnosis:
    """Let a form offer to create the database as well, if the user may.

    Parameters
    ----------
    missing
        Says that the database is not there.
    server
        Where.
    params
        Who asks, and for which database.
    """
    if missing.advice is None or not await _may_create(server, params):
        return missing
    first = [one for one in missing.advice.offers if one.value != "default"]
    rest = [one for one in missing.advice.offers if one.value == "default"]
    offers = (*first, Offer("create-database", params.db_name), *rest)
    return replace(missing, advice=Advice(missing.advice.fix, offers))


async def create_database(server: Server, params: ConnectionParams) -> None:
    """Create the database of a connection.

    Raises
    ------
    ProbeError
        The server did not do it.
    """
    anywhere = replace(params, db_name="")
    endpoint = params.endpoint
    try:
        await Calls(server, anywhere, Reader(endpoint)).create_database(params.db_name)
    except Refusal as error:
        if "permission deny" in error.said or error.code == "PERMISSION_DENIED":
            found = diagnosis.of(endpoint, "permission-denied", error.said)
        else:
            code = error.code if isinstance(error.code, int) else -1
            found = diagnosis.server_refused(endpoint, code, error.said)
    else:
        return
    raise ProbeError(found)


async def _may_create(server: Server, params: ConnectionParams) -> bool:
    """Tell whether the user may create databases, as far as the server tells."""
    endpoint = params.endpoint
    if endpoint.kind == "lite":
        return False
    if endpoint.auth == "none":  # and it was let in: nobody needs a right there
        return True
    try:
        rights = await Inspector(server, "", replace(params, db_name="")).rights()
    except (ProbeError, MilvusNbError):
        return False
    return rights.may_on_server("CreateDatabase")
