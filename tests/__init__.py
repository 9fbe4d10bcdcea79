"""The tests: one file a module, real servers in `servers`, a real browser in `browser`."""
