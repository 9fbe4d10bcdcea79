"""A real JupyterLab and a real Chromium, for the tests and for the pictures."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import urllib.request
from typing import TYPE_CHECKING, Any

import nbformat
from playwright.sync_api import TimeoutError as NotInTime

from tests.support.helpers import as_module, free_port, wait_until
from tests.support.kernels import private_environment

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from playwright.sync_api import Browser, BrowserContext, Locator, Page, Playwright

CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def launch_chromium(playwright: Playwright) -> Browser:
    """Start the machine's Chromium, headless."""
    path = shutil.which("chromium-headless-shell") or shutil.which("chromium")
    assert path is not None, "Chromium is missing: make chromium"
    return playwright.chromium.launch(executable_path=path, args=CHROMIUM_ARGUMENTS)


#: The accessible names of panels: no two on a page have the same.
_PANEL = re.compile(r"^Milvus connections(?! of other kernels$)")

#: So long may take what a page waits for, in milliseconds, also where both cores are busy.
PATIENCE_MS = 90_000


def new_context(browser: Browser) -> BrowserContext:
    """Give what a page without cookies is opened in."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(PATIENCE_MS)
    return context


class JupyterLab:
    """A JupyterLab server with folders of its own.

    Parameters
    ----------
    folder
        Where it keeps everything; the notebooks are in ``folder / "work"``.
    python
        The Python that has it.
    app
        ``"jupyterlab"``, or ``"notebook"`` for Jupyter Notebook.
    disabled
        Plugins, or all of an extension, that are switched off.
    options
        More of the command line.
    """

    def __init__(
        self,
        folder: Path,
        python: str = sys.executable,
        app: str = "jupyterlab",
        disabled: Sequence[str] = (),
        options: Sequence[str] = (),
    ) -> None:
        self.folder = folder
        self.app = app
        self.work = folder / "work"
        self.work.mkdir()
        labconfig = folder / "jupyter-config" / "labconfig"
        labconfig.mkdir(parents=True)
        (labconfig / "page_config.json").write_text(
            json.dumps(
                {
                    "disabledExtensions": dict.fromkeys(
                        ["@jupyterlab/apputils-extension:announcements", *disabled], True
                    ),
                    "exposeAppInBrowser": True,
                }
            )
        )
        self.port = free_port()
        self.log = folder / "jupyterlab.log"
        environment = {
            **private_environment(folder),
            "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"),
            "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces"),
        }
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [
                    python, *as_module(app), "--no-browser", "--allow-root",
                    f"--port={self.port}", "--port-retries=0", "--ServerApp.ip=127.0.0.1",
                    "--IdentityProvider.token=", "--ServerApp.password=", *options,
                ],
                cwd=self.work, env=environment, stdout=log, stderr=subprocess.STDOUT,
            )  # fmt: skip
        wait_until(self._answers, 240, every_s=0.1, what="JupyterLab")

    def url_of(self, name: str) -> str:
        """Give the address of a notebook, with nothing else open."""
        if self.app == "notebook":
            return f"{self.url}/notebooks/{name}"
        return f"{self.url}/lab/tree/{name}?reset"

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}"

    def stop(self) -> None:
        """End it and its kernels."""
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _answers(self) -> bool:
        if self.process.poll() is not None:
            raise RuntimeError(self.log.read_text())
        try:
            url = f"{self.url}/api/status"
            with urllib.request.urlopen(url, timeout=1) as answer:  # noqa: S310  # our own
                return bool(answer.status == 200)
        except OSError:
            return False


def write_notebook(lab: JupyterLab, name: str, cells: list[str], kernel: str = "python3") -> Path:
    """Write a notebook's file."""
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(cell) for cell in cells],
        metadata={"kernelspec": {"name": kernel, "display_name": kernel, "language": "python"}},
    )
    path = lab.work / name
    nbformat.write(notebook, path)
    return path


#: Tells whether the kernel of a notebook is idle, also where something else came in front.
_IS_IDLE = """path => [...window.jupyterapp.shell.widgets('main')].some(
  ({ sessionContext }) => sessionContext?.path === path
    && sessionContext.session?.kernel?.status === 'idle')"""

#: What a page knows of its notebooks' kernels.
_STATES = """() => [...window.jupyterapp.shell.widgets('main')].map(({ id, sessionContext }) => [
  id, sessionContext?.path, sessionContext?.isReady, sessionContext?.kernelDisplayStatus,
  sessionContext?.session?.kernel?.status, sessionContext?.session?.kernel?.connectionStatus])"""

#: Opens a notebook alone, where `pages` has cleared the page, and tells whether that is so. With
#: nothing open JupyterLab shows a launcher, somewhat later.
_OPEN = """path => {
  if (window.isCleared !== true) {
    return false;
  }
  window.isCleared = false;
  const { commands, shell } = window.jupyterapp;
  const open = async () => {
    const opened = await commands.execute('docmanager:open', { path });
    await opened.context.ready;
    for (const other of [...shell.widgets('main')]) {
      if (other !== opened) {
        other.dispose();
      }
    }
    shell.activateById(opened.id);
  };
  void open();
  return true;
}"""

#: Tells whether a notebook is open alone, and in front.
_IS_ALONE = """path => {
  const { shell } = window.jupyterapp;
  return [...shell.widgets('main')].length === 1
    && shell.currentWidget?.sessionContext?.path === path;
}"""

# A kernel that is not idle so many seconds after its notebook was opened, before any cell ran, is
# given up, once.
_HUNG_S = 40


class Notebook:
    """A notebook that is open in a page, with the panel's parts by their accessible names.

    Parameters
    ----------
    lab
        Which JupyterLab.
    page
        The browser's page.
    name
        The file, made anew.
    cells
        Its code cells.
    deadline_s
        Seconds until its kernel is idle.
    """

    def __init__(
        self, lab: JupyterLab, page: Page, name: str, cells: list[str], *, deadline_s: float = 90
    ) -> None:
        self.lab = lab
        self.page = page
        self.path = write_notebook(lab, name, cells)
        try:
            self._open(min(deadline_s, _HUNG_S))
        except NotInTime:
            if deadline_s <= _HUNG_S:
                raise
            page.evaluate("() => window.jupyterapp.serviceManager.sessions.shutdownAll()")
            self._load()
            self.wait_idle(deadline_s)

    def _open(self, deadline_s: float) -> None:
        """Open it in the page that is there: to load one costs more than most tests do."""
        is_there = self.page.url.startswith(f"{self.lab.url}/lab")
        if is_there and self.page.evaluate(_OPEN, self.path.name):
            timeout = deadline_s * 1000
            self.page.wait_for_function(_IS_ALONE, arg=self.path.name, timeout=timeout, polling=50)
        else:
            self._load()
        self.wait_idle(deadline_s)

    def _load(self) -> None:
        self.page.goto(self.lab.url_of(self.path.name))
        self.page.wait_for_function("() => window.jupyterapp !== undefined")
        self.page.wait_for_selector(".jp-Notebook .jp-CodeCell")

    # JupyterLab

    def command(self, name: str, **arguments: Any) -> None:
        """Execute one of JupyterLab's commands; returns at once."""
        self.page.evaluate(
            "([name, args]) => { void window.jupyterapp.commands.execute(name, args); }",
            [name, arguments],
        )

    def is_running(self) -> bool:
        """Tell whether a cell runs. The kernel's own status also follows its subshells."""
        return "*" in " ".join(self.page.locator(".jp-InputPrompt").all_inner_texts())

    def wait_idle(self, deadline_s: float = 90) -> None:
        """Wait until the kernel is idle."""
        try:
            timeout = deadline_s * 1000
            self.page.wait_for_function(_IS_IDLE, arg=self.path.name, timeout=timeout, polling=50)
        except NotInTime as error:
            log = self.lab.log.read_text()[-2000:]
            raise NotInTime(f"{self.page.evaluate(_STATES)}\n{log}") from error

    def run_all(self) -> None:
        """Run all cells and wait for the last."""
        self.page.evaluate("() => window.jupyterapp.commands.execute('notebook:run-all-cells')")

    def start_all(self) -> None:
        """Run all cells; returns at once."""
        self.command("notebook:run-all-cells")

    def execute(self, code: str) -> None:
        """Run code in the kernel, outside the cells, and wait for it."""
        self.page.evaluate(
            "code => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel"
            ".requestExecute({code}).done",
            code,
        )

    def save(self) -> str:
        """Save the notebook and return the file's text."""
        self.page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
        return self.path.read_text()

    # The panel

    @property
    def panel(self) -> Locator:
        """The panel, in a cell or of this notebook in the sidebar."""
        return self.page.get_by_role("region", name=_PANEL)

    def row(self, alias: str) -> Locator:
        """Give the connection of an alias."""
        return self.panel.get_by_role("listitem", name=alias, exact=True)

    def button(self, name: str) -> Locator:
        """Give one of the panel's buttons."""
        return self.panel.get_by_role("button", name=name, exact=True)

    def field(self, name: str) -> Locator:
        """Give one of the form's text boxes."""
        return self.panel.get_by_role("textbox", name=name, exact=True)

    def choose(self, alias: str, action: str) -> None:
        """Choose an action in the menu of a connection."""
        self.row(alias).get_by_role("button", name=f"More actions for {alias}").click()
        self.panel.get_by_role("menuitem", name=action, exact=True).click()

    def paste(self, field: str, text: str) -> None:
        """Paste a text into one of the form's boxes, as with Ctrl+V."""
        self.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        self.page.evaluate("text => navigator.clipboard.writeText(text)", text)
        self.field(field).focus()
        self.page.keyboard.press("ControlOrMeta+v")

    def open_form(self) -> None:
        """Show the connect form, if it is not there."""
        if not self.field("Address").is_visible():
            self.button("Connect").first.click()
        self.field("Address").wait_for()

    def fill_form(self, **fields: str) -> None:
        """Fill in the form; sign_in is None, Password or Token."""
        self.open_form()
        sign_in = fields.pop("sign_in", "")
        if sign_in:
            self.panel.get_by_role("radio", name=sign_in, exact=True).check(force=True)
        for name, text in fields.items():
            self.field(name).fill(text)

    def submit(self) -> None:
        """Press the form's Connect."""
        self.panel.get_by_role("form", name="New connection").get_by_role(
            "button", name="Connect", exact=True
        ).click()

    def connect(self, alias: str, **fields: str) -> None:
        """Connect by the form, and wait for the row and for the form to close."""
        self.fill_form(Alias=alias, **fields)
        self.submit()
        self.row(alias).get_by_text("Connected").wait_for()
        self.field("Address").wait_for(state="hidden")  # the form closes with the answer

    def click_disconnect(self, alias: str) -> float:
        """Click a connection's Disconnect; give the milliseconds until the kernel has closed it.

        The cell `NOTE_DISCONNECTS` must have run. Page and kernel have the same clock.
        """
        self.page.evaluate(
            "() => addEventListener('click', () => { window.clickedAt = Date.now(); },"
            " {capture: true, once: true})"
        )
        self.button(f"Disconnect {alias}").first.click()
        closed_at = wait_until(lambda: self._disconnects().get(alias, 0.0))
        return closed_at * 1000 - float(self.page.evaluate("() => window.clickedAt"))

    def _disconnects(self) -> dict[str, float]:
        path = self.lab.work / "disconnects"
        lines = path.read_text().splitlines() if path.exists() else []
        return {line.split()[0]: float(line.split()[1]) for line in lines if " " in line}

    def kernel_pid(self) -> int:
        """Give the kernel's process id, which the cell PID has written."""
        path = self.lab.work / "pid"
        wait_until(path.exists)
        return int(path.read_text())


#: The cell that tells the kernel's process id.
PID = "import os; open('pid', 'w').write(str(os.getpid()))"

#: The first cell of most notebooks.
LOAD = f"%load_ext milvus_nb\n{PID}"

#: The cell that notes when the kernel has closed a connection: a line each, Unix seconds.
NOTE_DISCONNECTS = """
from milvus_nb import connections
open("disconnects", "w").close()
def note(event):
    import time
    if event.kind == "removed":
        with open("disconnects", "a") as file:
            file.write(f"{event.alias} {time.time()}\\n")
connections.subscribe(note);
"""


def busy_while(name: str) -> str:
    """Give a cell that makes a file, and runs until somebody removes it."""
    return (
        f"import os, time\nopen({name!r}, 'w').close()\n"
        f"while os.path.exists({name!r}): time.sleep(0.01)"
    )


#: All that a page shows, holds or stores.
ALL_TEXT = """async () => {
  const stored = [];
  for (const {name, version} of await indexedDB.databases()) {
    const base = await new Promise(done => {
      indexedDB.open(name, version).onsuccess = event => done(event.target.result);
    });
    for (const store of base.objectStoreNames) {
      stored.push(await new Promise(done => {
        const all = base.transaction(store).objectStore(store).getAll();
        all.onsuccess = () => done(all.result);
      }));
    }
    base.close();
  }
  return JSON.stringify([
    document.documentElement.outerHTML,
    [...document.querySelectorAll('input, textarea')].map(input => input.value),
    {...localStorage}, {...sessionStorage}, stored, location.href, document.title,
  ]);
}"""

#: As with JupyterLab's setting to save the state of widgets.
SAVE_WIDGETS = """() => window.jupyterapp.commands.execute(
  '@jupyter-widgets/jupyterlab-manager:saveWidgetState')"""


#: Tells whether JupyterLab, which takes its time, has saved that only this notebook is open.
_IS_SAVED = """async () => {
  const { serviceManager, shell } = window.jupyterapp;
  const { data } = await serviceManager.workspaces.fetch('default');
  const { widgets } = data['layout-restorer:data']?.main?.dock ?? {};
  return String(widgets) === `notebook:${shell.currentWidget?.sessionContext?.path}`;
}"""


def reload(page: Page) -> None:
    """Load the page anew, and wait for its notebook, which takes the focus once it is there."""
    wait_until(lambda: page.evaluate(_IS_SAVED), every_s=0.1, what="the saved layout")
    page.reload()
    page.wait_for_function("() => window.jupyterapp?.shell.currentWidget?.sessionContext?.isReady")


class Sidebar:
    """The sidebar of a page.

    Parameters
    ----------
    page
        The browser's page, with a JupyterLab or a Notebook in it.
    """

    def __init__(self, page: Page) -> None:
        self.page = page
        self.node = page.locator("#milvus_nb-sidebar")

    def show(self) -> None:
        """Bring it in sight."""
        self.page.evaluate("() => window.jupyterapp.shell.activateById('milvus_nb-sidebar')")
        self.node.wait_for()

    def open(self, path: Path) -> None:
        """Open one more notebook in this page, and wait for its kernel."""
        self.page.evaluate(
            "path => window.jupyterapp.commands.execute('docmanager:open', {path})", path.name
        )
        self.page.wait_for_function(
            "path => { const context = window.jupyterapp.shell.currentWidget?.sessionContext;"
            " return context?.path === path && context.session?.kernel?.status === 'idle'; }",
            arg=path.name,
        )

    def activate(self, path: Path) -> None:
        """Bring a notebook in front that is open."""
        self.page.evaluate(
            """path => {
              const { shell } = window.jupyterapp;
              const found = [...shell.widgets('main')].find(
                widget => widget.sessionContext?.path === path);
              shell.activateById(found.id);
            }""",
            path.name,
        )

    def load(self) -> None:
        """Show it, and load the extension by its button."""
        self.show()
        self.button("Load milvus_nb").click()
        self.panel.wait_for()

    @property
    def panel(self) -> Locator:
        """The panel of the notebook in front."""
        return self.node.get_by_role("region", name=_PANEL)

    @property
    def others(self) -> Locator:
        """The other kernels."""
        return self.node.get_by_role("region", name="Milvus connections of other kernels")

    @property
    def lost(self) -> Locator:
        """What was connected before the restart."""
        return self.node.get_by_role("form", name="Connected before the restart")

    def row(self, alias: str) -> Locator:
        """Give a connection of the notebook in front."""
        return self.panel.get_by_role("listitem", name=alias, exact=True)

    def button(self, name: str) -> Locator:
        """Give a button."""
        return self.node.get_by_role("button", name=name, exact=True)
