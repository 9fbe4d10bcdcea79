"""Connections, reports and profiles as text and as HTML."""
