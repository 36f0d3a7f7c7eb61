"""The whole suite at other hours and days than today's: `make test-clocks`."""
