"""Changing a mentor's calendar."""
