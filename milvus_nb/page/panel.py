"""The panel's kernel side: a widget without any synced state."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import anywidget
from IPython.core.getipython import get_ipython

from ..errors import MissingExtraError
from .comms import answer_while_busy, hush_debug_logs
from .frontend import runs_unattended
from .session import PageSession

if TYPE_CHECKING:
    from ..registry.registry import ConnectionRegistry

__all__ = ["Panel"]

#: What our JupyterLab extension knows a panel by, also where its model is gone.
_PANEL: Final = "application/vnd.milvus-nb.panel+json"
_WIDGET: Final = "application/vnd.jupyter.widget-view+json"
#: So many connections stand in what is saved.
_MOST: Final = 50

_STATIC: Final = Path(__file__).parent.parent / "static"

if not (_STATIC / "panel.js").exists():
    raise MissingExtraError(
        "The panel's JavaScript is not there.",
        f"It was not built: {_STATIC / 'panel.js'} is missing.",
        "Install the package with pip; in a checkout: pip install --editable .",
    )


class Panel(anywidget.AnyWidget):
    """The widget: sees the registry's connections, connects and disconnects.

    Parameters
    ----------
    registry
        What it shows.
    """

    _esm = _STATIC / "panel.js"
    _css = _STATIC / "panel.css"

    def __init__(self, registry: ConnectionRegistry) -> None:
        super().__init__()
        self._registry = registry
        self._session = PageSession(registry, self.send)
        answer_while_busy(self.comm)
        hush_debug_logs(self.model_id)
        self.on_msg(self._on_message)

    def __repr__(self) -> str:
        # What is shown where the widget is not: nobody there has anywidget, or it is a terminal.
        return (
            "Milvus connections: no panel, as this page does not show anywidget's widgets. Install "
            "milvus_nb where JupyterLab runs, and reload the page. %milvus is the same in text."
        )

    @property
    def is_closed(self) -> bool:
        """Whether its comm is: by `close`, by the page, or by marimo, which runs a cell again."""
        return self.comm is None or getattr(self.comm, "_closed", False)

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]] | None:
        """Give what is shown, and what saved notebooks and exported pages show in its place."""
        found = super()._repr_mimebundle_(**kwargs)
        if found is None:
            return None
        data, metadata = found
        if runs_unattended(get_ipython()):
            # Exported pages would prefer the widget, whose kernel has ended by then.
            data = {kind: value for kind, value in data.items() if kind != _WIDGET}
            return {**data, "text/html": self._as_it_is_now("")}, metadata
        hint = "; JupyterLab's own environment needs milvus_nb, too, to show them live"
        return {**data, "text/html": self._as_it_is_now(hint), _PANEL: {}}, metadata

    def _as_it_is_now(self, hint: str) -> str:
        from ..views.status import StatusTable

        registry = self._registry
        current = registry.current
        alias = current.alias if current is not None else ""
        table = StatusTable(registry.connections(), alias, _MOST, registry.others())
        at = time.strftime("%Y-%m-%d %H:%M %Z")
        return (
            f"<p>Milvus connections of {at}. Run this cell (<code>%milvus panel</code>)"
            f" for those of now{hint}.</p>{table._repr_html_()}"
        )

    def close(self) -> None:
        """Close the comm and forget everything."""
        self._session.close()
        self.layout.close()  # a widget of its own, which ipywidgets leaves open
        super().close()

    def _on_message(self, _: object, content: object, __: object) -> None:
        self._session.handle(content)
