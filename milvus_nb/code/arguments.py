"""A line of ``%milvus`` → its words and options, with Python values put in.

IPython would put values into the line before it is split into words, and a password with a blank,
a quote or a backslash would come apart. So the line is split first.
"""

from __future__ import annotations

import argparse
import re
import shlex
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeVar

from IPython.utils.text import DollarFormatter

from ..errors import ConnectError, ExploreError, MagicUsageError, MilvusNbError
from ..params.suggestion import closest
from ..params.tidy import as_command

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

E = TypeVar("E", bound=MilvusNbError)

__all__ = [
    "Names", "Parser", "Word", "hidden", "raw_words", "shown", "split", "unexpanded",
    "with_windows_paths",
]  # fmt: skip

# What other tools call our options.
_MEANT: Final = {
    "username": "user", "u": "user", "db-name": "db", "database": "db", "d": "db", "name": "alias",
    "pass": "password", "pwd": "password", "api-key": "token", "tls-mode": "tlsmode",
}  # fmt: skip

_SECRETS: Final = ("password", "token")

# They are shown everywhere; what is not shown of a variable is no such name.
_NAMES: Final = {
    "alias": "alias", "name": "name", "user": "user", "db": "database", "label": "label",
    "rename": "name",
}  # fmt: skip

# Where nothing is a value: the server's default database, no label.
_MAY_BE_EMPTY: Final = {"db", "label"}

_LONG: Final = 6  # characters
_BRACES: Final = re.compile(r"\{\{|\}\}|\{[^{}]*\}")
_VALUE: Final = re.compile(r"-\.?\d|\S*\s")  # a number, several words: no option
# A path of Windows, whose backslashes are no escapes: with a drive, from a folder, or on a server.
_WINDOWS: Final = re.compile(
    r"""(?<!\S)(--?[\w-]+=)?(?:(\\\\)(?=[\w.-]+\\[^\s"']*\.(?:db|pem|crt|cer|key)(?!\S))|"""
    r"""(?=(?:[A-Za-z]:|\.{1,2}|~)\\))([^\s"']*)"""
)
_BACKSLASH: Final = re.compile(r"(?<!\\)\\(?=[^\s\\])")
_PLACEHOLDER: Final = re.compile("\ue000(\\d+)\ue001")


class Names(dict[str, Any]):
    """The variables that a line sees.

    Attributes
    ----------
    lost
        Those that it should see and whose value cannot be had: why, and what to do. None of the
        same name is meant instead.
    """

    def __init__(self, names: Mapping[str, Any]) -> None:
        super().__init__(names)
        self.lost: dict[str, tuple[str, str]] = {}


@dataclass(frozen=True)
class Word:
    """One word of the line.

    Attributes
    ----------
    text
        Its value.
    typed
        What stands in the notebook: the same, or ``$name`` or ``{expression}``.
    values
        What was put in for those.
    """

    text: str
    typed: str
    values: tuple[str, ...] = field(default=(), repr=False)


def split(line: str, namespace: Mapping[str, Any]) -> list[Word]:
    """Split a line into words, and put in the values of ``$name`` and ``{expression}``.

    Parameters
    ----------
    line
        What follows ``%milvus``.
    namespace
        The user's variables.

    Raises
    ------
    MagicUsageError
        A quote is not closed, or an expression has no value.
    """
    return [_expand(word, namespace) for word in raw_words(line)]


def raw_words(line: str) -> list[str]:
    """Split a line into words, and leave ``$name`` and ``{expression}`` as they are.

    Raises
    ------
    MagicUsageError
        A quote is not closed.
    """
    expressions: list[str] = []

    def hide(match: re.Match[str]) -> str:
        expressions.append(match.group())
        return f"\ue000{len(expressions) - 1}\ue001"

    def show(match: re.Match[str]) -> str:
        number = match[1]
        is_ours = number.isascii() and len(number) <= 6 and int(number) < len(expressions)
        return expressions[int(number)] if is_ours else match.group()

    try:
        words = shlex.split(_BRACES.sub(hide, with_windows_paths(as_command(line))))
    except ValueError:
        pass  # raised below, outside, so that the line is not kept in the error's context
    else:
        return [_PLACEHOLDER.sub(show, word) for word in words]
    raise MagicUsageError(
        "A quote in this line is not closed.",
        "",
        "Close it, or write \\' or \\\" for a quote that is part of a value.",
    )


def with_windows_paths(line: str) -> str:
    """Double the backslashes of paths of Windows, which a shell's rules would take away.

    Those that are doubled, or stand in quotes, are as they should be.
    """
    if "\\" not in line:
        return line
    return _WINDOWS.sub(_doubled_backslashes, line)


def _doubled_backslashes(found: re.Match[str]) -> str:
    option, server, path = found.groups(default="")
    return option + 2 * server + _BACKSLASH.sub(r"\\\\", path)


class _Formatter(DollarFormatter):
    """Puts a value in as text; of an object that hides a secret, the secret."""

    def __init__(self) -> None:
        super().__init__()
        self.values: list[str] = []

    def format_field(self, value: Any, format_spec: str) -> Any:
        from ..params.values import plain  # not before: loading the extension has to stay light

        if value is None:
            raise ValueError("it is None")
        text = super().format_field(plain(value), format_spec)
        self.values.append(text)
        return text


def _expand(text: str, namespace: Mapping[str, Any]) -> Word:
    if "$" not in text and "{" not in text:
        return Word(text, text)
    formatter = _Formatter()
    lost = ""
    try:
        value = formatter.vformat(text, (), dict(namespace))
    except NameError as error:
        problem = f"{type(error).__name__}: {error}"
        lost = error.name or ""
    except Exception as error:  # noqa: BLE001  # whatever the user's expression raises
        problem = f"{type(error).__name__}: {error}"
    else:
        return Word(value, text, tuple(formatter.values))
    if isinstance(namespace, Names) and lost in namespace.lost:
        raise MagicUsageError(f"{lost} has no value here.", *namespace.lost[lost])
    # Anything but a plain name may be a password with a brace or a dollar sign in it.
    is_name = re.fullmatch(r"\$\w+", text) is not None
    raise MagicUsageError(
        f"{text if is_name else 'A word of this line'} has no value.",
        f"It is taken as Python: {problem}" if is_name else "Braces and $ mean a Python value.",
        "Define it first. A dollar sign that is part of a value is written $$, a brace {{ or }}.",
    )


def hidden(error: E, words: Iterable[Word]) -> E:
    """Take out of an error what a line's variables held: its words may repeat what was given.

    Of an address that could be read, the error says where it leads.
    """
    if isinstance(error, ConnectError):
        return error
    for word in words:
        name = word.typed if re.fullmatch(r"\$\w+", word.typed) else "{…}"
        for value in word.values:
            forms = {value, value.strip(), value.lower(), repr(value)[1:-1], value.split("=")[0]}
            forms |= {part for part in value.split("/") if len(part) >= _LONG}  # of a path
            for form in sorted(forms - {""}, key=len, reverse=True):
                pattern = re.compile(re.escape(form))
                if len(form) < _LONG:  # may be part of any word
                    pattern = re.compile(rf"(?<!\w){re.escape(form)}(?!\w)")
                error.what, error.reason, fix = (
                    pattern.sub(lambda _: name, text)  # noqa: B023  # used at once
                    for text in (error.what, error.reason, error.fix)
                )
                if not (isinstance(error, ExploreError) and error.cause == "filter"):
                    error.fix = fix  # that of a filter has no word of it, but may be alike
    error.args = (error.what, error.reason, error.fix)
    return error


def shown(word: str) -> str:
    """Show a word that was taken for a command; what no command looks like may be a secret."""
    return repr(word) if re.fullmatch(r"-{0,2}[A-Za-z][\w-]{0,30}", word) else "of that name"


def unexpanded(text: str) -> str:
    """Double the dollars and braces of a value, where `split` would take them for Python."""
    if "$" not in text and "{" not in text:
        return text
    return "".join(_doubled(part) for part in re.split(r"(?<=[{}])", text))


def _doubled(part: str) -> str:
    # IPython leaves a $ alone that is followed by no name, or by an odd number of single quotes.
    part = re.sub(
        r"\$(?=[\w.])", lambda found: "$" if part.count("'", found.end()) % 2 else "$$", part
    )
    return re.sub(r"[{}]", r"\g<0>\g<0>", part)


class _Once(argparse.Action):
    """Stores a value; of two that differ nobody knows which is meant."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        before = getattr(namespace, self.dest, self.default)
        if option_string and before not in (self.default, values):
            parser.error(f"{option_string} is given twice, with different values")
        setattr(namespace, self.dest, values)


class Parser(argparse.ArgumentParser):
    """Options of one subcommand. Errors name options, never values: one may be a password."""

    def __init__(self, command: str, description: str) -> None:
        super().__init__(
            prog=f"%milvus {command}", description=description, add_help=False, allow_abbrev=False
        )
        self.command = command
        for name in (None, "store"):
            self.register("action", name, _Once)
        self.add_argument("--help", action="store_true", help="show this help")

    def parse(self, words: Iterable[Word]) -> argparse.Namespace:
        """Read the words.

        Raises
        ------
        MagicUsageError
            An option is unknown or lacks its value, or there is a word too many.
        """
        words = self._with_values(words)
        texts = [word.text for word in words]
        self._refuse_unknown_short(words)
        found, rest = self.parse_known_args(texts)
        if not rest:
            self._refuse_empty(found)
            self._refuse_secret_names(found, words)
            return found
        unknown = next((word for word in rest if word.startswith("-")), None)
        if unknown is not None:
            raise self._unknown(next(word for word in words if word.text == unknown))
        # They are not shown: one may be a password.
        many = "a word" if len(rest) == 1 else f"{len(rest)} words"
        reason, fix = "A value with a blank in it needs quotes.", f"See %milvus help {self.command}"
        name, equals, _ = rest[0].partition("=")
        if rest[0].isdigit():
            reason, fix = "A port stands behind a colon.", f"Did you mean HOST:{rest[0][:5]}?"
        elif equals and name.isidentifier():
            option = f"--{name.replace('_', '-')}"
            reason, fix = "Options begin with --.", f"Did you mean {option} VALUE?"
        elif rest[0].startswith("#"):
            reason = "No comment can follow on such a line."
        raise MagicUsageError(f"%milvus {self.command} has {many} too many.", reason, fix)

    def _with_values(self, words: Iterable[Word]) -> list[Word]:
        """Join an option with a value that begins with a dash, as in ``--password=-x``, ``-n -1``.

        argparse would take it for an option, and show it: it may be a password.
        """
        known, joined = self.options(), list[Word]()
        takes_one = {
            option: action.dest
            for action in self._actions
            for option in action.option_strings
            if action.nargs is None
        }
        for word in words:
            option = joined[-1].text if joined else ""
            if option in takes_one and word.text.startswith("-"):
                is_value = takes_one[option] in _SECRETS or _VALUE.match(word.text)
                is_option = word.text.split("=")[0] in known
                if (is_value and not is_option) or word.text != word.typed:
                    joined[-1] = Word(
                        f"{option}={word.text}", f"{option}={word.typed}", word.values
                    )
                    continue
            joined.append(word)
        return joined

    def _refuse_empty(self, found: argparse.Namespace) -> None:
        """Refuse empty words: what a variable without a value leaves is not "not given"."""
        for action in self._actions:
            value = getattr(found, action.dest, None)
            words = value if isinstance(value, list) else [value]
            if "" in words and action.dest not in _MAY_BE_EMPTY:
                name = [str(action.metavar or action.dest), *action.option_strings][-1]
                raise MagicUsageError(
                    f"%milvus {self.command}: {name} is empty.",
                    "A variable in its place may have no value.",
                    "Leave it out where it is not needed.",
                )

    def _refuse_secret_names(self, found: argparse.Namespace, words: list[Word]) -> None:
        """Refuse a variable's value as a name where it may be a secret that got there."""
        from ..params.secret import shown_name

        for dest, kind in _NAMES.items():
            value = getattr(found, dest, None)
            if not isinstance(value, str):
                continue
            options = (one for one in self._actions if one.dest == dest)
            starts = ("", *(start for one in options for start in one.option_strings))
            whole = {f"{start}{equals}{value}" for start in starts for equals in ("", "=")}
            is_typed = any(word.text in whole for word in words if not word.values)
            may_show = value.replace("@", "") if dest == "user" else value  # mail addresses
            if not is_typed and shown_name(may_show) != may_show:
                raise MagicUsageError(
                    f"%milvus {self.command}: the value of a variable is no {kind}.",
                    f"A {kind} is shown everywhere, and this may be a secret: it is not repeated.",
                    f"Give a plain name, or type it as it is. See %milvus help {self.command}",
                )

    def _get_values(self, action: argparse.Action, arg_strings: list[str]) -> Any:
        # Before Python 3.13 argparse takes -- for a separator, even in --user=--.
        if action.option_strings and arg_strings == ["--"]:
            return "--"
        return super()._get_values(action, arg_strings)

    def _refuse_unknown_short(self, words: list[Word]) -> None:
        """Refuse ``-ask`` and ``-user``, which argparse takes for ``-a sk`` and ``-uri ser``."""
        known = self.options()
        for word in words:
            if word.text == "--":
                return
            option, start = word.text.split("=")[0], word.text[:2]
            if start[:1] != "-" or start[1:] in ("", "-") or option in known:
                continue
            has_value = start in known and f"-{option}" not in known
            if not has_value:
                raise self._unknown(word)

    def _unknown(self, word: Word) -> MagicUsageError:
        option = word.typed.split("=", maxsplit=1)[0]
        name = option.lstrip("-").replace("_", "-")
        known = self.options()
        meant = f"--{_MEANT.get(name, name)}"
        near = meant if meant in known else closest(option, known)
        named = shown(option).strip("'")
        return MagicUsageError(
            f"%milvus {self.command} has no option {named}.",
            "",
            f"Did you mean {near}?" if near else f"See %milvus help {self.command}",
        )

    def error(self, message: str) -> NoReturn:
        """Raise instead of ending the process."""
        # argparse's messages start with the option; what follows may quote a value.
        what, _, _ = message.partition(" (choose")
        what = re.sub(r"invalid (\w+ )?(choice|value): .*", "this value is not possible", what)
        dash = "A value that starts with - is written --option=-value" if "expected" in what else ""
        raise MagicUsageError(
            f"%milvus {self.command}: {what}.", dash, f"See %milvus help {self.command}"
        )

    def options(self) -> list[str]:
        """List the option names."""
        return [name for action in self._actions for name in action.option_strings]
