"""Hostile lines, addresses, pastes, files and messages with secrets in them; who looks for those.

Every secret has `MARK` in it, and nothing else does: finding it is finding a leak. Its exclamation
marks can stand in no host, file or option, so that a part that is shown shows the mark as well.
"""

from __future__ import annotations

import base64
import contextlib
import json
import logging
import time
import traceback
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from hypothesis import strategies as st
from IPython.utils.capture import capture_output

from milvus_nb import MilvusNbError
from milvus_nb._version import PROTOCOL
from milvus_nb.code.arguments import unexpanded
from milvus_nb.protocol import METHODS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from hypothesis.strategies import SearchStrategy

__all__ = ["MARK", "Watch", "addresses", "files", "lines", "messages", "pastes",
           "secrets", "sign_ins"]  # fmt: skip

MARK: Final = "!quagga7!"

#: So long anything may keep a thread busy, in seconds of processor time.
MOST_S: Final = 0.2
_TRIES: Final = 3

_ODD: Final = [
    " ", "'", '"', "\\", "$", "{", "}", ";", "#", "@", ":", "/", "?", "%", "%2", "&", "|", "<", "`",
    "=", ",", "(", ")", "[", "]", "-", "--", "!", "~", "*", "//", "://", "é", "\u202e", "\u200b",
    "\t", "\x1b]52;", "\x00", "\ud800", "\ue0000\ue001", "€", "٣", "&amp;", "<b>", "$$", "{{",
    "root:", "@h",
]  # fmt: skip

_bits = st.lists(st.one_of(st.sampled_from(_ODD), st.text(max_size=2)), max_size=3).map("".join)

#: What managers of passwords make, and worse.
secrets: Final = st.builds(
    # What stands before a colon is a user, whom all may see.
    lambda one, two: f"{one}{MARK}{two.replace(':', '')}",
    _bits,
    _bits,
)

_PLACES: Final = ["127.0.0.1:1", "localhost:1", "[::1]:1", "h.invalid", "https://h.invalid", "h:x",
                  "127.0.0.1", "./none/x.db", "unix:/none", "ftp://h", "h h", "",
                  "h:99999", "[::", "é"]  # fmt: skip
_places = st.sampled_from(_PLACES)
# Of a path nothing is a secret: it is shown as it is.
_hosts = st.sampled_from([place for place in _PLACES if place and "/none" not in place])
_names = st.sampled_from(["live", "prod", "x", "default", "", "a b", "x.db", "é", "-x", "1", "*"])
_VALUES: Final = ["0", "1", "-1", "nan", "1e999", "9" * 400, "x", "''", "root", "true", "./x.pem"]


# --- addresses ------------------------------------------------------------------------------------


@st.composite
def addresses(draw: Any) -> str:
    """Give an address with a secret in it, well made or not."""
    secret, place = draw(secrets), draw(_hosts)
    coded = draw(st.sampled_from([secret, quote_any(secret)]))
    shape = draw(
        st.sampled_from(
            [
                "http://root:{s}@{p}", "https://root:{s}@{p}/db", "root:{s}@{p}",
                "{p}/?token={s}", "http://{p}?token={s}", "{p}#{s}", "root:{s}", "http://root:{s}",
                "tcp://a:{s}@{p}/a/b", "http://root:{s}@", "://root:{s}@{p}",
                "http:/root:{s}@{p}", "http://http://root:{s}@{p}", "{p}/db?a=1&password={s}",
                "http://root:{s}@{p}@{p}", "{p} root:{s}",
                "http:root:{s}@{p}", "ftp://root:{s}@{p}", "{p}:root:{s}",
                "{p};token={s}", "{p};{s}", "{p},token={s}", "{p}|{s}", "http://{p};password={s}",
                'MilvusClient("{p}", token="{s}")', "MilvusClient(uri='http://root:{s}@{p}')",
                'connect("root:{s}@{p}")', "unix:/none?token={s}", "./none/x.db?token={s}",
                "/?token={s}", "unix:/none#{s}", "{s}", "token={s}", "--token={s}",
                "http://{s}@{p}", "Bearer {s}", "{p}\n{s}", "unix:root:{s}@{p}",
                "file://root:{s}@{p}/x.db", "file:///none/x.db?token={s}", "./root:{s}@{p}/x.db",
            ]
        )
    )  # fmt: skip
    return str(shape.format(s=coded, p=place))


@st.composite
def sign_ins(draw: Any) -> str:
    """Give what holds a sign-in by its looks, and may be put where a name belongs."""
    secret, place = draw(secrets), draw(_hosts)
    shape = draw(
        st.sampled_from(
            [
                "http://root:{s}@{p}", "root:{s}@{p}", "root:{s}", "{p};token={s}",
                "http://{p}/?token={s}", "{p}/db?a=1&password={s}", "token={s}", "--token={s}",
                'MilvusClient("{p}", token="{s}")', "MilvusClient(uri='http://root:{s}@{p}')",
                "{p}:root:{s}", "unix:/none?token={s}", "file://root:{s}@{p}/x.db",
            ]
        )
    )  # fmt: skip
    return str(shape.format(s=secret, p=place))


def quote_any(text: str) -> str:
    """Encode a text for a URL; a lone surrogate as it would be in UTF-8."""
    return quote(text.encode("utf-8", "surrogatepass"), safe="")


# --- lines ----------------------------------------------------------------------------------------

_COMMANDS: Final = [
    "connect", "disconnect", "status", "use", "adopt", "ping", "doctor", "client", "code", "help",
    "reconnect", "profile list", "profile show", "profile save", "profile edit", "profile delete",
    "profile test", "profile secret", "profile import", "", "conect", "profile shw",
    "connect $place --user alice --password $known",
    "connect $place --user alice --password $known -a", "profile save live --name",
    "use live --db", "profile allow", "profile edit prod", "ls", "describe",
    "peek", "peek books --where",
]  # fmt: skip
_OPTIONS: Final = [
    "-a", "--alias", "--user", "--password-env", "--token-env", "--db", "--timeout", "--lang", "-n",
    "--ca-pem-path", "--server-name", "-tls", "-cert", "-h", "-p", "--host", "--port", "--name",
    "--profile", "--secret", "--label", "--color", "--rename", "--uri", "-uri", "-D",
]  # fmt: skip
_FLAGS: Final = ["--ask", "--replace", "--secure", "--all", "--yes", "--async", "--force",
                 "--help", "--project", "--default", ";", "#", "'", '"', "{", "$", "{{",
                 "--x"]  # fmt: skip
_SECRET_OPTIONS: Final = ["--token ", "--password ", "--token=", "--password=", "-t ", "--tokn=",
                          "--api-key=", "--pwd=", "--pass "]  # fmt: skip
_VARIABLES: Final = ["$secret", "{secret}", "$token", "{token}", "$hidden", "{bag['secret']}",
                     "x{secret}", "{token}{secret}"]  # fmt: skip
_URIS: Final = ["$uri", "{uri}", "{bag['uri']}"]


@st.composite
def lines(draw: Any) -> tuple[str, dict[str, Any]]:  # one branch a kind of part
    """Give what follows ``%milvus``, and the variables of its user."""
    secret, address = draw(secrets), draw(addresses())
    quotes = draw(st.sampled_from(["'{}'", '"{}"', None]))
    typed = quotes.format(secret) if quotes else _shell(unexpanded(secret))

    def part() -> str:  # noqa: PLR0911  # one a kind of part
        kind = draw(st.integers(0, 12))
        if kind in (10, 11):
            option = f"{draw(st.sampled_from(_OPTIONS))}{draw(st.sampled_from(' ='))}"
            value = draw(st.sampled_from([*_VARIABLES, *_URIS]))
            return f"{option if kind == 10 else ''}{value}"
        if kind == 12:
            before = draw(st.sampled_from(["-- ", "a=", "--x=", "-"]))
            return f"{before}{draw(st.sampled_from(_VARIABLES))}"
        if kind <= 1:
            value = draw(st.sampled_from(_VARIABLES))
            return f"{draw(st.sampled_from(_SECRET_OPTIONS))}{value}"
        if kind == 2 and words[0] in {"connect", "doctor"}:
            return str(draw(st.sampled_from(_URIS)))
        if kind == 3:
            return f"{draw(st.sampled_from(_SECRET_OPTIONS))}{typed}"
        if kind == 4:
            return f"{draw(st.sampled_from(_OPTIONS))} {draw(st.sampled_from(_VALUES))}"
        if kind == 5:
            return f"{draw(st.sampled_from(['--uri', '-uri']))} {draw(st.sampled_from(_URIS))}"
        if kind == 6:
            return str(draw(st.sampled_from(_FLAGS)))
        return str(draw(_places if kind == 7 else _names))

    words = [draw(st.sampled_from(_COMMANDS))]
    words += (part() for _ in range(draw(st.integers(0, 4))))
    bag = {"secret": secret, "token": f"root:{secret}", "uri": address}
    names = {**bag, "bag": bag}
    return " ".join(words), names


def _shell(text: str) -> str:
    return "'" + text.replace("'", "'\"'\"'") + "'"


# --- what is pasted -------------------------------------------------------------------------------

_PASTES: Final = [
    'MilvusClient("{p}", token="{s}")', 'MilvusClient(uri="{a}")',
    'MilvusClient("{p}", tokn="{s}")',
    'MilvusClient("{p}", token="{s}", port=f())', 'MilvusClient("{p}", token="{s}"',
    'connections.connect(host="h", port="x", user="root", password="{s}")',
    'connections.connect("http://root:{s}@{p}")', 'connections.connect("root:{s}@h", uri="{p}")',
    "curl -u root:{s} {p}", "curl -u 'root:{s}' http://{p}/v2",
    "curl -H 'Authorization: Bearer {s}' {p}",
    'curl "{a}"', "curl --oauth2-bearer '{s}' '{p}' 'h2'", "curl -u 'root:{s}'",
    "curl -d 'token={s}' {p}", "curl {p} -H 'Authorization: Basic {s}'",
    "connect -uri {p} -t {s}", "connect -uri {a}", "connect -t '{s}' -p x", "connect --{s}",
    "%milvus connect {a}", "%milvus connect {p} --token '{s}' --timeout x",
    "%milvus connect {p} -t {s}",
    "MILVUS_URI={a}", "MILVUS_URI={p}\nMILVUS_TOKEN={s}", "Token: {s}\nSecure: maybe",
    'new MilvusClient({{address: "{p}", token: "{s}"}})', "new MilvusClient({{address: '{a}'}})",
    'milvusclient.New(ctx, &milvusclient.ClientConfig{{Address: "{p}", Password: "{s}"}})',
    'ConnectConfig.builder().uri("{p}").token("{s}").build()', 'ConnectConfig.builder().uri("{a}")',
    '{{"uri": "{p}", "token": "{s}"}}', '{{"uri": "{a}"}}', '{{"token": "{s}", "uri": 5}}',
    'uri="{p}", token="{s}",', "{a}", "hello {s}",
    'connections.connect("root:{s}", uri="{p}")', 'connections.connect("{n}", host="h")',
    'connections.connect("prod", uri="{p}", db_name="{n}")',
    'MilvusClient("{p}", user="root:{s}")', 'MilvusClient("{p}", "root:{s}")',
    'MilvusClient("{p}", "root", "{s}")', 'MilvusClient("{p};token={s}")',
    'MilvusClient("{p}", server_pem_path="{n}")', "connect -a root:{s} -uri {p}",
    "%milvus connect {p} -a {n}", "MILVUS_URI={p};token={s}",
]  # fmt: skip


@st.composite
def pastes(draw: Any) -> str:
    """Give what somebody pastes, with a secret where one belongs."""
    form, secret = draw(st.sampled_from(_PASTES)), draw(secrets)
    if draw(st.booleans()):  # escaped as its language has it, more or less
        secret = secret.replace("\\", "\\\\").replace('"', '\\"').replace("'", "\\'")
    text = str(form.format(s=secret, a=draw(addresses()), p=draw(_places), n=draw(sign_ins())))
    cut = draw(st.one_of(st.none(), st.integers(0, len(text))))
    return text if cut is None or MARK not in text[:cut] else text[:cut]


# --- files of profiles ----------------------------------------------------------------------------

_SECRET_KEYS: Final = [
    "password", "token", "api_key", "apikey", "passwd", "pwd", "secret_key", "secret", "pass",
    "auth", "key", "api_token", "Password", "API-KEY", "access_token", "passphrase", "credentials",
    "auth.token", "extra.password", "'my password'",
]  # fmt: skip
_KEYS: Final = ["address", "user", "db_name", "secure", "timeout", "label", "color", "confirm",
                "default", "autoconnect", "ca_pem_path", "usr", "x"]  # fmt: skip
_TOML: Final = ['"x"', "1", "true", "nan", "inf", "[]", "{a = 1}", '""', "1979-05-27", "x",
                '"ask"', '"env:X"', '"127.0.0.1:1"', '"\\u001b]52;c;"', '"\\u202e"',
                '"a\\nb"']  # fmt: skip


@st.composite
def files(draw: Any) -> str:
    """Give a file of profiles, with secrets where people put them."""
    found = []
    for name in draw(st.lists(st.sampled_from(["prod", "x", "'a b'", "''", "é"]), max_size=3)):
        found.append(f"[profiles.{name}]")
        if draw(st.booleans()):
            found.append('address = "127.0.0.1:1"')
        for _ in range(draw(st.integers(0, 4))):
            kind = draw(st.integers(0, 3))
            if kind == 0:
                value = json.dumps(draw(secrets))
                found.append(f"{draw(st.sampled_from(_SECRET_KEYS))} = {value}")
            elif kind == 1:
                found.append(f"address = {json.dumps(draw(addresses()))}")
            else:
                key, value = draw(st.sampled_from(_KEYS)), draw(st.sampled_from(_TOML))
                found.append(f"{key} = {value}")
    odd = st.sampled_from(["[profiles]", "[x]", "[[profiles]]", "\x00", "a=", "#é"])
    found += draw(st.lists(odd, max_size=1))
    many = draw(st.sampled_from([1, 1, 1, 1, 1, 1, 1, 200]))
    found += [f"[profiles.n{number}]\nx{number} = 1\ny = 2" for number in range(many - 1)]
    return "\n".join(found)


# --- messages of a page ---------------------------------------------------------------------------

_SECRET_FIELDS: Final = {"password", "token", "typed"}
_NAMED_FIELDS: Final = ("alias", "name", "new_alias", "user", "db_name", "ca_pem_path",
                        "server_name", "token_env", "label")  # fmt: skip


@st.composite
def messages(draw: Any) -> dict[str, Any]:
    """Give a request, or what looks like one; its id is put in by who sends it."""
    method = draw(st.one_of(st.sampled_from(sorted(METHODS)), st.just("nonsense")))
    taken = METHODS.get(method, (None, None))[0]
    fields = sorted(getattr(taken, "__required_keys__", ())) + draw(
        st.lists(
            st.sampled_from(sorted(getattr(taken, "__optional_keys__", ())) or ["x"]), max_size=4
        )
    )
    params = {name: draw(_field(name)) for name in fields}
    if draw(st.integers(0, 9)) == 0:
        params["tokn"] = draw(secrets)
    wrong: SearchStrategy[Any] = st.sampled_from([None, 5, [], "1", {}])
    version = draw(st.one_of(*[st.just(PROTOCOL)] * 9, wrong))
    return {"v": version, "method": method, "params": params, "page": "p", "stays_s": 60}


def _field(name: str) -> SearchStrategy[Any]:
    odd: SearchStrategy[Any] = st.sampled_from(
        [None, 5, -1, True, [], {}, 1e308, float("nan"), "x" * 5000, "\ud800"]
    )
    if name in _SECRET_FIELDS:
        return st.one_of(secrets, secrets, secrets, odd)
    known: dict[str, SearchStrategy[Any]] = {
        "address": st.one_of(addresses(), _places),
        "text": pastes(),
        **dict.fromkeys(_NAMED_FIELDS, st.one_of(_names, sign_ins())),
        "profile": st.one_of(st.sampled_from(["prod", "", "none"]), sign_ins()),
        "was": st.sampled_from(["prod", "", "none"]),
        "secret": st.one_of(st.sampled_from(["keyring", "ask", "none", "env:X"]), secrets),
        "language": st.sampled_from(["python", "magic", "curl", "x"]),
        "timeout": st.sampled_from([0.05, 1, 0, -1, float("nan"), float("inf"), "x"]),
        "heartbeat_s": st.sampled_from([60.0, 5.0, 0, float("nan")]),
        "secret_from": st.integers(0, 40),
        "request": st.integers(0, 40),
    }  # fmt: skip
    flags = st.booleans() if name in {"replace", "project", "secure", "confirm", "default"} else odd
    return st.one_of(known.get(name, st.one_of(_names, flags)), *[known.get(name, flags)] * 4, odd)


# --- who looks ------------------------------------------------------------------------------------


class _Logs(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(logging.Formatter().format(record))


class Watch:
    """Looks at what comes out of one call after another: texts, errors, logs, files, time.

    Parameters
    ----------
    folder
        Whose files are looked into.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._logs = _Logs()
        self.slowest_s = 0.0
        self.calls = 0

    @contextlib.contextmanager
    def logging(self) -> Iterator[None]:
        """Hear every logger at its most talkative."""
        root = logging.getLogger()
        before = root.level
        root.addHandler(self._logs)
        root.setLevel(logging.DEBUG)
        try:
            yield
        finally:
            root.removeHandler(self._logs)
            root.setLevel(before)

    def call(
        self,
        work: Callable[[], Any],
        show: Callable[[Any], list[str]],
        *,
        has_frames: bool = True,
    ) -> None:
        """Do something, and look at all that comes of it.

        Parameters
        ----------
        work
            What is done.
        show
            Gives the texts of its value.
        has_frames
            Whether the variables of an error's frames are looked at: not where only callers of
            ours meet them.

        Raises
        ------
        AssertionError
            A secret came out, an error is none of ours, or it took too long.
        """
        self._logs.lines.clear()
        texts: list[str] = []
        with capture_output() as printed:
            start = time.thread_time()
            try:
                value = work()
            except (MilvusNbError, KeyboardInterrupt) as error:
                took = time.thread_time() - start
                texts += _told(error, has_frames=has_frames)
            else:
                took = time.thread_time() - start
                texts += show(value)
        texts += [printed.stdout, printed.stderr, *self._logs.lines]
        texts += [json.dumps(one.data, default=str) for one in printed.outputs]
        self.look(texts)
        self.calls += 1
        if self.calls > 1:  # the first one imports
            for _ in range(_TRIES if took >= MOST_S else 0):  # it may have imported something
                took = min(took, _time_of(work))
            self.slowest_s = max(self.slowest_s, took)
            assert took < MOST_S, f"took {took:.3f} s"

    def look(self, texts: list[str]) -> None:
        """Find no secret in texts, nor in the folder's files."""
        files = [path for path in self._folder.rglob("*") if path.is_file()]
        written = [path for path in files if not path.name.startswith("given")]
        for text in [*texts, *map(_text, written)]:
            place = text.find(MARK.strip("!"))
            assert place < 0, f"a secret came out: {text[max(0, place - 200) : place + 100]!r}"
            coded = [one for one in _CODED if one in text]
            assert not coded, f"a secret came out, in base64: {text[:500]!r}"


def _time_of(work: Callable[[], Any]) -> float:
    """Do something once more; how long it keeps the thread busy."""
    start = time.thread_time()
    with contextlib.suppress(MilvusNbError), capture_output():
        work()
    return time.thread_time() - start


def _text(path: Path) -> str:
    """Read a file; one that its writer has just replaced says nothing."""
    with contextlib.suppress(FileNotFoundError):
        return path.read_text("utf-8", "replace")
    return ""


def _in_base64() -> list[str]:
    """Give what the base64 of every text with the mark has in it, wherever the mark begins."""
    found = []
    for before in range(3):
        coded = base64.b64encode(b"x" * before + MARK.encode()).decode().rstrip("=")
        found.append(coded[(before * 8 + 5) // 6 : -1])
    return found


_CODED: Final = _in_base64()


def _told(error: BaseException, *, has_frames: bool) -> list[str]:
    """Give all that an error may show: its words, and the variables of its frames that are ours."""
    told = [str(error), repr(error), repr(vars(error)), *getattr(error, "lines", [])]
    told += error._render_traceback_() if hasattr(error, "_render_traceback_") else []
    assert error.__cause__ is None
    assert error.__context__ is None or error.__suppress_context__
    if not has_frames:
        return told
    frames = traceback.TracebackException.from_exception(error, capture_locals=True)
    for frame in frames.stack:
        if "/milvus_nb/" in frame.filename and frame.name != "milvus":
            told.append(json.dumps(frame.locals, default=str))
    return told
