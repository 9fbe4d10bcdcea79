"""The pictures of the site, made from the real thing: ``python -m tests.browser.screenshots``.

Each state of the panel, in JupyterLab's light and dark theme, in that of high contrast, and in the
colours that the system forces; in a wide cell and in a column of 250 pixels.
"""

from __future__ import annotations

import base64
import contextlib
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pymilvus
from playwright.sync_api import expect, sync_playwright

from tests.browser.lab import JupyterLab, Notebook, launch_chromium
from tests.support.servers import FaultProxy, MilvusTestServer, SilentPeer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import FloatRect, Locator, Page

IMAGES = Path(__file__).parents[2] / "docs" / "images"
THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}
CONTRAST = {"contrast": "JupyterLab Dark High Contrast"}
#: With the colours that the system forces on all pages, as Windows does in high contrast.
FORCED = {"forced": "JupyterLab Light"}
ALL_THEMES = {**THEMES, **CONTRAST, **FORCED}
WIDTHS = {"wide": "", "narrow": "250px"}

#: A picture as WebP, which loses nothing but the rarest shades beyond 256: half of what PNG takes.
_SHRINK = """async png => {
  const picture = await createImageBitmap(await (await fetch(png)).blob());
  const canvas = new OffscreenCanvas(picture.width, picture.height);
  const context = canvas.getContext('2d');
  context.drawImage(picture, 0, 0);
  const image = context.getImageData(0, 0, canvas.width, canvas.height);
  const pixels = new Uint32Array(image.data.buffer);
  const counts = new Map();
  pixels.forEach(one => counts.set(one, (counts.get(one) ?? 0) + 1));
  const shades = [...counts.keys()].sort((a, b) => counts.get(b) - counts.get(a));
  const kept = shades.slice(0, 256);
  const apart = (a, b) => [0, 8, 16].reduce(
    (sum, at) => sum + (((a >> at) & 255) - ((b >> at) & 255)) ** 2, 0);
  const nearest = one => kept.reduce((a, b) => apart(one, b) < apart(one, a) ? b : a);
  const becomes = new Map(shades.map((one, at) => [one, at < kept.length ? one : nearest(one)]));
  pixels.forEach((one, at) => { pixels[at] = becomes.get(one); });
  context.putImageData(image, 0, 0);
  const blob = await canvas.convertToBlob({ type: 'image/webp', quality: 1 });
  const bytes = new Uint8Array(await blob.arrayBuffer());
  return btoa(Array.from(bytes, one => String.fromCharCode(one)).join(''));
}"""


OPEN_ELSEWHERE = """
import pymilvus
client = pymilvus.MilvusClient("{uri}", token="root:Milvus", dedicated=True)
class Store:
    pass
store = Store()
store._milvus_client = client
aclient = pymilvus.AsyncMilvusClient("{uri}", token="root:Milvus")
await aclient.list_collections()
pymilvus.connections.connect("reports", uri="{uri}", token="root:Milvus")
"""
CLOSE_ELSEWHERE = """
client.close()
pymilvus.connections.disconnect("reports")
"""
PASTED = """
curl https://in03-4a1b.serverless.gcp-us-west1.cloud.zilliz.com/v2/vectordb/collections/list \\
  -k --header "Authorization: Bearer 9f2c4b7e" --data '{"dbName": "sales"}'
"""


class Photographer:
    """Takes each state of a notebook's panel in each theme and width.

    Parameters
    ----------
    notebook
        Whose panel.
    folder
        Where the pictures go.
    """

    def __init__(self, notebook: Notebook, folder: Path) -> None:
        self.notebook = notebook
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def take(self, state: str, open_again: Callable[[], object] = lambda: None) -> None:
        """Save ``STATE-THEME-WIDTH.webp``; what a change of width closes is opened again."""
        page = self.notebook.page
        for theme in ALL_THEMES:
            change_theme(page, theme)
            for width in widths_of(theme):
                css = WIDTHS[width]
                panel = self.notebook.panel.last
                panel.evaluate("(node, css) => { node.style.width = css; }", css)
                page.evaluate(
                    "() => new Promise(done => requestAnimationFrame("
                    "() => requestAnimationFrame(done)))"
                )
                open_again()
                save(panel, self.folder / f"{state}-{theme}-{width}.webp")
                panel.evaluate("node => { node.style.width = ''; }")
        change_theme(page, "light")
        print(state, flush=True)


def widths_of(theme: str) -> list[str]:
    """Give how wide a state is shown in a theme: the forced colours are the same in any width."""
    return ["narrow"] if theme in FORCED else ["wide", "narrow"]


def save(part: Locator, path: Path) -> None:
    """Save a picture of a part of the page."""
    png = base64.b64encode(part.screenshot()).decode()
    path.write_bytes(base64.b64decode(part.page.evaluate(_SHRINK, f"data:image/png;base64,{png}")))


def change_theme(page: Page, theme: str) -> None:
    """Have JupyterLab in one of `ALL_THEMES`."""
    name = ALL_THEMES[theme]
    page.emulate_media(forced_colors="active" if theme in FORCED else "none")
    page.evaluate(
        "name => window.jupyterapp.commands.execute('apputils:change-theme', {theme: name})", name
    )
    page.wait_for_function("name => document.body.dataset.jpThemeName === name", arg=name)
    expect(page.locator("#jupyterlab-splash")).to_have_count(0)


def main() -> None:
    """Start everything, go through the states, stop everything."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else IMAGES
    with contextlib.ExitStack() as stack:
        temporary = stack.enter_context(tempfile.TemporaryDirectory())
        playwright = stack.enter_context(sync_playwright())
        servers = stack.enter_context(started())
        jupyter = JupyterLab(Path(temporary))
        stack.callback(jupyter.stop)
        browser = launch_chromium(playwright)
        page = browser.new_page(viewport={"width": 1180, "height": 1900})
        go_through(Photographer(open_panel(jupyter, page), folder), *servers)
        browser.close()


@contextlib.contextmanager
def started() -> Iterator[list[MilvusTestServer]]:
    """Start the servers of `go_through`: they are killed and changed on the way."""
    with contextlib.ExitStack() as stack:
        settings = {
            "quotaAndLimits.enabled": "true",
            "quotaAndLimits.limitWriting.forceDeny": "true",
        }
        servers = []
        for parameters in ({"auth": True}, {"tls": "server"}, {}, {"settings": settings}):
            servers.append(MilvusTestServer(**parameters))
            stack.callback(servers[-1].stop)
        client = pymilvus.MilvusClient(servers[-1].uri, dedicated=True)
        client.create_collection("orders", dimension=4)  # quotas are a collection's
        client.close()
        yield servers


def open_panel(jupyter: JupyterLab, page: Page) -> Notebook:
    """Open a notebook with a panel."""
    notebook = Notebook(jupyter, page, "demo.ipynb", ["%load_ext milvus_nb", "%milvus panel"])
    notebook.run_all()
    return notebook


def go_through(
    camera: Photographer,
    prod: MilvusTestServer,
    tls: MilvusTestServer,
    lab: MilvusTestServer,
    quota: MilvusTestServer,
) -> None:
    """Bring the panel into each state."""
    notebook = camera.notebook
    panel = notebook.panel
    camera.take("empty")
    notebook.open_form()
    camera.take("form")
    notebook.fill_form(
        Address=prod.address, Alias="prod", sign_in="Password", User="root", Password="wrong"
    )
    notebook.submit()
    expect(panel.get_by_role("alert")).to_contain_text("Wrong password")
    camera.take("wrong-password")
    take_tests(camera, tls)
    notebook.fill_form(Address=prod.address)
    notebook.field("Password").fill("Milvus")
    notebook.submit()
    expect(notebook.row("prod")).to_contain_text("Connected")
    notebook.connect("default", Address="./demo.db")
    camera.take("connected")
    page = notebook.page
    page.screenshot(path=camera.folder / "jupyterlab.png", clip=_around(notebook))
    take_new(camera, prod)

    notebook.connect("lab", Address=lab.address)
    notebook.fill_form(Alias="archive", Address=quota.address)
    notebook.submit()
    expect(notebook.row("archive")).to_contain_text("Degraded", timeout=30_000)
    lab.kill()
    expect(notebook.row("lab")).to_contain_text("refused", timeout=10_000)
    client = pymilvus.MilvusClient(prod.uri, token="root:Milvus", dedicated=True)
    client.update_password("root", "Milvus", "another-1")
    client.close()
    expect(notebook.row("prod")).to_contain_text("Rejected", timeout=30_000)
    camera.take("trouble")

    take_details(camera)
    for alias in ("lab", "prod", "archive"):
        notebook.button(f"Disconnect {alias}").click()
        expect(notebook.row(alias)).to_have_count(0)
    camera.take("disconnected")
    for number in range(9):
        notebook.connect(f"copy-{number}", Address="./demo.db")
    panel.get_by_role("searchbox").fill("copy-3")
    camera.take("filter")
    panel.get_by_role("searchbox").fill("")
    page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.restartKernel()")
    expect(panel).to_contain_text("restart", ignore_case=True)
    camera.take("restarted")


def take_details(camera: Photographer) -> None:
    """Open a menu, the details, and a check."""
    notebook = camera.notebook
    menu = notebook.panel.get_by_role("menu")

    def open_menu() -> None:
        if menu.is_visible():
            notebook.page.keyboard.press("Escape")
        notebook.row("prod").get_by_role("button", name="More actions").click()
        expect(menu).to_be_visible()

    camera.take("menu", open_menu)
    notebook.page.keyboard.press("Escape")
    notebook.choose("default", "Details")
    expect(notebook.row("default")).to_contain_text("Last check")
    camera.take("details")
    notebook.button("Check default").click()
    expect(notebook.row("default")).to_contain_text("Checked")
    camera.take("checked")


def take_new(camera: Photographer, prod: MilvusTestServer) -> None:
    """Show all that can be done with a connection, and with those of others."""
    take_code(camera, prod)
    take_others(camera, prod)
    take_paste(camera)


def take_code(camera: Photographer, prod: MilvusTestServer) -> None:
    """Show what a server says over HTTP, and a connection as code."""
    notebook = camera.notebook
    with FaultProxy(("127.0.0.1", prod.http_port), port=9091):  # where it is by default
        notebook.choose("prod", "Details")
        expect(notebook.row("prod")).to_contain_text("healthz: OK")
    camera.take("sources")
    notebook.choose("prod", "Hide details")
    notebook.choose("prod", "Copy as code")
    notebook.panel.get_by_role("combobox", name="Language").select_option("python")
    expect(notebook.row("prod")).to_contain_text("MilvusClient(")
    notebook.button("Copy").click()
    expect(notebook.row("prod")).to_contain_text("Copied")
    camera.take("code")
    notebook.button("Close").click()


def take_others(camera: Photographer, prod: MilvusTestServer) -> None:
    """Show what others have opened, and what was pasted; put all back."""
    notebook = camera.notebook
    notebook.execute(OPEN_ELSEWHERE.format(uri=prod.uri))
    notebook.panel.evaluate("() => document.dispatchEvent(new Event('visibilitychange'))")
    for name in ("client:client", "async:aclient", "orm:reports"):
        expect(notebook.row(name)).to_contain_text("Connected")
    notebook.execute("await aclient.close(); del aclient")
    notebook.panel.evaluate("() => document.dispatchEvent(new Event('visibilitychange'))")
    expect(notebook.row("async:aclient")).to_contain_text("nobody uses it any more")
    camera.take("others")
    notebook.button("Disconnect client:client").click()
    expect(notebook.row("client:client")).to_contain_text("will stop working")
    camera.take("closing")
    notebook.button("Keep it").click()
    notebook.button("Give an alias to client:client").click()
    camera.take("alias")
    notebook.panel.get_by_role("group", name="An alias for").get_by_role(
        "button", name="Cancel", exact=True
    ).click()
    notebook.execute(CLOSE_ELSEWHERE)
    notebook.panel.evaluate("() => document.dispatchEvent(new Event('visibilitychange'))")
    notebook.button("Disconnect async:aclient").click()
    notebook.button("Close it").click()
    notebook.button("Dismiss async:aclient").click()
    for name in ("client:client", "async:aclient", "orm:reports"):
        expect(notebook.row(name)).to_have_count(0)


def take_paste(camera: Photographer) -> None:
    """Show what was pasted, and close the form."""
    notebook = camera.notebook
    notebook.open_form()
    notebook.paste("Address", PASTED)
    expect(notebook.panel).to_contain_text("Filled in")
    camera.take("pasted")
    notebook.button("Cancel").click()


def take_tests(camera: Photographer, tls: MilvusTestServer) -> None:
    """Test what does not answer, while it does not, and what is not trusted."""
    notebook = camera.notebook
    panel = notebook.panel
    timing = panel.get_by_text("TLS and timing")
    with SilentPeer() as silent:
        timing.click()
        given = {"Address": silent.address, "Password": "Milvus", "Timeout (s)": "120"}
        notebook.fill_form(**given)
        notebook.button("Test").click()
        expect(panel.locator("[data-status=running]")).to_contain_text("gRPC")
        timing.click()
        camera.take("testing")
        notebook.button("Cancel").click()
        expect(panel.get_by_role("alert")).to_contain_text("Cancelled")
    timing.click()
    notebook.fill_form(**{"Address": tls.uri, "Timeout (s)": ""})
    timing.click()
    notebook.button("Test").click()
    expect(panel.get_by_role("alert")).to_contain_text("not signed")
    camera.take("test-failed")


def _around(notebook: Notebook) -> FloatRect:
    """Give the part of the page with the cells and the panel."""
    box = notebook.page.locator(".jp-Notebook").bounding_box()
    below = notebook.panel.bounding_box()
    if box is None or below is None:
        raise RuntimeError("the notebook is not visible")
    height = below["y"] + below["height"] - box["y"] + 16
    return {"x": box["x"], "y": box["y"], "width": box["width"], "height": height}


if __name__ == "__main__":
    main()
