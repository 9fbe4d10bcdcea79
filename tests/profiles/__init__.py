"""Saved connections."""
