"""Connection parameters that tests make: parsed, refused, or any that there may be."""

from __future__ import annotations

import copy
import pickle
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import strategies as st

from milvus_nb.errors import ParamsError
from milvus_nb.params.parsing import parse
from milvus_nb.params.secret import Secret, holds_sign_in
from milvus_nb.params.tidy import tidy_name, tidy_token

if TYPE_CHECKING:
    from collections.abc import Mapping

    from milvus_nb.params.endpoint import ConnectionParams

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


# Strategies of Hypothesis

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
