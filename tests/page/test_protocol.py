"""The messages of page and kernel: typed once, and what is not of these types is refused."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

import pytest

from milvus_nb import ConnectionRegistry, protocol
from milvus_nb._version import PROTOCOL
from milvus_nb.page import messages
from milvus_nb.page.messages import MessageError
from milvus_nb.page.session import PageSession
from milvus_nb.params.tls import PEM_FILES
from milvus_nb.probing.stages import LITE_STAGE_NAMES, STAGE_NAMES
from milvus_nb.protocol import METHODS

GENERATOR = Path(__file__).parents[2] / "lab" / "protocol.py"


def test_the_pages_types_are_up_to_date() -> None:
    """What the page is compiled against is made of the kernel's types."""
    subprocess.run([sys.executable, GENERATOR, "--check"], check=True)


def test_the_protocol_knows_what_the_kernel_has(connections: ConnectionRegistry) -> None:
    """Stages, files of a form, and a handler for each method."""
    assert set(get_args(protocol.StageName)) == {*STAGE_NAMES, *LITE_STAGE_NAMES}
    assert set(PEM_FILES) <= protocol.ConnectParams.__optional_keys__
    session = PageSession(connections, print)
    assert session._handlers.keys() == METHODS.keys()
    session.close()


@pytest.mark.parametrize(
    ("message", "why"),
    [
        ("text", "not an object"),
        ({"v": PROTOCOL}, "has no id"),
        ({"v": PROTOCOL, "id": True}, "has no id"),
        ({"v": PROTOCOL, "id": 1, "method": "steal", "params": {}}, "no method 'steal'"),
        ({"v": PROTOCOL, "id": 1, "method": "ping"}, "params are not an object"),
        ({"v": PROTOCOL, "id": 1, "method": "ping", "params": {}}, "needs the parameter alias"),
        ({"v": PROTOCOL, "id": 1, "method": "ping", "params": {"alias": 1}}, "alias is of"),
        (
            {"v": PROTOCOL, "id": 1, "method": "cancel", "params": {"request": 0.5}},
            "request is of the wrong type",
        ),
        (
            {"v": PROTOCOL, "id": 1, "method": "pace", "params": {"heartbeat_s": True}},
            "heartbeat_s is of the wrong type",
        ),
        (
            {"v": PROTOCOL, "id": 1, "method": "ping", "params": {"alias": "a", "more": 1}},
            "no parameter 'more'",
        ),
        (
            {
                "v": PROTOCOL,
                "id": 1,
                "method": "sizes",
                "params": {"alias": "a", "database": "b", "names": ["c", 1]},
            },
            "names is of the wrong type",
        ),
        ({"v": PROTOCOL - 1, "id": 1, "method": "hello", "params": {}}, "version"),
    ],
)
def test_a_message_that_is_none_is_refused(message: object, why: str) -> None:
    """The error says what is wrong, without a value."""
    with pytest.raises(MessageError) as failure:
        messages.parse(message)
    assert why in str(failure.value)


def test_a_message_with_all_its_fields_is_taken() -> None:
    """Whole numbers are numbers, too."""
    params: dict[str, Any] = {"address": "h", "alias": "a", "timeout": 5, "secure": True}
    message = {"v": PROTOCOL, "id": 7, "method": "connect", "params": params}
    request = messages.parse(message)
    assert (request.id, request.method, request.params) == (7, "connect", params)
