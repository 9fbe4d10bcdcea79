"""The whole layered check of one endpoint, for somebody who wants to know where it hangs.

It goes the way of a connection, over sockets of its own: file or DNS → TCP → TLS → gRPC → sign-in →
version → health → database. It changes nothing and keeps nothing open.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from .. import sdk
from ..params.secret import redact
from ..probing import diagnosis
from ..probing.blocking import run_blocking
from ..probing.diagnosis import ProbeError
from ..probing.investigate import investigate
from ..probing.management import MANAGEMENT_PORT, Management, ask_management
from ..probing.outside import MOST_FACT, cut, plain
from ..probing.probe import Probe
from ..probing.proxies import VARIABLES, late
from ..probing.reach import Reached, reach
from ..probing.surroundings import NO_VARIABLES
from ..probing.waiting import end, to_the_end, within
from ..sdk import lite
from ..views.report import Report
from .answers import AUTHORIZATION_OFF, Errors
from .asking import check_cloud

if TYPE_CHECKING:
    from ..errors import Diagnosis
    from ..params.endpoint import ConnectionParams
    from ..probing.stages import Stages
    from .monitor import Monitor

__all__ = ["examine"]

_MANAGEMENT_S: Final = 1.0
_SOON_S: Final = 14 * 86400


async def examine(
    monitor: Monitor, params: ConnectionParams, stages: Stages, alias: str = ""
) -> Report:
    """Examine an endpoint and a database on it.

    Parameters
    ----------
    monitor
        Serves a Milvus Lite file as long as it takes.
    params
        Where to go, as whom; its timeout, in seconds, is the whole examination's.
    stages
        Where to record the layers.
    alias
        The name of the connection that has these parameters; empty where there is none.
    """
    endpoint = params.endpoint
    check = _Examination(monitor, params, stages)
    asking: asyncio.Task[Management] | None = None
    if endpoint.kind == "tcp":
        asking = asyncio.create_task(
            ask_management(endpoint, MANAGEMENT_PORT, min(_MANAGEMENT_S, params.timeout))
        )
    try:
        found = await check.run()
        management = await asking if asking is not None else None
    finally:
        if asking is not None:
            await end(asking)
    if found is not None and found.cause in ("silent", "unanswered"):
        found = _starting(found, check, management)
    facts = [*check.facts(), *([_management(management)] if management else [])]
    notes = tuple(check.notes())
    return Report(_title(params, alias), stages.found(), tuple(facts), notes, found)


class _Examination:
    """One way through the layers."""

    def __init__(self, monitor: Monitor, params: ConnectionParams, stages: Stages) -> None:
        self._monitor = monitor
        self._params = params
        self.endpoint = params.endpoint
        self._stages = stages
        self._seen = Reached()
        self._version = ""
        self._notes: list[str] = []
        self._databases: list[str] = []

    async def run(self) -> Diagnosis | None:
        """Go until a layer fails, and name the cause."""
        ends = time.monotonic() + self._params.timeout
        try:
            await within(self._params.timeout, self._all())
        except asyncio.TimeoutError:
            running = self._stages.running
            found = late(self.endpoint, running, self._params.timeout)
            failed = ProbeError(found)
        except ProbeError as error:
            failed = error
            if failed.diagnosis.cause.startswith("tls-"):
                self._stages.blame("tls", failed)
        else:
            return None
        self._stages.fail(failed)
        found = failed.diagnosis
        with contextlib.suppress(asyncio.TimeoutError):
            has_worked = self._monitor.has_worked(self.endpoint)
            look = investigate(self.endpoint, found, self._seen, has_worked=has_worked)
            found = await within(max(ends - time.monotonic(), 0.5), look)
        self._stages.rename_failure(found.reason)
        return found

    async def _all(self) -> None:
        endpoint, stages = self.endpoint, self._stages
        if endpoint.kind != "lite":
            if not endpoint.secure:
                self._require_cloud_tls()
            await reach(endpoint, stages, self._seen, every=True)
            await self._calls(self._seen.target or endpoint.target)
            return
        with stages.run("file") as found:
            if not lite.exists(endpoint) and self._monitor.watch_of(endpoint) is None:
                await run_blocking(lite.require)
                self._notes.append(f"{endpoint.address} does not exist yet; connecting makes it.")
                found("no database there yet")
                stages.skip("sign_in", "version", "health", "database")
                return
            watch = await self._monitor.acquire(endpoint)
        try:
            with stages.run("file") as found:
                watch.require_file()
                found(endpoint.path)
            await self._calls(watch.target)
        finally:
            await to_the_end(self._monitor.release(watch))

    def _require_cloud_tls(self) -> None:
        try:
            check_cloud(self.endpoint)
        except ProbeError as error:
            self._stages.blame("tls", error)
            raise

    async def _calls(self, target: str) -> None:
        endpoint, stages = self.endpoint, self._stages
        probe = Probe(endpoint, target)
        try:
            with stages.run("sign_in") as found:
                check_cloud(endpoint)
                await probe.sign_in()
                found(_who(self._params))
                if endpoint.credentials and await probe.accepts_anyone():
                    self._notes.append(AUTHORIZATION_OFF)
            errors = Errors()
            with stages.run("version") as found:
                self._version = await errors.keep(probe.version()) or ""
                found(self._version or "; ".join(errors.said))
            with stages.run("health") as found:
                unhealthy = await errors.text(probe.health())
                found(unhealthy or "healthy")
            for wrong in dict.fromkeys([*errors.said, unhealthy]):
                if wrong:
                    self._notes.append(f"The server answers, but: {wrong.rstrip('.')}.")
            await self._look_for_database(probe)
        finally:
            await to_the_end(probe.close())

    async def _look_for_database(self, probe: Probe) -> None:
        wanted = self._params.db_name or "default"
        with self._stages.run("database") as found:
            there = await probe.look_for([wanted])
            names = sorted(there.listed or ())
            self._databases = names
            if wanted in there.missing and self._params.db_name:
                raise ProbeError(diagnosis.database_missing(self.endpoint, wanted, names))
            found(wanted)

    def facts(self) -> list[tuple[str, str]]:
        """Tell what was seen besides the layers."""
        facts = []
        if self._seen.attempts:
            lines = [
                f"{attempt.address}: {attempt.error or 'accepts'}"
                + (f" ({attempt.ms:.1f} ms)" if attempt.ms is not None else "")
                for attempt in self._seen.attempts
            ]
            facts.append(("Addresses", "\n".join(lines)))
        if (certificate := self._seen.certificate) is not None:
            lines = [
                f"subject {certificate.subject}",
                f"names {cut(', '.join(certificate.names), MOST_FACT) or 'none'}",
                f"issuer {certificate.issuer}",
                f"valid from {certificate.since} until {certificate.until}",
            ]
            facts.append(("Certificate", "\n".join(lines)))
        if self._databases:
            facts.append(("Databases", ", ".join(self._databases[:20])))
        if self.endpoint.kind == "tcp":
            facts.append(("Proxy variables", _proxy_variables(self._seen)))
        return facts

    def notes(self) -> list[str]:
        """Tell what is worth knowing although it works."""
        notes = list(self._notes)
        certificate = self._seen.certificate
        if certificate is not None and 0 < certificate.not_after - time.time() < _SOON_S:
            notes.append(f"The server's certificate expires on {certificate.until}.")
        if self.endpoint.kind != "lite" and (remark := sdk_remark(self._version)):
            notes.append(remark)
        return notes


def sdk_remark(server_version: str) -> str:
    """Say how far pymilvus and the server are apart, where that matters; empty otherwise.

    pymilvus's releases carry the version of the Milvus that they were made for.
    """
    has = sdk.installed_version()
    pattern = r"v?(\d+)\.(\d+)"
    ours, theirs = re.match(pattern, has), re.match(pattern, server_version)
    if ours is None or theirs is None:
        return ""
    mine, its = (tuple(int(part) for part in found.groups()) for found in (ours, theirs))
    if mine > its:
        return (
            f"pymilvus {has} is newer than the server ({server_version}): a call that came later "
            f"fails as unimplemented. Milvus {mine[0]}.{mine[1]} knows them all."
        )
    if mine < its:
        return (
            f"pymilvus {has} is older than the server ({server_version}): what came later is "
            f"missing. Update it: pip install 'pymilvus=={its[0]}.{its[1]}.*'"
        )
    return ""


def _title(params: ConnectionParams, alias: str) -> str:
    words = [params.address, _who(params), f"database {params.db_name or 'default'}"]
    return f"{alias}: {', '.join(words)}" if alias else ", ".join(words)


def _who(params: ConnectionParams) -> str:
    return {"none": "no sign-in", "password": f"user {params.user}", "token": "API key"}[
        params.auth
    ]


def _management(management: Management) -> tuple[str, str]:
    return "Management port", f"{management.address}/healthz: {management.text}"


def _starting(found: Diagnosis, check: _Examination, management: Management | None) -> Diagnosis:
    if management is None or not management.is_milvus or management.is_healthy:
        return found
    said = f"{management.address}/healthz says {management.text}"
    starting = diagnosis.of(check.endpoint, "starting", said)
    return replace(starting, asked=found.asked, took_ms=found.took_ms)


def _proxy_variables(seen: Reached) -> str:
    used = seen.proxy.variable if seen.proxy is not None else ""
    lines = []
    for name in (*VARIABLES, *NO_VARIABLES):
        if value := os.environ.get(name):
            shown = plain(redact(value), MOST_FACT)
            lines.append(f"{name}={shown}{' (used)' if name == used else ''}")
        upper = name.upper()
        if os.environ.get(upper) and not os.environ.get(name):
            lines.append(f"{upper} is set, but gRPC looks at {name} only")
    return "\n".join(lines) or "none"
