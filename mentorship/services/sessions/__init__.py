"""Changing sessions: the sweep, people, imports."""
