"""Connections, from the first to the last."""
