"""Every line of code in the README, docs/ and the help does what is said there, on real servers.

The lines are taken out of the texts, so that none can be forgotten: one that is not run stands in
`NOT_RUN` with the reason. Only the places are put in: documented hosts lead to servers of this
machine.
"""

from __future__ import annotations

import contextlib
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
from traitlets.config import Config

import milvus_nb
from milvus_nb.code import usage
from milvus_nb.magic.magics import MilvusMagics
from milvus_nb.profiles.store import ProfileStore
from milvus_nb.server.extension import MilvusServer
from tests.support.clients import gateway
from tests.support.helpers import as_module, wait_until
from tests.support.kernels import Kernel
from tests.support.servers import (
    MilvusTestServer,
    make_certificates,
    server_tls,
    why_no_server,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE: Final = Path(__file__).parent
ROOT: Final = HERE.parent
PAGES: Final = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
TEXT: Final = "\n\n".join(page.read_text(encoding="utf-8") for page in PAGES)
# Each with its language, or its directive.
FENCED: Final = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)

_URI: Final = "http://{plain}"
_OUTSIDE: Final = "it is for a shell, and sets up what the tests run in"
NOT_RUN: Final = {
    "monkey.patch_all(thread=False, select=False)": "changes its whole process: see test_guest.py",
    "make lab": _OUTSIDE,
    "make test": _OUTSIDE,
    "make test-matrix": _OUTSIDE,
    "unix:": "a kind of address: unix:/run/milvus.sock is run",
    "make bench": _OUTSIDE,
    "make bench ARGS=--save": _OUTSIDE,
    "make soak": _OUTSIDE,
    "make docs": "test_the_site_is_built",
    "pip install milvus-lite": _OUTSIDE,
    "pip install -U milvus-lite": _OUTSIDE,
    "jupyter console": _OUTSIDE,
    'connect("prod", token=…)': "a form: it stands for other parameters than those before",
    'disconnect("prod")': "pymilvus's, in the comparison: tests/registry/test_differences.py",
    'MilvusClient("./x.db")': "the user's own: tests/registry/test_others.py",
    "pip install '.[lab,lite]'": _OUTSIDE,
    "pip install keyring": _OUTSIDE,
    "pip wheel --no-deps .": _OUTSIDE,
    "pip uninstall milvus_nb": _OUTSIDE,
    "output.enable_custom_widget_manager()": "Colab's",
    "jupyter labextension disable milvus_nb:status": "a command of JupyterLab's",
    "sudo install -D -m 644 profiles.toml /etc/jupyter/milvus_nb/profiles.toml": _OUTSIDE,
    "jupyter --paths": "a command of Jupyter's",
    "jupyter labextension list": "a command of JupyterLab's",
    "jupyter server extension list": "a command of Jupyter Server's",
    "connections.connect(...)": "a form: tests/code/test_paste.py has what it stands for",
    "MilvusClient(...)": "a form: tests/code/test_paste.py has what it stands for",
}

# What stands for a line that names no place or alias, or needs more than itself.
INSTEAD: Final = {
    "%milvus status ALIAS": ["%milvus status prod"],
    "with connections.connect(…):": [
        f"with connections.connect(uri='{_URI}', token='root:Milvus'):\n    pass"
    ],
    "%milvus status [ALIAS]": ["%milvus status", "%milvus status prod"],
    "%milvus connect [ADDRESS] [-a ALIAS] …": [
        "%milvus connect",
        "%milvus connect {plain} -a new -t root:Milvus",
    ],
    "%milvus disconnect [ALIAS …] [--all]": [
        "%milvus disconnect",
        "%milvus disconnect prod lab",
        "%milvus disconnect --all",
    ],
    "%milvus use ALIAS [--db NAME]": ["%milvus use prod", "%milvus use prod --db sales"],
    "%milvus ping [ALIAS] [--count N]": ["%milvus ping", "%milvus ping prod --count 3"],
    "%milvus doctor [ALIAS or ADDRESS …]": ["%milvus doctor prod {plain}"],
    "%milvus ls [PATH]": ["%milvus ls", "%milvus ls prod/sales", "%milvus ls sales/books"],
    "%milvus describe COLLECTION": ["%milvus describe books"],
    "%milvus peek COLLECTION [-n ROWS] [--where FILTER]": [
        "%milvus peek books",
        "%milvus peek sales/books -n 2 --where 'id > 3'",
    ],
    "%milvus client [ALIAS] [--async]": ["%milvus client", "%milvus client prod --async"],
    "%milvus code [ALIAS] [--lang LANGUAGE]": ["%milvus code", "%milvus code prod --lang go"],
    "%milvus adopt NAME [-a ALIAS]": ["%milvus adopt client:store -a mine"],
    "%milvus profile …": [f"%milvus profile {name} --help" for name in usage.PROFILE],
    "%milvus connect NAME": ["%milvus connect prod"],
    "%milvus profile allow NAME": ["%milvus profile allow dev"],
    "%milvus profile revoke NAME": ["%milvus profile revoke dev"],
    "%milvus profile secret NAME": ["%milvus profile secret prod"],
    "%milvus profile delete NAME": ["%milvus profile delete prod"],
    "%milvus help [COMMAND]": [f"%milvus help {name}" for name in usage.PARSERS],
    "%%milvus connect": [f"%%milvus connect\nMilvusClient(\n  '{_URI}', token='root:Milvus')"],
    'connect("prod")': ['connections.connect("prod")'],
    'connect("new")': ['connections.connect("new")'],
    "connect()": ["connections.connect()"],
    "from pymilvus import connections": ["from milvus_nb import connections"],
    "connection.diagnose()": ["connections['prod'].diagnose()"],
    'Collection("books", using="prod")': [
        "import pymilvus\nassert pymilvus.Collection('books', using='prod').num_entities == 0"
    ],
    'utility.list_collections(using="prod")': [
        "from pymilvus import utility\nassert utility.list_collections(using='prod') == ['books']"
    ],
    'db.using_database("sales", using="prod")': [
        "from pymilvus import db\ndb.using_database('sales', using='prod')",
    ],
    "[::1]:19530": ["%milvus connect [::1]:{port} -t root:Milvus"],
    "http://host:19530/database": [f"%milvus connect {_URI}/sales -t root:Milvus"],
    "unix:/run/milvus.sock": ["%milvus connect unix:{socket} -t root:Milvus"],
    # Where nobody has to sign in.
    "%milvus connect localhost:19530": ["%milvus connect localhost:{open}"],
    "%milvus connect http://localhost:19530": ["%milvus connect http://localhost:{open}"],
    "%milvus connect -h localhost -p 19530 -a default": [
        "%milvus connect -h localhost -p {open} -a default"
    ],
    "%load_ext": ["%load_ext milvus_nb"],
}

# Documented places → those of this machine.
PLACES: Final = {
    "https://in03.example.com": "https://localhost:{tls}",
    "https://db.example:19530": "https://localhost:{tls}",
    "connect db.example --ca": "connect localhost:{mutual} -t root:Milvus --ca",
    "db.example:19530 --ca": "localhost:{tls} -t root:Milvus --ca",
    "10.0.0.7:19530": "127.0.0.1:{tls} -t root:Milvus",
    "db.example:19530": "{plain}",
    "doctor db.example ": "doctor {plain} ",
    "localhost:9091": "localhost:{management}",
    "https://localhost:19530": "https://{plain}",
    "localhost:19530": "{plain}",
}

# What has to be there before a line; the first that fits.
BEFORE: Final = (
    (r"%milvus connect localhost:19530 --user root --ask$", "world()"),
    (r"%milvus connect -D", "world('default')"),
    (
        r"%milvus connect (prod|NAME)$|.*connect(\(.prod.|_profile\(.*)\)$",
        "world('prod'); save_prod()",
    ),
    (r"%milvus profile import env", "world(uri=True)"),
    (r"%milvus profile (allow|revoke)", "world('prod'); save_for_project('dev')"),
    (r"%milvus profile (edit|secret|show|test|delete)", "world('prod'); save_prod()"),
    (r"%milvus profile", "world('prod')"),
    (r"%%?milvus connect|connections\.connect|connect\(|\[::1|http:|unix:", "world(uri=True)"),
    (r"%milvus reconnect", "restart"),
    (r".*client:store\._milvus_client", "world('prod'); store = Store()"),
    (r".*client:store|%milvus adopt NAME", "world('prod'); store = made()"),
    (r".*client:client", "world('prod'); client = made()"),
    (r".*orm:default", "world(); theirs('default')"),
    (r"await ", "world('prod'); client = connections.async_client('prod')"),
    (r"client\.", "world('prod'); client = made()"),
    (r".*", "world('lab', 'prod')"),
)

PREPARED: Final = """
import contextlib, os, pathlib
%load_ext milvus_nb
from milvus_nb import connections
from milvus_nb.profiles.location import user_file
from pymilvus import MilvusClient, connections as orm

os.environ["MILVUS_TOKEN"] = "root:Milvus"
URI = os.environ["TEST_URI"]

def world(*aliases, uri=False):
    for name in ("MILVUS_URI", "no_proxy"):
        os.environ.pop(name, None)
    if uri:
        os.environ["MILVUS_URI"] = URI
    for name in ("client", "store"):
        globals().pop(name, None)
    with contextlib.suppress(Exception):
        get_ipython().run_line_magic("milvus", "disconnect --all --force --yes")
    for path in (pathlib.Path(user_file()), pathlib.Path("milvus.toml")):
        path.unlink(missing_ok=True)
    for alias in aliases:
        connections.connect(alias, uri=URI, token_env="MILVUS_TOKEN")
    if aliases:
        connections.use(aliases[-1])

def save_prod():
    get_ipython().run_line_magic("milvus", "profile save prod --secret env:MILVUS_TOKEN")
    connections.disconnect("prod")

def save_for_project(name):
    get_ipython().run_line_magic("milvus", f"profile save prod --name {name} --project")

def made():
    return MilvusClient(URI, token="root:Milvus", dedicated=True)

class Store:
    def __init__(self):
        self._milvus_client = made()

def theirs(alias):
    orm.connect(alias, uri=URI, token="root:Milvus")
"""


def blocks() -> Iterator[str]:
    """Give the cells of a notebook line by line, Python whole, a shell's lines without comments.

    Behind ``%milvus`` a comment is part of the line.
    """
    for language, block in FENCED.findall(TEXT):
        if language == "python" and not is_config(block):
            yield block.strip()
        elif language in ("", "shell"):
            lines = block.splitlines()
            # Behind an empty line comes what is shown.
            for line in lines[: lines.index("") if "" in lines else None]:
                if language == "shell":
                    line = re.sub(r"\s{2,}#.*", "", line)  # noqa: PLW2901
                yield line.strip()


def is_config(code: str) -> bool:
    """Tell whether it is for a file of settings."""
    return code.startswith("c.")


def spans() -> Iterator[str]:
    """Give the code in sentences."""
    address = r"\[::1\]|unix:|http://host:19530"
    begins = rf"%|{address}|connections?\.|client\.|await |from |import |make |pip |jupyter |"
    begins += r"with |\w+(\.\w+)?\("
    for code in re.findall(r"`([^`]+)`", FENCED.sub("", TEXT)):
        line = " ".join(code.split())
        if re.match(begins, line):
            yield line


def configured() -> Iterator[str]:
    """Give what is said for files of settings."""
    yield from (block for language, block in FENCED.findall(TEXT) if language == "python")
    yield from re.findall(r"`(c\.[^`]+=[^`]+)`", FENCED.sub("", TEXT))


def helped() -> Iterator[str]:
    """Give the lines of the help of all commands, without what is said of them."""
    texts = [usage.help_text(None)]
    texts += [usage.help_text(name) for name in usage.PARSERS]
    texts += [usage.profile_help(name) for name in usage.PROFILE]
    for text in texts:
        _, _, examples = text.partition("\nexamples:")
        for line in examples.splitlines():
            if re.match(r"\s+(%|\w+ = %)", line):
                yield re.split(r"\s{2,}", line.strip())[0]


LINES: Final = list(dict.fromkeys([*blocks(), *spans(), *helped()]))


@dataclass
class Desk:
    """A kernel in which the lines are run, and what is around it."""

    kernel: Kernel
    stack: contextlib.ExitStack
    places: dict[str, str] = field(default_factory=dict)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """Give a kernel to all tests of this file; it trusts the authority in ca.pem."""
    folder = tmp_path_factory.mktemp("documentation")
    environment = {
        "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH": str(folder / "ca.pem"),
        "HOME": str(folder),
    }
    with contextlib.ExitStack() as stack:
        kernel = Kernel(folder, environment)
        stack.callback(kernel.stop)
        yield Desk(kernel, stack)


@pytest.fixture(scope="module")
def documented() -> Iterator[MilvusTestServer]:
    """Give a server that needs a sign-in, with the names of the documentation in it."""
    if reason := why_no_server():
        pytest.skip(reason)
    server = MilvusTestServer(auth=True)
    yield server
    server.stop()


@pytest.fixture
def desk(shared: Desk, milvus: MilvusTestServer, documented: MilvusTestServer) -> Desk:
    """Give the kernel beside a server, on a socket and with TLS, too."""
    if not shared.places:
        folder, enter = shared.kernel.folder, shared.stack.enter_context
        made = make_certificates(folder / "certificates", names=("localhost", "db.example"))
        for path, name in (
            (made.ca_pem, "ca.pem"),
            (made.client_pem, "me"),
            (made.client_key, "key"),
        ):
            shutil.copy(path, folder / name)
        (folder / ".milvus_cli_connections.json").write_text(
            '{"old": {"uri": "http://localhost:19530"}}'
        )
        port = documented.port
        enter(gateway(port, path=folder / "milvus.sock"))
        shared.places |= {
            "plain": f"localhost:{port}",
            "management": str(documented.http_port),
            "open": str(milvus.port),
            "port": str(port),
            "socket": str(folder / "milvus.sock"),
            "tls": str(enter(gateway(port, tls=server_tls(made)))),
            "mutual": str(enter(gateway(port, tls=server_tls(made, mutual=True)))),
        }
        prepare(shared)
        shared.kernel.run(
            "world('prod')\n"
            "connections.client('prod').create_database('sales')\n"
            "connections.client('prod').create_collection('books', dimension=2)\n"
            "in_sales = MilvusClient(URI, token='root:Milvus', db_name='sales', dedicated=True)\n"
            "in_sales.create_collection('books', dimension=2)\n"
            "in_sales.close()\n"
        )
    return shared


def prepare(desk: Desk) -> None:
    """Run the first cell."""
    desk.kernel.run(f"%env TEST_URI=http://{desk.places['plain']}\n{PREPARED}")


def cells_of(line: str, places: dict[str, str]) -> list[str]:
    """Give the cells to run for a line of the documentation."""
    cells = []
    for cell in INSTEAD.get(line, [line]):
        for place, here in PLACES.items():
            if place in cell:
                cell = cell.replace(place, here)  # noqa: PLW2901
                break
        cells.append(re.sub(r"\{(\w+)\}", lambda found: places[found[1]], cell))
    return cells


def restart(desk: Desk) -> None:
    """Restart the kernel while it has a connection `prod`."""
    kernel = desk.kernel
    file = kernel.folder / "milvus_nb-kernel.json"
    kernel.run("world()")
    wait_until(lambda: not file.exists() or '"prod"' not in file.read_text())
    kernel.run("world('prod')")
    wait_until(lambda: file.exists() and '"prod"' in file.read_text())
    kernel.restart()
    prepare(desk)


# Behind the README's `connect` something is connected, and works.
CONNECTED: Final = "assert connections.current.state == 'connected', connections.current"


@pytest.mark.parametrize("line", [line for line in LINES if line not in NOT_RUN])
def test_each_line_does_what_is_said_there(desk: Desk, line: str) -> None:
    """It runs as it stands; where it connects, the connection works."""
    kernel = desk.kernel
    for cell in cells_of(line, desk.places):
        before = next(code for pattern, code in BEFORE if re.match(pattern, line))
        if before == "restart":
            restart(desk)
        else:
            kernel.run(before)
        done = kernel.execute(
            cell, answers=("Milvus",) if re.search("--ask|secret prod", cell) else ()
        )
        assert done.error is None, done.text
        if re.match(r"%%?milvus (re)?connect|connections\.connect", cell) and "-D" not in cell:
            kernel.run(CONNECTED)


def test_the_readme_can_be_followed_from_its_begin_to_its_end(desk: Desk) -> None:
    """Each block is a cell of one notebook, which can be run again."""
    cells = [
        block
        for language, block in FENCED.findall(PAGES[0].read_text("utf-8"))
        if language in ("", "python")
    ]
    assert len(cells) == 3
    desk.kernel.run("world()")
    for _ in range(2):
        for cell in cells:
            here = cell.replace("localhost:19530", desk.places["plain"])
            done = desk.kernel.execute(here, answers=("Milvus",) if "--ask" in cell else ())
            assert done.error is None, done.text


def test_lines_are_found_and_reasons_are_needed() -> None:
    """Each reason, and each line that stands for another, is for one that is still there."""
    assert len(LINES) > 80
    assert {*NOT_RUN, *INSTEAD} <= set(LINES)


def test_files_of_settings_name_settings_and_possible_values() -> None:
    """What belongs into jupyter_server_config.py and ipython_config.py; IPython's own aside."""
    classes = {cls.__name__: cls for cls in (MilvusMagics, MilvusServer)}
    config = Config()
    for code in configured():
        if is_config(code):
            exec(code, {"c": config})  # noqa: S102  # as traitlets does with such a file
    assert {*classes, "InteractiveShellApp"} == set(config)
    for name, cls in classes.items():
        traits = cls.class_traits(config=True)
        for key, value in config[name].items():
            traits[key]._validate(cls.__new__(cls), value)


def test_the_file_of_profiles_that_is_shown_can_be_read(tmp_path: Path) -> None:
    """Nothing in it is refused or unknown."""
    (block,) = (text for language, text in FENCED.findall(TEXT) if language == "toml")
    (tmp_path / "profiles.toml").write_text(block, "utf-8")
    found = ProfileStore(str(tmp_path), path=str(tmp_path / "profiles.toml")).find()
    assert [*found.profiles] == ["prod"]
    assert not found.problems


def test_the_readme_is_short_and_its_links_lead_to_what_there_is() -> None:
    """The repository is one, wherever it is named; PyPI shows no relative link."""
    readme = PAGES[0].read_text("utf-8")
    assert len(readme.encode()) <= 8192
    named = [PAGES[0], ROOT / "pyproject.toml", ROOT / "lab/package.json", ROOT / "CONTRIBUTING.md"]
    named += [path for path in (ROOT / ".github").rglob("*") if path.is_file()]
    found = re.findall(
        r"//(?:raw\.githubusercontent|github)\.com/([\w-]+/[\w-]+)(?:/(?:(?:blob|tree)/)?main/([\w./-]+))?",
        "\n".join(path.read_text("utf-8") for path in named),
    )
    assert len({repository for repository, _ in found}) == 1
    assert [path for _, path in found if not (ROOT / path).exists()] == []
    assert re.findall(r"\]\((?!https:)|^\[\w+\]: (?!https:)", readme, re.MULTILINE) == []


def test_tests_that_pages_name_exist() -> None:
    """Who renames a test has to say so where it is told what was checked, and by what."""
    named = re.compile(r"`(?:tests/)?((?:\w+/)*test_\w+\.py)(?:::(test_\w+))?`")
    for name in ("how-to/front-ends", "how-to/administrators", "reference/systems"):
        page = (ROOT / "docs" / f"{name}.md").read_text("utf-8")
        assert named.search(page)
        for file, function in named.findall(page):
            text = (HERE / file).read_text("utf-8")
            assert re.search(rf"^(?:async )?def {function or 'test_.+'}\(", text, re.MULTILINE), (
                file
            )
        assert re.findall(r"\btest_\w+", named.sub("", page)) == []


def test_all_that_is_public_is_in_the_reference() -> None:
    """But for the version."""
    page = (ROOT / "docs/reference/python.md").read_text("utf-8")
    assert [name for name in milvus_nb.__all__ if not re.search(rf"\b{name}\b", page)] == [
        "__version__"
    ]


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """Build the site as `make docs` does; another test runs its notebooks."""
    build = [*as_module("sphinx"), "-W", "--keep-going", "--quiet", "-D", "nb_execution_mode=off"]
    done = subprocess.run(
        [sys.executable, *build, "docs", str(tmp_path / "html")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return tmp_path / "html"


def test_the_site_is_built(site: Path) -> None:
    """Without a warning, so no link in it leads nowhere, and with what is made from the code."""
    for page, part in (
        ("reference/commands", "[--ca-pem-path FILE] [--server-pem-path FILE]"),
        ("reference/causes", "wrong-password"),
        ("reference/python", "milvus_nb.ConnectionRegistry.connect"),
        ("reference/rest", "/profiles/{name}"),
        ("reference/settings", "MilvusMagics.heartbeat"),
        ("tutorial/quickstart", "create_collection"),
        ("tutorial/tour", "A tour of the sidebar"),
    ):
        assert part in (site / f"{page}.html").read_text("utf-8"), page
