"""Where the page is not Jupyter's: Visual Studio Code, Colab, Kaggle, a page of one's own.

The real ones cannot be had here; what they give a widget can: anywidget's contract, and some CSS.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.bare_host import BareHost

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Page

    from milvus_nb import ConnectionRegistry
    from tests.support.servers import MilvusTestServer

#: What @jupyter-widgets/controls brings along, on whatever page: a light theme's.
_WIDGETS = """:root {
  --jp-ui-font-color1: rgba(0, 0, 0, .8); --jp-ui-font-color2: rgba(0, 0, 0, .54);
  --jp-layout-color0: white; --jp-layout-color1: white; --jp-layout-color2: #eee;
  --jp-border-color1: #bdbdbd; --jp-border-color2: #e0e0e0; --jp-brand-color1: #2196f3;
  --jp-success-color1: #4caf50; --jp-warn-color1: #ff9800; --jp-error-color1: #f44336;
  --jp-info-color1: #00bcd4; --jp-border-radius: 2px; --jp-ui-font-size1: 13px; }"""

#: The output of a cell in Visual Studio Code, as its extension for Jupyter has it.
_CODE = """.cell-output-ipywidget-background { background: white !important; padding: 10px; }
  body { background: var(--vscode-editor-background); color: var(--vscode-foreground); }"""

_CODE_DARK = """:root { --vscode-foreground: #ccc; --vscode-editor-foreground: #d4d4d4;
  --vscode-editor-background: #1e1e1e; --vscode-descriptionForeground: #9d9d9d;
  --vscode-button-background: #0e639c; --vscode-button-foreground: #fff;
  --vscode-button-hoverBackground: #1177bb; --vscode-input-background: #3c3c3c;
  --vscode-editorWidget-background: #252526; --vscode-menu-background: #303031;
  --vscode-focusBorder: #007fd4; --vscode-widget-border: #303031; --vscode-font-size: 13px;
  --vscode-font-family: system-ui, sans-serif; --vscode-errorForeground: #f48771; }"""

_CODE_LIGHT = """:root { --vscode-foreground: #616161; --vscode-editor-foreground: #000;
  --vscode-editor-background: #fff; --vscode-descriptionForeground: #717171;
  --vscode-button-background: #007acc; --vscode-button-foreground: #fff;
  --vscode-input-background: #fff; --vscode-editorWidget-background: #f3f3f3;
  --vscode-menu-background: #fff; --vscode-focusBorder: #0090f1; }"""

#: CSS of a page, the system's theme, whether it is dark.
_PAGES = {
    "plain": ("", "light", False),
    "plain, on a dark system": ("", "dark", False),
    "dark, on a light system": ("body { background: #111; color: #eee }", "light", True),
    "dark by color-scheme": (":root { color-scheme: dark }", "light", True),
    "as the system is": (":root { color-scheme: light dark }", "dark", True),
    "Code, dark, on a light system": (_WIDGETS + _CODE + _CODE_DARK, "light", True),
    "Code, light, on a dark system": (_WIDGETS + _CODE + _CODE_LIGHT, "dark", False),
    "Colab, dark": (_WIDGETS + "html { background: #383838; color: #d5d5d5 }", "light", True),
}

_HTML = """<!doctype html><style>{}</style>
<body><div class="cell-output-ipywidget-background" id="output"></div></body>"""

#: Brightness (0 to 1) of what is behind a node, and of its text.
_LIGHT = """node => {
  const of = color => {
    const context = new OffscreenCanvas(1, 1).getContext('2d');
    context.fillStyle = color;
    context.fillRect(0, 0, 1, 1);
    const [red, green, blue, alpha] = context.getImageData(0, 0, 1, 1).data;
    return alpha === 0 ? null : (0.299 * red + 0.587 * green + 0.114 * blue) / 255;
  };
  let behind = null;
  for (let at = node; at !== null && behind === null; at = at.parentElement) {
    behind = of(getComputedStyle(at).backgroundColor);
  }
  return [behind ?? 1, of(getComputedStyle(node).color)];
}"""

#: The least distance, in pixels, between the texts of two neighbours in a row of a table.
_GAP = """() => {
  const box = cell => {
    const range = document.createRange();
    range.selectNodeContents(cell);
    return range.getBoundingClientRect();
  };
  const gaps = [...document.querySelectorAll('tr')].flatMap(row => {
    const boxes = [...row.cells].map(box).filter(({width}) => width > 0);
    return boxes.slice(1).map((one, index) => one.left - boxes[index].right);
  });
  return gaps.length === 0 ? null : Math.min(...gaps);
}"""


@pytest.fixture
def make_host(page: Page, connections: ConnectionRegistry) -> Iterator[Callable[..., BareHost]]:
    """Make a page with the panel; it is shown later."""
    hosts: list[BareHost] = []

    def make(css: str = "") -> BareHost:
        hosts.append(BareHost(page, connections, _HTML.format(css)))
        return hosts[-1]

    yield make
    for host in hosts:
        host.close()


def test_light_and_dark_as_the_page_is(
    make_host: Callable[..., BareHost], connections: ConnectionRegistry, milvus: MilvusTestServer
) -> None:
    """Not as the system is, nor as the light variables that ipywidgets brings along."""
    connections.connect("prod", uri=milvus.uri)
    host = make_host()
    host.show()
    wrong = {}
    for name, (css, system, is_dark) in _PAGES.items():
        host.page.emulate_media(color_scheme="dark" if system == "dark" else "light")
        host.page.evaluate("css => document.querySelector('style').textContent = css", css)
        host.page.evaluate("document.body.className = document.body.className ? '' : 'changed'")
        # The menu and the form stand on colours of their own.
        for node in (host.panel, host.row("prod"), host.panel.locator(".milvus-nb-header")):
            behind, text = node.evaluate(_LIGHT)
            if not (behind < 0.35 and text > 0.6 if is_dark else behind > 0.9 and text < 0.4):
                wrong[name] = (behind, text)
    assert wrong == {}


def test_a_kernel_that_answers_late_or_never(
    make_host: Callable[..., BareHost], connections: ConnectionRegistry, milvus: MilvusTestServer
) -> None:
    """What waits is said to wait, and is done once the cell has ended."""
    connections.connect("prod", uri=milvus.uri)
    host = make_host()
    host.answers = "fails"
    host.show(promises=True)
    expect(host.panel).to_contain_text("The kernel has not answered for")
    host.answers = "between cells"
    expect(host.panel).to_contain_text("It may be busy.")
    host.end_cell()
    expect(host.row("prod")).to_contain_text("Connected")
    host.answers = "between cells"
    host.panel.get_by_role("button", name="Disconnect prod").click()
    expect(host.row("prod")).to_be_visible()
    host.end_cell()
    expect(host.row("prod")).to_be_hidden()
    assert "prod" not in connections


def test_tables_are_readable_without_jupyters_styles(
    page: Page, connections: ConnectionRegistry, milvus: MilvusTestServer
) -> None:
    """They carry the little that it takes: `UserDatabaseState` is three columns."""
    found = connections.connect("prod", uri=milvus.uri)
    for shown in (found, found.diagnose(), found.databases()):
        page.set_content(shown._repr_html_())
        assert page.evaluate(_GAP) >= 6, shown
