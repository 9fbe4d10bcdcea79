"""What axe finds in each state that the gallery shows: nothing, in any theme and width."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser import profile_screenshots, screenshots, sidebar_screenshots
from tests.browser.lab import JupyterLab, new_context
from tests.browser.screenshots import ALL_THEMES, change_theme

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Page

    from tests.browser.lab import Notebook
    from tests.support.servers import MilvusTestServer

pytestmark = pytest.mark.matrix

AXE = Path(__file__).parents[1] / "node" / "node_modules" / "axe-core" / "axe.min.js"

#: In px; 0 is as wide as it comes: a cell, or the sidebar that `_WIDE` makes.
WIDTHS = (250, 0)

_WIDE = (
    "addEventListener('DOMContentLoaded', () => document.documentElement.style"
    ".setProperty('--jp-sidebar-min-width', '640px'))"
)

#: What is left out, by rule. The name of a node of the tree is what stands first in it; the facts
#: behind it are its description. Where one is at present says "+1" and colours as words.
LEFT_OUT = {
    "label-content-name-mismatch": (
        ".milvus-nb-node, .milvus-nb-status-button, .milvus-nb-indicator-button"
    ),
}

#: All rules on the page, of which what is ours counts; or the contrast of what is ours. The body
#: of JupyterLab's page has no height and hides what overflows: to axe, no text would be in sight.
_FIND = """async ([isAll, leftOut]) => {
  document.body.style.height = '100vh';
  const ours = [...document.querySelectorAll('.milvus-nb')].filter(one => one.checkVisibility());
  const { violations } = await axe.run(
    isAll ? document : { include: ours },
    isAll ? {} : { runOnly: ['color-contrast'] },
  );
  const isMeant = id => ({ target }) => {
    const node = document.querySelector(target[0]);
    return node.closest('.milvus-nb') !== null && !(id in leftOut && node.matches(leftOut[id]));
  };
  return violations.flatMap(({ id, nodes }) => nodes.filter(isMeant(id)).map(
    ({ target, any, html }) => [id, target.join(' '), any[0]?.message ?? '', html.slice(0, 200)]));
}"""


def look(page: Page, state: str, set_width: Callable[[int], object]) -> list[Any]:
    """Give what axe finds in what is in sight."""
    found = []
    for theme in ALL_THEMES:
        change_theme(page, theme)
        for width in WIDTHS:
            set_width(width)
            is_all = (theme, width) == ("light", WIDTHS[0])  # the others differ in colours alone
            violations = page.evaluate(_FIND, [is_all, LEFT_OUT])
            found += [[state, theme, width, *one] for one in violations]
    set_width(0)
    change_theme(page, "light")
    return found


class Inspector(screenshots.Photographer):
    """Takes no pictures: looks at each state, and keeps what is found."""

    def __init__(self, notebook: Notebook, folder: Path) -> None:
        super().__init__(notebook, folder)
        self.found: list[Any] = []

    def take(self, state: str, open_again: Callable[[], object] = lambda: None) -> None:
        """Look at what is in sight."""

        def set_width(width: int) -> None:
            css = f"{width}px" if width else ""
            self.notebook.panel.last.evaluate("(node, css) => { node.style.width = css; }", css)
            open_again()

        self.found += look(self.notebook.page, state, set_width)


@pytest.fixture
def own_lab(tmp_path: Path) -> Iterator[JupyterLab]:
    """Give a JupyterLab of its own: the walks change its folders."""
    found = JupyterLab(tmp_path)
    yield found
    found.stop()


@pytest.fixture
def wide_page(chromium: Browser) -> Iterator[Page]:
    """Give a page in which all of a state is in sight."""
    context = new_context(chromium)
    context.add_init_script(path=AXE)
    page = context.new_page()
    page.set_viewport_size({"width": 1180, "height": 1900})
    yield page
    context.close()


def test_axe_finds_nothing_in_the_panel(own_lab: JupyterLab, wide_page: Page) -> None:
    """Empty, form, refused, tested, connected, trouble, menu, details, and all the others."""
    with screenshots.started() as servers:
        notebook = screenshots.open_panel(own_lab, wide_page)
        inspector = Inspector(notebook, own_lab.folder / "pictures")
        screenshots.go_through(inspector, *servers)
    assert inspector.found == []


@pytest.mark.parametrize(
    "walk",
    [
        pytest.param(sidebar_screenshots.go_through, id="sidebar"),
        pytest.param(profile_screenshots.go_through, id="profiles"),
    ],
)
def test_axe_finds_nothing_in_the_sidebar(
    own_lab: JupyterLab, wide_page: Page, make_milvus: Callable[..., MilvusTestServer], walk: Any
) -> None:
    """With the tree, the other kernels, the profiles, after a restart, and where there is none."""
    found: list[Any] = []

    def set_width(width: int) -> None:
        wide_page.evaluate(sidebar_screenshots.STYLE, width)

    def camera(*_: object) -> Callable[[str], None]:
        return lambda state: found.extend(look(wide_page, state, set_width))

    wide_page.add_init_script(_WIDE)
    folder = own_lab.folder / "pictures"
    folder.mkdir()
    walk(own_lab, wide_page, make_milvus(auth=True), folder, camera)
    assert found == []
