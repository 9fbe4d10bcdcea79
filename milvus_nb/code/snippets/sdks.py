"""The client libraries for Node.js, Go and Java."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ...errors import ParamsError
from .parts import (
    authority,
    block,
    left_out,
    milliseconds,
    options_left_out,
    refuse,
    sign_in,
    url,
    without_name,
)
from .quoting import go as go_literal
from .quoting import java as java_literal
from .quoting import javascript

if TYPE_CHECKING:
    from ...params.endpoint import ConnectionParams, Endpoint

__all__ = ["go", "java", "node"]


def node(params: ConnectionParams, alias: str) -> str:
    """Write it with @zilliz/milvus2-sdk-node, as an ES module."""
    del alias  # it has none
    endpoint, tls = params.endpoint, params.endpoint.tls
    if endpoint.kind == "lite":
        refuse(endpoint, "Node.js")
    address = f"unix:{endpoint.path}" if endpoint.kind == "unix" else authority(endpoint)
    kind, variable = sign_in(params)
    files = {
        "rootCertPath": tls.root_pem_path,
        "certChainPath": tls.client_pem_path,
        "privateKeyPath": tls.client_key_path,
        "serverName": tls.server_name,
    }
    fields = [f"address: {javascript(address)},"]
    if kind == "password":
        fields.append(f"username: {javascript(endpoint.user)},")
    if kind != "none":
        fields.append(f"{kind}: process.env.{variable},")
    if params.db_name:
        fields.append(f"database: {javascript(params.db_name)},")
    if endpoint.secure:
        fields.append("ssl: true,")
    if tls:
        given = [f"  {name}: {javascript(text)}," for name, text in files.items() if text]
        fields += ["tls: {", *given, "},"]
    fields.append(f"timeout: {milliseconds(params.timeout)},")
    return block(
        "// An ES module: a file that ends in .mjs",
        'import { MilvusClient } from "@zilliz/milvus2-sdk-node";',
        "",
        *_options_comment(params),
        "const client = new MilvusClient({",
        *(f"  {field}" for field in fields),
        "});",
        "try {",
        "  await client.connectPromise;",
        "  const { data } = await client.listCollections();",
        "  console.log(data.map(({ name }) => name));",
        "} finally {",
        "  await client.closeConnection();",
        "}",
    )


def go(params: ConnectionParams, alias: str) -> str:
    """Write it with github.com/milvus-io/milvus/client/v2."""
    del alias
    endpoint = params.endpoint
    refuse(endpoint, "Go")
    address = url(endpoint) if endpoint.secure else authority(endpoint, "%25")
    fields = {"Address": go_literal(address)}
    kind, variable = sign_in(params)
    if kind == "password":
        fields |= {"Username": go_literal(endpoint.user), "Password": f'os.Getenv("{variable}")'}
    elif kind == "token":
        fields["APIKey"] = f'os.Getenv("{variable}")'
    if params.db_name:
        fields["DBName"] = go_literal(params.db_name)
    body = [
        f"ctx, cancel := context.WithTimeout(context.Background(), {_duration(params.timeout)})",
        "defer cancel()",
        "",
        *_options_comment(params),
        "config := &milvusclient.ClientConfig{",
        *_aligned(fields),
        "}",
        *_go_tls(endpoint),
        "client, err := milvusclient.New(ctx, config)",
        *_GO_FATAL,
        "defer client.Close(context.Background())",
        "",
        "all := milvusclient.NewListCollectionOption()",
        "names, err := client.ListCollections(context.Background(), all)",
        "fmt.Println(names, err)",
    ]
    return block(
        "package main",
        "",
        "import (",
        *(f'\t"{name}"' for name in _go_packages(params)),
        "",
        '\t"github.com/milvus-io/milvus/client/v2/milvusclient"',
        *(f'\t"{name}"' for name in _GO_TLS if endpoint.tls),
        ")",
        "",
        "func main() {",
        *(f"\t{line}" if line else "" for line in body),
        "}",
    )


def _go_packages(params: ConnectionParams) -> list[str]:
    tls = params.endpoint.tls
    used = {
        "context": True,
        "crypto/tls": bool(tls),
        "crypto/x509": bool(tls.root_pem_path),
        "fmt": True,
        "log": True,
        "os": params.auth != "none" or bool(tls.root_pem_path),
        "time": True,
    }
    return [name for name, is_used in used.items() if is_used]


_GO_TLS: Final = ("google.golang.org/grpc", "google.golang.org/grpc/credentials")
_GO_FATAL: Final = ("if err != nil {", "\tlog.Fatal(err)", "}")


def _go_tls(endpoint: Endpoint) -> list[str]:
    tls = endpoint.tls
    lines: list[str] = []
    fields = {}
    if tls.root_pem_path:
        lines += [
            f"pem, err := os.ReadFile({go_literal(tls.root_pem_path)})",
            *_GO_FATAL,
            "roots := x509.NewCertPool()",
            "roots.AppendCertsFromPEM(pem)",
        ]
        fields["RootCAs"] = "roots"
    if tls.client_pem_path:
        files = f"{go_literal(tls.client_pem_path)}, {go_literal(tls.client_key_path)}"
        lines += [f"certificate, err := tls.LoadX509KeyPair({files})", *_GO_FATAL]
        fields["Certificates"] = "[]tls.Certificate{certificate}"
    if tls.server_name:
        fields["ServerName"] = go_literal(tls.server_name)
    if fields:
        # Its versions before 2.6.5 have no other way, and give up their own options for these.
        lines += [
            "security := credentials.NewTLS(&tls.Config{",
            *_aligned(fields),
            "})",
            "option := grpc.WithTransportCredentials(security)",
            "config.DialOptions = append(milvusclient.DefaultGrpcOpts, option)",
        ]
    return lines


def _aligned(fields: dict[str, str]) -> list[str]:
    """Give the fields of a struct as gofmt wants them."""
    width = max(map(len, fields)) + 2
    return [f"\t{f'{name}:':<{width}}{value}," for name, value in fields.items()]


def _duration(seconds: float) -> str:
    nanoseconds = round(round(seconds, 9) * 10**9)  # the product alone may be one off
    for size, unit in ((10**9, "Second"), (10**6, "Millisecond"), (10**3, "Microsecond")):
        if nanoseconds % size == 0:
            return f"{nanoseconds // size}*time.{unit}"
    return f"{nanoseconds}*time.Nanosecond"


def java(params: ConnectionParams, alias: str) -> str:
    """Write it with io.milvus:milvus-sdk-java, its second client."""
    del alias
    endpoint, tls = params.endpoint, params.endpoint.tls
    refuse(endpoint, "Java")
    calls = [f"uri({java_literal(url(endpoint))})"]
    kind, variable = sign_in(params)
    if kind == "password":
        calls.append(f"username({java_literal(endpoint.user)})")
    if kind != "none":
        calls.append(f'{kind}(System.getenv("{variable}"))')
    if params.db_name:
        calls.append(f"dbName({java_literal(params.db_name)})")
    calls += _java_tls(endpoint)
    calls.append(f"connectTimeoutMs({milliseconds(params.timeout)})")
    comments = _options_comment(params)
    if tls.client_key_path:
        comments += [
            "// Java reads the key in one form only, which begins with BEGIN PRIVATE KEY:",
            "// openssl pkcs8 -topk8 -nocrypt -in client.key -out client.pkcs8.key",
        ]
    if tls.server_name and not tls.root_pem_path:
        comments += left_out("//", ["server_name"], "only with ca_pem_path or server_pem_path")
        comments += without_name("//", endpoint)
    return block(
        "// Needs io.milvus:milvus-sdk-java and, for what it logs, org.slf4j:slf4j-simple",
        "import io.milvus.v2.client.ConnectConfig;",
        "import io.milvus.v2.client.MilvusClientV2;",
        "",
        "public class Connect {",
        "    public static void main(String[] args) {",
        *(f"        {comment}" for comment in comments),
        "        ConnectConfig config = ConnectConfig.builder()",
        *(f"                .{call}" for call in calls),
        "                .build();",
        "        MilvusClientV2 client = new MilvusClientV2(config);",
        "        try {",
        "            System.out.println(client.listCollections().getCollectionNames());",
        "        } finally {",
        "            client.close();",
        "        }",
        "    }",
        "}",
    )


def _java_tls(endpoint: Endpoint) -> list[str]:
    tls = endpoint.tls
    if not tls.root_pem_path:
        if tls.client_pem_path:
            raise ParamsError(
                "Java's client cannot show the client certificate of this connection.",
                "It needs the authority's certificate as a file, too, and goes without TLS else.",
                "Give ca_pem_path to the connection, or choose another language.",
            )
        return []
    if tls.client_pem_path:
        calls = [
            f"caPemPath({java_literal(tls.root_pem_path)})",
            f"clientPemPath({java_literal(tls.client_pem_path)})",
            f"clientKeyPath({java_literal(tls.client_key_path)})",
        ]
        name = tls.server_name
    else:
        calls = [f"serverPemPath({java_literal(tls.root_pem_path)})"]
        name = tls.server_name or endpoint.host  # the client fails without a name here
    return [*calls, f"serverName({java_literal(name)})"] if name else calls


def _options_comment(params: ConnectionParams) -> list[str]:
    return left_out("//", options_left_out(params), "gRPC options differ between languages")
