"""The options of each subcommand of ``%milvus``, and its help."""

from __future__ import annotations

import argparse
from typing import Final

from .arguments import Parser

__all__ = ["HELP", "MEANT", "PARSERS", "PROFILE", "PROFILE_MEANT", "help_text", "profile_help"]

#: What one might type for a command.
MEANT: Final = {
    "list": "status", "show": "status", "connections": "status", "collections": "ls",
    "databases": "ls", "tables": "ls", "tree": "ls", "schema": "describe", "head": "peek",
    "query": "peek",
    "close": "disconnect", "open": "connect", "test": "doctor", "check": "doctor",
}  # fmt: skip

#: The same for a command of ``%milvus profile``.
PROFILE_MEANT: Final = {
    "ls": "list", "add": "save", "new": "save", "create": "save", "set": "edit", "change": "edit",
    "rm": "delete", "remove": "delete", "check": "test", "doctor": "test", "keyring": "secret",
    "password": "secret", "rename": "edit", "cat": "show", "trust": "allow", "permit": "allow",
    "deny": "revoke", "disallow": "revoke", "untrust": "revoke",
}  # fmt: skip

#: What ``-h`` without a host means.
HELP: Final = object()

_SUMMARIES: Final = {
    "connect": "connect to a server, or open a Milvus Lite file",
    "disconnect": "close connections",
    "status": "show the connections (also: %milvus alone)",
    "use": "make a connection the current one",
    "adopt": "give an alias to a connection that other code of this kernel opened",
    "doctor": "check layer by layer why a server does or does not answer",
    "ping": "measure round trips to a server",
    "ls": "list what is there: databases, collections with rows and load state, fields",
    "describe": "show all of a collection: fields, indexes, rows, load state, partitions",
    "peek": "show some rows of a collection, vectors shortened; the value is a DataFrame",
    "client": "give the connection's pymilvus MilvusClient, or AsyncMilvusClient",
    "code": "give the connection, or a collection, as code",
    "profile": "saved connections: list, show, save, edit, delete, test, allow, revoke, secret, …",
    "reconnect": "bring back what was connected before the kernel was restarted",
    "panel": "show the connections as a widget",
    "help": "show this help, or that of a command",
}

_EXAMPLES: Final = {
    "connect": """
  A server of this machine, or MILVUS_URI and MILVUS_TOKEN where they are set:
    %milvus connect
    %milvus connect localhost:19530 --user root --ask
  Milvus Lite, a database beside the notebook:
    %milvus connect ./demo.db
  A profile, see %milvus help profile; else an alias that was disconnected:
    %milvus connect prod
  A cloud:
    %milvus connect https://in03.example.com --token-env MILVUS_TOKEN -a cloud
  TLS with an authority of your own; with a certificate of yours as well; under another name:
    %milvus connect db.example:19530 --ca-pem-path ca.pem -a prod
    %milvus connect db.example --ca-pem-path ca.pem --client-pem-path me --client-key-path key
    %milvus connect 10.0.0.7:19530 --ca-pem-path ca.pem --server-name db.example
  As in the Milvus CLI; the second disconnects the alias default:
    %milvus connect -h localhost -p 19530 -a default
    %milvus connect -D
  What you have copied, of pymilvus, Milvus CLI, curl; it is read, never run:
    %milvus connect MilvusClient("http://localhost:19530", token="root:Milvus")
    %milvus connect curl http://localhost:19530/v2/vectordb/collections/list -u root:Milvus
  Of several lines, put %%milvus connect above them. A secret in them leaves
  the cell, where the front end rewrites cells: JupyterLab and Notebook do, nbclient does not.""",
    "disconnect": """
  %milvus disconnect            the current connection
  %milvus disconnect prod lab
  %milvus disconnect --all
  %milvus disconnect client:store --force      opened by other code that still uses it""",
    "use": """
  %milvus use prod
  %milvus use prod --db sales""",
    "doctor": """
  %milvus doctor                           the current connection, or where connect would go
  %milvus doctor prod lab                  connections
  %milvus doctor https://db.example:19530  any address; nothing is connected
  %milvus doctor db.example --token-env MILVUS_TOKEN""",
    "client": """
  client = %milvus client
  client = %milvus client prod
  client = %milvus client prod --async     then: await client.list_collections()""",
    "ls": """
  %milvus ls                    the current connection: its database, and the other ones
  %milvus ls prod               another connection
  %milvus ls prod/sales         a database
  %milvus ls sales/books        a collection's fields; also: %milvus ls books""",
    "describe": """
  %milvus describe books
  %milvus describe books -a prod --db sales""",
    "peek": """
  %milvus peek books
  rows = %milvus peek books -n 20 --where "year > 1990 and title like 'A%'"
  Nothing is loaded for it: of a released collection there are no rows to see.""",
    "code": """
  %milvus code                  the current connection, as pymilvus's MilvusClient
  %milvus code --for books      a collection: describe, load, query, search, insert, create
  %milvus code prod --lang go
  The languages: magic, python, orm, async, node, go, java, cli, curl.
  Secrets are environment variables in it: the one that you gave, else MILVUS_PASSWORD or
  MILVUS_TOKEN.""",
    "profile": """
  %milvus help profile save                    the options of one of them
  %milvus profile save prod                    of a connection, without its secret
  %milvus profile save prod --secret keyring --label Production --color red --confirm
  %milvus profile save --name dev --secret env:MILVUS_TOKEN --project
  %milvus connect prod                         its alias is prod, too
  %milvus profile edit prod db_name=sales label=    a key without a value is taken out
  %milvus profile secret prod                  keep its password, or token, in the system's keyring
  %milvus profile import cli                   what the Milvus CLI has saved
  %milvus profile import env                   MILVUS_URI and MILVUS_TOKEN
  %milvus profile import curl http://localhost:19530/v2/vectordb/collections/list
  Yours are in one file of your own, a project's in milvus.toml, which wins; %milvus profile list
  says where. Both hold references to secrets alone: ask, keyring, env:NAME, none.
  A project's profile is asked about before it is used for the first time, and when its file, its
  address or its secret changes; --yes is no answer to that. Where nobody can be asked, and for
  connections.connect("dev") in Python, its user allows it:
    %milvus profile allow dev
    %milvus profile revoke dev""",
    "reconnect": """
  %milvus reconnect             all of them; what was typed is asked for again
  %milvus reconnect prod""",
    "adopt": """
  %milvus adopt client:client          %milvus status shows the names
  %milvus adopt orm:default -a prod""",
}


def _connect() -> Parser:
    parser = _parser("connect")
    _where(parser)
    _who(parser)
    _tls(parser)
    how = parser.add_argument_group("how")
    how.add_argument("--timeout", metavar="SECONDS", help="5 by default")
    how.add_argument("--replace", action="store_true", help="take over an alias that is in use")
    how.add_argument("--yes", action="store_true", help="where a profile wants to be asked about")
    how.add_argument("-D", "--disconnect", action="store_true", help="disconnect the alias instead")
    return parser


def _where(parser: Parser) -> None:
    where = parser.add_argument_group("where")
    where.add_argument(
        "address",
        nargs="?",
        metavar="ADDRESS",
        help="a profile or an alias, localhost:19530, https://host, unix:/path, ./file.db",
    )
    where.add_argument("--profile", metavar="PROFILE", help="a saved connection, by its name")
    where.add_argument("-uri", "--uri", metavar="URI", help="the same, as an option")
    where.add_argument("-h", "--host", nargs="?", const=HELP, metavar="HOST", help="the host")
    where.add_argument("-p", "--port", metavar="PORT", help="the port; 19530 by default")
    where.add_argument("--db", metavar="NAME", help="the database")
    where.add_argument("-a", "--alias", default="default", metavar="ALIAS", help="default: default")


def _who(parser: Parser) -> None:
    who = parser.add_argument_group("who")
    who.add_argument("--user", metavar="NAME", help="the user")
    who.add_argument("--password", metavar="TEXT", help="in clear; better one of the next two")
    who.add_argument("--ask", action="store_true", help="ask for the password, or token, unseen")
    who.add_argument("--password-env", metavar="VAR", help="environment variable that holds it")
    who.add_argument("-t", "--token", metavar="TEXT", help="user:password or an API key, in clear")
    who.add_argument("--token-env", metavar="VAR", help="environment variable that holds it")


def _tls(parser: Parser) -> None:
    tls = parser.add_argument_group("TLS")
    tls.add_argument("--secure", action="store_true", default=None, help="use TLS")
    tls.add_argument("--ca-pem-path", metavar="FILE", help="the authority to trust")
    tls.add_argument("--server-pem-path", metavar="FILE", help="the server's certificate to trust")
    tls.add_argument("--client-pem-path", metavar="FILE", help="your certificate (mutual TLS)")
    tls.add_argument("--client-key-path", metavar="FILE", help="your certificate's key")
    tls.add_argument("--server-name", metavar="NAME", help="the name in the server's certificate")
    tls.add_argument(
        "-tls",
        "--tlsmode",
        dest="tls",
        choices=("0", "1", "2"),
        help="Milvus CLI: 0 off, 1 TLS, 2 mutual",
    )
    tls.add_argument("-cert", "--cert", metavar="FILE", help="Milvus CLI: --server-pem-path")


def _disconnect() -> Parser:
    parser = _parser("disconnect")
    parser.add_argument("aliases", nargs="*", metavar="ALIAS", help="default: the current one")
    parser.add_argument(
        "--all", action="store_true", help="every connection with an alias; with --force all"
    )
    parser.add_argument(
        "--force", action="store_true", help="also what other code of this kernel still uses"
    )
    parser.add_argument(
        "--yes", action="store_true", help="where a profile wants to be asked about"
    )
    return parser


def _status() -> Parser:
    parser = _parser("status")
    parser.add_argument("alias", nargs="?", metavar="ALIAS", help="all that is known of this one")
    return parser


def _use() -> Parser:
    parser = _parser("use")
    parser.add_argument("alias", metavar="ALIAS", help="which one")
    parser.add_argument("--db", metavar="NAME", help="change its database, too")
    return parser


def _ping() -> Parser:
    parser = _parser("ping")
    parser.add_argument("alias", nargs="?", metavar="ALIAS", help="default: the current one")
    parser.add_argument("--count", type=_count, default=5, metavar="N", help="round trips; 5")
    return parser


def _doctor() -> Parser:
    parser = _parser("doctor")
    parser.add_argument(
        "names", nargs="*", metavar="ALIAS or ADDRESS", help="default: the current connection"
    )
    parser.add_argument("--db", metavar="NAME", help="look for this database (with an address)")
    _who(parser)
    _tls(parser)
    parser.add_argument("--timeout", metavar="SECONDS", help="5 by default")
    return parser


def _client() -> Parser:
    parser = _parser("client")
    parser.add_argument("alias", nargs="?", metavar="ALIAS", help="default: the current one")
    parser.add_argument(
        "--async", dest="is_async", action="store_true", help="the AsyncMilvusClient, for await"
    )
    return parser


def _code() -> Parser:
    parser = _parser("code")
    parser.add_argument("alias", nargs="?", metavar="ALIAS", help="default: the current one")
    parser.add_argument("--lang", default="python", metavar="LANGUAGE", help="python by default")
    parser.add_argument(
        "--for", dest="collection", metavar="COLLECTION", help="what one does with a collection"
    )
    parser.add_argument("--field", metavar="FIELD", help="with --for: with this field alone")
    parser.add_argument("--db", metavar="NAME", help="with --for: default: the connection's own")
    return parser


def _ls() -> Parser:
    parser = _parser("ls")
    parser.add_argument(
        "path",
        nargs="?",
        metavar="PATH",
        help="ALIAS, ALIAS/DATABASE, DATABASE/COLLECTION; default: the current connection",
    )
    return parser


def _describe() -> Parser:
    parser = _parser("describe")
    _which(parser)
    return parser


def _peek() -> Parser:
    parser = _parser("peek")
    _which(parser)
    parser.add_argument("-n", type=_count, default=5, metavar="ROWS", help="how many; 5")
    parser.add_argument("--where", metavar="FILTER", help="in Milvus's words, in quotes")
    return parser


def _which(parser: Parser) -> None:
    parser.add_argument("collection", metavar="COLLECTION", help="its name, or DATABASE/COLLECTION")
    parser.add_argument("-a", "--alias", metavar="ALIAS", help="default: the current connection")
    parser.add_argument("--db", metavar="NAME", help="default: the connection's own")


def _adopt() -> Parser:
    parser = _parser("adopt")
    parser.add_argument("name", metavar="NAME", help="as in %%milvus status, such as client:store")
    parser.add_argument("-a", "--alias", metavar="ALIAS", help="default: made of the name")
    return parser


def _reconnect() -> Parser:
    parser = _parser("reconnect")
    parser.add_argument("aliases", nargs="*", metavar="BEFORE", help="default: all of them")
    parser.add_argument(
        "--yes", action="store_true", help="where a profile wants to be asked about"
    )
    return parser


def _profile_save() -> Parser:
    parser = Parser("profile save", "save a connection, without its secret")
    parser.add_argument("alias", nargs="?", metavar="ALIAS", help="default: the current one")
    parser.add_argument("--name", metavar="NAME", help="the profile's; default: the alias")
    parser.add_argument(
        "--secret", metavar="REFERENCE", help="ask, keyring, env:NAME; default: as it was given"
    )
    parser.add_argument("--label", metavar="TEXT", help="shown wherever the alias is")
    parser.add_argument("--color", metavar="COLOR", help="of the label: red, orange, green, …")
    parser.add_argument("--confirm", action="store_true", help="ask before dis/connecting")
    parser.add_argument("--default", action="store_true", help="%%milvus connect alone means it")
    parser.add_argument("--autoconnect", action="store_true", help="connect it on %%load_ext")
    _where_saved(parser)
    return parser


def _profile_edit() -> Parser:
    parser = Parser("profile edit", "change a profile")
    parser.add_argument("name", metavar="PROFILE", help="which one")
    parser.add_argument(
        "changes", nargs="*", metavar="KEY=VALUE", help="without a value: taken out"
    )
    parser.add_argument("--rename", metavar="NAME", help="give it another name")
    return parser


def _profile_delete() -> Parser:
    parser = Parser("profile delete", "delete profiles, and their secrets in the keyring")
    parser.add_argument("names", nargs="+", metavar="PROFILE", help="which ones")
    return parser


def _profile_import() -> Parser:
    parser = Parser("profile import", "make profiles of what other tools have saved")
    parser.add_argument(
        "where",
        nargs="?",
        choices=("cli", "env"),
        help="Milvus CLI; environment; else what you have copied, as with connect",
    )
    parser.add_argument("--name", metavar="NAME", help="the profile's (not with cli)")
    _where_saved(parser)
    return parser


def _where_saved(parser: Parser) -> None:
    parser.add_argument(
        "--project",
        action="store_true",
        default=None,
        help="in the project's milvus.toml, which others may read",
    )
    parser.add_argument("--replace", action="store_true", help="one of that name")


def _of_profile(command: str, summary: str) -> Parser:
    parser = Parser(f"profile {command}", summary)
    parser.add_argument("name", metavar="PROFILE", help="which one")
    return parser


def _help() -> Parser:
    parser = _parser("help")
    parser.add_argument("command", nargs="?", metavar="COMMAND", help="one of the commands")
    parser.add_argument("action", nargs="?", metavar="ACTION", help="one of profile's commands")
    return parser


def _parser(command: str) -> Parser:
    return Parser(command, _SUMMARIES[command])


def _count(text: str) -> int:
    if text.isascii() and text.isdigit() and 1 <= int(text[:5]) <= 1_000:
        return int(text[:5])
    raise argparse.ArgumentTypeError("this value is not possible: it is 1 to 1,000")


PARSERS: Final[dict[str, Parser]] = {
    "connect": _connect(),
    "disconnect": _disconnect(),
    "status": _status(),
    "use": _use(),
    "adopt": _adopt(),
    "doctor": _doctor(),
    "ping": _ping(),
    "ls": _ls(),
    "describe": _describe(),
    "peek": _peek(),
    "client": _client(),
    "code": _code(),
    "profile": _parser("profile"),
    "reconnect": _reconnect(),
    "panel": _parser("panel"),
    "help": _help(),
}

#: The commands of ``%milvus profile``.
PROFILE: Final[dict[str, Parser]] = {
    "list": Parser("profile list", "show the profiles, and what is wrong with their files"),
    "show": _of_profile("show", "show a profile as it stands in its file"),
    "save": _profile_save(),
    "edit": _profile_edit(),
    "delete": _profile_delete(),
    "test": _of_profile("test", "check layer by layer whether it would connect"),
    "allow": _of_profile("allow", "let a project's profile be used, where nobody can be asked"),
    "revoke": _of_profile("revoke", "take that back: it is asked about again"),
    "secret": _of_profile("secret", "keep its password, or token, in the system's keyring"),
    "import": _profile_import(),
}


def profile_help(command: str) -> str:
    """Give the help of a command of ``%milvus profile``."""
    return PROFILE[command].format_help().strip()


def help_text(command: str | None) -> str:
    """Give the help of a command, or of all of them."""
    if command is None:
        lines = [f"  %milvus {name:<11} {summary}" for name, summary in _SUMMARIES.items()]
        return "\n".join(["Connections to Milvus:", *lines, "", "%milvus help connect tells more."])
    if command == "profile":
        lines = [f"  %milvus profile {name:<7} {one.description}" for name, one in PROFILE.items()]
        text = "\n".join(["usage: %milvus profile COMMAND …", "", "Saved connections:", *lines])
    else:
        text = PARSERS[command].format_help().strip()
    examples = _EXAMPLES.get(command)
    return f"{text}\n\nexamples:{examples}" if examples else text
