"""The colours of states; a theme's come first."""

from __future__ import annotations

from typing import Final

__all__ = ["STATE_COLORS"]

STATE_COLORS: Final = {
    "connecting": "var(--jp-info-color1, #1976d2)",
    "connected": "var(--jp-success-color1, #2e7d32)",
    "degraded": "var(--jp-warn-color1, #ef6c00)",
    "unreachable": "var(--jp-error-color1, #c62828)",
    "rejected": "var(--jp-error-color1, #c62828)",
    "disconnected": "var(--jp-ui-font-color2, #757575)",
}
