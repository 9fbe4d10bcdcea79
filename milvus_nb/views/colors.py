"""The colours of states; a theme's come first."""

from __future__ import annotations

from typing import Final

__all__ = ["BAD", "BUSY", "GOOD", "MUTED", "STATE_COLORS", "WARN"]

# Visual Studio Code's; Jupyter's; else one that can be read on light and on dark. In this order, as
# ipywidgets brings Jupyter's for a light page along, wherever it is.
MUTED: Final = "var(--vscode-descriptionForeground, var(--jp-ui-font-color2, #757575))"
GOOD: Final = "var(--vscode-testing-iconPassed, var(--jp-success-color1, #2e7d32))"
WARN: Final = "var(--vscode-editorWarning-foreground, var(--jp-warn-color1, #b45f06))"
BAD: Final = "var(--vscode-errorForeground, var(--jp-error-color1, #c62828))"
BUSY: Final = "var(--vscode-charts-blue, var(--jp-info-color1, #1976d2))"

STATE_COLORS: Final = {
    "connecting": BUSY,
    "connected": GOOD,
    "degraded": WARN,
    "unreachable": BAD,
    "rejected": BAD,
    "disconnected": MUTED,
}
