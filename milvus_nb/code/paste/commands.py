"""Lines that connect: ``connect …`` of the Milvus CLI, old and new, and ``%milvus connect …``."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Any, Final

from ...errors import MagicUsageError, ParamsError
from .addresses import as_pymilvus_reads
from .reading import Finding, Unread, Value, variable
from .shell import Shell, sliced

if TYPE_CHECKING:
    import argparse

    from .reading import Reading

__all__ = ["CLI", "MAGIC", "read_cli", "read_magic"]

MAGIC: Final = re.compile(
    r"^[^\S\n]*(?:In \[\d*\]:[^\S\n]*|>>>[^\S\n]*)?(?:\w+[^\S\n]*=[^\S\n]*)?%?%milvus(?=\s|$)(.*)",
    re.MULTILINE,
)
CLI: Final = re.compile(
    r"^[^\S\n]*(?:milvus_cli[^\S\n]*>[^\S\n]*connect(?=\s|$)(.*)|connect[^\S\n]+(-.*))$",
    re.MULTILINE,
)
_USE: Final = re.compile(
    r"^[^\S\n]*(?:milvus_cli[^\S\n]*>[^\S\n]*)?use database[^\S\n]+(-.*)$", re.MULTILINE
)
_OLD: Final = {"-u": "--user", "--username": "--user", "-pwd": "--password"}
_REFERENCE: Final = re.compile(r"(?s)([^:]*:)?\$\{?([A-Z_][A-Z0-9_]*)\}?")
_KEYWORDS: Final = {
    "address": "address", "uri": "uri", "host": "host", "port": "port", "user": "user",
    "password": "password", "token": "token", "db": "db_name", "secure": "secure",
    "ca_pem_path": "ca_pem_path", "server_pem_path": "server_pem_path", "cert": "server_pem_path",
    "client_pem_path": "client_pem_path", "client_key_path": "client_key_path",
    "server_name": "server_name",
}  # fmt: skip


def read_cli(text: str, reading: Reading) -> None:
    """Read the first line that connects, and the sign-in that a shell hands to the CLI."""
    lines = [_words(match[1] or match[2] or "") for match in CLI.finditer(text)]
    connecting = [words for words in lines if not {"-D", "--disconnect"} & set(words)]
    if not connecting:
        raise _disconnects("connect -D")
    words = [_OLD.get(word, word) for word in connecting[0]]
    arguments = _put_all(words, "connect", reading)
    if not reading.given.keys() & {"uri", "host", "address"}:
        # The CLI's own default.
        if "port" in reading.given:
            reading.put("host", Value("127.0.0.1"), "host")
        else:
            reading.put("uri", Value("http://127.0.0.1:19530"), "uri")
    if arguments.token is None:
        _read_shell(text, reading)
    for match in _USE.finditer(text):
        words = _words(match[1])
        if len(words) == 2:
            reading.put("db_name", Value(words[1]), "the database")


def read_magic(text: str, reading: Reading) -> None:
    """Read the first ``%milvus connect``."""
    lines = [words for match in MAGIC.finditer(text) if (words := _magic_words(match[1]))]
    connecting = [words[1:] for words in lines if words[0] == "connect"]
    wanted = [words for words in connecting if not {"-D", "--disconnect"} & set(words)]
    if wanted:
        _put_all(wanted[0], "%milvus connect", reading)
        return
    if connecting or any(words[0] == "disconnect" for words in lines):
        raise _disconnects("%milvus disconnect")
    raise ParamsError(
        "The pasted line is no %milvus connect.",
        "Only that command says where a connection goes.",
        "Paste the line with %milvus connect.",
    )


def _put_all(words: list[str], command: str, reading: Reading) -> argparse.Namespace:
    arguments = _parsed(words, command)
    for option, value in vars(arguments).items():
        if option in _KEYWORDS and value is not None:
            reading.put(_KEYWORDS[option], _value(option, value, reading), _option(option))
    if any(word.startswith(("-a", "--alias")) for word in words):
        reading.put("alias", Value(arguments.alias), "the alias")
    if arguments.timeout is not None:
        reading.put("timeout", _seconds(arguments.timeout), "--timeout")
    for name in ("password", "token"):
        if variable_name := getattr(arguments, f"{name}_env"):
            finding = variable(variable_name, reading.env)
            reading.put(name, finding, f"the {name}")
    if arguments.tls is not None:
        # 0, the CLI's default, leaves it to the address.
        secure = arguments.tls != "0" or (False if reading.kind == "magic" else None)
        reading.put("secure", Value(secure), "-tls")
    if arguments.ask:
        reading.note("--ask is left out: the password or token has to be given here")
    return arguments


def _value(option: str, value: Any, reading: Reading) -> Finding:
    if option in {"address", "uri"}:
        return Value(as_pymilvus_reads(value) if reading.kind == "milvus-cli" else value)
    reference = _REFERENCE.fullmatch(value) if option in {"password", "token"} else None
    if reference is None or reading.kind == "magic":
        return Value(value)
    finding = variable(reference[2], reading.env)
    if isinstance(finding, Unread):
        return finding
    return Value((reference[1] or "") + finding.value, finding.typed)


def _option(name: str) -> str:
    return f"the {name}" if name == "address" else f"--{name.replace('_', '-')}"


def _words(line: str) -> list[str]:
    try:
        return shlex.split(line)
    except ValueError:
        pass  # raised below, outside, so that the line is not kept in the error's context
    raise _open_quote()


def _magic_words(line: str) -> list[str]:
    """Split a line as `arguments.split` does, but refuse what that would evaluate."""
    from IPython.utils.text import DollarFormatter

    from ..arguments import raw_words

    try:
        raw = raw_words(line)
    except MagicUsageError:
        raw = None
    if raw is None:
        raise _open_quote()
    words = []
    for word in raw:
        if "$" in word or "{" in word:
            try:
                parts = list(DollarFormatter().parse(word))
            except ValueError:
                parts = [("", "", None, None)]
            if any(field is not None for _, field, _, _ in parts):
                raise ParamsError(
                    "The pasted line has a Python value in it.",
                    "Braces and $ mean one, and it is known only where the line was written.",
                    "Write the value itself in its place, or use --token-env and --password-env.",
                )
            words.append("".join(literal for literal, _, _, _ in parts))
        else:
            words.append(word)
    return words


def _parsed(words: list[str], command: str) -> argparse.Namespace:
    from ..arguments import Word
    from ..usage import HELP, PARSERS

    try:
        arguments = PARSERS["connect"].parse([Word(word, word) for word in words])
    except MagicUsageError as error:
        lines = error.lines
    else:
        if command == "connect" and arguments.address:
            lines = ["connect has a word too many."]
        elif arguments.host is HELP or arguments.help:
            lines = ["connect asks for help."]
        else:
            return arguments
    what = lines[0].replace("%milvus connect", command)
    # A password that starts with a dash looks like an option.
    if re.search(r"has no option (?!--?[a-z][a-z-]*\.$)", what):
        what = f"{command} has an option that is not known here."
    raise ParamsError(
        what,
        "A value with a blank in it needs quotes, one that starts with - an = before it.",
        "Correct the line, or fill in the form.",
    )


def _read_shell(text: str, reading: Reading) -> None:
    """Read ``ZILLIZ_TOKEN=… milvus_cli``, and what is exported before."""
    for match in re.finditer(r"\bZILLIZ_TOKEN=", text):
        words = Shell(text, reading.env).words(match.end())
        if words:
            token = sliced(words[0], re.compile(r"(?s)(.*)")) or words[0]
            reading.put("token", token, "ZILLIZ_TOKEN")
        return


def _seconds(text: str) -> Finding:
    try:
        return Value(float(text))
    except ValueError:
        return Unread("It is no number of seconds.", "Write for example --timeout 10.")


def _disconnects(command: str) -> ParamsError:
    return ParamsError(
        "The pasted line ends a connection.",
        f"{command} says nothing about where one goes.",
        "Paste the line that connects.",
    )


def _open_quote() -> ParamsError:
    return ParamsError(
        "A quote in the pasted line is not closed.",
        "So it cannot be told where a value ends.",
        "Paste the whole line.",
    )
