"""What pages do with profiles: use one as it was shown, save, delete and import some."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from ..probing.blocking import run_blocking
from ..probing.waiting import uncancelled
from ..profiles import importing, saving
from ..profiles.profile import Profile
from ..profiles.trust import permit
from . import messages

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ..params.secret import Secret
    from ..protocol import Imported
    from ..registry.registry import ConnectionRegistry
    from ..watching.job import Job
    from .databases import Follow
    from .forms import Forms
    from .messages import Request

__all__ = ["ProfileRequests"]

T = TypeVar("T")


class ProfileRequests:
    """Does what pages ask for with profiles.

    Parameters
    ----------
    registry
        Whose profiles.
    follow
        Answers a request when its job has ended.
    send
        Sends pages a message.
    forms
        Keeps what was typed for the keyring, until it is saved.
    """

    def __init__(
        self,
        registry: ConnectionRegistry,
        follow: Follow,
        send: Callable[[Mapping[str, Any]], object],
        forms: Forms,
    ) -> None:
        self._registry = registry
        self._forms = forms
        self._follow = follow
        self._send = send
        self.handlers: Mapping[str, Callable[[Request], None]] = {
            "save_profile": self._do_save,
            "delete_profile": self._do_delete,
            "importable": self._do_importable,
            "import_profiles": self._do_import,
        }

    def shown(self, name: str, given: dict[str, Any]) -> Profile:
        """Give the profile as the page has shown it; a yes to its question is kept.

        Parameters
        ----------
        name
            The profile's.
        given
            The fields of a connect's or a test's request; what is said here is taken out.
        """
        store = self._registry.profiles
        given.pop("address")
        profile = store.shown(name, given.pop("seal", ""))
        allowed = given.pop("allow", "")
        if allowed and allowed == permit(profile):
            store.allow(profile)
            self._send(messages.profiles_event(store.find()))  # it asks no more
        return profile

    def _do_save(self, request: Request) -> None:
        typed = self._forms.for_keyring(request)
        job = self._blocking(lambda: self._saved(request.params, typed))

        def told(name: str) -> dict[str, Any]:
            self._forms.forget(request.id)
            return {"name": name}

        self._follow(request.id, job, told)

    def _saved(self, given: dict[str, Any], typed: Secret) -> str:
        registry, store = self._registry, self._registry.profiles
        name, was, alias = given.pop("name"), given.pop("was"), given.pop("alias")
        project, replace_it = given.pop("project"), given.pop("replace")
        store.require_seen(was, given.pop("seen", ""))
        if alias:
            connection = registry.find(alias)
            reference = given.get("secret", "")
            made = saving.of_connection(store, connection.params, name, reference, project=project)
            given = made.table() | given
        # Not before it is known to be valid is anything written.
        profile = Profile.read(name, given)
        if alias:
            typed = typed or saving.secret_for(profile, made, connection.params)
        known = store.find().profiles.get(was)
        trusted = known is None or store.is_allowed(known)
        if was and was != name:
            store.rename(was, name)
        replace_it = replace_it or bool(was)
        saved = saving.save(
            store, profile, typed, project=project, replace_it=replace_it, trusted=trusted
        )
        registry.follow_profile(was, saved)
        if alias:
            registry.mark(alias, saved.guard())
        return saved.name

    def _do_delete(self, request: Request) -> None:
        name = request.params["name"]

        def delete() -> str:
            told = saving.delete(self._registry.profiles, name)
            self._registry.follow_profile(name, None)
            return told

        job = self._blocking(delete)
        self._follow(request.id, job, lambda text: {"text": text})

    def _do_importable(self, request: Request) -> None:
        job = self._blocking(lambda: importing.candidates(self._registry.profiles))
        self._follow(request.id, job, messages.importables)

    def _do_import(self, request: Request) -> None:
        store, ids = self._registry.profiles, request.params["ids"]

        def told(done: tuple[list[str], list[str]]) -> Imported:
            self._send(messages.profiles_event(store.find()))
            return {"names": done[0], "left": done[1]}

        self._follow(request.id, self._blocking(lambda: importing.bring(store, ids)), told)

    def _blocking(self, work: Callable[[], T]) -> Job[T]:
        """Change files and the keyring in a thread of its own.

        Nobody can take that back: whoever cancels it is told what became of it.
        """
        return self._registry.monitor.submit(uncancelled(run_blocking(work)))
