"""Connection parameters: what may be written, and what is refused and how; a section a topic."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from milvus_nb.errors import ParamsError
from milvus_nb.params import parsing
from milvus_nb.params.endpoint import ConnectionParams, Endpoint
from milvus_nb.params.parsing import change, is_empty, parse, parse_again
from milvus_nb.params.secret import Secret
from tests.support.parameters import (
    MARK,
    attempt,
    bracketed,
    databases,
    hosts,
    params,
    ports,
    refusal,
    secrets,
    users,
)

# --- addresses ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("localhost", "localhost:19530"),
        ("localhost:19530", "localhost:19530"),
        ("LocalHost:65535", "localhost:65535"),
        ("  localhost:19530\n", "localhost:19530"),
        (":19531", "localhost:19531"),
        ("127.0.0.1:1", "127.0.0.1:1"),
        ("::1", "[::1]:19530"),
        ("[::1]", "[::1]:19530"),
        ("[::1]:19531", "[::1]:19531"),
        ("[2001:DB8:0::1]:19531", "[2001:db8::1]:19531"),
        ("fe80::1%eth0", "[fe80::1%eth0]:19530"),
        ("http://[fe80::1%25eth0]:1", "[fe80::1%eth0]:1"),
        ("http://localhost", "localhost:19530"),
        ("HTTP://localhost:80", "localhost:80"),
        ("tcp://localhost:19530", "localhost:19530"),
        ("grpc://localhost:19530/", "localhost:19530"),
        ("https://db.example.com", "https://db.example.com:443"),
        ("https://db.example.com:19530", "https://db.example.com:19530"),
        ("https://[::1]", "https://[::1]:443"),
        ("standalone_milvus:19530", "standalone_milvus:19530"),
        ("münchen.example", "xn--mnchen-3ya.example:19530"),
        ("unix:/run/m.sock", "unix:/run/m.sock"),
        ("unix:///run/m.sock", "unix:/run/m.sock"),
    ],
)
def test_an_address_may_be_written_in_many_ways(text: str, address: str) -> None:
    """Each form names the server it looks like, as `uri` and as `address`."""
    assert params(uri=text).address == address
    assert params(address=text) == params(uri=text)


def test_nothing_given_is_the_server_on_this_machine() -> None:
    """Without parameters and environment it is localhost:19530, without TLS and sign-in."""
    found = params()
    assert found == ConnectionParams(Endpoint("tcp", "localhost", 19530))
    assert (found.auth, found.db_name, found.timeout, found.secure) == ("none", "", 5.0, False)
    assert params(uri=None, host=None, port=None, token=None, db_name=None, timeout=None) == found


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("localhost:1", "localhost:1"),
        ("127.0.0.1:1", "127.0.0.1:1"),
        ("https://h", "h:443"),
        ("[::1]:1", "ipv6:[::1]:1"),
        ("[fe80::1%eth0]:1", "ipv6:[fe80::1%25eth0]:1"),
        ("unix:/run/a b.sock", "unix:/run/a%20b.sock"),
        ("./x.db", ""),
    ],
)
def test_the_target_is_what_grpc_understands(text: str, target: str) -> None:
    """IPv6 has its scheme, a path is encoded, and Milvus Lite has no target of its own."""
    assert params(uri=text).endpoint.target == target


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("   ", "blank"),
        ("http://", "no host"),
        ("http://root:secret@", "no host"),
        ("local host:19530", "blank"),
        ("localhost:19530 # mine", "blank"),
        ("local\u200bhost", "U+200B"),
        ("localhost\x00:19530", "U+0000"),
        ("a" * 10_000, "10,000 characters"),
        ("19530", "localhost:19530"),
        ("127.0.0.256", "neither a name nor an IP"),
        ("-h", "neither a name nor an IP"),
        ("a..b", "neither a name nor an IP"),
        ("localhost,other:19530", "neither a name nor an IP"),
        ("localhost:abc", "not a port"),
        ("localhost:0", "1 to 65535"),
        ("localhost:99999", "99999"),
        ("localhost:-1", "not a port"),
        ("localhost:\N{ARABIC-INDIC DIGIT ONE}", "not a port"),
        ("localhost:19530:19530", "more than one colon"),
        ("[::1", "not an IPv6"),
        ("[::1]19530", "not an IPv6"),
        ("[localhost]:19530", "not an IPv6"),
        ("tcp:localhost:19530", "tcp://localhost:19530"),
        ("http:/localhost", "two slashes"),
        ("grpcs://localhost", "Did you mean https:// ?"),
        ("wss://localhost", "Did you mean https:// ?"),
        ("ws://localhost", "Did you mean http:// ?"),
        ("htpp://localhost", "Did you mean http:// ?"),
        ("milvus://localhost", "Did you mean http:// ?"),
        ("s3://bucket", "schemes are"),
        ("http://h:9091/webui/", "WebUI"),
        ("http://h:19530/v1/vector/collections", "REST"),
        ("http://h?db=x", "follow a '?'"),
        ("http://h#x", "follow a '#'"),
        ("http://%FF:x@h", "UTF-8"),
        ("unix:", "unix:/run/milvus.sock"),
        ("unix://run/m.sock", "unix:/run/milvus.sock"),
        ("file://host/x.db", "three slashes"),
    ],
)
def test_what_is_no_address_is_refused_with_the_reason(text: str, why: str) -> None:
    """The error names the parameter and says what is wrong with the value or what to write."""
    error = refusal(uri=text)
    assert error.what.startswith("uri")
    assert why in str(error)


@given(st.one_of(st.text(), st.text(st.sampled_from("htps:/@[]?#%.~1a-db \\\n"), max_size=30)))
@example("http://[::1]:1@/x.db")
@example("\ud800")
@example("~\0.db")
@example("file:////x")
@example("C:\\x\\y.db")
def test_any_text_is_an_address_or_a_params_error(text: str) -> None:
    """No other exception comes out, whatever is written."""
    for keyword in ("uri", "address", "host", "port", "user", "token", "db_name", "ca_pem_path"):
        result = attempt(**{keyword: text})
        if isinstance(result, ParamsError):
            assert result.what
            # The context would hold the text: UnicodeDecodeError keeps what it could not decode.
            assert result.__context__ is None
        else:
            assert result.address
            assert result.endpoint.kind == "lite" or result.endpoint.target


@given(hosts, ports, st.sampled_from(["", "http://", "tcp://", "grpc://", "https://"]))
def test_host_and_port_survive_a_round_trip(host: str, port: int, scheme: str) -> None:
    """What is put into a URI is what comes out, and the address shown names the same place."""
    found = params(uri=f"{scheme}{bracketed(host)}:{port}")
    assert (found.endpoint.host, found.endpoint.port) == (host, port)
    assert found.secure == (scheme == "https://")
    assert params(uri=found.address) == found


@given(hosts, ports, users, secrets, databases)
def test_a_uri_says_the_same_as_the_keywords(
    host: str, port: int, user: str, password: str, db_name: str
) -> None:
    """Percent-encoded in a URI, or each in its keyword, or both: the same parameters."""
    sign_in = f"{quote(user, safe='')}:{quote(password, safe='')}"
    uri = f"http://{sign_in}@{bracketed(host)}:{port}/{quote(db_name, safe='')}"
    keywords: dict[str, Any] = {
        "host": host, "port": port, "user": user, "password": password, "db_name": db_name,
    }  # fmt: skip
    from_uri = params(uri=uri)
    assert from_uri.endpoint.credentials.reveal() == f"{user}:{password}"
    assert (from_uri.user, from_uri.auth, from_uri.db_name) == (user, "password", db_name)
    assert params(**keywords) == from_uri
    token = {"token": f"{user}:{password}"}
    assert params(uri=uri, **keywords, **token) == from_uri
    assert params(address=f"{bracketed(host)}:{port}", db_name=db_name, **token) == from_uri


# --- host, port, and more than one of them ------------------------------------------------------


def test_host_and_port_fill_in_for_each_other() -> None:
    """Either may be left out, and a port may be digits."""
    assert params(host="db.example").address == "db.example:19530"
    assert params(port=19531).address == "localhost:19531"
    assert params(port="19531") == params(port=19531)
    assert params(port=65535).address == "localhost:65535"
    assert params(host="::1").address == params(host="[::1]").address == "[::1]:19530"


@pytest.mark.parametrize(
    "port",
    [
        0,
        -1,
        65536,
        99999,
        pytest.param(10**5000, id="huge"),
        "0",
        "abc",
        "-1",
        "1.5",
        "",
        True,
        1.0,
        b"\xff",
        [1],
    ],
)
def test_an_impossible_port_is_refused(port: object) -> None:
    """The error shows the value and the range; only an empty text is "not given"."""
    if port == "":
        assert params(port=port).address == "localhost:19530"
        return
    error = refusal(port=port)
    assert "65535" in error.reason
    if isinstance(port, (str, float)) or (isinstance(port, int) and port < 10**9):
        assert repr(port) in error.what


@pytest.mark.parametrize("host", ["localhost:19530", "http://h", "a b", "/x.db", "root:Zq7", "a/b"])
def test_host_is_a_host_alone(host: str) -> None:
    """A whole address in `host` is refused, and the way to write it is shown."""
    error = refusal(host=host)
    assert "uri" in error.fix
    assert MARK not in str(error)


@pytest.mark.parametrize(
    "both",
    [
        {"uri": "http://h:1", "address": "h:1"},
        {"address": "h:1", "uri": "http://h:1"},
        {"uri": "http://h:1", "host": "H", "port": "1"},
        {"uri": "http://h", "port": 1},
        {"address": "h", "uri": "tcp://h", "host": "h", "port": 1},
    ],
)
def test_places_that_agree_may_be_given_together(both: dict[str, Any]) -> None:
    """What one leaves open the other fills in."""
    assert params(**both).address == "h:1"
    assert not params(**both).secure


def test_https_and_a_port_keyword_go_together() -> None:
    """The keyword wins over the scheme's default port, which nobody wrote."""
    assert params(uri="https://h", port=8443).address == "https://h:8443"
    assert params(uri="https://h", address="h").address == "https://h:443"


@pytest.mark.parametrize(
    ("both", "values"),
    [
        ({"uri": "h:1", "address": "h:2"}, ["h:1", "h:2", "uri", "address"]),
        ({"uri": "h:1", "host": "i"}, ["h:1", "i", "uri", "host/port"]),
        ({"uri": "h:1", "port": 2}, ["h:1", ":2"]),
        ({"uri": "http://h", "address": "https://h"}, ["https://h"]),
        ({"uri": "./x.db", "host": "h"}, ["x.db", "h"]),
        ({"uri": "unix:/a", "address": "unix:/b"}, ["unix:/a", "unix:/b"]),
        ({"uri": f"http://u:{MARK}aaa@h:1", "address": "h:2"}, ["h:1", "h:2"]),
    ],
)
def test_places_that_differ_are_refused(both: dict[str, Any], values: list[str]) -> None:
    """The error shows each value, without the sign-in."""
    error = refusal(**both)
    assert all(value in error.what for value in values)
    assert MARK not in str(error)


def test_two_databases_are_refused() -> None:
    """The path of the URI and `db_name` may agree, not differ."""
    assert params(uri="http://h/a", db_name="a").db_name == "a"
    error = refusal(uri="http://h/a", db_name="b")
    assert "'a'" in error.what
    assert "'b'" in error.what


# --- differences --------------------------------------------------------------------------------

some_params = st.builds(
    lambda uri, sign_in, more: params(uri=uri, **sign_in, **more),
    st.sampled_from(["h", "h:1", "i", "https://h", "unix:/a", "./a.db", "./b.db"]),
    st.sampled_from(
        [
            {},
            {"token": f"a:{MARK}1"},
            {"token": f"a:{MARK}2"},
            {"token": f"b:{MARK}1"},
            {"token": f"{MARK}1"},
            {"token": f"{MARK}2"},
        ]
    ),
    st.sampled_from(
        [
            {},
            {"db_name": "x"},
            {"db_name": "default"},
            {"timeout": 1},
            {"timeout": 2.5},
            {"grpc_options": {"grpc.a": 1}},
            {"grpc_options": {"grpc.a": f"{MARK}"}},
        ]
    ),
)


@given(some_params, some_params)
def test_differences_are_empty_only_for_equals(
    one: ConnectionParams, two: ConnectionParams
) -> None:
    """And they never show a secret, in either direction; equals have the same hash."""
    for left, right in ((one, two), (two, one), (one, one.without_secrets())):
        found = left.differences(right)
        assert (found == []) == (left == right)
        assert MARK not in str(found)
        assert left != right or hash(left) == hash(right)


@pytest.mark.parametrize(
    ("one", "two", "text"),
    [
        ({"uri": "h:1"}, {"uri": "h:2"}, "address (h:1, not h:2)"),
        ({"uri": "https://h"}, {"uri": "h:443"}, "address (https://h:443, not h:443)"),
        ({"token": "a:b"}, {"token": "c:b"}, "user (a, not c)"),
        ({"token": "a:b"}, {"token": "a:c"}, "password"),
        ({"token": "a"}, {"token": "b"}, "API key"),
        ({"token": "a:b"}, {"token": "k"}, "sign-in (user a, not an API key)"),
        ({"token": "a:b"}, {}, "sign-in (user a, not none)"),
        ({"db_name": "x"}, {}, "database (x, not the server's default)"),
        ({"timeout": 1}, {}, "timeout (1 s, not 5 s)"),
        ({"grpc_options": {"grpc.a": 1}}, {}, "grpc_options (grpc.a)"),
        (
            {"uri": "https://h", "server_name": "n"},
            {"uri": "https://h"},
            "server_name (n, not none)",
        ),
    ],
)
def test_a_difference_is_said_in_words(one: dict[str, Any], two: dict[str, Any], text: str) -> None:
    """One text for one difference."""
    assert params(**one).differences(params(**two)) == [text]


# --- environment --------------------------------------------------------------------------------


def test_the_environment_is_used_where_no_address_is_given() -> None:
    """`MILVUS_URI` and `MILVUS_TOKEN`; with an address of one's own neither is looked at."""
    env = {"MILVUS_URI": "https://cloud.example/sales", "MILVUS_TOKEN": "key"}
    found = params(env)
    assert (found.address, found.db_name, found.auth) == (
        "https://cloud.example:443",
        "sales",
        "token",
    )
    assert params(env, uri="h") == params(uri="h")
    assert params(env, host="h") == params(host="h")
    assert params(env, port=1) == params(port=1)
    assert params({"MILVUS_TOKEN": "root:x"}) == params(token="root:x")
    assert params({"MILVUS_URI": "", "MILVUS_TOKEN": ""}) == params()


def test_what_is_given_wins_over_the_environment() -> None:
    """Sign-in and database; the environment's are left out, not compared."""
    env = {"MILVUS_URI": "http://root:env@h:1/a", "MILVUS_TOKEN": "key"}
    assert params(env, token="me:mine", db_name="b") == params(
        uri="h:1", token="me:mine", db_name="b"
    )


def test_a_contradiction_within_the_environment_is_refused() -> None:
    """`MILVUS_URI` with a sign-in and another one in `MILVUS_TOKEN`: nobody can know which."""
    error = refusal({"MILVUS_URI": f"http://root:{MARK}a@h", "MILVUS_TOKEN": f"root:{MARK}b"})
    assert "MILVUS_URI" in error.what
    assert "MILVUS_TOKEN" in error.what
    assert MARK not in str(error)
    assert refusal({"MILVUS_URI": "ws://h"}).what.startswith("MILVUS_URI")


def test_where_a_secret_came_from_is_known_and_makes_no_difference() -> None:
    """A variable that is named is read; which one it was is kept beside what it held."""
    env = {"PW": f"{MARK}pw", "TOKEN": f"root:{MARK}pw", "EMPTY": "", "MILVUS_TOKEN": "key"}
    one = params(env, uri="h", user="root", password_env="PW")
    two = params(env, uri="h", token_env="TOKEN")
    assert (one.password_env, one.token_env) == ("PW", "")
    assert (two.password_env, two.token_env) == ("", "TOKEN")
    assert one == two
    assert hash(one) == hash(two)
    assert one.differences(two) == []
    assert MARK not in repr(one)
    assert params(env).token_env == "MILVUS_TOKEN"
    assert params(env, uri="h").token_env == ""
    assert params(env, uri="x.db", token_env="TOKEN").token_env == ""  # it has no users
    for name, how in (("EMPTY", "is empty"), ("NOWHERE", "is not set")):
        assert how in refusal(env, uri="h", token_env=name).what
        assert how in refusal(env, uri="h", user="root", password_env=name).what
    assert "both" in refusal(env, uri="h", token="key", token_env="TOKEN").what


def test_a_change_keeps_the_variable_of_a_sign_in_that_it_keeps(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A new sign-in has its own, or none."""
    monkeypatch.setenv("PW", "new")
    known = params({"TOKEN": "root:old"}, uri="h", token_env="TOKEN")
    for kept in ({"db_name": "x"}, {"timeout": 3}, {"server_name": "n"}):
        assert change(known, **kept).token_env == "TOKEN"
    for password in ({"password": "new"}, {"password_env": "PW"}):
        changed = change(known, **password)
        assert changed.endpoint == params(uri="h", token="root:new").endpoint
        assert changed.token_env == ""
        assert changed.password_env == password.get("password_env", "")
    assert change(known, token="key").token_env == ""


def test_the_process_environment_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no mapping is given, ``os.environ`` is read at the time of the call."""
    monkeypatch.setenv("MILVUS_URI", "h:1")
    assert parse().address == "h:1"


@pytest.mark.parametrize(
    ("given_", "empty"),
    [
        ({}, True),
        ({"uri": "", "port": None, "token": Secret(), "secure": None}, True),
        ({"port": {}}, False),
        ({"timeout": []}, False),
        ({"env": {"MILVUS_URI": "h"}, "default_timeout": 3}, True),
        ({"uri": "h"}, False),
        ({"port": 0}, False),
        ({"secure": False}, False),
        ({"token": Secret("x")}, False),
        ({"timeout": 1}, False),
    ],
)
def test_is_empty_says_whether_anything_was_given(given_: dict[str, Any], *, empty: bool) -> None:
    """Values that mean "not given" do not count, wrong ones do."""
    assert is_empty(**given_) == empty


# --- timeout, options, types --------------------------------------------------------------------


@pytest.mark.parametrize(
    "given_",
    [
        {"uri": "again.example:19530"},
        {"uri": "https://again.example:443"},
        {"uri": "http://root:12345@again.example:1"},
        {"uri": "again.example:2", "token": "root:12345"},
        {"uri": "again.example:2", "secure": False, "timeout": 3},
        {"uri": Secret("again.example:3")},
        {"uri": "./again.db"},
        {"host": "again.example"},
    ],
    ids=lambda given_: "-".join(map(str, given_.values())),
)
def test_what_is_read_again_is_the_same_and_no_secret_is_kept(
    given_: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever was read before, and whatever the environment says meanwhile."""
    first = parse_again(5.0, **given_)
    monkeypatch.setenv("MILVUS_URI", "http://other:secret@other.example:1/other")
    monkeypatch.setenv("MILVUS_TOKEN", "other:secret")
    before = parsing._of_server.cache_info()
    assert parse_again(5.0, **given_) == first == parse(**given_, default_timeout=5.0)
    assert parse_again(7.0, **given_).timeout == given_.get("timeout", 7.0)
    if first.endpoint.credentials:
        assert parsing._of_server.cache_info() == before


def test_a_timeout_is_a_number_of_seconds() -> None:
    """Default 5 s, or what the settings say."""
    assert params(timeout=2).timeout == 2.0
    assert params(timeout=0.5).timeout == 0.5
    assert params(default_timeout=7).timeout == 7.0
    assert params(timeout="", default_timeout=7).timeout == 7.0


@pytest.mark.parametrize(
    "timeout",
    [
        0,
        -1,
        float("nan"),
        float("inf"),
        pytest.param(10**5000, id="huge"),
        10**6,
        True,
        "5",
        [5],
        b"5",
    ],
)
def test_an_impossible_timeout_is_refused(timeout: object) -> None:
    """Not above zero, not finite, more than a day, or no number."""
    assert "timeout" in refusal(timeout=timeout).what


def test_grpc_options_are_sorted_pairs() -> None:
    """A mapping or pairs, in any order, are the same endpoint."""
    one = params(grpc_options={"b": 1, "a": "x"}).endpoint
    assert one.grpc_options == (("a", Secret("x")), ("b", 1))
    assert one.channel_arguments == {"a": "x", "b": 1}
    assert params(grpc_options=[("a", "x"), ("b", 1)]).endpoint == one


@pytest.mark.parametrize("options", [{"a": 1.5}, {1: 1}, "abc", [1], 5, {"a": None}, {"a": 2**31}])
def test_impossible_grpc_options_are_refused(options: object) -> None:
    """With them gRPC would fail later, and far away from the cause."""
    assert "grpc_options" in refusal(grpc_options=options).what


@pytest.mark.parametrize("secure", ["true", 1, 0, ""])
def test_secure_is_a_bool(secure: object) -> None:
    """A text would always be true."""
    assert "secure" in refusal(secure=secure).what


@pytest.mark.parametrize("keyword", ["uri", "address", "host", "user", "db_name", "server_name"])
def test_text_has_to_be_text(keyword: str) -> None:
    """The error names the parameter and the type."""
    assert refusal(**{keyword: 5}).what == f"{keyword} has to be text, not int."


# --- Milvus Lite --------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    return Path(os.getcwd())


@pytest.mark.usefixtures("folder")
def test_a_lite_database_is_a_path_that_ends_in_db(folder: Path) -> None:
    """Every way to write it is the same endpoint, shown relative to the working folder."""
    found = params(uri="./my demo.db")
    assert found.endpoint == Endpoint("lite", path=str(folder / "my demo.db"))
    assert found.address == "./my demo.db"
    for uri in (
        "my demo.db",
        "~/my demo.db",
        str(folder / "my demo.db"),
        folder / "my demo.db",
        f"file://{quote(str(folder))}/my%20demo.db",
        f"file://localhost{quote(str(folder))}/my%20demo.db",
        "./my demo.db/",  # as shells complete a folder
        "my demo.db/",
    ):
        assert params(uri=uri) == found
    assert params(uri="../x.db").address == str(folder.parent / "x.db")


@pytest.mark.usefixtures("folder")
def test_a_sign_in_for_lite_is_left_out() -> None:
    """Milvus Lite has no users; a notebook written for a server still runs."""
    assert params(uri="x.db", token="root:Milvus") == params(uri="x.db")
    assert params(uri="x.db", user="root").auth == "none"
    assert params({"MILVUS_URI": "./x.db", "MILVUS_TOKEN": "key"}) == params(uri="x.db")
    assert params(uri="x.db", db_name="sales").db_name == "sales"


@pytest.mark.parametrize(
    ("uri", "why"),
    [
        ("./x", "ends in .db"),
        ("/data/x.sqlite", "ends in .db"),
        ("missing/x.db", "There is no folder"),
        ("file.db", "It is a file"),
        ("other.db", "other things"),
        ("C:\\x\\y.db", "Windows"),
        (".\\y.db", "Windows"),
        ("\\\\server\\share\\y.db", "Windows"),
        ("/run/milvus.sock", "unix:/run/milvus.sock"),
        ("gone.db", "It is a link to"),
        ("loop.db", "It is a link to"),
        pytest.param(
            "pipe.db",
            "neither a folder nor a file",
            marks=pytest.mark.skipif(
                not hasattr(os, "mkfifo"), reason="There are no such files on Windows."
            ),
        ),
        ("loop.db/x.db", "Correct the path"),
        (f"./{'x' * 300}.db", "Correct the path"),
        ("DEMO.DB", "ends in .db"),
    ],
)
def test_what_is_no_lite_database_is_refused(uri: str, why: str, folder: Path) -> None:
    """A wrong ending, a missing folder, something else in its place."""
    (folder / "file.db").write_text("SQLite format 3")
    (folder / "other.db").mkdir()
    (folder / "other.db" / "thesis.tex").touch()
    (folder / "gone.db").symlink_to(folder / "nowhere")
    (folder / "loop.db").symlink_to(folder / "loop.db")
    if hasattr(os, "mkfifo"):
        os.mkfifo(folder / "pipe.db")
    assert why in str(refusal(uri=uri))


def test_an_existing_lite_database_is_accepted(folder: Path) -> None:
    """As milvus-lite 3 makes it, and an empty folder too."""
    (folder / "x.db" / "collections").mkdir(parents=True)
    (folder / "y.db").mkdir()
    assert params(uri="x.db").endpoint.kind == params(uri="y.db").endpoint.kind == "lite"
    assert params(uri="file:./x.db") == params(uri=f"file:{folder}/x.db") == params(uri="x.db")


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere"
)
def test_a_folder_that_cannot_be_written_to_is_refused(folder: Path) -> None:
    """Before Milvus Lite tries, and says only that it failed."""
    folder.chmod(0o500)
    assert "may not write" in refusal(uri="x.db").reason


# --- the module ---------------------------------------------------------------------------------


def test_importing_it_is_light() -> None:
    """Only the standard library, and of that neither ssl nor anything that opens connections."""
    heavy = ["ssl", "socket", "asyncio", "grpc", "pymilvus", "ipywidgets", "http", "urllib.request"]
    code = f"import sys, milvus_nb.params; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("value", [{}, [], (), 0, False, b""])
@pytest.mark.parametrize(
    "name",
    ["uri", "address", "host", "port", "user", "token", "password_env", "token_env", "db_name",
     "ca_pem_path", "server_name", "timeout"],
)  # fmt: skip
def test_what_is_falsy_is_not_what_was_not_given(name: str, value: object) -> None:
    """Only None and empty text are; whatever else is no use there is refused."""
    assert refusal(**{name: value}).what
    known = params(uri="localhost:1", token="root:x")
    if name not in ("uri", "address", "host", "port"):
        with pytest.raises(ParamsError):
            change(known, **{name: value})
