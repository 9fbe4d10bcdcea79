"""The Jupyter Server extension: profiles and what kernels have connected, over REST.

Under Jupyter Server's own authentication, authorization (resource ``milvus_nb``) and XSRF check. A
profile's secret is never sent: not its text, not its length. `openapi` describes it all.
"""

from __future__ import annotations

import asyncio
import functools
import json
import os
from typing import TYPE_CHECKING, Any, Final, TypeVar

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from jupyter_server.utils import url_path_join
from tornado import web
from traitlets import Bool, Bunch, Float, TraitError, Unicode, validate
from traitlets.config import LoggingConfigurable

from ..errors import MilvusNbError
from ..params.values import MOST_SECONDS
from ..probing.waiting import within
from ..views.described import failure

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from jupyter_server.serverapp import ServerApp

    from ..profiles.store import ProfileStore
    from ..protocol import KernelRecord
    from ..registry.table import ConnectionTable

__all__ = ["MilvusServer", "load"]

T = TypeVar("T")

#: What authorizers are asked about.
RESOURCE: Final = "milvus_nb"

_MOST_BYTES: Final = 65_536
_LEAST_TEST_S: Final = 0.1
_STATUS: Final = {
    "profile-missing": 404,
    "profile-exists": 409,
    "not-writable": 403,
    "site-profile": 403,
    "test-off": 403,
    "profile-changed": 409,
    "profile-not-allowed": 403,
}


class MilvusServer(LoggingConfigurable):
    """Settings of the server extension: ``c.MilvusServer…`` in jupyter_server_config.py."""

    enabled = Bool(
        True, help="Whether profiles, and what kernels have connected, are served over REST."
    ).tag(config=True)
    profiles_path = Unicode(
        "",
        help="The user's file of profiles, also for the kernels that this server starts; empty: "
        "$MILVUS_NB_PROFILES, or profiles.toml in the platform's config folder for milvus_nb.",
    ).tag(config=True)
    allow_test = Bool(
        True, help="Whether a profile can be tested without a kernel, from this server's process."
    ).tag(config=True)
    test_timeout = Float(5.0, help="How long such a test may take, in seconds.").tag(config=True)

    @validate("test_timeout")
    def _test_timeout(self, proposal: Bunch) -> float:
        value: float = proposal["value"]
        if not _LEAST_TEST_S <= value <= MOST_SECONDS:
            raise TraitError(
                f"test_timeout is {_LEAST_TEST_S} to {MOST_SECONDS:.0f} s, not {value}."
            )
        return value

    root_dir = ""

    def store(self, path: str) -> ProfileStore:
        """Give the profiles as a notebook at this path sees them.

        Raises
        ------
        ProfileError
            The path leads out of the server's root.
        """
        from ..errors import ProfileError
        from ..profiles.store import ProfileStore

        if not self.root_dir:  # the notebooks are no files
            return ProfileStore("")
        try:
            root = os.path.realpath(self.root_dir)
            folder = os.path.normpath(os.path.join(root, path.strip("/")))
            if os.path.commonpath([root, folder]) != root:
                raise ValueError
            if os.path.commonpath([root, os.path.realpath(folder)]) != root:
                return ProfileStore("")  # by a link: no project's, but the user's own
        except ValueError:
            raise ProfileError(
                f"The path {path[:80]!r} is not below the server's root.",
                "",
                "Give the path of a notebook as Jupyter's contents API has it.",
            ) from None
        # A notebook's own folder begins the search; one that does not exist, the next above it.
        while folder != root and not os.path.isdir(folder):
            folder = os.path.dirname(folder)
        return ProfileStore(folder, root)

    def table(self) -> ConnectionTable:
        """Make what tests a profile; gRPC is imported for the first test."""
        from ..registry.table import ConnectionTable
        from ..watching.schedule import Pace

        return ConnectionTable(Pace(), self.test_timeout)


class _Handler(APIHandler):
    auth_resource = RESOURCE

    def initialize(self, milvus: MilvusServer) -> None:
        self.milvus = milvus
        # Pages look by themselves, which would keep an idle server from being ended.
        self._track_activity = self.request.method not in ("GET", "HEAD")

    @property
    def store(self) -> ProfileStore:
        return self.milvus.store(self.get_query_argument("path", ""))

    def body(self) -> dict[str, Any]:
        """Give the request's JSON object; an empty body is an empty one."""
        if len(self.request.body) > _MOST_BYTES:
            raise _refused(f"The body is larger than {_MOST_BYTES:,} bytes.")
        try:
            found = json.loads(self.request.body or b"{}")
        except (ValueError, RecursionError):
            raise _refused("The body is not JSON.") from None
        if not isinstance(found, dict):
            raise _refused("The body is not a JSON object.")
        return found

    def flag(self, name: str) -> bool:
        value = self.get_query_argument(name, "false")
        if value not in ("true", "false"):
            raise _refused(f"{name} is neither true nor false.")
        return value == "true"


def _answering(method: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[None]]:
    """Send what the method returns as JSON, or its MilvusNbError as a failure."""

    @functools.wraps(method)
    async def answer(self: _Handler, *arguments: str) -> None:
        try:
            found = await method(self, *arguments)
        except MilvusNbError as error:
            self.set_status(_STATUS.get(error.cause, 400))
            found = failure(error)
        await self.finish(json.dumps(found, allow_nan=False))

    return answer


class ProfilesHandler(_Handler):
    """All profiles."""

    @web.authenticated
    @authorized
    @_answering
    async def get(self) -> Any:
        """List them, and what is wrong in their files; an ETag tells whether anything changed."""
        from ..profiles import described

        return described.profiles(await _in_thread(self.store.find))


class ProfileHandler(_Handler):
    """One profile."""

    @web.authenticated
    @authorized
    @_answering
    async def get(self, name: str) -> Any:
        """Give one profile."""
        from ..profiles import described

        store = self.store
        profile = await _in_thread(lambda: store.get(name))
        return described.profile(profile, is_allowed=store.is_allowed(profile))

    @web.authenticated
    @authorized
    @_answering
    async def put(self, name: str) -> Any:
        """Make or replace one, or rename it (`was`); the answer is as `get` gives it."""
        from ..profiles import described, saving
        from ..profiles.profile import KEYS, Profile

        values, store = self.body(), self.store
        project = self.flag("project") if self.get_query_argument("project", "") else None
        profile = Profile.read(name, values)
        if unknown := next((key for key in values if key not in KEYS), None):
            raise _refused(f"{unknown[:40]!r} is no key of a profile.")

        was, seen = self.get_query_argument("was", ""), self.get_query_argument("seen", "")

        def save() -> tuple[bool, Profile]:
            store.require_seen(was or name, seen)
            known = store.find().profiles.get(was)
            trusted = known is None or store.is_allowed(known)
            put = functools.partial(saving.save, store, profile, trusted=trusted)
            if was and was != name:
                renamed = store.rename(was, name)  # with its comments and unknown keys
                return False, put(project=renamed.is_project, replace_it=True)
            is_new = name not in store
            return is_new, put(project=project, replace_it=not self.flag("new"))

        is_new, saved = await _in_thread(save)
        if is_new:
            self.set_status(201)
        return described.profile(saved, is_allowed=store.is_allowed(saved))

    @web.authenticated
    @authorized
    @_answering
    async def delete(self, name: str) -> Any:
        """Delete one; the answer says from which file, and what became of its secret."""
        from ..profiles import saving

        return {"text": await _in_thread(lambda: saving.delete(self.store, name))}


class TestHandler(_Handler):
    """A profile's server."""

    @web.authenticated
    @authorized(action="execute")  # type: ignore[untyped-decorator]
    @_answering
    async def post(self, name: str) -> Any:
        """Examine the way to it layer by layer; nothing is connected."""
        from ..errors import ProfileError
        from ..params.secret import Secret
        from ..profiles.trust import permit
        from ..registry.opening import examine_profile
        from ..views.described import report

        if not self.milvus.allow_test:
            raise ProfileError(
                "This server tests no profiles.", "MilvusServer.allow_test is off.", "", "test-off"
            )
        values = self.body()
        secret, seal, allowed = (values.pop(key, "") for key in ("secret", "seal", "allow"))
        if values or not all(isinstance(text, str) for text in (secret, seal, allowed)):
            raise _refused("The body may have secret, seal and allow, texts, and nothing else.")
        store = self.store
        profile = await _in_thread(
            lambda: store.shown(name, seal) if seal or secret else store.get(name)
        )
        if allowed and allowed == permit(profile):
            await _in_thread(lambda: store.allow(profile))
        given: dict[str, Any] = {"timeout": self.milvus.test_timeout}
        if secret:
            given["secret"] = Secret(secret)
        table = self.milvus.table()
        table.profiles = store
        job = examine_profile(table, profile, **given)
        try:
            # A keyring that is locked may wait for somebody to unlock it.
            return report(await within(2 * given["timeout"] + 5, job))
        except asyncio.TimeoutError:
            raise _refused("The test has not ended; is the keyring locked?") from None
        finally:
            await _in_thread(table.monitor.stop)  # the server keeps no thread of ours


class KernelsHandler(_Handler):
    """What the running kernels have connected."""

    @web.authenticated
    @authorized
    @_answering
    async def get(self) -> Any:
        """List it, without a word to any kernel: each has written it down beside its own files."""
        from ..registry import memory_file

        open_there = set(self.get_query_arguments("open"))
        manager = self.kernel_manager
        files = {
            kernel: getattr(manager.get_kernel(kernel), "connection_file", "")
            for kernel in manager.list_kernel_ids()
        }

        def look() -> list[KernelRecord]:
            found: list[KernelRecord] = []
            for kernel, file in files.items():
                if not file:
                    continue
                record, _ = memory_file.read(memory_file.path_beside(file))
                is_told = kernel not in open_there and memory_file.is_running(record)
                own = record["connected"] if is_told else []
                lost = memory_file.lost(record)
                if own or lost:
                    found.append({"id": kernel, "connected": own, "lost": lost})
            return found

        return {"kernels": await _in_thread(look)}


class OpenApiHandler(_Handler):
    """The description of all this."""

    @web.authenticated
    @authorized
    @_answering
    async def get(self) -> Any:
        """Give it, as OpenAPI 3.1."""
        from .openapi import description

        return description(url_path_join(self.base_url, "milvus_nb"))


def load(app: ServerApp) -> None:
    """Add the handlers to a Jupyter Server."""
    milvus = MilvusServer(parent=app)
    if not milvus.enabled:
        return
    milvus.root_dir = getattr(app.contents_manager, "root_dir", "") or ""
    if milvus.profiles_path:
        from ..profiles.location import VARIABLE

        os.environ[VARIABLE] = os.path.abspath(os.path.expanduser(milvus.profiles_path))
    place = functools.partial(url_path_join, app.web_app.settings["base_url"], "milvus_nb")
    settings = {"milvus": milvus}
    routes: list[tuple[str, Any, dict[str, Any]]] = [
        (place("profiles"), ProfilesHandler, settings),
        (place("profiles", r"([^/]+)"), ProfileHandler, settings),
        (place("profiles", r"([^/]+)", "test"), TestHandler, settings),
        (place("kernels"), KernelsHandler, settings),
        (place("openapi.json"), OpenApiHandler, settings),
    ]
    app.web_app.add_handlers(".*$", routes)  # type: ignore[no-untyped-call]
    app.log.info("milvus_nb serves profiles at %s", place("profiles"))


def _refused(what: str) -> MilvusNbError:
    return MilvusNbError(what, "", "The description is at milvus_nb/openapi.json.")


async def _in_thread(work: Callable[[], T]) -> T:
    """Await what waits for files or for the keyring."""
    return await asyncio.get_running_loop().run_in_executor(None, work)
