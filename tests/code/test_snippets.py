"""The same connection as code: it runs as it is in each language, and holds no secret."""

from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from milvus_nb.code import paste, snippets
from milvus_nb.errors import ParamsError
from milvus_nb.params import parsing
from milvus_nb.params.endpoint import ConnectionParams, Endpoint
from milvus_nb.params.secret import Secret
from milvus_nb.params.tls import Tls
from tests.support import clients
from tests.support.helpers import sockets_to
from tests.support.servers import make_certificates, server_tls

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.kernels import Kernel
    from tests.support.servers import MilvusTestServer

NETWORK_ONLY = ("go", "java", "cli")
# Starting a client takes its time on a busy machine.
PATIENT: dict[str, Any] = {"env": {}, "timeout": 60}

# Closed means closed: no socket is left when the snippet's last line is done.
PYTHON_CLOSED = """
from tests.support.helpers import sockets_to, wait_until
wait_until(lambda: not sockets_to({port}))
print("closed")
"""
NODE_CLOSED = """
const open = () => process.getActiveResourcesInfo().filter((name) => name.startsWith("TCP"));
for (let n = 0; n < 500 && open().length > 0; n++) {
  await new Promise((done) => setTimeout(done, 10));
}
console.log(open().length === 0 ? "closed" : open());
"""


@pytest.fixture
def collection(request: pytest.FixtureRequest) -> Iterator[tuple[MilvusTestServer, str, str]]:
    """Give a server, a database of the test's own there, and a collection in it."""
    from pymilvus import DataType, MilvusClient

    server: MilvusTestServer = request.getfixturevalue(request.param)
    name = f"seen_{uuid.uuid4().hex}"
    database = f"db_{uuid.uuid4().hex}"
    options: dict[str, Any] = {"uri": server.uri, "dedicated": True}
    if server.auth:
        options["token"] = server.root_token
    if server.tls == "server":
        options["server_pem_path"] = server.ca_pem
    elif server.tls == "mutual":
        options |= {
            "ca_pem_path": server.ca_pem,
            "client_pem_path": server.client_pem,
            "client_key_path": server.client_key,
        }
    client = MilvusClient(**options)
    client.create_database(database)
    inside = MilvusClient(**options, db_name=database)
    schema = inside.create_schema()
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=2)
    inside.create_collection(name, schema=schema)
    yield server, database, name
    inside.drop_collection(name)
    inside.close()
    client.drop_database(database)
    client.close()


def params_of(server: MilvusTestServer, database: str = "", **more: Any) -> ConnectionParams:
    """Give what the user would have connected with."""
    given: dict[str, Any] = {"uri": server.uri, "db_name": database, **PATIENT, **more}
    if server.auth:
        given |= {"user": server.user, "password": server.password}
    if server.ca_pem:
        given["ca_pem_path"] = server.ca_pem
    if server.tls == "mutual":
        given |= {"client_pem_path": server.client_pem, "client_key_path": server.client_key}
    return parsing.parse(**given)


SERVERS = ("milvus", "milvus_auth", "milvus_tls", "milvus_mutual_tls")


@pytest.mark.parametrize(
    ("collection", "language"),
    [
        (server, language)
        for server in SERVERS
        for language in clients.RUNNERS
        # The CLI has no client certificate; a Milvus with TLS has no REST on this port.
        if (server, language) != ("milvus_mutual_tls", "cli")
        and not ("tls" in server and language == "curl")
    ],
    indirect=["collection"],
)
def test_it_connects_where_the_connection_does_and_closes(
    language: str, collection: tuple[MilvusTestServer, str, str], tmp_path: Path
) -> None:
    """It lists the database's collections with sign-in and TLS, and leaves no socket open."""
    server, database, name = collection
    code = snippets.code(params_of(server, database), "prod", language, server.version)
    if language in ("python", "orm", "async"):
        code += PYTHON_CLOSED.format(port=server.port)
    elif language == "node":
        code += NODE_CLOSED
    shown = clients.RUNNERS[language](code, tmp_path)
    assert name in shown
    if language == "cli":
        assert "Disconnect from default successfully!" in shown
    elif language != "curl":
        assert "closed" in shown.splitlines()
    if server.auth:
        assert "Milvus" not in code.replace("MilvusClient", "").replace("Milvus CLI", "")


@pytest.mark.parametrize("collection", SERVERS, indirect=True)
def test_the_magic_connects_in_a_kernel(
    collection: tuple[MilvusTestServer, str, str], shared_kernel: Kernel
) -> None:
    """The magic's cell lists the database's collections; afterwards no socket is open."""
    server, database, name = collection
    shared_kernel.run(f"import os; os.environ.update({clients.SECRETS})")
    shown = shared_kernel.run(snippets.code(params_of(server, database), "my prod", "magic")).text
    assert name in shown
    assert sockets_to(server.port, shared_kernel.pid) == []


@pytest.mark.parametrize("collection", ["milvus_auth"], indirect=True)
@pytest.mark.parametrize("language", clients.RUNNERS)
def test_a_token_without_a_user_is_sent_as_it_is(
    language: str, collection: tuple[MilvusTestServer, str, str], tmp_path: Path
) -> None:
    """What is in MILVUS_TOKEN signs in where the connection has an API key."""
    server, database, name = collection
    uri = parsing.parse(uri=server.uri, db_name=database, token="an-api-key", **PATIENT)
    code = snippets.code(uri, "prod", language, server.version)
    assert "an-api-key" not in code
    assert name in clients.RUNNERS[language](code, tmp_path)


AWKWARD = "a:b \"c\" 'd' $HOME `id` \\n %41 #{e}; &|<>*?!é\U0001f600"


@pytest.mark.parametrize("collection", ["milvus_auth"], indirect=True)
@pytest.mark.parametrize("language", clients.RUNNERS)
def test_a_password_of_every_awkward_character(
    language: str,
    collection: tuple[MilvusTestServer, str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It comes through every shell, literal and header as it is."""
    from pymilvus import MilvusClient

    server, database, name = collection
    admin = MilvusClient(server.uri, token=server.root_token, dedicated=True)
    user = f"u_{uuid.uuid4().hex[:8]}"
    monkeypatch.setenv("AWKWARD", AWKWARD)
    admin.create_user(user, AWKWARD)
    try:
        admin.grant_role(user, "admin")
        there = parsing.parse(
            uri=server.uri, db_name=database, user=user, password_env="AWKWARD", timeout=60
        )
        code = snippets.code(there, "prod", language, server.version)
        assert name in clients.RUNNERS[language](code, tmp_path)
    finally:
        admin.drop_user(user)
        admin.close()


def elsewhere(server: MilvusTestServer, database: str) -> ConnectionParams:
    """Give the way to a server by an address that its certificate is not for."""
    address = f"https://127.0.0.2:{server.port}"
    return params_of(server, database, uri=address, server_name="localhost")


@pytest.mark.parametrize("collection", ["milvus_tls", "milvus_mutual_tls"], indirect=True)
@pytest.mark.parametrize("language", ["python", "orm", "async", "node", "go", "java"])
def test_the_name_in_the_certificate_is_carried_over(
    language: str, collection: tuple[MilvusTestServer, str, str], tmp_path: Path
) -> None:
    """The certificate is checked for server_name where the address is another one."""
    server, database, name = collection
    code = snippets.code(elsewhere(server, database), "prod", language, server.version)
    assert name in clients.RUNNERS[language](code, tmp_path)


@pytest.mark.parametrize("collection", ["milvus_mutual_tls"], indirect=True)
def test_the_name_in_the_certificate_in_a_kernel(
    collection: tuple[MilvusTestServer, str, str], shared_kernel: Kernel
) -> None:
    """And by the magic."""
    server, database, name = collection
    shared_kernel.run(f"import os; os.environ.update({clients.SECRETS})")
    code = snippets.code(elsewhere(server, database), "prod", "magic")
    assert "--server-name localhost" in code
    assert name in shared_kernel.run(code).text


def test_the_milvus_cli_has_no_option_for_the_name(
    milvus_tls: MilvusTestServer, tmp_path: Path
) -> None:
    """It connects if the certificate is for the host, too, and else it does not."""
    shown = clients.run_cli("milvus_cli <<'END'\nconnect --help\nexit\nEND", tmp_path)
    assert "--tlsmode" in shown
    assert "--server" not in shown
    for host, answer in (("127.0.0.1", "Connect Milvus successfully"), ("127.0.0.2", "error")):
        uri = f"https://{host}:{milvus_tls.port}"
        there = params_of(milvus_tls, uri=uri, server_name="localhost")
        assert answer in clients.run_cli(snippets.code(there, "a", "cli"), tmp_path)


def test_java_takes_the_name_only_beside_the_certificate_of_an_authority(
    milvus_tls: MilvusTestServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the machine's authorities it connects if the certificate is for the host, too."""
    clients.trust_in_java(milvus_tls.ca_pem, tmp_path, monkeypatch)

    def run(host: str, timeout: float) -> str:
        uri = f"https://{host}:{milvus_tls.port}"
        there = parsing.parse(uri=uri, server_name="localhost", timeout=timeout, env={})
        return clients.run_java(snippets.code(there, "a", "java"), tmp_path)

    assert "closed" in run("127.0.0.1", 60).splitlines()
    with pytest.raises(AssertionError, match="DEADLINE_EXCEEDED"):
        run("127.0.0.2", 3)


def test_the_name_in_the_certificate_where_nothing_can_take_it() -> None:
    """The code says when it works nevertheless, in place of the name."""
    there = parsing.parse(uri="https://10.0.0.7:19530", server_name="db.example", env={})
    condition = " Without server_name it connects only if the certificate is for 10.0.0.7, too."
    for language, mark in (("cli", "#"), ("java", "//")):
        assert mark + condition in snippets.code(there, "a", language)
    tls = Tls(client_pem_path="/c.pem", client_key_path="/c.key")
    shown = snippets.code(
        ConnectionParams(Endpoint("tcp", "h", 1, secure=True, tls=tls)), "a", "cli"
    )
    assert "# Without a client certificate it connects only if the server asks for none." in shown


@pytest.mark.parametrize("collection", ["milvus_auth"], indirect=True)
def test_curl_through_a_gateway_with_tls(
    collection: tuple[MilvusTestServer, str, str], tmp_path: Path
) -> None:
    """Where a gateway does TLS, curl shows its certificate and checks the other for its name."""
    server, database, name = collection
    made = make_certificates(tmp_path / "a:b", names=("gateway.test",))
    with clients.gateway(server.port, tls=server_tls(made, mutual=True, alpn=["http/1.1"])) as port:
        there = parsing.parse(
            uri=f"https://127.0.0.1:{port}",
            user=server.user,
            password=server.password,
            db_name=database,
            server_name="gateway.test",
            ca_pem_path=made.ca_pem,
            client_pem_path=made.client_pem,
            client_key_path=made.client_key,
            **PATIENT,
        )
        code = snippets.code(there, "prod", "curl", server.version)
        assert name in clients.run_curl(code, tmp_path)


@pytest.mark.parametrize("collection", ["milvus"], indirect=True)
@pytest.mark.parametrize("language", clients.RUNNERS)
def test_ipv6(language: str, collection: tuple[MilvusTestServer, str, str], tmp_path: Path) -> None:
    """An IPv6 address is written as each client takes it."""
    server, database, name = collection
    there = parsing.parse(uri=f"http://[::1]:{server.port}", db_name=database, **PATIENT)
    code = snippets.code(there, "prod", language, server.version)
    assert name in clients.RUNNERS[language](code, tmp_path)


@pytest.mark.parametrize("collection", ["milvus"], indirect=True)
@pytest.mark.parametrize("language", ["python", "orm", "async", "node", "curl"])
def test_unix_sockets(
    language: str, collection: tuple[MilvusTestServer, str, str], tmp_path: Path
) -> None:
    """A Unix socket with a blank in its path is reached where the client can."""
    server, database, name = collection
    path = tmp_path / "mil vus.sock"
    with clients.gateway(server.port, path=path):
        there = parsing.parse(uri=f"unix:{path}", db_name=database, **PATIENT)
        code = snippets.code(there, "prod", language, server.version)
        assert name in clients.RUNNERS[language](code, tmp_path)


@pytest.mark.parametrize("language", ["python", "orm", "async"])
def test_milvus_lite(language: str, lite_path: Path, tmp_path: Path) -> None:
    """A Milvus Lite database is opened by pymilvus's three forms."""
    code = snippets.code(parsing.parse(uri=str(lite_path), env={}), "prod", language)
    assert "[]" in clients.RUNNERS[language](code, tmp_path)
    assert lite_path.exists()


def test_milvus_lite_in_a_kernel(kernel: Kernel, lite_path: Path) -> None:
    """And by the magic."""
    code = snippets.code(parsing.parse(uri=str(lite_path), env={}), "default", "magic")
    assert "[]" in kernel.run(code).text


def test_rest_before_and_after_milvus_24() -> None:
    """Servers older than 2.4 get the REST call that they have, others today's."""
    there = parsing.parse(uri="localhost", db_name="sales", env={})
    for old in ("v2.3.5-lite", "2.2.9", "v2.3"):
        assert "--get --data-urlencode dbName=sales" in snippets.code(there, "a", "curl", old)
    for new in ("v2.4.0", "2.10.1", "v3.0", "", "master-20240101"):
        shown = snippets.code(there, "a", "curl", new)
        assert shown.endswith("  http://localhost:19530/v2/vectordb/collections/list\n")


@pytest.mark.parametrize("language", snippets.LANGUAGES)
@pytest.mark.parametrize("secret", [{"user": "root", "password": "s3cr3t"}, {"token": "s3cr3t"}])
def test_no_language_shows_a_secret(language: str, secret: dict[str, Any]) -> None:
    """Only the variable that holds it is named: MILVUS_PASSWORD, or MILVUS_TOKEN for a key."""
    code = snippets.code(parsing.parse(env={}, **secret), "a", language)
    assert "s3cr3t" not in code
    assert ("MILVUS_PASSWORD" in code, "MILVUS_TOKEN" in code) == (
        "password" in secret,
        "token" in secret,
    )


VARIABLES = {"MY_PASSWORD": "s3cr3t", "MY_TOKEN": "root:s3cr3t", "MY_KEY": "k3y", "A B;c": "a:b"}


@pytest.mark.parametrize("language", snippets.LANGUAGES)
@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"user": "root", "password_env": "MY_PASSWORD"}, "MY_PASSWORD"),
        ({"token_env": "MY_TOKEN"}, "MY_TOKEN"),  # it says the user, too
        ({"token_env": "MY_KEY"}, "MY_KEY"),
    ],
)
def test_the_variable_that_a_secret_came_from_is_named(
    language: str, given: dict[str, Any], named: str
) -> None:
    """And no other; what is read back with it means the same connection."""
    there = parsing.parse(uri="http://h:1", env=VARIABLES, **given)
    code = snippets.code(there, "a", language)
    assert set(re.findall(r"\bM[YI]\w*_(?:PASSWORD|TOKEN|KEY)\b", code)) == {named}
    if language not in ("node", "go", "java"):  # they are written, not read
        again = parsing.parse(env=VARIABLES, **paste.read(code, VARIABLES).given)
        assert again.endpoint == there.endpoint


@pytest.mark.parametrize("language", snippets.LANGUAGES)
def test_a_variable_that_not_every_language_can_name(language: str) -> None:
    """Outside of %milvus, which quotes it, the usual one stands for it."""
    there = parsing.parse(uri="http://h:1", env=VARIABLES, token_env="A B;c")
    code = snippets.code(there, "a", language)
    assert ("A B;c" in code, "MILVUS_PASSWORD" in code) == (
        language == "magic",
        language != "magic",
    )


# What each language says when something is not possible


@pytest.mark.parametrize("language", ["node", *NETWORK_ONLY, "curl"])
def test_milvus_lite_is_refused_where_it_cannot_be(language: str, lite_path: Path) -> None:
    """Only Python opens Milvus Lite; the error says what else to choose."""
    with pytest.raises(ParamsError, match="python, orm, async or magic"):
        snippets.code(parsing.parse(uri=str(lite_path), env={}), "a", language)


@pytest.mark.parametrize("language", NETWORK_ONLY)
def test_unix_sockets_are_refused_where_they_cannot_be(language: str) -> None:
    """Unix sockets, too."""
    with pytest.raises(ParamsError, match="Unix sockets are not within its reach"):
        snippets.code(parsing.parse(uri="unix:/run/milvus.sock", env={}), "a", language)


def test_an_unknown_language() -> None:
    """The error names all languages and the one that was probably meant."""
    there = parsing.parse(env={})
    with pytest.raises(ParamsError, match="Did you mean python"):
        snippets.code(there, "a", "pyton")
    with pytest.raises(ParamsError, match="magic, python, orm, async, node, go, java, cli, curl"):
        snippets.code(there, "a", "cobol")


def test_what_cannot_be_carried_over_is_named() -> None:
    """Left out is said in a comment; an option's text never shows."""
    tls = Tls(client_pem_path="/c.pem", client_key_path="/c.key", server_name="name.test")
    proxy = Secret("http://u:hidden@proxy")
    options = (("grpc.http_proxy", proxy), ("grpc.keepalive_time_ms", 10_000))
    endpoint = Endpoint("tcp", "h", 1, secure=True, tls=tls, grpc_options=options)
    shown = {
        language: snippets.code(ConnectionParams(endpoint), "a", language)
        for language in snippets.LANGUAGES
        if language != "java"
    }
    for text in shown.values():
        assert "hidden" not in text
        assert re.search("^ *\t*(#|//) Left out .*: .*grpc.http_proxy", text, re.MULTILINE)
    for language in ("python", "orm", "async"):
        assert 'grpc_options={"grpc.keepalive_time_ms": 10000},' in shown[language]
        assert "shows the client's certificate only if ca_pem_path" in shown[language]
    assert "client_pem_path, client_key_path, server_name" in shown["cli"]
    with pytest.raises(ParamsError, match="ca_pem_path"):
        snippets.code(ConnectionParams(endpoint), "a", "java")
