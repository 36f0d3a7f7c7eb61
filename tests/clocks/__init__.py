"""Runs the whole suite at other hours and on other days: `make test-clocks`."""
