"""What copying adds to a text is no part of it: quotes, blanks, word processors' signs, variables.

The same by every way in: keywords, environment, a line of the magic, pasted code, profiles, form.
"""

from __future__ import annotations

import enum
import ipaddress
import pathlib
import urllib.parse
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from milvus_nb import ConnectError, ParamsError
from milvus_nb.code import paste
from milvus_nb.code.arguments import split
from milvus_nb.magic import magics
from milvus_nb.params import parsing
from milvus_nb.params.secret import Secret
from milvus_nb.params.tidy import as_command, oddity

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from milvus_nb import ConnectionRegistry
    from milvus_nb.params.endpoint import ConnectionParams
    from tests.support.servers import MilvusTestServer


def parse(**given: Any) -> ConnectionParams:
    return parsing.parse(**{"env": {}, **given})


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ('"http://db:19530"', "db:19530"),
        ("'db:19530'", "db:19530"),
        (" \ufeff“http://db:19530”\u200b ", "db:19530"),
        ("„db:19530“", "db:19530"),
        ("`db:19530`", "db:19530"),
        ("<https://db:19530>", "https://db:19530"),
        ("db：19530", "db:19530"),
        ("http：//db：19530／sales", "db:19530"),
        ("ｈｔｔｐ：／／ｄｂ：１９５３０", "db:19530"),
        ("10。0。0。7：19530", "10.0.0.7:19530"),
        ("my–db‑1:19530", "my-db-1:19530"),
        ("\u00a0db:19530\u3000", "db:19530"),
        ("\"'db:19530'\"", "db:19530"),
        ("<https://db:19530|db:19530>", "https://db:19530"),  # Slack
        ("<db:19530>", "db:19530"),
        ("[https://db:19530](https://db:19530)", "https://db:19530"),  # Markdown
        ("(http://db:19530).", "db:19530"),
        ("*http://db:19530*", "db:19530"),
        ("http://db:19530,", "db:19530"),
        ("db:19530.", "db:19530"),
        ("http:\\/\\/db:19530", "db:19530"),  # JSON
        ("export MILVUS_URI='http://db:19530'", "db:19530"),
        ('uri="db:19530",', "db:19530"),
        ("uri: http://db:19530", "db:19530"),
        ("unix:/run/a,", "unix:/run/a,"),  # a file may be called so
    ],
)
def test_an_address_is_read_as_it_was_meant(written: str, meant: str) -> None:
    """By each keyword and from the environment alike."""
    assert parse(uri=written).address == meant
    assert parse(address=written).address == meant
    assert parsing.parse(env={"MILVUS_URI": written}).address == meant


def test_host_port_and_names_are_read_as_they_were_meant() -> None:
    """Each is no place for quotes or blanks."""
    found = parse(
        host=" “db”", port="１９５３０ ", user='"root"', password="Milvus", db_name=" 'sales' "
    )
    assert (found.address, found.db_name) == ("db:19530", "sales")
    assert found.endpoint.user == "root"
    assert parse(host="db", server_name="‘my–db’", secure=True).endpoint.tls.server_name == "my-db"


def test_a_path_of_milvus_lite_in_quotes(tmp_path: pathlib.Path) -> None:
    """Its own signs stay: a file may have any name."""
    assert parse(uri=f'"{tmp_path}/demo.db"').endpoint.path == f"{tmp_path.resolve()}/demo.db"
    assert parse(uri=f"{tmp_path}/a–b：c.db").endpoint.path == f"{tmp_path.resolve()}/a–b：c.db"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ('"root:Milvus"', "root:Milvus"),
        ("“root:Milvus”", "root:Milvus"),
        ("Bearer root:Milvus", "root:Milvus"),
        ("bearer  my-key", "my-key"),
        ("Authorization: Bearer root:Milvus", "root:Milvus"),
        ('"Bearer root:Milvus"', "root:Milvus"),
        ("Basic cm9vdDpNaWx2dXM=", "root:Milvus"),
        ("Authorization: Basic cm9vdDpNaWx2dXM=", "root:Milvus"),
        ("export MILVUS_TOKEN='root:Milvus'", "root:Milvus"),
        ("token: root:Milvus", "root:Milvus"),
        ("token:Milvus", "token:Milvus"),  # a user may be called so
        (" root:Milvus", "root:Milvus"),
        ("\u00a0my-key \u200b", "my-key"),
        ("root:Milvus ", "root:Milvus "),  # a password may end with a blank
        ("root:'Milvus'", "root:'Milvus'"),
        ("root:–“x”", "root:–“x”"),
    ],
)
def test_a_token_is_read_as_it_was_meant(written: str, meant: str) -> None:
    """A password inside of it stays as it is."""
    environments: list[dict[str, Any]] = [
        {"token": written},
        {"token": Secret(written)},
        {"env": {"MILVUS_TOKEN": written}},
        {"token_env": "$NAME", "env": {"NAME": written}},
    ]
    for given in environments:
        assert parse(**given).endpoint.credentials.reveal() == meant


@pytest.mark.parametrize(
    "given",
    [
        {"uri": "http://${MILVUS_HOST}:19530"},
        {"uri": "$MILVUS_HOST:19530"},
        {"uri": "http://%MILVUS_HOST%:19530"},
        {"uri": "{{ MILVUS_HOST }}:19530"},
        {"uri": "http://root:pa$$word@${MILVUS_HOST:-localhost}:19530"},
        {"uri": "${MILVUS_HOST}/demo.db"},
        {"uri": "http://${MILVUS_HOST}:secret-1@db:19530"},
        {"uri": "${env:MILVUS_HOST}:19530"},
        {"uri": "$env:MILVUS_HOST"},
        {"uri": "${{ secrets.MILVUS_HOST }}"},
        {"uri": "{{ .Values.MILVUS_HOST }}"},
        {"uri": "http://{MILVUS_HOST}:19530"},
        {"uri": "http://<MILVUS_HOST>:19530"},
        {"uri": "os.environ['MILVUS_HOST']"},
        {"uri": "localhost", "server_name": "${MILVUS_HOST}"},
        {"host": "${MILVUS_HOST}", "port": 19530},
        {"token": "${MILVUS_HOST}"},
        {"token": "root:${MILVUS_HOST}"},
        {"user": "root", "password": "${MILVUS_HOST}"},
        {"env": {"MILVUS_URI": "'http://${MILVUS_HOST}:19530'"}},
        {"env": {"MILVUS_TOKEN": "${MILVUS_HOST}"}},
    ],
)
def test_a_variable_that_nobody_expanded_is_named(given: dict[str, Any]) -> None:
    """Its name, and where its value comes from; nothing else of what was given."""
    with pytest.raises(ParamsError) as refused:
        parse(**given)
    assert refused.value.reason == "Nothing has put the value of MILVUS_HOST in its place."
    assert "secret-1" not in str(refused.value)
    assert "pa$$word" not in str(refused.value)


@pytest.mark.parametrize("text", ["http//db:19530", "http;//db:19530", "_x://db:19530"])
def test_a_misspelt_scheme_is_no_host(text: str) -> None:
    """Nobody connects to a host called http."""
    with pytest.raises(ParamsError):
        parse(uri=text)


class Standin:
    """A stand-in for a text, as lazy translations and proxies of objects are."""

    __class__ = str  # type: ignore[assignment]  # what isinstance believes

    def __str__(self) -> str:
        return "db:19530"


def test_a_stand_in_for_a_text() -> None:
    """It is read as the text that it stands for."""
    assert parse(uri=Standin()).address == "db:19530"


def test_what_may_be_meant_stays() -> None:
    """Dollars and percent signs in passwords, percent-encoding in names, files called so."""
    assert parse(uri="http://root:$HOME@db:1").endpoint.credentials.reveal() == "root:$HOME"
    assert parse(uri="http://db:1/%C3%BCber%20%C3%A4").db_name == "über ä"
    assert parse(uri="./$x.db").endpoint.path.endswith("/$x.db")
    assert parse(user="root", password=" a ").endpoint.credentials.reveal() == "root: a "


class Hidden:
    """A secret as pydantic's ``SecretStr`` is: its text hides it."""

    def __init__(self, value: str | bytes) -> None:
        self._value = value

    def get_secret_value(self) -> str | bytes:
        return self._value

    def __str__(self) -> str:
        return "**********"


class Url:
    """As pydantic's ``HttpUrl``: no text itself."""

    def unicode_string(self) -> str:
        return "http://root:Milvus@db:19530/sales"


class Names(str, enum.Enum):
    """Texts with names."""

    USER = "root"


def test_objects_that_stand_for_text() -> None:
    """Secrets of other libraries, bytes, URLs, paths, addresses, numpy's numbers and text."""
    assert parse(token=Hidden("root:Milvus")).endpoint.credentials.reveal() == "root:Milvus"
    assert parse(token=Hidden(b"my-key")).endpoint.credentials.reveal() == "my-key"
    signed_in = parse(user=Names.USER, password=Hidden("Milvus"))
    assert signed_in.endpoint.credentials.reveal() == "root:Milvus"
    assert type(signed_in.endpoint.user) is str
    assert parse(token=b"root:Milvus").endpoint.credentials.reveal() == "root:Milvus"
    assert parse(uri=Url()) == parse(uri="http://root:Milvus@db:19530/sales")
    split_url = urllib.parse.urlsplit("https://db:19530")
    assert parse(uri=split_url).address == "https://db:19530"
    assert parse(uri=pathlib.Path("./demo.db")) == parse(uri=b"./demo.db") == parse(uri="./demo.db")
    assert parse(host=ipaddress.ip_address("::1"), port=np.int64(1)).address == "[::1]:1"
    assert parse(host=np.str_("db"), port=b"19530").address == "db:19530"
    assert parse(host="db", port=1, secure=np.bool_(True)).address == "https://db:1"
    assert parse(uri="db", timeout=np.float32(2)).timeout == 2
    options = parse(uri="db", grpc_options={"grpc.keepalive_time_ms": np.int32(5)})
    assert options.endpoint.channel_arguments == {"grpc.keepalive_time_ms": 5}
    assert parsing.is_empty(token=Hidden(""))


def test_a_secret_of_an_unknown_type_is_never_to_be_written_down() -> None:
    """The advice to write it in quotes is for what is no secret."""
    with pytest.raises(ParamsError) as refused:
        parse(token=object())
    assert "quotes" not in str(refused.value)
    assert "token_env" in refused.value.fix


def test_a_secret_object_in_a_line() -> None:
    """``$token`` gives what it hides, not its stars; None is no value."""
    (word,) = split("$token", {"token": Hidden("root:Milvus")})
    assert (word.text, word.typed) == ("root:Milvus", "$token")
    assert split("{token}", {"token": b"root:Milvus"})[0].text == "root:Milvus"
    with pytest.raises(Exception, match="has no value"):
        split("$token", {"token": None})


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("connect\u00a0db:1\u3000–a x", "connect db:1 -a x"),
        ("connect db:1 —user root –-ask", "connect db:1 --user root --ask"),
        ("connect db:1 --label “a b”", 'connect db:1 --label "a b"'),
        ("connect db:1 --password '“x”\u00a0–y'", "connect db:1 --password '“x”\u00a0–y'"),
        ("connect db:1 --label a–b", "connect db:1 --label a–b"),
    ],
)
def test_a_line_is_read_as_it_was_meant(written: str, meant: str) -> None:
    """But for what stands in straight quotes."""
    assert as_command(written) == meant


@pytest.mark.parametrize(
    "text",
    [
        "MilvusClient(uri=“http://db：19530”,\u00a0token=“root:Milvus”)",
        "MilvusClient(uri=‘http://db:19530’, token=‘Bearer root:Milvus’)",
        "curl —url http://db:19530/v2/vectordb/collections/list –H “Authorization: Bearer a:b”",
        "MILVUS_URI=“http://db:19530”\nMILVUS_TOKEN=“root:Milvus”",
        "connect –uri http://db:19530 –t root:Milvus",
    ],
)
def test_pasted_code_from_a_word_processor(text: str) -> None:
    """It has curly quotes, long dashes and other blanks."""
    found = parse(**paste.read(text, env={}).given)
    assert found.address == "db:19530"
    assert found.endpoint.credentials.reveal() in ("root:Milvus", "a:b")


def test_by_every_way_in(
    connections: ConnectionRegistry,
    ip: InteractiveShell,
    milvus_auth: MilvusTestServer,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Keywords, environment, lines, pasted code and a profile's file connect for real."""
    place = f"localhost：{milvus_auth.port}"
    assert connections.connect("a", uri=f"“http：//{place}”", token="Bearer root:Milvus").user
    monkeypatch.setenv("MILVUS_URI", f'"http://{place}"')
    monkeypatch.setenv("MILVUS_TOKEN", "'root:Milvus'")
    assert connections.connect("b").state == "connected"
    profiles = tmp_path / "profiles.toml"
    profiles.write_text(
        f'[profiles.dev]\naddress = "“{place}”"\nuser = " root"\nsecret = "env:PASSWORD"\n'
    )
    monkeypatch.setenv("PASSWORD", "Milvus")
    monkeypatch.setenv("MILVUS_NB_PROFILES", f"'{profiles}'")
    assert connections.connect_profile("dev").user == "root"
    magics.load(ip)
    ip.user_ns["token"] = Hidden("root:Milvus")
    for alias, line in (
        ("c", f"connect\u00a0{place} —token $token –a c"),
        ("d", f"connect MilvusClient(“http://{place}”, token=“root:Milvus”) -a d"),
    ):
        assert ip.run_line_magic("milvus", line).alias == alias
    magics.unload(ip)


def test_a_refused_password_that_looks_copied(
    connections: ConnectionRegistry, milvus_auth: MilvusTestServer
) -> None:
    """It is sent as it is, for it may be meant; the refusal says what looks odd."""
    for password, told in (('"Milvus"', "quotes"), ("Milvus ", "blanks")):
        with pytest.raises(ConnectError) as refused:
            connections.connect("a", uri=milvus_auth.uri, user="root", password=password)
        assert f"It has {told} around it" in refused.value.fix
    assert oddity("Milvus") == ""
