"""A page that shows the panel and is not Jupyter's: anywidget's contract, and nothing else."""

from __future__ import annotations

import json
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import milvus_nb
from milvus_nb.page.session import PageSession

if TYPE_CHECKING:
    from collections.abc import Mapping

    from playwright.sync_api import Locator, Page

    from milvus_nb import ConnectionRegistry

_STATIC = Path(milvus_nb.__file__).parent / "static"

#: What a front end does with a widget: a model with `send` and `on`, `initialize`, `render`.
_SHOW = """async ([code, styles, promises]) => {
  const style = document.head.appendChild(document.createElement('style'));
  style.textContent = styles;
  const module = await import(URL.createObjectURL(new Blob([code], {type: 'text/javascript'})));
  const callbacks = new Set();
  const model = {
    send: content => {
      const sent = window.toKernel(content);
      return promises ? sent : void sent.catch(() => {});
    },
    on: (name, callback) => { if (name === 'msg:custom') callbacks.add(callback); },
    off: (_, callback) => callbacks.delete(callback),
    get: () => undefined, set() {}, save_changes() {},
  };
  setInterval(async () => {
    for (const content of JSON.parse(await window.fromKernel())) {
      for (const callback of callbacks) callback(content, []);
    }
  }, 20);
  const widget = typeof module.default === 'function' ? await module.default() : module.default;
  await widget.initialize({model});
  const el = document.getElementById('output').appendChild(document.createElement('div'));
  await widget.render({model, el});
}"""


class BareHost:
    """The panel in a page of its own, with a real session behind it.

    Parameters
    ----------
    page
        The browser's.
    registry
        What the panel shows.
    html
        The page, with a place of the id ``output``.
    """

    def __init__(self, page: Page, registry: ConnectionRegistry, html: str) -> None:
        self.page = page
        self._said: deque[Mapping[str, Any]] = deque()
        self._session = PageSession(registry, self._said.append)
        self._kept: list[Any] = []
        self.answers: Literal["always", "between cells", "never", "fails"] = "always"
        page.expose_function("toKernel", self._hear)
        page.expose_function("fromKernel", self._say)
        page.set_content(html)

    def show(self, *, promises: bool = False) -> None:
        """Show the panel.

        Parameters
        ----------
        promises
            Whether `send` answers with a promise, as marimo's does.
        """
        files = [(_STATIC / name).read_text() for name in ("panel.js", "panel.css")]
        self.page.evaluate(_SHOW, [*files, promises])

    def end_cell(self) -> None:
        """Handle what was sent while a cell ran."""
        self.answers = "always"
        kept, self._kept = self._kept, []
        for content in kept:
            self._session.handle(content)

    def close(self) -> None:
        """End the session."""
        self._session.close()

    @property
    def panel(self) -> Locator:
        """The panel."""
        return self.page.get_by_role("region", name="Milvus connections")

    def row(self, alias: str) -> Locator:
        """Give the line of a connection."""
        return self.panel.get_by_role("listitem", name=alias, exact=True)

    def _hear(self, content: Any) -> None:
        if self.answers == "fails":
            message = "the kernel is gone"
            raise ConnectionError(message)
        if self.answers == "between cells":
            self._kept.append(content)
        elif self.answers == "always":
            self._session.handle(content)

    def _say(self) -> str:
        said = [self._said.popleft() for _ in range(len(self._said))]
        return json.dumps(said)
