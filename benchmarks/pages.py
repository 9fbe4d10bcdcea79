"""Waiting for something in a page: not for ever."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Page

__all__ = ["RUN_UNTIL_PAINTED", "awaited"]

#: Runs the selected cell; gives the milliseconds until what it shows is painted.
RUN_UNTIL_PAINTED = """selector => new Promise(resolve => {
  const before = document.querySelectorAll(selector).length;
  const start = performance.now();
  const look = () => document.querySelectorAll(selector).length > before
    ? requestAnimationFrame(() => resolve(performance.now() - start))
    : requestAnimationFrame(look);
  void window.jupyterapp.commands.execute('notebook:run-cell-and-select-next');
  look();
})"""

_MOST_S = 60


def awaited(page: Page, script: str, argument: object = None, most_s: int = _MOST_S) -> Any:
    """Give what a promise of the page becomes; an error where it is none within `most_s`."""
    late = f"Not within {most_s} s: what is waited for does not come. Is the page side built?"
    return page.evaluate(
        f"""argument => Promise.race([
          ({script})(argument),
          new Promise((_, fail) => setTimeout(() => fail(new Error({late!r})), {most_s}000)),
        ])""",
        argument,
    )
