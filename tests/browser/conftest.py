"""One JupyterLab, one Chromium and one page for all; each test has a kernel of its own.

They end with the last test of this folder: Playwright keeps an event loop running in the thread of
the tests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect, sync_playwright

from tests.browser.lab import (
    PATIENCE_MS,
    JupyterLab,
    Notebook,
    Sidebar,
    launch_chromium,
)
from tests.browser.pages import Pages

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Page


# A kernel starts, imports and connects in this time also where both cores are busy.
expect.set_options(timeout=PATIENCE_MS)

# Notebook 7.2 itself, for a notebook that has no checkpoint yet; and JupyterLab, which asks a rate
# limiter of Lumino's after its end where a notebook is closed while it is drawn (ours has none).
_THEIRS = (
    "Cannot read properties of undefined (reading 'last_modified')",
    "Cannot read properties of null (reading 'promise')",
)


# What has nothing to do with connections; a page is there in three quarters of the time without it.
# The quickstart's test has JupyterLab as it comes.
_BESIDES = [
    f"@jupyterlab/{name}-extension"
    for name in (
        "celltags",
        "csvviewer",
        "debugger",
        "extensionmanager",
        "help",
        "htmlviewer",
        "hub",
        "javascript",
        "json",
        "lsp",
        "mermaid",
        "metadataform",
        "pdf",
        "pluginmanager",
        "terminal",
        "toc",
        "vega5",
        "workspaces",
    )
]


@pytest.fixture(scope="package")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterLab]:
    """Give a running JupyterLab."""
    found = JupyterLab(tmp_path_factory.mktemp("lab"), disabled=_BESIDES)
    yield found
    found.stop()


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """Give a running Chromium."""
    with sync_playwright() as playwright:
        browser = launch_chromium(playwright)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def pages(chromium: Browser) -> Iterator[Pages]:
    """Keep a page from one test to the next."""
    found = Pages(chromium)
    yield found
    found.close()


@pytest.fixture
def page(pages: Pages, request: pytest.FixtureRequest) -> Iterator[Page]:
    """Give a page in which nothing is open; an error in the page's code fails the test.

    JupyterLab may be loaded in it already. Tests of the matrix have a page of their own.
    """
    own = request.node.get_closest_marker("matrix") is not None
    failed_before = request.session.testsfailed
    yield pages.take(own=own)
    has_passed = request.session.testsfailed == failed_before
    errors = pages.give_back(keep=has_passed and not own)
    assert [error for error in errors if not any(text in error for text in _THEIRS)] == []


@pytest.fixture
def sidebar(page: Page) -> Sidebar:
    """Give the sidebar of the page."""
    return Sidebar(page)


@pytest.fixture
def open_notebook(
    lab: JupyterLab, page: Page, request: pytest.FixtureRequest
) -> Iterator[Callable[..., Notebook]]:
    """Open a notebook with these cells."""

    def make(*cells: str) -> Notebook:
        (lab.work / "pid").unlink(missing_ok=True)
        return Notebook(lab, page, f"{request.node.originalname}.ipynb", list(cells))

    yield make
    page.evaluate("() => window.jupyterapp?.serviceManager.sessions.shutdownAll()")
