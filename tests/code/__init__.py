"""A connection as code, and code as a connection."""
