"""Connection parameters: what may be written, what is refused and how, and that no secret shows."""

from __future__ import annotations

import copy
import dataclasses
import os
import pickle
import ssl
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
import trustme
from hypothesis import example, given
from hypothesis import strategies as st

from milvus_nb.errors import ParamsError
from milvus_nb.params.endpoint import ConnectionParams, Endpoint
from milvus_nb.params.parsing import change, is_empty, parse
from milvus_nb.params.secret import Secret, holds_sign_in, redact
from milvus_nb.params.tidy import tidy_name, tidy_token
from milvus_nb.params.tls import Tls

if TYPE_CHECKING:
    from collections.abc import Mapping

# Every secret made here has this in it, and nothing else does: finding it is finding a leak.
MARK = "Zq7"


def params(env: Mapping[str, str] | None = None, /, **given_: Any) -> ConnectionParams:
    """Parse with an empty environment unless one is given."""
    return parse(env=env or {}, **given_)


def refusal(env: Mapping[str, str] | None = None, /, **given_: Any) -> ParamsError:
    """Return the error of parameters that cannot be used: each part one line, and a way out."""
    with pytest.raises(ParamsError) as caught:
        params(env, **given_)
    error = caught.value
    assert error.what
    assert error.fix
    assert all(len(line.splitlines()) == 1 for line in error.lines)
    return error


def attempt(
    env: Mapping[str, str] | None = None, /, **given_: Any
) -> ConnectionParams | ParamsError:
    """Return what comes out, parameters or an error; any other exception goes through."""
    try:
        return params(env, **given_)
    except ParamsError as error:
        return error.with_traceback(None)


# --- strategies ---------------------------------------------------------------------------------

labels = st.from_regex(r"[a-z0-9_]([a-z0-9_-]{0,8}[a-z0-9_])?", fullmatch=True)
names = (
    st.lists(labels, min_size=1, max_size=3)
    .map(".".join)
    .filter(lambda name: not name.rpartition(".")[2].isdigit() and not name.endswith(".db"))
)
ipv4 = st.ip_addresses(v=4).map(str)
ipv6 = st.ip_addresses(v=6).map(lambda address: address.compressed)
hosts = st.one_of(names, ipv4, ipv6)
ports = st.integers(1, 65535)
encodable = st.characters(exclude_categories=["Cs"])
# What looks copied is read as it was meant, see tests/params/test_tidy.py.
users = st.text(
    encodable.filter(lambda character: character != ":"), min_size=1, max_size=12
).filter(lambda name: tidy_name(name) == name and tidy_token(f"{name}:{MARK}") == f"{name}:{MARK}")
secrets = st.text(encodable, max_size=12).map(
    lambda text: f"{MARK}{text}{MARK}".replace("\r", "").replace("\n", "")
)
databases = st.text(encodable, min_size=1, max_size=12).filter(
    lambda name: (
        name not in {"webui", "healthz", "metrics", ".", ".."}
        and tidy_name(name) == name
        and not holds_sign_in(name)
    )
)


def bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def all_texts(value: object) -> str:
    """Everything that may show a value by accident, in one text."""
    shown = [
        repr(value),
        str(value),
        f"{value}",
        f"{value:>3}" if isinstance(value, Secret) else "",
    ]
    shown += [
        pickle.dumps(value, version).decode("latin-1")
        for version in range(2, pickle.HIGHEST_PROTOCOL + 1)
    ]
    shown.append(repr(pickle.loads(pickle.dumps(value))))  # noqa: S301  # our own bytes
    shown.append(repr(copy.deepcopy(value)))
    return "\n".join(shown)


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


# --- sign-in ------------------------------------------------------------------------------------


def test_the_ways_to_sign_in() -> None:
    """A token with a colon is user and password, one without is an API key."""
    assert params(token="root:a:b").user == "root"
    assert params(token="root:a:b").endpoint.credentials == Secret("root:a:b")
    assert params(token="root:a:b").auth == "password"
    assert params(token="key").auth == "token"
    assert params(token="key").user == ""
    assert params(token=Secret("key")) == params(token="key")
    assert params(uri="http://root:p%40ss@h") == params(uri="h", user="root", password="p@ss")
    assert params(uri="http://root:p@ss@h") == params(uri="http://root:p%40ss@h")
    assert params(uri="root:pass@h") == params(uri="h", token="root:pass")
    assert params(uri="http://root@h", password="pass") == params(uri="h", token="root:pass")


@pytest.mark.parametrize(
    ("given_", "names_"),
    [
        ({"user": "root"}, ["no password"]),
        ({"password": f"{MARK}aaa"}, ["no user"]),
        ({"token": "root:"}, ["token", "no password"]),
        ({"token": f":{MARK}aaa"}, ["token", "no user"]),
        ({"token": ":"}, ["token"]),
        ({"uri": f"http://{MARK}aaa@h"}, ["uri", "no password"]),
        ({"uri": f"http://:{MARK}aaa@h"}, ["uri", "no user"]),
        ({"user": f"root:{MARK}aaa"}, ["colon"]),
        ({"token": f"{MARK}aaa\n"}, ["token", "line break"]),
        ({"token": f"root:{MARK}aaa\n"}, ["token", "line break"]),
        ({"token": f"{MARK}a", "user": "u", "password": f"{MARK}b"}, ["token", "user/password"]),
        ({"token": f"u:{MARK}a", "user": "u", "password": f"{MARK}b"}, ["token", "passwords"]),
        ({"token": f"u:{MARK}a", "uri": f"http://u:{MARK}b@h"}, ["token", "uri", "passwords"]),
        ({"token": f"u:{MARK}a", "uri": f"http://v:{MARK}a@h"}, ["token", "uri", "users"]),
        (
            {"address": f"u:{MARK}a@h", "uri": f"http://u:{MARK}b@h"},
            ["address", "uri", "passwords"],
        ),
        ({"password": f"{MARK}\ud800"}, ["password", "surrogate"]),
        ({"token": 1234567}, ["token", "int"]),
        ({"password": b"\xff" + MARK.encode()}, ["password", "bytes"]),
    ],
)
def test_a_sign_in_that_cannot_be_used_is_refused(
    given_: dict[str, Any], names_: list[str]
) -> None:
    """The error names the places, never the values."""
    error = refusal(**given_)
    assert all(name in str(error) for name in names_)
    assert MARK not in str(error)
    assert "1234567" not in str(error)


MALFORMED = [
    "http://root:{0}", "http://root:{0}/", "root:{0}", "root:{0}@", "http://root:{0}@h:99999",
    "http://root:{0}@h:x", "ws://root:{0}@h", "http://root:{0}@h h", "http://root:{0}@[::1",
    "http://root:{0}@h/a/b", "http://root:{0}@h?x", "http://h?token={0}", "http//root:{0}@h/x.db",
    "./x.db;token={0}", "./x;token={0}/x.db", "./x;token={0}.sock",
    "root:{0}@x.db", "root:{0}@./x.db", "./root:{0}@h", "/root:{0}@h", "file://root:{0}@h/x.db",
    "unix://root:{0}@h", "tcp:root:{0}", "http:root:{0}@h", "http:/root:{0}@h", "a:/{0}@h",
    "http://root:{0}@h:19530#x", "http://{0}@h", "http://root@{0}@h", "http://root:{0}@-h",
    "http://root:/{0}@h", "http://root:?{0}@h", "http://root:#{0}@h", "http://root: {0}@h",
    "http://root:%FF{0}@h", "http://root:{0}@h:19530\n", "grpcs://root:{0}@h", "[root:{0}",
    "http://root:{0}@h,root:{0}@i",
]  # fmt: skip


@given(st.sampled_from(MALFORMED), secrets)
@example("http://root:{0}", f"{MARK};{MARK}")
@example("http://root:{0}@h:x", f"{MARK}@;{MARK}")
def test_no_error_shows_a_secret_that_was_put_into_an_address(form: str, secret: str) -> None:
    """Not even where the address is malformed, and the secret not encoded."""
    if "@" not in form:
        # root:p@ss with the host forgotten is, to the letter, a user p on the host ss.
        secret = secret.replace("@", "")
    text = form.format(secret)
    for result in (
        attempt(uri=text), attempt(address=text), attempt(host=text), attempt({"MILVUS_URI": text}),
    ):  # fmt: skip
        assert MARK.lower() not in all_texts(result).lower()


@pytest.mark.parametrize("form", MALFORMED)
def test_no_error_shows_a_plain_secret(form: str) -> None:
    """The same for a secret of letters and digits, which is most of them."""
    text = form.format(f"{MARK}abc")
    for result in (
        attempt(uri=text), attempt(address=text), attempt(host=text), attempt({"MILVUS_URI": text}),
    ):  # fmt: skip
        assert MARK.lower() not in all_texts(result).lower()


def test_what_follows_the_sign_in_is_hidden_unless_it_looks_like_a_host() -> None:
    """A password with an '@' and no host after it would show its second half otherwise."""
    assert "http://••••@••••" in refusal(uri="http://root:p@;ss").what
    assert "http://••••@db.example:99999" in refusal(uri="http://root:pass@db.example:99999").what


# --- Secret and redact --------------------------------------------------------------------------


@given(secrets)
def test_a_secret_shows_nothing(value: str) -> None:
    """Only `reveal` gives it; its length is not told; pickles and copies are empty."""
    secret = Secret(value)
    assert MARK not in all_texts(secret)
    assert secret.reveal() == value
    assert repr(secret) == str(secret) == f"{secret}" == "••••"
    assert not copy.copy(secret)
    assert not copy.deepcopy(secret)
    assert not pickle.loads(pickle.dumps(secret))  # noqa: S301  # our own bytes
    assert not hasattr(secret, "__dict__")


@given(st.text(), st.text())
def test_secrets_compare_by_value(one: str, two: str) -> None:
    """Two are equal if, and only if, they hold the same; a secret never equals a text."""
    assert (Secret(one) == Secret(two)) == (one == two)
    assert hash(Secret(one)) == hash(Secret(one))
    assert bool(Secret(one)) == bool(one)
    assert Secret(one) != one
    assert repr(Secret()) == ""


@given(users, secrets, databases)
def test_parameters_show_no_secret(user: str, secret: str, db_name: str) -> None:
    """Not in a repr, a format, a pickle, a copy, as a dictionary or as fields."""
    for given_ in ({"user": user, "password": secret}, {"token": f"k{secret}".replace(":", "")}):
        found = params(db_name=db_name, **given_)
        for value in (found, found.endpoint, found.as_dict(), dataclasses.asdict(found)):
            assert MARK not in all_texts(value).replace(repr(user), "")
        bare = found.without_secrets()
        assert not bare.endpoint.credentials
        assert bare.auth == "none"
        assert (bare.address, bare.user, bare.db_name) == (found.address, found.user, db_name)
        assert found.endpoint.credentials


def test_as_dict_is_what_pymilvus_shows() -> None:
    """Address, user, database and TLS; no secret."""
    found = params(uri="https://root:pass@h/sales")
    assert found.as_dict() == {
        "address": "h:443",
        "user": "root",
        "db_name": "sales",
        "secure": True,
    }


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("http://root:pass@h:1/x", "http://••••@h:1/x"),
        ("see http://root:p@ss@h and ws://u:p@i", "see http://••••@h and ws://••••@i"),
        ("failed: root:Milvus@localhost:19530", "failed: ••••@localhost:19530"),
        ('http://root:p"ss@h', "http://••••@h"),
        ("connect to localhost:19530 at http://h/x", "connect to localhost:19530 at http://h/x"),
        ("", ""),
    ],
)
def test_redact_hides_the_sign_in_of_uris(text: str, shown: str) -> None:
    """What is between the scheme and the host goes; what holds no sign-in stays."""
    assert redact(text) == shown


@given(st.text(), st.text(), secrets)
def test_redact_finds_a_sign_in_anywhere(before: str, after: str, secret: str) -> None:
    """An encoded secret in a URI is hidden in whatever text."""
    text = f"{before} http://root:{quote(secret, safe='')}@h {after}"
    assert MARK not in redact(text)


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
        ("gone.db", "It is a file"),
    ],
)
def test_what_is_no_lite_database_is_refused(uri: str, why: str, folder: Path) -> None:
    """A wrong ending, a missing folder, something else in its place."""
    (folder / "file.db").write_text("SQLite format 3")
    (folder / "other.db").mkdir()
    (folder / "other.db" / "thesis.tex").touch()
    (folder / "gone.db").symlink_to(folder / "nowhere")
    assert why in str(refusal(uri=uri))


def test_an_existing_lite_database_is_accepted(folder: Path) -> None:
    """As milvus-lite 3 makes it, and an empty folder too."""
    (folder / "x.db" / "collections").mkdir(parents=True)
    (folder / "y.db").mkdir()
    assert params(uri="x.db").endpoint.kind == params(uri="y.db").endpoint.kind == "lite"


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere"
)
def test_a_folder_that_cannot_be_written_to_is_refused(folder: Path) -> None:
    """Before Milvus Lite tries, and says only that it failed."""
    folder.chmod(0o500)
    assert "may not write" in refusal(uri="x.db").reason


# --- TLS ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pems(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Real certificates and keys, and files that are none."""
    base = tmp_path_factory.mktemp("tls")
    authority = trustme.CA()
    client, stranger = authority.issue_cert("client"), authority.issue_cert("stranger")
    text = client.cert_chain_pems[0].bytes()
    plain_key = client.private_key_pem.bytes()
    encrypted = (
        b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIC\n-----END ENCRYPTED PRIVATE KEY-----\n"
    )
    contents = {
        "ca": authority.cert_pem.bytes(),
        "cert": text,
        "key": plain_key,
        "foreign": stranger.private_key_pem.bytes(),
        "commented": "# Prüfstelle\n".encode() + authority.cert_pem.bytes(),
        "der": ssl.PEM_cert_to_DER_cert(text.decode()),
        "damaged": text[:200] + b"\n-----END CERTIFICATE-----\n",
        "damaged_key": plain_key[:200] + b"\n-----END RSA PRIVATE KEY-----\n",
        "encrypted": encrypted,
        "empty": b"",
    }
    files = {name: base / f"{name}.pem" for name in contents}
    for name, content in contents.items():
        files[name].write_bytes(content)
    return {
        **{name: str(path) for name, path in files.items()},
        "folder": str(base),
        "missing": str(base / "nowhere.pem"),
    }


def test_tls_files_turn_tls_on(pems: dict[str, str]) -> None:
    """With any scheme; their paths are kept absolute."""
    found = params(uri="h", ca_pem_path=pems["ca"])
    assert found.secure
    assert found.address == "https://h:19530"
    assert found.endpoint.tls == Tls(ca_pem_path=pems["ca"])
    assert found.endpoint.tls.root_pem_path == pems["ca"]
    assert params(uri="http://h", server_pem_path=Path(pems["cert"])).secure
    assert params(uri="h", ca_pem_path=pems["commented"]).secure
    assert params(uri="h", secure=True).secure
    assert params(uri="http://h", secure=True).address == "https://h:19530"
    assert not params(uri="http://h", secure=False).secure
    relative = os.path.relpath(pems["ca"])
    assert params(uri="h", ca_pem_path=relative) == found
    both = params(uri="h", ca_pem_path=pems["ca"], server_pem_path=pems["cert"])
    assert both.endpoint.tls.root_pem_path == pems["cert"]


def test_a_client_certificate_comes_with_its_key(pems: dict[str, str]) -> None:
    """Mutual TLS: the pair is accepted, with the certificates of the system or one's own."""
    pair = {"client_pem_path": pems["cert"], "client_key_path": pems["key"]}
    assert params(uri="h", **pair).secure
    assert params(uri="h", ca_pem_path=pems["ca"], **pair).endpoint.tls.client_key_path


@pytest.mark.parametrize(
    ("given_", "why"),
    [
        ({"ca_pem_path": "missing"}, "there is no file"),
        ({"ca_pem_path": "folder"}, "not a file"),
        ({"ca_pem_path": "key"}, "holds a private key, not a certificate"),
        ({"ca_pem_path": "encrypted"}, "holds a private key, not a certificate"),
        ({"server_pem_path": "der"}, "openssl x509 -inform der"),
        ({"server_pem_path": "empty"}, "no certificate in PEM form"),
        ({"ca_pem_path": "damaged"}, "damaged"),
        ({"client_pem_path": "cert"}, "client_pem_path is given without client_key_path"),
        ({"client_key_path": "key"}, "client_key_path is given without client_pem_path"),
        ({"client_pem_path": "key", "client_key_path": "cert"}, "swapped"),
        ({"client_pem_path": "cert", "client_key_path": "cert"}, "holds a certificate, not"),
        ({"client_pem_path": "cert", "client_key_path": "empty"}, "no private key in PEM form"),
        ({"client_pem_path": "cert", "client_key_path": "foreign"}, "is not the key of"),
        ({"client_pem_path": "cert", "client_key_path": "encrypted"}, "openssl pkey"),
        ({"client_pem_path": "cert", "client_key_path": "damaged_key"}, "OpenSSL cannot use"),
        ({"client_pem_path": "cert", "client_key_path": "missing"}, "there is no file"),
    ],
)
def test_a_tls_file_that_cannot_be_used_is_refused(
    given_: dict[str, str], why: str, pems: dict[str, str]
) -> None:
    """Missing, of the wrong kind, damaged, or half a pair: said before anything is sent."""
    error = refusal(uri="h", **{name: pems[file] for name, file in given_.items()})
    assert why in str(error)
    assert any(name in error.what for name in given_)


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read anything"
)
def test_a_tls_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    """With what the system says."""
    file = tmp_path / "ca.pem"
    file.touch(mode=0o000)
    assert "cannot be read" in refusal(uri="h", ca_pem_path=str(file)).what


@pytest.mark.parametrize(
    "given_",
    [
        {"uri": "https://h", "secure": False},
        {"uri": "h", "secure": False, "server_name": "n"},
        {"uri": "./x.db", "secure": True},
        {"uri": "./x.db", "server_name": "n"},
        {"uri": "unix:/run/m.sock", "secure": True},
        {"uri": "unix:/run/m.sock", "ca_pem_path": "/x"},
    ],
)
def test_tls_that_contradicts_the_address_is_refused(given_: dict[str, Any]) -> None:
    """``secure=False`` with https://, and TLS where there is no network."""
    assert "TLS" in str(refusal(**given_))


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
