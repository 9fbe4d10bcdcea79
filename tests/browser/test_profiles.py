"""Profiles in JupyterLab: one truth in panel, sidebar, cells and REST, within a second."""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING, Any

import pytest
import tomlkit
from playwright.sync_api import Locator, expect

from tests.browser.lab import ALL_TEXT, LOAD, PID, JupyterLab, Notebook, Sidebar, write_notebook
from tests.support.helpers import sockets_to, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import CDPSession, Page, Route

    from tests.support.servers import MilvusTestServer

SECRET = "Zebra7quagga"


@pytest.fixture
def profiles_file(lab: JupyterLab) -> Iterator[Path]:
    """Give the path of the user's file, which is not there before and after the test."""
    path = lab.folder / "config" / "milvus_nb" / "profiles.toml"
    yield path
    path.unlink(missing_ok=True)
    path.with_name("profiles-allowed.json").unlink(missing_ok=True)
    (lab.work / "milvus.toml").unlink(missing_ok=True)


def profile(sidebar: Sidebar, name: str) -> Locator:
    """Give the row of a profile, of the notebook in front."""
    rows = sidebar.node.get_by_role("listitem", name=f"Profile {name}", exact=True)
    return rows.locator("visible=true")


def choose(sidebar: Sidebar, name: str, action: str) -> None:
    profile(sidebar, name).get_by_role("button", name=f"More actions for profile {name}").click()
    sidebar.node.get_by_role("menuitem", name=action, exact=True).locator("visible=true").click()


def rest(page: Page, method: str, path: str = "", body: Any = None) -> Any:
    """Ask the Jupyter server, as a page does."""
    return page.evaluate(
        """async ([method, path, body]) => {
          const { serverSettings } = window.jupyterapp.serviceManager;
          const token = document.cookie.match('\\\\b_xsrf=([^;]*)')?.[1] ?? '';
          const answer = await fetch(`${serverSettings.baseUrl}milvus_nb/profiles${path}`, {
            method, headers: { 'X-XSRFToken': token },
            ...(body === null ? {} : { body: JSON.stringify(body) }) });
          return await answer.json();
        }""",
        [method, path, body],
    )


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def calls(session: CDPSession, *texts: str) -> list[int]:
    """Tell how often the page's functions that have these texts were called since the last look."""
    found = dict.fromkeys(texts, 0)
    for script in session.send("Profiler.takePreciseCoverage")["result"]:
        if "/milvus_nb/static/" not in script["url"]:
            continue
        asked = {"scriptId": script["scriptId"]}
        source = session.send("Debugger.getScriptSource", asked)["scriptSource"]
        ranges = [function["ranges"][0] for function in script["functions"]]
        for text in texts:
            around = [
                one for one in ranges if text in source[one["startOffset"] : one["endOffset"]]
            ]
            if around:
                inmost = min(around, key=lambda one: one["endOffset"] - one["startOffset"])
                found[text] += inmost["count"]
    return list(found.values())


@contextlib.contextmanager
def drawing_once(page: Page) -> Iterator[None]:
    """Hold that what is done draws rows of profiles, and the clock's ticks after it do not."""
    drawn = ("milvus-nb-profile-list", "milvus-nb-profile-state")
    session = page.context.new_cdp_session(page)
    for method in ("Profiler.enable", "Debugger.enable"):
        session.send(method)
    session.send("Profiler.startPreciseCoverage", {"callCount": True, "detailed": False})
    yield
    assert min(calls(session, *drawn)) >= 1
    lists = rows = 0
    while lists < 2:
        page.wait_for_timeout(200)
        more, again = calls(session, *drawn)
        lists, rows = lists + more, rows + again
    assert rows == 0
    session.detach()


@pytest.fixture
def server(milvus_auth: MilvusTestServer) -> Iterator[MilvusTestServer]:
    """Give a server with a user whose password can be searched for."""
    import pymilvus

    root = pymilvus.MilvusClient(milvus_auth.uri, token="root:Milvus", dedicated=True)
    root.create_user("dora", SECRET)
    yield milvus_auth
    root.drop_user("dora")
    root.close()


def test_one_profile_one_truth(
    open_notebook: Callable[..., Notebook],
    lab: JupyterLab,
    sidebar: Sidebar,
    profiles_file: Path,
    server: MilvusTestServer,
) -> None:
    """Saved in one notebook, connected by name in another, changed by REST; no secret anywhere."""
    page = sidebar.page
    notebook = open_notebook(LOAD)
    notebook.run_all()
    sidebar.show()
    notebook.connect(
        "prod", Address=server.address, sign_in="Password", User="dora", Password=SECRET
    )
    # Saved in the first.
    notebook.choose("prod", "Save as profile")
    form = sidebar.node.get_by_role("form", name="Save prod as a profile")
    form.get_by_label("Secret").select_option("keyring")
    form.get_by_label("Label").fill("Production")
    form.get_by_label("Colour").select_option("red")
    form.get_by_role("button", name="Save", exact=True).click()
    expect(form).to_have_count(0)
    expect(profile(sidebar, "prod")).to_contain_text("Connected")
    expect(sidebar.row("prod")).to_contain_text("Production")
    saved = tomlkit.parse(profiles_file.read_text()).unwrap()["profiles"]["prod"]
    assert saved == {
        "address": server.address, "user": "dora", "secret": "keyring",
        "label": "Production", "color": "red",
    }  # fmt: skip
    first_pid = notebook.kernel_pid()
    # Connected by name in another, by a click.
    (lab.work / "pid").unlink()
    sidebar.open(write_notebook(lab, "another.ipynb", [LOAD]))
    notebook.run_all()
    profile(sidebar, "prod").get_by_role("button", name="Connect prod").click()
    expect(sidebar.row("prod")).to_contain_text("Connected")
    pid = notebook.kernel_pid()
    assert pid != first_pid
    assert len(sockets_to(server.port, pid)) == 1
    # Changed by REST: seen within a second, and by the other notebook.
    [found] = rest(page, "GET")["profiles"]
    told = ("name", "path", "is_project", "is_site", "seal", "revision", "permit", "place")
    fields = {key: value for key, value in found.items() if key not in told}
    rest(page, "PUT", "/prod", fields | {"db_name": "sales", "label": "Live"})
    expect(profile(sidebar, "prod")).to_contain_text("db sales")
    expect(sidebar.row("prod")).to_contain_text("Live")
    # Changed by an editor, drawn for that and not for the clock, deleted by a cell.
    with drawing_once(page):
        profiles_file.write_text(profiles_file.read_text().replace("sales", "other"))
        expect(profile(sidebar, "prod")).to_contain_text("db other")
    texts = [str(page.evaluate(ALL_TEXT)), notebook.save(), str(rest(page, "GET"))]
    notebook.execute("%milvus profile delete prod")
    expect(profile(sidebar, "prod")).to_have_count(0)
    sidebar.activate(notebook.path)
    expect(sidebar.row("prod")).to_contain_text("Connected")
    expect(profile(sidebar, "prod")).to_have_count(0)
    assert rest(page, "GET")["profiles"] == []
    texts += [str(page.evaluate(ALL_TEXT)), notebook.save(), lab.log.read_text()]
    assert [text for text in texts if SECRET in text] == []
    for process in (first_pid, pid, lab.process.pid):
        with open(f"/proc/{process}/cmdline", "rb") as file:
            assert SECRET.encode() not in file.read()
    files = [path for path in lab.folder.rglob("*") if path.is_file()]
    assert [path for path in files if SECRET.encode() in path.read_bytes()] == []


def test_before_milvus_nb_is_loaded(
    open_notebook: Callable[..., Notebook],
    page: Page,
    sidebar: Sidebar,
    profiles_file: Path,
    milvus_auth: MilvusTestServer,
) -> None:
    """The Jupyter server lists and tests them; connecting loads the extension first."""
    write(
        profiles_file,
        f'[profiles.asked]\naddress = "{milvus_auth.address}"\nuser = "root"\nsecret = "ask"\n'
        "[profiles.broken]\naddress = 7\n",
    )
    notebook = open_notebook(PID)
    notebook.run_all()
    sidebar.show()
    expect(sidebar.node).to_contain_text("is not loaded in this kernel")
    expect(sidebar.node).to_contain_text("profiles.toml, line 6: address is a number.")
    choose(sidebar, "asked", "Test")
    question = sidebar.node.get_by_role("group", name="Test asked?")
    question.get_by_label("Password of root").fill("wrong")
    question.get_by_role("button", name="Test", exact=True).click()
    report = sidebar.node.get_by_role("group", name="Test of asked")
    expect(report).to_contain_text("Wrong password for user root")
    report.get_by_role("button", name="Close").click()
    assert sockets_to(milvus_auth.port, notebook.kernel_pid()) == []
    choose(sidebar, "asked", "Edit")
    form = sidebar.node.get_by_role("form", name="Edit the profile asked")
    form.get_by_label("Label").fill("Staging")
    form.get_by_role("button", name="Save", exact=True).click()
    expect(profile(sidebar, "asked")).to_contain_text("Staging")
    profile(sidebar, "asked").get_by_role("button", name="Connect asked").click()
    question = sidebar.node.get_by_role("group", name="Connect asked?")
    question.get_by_label("Password of root").fill("Milvus")
    question.get_by_role("button", name="Connect", exact=True).click()
    expect(sidebar.row("asked")).to_contain_text("Connected")
    expect(sidebar.row("asked")).to_contain_text("Staging")
    wait_until(lambda: len(sockets_to(milvus_auth.port, notebook.kernel_pid())) == 1)


def test_an_answer_of_the_server_that_cannot_be_read_is_said(
    open_notebook: Callable[..., Notebook], page: Page, sidebar: Sidebar, profiles_file: Path
) -> None:
    """No JSON, NaN in it, another shape: a sentence says so, instead of nothing or what was."""
    write(profiles_file, '[profiles.prod]\naddress = "milvus.example:19530"\n')
    open_notebook()
    sidebar.show()
    expect(sidebar.node).to_contain_text("milvus.example")
    bodies = ["<html>Sign in</html>", '{"profiles": [{"timeout": NaN}]}', '{"kernels": 7}']
    asked: list[str] = []

    def answer(route: Route) -> None:
        asked.append(route.request.url)
        body = bodies[len(asked) % len(bodies)]
        route.fulfill(status=200, content_type="application/json", body=body)

    ours = re.compile(r"/milvus_nb/(profiles|kernels)")
    page.route(ours, answer)
    said = sidebar.node.get_by_role("alert").filter(has_text="was not understood")
    expect(said).to_have_count(2)
    for alert in said.all():
        expect(alert).to_contain_text("The answer of the Jupyter server was not understood.")
        expect(alert).to_contain_text("update milvus_nb in the environment of JupyterLab")
    expect(sidebar.node).not_to_contain_text("milvus.example")
    page.unroute(ours)
    expect(said).to_have_count(0)
    expect(sidebar.node).to_contain_text("milvus.example")


def test_a_profile_that_wants_to_be_asked_about(
    open_notebook: Callable[..., Notebook],
    page: Page,
    sidebar: Sidebar,
    profiles_file: Path,
    milvus: MilvusTestServer,
) -> None:
    """Connecting and disconnecting ask once, by keyboard as well; hostile texts are texts."""
    label = "<img src=x onerror=alert(1)>"
    write(
        profiles_file,
        f"[profiles.__proto__]\naddress = '{milvus.address}'\nlabel = '{label}'\nconfirm = true\n",
    )
    notebook = open_notebook(LOAD)
    notebook.run_all()
    sidebar.show()
    button = profile(sidebar, "__proto__").get_by_role("button", name="Connect __proto__")
    button.click()
    question = sidebar.node.get_by_role("group", name="Connect __proto__?")
    expect(question).to_contain_text(label)
    page.keyboard.press("Escape")
    expect(question).to_have_count(0)
    expect(button).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    expect(sidebar.row("__proto__")).to_contain_text("Connected")
    expect(sidebar.row("__proto__")).to_contain_text(label)
    pid = notebook.kernel_pid()
    sidebar.button("Disconnect __proto__").click()
    expect(sidebar.node.get_by_role("group", name="Disconnect __proto__?")).to_be_visible()
    assert len(sockets_to(milvus.port, pid)) == 1
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Milvus: __proto__")).to_contain_text(label)
    notebook.command("milvus_nb:disconnect-all")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text(f"Among them: __proto__ ({label}).")
    dialog.get_by_role("button", name="Cancel").click()
    assert len(sockets_to(milvus.port, pid)) == 1
    notebook.command("milvus_nb:disconnect-all")
    dialog.get_by_role("button", name="Disconnect all").click()
    expect(sidebar.row("__proto__")).to_have_count(0)
    wait_until(lambda: sockets_to(milvus.port, pid) == [])
    choose(sidebar, "__proto__", "Delete")
    sidebar.node.get_by_role("group", name="Delete the profile __proto__?").get_by_role(
        "button", name="Delete", exact=True
    ).click()
    expect(profile(sidebar, "__proto__")).to_have_count(0)
    assert "__proto__" not in profiles_file.read_text()


@pytest.fixture
def team(lab: JupyterLab, profiles_file: Path, milvus: MilvusTestServer) -> Path:
    """Give the file of a project, with a profile that takes a variable of the user's."""
    del profiles_file  # takes both away
    path = lab.work / "milvus.toml"
    write(path, f'[profiles.team]\naddress = "{milvus.address}"\nsecret = "env:PATH"\n')
    return path


def expect_question(question: Locator, team: Path, milvus: MilvusTestServer) -> None:
    for part in (str(team), f"{milvus.address}, without TLS", "environment variable PATH"):
        expect(question).to_contain_text(part)


def test_a_projects_profile_is_asked_about_once(
    open_notebook: Callable[..., Notebook], sidebar: Sidebar, team: Path, milvus: MilvusTestServer
) -> None:
    """The question says file, address, TLS and variable; a change while it is open is refused."""
    text = team.read_text()
    notebook = open_notebook(LOAD)
    notebook.run_all()
    sidebar.show()
    profile(sidebar, "team").get_by_role("button", name="Connect team").click()
    question = sidebar.node.get_by_role("group", name="Connect team?")
    expect_question(question, team, milvus)
    write(team, text.replace(milvus.address, "127.0.0.66:6666"))
    expect(profile(sidebar, "team")).to_contain_text("127.0.0.66:6666")
    expect_question(question, team, milvus)
    question.get_by_role("button", name="Connect", exact=True).click()
    expect(sidebar.node).to_contain_text("is not the one that was shown")
    assert sockets_to(milvus.port, notebook.kernel_pid()) == []
    write(team, text)
    expect(profile(sidebar, "team")).to_contain_text(milvus.address)
    profile(sidebar, "team").get_by_role("button", name="Connect team").click()
    expect_question(question, team, milvus)
    question.get_by_role("button", name="Connect", exact=True).click()
    expect(sidebar.row("team")).to_contain_text("Connected")
    sidebar.button("Disconnect team").click()
    expect(sidebar.row("team")).to_have_count(0)
    profile(sidebar, "team").get_by_role("button", name="Connect team").click()
    expect(sidebar.row("team")).to_contain_text("Connected")


def test_the_sites_profiles_are_there_to_be_used_alone(
    open_notebook: Callable[..., Notebook],
    sidebar: Sidebar,
    milvus: MilvusTestServer,
    tmp_path: Path,
) -> None:
    """Marked, connected with a click and without a question; neither edited nor deleted."""
    site = tmp_path / "milvus_nb" / "profiles.toml"
    write(site, f'[profiles.shared]\naddress = "{milvus.address}"\nlabel = "Site"\n')
    # The kernel's own, so that no other test sees it: a folder of an administrator's.
    notebook = open_notebook(
        f"import jupyter_core.paths as p; p.ENV_CONFIG_PATH[:] = [{str(tmp_path)!r}]", LOAD
    )
    notebook.run_all()
    sidebar.show()
    row = profile(sidebar, "shared")
    expect(row.get_by_text("site", exact=True)).to_have_attribute("title", str(site))
    sidebar.button("More actions for profile shared").click()
    menu = sidebar.node.get_by_role("menu", name="Actions for profile shared")
    expect(menu.get_by_role("menuitem")).to_have_text(["Test"])
    sidebar.page.keyboard.press("Escape")
    row.get_by_role("button", name="Connect shared").click()
    expect(sidebar.row("shared")).to_contain_text("Connected")
    row.get_by_role("button", name="Disconnect the profile shared").click()
    expect(sidebar.row("shared")).to_have_count(0)


def test_the_jupyter_server_asks_the_same(
    open_notebook: Callable[..., Notebook], sidebar: Sidebar, team: Path, milvus: MilvusTestServer
) -> None:
    """Before milvus_nb is loaded; the answer counts in kernels, too."""
    notebook = open_notebook(PID)
    notebook.run_all()
    sidebar.show()
    choose(sidebar, "team", "Test")
    question = sidebar.node.get_by_role("group", name="Test team?")
    expect_question(question, team, milvus)
    question.get_by_role("button", name="Test", exact=True).click()
    report = sidebar.node.get_by_role("group", name="Test of team")
    expect(report).to_contain_text("Everything answers")
    report.get_by_role("button", name="Close").click()
    profile(sidebar, "team").get_by_role("button", name="Connect team").click()
    expect(sidebar.row("team")).to_contain_text("Connected")


def test_after_a_restart_a_profile_needs_no_secret(
    open_notebook: Callable[..., Notebook],
    page: Page,
    sidebar: Sidebar,
    profiles_file: Path,
    milvus_auth: MilvusTestServer,
) -> None:
    """One click brings it back, its secret resolved again."""
    write(
        profiles_file,
        f"[profiles.prod]\naddress = '{milvus_auth.address}'\nuser = 'root'\nsecret = 'env:P'\n"
        "confirm = true\n",
    )
    notebook = open_notebook("import os; os.environ['P'] = 'Milvus'", LOAD)
    notebook.run_all()
    sidebar.show()
    profile(sidebar, "prod").get_by_role("button", name="Connect prod").click()
    page.keyboard.press("Enter")  # it asks first
    expect(sidebar.row("prod")).to_contain_text("Connected")
    page.evaluate(
        "() => { void window.jupyterapp.shell.currentWidget.sessionContext.restartKernel(); }"
    )
    expect(sidebar.lost).to_contain_text("prod")
    expect(sidebar.lost.locator("input[type=password]")).to_have_count(0)
    notebook.wait_idle()
    notebook.execute("import os; os.environ['P'] = 'Milvus'")
    sidebar.button("Reconnect what was connected").click()
    expect(sidebar.lost).to_contain_text("Tick it, and press Reconnect.")
    sidebar.lost.get_by_label("Yes, connect prod").check()
    sidebar.button("Reconnect what was connected").click()
    expect(sidebar.row("prod")).to_contain_text("Connected")
