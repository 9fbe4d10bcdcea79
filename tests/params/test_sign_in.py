"""Sign-in: the ways to give it, what is refused, and that no secret shows anywhere."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from milvus_nb.params.secret import Secret, redact
from tests.support.parameters import (
    MARK,
    all_texts,
    attempt,
    databases,
    params,
    refusal,
    secrets,
    users,
)


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
