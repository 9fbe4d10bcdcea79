"""Text from outside: it is cut where it arrives, costs next to nothing, and repeats no secret."""

from __future__ import annotations

import base64
import html
import json
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import grpc
import pytest

from milvus_nb import ConnectError
from milvus_nb._version import PROTOCOL
from milvus_nb.page.session import PageSession
from milvus_nb.params.parsing import parse
from milvus_nb.params.secret import redact
from milvus_nb.probing import outside, wire
from tests.support.helpers import wait_until
from tests.support.servers import HEALTHY, ScriptedMilvus

if TYPE_CHECKING:
    from collections.abc import Callable

    from milvus_nb.registry.registry import ConnectionRegistry

SECRET = "Zebra#7 'qu\\agga\"<é>&/%"
TOKEN = f"root:{SECRET}"
HEADER = base64.b64encode(TOKEN.encode()).decode()
FORMS = (
    SECRET,
    TOKEN,
    HEADER,
    quote(SECRET),
    quote(TOKEN, safe=""),
    quote(TOKEN, safe="").replace("%3A", "%3a"),
    quote(quote(TOKEN), safe=""),
    base64.urlsafe_b64encode(SECRET.encode()).decode().rstrip("="),
    json.dumps(SECRET)[1:-1],
    json.dumps(TOKEN, ensure_ascii=False)[1:-1].replace("<", r"\u003c").replace(">", r"\u003e")
    .replace("&", r"\u0026"),  # as Go writes it
    json.dumps(json.dumps(SECRET)[1:-1])[1:-1],
    repr(SECRET)[1:-1],
    repr(SECRET.encode())[2:-1],
    html.escape(SECRET),
    html.escape(SECRET, quote=False).replace('"', "&#34;").replace("'", "&#39;"),
)  # fmt: skip


def cpu_s(work: Callable[[], object]) -> float:
    """Measure what a piece of work costs this thread, whatever else the machine does."""
    start = time.thread_time()
    work()
    return time.thread_time() - start


@pytest.mark.parametrize(
    "letters", ["a", "a.", "://", "@", ":@", "a://", "a:b@", "x:y ", " ", "\x00", "a@b ", "é"]
)
def test_hiding_costs_time_in_proportion(letters: str) -> None:
    """Ten times the text costs some ten times as much, not a hundred times."""
    endpoint = parse(uri="localhost", token=TOKEN).endpoint
    text = letters * (400_000 // len(letters))
    assert cpu_s(lambda: redact(text)) < 10  # in proportion: 0.2 s; by the square: hours
    assert cpu_s(lambda: outside.said(endpoint, text)) < 1
    assert len(outside.said(endpoint, text)) <= outside.MOST_REASON


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("http://root:pw@h:1", "http://••••@h:1"),
        ("at (https://root:p@w@h/x) and a:b@c", "at (https://••••@h/x) and ••••@c"),
        ("1http://u:p@h", "1http://••••@h"),
        ("mail me@example.org", "mail me@example.org"),
        ("12:30 and a/b:c@d", "12:30 and a/b:c@d"),
        ("\troot:pw@\nx", "\t••••@\nx"),
    ],
)
def test_sign_ins_in_any_text_are_hidden(text: str, shown: str) -> None:
    """Too much rather than too little."""
    assert redact(text) == shown


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("before", ["", "x" * 285, "x" * 990, "x\n" * 140])
def test_a_server_that_repeats_the_sign_in_is_not_repeated(form: str, before: str) -> None:
    """Whatever form it has, and wherever the text is cut."""
    endpoint = parse(uri="localhost", user="root", password=SECRET).endpoint
    for most in (20, outside.MOST_ANSWERED, outside.MOST_REASON):
        found = outside.said(endpoint, f"{before}{form}{form}!", most)
        assert not any(piece in found for piece in (SECRET[:6], "Zebra", HEADER[:8]))
        assert len(found) <= most


def reply(method: wire.Method, **fields: Any) -> bytes:
    """Make what a server answers."""
    message: bytes = method.response(**fields).SerializeToString()
    return message


def abort(words: str, code: str = "UNKNOWN") -> Callable[[grpc.ServicerContext], bytes]:
    return lambda context: context.abort(grpc.StatusCode[code], words)


@pytest.mark.parametrize("form", FORMS)
def test_no_text_of_a_server_repeats_the_sign_in(
    connections: ConnectionRegistry, form: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Not its version, its reasons, the names of its databases, nor the words of its refusals.

    Neither in a cell, a diagnosis, the doctor and the log, nor in what a page is told.
    """
    caplog.set_level(0)
    told: list[Any] = []
    page = PageSession(connections, told.append)
    echo = f"no {form} here"
    methods = {
        **HEALTHY,
        "GetVersion": reply(wire.GetVersion, version=echo),
        "CheckHealth": reply(wire.CheckHealth, reasons=[echo]),
        "ListDatabases": reply(wire.ListDatabases, db_names=[echo, "default"]),
    }
    with ScriptedMilvus(methods) as server:
        found = connections.connect(uri=server.address, token=TOKEN)
        report = connections.diagnose()
        seen = [repr(found), found.reason, found.server_version, repr(report), str(report.facts)]
        assert found.state == "degraded"
        assert "no " in found.server_version
        for method in HEALTHY:
            server.methods = {**methods, method: abort(f"{echo}, actual=username: root")}
            try:
                other = connections.connect(method, uri=server.address, token=TOKEN, db_name="x")
            except ConnectError as failure:
                seen += [str(failure), repr(failure.diagnosis)]
            else:
                seen += [repr(other), other.reason, other.server_version]
            seen.append(repr(connections.examine(server.address, token=TOKEN).wait()))
            params = {"address": server.address, "alias": "page", "token": TOKEN, "db_name": "x"}
            number = len(seen)
            page.handle({"v": PROTOCOL, "id": number, "method": "connect", "params": params})
            wait_until(lambda number=number: [one for one in told if one.get("id") == number])  # type: ignore[misc]  # of the lambda
    page.close()
    seen += [json.dumps(told, ensure_ascii=False), caplog.text]
    assert "no " in seen[-2]
    assert not [text for text in seen if form in text or "Zebra" in text or HEADER[:8] in text]


def test_a_version_and_reasons_of_megabytes(connections: ConnectionRegistry) -> None:
    """They are cut where they arrive: status and doctor stay short, and the kernel goes on."""
    reasons = ["r" * 2_000] * 1_000 + ["r"] * 100_000
    with ScriptedMilvus() as server:
        connections.set_pace(heartbeat=0.2, deadline=10)
        found = connections.connect(uri=server.address)
        server.methods = {
            **HEALTHY,
            "GetVersion": reply(wire.GetVersion, version="v2 " * 1_000_000),
            "CheckHealth": reply(wire.CheckHealth, reasons=reasons),
        }
        wait_until(lambda: found.state == "degraded")
        other = connections.connect("other", uri=server.address, token="a:bcdefg")
        assert len(other.server_version) <= outside.MOST_VERSION
        most = outside.MOST_REASONS * (outside.MOST_REASON + 2) + 50
        assert len(found.reason) <= most
        assert found.reason.endswith("and 100,980 more")
        assert len(repr(connections.diagnose())) < 4 * most


def test_a_refusal_of_a_hundred_kilobytes(connections: ConnectionRegistry) -> None:
    """No text keeps the kernel busy, whatever stands in it."""
    status = {"error_code": 5, "reason": "a" * 120_000}
    with ScriptedMilvus({**HEALTHY, "Connect": reply(wire.Connect, status=status)}) as server:
        spent = time.process_time()
        with pytest.raises(ConnectError) as failure:
            connections.connect(uri=server.address)
        assert len(str(failure.value)) < 1_000
        assert time.process_time() - spent < 30
