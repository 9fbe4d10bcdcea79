"""The form answers with what can be done, as buttons; nothing secret is sent anywhere by them."""

from __future__ import annotations

import base64
import json
import shutil
from typing import TYPE_CHECKING

import grpc
import pytest
import tomlkit
from playwright.sync_api import expect
from pymilvus import MilvusClient

from tests.browser.lab import ALL_TEXT, LOAD, JupyterLab, Sidebar
from tests.support.helpers import free_port, wait_until
from tests.support.servers import HEALTHY, ScriptedMilvus, make_certificates

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Locator, Page

    from tests.browser.lab import Notebook
    from tests.support.servers import Certificates, MilvusTestServer

_PASSWORD = "open-sesame-form"
_RULE = "A name has 1 to 64 letters, digits, blanks, and . _ + - between them."
_UNCHANGED = "unchanged: the kernel has it from before"
_AUTHORITY = "form-authority.pem"


@pytest.fixture
def sidebar(page: Page) -> Sidebar:
    """Give the sidebar of a page that is 700 pixels high."""
    page.set_viewport_size({"width": 1180, "height": 760})
    return Sidebar(page)


class SignIn:
    """What a Milvus says that lets in who has the password; it may be changed."""

    def __init__(self) -> None:
        self.password = _PASSWORD

    def __call__(self, context: grpc.ServicerContext) -> bytes:
        """Answer a call, or refuse it."""
        given = dict(context.invocation_metadata()).get("authorization", "")
        if not given:
            context.abort(grpc.StatusCode.UNAUTHENTICATED, "missing authorization in header")
        if given != base64.b64encode(f"root:{self.password}".encode()).decode():
            context.abort(
                grpc.StatusCode.UNAUTHENTICATED,
                "auth check failure, please check username and password are correct",
            )
        return b""


@pytest.fixture
def sign_in() -> SignIn:
    """Give what decides about the password."""
    return SignIn()


@pytest.fixture
def guarded(sign_in: SignIn) -> Iterator[ScriptedMilvus]:
    """Give a Milvus that wants a password, also of who is connected already."""

    def let_in(answer: bytes) -> Callable[[grpc.ServicerContext], bytes]:
        return lambda context: sign_in(context) + answer

    with ScriptedMilvus({name: let_in(answer) for name, answer in HEALTHY.items()}) as server:
        yield server


@pytest.fixture
def certificates(lab: JupyterLab, tmp_path: Path) -> Iterator[Certificates]:
    """Give certificates; the authority's is also where JupyterLab shows it."""
    found = make_certificates(tmp_path)
    path = lab.work / _AUTHORITY
    shutil.copy(found.ca_pem, path)
    yield found
    path.unlink()


def offer(form: Locator, name: str) -> Locator:
    """Give one of the buttons of an answer."""
    return form.get_by_role("group", name="What can be done").get_by_role(
        "button", name=name, exact=True
    )


def test_what_can_be_done_is_a_button(
    *,
    open_notebook: Callable[..., Notebook],
    sidebar: Sidebar,
    guarded: ScriptedMilvus,
    sign_in: SignIn,
    certificates: Certificates,
    team: Path,
) -> None:
    """TLS, its files, an alias, a sign-in, a question; and from the row of a live connection."""
    notebook = open_notebook(LOAD, "import os; os.environ['FORM_TEAM'] = 'another'")
    notebook.run_all()
    sidebar.show()
    form = sidebar.panel.get_by_role("form", name="New connection")
    with ScriptedMilvus(certificates=certificates) as secure:
        send_no_secret_unasked(notebook, form, secure)
        connect_by_tls(notebook, form, secure)
    expect(sidebar.row("default")).to_be_visible()
    notebook.fill_form(Address="./form.db", Alias="lite")
    notebook.submit()
    expect(form).to_have_count(0)
    notebook.fill_form(Address=guarded.address, Alias="lite")
    notebook.submit()
    sign_in_as_another(notebook, form)
    connect_team(sidebar)
    sign_in.password = "another"
    sign_in_again(notebook, guarded)
    trust_again(notebook, team)
    assert _PASSWORD not in sidebar.page.evaluate(ALL_TEXT)


def create_a_database(notebook: Notebook, form: Locator, milvus: MilvusTestServer) -> None:
    """Have a database that is missing made by the click that offers it."""
    name = "made_by_form"
    notebook.fill_form(Address=milvus.address, Alias="made", Database=name)
    notebook.submit()
    expect(form.get_by_role("alert")).to_contain_text(f"There is no database {name}")
    offer(form, f"Create database {name}").focus()
    notebook.page.keyboard.press("Enter")
    expect(notebook.row("made")).to_contain_text("Connected")
    client = MilvusClient(milvus.uri, dedicated=True)
    assert name in client.list_databases()
    client.drop_database(name)
    client.close()


@pytest.fixture
def team(lab: JupyterLab, guarded: ScriptedMilvus) -> Iterator[Path]:
    """Give the file of a project, with a profile for which a password is typed."""
    path = lab.work / "milvus.toml"
    text = f'[profiles.team]\naddress = "{guarded.address}"\nuser = "root"\nsecret = "ask"\n'
    path.write_text(text)
    yield path
    path.unlink()
    permissions(lab).unlink(missing_ok=True)


def permissions(lab: JupyterLab) -> Path:
    """Give the file that tells which profiles of projects their user has allowed."""
    return lab.folder / "config" / "milvus_nb" / "profiles-allowed.json"


def connect_team(sidebar: Sidebar) -> None:
    """Say yes to the project's profile, and type its password."""
    sidebar.panel.get_by_role("button", name="Connect team").click()
    question = sidebar.panel.get_by_role("group", name="Connect team?")
    question.get_by_role("textbox").fill(_PASSWORD)
    question.get_by_role("button", name="Connect", exact=True).click()
    expect(sidebar.row("team")).to_contain_text("Connected")


def trust_again(notebook: Notebook, team: Path) -> None:
    """Be asked once more, after somebody has changed the file."""
    team.write_text(team.read_text().replace('"ask"', '"env:FORM_TEAM"'))
    expect(notebook.panel.get_by_role("listitem", name="Profile team")).to_contain_text("FORM_TEAM")
    keyboard = notebook.page.keyboard
    notebook.row("team").get_by_role("button", name="Sign in (team)").click()
    form = notebook.panel.get_by_role("form", name="Connect team again")
    expect(notebook.field("Password")).to_be_focused()
    keyboard.type("another")
    keyboard.press("Enter")
    expect(form.get_by_role("alert")).to_contain_text("was not allowed yet")
    offer(form, "Trust this project's profile…").focus()
    keyboard.press("Enter")
    question = notebook.panel.get_by_role("group", name="Connect team?")
    expect(question).to_contain_text(str(team))
    expect(form).to_have_count(0)
    expect(question.get_by_role("button", name="Connect", exact=True)).to_be_focused()
    keyboard.press("Enter")
    expect(notebook.row("team")).to_contain_text("Connected")
    expect(question).to_have_count(0)


def submit_to_tls(notebook: Notebook, form: Locator) -> None:
    """Press Connect until it is told apart from a port with nothing behind it.

    The kernel's question to a server that hangs up is short, and this machine may be busy.
    """
    alert = form.get_by_role("alert")

    def is_tls() -> bool:
        notebook.submit()
        expect(alert).not_to_be_empty()
        return "speaks TLS" in alert.inner_text()

    wait_until(is_tls, what="TLS to be named")


def send_no_secret_unasked(notebook: Notebook, form: Locator, server: ScriptedMilvus) -> None:
    """Look that what changes where a secret goes waits for Connect, which has the focus then."""
    address = f"localhost:{server.port}"
    notebook.fill_form(Address=address, sign_in="Password", User="root", Password=_PASSWORD)
    submit_to_tls(notebook, form)
    offer(form, "Use TLS").click()
    expect(form).to_contain_text("Press Connect to try it.")
    expect(form.get_by_role("button", name="Connect", exact=True)).to_be_focused()
    expect(notebook.field("Address")).to_have_value(f"https://{address}")
    notebook.page.keyboard.press("Enter")
    expect(form.get_by_role("alert")).to_contain_text("not signed by an authority")
    assert server.calls == []
    notebook.panel.get_by_role("radio", name="None", exact=True).check(force=True)


def connect_by_tls(notebook: Notebook, form: Locator, server: ScriptedMilvus) -> None:
    """Begin without TLS, and be led on by keyboard alone."""
    keyboard = notebook.page.keyboard
    address = f"localhost:{server.port}"
    notebook.fill_form(Address=address)
    submit_to_tls(notebook, form)
    offer(form, "Use TLS").focus()
    keyboard.press("Enter")  # nobody signs in: it is tried at once
    expect(form.get_by_role("alert")).to_contain_text("not signed by an authority")
    expect(notebook.field("Address")).to_have_value(f"https://{address}")
    offer(form, "Choose the CA's certificate…").focus()
    keyboard.press("Enter")
    dialog = notebook.page.locator(".jp-Dialog")
    expect(dialog).to_contain_text("Choose the CA's certificate…")
    dialog.get_by_text(_AUTHORITY).click()
    dialog.get_by_role("button", name="Select").click()
    expect(dialog).to_have_count(0)
    expect(notebook.field("CA certificate")).to_have_value(str(notebook.path.with_name(_AUTHORITY)))
    expect(notebook.field("CA certificate")).to_be_focused()
    expect(form.get_by_role("button", name="Choose the client's key…")).to_be_visible()
    keyboard.press("Enter")
    expect(notebook.row("default")).to_contain_text("Connected")
    expect(form).to_have_count(0)


def sign_in_as_another(notebook: Notebook, form: Locator) -> None:
    """Leave a taken alias alone, and sign in."""
    keyboard = notebook.page.keyboard
    expect(offer(form, "Replace lite")).to_be_visible()
    offer(form, "Use another alias").click()
    expect(form.get_by_role("alert")).to_contain_text("asks for credentials")
    expect(notebook.field("Alias")).to_have_value("lite-2")
    offer(form, "Sign in").click()
    expect(notebook.field("User")).to_be_focused()
    keyboard.type("root")
    notebook.field("Password").focus()
    keyboard.type(_PASSWORD)
    keyboard.press("Enter")
    expect(notebook.row("lite-2")).to_contain_text("Connected")


def sign_in_again(notebook: Notebook, server: ScriptedMilvus) -> None:
    """Go on from the row of a connection whose password was changed."""
    keyboard = notebook.page.keyboard
    row = notebook.row("lite-2")
    mend = row.get_by_role("button", name="Sign in (lite-2)")
    mend.focus()
    keyboard.press("Enter")
    form = notebook.panel.get_by_role("form", name="Connect lite-2 again")
    expect(notebook.field("Address")).to_have_value(server.address)
    expect(form.get_by_role("checkbox", name="Replace the connection lite-2")).to_be_checked()
    expect(notebook.field("User")).to_have_value("root")
    expect(notebook.field("Password")).to_be_focused()
    keyboard.type("another")
    keyboard.press("Enter")
    expect(form).to_have_count(0)
    expect(row).to_contain_text("Connected")
    expect(mend).to_have_count(0)


@pytest.fixture
def profiles_file(lab: JupyterLab) -> Iterator[Path]:
    """Give the path of the user's file, which is not there before and after the test."""
    path = lab.folder / "config" / "milvus_nb" / "profiles.toml"
    yield path
    path.unlink(missing_ok=True)


def test_a_profile_is_saved_with_the_connection_or_without(
    *,
    open_notebook: Callable[..., Notebook],
    sidebar: Sidebar,
    profiles_file: Path,
    guarded: ScriptedMilvus,
    milvus: MilvusTestServer,
    tmp_path: Path,
) -> None:
    """By keyboard; what does not connect is not saved, and what is not saved is said."""
    page, keyboard = sidebar.page, sidebar.page.keyboard
    # The kernel's user is one who has used the Milvus CLI.
    notebook = open_notebook(f"import os; os.environ['HOME'] = {str(tmp_path)!r}", LOAD)
    notebook.run_all()
    sidebar.show()
    form = sidebar.panel.get_by_role("form", name="New connection")
    notebook.fill_form(
        Address=guarded.address, Alias="kept", sign_in="Password", User="root", Password="right"
    )
    form.get_by_role("button", name="Connect, or save and connect").focus()
    keyboard.press("Enter")
    keyboard.press("ArrowDown")
    keyboard.press("Enter")
    expect(notebook.field("Save as")).to_be_focused()
    refuse_the_name(notebook, form, guarded)
    notebook.field("Password").fill("wrong")
    keyboard.press("Enter")
    expect(form.get_by_role("alert")).to_contain_text("Wrong password")
    assert not profiles_file.exists()
    form.get_by_label("Its secret").select_option("env")
    expect(notebook.field("Password")).to_have_value("")
    notebook.field("Password").fill(_PASSWORD)
    keyboard.press("Enter")  # without the variable's name
    expect(form.get_by_role("alert")).to_contain_text("kept is connected. The profile was not")
    expect(sidebar.row("kept")).to_contain_text("Connected")
    assert not profiles_file.exists()
    notebook.field("Environment variable").fill("FORM_PASSWORD")
    form.get_by_role("button", name="Save", exact=True).click()
    expect(form).to_have_count(0)
    expect(sidebar.row("kept")).to_be_visible()
    saved = tomlkit.parse(profiles_file.read_text()).unwrap()["profiles"]
    assert saved == {
        "kept": {"address": guarded.address, "user": "root", "secret": "env:FORM_PASSWORD"}
    }
    row = sidebar.panel.get_by_role("listitem", name="Profile kept")
    row.get_by_role("button", name="Disconnect the profile kept").focus()
    keyboard.press("Enter")
    expect(sidebar.row("kept")).to_have_count(0)
    expect(row.get_by_role("button", name="Connect kept")).to_be_visible()

    sidebar.panel.get_by_role("button", name="New profile").focus()
    keyboard.press("Enter")
    new = sidebar.panel.get_by_role("form", name="New profile")
    expect(new.get_by_role("textbox", name="Name")).to_be_focused()
    keyboard.type("later")
    new.get_by_role("textbox", name="Address").fill("db.example:19530")
    keyboard.press("Enter")
    expect(new).to_have_count(0)
    expect(sidebar.panel.get_by_role("button", name="New profile")).to_be_focused()
    later = sidebar.panel.get_by_role("listitem", name="Profile later")
    edit_what_is_deleted(sidebar, later, profiles_file)
    type_once(notebook, new, guarded)
    create_a_database(notebook, form, milvus)
    import_from_cli(sidebar, tmp_path, profiles_file)
    for text in (page.evaluate(ALL_TEXT), profiles_file.read_text()):
        assert _PASSWORD not in text


def press_twice(locator: Locator) -> None:
    """Double click where something is, wherever that has gone by the second click."""
    mouse, box = locator.page.mouse, locator.bounding_box()
    assert box is not None
    mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    mouse.down(click_count=1)
    mouse.up(click_count=1)
    expect(locator).to_have_count(0)
    mouse.down(click_count=2)
    mouse.up(click_count=2)


#: Notes what is asked of kernels from now on, by method.
_NOTE_ASKED = """() => {
  window.asked = [];
  const { send } = WebSocket.prototype;
  window.stopNoting = () => { WebSocket.prototype.send = send; };
  WebSocket.prototype.send = function (data) {
    const text = typeof data === 'string' ? data : new TextDecoder().decode(data);
    window.asked.push(...[...text.matchAll(/"method": ?"(connect|disconnect)"/g)].map(it => it[1]));
    return send.call(this, data);
  };
}"""

#: Presses a key as an input method does, whose word it ends.
_COMPOSE = """key => document.activeElement.dispatchEvent(
  new KeyboardEvent('keydown', { key, isComposing: true, bubbles: true, cancelable: true }))"""


def test_a_press_counts_once_and_nothing_typed_is_lost(
    *, open_notebook: Callable[..., Notebook], sidebar: Sidebar
) -> None:
    """Double clicks, held keys, an input method; what cannot be sent stays in its box."""
    page, keyboard = sidebar.page, sidebar.page.keyboard
    notebook = open_notebook(
        LOAD,
        "from milvus_nb import connections\n"
        "for n in range(4): c = connections.connect(f'r{n}', uri=f'./r{n}.db')",
    )
    notebook.run_all()
    sidebar.show()
    expect(sidebar.row("r3")).to_contain_text("Connected")
    page.evaluate(_NOTE_ASKED)
    press_twice(sidebar.button("Disconnect r1"))
    expect(sidebar.button("Reconnect r1")).to_be_visible()
    notebook.fill_form(Address=f"localhost:{free_port()}", Alias="held")
    form = sidebar.panel.get_by_role("form", name="New connection")
    alert = form.get_by_role("alert")
    notebook.field("Alias").focus()
    for key in ("Enter", "Escape"):
        page.evaluate(_COMPOSE, key)
    expect(alert).to_have_count(0)
    for _ in range(3):
        keyboard.down("Enter")  # all but the first repeat it
        expect(alert).to_contain_text("nothing listens")
    keyboard.up("Enter")
    assert page.evaluate("window.asked") == ["disconnect", "connect"]
    page.evaluate("window.stopNoting()")
    for alias in ("r0", "r2", "r3"):
        expect(sidebar.row(alias)).to_be_visible()

    notebook.fill_form(Address="local host:19530")
    notebook.submit()
    expect(alert).to_contain_text("is not recognised")
    expect(notebook.field("Address")).to_have_value("local host:19530")
    form.get_by_text("TLS and timing").click()
    notebook.fill_form(Address="./other.db", Alias="", **{"Timeout (s)": "soon"})
    notebook.submit()
    expect(alert).to_contain_text("The timeout soon is not a number of seconds.")
    expect(notebook.field("Timeout (s)")).to_be_focused()
    notebook.fill_form(**{"Timeout (s)": "2,5"})
    notebook.submit()
    expect(form).to_have_count(0)
    notebook.fill_form(Address="./another.db", Alias="")
    notebook.submit()
    offer(form, "Replace default").click()
    expect(form).to_have_count(0)
    keep_over_a_restart(notebook, sidebar)


def keep_over_a_restart(notebook: Notebook, sidebar: Sidebar) -> None:
    """Restart the kernel while the form is open: what is typed is there again, but for secrets."""
    page = sidebar.page
    notebook.fill_form(Address="db.example", sign_in="Password", User="root", Password=_PASSWORD)
    page.evaluate(
        "() => { void window.jupyterapp.shell.currentWidget.sessionContext.restartKernel(); }"
    )
    sidebar.button("Reconnect what was connected").click()
    expect(notebook.field("Address")).to_have_value("db.example")
    expect(notebook.field("User")).to_have_value("root")
    expect(notebook.field("Password")).to_have_value("")
    assert _PASSWORD not in page.evaluate(ALL_TEXT)


def edit_what_is_deleted(sidebar: Sidebar, row: Locator, profiles_file: Path) -> None:
    """Have somebody else change a profile while its form is open, then delete it."""
    row.get_by_role("button", name="More actions for profile later").click()
    row.get_by_role("menuitem", name="Edit").click()
    label = row.get_by_role("textbox", name="Label")
    label.fill("typed")
    text = profiles_file.read_text()
    edited = text.replace("[profiles.later]", '[profiles.later]\ndb_name = "by_hand"')
    profiles_file.write_text(edited)
    expect(row.get_by_role("alert")).to_contain_text("Somebody has changed it")
    expect(row.get_by_role("button", name="Save")).to_be_disabled()
    expect(label).to_have_value("typed")
    row.get_by_role("button", name="Load it as it is now").click()
    expect(row.get_by_role("alert")).to_have_count(0)
    expect(row.get_by_role("textbox", name="Database")).to_have_value("by_hand")
    expect(row.get_by_role("textbox", name="Name")).to_be_focused()
    label.fill("typed")
    profiles_file.write_text(edited.replace("[profiles.later]", "[profiles.seen]"))
    expect(sidebar.panel.get_by_role("listitem", name="Profile seen")).to_be_visible()
    expect(label).to_have_value("typed")
    sidebar.page.keyboard.press("Enter")
    expect(label).to_have_count(0)
    expect(row).to_contain_text("typed")
    assert "[profiles.later]" in profiles_file.read_text()


def type_once(notebook: Notebook, new: Locator, server: ScriptedMilvus) -> None:
    """Fail to save and to connect: the kernel has what was typed, and the page has not."""
    panel, keyboard = notebook.panel, notebook.page.keyboard
    port = free_port()
    for name, address, secret in (
        ("ring", server.address, "keyring"),
        ("shut", f"127.0.0.1:{port}", "ask"),
    ):
        panel.get_by_role("button", name="New profile").click()
        new.get_by_role("textbox", name="Name").fill("kept")
        new.get_by_role("textbox", name="Address").fill(address)
        new.get_by_role("textbox", name="User").fill("root")
        new.get_by_label("Secret").select_option(secret)
        typed = new.get_by_role("textbox", name="Password or token")
        if secret == "keyring":
            typed.fill(_PASSWORD)
        new.get_by_role("button", name="Save").click()
        expect(new.get_by_role("alert")).to_contain_text("kept")
        if secret == "keyring":
            expect(typed).to_have_value("")
            expect(typed).to_have_attribute("placeholder", _UNCHANGED)
        new.get_by_role("textbox", name="Name").fill(name)
        keyboard.press("Enter")
        expect(new).to_have_count(0)
    panel.get_by_role("button", name="Connect ring").click()
    expect(notebook.row("ring")).to_contain_text("Connected")
    panel.get_by_role("button", name="Connect shut").click()
    question = panel.get_by_role("group", name="Connect shut?")
    box = question.get_by_role("textbox")
    box.fill(_PASSWORD)
    keyboard.press("Enter")
    expect(question.get_by_role("alert")).to_contain_text("nothing listens")
    expect(box).to_have_value("")
    expect(box).to_have_attribute("placeholder", _UNCHANGED)
    with ScriptedMilvus(server.methods, port=port):
        box.focus()
        keyboard.press("Enter")
        expect(notebook.row("shut")).to_contain_text("Connected")
        panel.get_by_role("button", name="Disconnect the profile shut").click()
        expect(notebook.row("shut")).to_have_count(0)


def refuse_the_name(notebook: Notebook, form: Locator, server: ScriptedMilvus) -> None:
    """Tell what no profile can be called while it is typed, and connect nothing then."""
    keyboard = notebook.page.keyboard
    before = len(server.calls)
    keyboard.type("a/b")
    expect(notebook.field("Save as")).to_have_accessible_description(_RULE)
    keyboard.press("Enter")
    expect(form.get_by_role("alert")).to_contain_text("a/b cannot be the name of a profile.")
    expect(notebook.field("Save as")).to_be_focused()
    expect(notebook.field("Password")).to_have_value("right")
    assert len(server.calls) == before
    notebook.field("Save as").fill("")
    expect(notebook.field("Save as")).to_have_accessible_description("")


def import_from_cli(sidebar: Sidebar, home: Path, profiles_file: Path) -> None:
    """Choose from what the Milvus CLI has saved; what has a taken name stays where it is."""
    keyboard = sidebar.page.keyboard
    entries = {
        name: {"uri": f"http://{name}.example:19530", "token": f"root:{_PASSWORD}"}
        for name in ("kept", "wanted", "unwanted")
    }
    (home / ".milvus_cli_connections.json").write_text(json.dumps(entries))
    offer = sidebar.panel.get_by_role("button", name="Import from the Milvus CLI")
    offer.focus()  # it comes by itself
    keyboard.press("Enter")
    form = sidebar.panel.get_by_role("form", name="Import from the Milvus CLI")
    expect(form.get_by_role("checkbox")).to_have_count(2)
    expect(form).to_contain_text("There is another profile kept. It is left out.")
    expect(form.get_by_role("checkbox", name="wanted wanted.example:19530")).to_be_focused()
    form.get_by_role("checkbox", name="unwanted").uncheck()
    before = profiles_file.read_text()
    form.get_by_role("checkbox", name="unwanted").press("Enter")
    expect(form).to_have_count(0)
    expect(sidebar.panel.get_by_role("listitem", name="Profile wanted")).to_be_visible()
    expect(sidebar.panel.get_by_text("Imported wanted.")).to_be_visible()
    expect(sidebar.panel.get_by_role("listitem", name="Profile unwanted")).to_have_count(0)
    assert profiles_file.read_text().startswith(before)
    (home / ".milvus_cli_connections.json").unlink()
    expect(offer).to_have_count(0)
