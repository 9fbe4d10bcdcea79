"""Pasted text: what is read out of code and commands, what is refused, and no secret shows."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import re
import subprocess
import sys
import traceback
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from milvus_nb.code import snippets
from milvus_nb.code.paste import Pasted, looks_pasted, read
from milvus_nb.code.paste.placeholders import is_placeholder
from milvus_nb.code.snippets import code
from milvus_nb.errors import ParamsError
from milvus_nb.params.endpoint import ConnectionParams
from milvus_nb.params.parsing import parse
from milvus_nb.params.secret import Secret
from milvus_nb.params.tls import Tls
from tests.params.test_tls_files import pems
from tests.support.parameters import MARK, databases, hosts, ports, secrets, users

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from milvus_nb.params.endpoint import ConnectionParams

__all__ = ["pems"]  # a fixture

ENV = {
    "MILVUS_PASSWORD": "Milvus",
    "MILVUS_TOKEN": "key-1",
    "MILVUS_URI": "http://db.example:19530",
    "PORT": "19531",
    "EMPTY": "",
}
CLOUD = "https://in03-0123456789abcde.serverless.gcp-us-west1.cloud.zilliz.com"


def shown(pasted: Pasted) -> dict[str, Any]:
    """Return what was given, with secrets in clear, and the alias if there is one."""
    alias = {"alias": pasted.alias} if pasted.alias else {}
    return alias | {
        name: value.reveal() if isinstance(value, Secret) else value
        for name, value in pasted.given.items()
    }


def refusal(text: str, env: Mapping[str, str] | None = None) -> ParamsError:
    """Return the error of a text that cannot be read: each part one line, and a way out."""
    with pytest.raises(ParamsError) as caught:
        read(text, env or {})
    error = caught.value
    assert error.what
    assert error.reason
    assert error.fix
    assert all(len(line.splitlines()) == 1 for line in error.lines)
    return error


def attempt(text: str, env: Mapping[str, str]) -> Pasted | ParamsError:
    """Return what comes out, a result or an error; any other exception goes through."""
    try:
        return read(text, env)
    except ParamsError as error:
        return error


def case(text: str, **given_: Any) -> tuple[str, dict[str, Any]]:
    return text, given_


# --- the lines of the page that Milvus's users know ----------------------------------------------

ROOT = {"uri": "localhost:19530", "token": "root:Milvus"}
PAGE: dict[str, tuple[str, str, dict[str, Any]]] = {
    "Python": (
        """\
# Run `python3` in your terminal to operate in the Python interactive mode.
from pymilvus import connections
connections.connect(
  alias="default",
  uri="localhost:19530",
  token="root:Milvus",
)
""",
        "pymilvus",
        {"alias": "default", **ROOT},
    ),
    "CLI": (
        "connect -h localhost -p 19530 -a default",
        "milvus-cli",
        {"alias": "default", "host": "localhost", "port": "19530"},
    ),
    "RESTful": (
        """\
curl --request GET \\
    --url 'localhost:19530/v1/vector/collections'

{"code":200,"data":["fouram_sLmXoqnw"]}
""",
        "curl",
        {"uri": "http://localhost:19530"},
    ),
}


@pytest.mark.parametrize("language", PAGE)
def test_each_connect_of_the_milvus_page_is_read(language: str) -> None:
    """What Milvus's page on connections shows can be pasted, in each of its languages."""
    text, kind, given_ = PAGE[language]
    pasted = read(text, {})
    assert (pasted.kind, shown(pasted)) == (kind, given_)
    assert pasted.secret_shown == ("token" in given_)
    assert pasted.notes == ()
    assert looks_pasted(text)
    assert parse(env={}, **pasted.given).address == "localhost:19530"


@pytest.mark.parametrize(
    "text", ['connections.disconnect("default")', "connect -D", "connect -D -a prod",
             "milvus_cli > connect -D", "%milvus disconnect prod", "%milvus connect -D"],
)  # fmt: skip
def test_a_disconnect_is_no_connection(text: str) -> None:
    """A line that ends a connection is refused, and the error says that it is one."""
    error = refusal(text)
    assert "ends a connection" in error.what
    assert looks_pasted(text)


# --- what may be pasted --------------------------------------------------------------------------


def python(text: str, **given_: Any) -> tuple[str, str, dict[str, Any]]:
    return text, "pymilvus", given_


PYTHON = [
    python("MilvusClient()", uri="http://localhost:19530"),
    python('c = MilvusClient("http://h:1", "root", "Milvus", "sales")',
           uri="http://h:1", user="root", password="Milvus", db_name="sales"),
    python('MilvusClient("h:1", token="k"),', uri="h:1", token="k"),
    python('connections.connect("prod", host="h", port="1", handler="GRPC")',
           alias="prod", host="h", port="1"),
    python('pymilvus.connections.connect(\n    "prod",\n    host = "h",\n)',
           alias="prod", host="h"),
    python("connections.connect()"),
    python('from pymilvus import MilvusClient as MC\nc = MC(uri="h:1")', uri="h:1"),
    python('c = await f(AsyncMilvusClient(uri="h:1"))', uri="h:1"),
    python('async with AsyncMilvusClient("h:1", timeout=2.5) as c:\n    pass', uri="h:1",
           timeout=2.5),
    python('URI, TOKEN = "h:1", "k"\nclient = MilvusClient(uri=URI, token=TOKEN)\nURI = "x"',
           uri="h:1", token="k"),
    python('HOST: str = "h"\nPORT = 1\nMilvusClient(f"http://{HOST}:{PORT}")', uri="http://h:1"),
    python('H = "h"\nMilvusClient(uri="http://" + H + ":1")', uri="http://h:1"),
    python('ARGS = {"uri": "h:1", "token": "k"}\nMilvusClient(**ARGS)', uri="h:1", token="k"),
    python('ARGS = {"uri": "h:1"}\nMilvusClient(uri=ARGS["uri"])', uri="h:1"),
    python('MilvusClient(uri=os.environ["MILVUS_URI"])', uri="http://db.example:19530"),
    python('MilvusClient(uri=environ["MILVUS_URI"])', uri="http://db.example:19530"),
    python('MilvusClient(uri="h", token=os.environ.get("MILVUS_TOKEN"))', uri="h", token="key-1"),
    python('MilvusClient(uri="h", token=os.getenv("NONE", "k"))', uri="h", token="k"),
    python('MilvusClient(uri="h", token=os.getenv("EMPTY") or "k")', uri="h", token="k"),
    python('connections.connect(host="h", port=int(os.getenv("PORT", "1")))', host="h", port=19531),
    python('connections.connect(host="h", port=str(1), token=None)', host="h", port="1"),
    python('MilvusClient("https://h", secure=False)', uri="https://h"),
    python('MilvusClient("http://root:p%40w@h:1/sales")',
           uri="http://h:1/sales", user="root", password="p@w"),
    python('MilvusClient("http://%5B%3A%3A1%5D:1")', uri="http://[::1]:1"),
    python('MilvusClient("unix:/run/my%20milvus.sock")', uri="unix:/run/my milvus.sock"),
    python('MilvusClient("h:1", grpc_options={"grpc.keepalive_time_ms": 9})', uri="h:1",
           grpc_options={"grpc.keepalive_time_ms": 9}),
    python('>>> from pymilvus import MilvusClient\n>>> c = MilvusClient(\n...     "h:1",\n... )\n'
           ">>> c.list_collections()\n['a', 'b']", uri="h:1"),
    python('In [1]: c = MilvusClient(\n   ...:     "h:1"\n   ...: )\nOut[1]: <it>', uri="h:1"),
    python('    c = MilvusClient("h:1")\n    c.close()', uri="h:1"),
    python('%pip install pymilvus\n!ls\nMilvusClient("h:1")', uri="h:1"),
    python('Do it so:\n\n```python\nU = "h:1"\nclient = MilvusClient(U)\n```\nThat\'s all.',
           uri="h:1"),
    python('\ufeffMilvusClient(\r\n\xa0\xa0"h:1"\r\n)', uri="h:1"),
    python('MilvusClient("h:1", r"a\\d", "x\\d")', uri="h:1", user="a\\d", password="x\\d"),
    python('uri="http://h:1", token="root:Milvus"', uri="http://h:1", token="root:Milvus"),
]  # fmt: skip

CURL = [
    case("curl http://h:1/v2/vectordb/collections/list -d '{}'", uri="http://h:1"),
    case("$ curl -sS -XPOST 'https://h/v2/x' -H'Authorization: Bearer k' -H 'X: y'",
     uri="https://h:443", token="k"),
    case("curl h/v1/vector/collections", uri="http://h:80"),
    case('curl -u root:Mil:vus "http://h:1/v1/vector/collections?dbName=a%20b"',
     uri="http://h:1", user="root", password="Mil:vus", db_name="a b"),
    case('curl --url "http://root:p%40w@h:1/v1/x"',
     uri="http://h:1", user="root", password="p@w"),
    case('curl -X POST "http://h:1/v2/x" \\\n'
     '  -H "authorization: bearer root:$MILVUS_PASSWORD" \\\n'
     "  -m 9 --connect-timeout 2.5 -d '{\"dbName\": \"d\"}' | jq . > out",
     uri="http://h:1", token="root:Milvus", timeout=2.5, db_name="d"),
    case('export TOKEN="root:Milvus"\nexport CLUSTER_ENDPOINT="https://h:1"\n\n'
     "curl --request POST \\\n"
     '--url "${CLUSTER_ENDPOINT}/v2/x" --header "Authorization: Bearer ${TOKEN}"',
     uri="https://h:1", token="root:Milvus"),
    case("curl -m 9 https://h:1/v2/x --cacert ca.pem --cert 'c\\:1.pem:pass' --key k.pem",
     uri="https://h:1", timeout=9.0, ca_pem_path="ca.pem", client_pem_path="c:1.pem",
              client_key_path="k.pem"),
    case('curl.exe ^\n  -H "Authorization: Bearer %MILVUS_TOKEN%" ^\n  http://h:1/v2/x',
     uri="http://h:1", token="key-1"),
    case("curl --unix-socket '/run/my milvus.sock' http://localhost/v2/x",
     uri="unix:/run/my milvus.sock"),
    case("curl https://name:1/v2/x --resolve name:1:10.0.0.1",
     uri="https://10.0.0.1:1", server_name="name"),
    case("curl http://h:1/v1/vector/collections --get --data-urlencode 'dbName=a&b'",
     uri="http://h:1", db_name="a&b"),
]  # fmt: skip

CLI = [
    case("milvus_cli > connect", uri="http://127.0.0.1:19530"),
    case("milvus_cli > connect -h h", host="h"),
    case("connect -p 1", host="127.0.0.1", port="1"),
    case("connect -uri http://h:1 -t root:Milvus -tls 1 -cert ./a.pem",
     uri="http://h:1", token="root:Milvus", secure=True, server_pem_path="./a.pem"),
    case("connect -uri https://h -tls 0", uri="https://h"),
    case("connect --uri h:1 --token 'a b' --tlsmode 0", uri="h:1", token="a b"),
    case("connect -a x -uri h:1 -u root -pwd Milvus",
     alias="x", uri="h:1", user="root", password="Milvus"),
    case("connect -uri h:1 -t $MILVUS_TOKEN", uri="h:1", token="key-1"),
    case("milvus_cli\nmilvus_cli > connect -uri h:1\nmilvus_cli > use database -db sales",
     uri="h:1", db_name="sales"),
    case("connect -D\nconnect -h h", host="h"),
    case("ZILLIZ_TOKEN='k' milvus_cli <<END\nconnect -uri h:1\nEND", uri="h:1", token="k"),
]  # fmt: skip

MAGIC = [
    case("%milvus connect"),
    case("%load_ext milvus_nb\nprod = %milvus connect h:1 -a prod --db 'a b'",
     alias="prod", address="h:1", db_name="a b"),
    case("In [3]: %milvus connect -h h -p 1 --user root --password-env MILVUS_PASSWORD",
     host="h", port="1", user="root", password="Milvus"),
    case("%milvus connect https://h --token a$$b{{c}}$ --timeout 2 --secure",
     address="https://h", token="a$b{c}$", timeout=2.0, secure=True),
    case("%milvus connect http://root:Milvus@h:1",
     address="http://h:1", user="root", password="Milvus"),
]  # fmt: skip

LINES = [
    case(f"Public Endpoint: {CLOUD}\nToken: 0123abc", uri=CLOUD, token="0123abc"),
    case(f"Public Endpoint\n{CLOUD}\n\nToken\n0123abc", uri=CLOUD, token="0123abc"),
    case(f"Cluster Endpoint:\n  {CLOUD}:19530\nAPI Key:\n  k",
     uri=f"{CLOUD}:19530", token="k"),
    case(f"Public Endpoint\t{CLOUD}\nToken\t0123abc", uri=CLOUD, token="0123abc"),
    case(f"{CLOUD}\n0123abc\n", uri=CLOUD, token="0123abc"),
    case(CLOUD, uri=CLOUD),
    case('MILVUS_URI=http://h:1  # ours\nexport MILVUS_TOKEN="root:Milvus"\nCOLLECTION=x',
     uri="http://h:1", token="root:Milvus"),
    case("MILVUS_HOST=h\nMILVUS_PORT=1\nMILVUS_USER=root\n"
         "MILVUS_PASSWORD='a$b #c'\nMILVUS_DB_NAME=d",
     host="h", port="1", user="root", password="a$b #c", db_name="d"),
    case("MILVUS_URI=h:1\nMILVUS_TOKEN=root:${MILVUS_PASSWORD}",
     uri="h:1", token="root:Milvus"),
    case("milvus:\n  uri: http://h:1\n  token: 'k'\n  secure: yes",
     uri="http://h:1", token="k", secure=True),
    case('{"uri": "http://h:1", "token": "k", "timeout": 2, "index": {}}',
     uri="http://h:1", token="k", timeout=2),
    case('{"milvus": {"host": "h", "port": 1}}', host="h", port=1),
    case("http://root:p%2Fw@h:1/d", uri="http://h:1/d", user="root", password="p/w"),
    case("tcp://root:Milvus@h", uri="tcp://h", user="root", password="Milvus"),
    case("root:Milvus@[::1]:1", uri="[::1]:1", user="root", password="Milvus"),
    case("`localhost:19530`", uri="localhost:19530"),
    case("'http://root:Milvus@h'", uri="http://h", user="root", password="Milvus"),
]  # fmt: skip

TABLE = [
    *PYTHON,
    *((text, "curl", given_) for text, given_ in CURL),
    *((text, "milvus-cli", given_) for text, given_ in CLI),
    *((text, "magic", given_) for text, given_ in MAGIC),
    *((text, "uri", given_) for text, given_ in LINES),
]


@pytest.mark.parametrize(("text", "kind", "given_"), TABLE)
def test_a_text_is_read_as_its_language_means_it(
    text: str, kind: str, given_: dict[str, Any]
) -> None:
    """Each language's names, units, defaults and quotes become keywords of `parse`."""
    pasted = read(text, ENV)
    assert pasted.kind == kind
    assert shown(pasted) == given_
    assert all(isinstance(pasted.given.get(name, Secret()), Secret) for name in SECRETS)
    assert looks_pasted(text) == (text != CLOUD)


SECRETS = ("password", "token")

# Code for the others is written, but not read.
READ_BACK = [one for one in snippets.LANGUAGES if one not in ("node", "go", "java")]


@pytest.mark.parametrize(
    ("text", "is_shown"),
    [
        ('MilvusClient("h", token="k")', True),
        ('MilvusClient("h", token=os.environ["MILVUS_TOKEN"])', False),
        ('MilvusClient("h", token=os.getenv("NONE", "k"))', True),
        ('MilvusClient("h", token="root:" + os.environ["MILVUS_PASSWORD"])', False),
        ('MilvusClient("http://root:Milvus@h")', True),
        ('MilvusClient("h", user="root", db_name="d")', False),
        ("connect -uri h -t root:$MILVUS_PASSWORD", False),
        ("connect -uri h -t root:Milvus", True),
        ('curl http://h:1/v2/x -H "Authorization: Bearer $MILVUS_TOKEN"', False),
        ('T=k\ncurl http://h:1/v2/x -H "Authorization: Bearer $T"', True),
        ("MILVUS_URI=h:1\nMILVUS_TOKEN=k", True),
        ("%milvus connect h --token-env MILVUS_TOKEN", False),
    ],
)
def test_it_is_said_whether_a_secret_stands_in_the_text(text: str, *, is_shown: bool) -> None:
    """A secret in clear is told from the name of an environment variable."""
    assert read(text, ENV).secret_shown is is_shown


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ('MilvusClient("h", pool_size=3)', "pool_size is not a connection parameter"),
        ('connections.connect(host="h", handler="HTTP")', "only GRPC"),
        ('MilvusClient("h")\nMilvusClient("i")', "connects 2 times"),
        ("curl -k https://h/v2/x", "a certificate is always checked"),
        ("curl -x http://proxy:3128 http://h:1/v2/x", "the proxy is left out"),
        ("curl http://h:1/v2/x -d '{\"dbName\": \"'$UNKNOWN'\"}'", "the body is left out"),
        ("%milvus connect h --ask", "--ask is left out"),
        ('{"uri": "h", "collection": "c"}', "collection is not a connection parameter"),
    ],
)  # fmt: skip
def test_what_is_left_out_is_noted(text: str, note: str) -> None:
    """An option that has no counterpart is not dropped in silence."""
    assert any(note in line for line in read(text, ENV).notes)


@pytest.mark.parametrize(
    "text",
    ["", " ", "localhost", "localhost:19530", "https://host", "https://host/db", "./x.db",
     "./my data.db", "../a@b.db", "~/x:y@z.db", "/data/x.db", "file:///data/a@b.db", "[::1]:1",
     "::1", "unix:/run/a@b.sock", "C:\\data\\x.db", "tcp://h", "connect", "curl", "hello world",
     CLOUD],
)  # fmt: skip
def test_a_plain_address_is_not_pasted(text: str) -> None:
    """Where an address is expected, an address stays one."""
    assert not looks_pasted(text)


# --- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "what", "why"),
    [
        ('MilvusClient(uri=f"http://{h}:1")', "uri of MilvusClient(…)", "what h is"),
        ('MilvusClient(uri="h", token=get_token())', "token of MilvusClient(…)", "expression"),
        ('MilvusClient(uri="h:%d" % 1)', "uri of MilvusClient(…)", "expression"),
        ('MilvusClient(f"{1:>9}")', "uri of MilvusClient(…)", "expression"),
        ("u = u\nMilvusClient(u)", "uri of MilvusClient(…)", "expression"),
        ("MilvusClient(*a)", "arguments of MilvusClient(…)", "from a list"),
        ("MilvusClient(**a)", "** arguments of MilvusClient(…)", "no dictionary"),
        ('MilvusClient(uri="h"', "Python cannot be read", "not complete"),
        ("import pymilvus", "Python connects to nothing", "no call"),
        ('MilvusClient(uri="h", token=os.environ["NONE"])', "token of", "NONE is not set"),
        ('MilvusClient(uri="h", token=os.getenv("EMPTY", None))', "token of", "EMPTY is not set"),
        ('MilvusClient(uri="h", token=1)', "has to be text", ""),
        ("curl -sS -H 'X: y'", "curl command has no URL", ""),
        ("curl 'http://h:1/v2", "A quote in the pasted command", ""),
        ("curl http://h:1/v2/x -H 'Authorization: Basic cm9vdA=='", "Authorization", "encoded"),
        ('curl http://h:1/v2/x -H "Authorization: Bearer $NONE"', "Authorization", "NONE is not"),
        ("curl http://h:9091/healthz", "is not an address", "management port"),
        ("connect -uri 'h", "A quote in the pasted line", ""),
        ("connect -h", "connect asks for help", ""),
        ("connect --urj h", "connect has no option --urj", ""),
        ("%milvus connect $uri", "has a Python value", ""),
        ("%milvus connect h --token {open('/etc/passwd').read()}", "has a Python value", ""),
        ("%milvus connect h --token-env NONE", "the token", "NONE is not set"),
        ("%milvus status", "no %milvus connect", ""),
        ("new MilvusClient({address: 'h', token: 'k'})", "is JavaScript", "only Python"),
        ('milvusclient.New(ctx, &milvusclient.ClientConfig{Address: "h"})', "is Go", "only Python"),
        ('ConnectConfig.builder().uri("http://h").build()', "is Java", "only Python"),
        ("hello world", "is not recognised", ""),
        ("SELECT 1;\nDROP TABLE x", "is not recognised", ""),
        ('{"a": 1}', "is not recognised", ""),
        ("", "is empty", ""),
        ("x" * 70_000, "70,000 characters long", ""),
        ("http://u:p@h:1\nhttp://u:p@h:2", "is not recognised", ""),
        ("MilvusClient(" + "(" * 5000, "cannot be read", ""),
        ("MilvusClient(" + "-" * 5000 + "1)", "cannot be read", ""),
        ("MilvusClient('h', token='k'" + "+'k'" * 9000 + ")", "cannot be read", ""),
        ("new MilvusClient(" + "(" * 5000 + ")" * 5000 + ")", "", ""),
        ("new MilvusClient(" + "[{a:" * 5000 + "}]" * 5000 + ")", "", ""),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_reason(text: str, what: str, why: str) -> None:
    """The error names the argument or the command, the reason, and what to do."""
    error = refusal(text, ENV)
    assert what in error.what
    assert why in error.reason


@pytest.mark.parametrize(
    "text",
    [
        'MilvusClient("YOUR_CLUSTER_ENDPOINT", token="k")',
        'MilvusClient("http://h", token="YOUR_CLUSTER_TOKEN")',
        'MilvusClient("http://h", token="<token>")',
        'MilvusClient("http://h", token="****")',
        'MilvusClient("http://h", token="root:<password>")',
        'MilvusClient("http://h", user="username", password="your-password")',
        'MilvusClient("https://in03-xxxxxxxxxxxxxxx.serverless.gcp-us-west1.cloud.zilliz.com")',
        'MilvusClient("https://{cluster-id}.example.com")',
        "http://root:<password>@h:1",
        "MILVUS_URI=h:1\nMILVUS_TOKEN=your_api_key",
        "curl http://h:1/v2/x -H 'Authorization: Bearer YOUR_API_KEY'",
        f"Public Endpoint: {CLOUD}\nToken: ••••••••",
        "connect -uri CLUSTER_ENDPOINT",
    ],
)  # fmt: skip
def test_a_placeholder_is_called_one(text: str) -> None:
    """A value that an example leaves to be filled in is not tried as if it were one."""
    error = refusal(text)
    assert error.cause == "placeholder"
    assert "is a placeholder" in error.what


@pytest.mark.parametrize("value", ["Milvus", "x", "Your", "p<a>w", "a{b}c", "**", "hunter2", "TOP"])
def test_a_password_that_only_resembles_a_placeholder_is_none(value: str) -> None:
    """A secret is judged as a whole."""
    assert not is_placeholder("password", value)
    assert not is_placeholder("token", f"root:{value}")


def test_two_sign_ins_that_differ_are_refused() -> None:
    """A sign-in in the address and another one beside it contradict each other."""
    error = refusal('MilvusClient("http://root:one@h", user="root", password="two")')
    assert "two values for password" in error.what
    same = read('MilvusClient("http://root:one@h", user="root", password="one")', {})
    assert shown(same) == {"uri": "http://h", "user": "root", "password": "one"}


def test_the_process_environment_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable that is not in the text is one of the kernel."""
    monkeypatch.setenv("A_TOKEN_OF_OURS", "k")
    pasted = read('MilvusClient("h", token=os.environ["A_TOKEN_OF_OURS"])')
    assert pasted.given["token"] == Secret("k")


def test_importing_it_is_light() -> None:
    """It needs none of the heavy packages."""
    heavy = "{'pymilvus', 'grpc', 'ipywidgets', 'IPython'} & set(sys.modules)"
    program = f"import sys, milvus_nb.code.paste as p; p.looks_pasted('h:1'); assert not ({heavy})"
    subprocess.run([sys.executable, "-c", program], check=True)


def test_nothing_in_the_text_is_run(tmp_path: Path) -> None:
    """Code in the text stays text, in each of the languages."""
    trace = tmp_path / "trace"
    call = f"open({str(trace)!r}, 'w')"
    texts = [
        f'MilvusClient(uri="h", token=str({call}))',
        f'{call}\nMilvusClient(uri="h")',
        f'MilvusClient(uri=f"{{{call}}}")',
        f"%milvus connect {{{call}}}",
        f'%milvus connect $""{{{call}}}',
        f'curl http://h:1/v2/x -H "Authorization: Bearer $(touch {trace})"',
        f"curl `touch {trace}`",
        f'T=$(touch {trace})\ncurl http://h:1/v2/x -H "Authorization: Bearer $T"',
    ]
    for text in texts:
        with contextlib.suppress(ParamsError):
            read(text, {})
        assert not trace.exists()


def test_names_that_double_each_other_are_given_up() -> None:
    """A text cannot make its reader work or grow without end."""
    names = [f"v{number}" for number in range(60)]
    doubling = "\n".join(f"{b} = {a} + {a}" for a, b in itertools.pairwise(names))
    error = refusal(f'v0 = "x"\n{doubling}\nMilvusClient(uri=v59)')
    assert "expression" in error.reason


# --- secrets --------------------------------------------------------------------------------------

FORMS = [
    'MilvusClient("http://h", token="{}", port=f())',
    'MilvusClient("http://h", token="{}" + f())',
    'MilvusClient("http://root:{}@h:x")',
    'MilvusClient("root:{}")',
    'MilvusClient("h", password="{}", user="<user>")',
    'MilvusClient("h", token="{}"',
    'new MilvusClient({{token: "{}"}})',
    "new MilvusClient({{address: \"h\", token: '{}' + f()}})",
    'milvusclient.New(ctx, &milvusclient.ClientConfig{{Password: "{}"}})',
    'ConnectConfig.builder().token("{}").build()',
    "curl -u root:{} -H 'x",
    "curl -u 'root:{}'",
    "connect -uri http://h:99999 -t {}",
    "connect -t {} {}",
    "connect --{}",
    "connect -{}",
    "connect -p {}",
    "%milvus connect http://root:{}@",
    "%milvus connect h --token {} --timeout x",
    "%milvus connect h --password {{{}}}",
    "%milvus connect h -t ${}",
    "MILVUS_URI=http://h:x\nMILVUS_TOKEN={}",
    "MILVUS_URI=http://h:1/?token={}",
    "http://root:{}@h:1/a/b",
    "http://root:pass/{}@h:1",
    "root:{}@",
    "Token: {} {}\nSecure: maybe",
    '{{"token": "{}", "uri": 5}}',
    "hello {}",
    "{}",
    "{}:{}",
]


@pytest.mark.parametrize("form", FORMS)
@given(secret=secrets)
@example(MARK)
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_error_shows_a_secret(form: str, secret: str) -> None:
    """Neither the error's text, nor its parts, nor the frames that it keeps hold the secret."""
    text = form.format(*[secret] * form.count("{}"))
    pasted = attempt(text, {"MILVUS_TOKEN": secret})
    if isinstance(pasted, ParamsError):
        error = pasted
        told = "".join(
            traceback.TracebackException.from_exception(error, capture_locals=True).format()
        )
        # The frame of this test does hold it, and the file's own line has the mark's name.
        told = told[told.rindex('paste/recognise.py"') :]
        plain = form in {"{}", "{}:{}", "connect -{}", "connect --{}"}
        assert MARK not in told or (plain and "is not an address" in error.what)
        assert error.__context__ is None
        assert error.__cause__ is None
    else:
        assert secret not in repr(pasted.given.get("password", ""))
        assert pasted.given.get("uri", "").count("@") == 0 or form == "{}"


def test_a_result_shows_no_secret() -> None:
    """The repr of what was read has masks."""
    pasted = read(f'MilvusClient("http://root:{MARK}@h", token="root:{MARK}")', {})
    assert MARK not in repr(pasted)
    assert MARK not in str(pasted.given)


# --- any text -------------------------------------------------------------------------------------

PIECES = st.sampled_from(
    [
        *(text for text, _, _ in TABLE),
        *re.findall(r"\w+|\W", "".join(text for text, _, _ in TABLE)),
        "MilvusClient(", "new MilvusClient({", "ClientConfig{", "ConnectConfig.builder().", "curl ",
        "connect -", "%milvus connect ", "${", "`", "\\", "\n", "'", '"', '"""', "/*", "#", "<<",
        "^\n", "process.env.", "os.environ[", "=", ":=", "f'{", "\x00", "\ue0000\ue001",
        "\ud800", "٣", "²",
        "0x" + "f" * 5000, "9" * 5000, "1e999",
    ]
)  # fmt: skip


@given(
    st.one_of(st.text(), st.lists(st.one_of(PIECES, st.text(max_size=4)), max_size=12).map("".join))
)
@example("%milvus connect \ue000²\ue001")
@example("%milvus connect {\ue0009\ue001}")
@example('connections.connect(host="h", port=0x' + "f" * 9000 + ")")
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_text_is_read_or_refused(text: str) -> None:
    """Whatever is pasted, what comes out is a result or a `ParamsError`."""
    assert looks_pasted(text) in {True, False}
    assert isinstance(attempt(text, ENV), (Pasted, ParamsError))


@pytest.mark.parametrize(
    "part",
    ["/*", '"', "'", "`", "\\", "a=", "a.", "(", "[{", "{}=", "${", "$(", "<", "{", "x", "_your-",
     "%a", "\n", " ", "a:", "A=b\n", "connect -a\n", "curl ", "-", '\\"', "a ?? ", "milvus", '"\\',
     "... ", "@:"],
)  # fmt: skip
@pytest.mark.parametrize("start", ["new MilvusClient(", "MilvusClient(", "curl ", "connect -", ""])
def test_a_long_text_takes_no_long_time(start: str, part: str) -> None:
    """No repetition of a piece makes reading slow: the time of a test is limited."""
    text = start + part * (60_000 // len(part))
    looks_pasted(text)
    with contextlib.suppress(ParamsError):
        read(text, ENV)


# --- what our own snippets say -------------------------------------------------------------------


def same(params: ConnectionParams, language: str) -> ConnectionParams:
    """Leave out what a language cannot tell: its snippet says so, or it is no difference."""
    endpoint, tls = params.endpoint, params.endpoint.tls
    name = tls.server_name
    if language == "cli":
        name = ""
    tls = dataclasses.replace(
        # Both are the certificates to trust; most languages have one name for them.
        tls,
        ca_pem_path=tls.root_pem_path,
        server_pem_path="",
        server_name=name,
    )
    if language == "cli":
        tls = Tls(ca_pem_path=tls.ca_pem_path)
    options = endpoint.grpc_options if language in {"python", "orm", "async"} else ()
    return dataclasses.replace(
        params,
        endpoint=dataclasses.replace(endpoint, tls=tls, grpc_options=options),
        timeout=5.0 if language == "cli" else max(round(params.timeout, 12), 1e-12),
    )


def round_trip(params: ConnectionParams, language: str, version: str = "") -> None:
    secret = params.endpoint.credentials.reveal().removeprefix(
        f"{params.user}:" * bool(params.user)
    )
    try:
        text = code(params, "the alias", language, version)
    except ParamsError:
        return  # the language refuses it, and says why
    pasted = read(text, {"MILVUS_PASSWORD": secret, "MILVUS_TOKEN": secret})
    assert not pasted.secret_shown
    assert pasted.alias == ("the alias" if language in {"magic", "orm"} else "")
    again = parse(env={}, **pasted.given)
    assert same(again, language).differences(same(params, language)) == []


@pytest.mark.parametrize("language", READ_BACK)
@given(
    host=hosts,
    port=ports,
    user=users.filter(lambda user: not is_placeholder("user", user)),
    secret=secrets,
    db_name=databases,
    timeout=st.one_of(st.integers(1, 86_400), st.floats(0.001, 86_400)),
    sign_in=st.sampled_from(["none", "password", "token"]),
    secure=st.booleans(),
    version=st.sampled_from(["", "v2.3.5"]),
)
@settings(suppress_health_check=[HealthCheck.filter_too_much])
def test_our_snippets_are_read_back(language: str, **given_: Any) -> None:
    """What `%milvus code` writes means the same connection again, whatever its names hold."""
    sign_in, secret = given_.pop("sign_in"), given_.pop("secret").replace(":", "")
    user, version = given_.pop("user"), given_.pop("version")
    if sign_in == "password":
        given_ |= {"user": user, "password": secret}
    elif sign_in == "token":
        given_["token"] = secret
    host = given_.pop("host")
    uri = f"[{host}]" if ":" in host else host
    params = parse(env={}, uri=f"{uri}:{given_.pop('port')}", **given_)
    round_trip(params, language, version)


@pytest.mark.parametrize("language", READ_BACK)
@pytest.mark.parametrize("mutual", [False, True])
@pytest.mark.parametrize("name", ["", "milvus.example"])
def test_tls_of_our_snippets_is_read_back(
    language: str, name: str, pems: dict[str, str], *, mutual: bool
) -> None:
    """The files and the expected name of TLS come back, too."""
    client: dict[str, Any] = {"client_pem_path": pems["cert"], "client_key_path": pems["key"]}
    params = parse(
        env={}, uri="https://127.0.0.1:19530", ca_pem_path=pems["ca"], server_name=name,
        user="root", password=MARK, db_name="sales", **(client if mutual else {}),
    )  # fmt: skip
    round_trip(params, language)


@pytest.mark.parametrize("language", ["magic", "python", "orm", "async"])
@pytest.mark.parametrize("uri", ["demo.db", "unix:my milvus%20.sock", "http://[fe80::1%25eth0]:1"])
def test_other_places_of_our_snippets_are_read_back(
    language: str, uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Milvus Lite databases, sockets and scoped IPv6 addresses come back."""
    monkeypatch.chdir(tmp_path)
    options = {"grpc.keepalive_time_ms": 9000} if language != "magic" else {}
    round_trip(parse(env={}, uri=uri, grpc_options=options), language)


def test_a_misspelt_parameter_is_not_left_out() -> None:
    """Without its token the line would sign in as nobody; the value is not shown."""
    with pytest.raises(
        ParamsError, match=r"no parameter 'tokn'.\nDid you mean 'token'\?"
    ) as failure:
        read('MilvusClient(uri="http://localhost:19530", tokn="root:Secret-1")')
    assert "Secret-1" not in str(failure.value)


@pytest.mark.parametrize(
    "text",
    [
        (
            "Cluster A\nPublic Endpoint: https://a.example\nToken: ka\nCluster B\n"
            "Public Endpoint: https://b.example\nToken: kb"
        ),
        "milvus:\n  host: localhost\n  port: 19530\netcd:\n  host: other\n  port: 2379\n",
    ],
)
def test_two_servers_in_one_text_are_not_mixed(text: str) -> None:
    """One server's secret must not go to another."""
    with pytest.raises(ParamsError, match="twice, with different values"):
        read(text)
