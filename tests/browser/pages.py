"""One page with JupyterLab in it, for one test after the other: to load it costs most of a test."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import Error

from tests.browser.lab import new_context

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

#: Has everything look as when JupyterLab was just loaded; tells whether it does.
_CLEAR = """async () => {
  const app = window.jupyterapp;
  if (app === undefined || window.__pwClock !== undefined) {
    return false;
  }
  await app.serviceManager.sessions.shutdownAll();
  for (const area of ['main', 'right', 'down']) {
    for (const widget of [...app.shell.widgets(area)]) {
      if (area === 'main' || widget.isVisible) {
        widget.dispose();
      }
    }
  }
  await app.commands.execute('apputils:dismiss-notification');
  if (document.body.dataset.jpThemeLight !== 'true') {
    await app.commands.execute('apputils:change-theme', { theme: 'JupyterLab Light' });
  }
  document.getElementById('milvus_nb-sidebar').style.minWidth = '';
  app.shell.activateById('filebrowser');
  localStorage.clear();
  sessionStorage.clear();
  window.isCleared = document.querySelector('.jp-Dialog, .lm-Menu') === null;
  return window.isCleared;
}"""


class Pages:
    """Keeps the page that the last test has left as it found it.

    A test that fails, leaves a dialog open, goes elsewhere or sets the page's clock has its page
    thrown away, and so has one that wants one of its own.

    Parameters
    ----------
    browser
        Where they are opened.
    """

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._kept: Page | None = None
        self._errors: list[str] = []

    def take(self, *, own: bool = False) -> Page:
        """Give a page: nothing is open in it, or it is empty and has no cookies."""
        if own:
            self.close()
        if self._kept is None:
            self._kept = new_context(self._browser).new_page()
            self._kept.on("pageerror", lambda error: self._errors.append(error.stack or str(error)))
        return self._kept

    def give_back(self, *, keep: bool) -> list[str]:
        """Take it back after a test; give the errors of its code meanwhile."""
        found, self._errors = self._errors, []
        # JupyterLab's own code may fail where a notebook goes while its kernel restarts.
        if not (keep and self._clear() and not self._errors):
            self.close()
        return found

    def close(self) -> None:
        """Throw away the page that was kept."""
        if self._kept is not None:
            self._kept.context.close()
            self._kept = None
            self._errors = []

    def _clear(self) -> bool:
        page = self._kept
        assert page is not None
        try:
            for other in page.context.pages:
                if other is not page:
                    other.close()
            page.unroute_all()
            page.context.clear_permissions()
            page.set_viewport_size({"width": 1280, "height": 900})
            page.keyboard.press("Escape")
            return bool(page.evaluate(_CLEAR))
        except Error:
            return False
