"""In every language, whatever stands in a connection's values stays data."""

from __future__ import annotations

import ast
import dataclasses
import json
import re
import shlex
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from IPython.core.inputtransformer2 import TransformerManager

from milvus_nb.code import arguments, snippets
from milvus_nb.code.usage import PARSERS
from milvus_nb.errors import ParamsError
from milvus_nb.params import parsing
from milvus_nb.params.endpoint import ConnectionParams, Endpoint
from milvus_nb.params.secret import Secret
from milvus_nb.params.tls import Tls
from tests.support import clients

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NASTY = st.text(max_size=25) | st.text(
    "'\"`\\$ {}#;\n\u2028<>/%=-:~&|!?^x1.\u00e9\U0001f600", max_size=25
)
TYPED = NASTY.filter(lambda text: text.isprintable() and "\ue000" not in text)


def hostile(texts: st.SearchStrategy[str]) -> st.SearchStrategy[ConnectionParams]:
    """Make parameters whose every text is hostile."""
    some = texts.filter(bool)
    tls = st.builds(
        Tls,
        ca_pem_path=some,
        server_pem_path=st.just("") | texts,
        client_pem_path=some,
        client_key_path=some,
        server_name=st.just(""),
    )
    users = some.filter(lambda text: ":" not in text)
    endpoints = st.builds(
        lambda tls, user, key: Endpoint(
            "tcp", "h", 1, secure=True, tls=tls, user=user, credentials=Secret(f"{user}:{key}")
        ),
        tls,
        users,
        st.just("hidden-password"),
    )
    return st.builds(ConnectionParams, endpoints, texts, st.sampled_from([5.0, 0.25, 1 / 3, 86400]))


def arguments_of(call: ast.Call) -> dict[str, Any]:
    """Give a call's literal arguments, with ``os.environ[…]`` as its name."""
    return {
        str(keyword.arg): (
            ast.unparse(keyword.value)
            if isinstance(keyword.value, ast.Subscript)
            else ast.literal_eval(keyword.value)
        )
        for keyword in call.keywords
    }


QUICK = settings(max_examples=150, deadline=None)


@QUICK
@given(there=hostile(NASTY), alias=NASTY, language=st.sampled_from(["python", "orm", "async"]))
def test_python_literals(there: ConnectionParams, alias: str, language: str) -> None:
    """Python reads back exactly what was given, and nothing else is in the code."""
    code = snippets.code(there, alias, language)
    assert "hidden-password" not in code
    tree = ast.parse(code)
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    connect = next(call for call in calls if call.keywords and len(call.keywords) > 3)
    tls = there.endpoint.tls
    expected = {
        "uri": "https://h:1",
        "user": there.user,
        "password": "os.environ['MILVUS_PASSWORD']",
        "ca_pem_path": tls.root_pem_path,
        "client_pem_path": tls.client_pem_path,
        "client_key_path": tls.client_key_path,
        "timeout": there.timeout,
    }
    expected |= {"db_name": there.db_name} if there.db_name else {}
    expected |= {"alias": alias} if language == "orm" else {"dedicated": True}
    assert arguments_of(connect) == expected


@QUICK
@given(there=hostile(TYPED), alias=TYPED.filter(bool))
@example(ConnectionParams(Endpoint("tcp", "h", 1), "a{{\"b}c${x}$y'$z"), "-o' {1}")
@example(ConnectionParams(Endpoint("tcp", "h", 1), "a{"), "b}")
@example(ConnectionParams(Endpoint("tcp", "h", 1), "--"), "b")
def test_words_of_the_magic(there: ConnectionParams, alias: str) -> None:
    """IPython and %milvus read back exactly what was given."""
    cell = TransformerManager().transform_cell(snippets.code(there, alias, "magic"))
    lines = [
        ast.literal_eval(node.args[1])
        for node in ast.walk(ast.parse(cell))
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("run_line_magic")
    ]
    by_command = {}
    for line in lines[1:]:
        words = arguments.split(line, {})
        by_command[words[0].text] = PARSERS[words[0].text].parse(words[1:])
    assert len(lines) == 4
    connect = by_command["connect"]
    assert (connect.address, connect.alias, connect.db or "") == (
        there.address,
        alias,
        there.db_name,
    )
    assert (connect.user or "") == there.user
    for option in ("ca_pem_path", "server_pem_path", "client_pem_path", "client_key_path"):
        assert (getattr(connect, option) or "") == getattr(there.endpoint.tls, option)
    assert by_command["client"].alias == alias
    assert by_command["disconnect"].aliases == [alias]


@QUICK
@given(there=hostile(TYPED), old=st.booleans())
def test_words_of_a_shell(there: ConnectionParams, old: bool) -> None:
    """A shell gives curl exactly what was given."""
    code = snippets.code(there, "a", "curl", "v2.3.5" if old else "")
    words = shlex.split(code, comments=False)
    options = options_of_curl(words)
    tls = there.endpoint.tls
    assert ("--header", "@-") in options
    assert words[words.index("curl") - 4 : words.index("curl")] == [
        "printf", "%s\\n", f"Authorization: Bearer {there.user}:$MILVUS_PASSWORD", "|",
    ]  # fmt: skip
    assert ("--cacert", tls.root_pem_path) in options
    assert ("--key", tls.client_key_path) in options
    certificate = dict(options)["--cert"]
    assert re.sub(r"\\([\\:])", r"\1", certificate) == tls.client_pem_path
    if old:
        assert (("--data-urlencode", f"dbName={there.db_name}") in options) == bool(there.db_name)
    else:
        assert json.loads(dict(options)["--data"]).get("dbName", "") == there.db_name


def options_of_curl(words: list[str]) -> list[tuple[str, str]]:
    """Read a command of curl as curl does: whatever follows an option is its value."""
    rest = iter(words[words.index("curl") + 1 :])
    options = (word for word in rest if word.startswith("--") and word != "--get")
    return [(option, next(rest)) for option in options]


def test_a_real_shell_runs_nothing_of_a_value(tmp_path: Path) -> None:
    """Command substitutions, quotes and here-document ends in values are words for sh, too."""
    nasty = 'a\'; touch owned; $(touch owned) `touch owned` "$HOME" \\'
    there = ConnectionParams(
        Endpoint("tcp", "h", 1, user=nasty, credentials=Secret(f"{nasty}:p")), nasty
    )
    code = snippets.code(there, "a", "curl")
    shown = clients.run_shell("curl() { printf '%s\\n' \"$@\" ---; cat; }\n" + code, tmp_path)
    arguments_, _, header = shown.partition("---\n")
    assert header == f"Authorization: Bearer {nasty}:Milvus\n"
    assert ":Milvus" not in arguments_  # everybody on the machine can read them
    assert json.loads(arguments_.splitlines()[-2]) == {"dbName": nasty}
    code = snippets.code(there, "a", "cli").replace(" milvus_cli ", " sh -c 'cat; env' ")
    assert f"ZILLIZ_TOKEN={nasty}:Milvus\n" in clients.run_shell(code, tmp_path)
    assert not (tmp_path / "owned").exists()


@QUICK
# Other signs are no part of an address.
@given(there=hostile(TYPED), db_name=st.from_regex(r"[A-Za-z0-9_]{0,20}", fullmatch=True))
def test_words_of_the_milvus_cli(there: ConnectionParams, db_name: str) -> None:
    """The Milvus CLI splits its line into exactly what was given."""
    there = dataclasses.replace(there, db_name=db_name)
    line = next(
        line
        for line in snippets.code(there, "a", "cli").splitlines()
        if line.startswith("connect ")
    )
    words = shlex.split(line)
    assert words[:2] == ["connect", "-uri"]
    found = parsing.parse(uri=words[2], env={})
    typed = parsing.parse(uri=there.address, db_name=there.db_name, env={})
    assert (found.address, found.db_name) == (typed.address, typed.db_name)
    assert words[3:] == ["-tls", "1", "-cert", there.endpoint.tls.root_pem_path]


@pytest.mark.parametrize("language", ["magic", "cli", "curl"])
def test_lines_are_not_broken(language: str) -> None:
    """A line break in what is typed as one line is refused."""
    user = "a\nb"
    endpoint = Endpoint("tcp", "h", 1, user=user, credentials=Secret(f"{user}:p"))
    endpoint = dataclasses.replace(endpoint, secure=True, tls=Tls(ca_pem_path="a\nb"))
    with pytest.raises(ParamsError, match="line break"):
        snippets.code(ConnectionParams(endpoint), "a", language)


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(there=st.lists(hostile(NASTY), min_size=20, max_size=20))
def test_literals_of_javascript(there: list[ConnectionParams], tmp_path: Path) -> None:
    """Node.js reads back exactly what was given, and no snippet closes a script element."""
    codes = [snippets.code(one, "a", "node") for one in there]
    assert not any("</" in code for code in codes)
    objects = [re.search(r"new MilvusClient\((\{.*?\n\})\);", code, re.DOTALL) for code in codes]
    script = f"console.log(JSON.stringify([{','.join(found[1] for found in objects if found)}]));"
    shown = json.loads(clients.run_node(script, tmp_path))
    for one, found in zip(there, shown, strict=True):
        tls = one.endpoint.tls
        assert (found["username"], found.get("database", "")) == (one.user, one.db_name)
        assert found["password"] == "Milvus"
        assert found["tls"] == {
            "rootCertPath": tls.root_pem_path,
            "certChainPath": tls.client_pem_path,
            "privateKeyPath": tls.client_key_path,
        }


HOSTILE = "\"'\\ \\u0022 \\u000a \n\r\t\x0b\x1a${x}</script>\ufeff\u2028\U0001f600\u00e9*/ */ //"


def every_kind() -> Iterator[ConnectionParams]:
    """Give connections that differ in what the code of a compiled language depends on."""
    yield parsing.parse(env={})
    yield parsing.parse(uri="https://osctx.time.log.:1", env={})
    yield parsing.parse(
        uri="http://[fe80::1%25eth0]:19530/os.time", token="key", timeout=0.25, env={}
    )
    plain = Endpoint("tcp", "h", 1, user=HOSTILE, credentials=Secret(f"{HOSTILE}:p"))
    for tls in (
        Tls(ca_pem_path=HOSTILE),
        Tls(ca_pem_path=HOSTILE, server_name=HOSTILE),
        Tls(HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE),
    ):
        options = (("grpc.x\u000a\\u000a", Secret("y")),)
        secure = dataclasses.replace(plain, secure=True, tls=tls, grpc_options=options)
        yield ConnectionParams(secure, HOSTILE, 1 / 3)
    yield ConnectionParams(dataclasses.replace(plain, secure=True, tls=Tls(server_name="x")), "d")


GO_READ_BACK = """
func main() {
	shown := json.NewEncoder(os.Stdout)
	for _, config := range configs {
		_ = shown.Encode(map[string]any{
			"address": config.Address, "dbName": config.DBName, "user": config.Username,
			"password": config.Password, "token": config.APIKey,
		})
	}
}
"""


def test_go_compiles_and_reads_back_what_was_given(tmp_path: Path) -> None:
    """It is formatted as gofmt does, and the client's options are exactly what was given."""
    every = list(every_kind())
    codes = [snippets.code(there, "a", "go") for there in every]
    for number, code in enumerate(codes):
        (tmp_path / str(number)).mkdir()
        (tmp_path / str(number) / "snippet.go").write_text(code, encoding="utf-8")
    configs = [
        re.search(r"&(milvusclient.ClientConfig\{.*?\n\t\})", code, re.DOTALL) for code in codes
    ]
    program = "".join(
        [
            'package main\n\nimport (\n\t"encoding/json"\n\t"os"\n\n',
            '\t"github.com/milvus-io/milvus/client/v2/milvusclient"\n)\n\n',
            "var configs = []milvusclient.ClientConfig{\n",
            *(f"{found[1]},\n" for found in configs if found),
            f"}}\n{GO_READ_BACK}",
        ]
    )
    shown = clients.run_go(program, tmp_path, also=[f"./{n}" for n in range(len(codes))])
    for there, line in zip(every, shown.splitlines()[: len(every)], strict=True):
        found = json.loads(line)
        assert found["address"].endswith(f":{there.endpoint.port}")
        assert (found["dbName"], found["user"]) == (there.db_name, there.user)
        secrets = {"none": ("", ""), "password": ("Milvus", ""), "token": ("", "root:Milvus")}
        assert (found["password"], found["token"]) == secrets[there.auth]


JAVA_READ_BACK = """
import java.nio.charset.StandardCharsets;

import io.milvus.v2.client.ConnectConfig;

public class ReadBack {
    public static void main(String[] args) {
        for (ConnectConfig config : new ConnectConfig[] {
            %s
        }) {
            for (Object value : new Object[] {
                config.getUri(), config.getDbName(), config.getUsername(), config.getPassword(),
                config.getToken(), config.getConnectTimeoutMs(), config.getCaPemPath(),
                config.getServerPemPath(), config.getClientPemPath(), config.getClientKeyPath(),
                config.getServerName(),
            }) {
                byte[] units = String.valueOf(value).getBytes(StandardCharsets.UTF_16BE);
                System.out.print(new java.math.BigInteger(1, units).toString(16) + " ");
            }
            System.out.println();
        }
    }
}
"""


def test_java_compiles_and_reads_back_what_was_given(tmp_path: Path) -> None:
    """It compiles without a warning, and the client's options are exactly what was given."""
    every = list(every_kind())
    sources = ["ReadBack.java"]
    configs = []
    for number, there in enumerate(every):
        code = snippets.code(there, "a", "java")
        sources.append(f"s{number}/Connect.java")
        (tmp_path / f"s{number}").mkdir()
        (tmp_path / sources[-1]).write_text(f"package s{number};\n{code}", encoding="utf-8")
        found = re.search(r"config = (.*?\.build\(\));", code, re.DOTALL)
        assert found is not None
        configs.append(found[1])
    (tmp_path / "ReadBack.java").write_text(JAVA_READ_BACK % ",".join(configs), encoding="utf-8")
    shown = clients.compile_java(sources, "ReadBack", tmp_path)
    for there, line in zip(every, shown.splitlines(), strict=True):
        uri, *others = (_text(units) for units in line.split())
        assert uri.endswith(f":{there.endpoint.port}")
        tls = there.endpoint.tls
        mutual = bool(tls.client_pem_path)
        assert others == [
            there.db_name or "null",
            there.user or "null",
            "Milvus" if there.auth == "password" else "null",
            "root:Milvus" if there.auth == "token" else "null",
            str(round(there.timeout * 1000)),
            tls.root_pem_path if mutual else "null",
            (not mutual and tls.root_pem_path) or "null",
            tls.client_pem_path or "null",
            tls.client_key_path or "null",
            (tls.root_pem_path and (tls.server_name or there.endpoint.host)) or "null",
        ]


def _text(units: str) -> str:
    return bytes.fromhex(units.zfill((len(units) + 3) // 4 * 4)).decode("utf-16-be")
