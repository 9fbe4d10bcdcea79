"""Where a page's requests arrive, what is done for them, and what is answered.

Requests come on whichever thread the front end's message reaches (a subshell's, while a cell runs).
They only start something and return; the answer follows from the monitor's thread.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from .._version import __version__
from ..errors import AliasError, CancelError, MilvusNbError
from ..params.secret import shown_name
from ..params.values import seconds
from ..probing.blocking import run_blocking
from ..protocol import LOOKS
from ..registry.opening import examine_profile, open_profile
from ..views import described
from ..views.details import facts
from . import messages, server_files
from .attention import Attention
from .comms import here, watch_cells
from .databases import DatabaseQuestions
from .forms import Forms
from .many import MOST_TOLD, part
from .news import News
from .profiles import ProfileRequests
from .questions import Questions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ..params.endpoint import ConnectionParams
    from ..protocol import Many, Row
    from ..registry.connection import Connection
    from ..registry.registry import ConnectionRegistry
    from ..watching.job import Job
    from ..watching.outcome import Outcome
    from .many import Part
    from .messages import Request

__all__ = ["PageSession"]


class PageSession:
    """Answers the requests of pages, and tells them what changes. Thread-safe.

    Parameters
    ----------
    registry
        What the pages see.
    send
        Sends them a message; called on any thread.
    set_heartbeat
        Changes how often servers are probed; the registry's by default.
    """

    def __init__(
        self,
        registry: ConnectionRegistry,
        send: Callable[[Mapping[str, Any]], object],
        set_heartbeat: Callable[[float], None] | None = None,
    ) -> None:
        self._send = send
        self._questions = Questions()
        self._set_heartbeat = set_heartbeat or registry.set_heartbeat
        self._registry = registry
        self._lock = threading.Lock()
        self._jobs: dict[int, Job[Any]] = {}
        self._forms = Forms()
        self._attention = Attention()
        self._is_closed = False
        self._databases = DatabaseQuestions(registry, self._follow)
        self._profiles = ProfileRequests(registry, self._follow, self.send, self._forms)
        self._handlers: Mapping[str, Callable[[Request], None]] = {
            "hello": self._do_hello,
            "look": self._do_look,
            "leave": self._do_leave,
            "connect": self._do_connect,
            "test": self._do_test,
            "diagnose": self._do_diagnose,
            "cancel": self._do_cancel,
            "outcome": self._do_outcome,
            "forget": self._do_forget,
            "paste": self._do_paste,
            "list": self._do_list,
            "disconnect": self._do_disconnect,
            "disconnect_all": self._do_disconnect_all,
            "reconnect": self._do_reconnect,
            "retry": self._do_retry,
            "use": self._do_use,
            "adopt": self._do_adopt,
            "ping": self._do_ping,
            "details": self._do_details,
            "sources": self._do_sources,
            "code": self._do_code,
            "cell": self._do_cell,
            "pace": self._do_pace,
            "server_folder": self._do_server_folder,
            **self._profiles.handlers,
            **self._databases.handlers,
        }
        # Last, since from here on other threads call it.
        self._news = News(registry, self.send, self._attention)
        self._forget_cells = watch_cells(self._attention.hold, self._end_cell)

    def close(self) -> None:
        """Forget everything, secrets of forms as well, and end what is under way."""
        self._news.close()
        self._forget_cells()
        with self._lock:
            self._is_closed = True
            jobs = list(self._jobs.values())
            self._jobs.clear()
        self._forms.clear()
        for job in jobs:
            job.cancel()

    def send(self, message: Mapping[str, Any]) -> None:
        """Send pages a message; an answer is kept, since it may be lost."""
        self._questions.keep(message)
        self._send(message)

    # Requests

    def handle(self, content: object) -> None:
        """Take a message of a page; what it asks for is answered later."""
        number = content.get("id") if isinstance(content, dict) else None
        try:
            request = messages.parse(content)
            number = request.id
            if request.stays_s and request.method != "look":
                self._attention.extend(request.page, request.stays_s)
            if self._is_new(request):
                self._handlers[request.method](request)
        except Exception as error:  # noqa: BLE001  # the page is told
            if isinstance(number, int):
                self.send(messages.failure(number, error))
            elif isinstance(error, messages.VersionError):
                self.send(here())  # its ids are of another kind: this says which we speak

    def _is_new(self, request: Request) -> bool:
        """Tell whether this is to be done; what has been asked before is only answered again."""
        questions, number = self._questions, request.id
        with self._lock:
            is_under_way = number in self._jobs
        looks = request.method in LOOKS
        is_known = questions.knows(number) if looks else not questions.take(number)
        if is_known or is_under_way:
            self._send(questions.answer(number) or messages.taken_event(number))
        elif request.is_late:
            raise _too_late()
        return not (is_known or is_under_way)

    def _do_hello(self, request: Request) -> None:
        from ..sdk import installed_version  # it imports gRPC

        registry = self._registry
        self._news.follow_monitor()
        versions = {"milvus_nb": __version__, "pymilvus": installed_version()}
        others: dict[str, Any] = {
            "heartbeat": registry.monitor.heartbeat,
            "tick": registry.monitor.pace.heartbeat,
            "versions": versions,
            "listing": registry.profiles.find(),
        }

        def hello(rows: list[Row], current: str, many: Many | None) -> dict[str, Any]:
            told = messages.hello(rows, current, many, **others)
            return messages.answer(request.id, told)

        self._news.tell_all(hello)
        self._registry.look()
        self._news.watch_profiles()

    def _do_list(self, request: Request) -> None:
        window = request.params
        found = self._news.all()
        job = self._registry.monitor.submit(run_blocking(lambda: part(found, window)))

        def tell(part: Part) -> None:
            def message(rows: list[Row], also: list[Row]) -> dict[str, Any]:
                told = messages.listed(rows, part.offset, part.total, also)
                return messages.answer(request.id, told)

            self._news.tell_part(part, window["also"][:MOST_TOLD], message)

        self._follow(request.id, job, tell)

    def _do_look(self, request: Request) -> None:
        missed = not self._attention.extend(request.page, request.stays_s)
        self._registry.look()
        self._news.watch_profiles()
        self.send(messages.answer(request.id, {"missed": missed}))

    def _do_server_folder(self, request: Request) -> None:
        root, path = request.params["root"], request.params["path"]
        job = self._registry.monitor.submit(run_blocking(lambda: server_files.folder(root, path)))
        self._follow(request.id, job, lambda text: {"text": text})

    def _do_leave(self, request: Request) -> None:
        self._attention.end(request.page)
        self.send(messages.answer(request.id, {}))

    def _do_connect(self, request: Request) -> None:
        alias = request.params.pop("alias") or "default"
        replace = request.params.pop("replace", False)
        creates = request.params.pop("create_database", False)
        report = self._reporter(request.id)
        if name := request.params.pop("profile", ""):
            profile = self._profiles.shown(name, request.params)
            given = self._forms.profile(request)
            alias = name if alias == "default" else alias
            job = open_profile(
                self._registry, profile, alias, replace=replace, report=report, **given
            )
        else:
            params = self._params(request)
            job = self._registry.start_attempt(
                alias, params, replace=replace, report=report, creates=creates
            )

        def result(_: Any) -> dict[str, Any]:
            self._forms.forget(request.id)
            return {"alias": alias}

        self._follow(request.id, job, result)

    def _do_test(self, request: Request) -> None:
        for name in ("alias", "replace", "create_database"):
            request.params.pop(name, None)
        if name := request.params.pop("profile", ""):
            profile = self._profiles.shown(name, request.params)
            report = self._reporter(request.id)
            given = self._forms.profile(request)
            job = examine_profile(self._registry, profile, report, **given)
            self._follow(request.id, job, described.report)
        else:
            self._examine(request, self._params(request))

    def _do_diagnose(self, request: Request) -> None:
        alias = request.params["alias"]
        self._registry.find(alias)  # raises: there is no such connection
        self._examine(request, alias)

    def _examine(self, request: Request, name: str | ConnectionParams) -> None:
        job = self._registry.examine(name, self._reporter(request.id))
        self._follow(request.id, job, described.report)

    def _do_cancel(self, request: Request) -> None:
        with self._lock:
            job = self._jobs.get(request.params["request"])
        if job is not None:
            job.cancel()
        self.send(messages.answer(request.id, {}))

    def _do_outcome(self, request: Request) -> None:
        """Tell what became of a request to a page that has not heard of it."""
        asked = request.params["request"]
        with self._lock:
            job = self._jobs.get(asked)
        is_known = job is not None or not self._questions.take(asked)
        if not is_known:
            self._questions.keep(messages.failure(asked, _too_late()))

        def tell() -> None:
            answer = self._questions.answer(asked) if is_known else None
            failed = answer.get("error") if answer is not None else None
            self.send(messages.answer(request.id, {"known": is_known, "failure": failed}))

        if job is None:
            tell()
        else:
            job.add_done_callback(lambda _: tell())

    def _do_forget(self, request: Request) -> None:
        self._forms.forget(request.params["request"])
        self.send(messages.answer(request.id, {}))

    def _do_paste(self, request: Request) -> None:
        fields = self._forms.paste(request, self._registry.timeout)
        self.send(messages.answer(request.id, fields))

    def _do_disconnect(self, request: Request) -> None:
        alias = request.params["alias"]
        if all(found.alias != alias for found in self._registry.connections()):
            self._registry.find(alias)  # raises: there is no such connection
        self._registry.cancel(alias)
        self._follow(request.id, self._registry.start_disconnect(alias), lambda _: {})

    def _do_disconnect_all(self, request: Request) -> None:
        registry = self._registry
        own = [one for one in registry.connections() if one.origin == "milvus_nb" or not one.users]
        for connection in own:
            if connection.state == "connecting":
                registry.cancel(connection.alias)
        jobs = registry.start_disconnect_each([connection.alias for connection in own])
        self._follow(request.id, registry.monitor.submit(_all_of(jobs)), lambda _: {})

    def _do_reconnect(self, request: Request) -> None:
        alias = request.params["alias"]
        params = self._registry.remembered(alias)
        if params is None:
            raise AliasError(
                f"The parameters of {shown_name(alias)} are forgotten.",
                "",
                "Connect again with the form.",
            )
        self._follow(
            request.id, self._registry.start_attempt(alias, params), lambda _: {"alias": alias}
        )

    def _do_retry(self, request: Request) -> None:
        self._registry.retry(request.params["alias"])
        self.send(messages.answer(request.id, {}))

    def _do_use(self, request: Request) -> None:
        self._registry.use(request.params["alias"])
        self.send(messages.answer(request.id, {}))

    def _do_adopt(self, request: Request) -> None:
        connection = self._registry.adopt(request.params["alias"], request.params["new_alias"])
        self.send(messages.answer(request.id, {"alias": connection.alias}))

    def _do_ping(self, request: Request) -> None:
        self._follow(request.id, self._registry.measure(request.params["alias"]), messages.ping)

    def _do_details(self, request: Request) -> None:
        rows = facts(self._registry.find(request.params["alias"]))
        self.send(messages.answer(request.id, {"rows": rows}))

    def _do_sources(self, request: Request) -> None:
        from ..probing import rest

        params = self._registry.find(request.params["alias"]).params
        job = self._registry.monitor.submit(rest.sources(params))
        self._follow(request.id, job, messages.sources)

    def _do_code(self, request: Request) -> None:
        from ..code import snippets

        connection = self._registry.find(request.params["alias"])
        language = request.params["language"]
        alias = self._plain_alias(connection)
        text = snippets.code(connection.params, alias, language, connection.server_version)
        found = messages.code(text, language, snippets.LANGUAGES)
        self.send(messages.answer(request.id, found))

    def _do_cell(self, request: Request) -> None:
        from ..code import snippets

        connection = self._registry.find(request.params["alias"])
        text = snippets.cell(connection.params, self._plain_alias(connection))
        self.send(messages.answer(request.id, {"text": text}))

    def _do_pace(self, request: Request) -> None:
        self._set_heartbeat(seconds("heartbeat_s", request.params["heartbeat_s"]))
        self.send(messages.answer(request.id, {}))

    # Shared by them

    def _plain_alias(self, connection: Connection) -> str:
        """Give the alias; from a name such as "client:store" what a user would give."""
        alias = connection.alias
        return alias if alias in self._registry else alias.partition(":")[2] or alias

    def _params(self, request: Request) -> ConnectionParams:
        return self._forms.params(request, self._registry.timeout)

    def _reporter(self, request: int) -> Callable[[list[Any]], None]:
        def report(found: list[Any]) -> None:
            self.send(messages.stage_event(request, found))

        return report

    def _follow(
        self, request: int, job: Job[Any], result: Callable[[Any], Mapping[str, Any] | None]
    ) -> None:
        """Answer the request when the job ends; where `result` gives None, that has done so."""
        with self._lock:
            self._jobs[request] = job

        def done(outcome: Outcome[Any]) -> None:
            error = outcome.exception()
            if isinstance(error, CancelError):
                error = MilvusNbError("Cancelled.", "", "Nothing was changed.")
            failed = messages.failure(request, error) if error is not None else None
            told = result(outcome.result()) if failed is None else None
            answer = failed if told is None else messages.answer(request, told)
            if answer is not None:
                self._questions.keep(answer)
            with self._lock:
                self._jobs.pop(request, None)
            if answer is not None:
                self._send(answer)

        job.add_done_callback(done)

    # Events

    def _end_cell(self) -> None:
        """Tell pages that a cell has ended, where they have looked into a database."""
        self._attention.release()
        if self._databases.is_used and self._attention.is_there:
            self._registry.monitor.call(self._tell_cell)

    def _tell_cell(self) -> None:
        if not self._is_closed:
            self.send(messages.cell_event())


def _too_late() -> MilvusNbError:
    return MilvusNbError(
        "This was not done.",
        "It has reached the kernel too late: nobody was waiting for it any more.",
        "Try again.",
    )


async def _all_of(jobs: list[Job[None]]) -> None:
    for job in jobs:
        await job.joined()
