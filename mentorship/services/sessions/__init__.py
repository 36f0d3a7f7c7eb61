"""Changing sessions: the sweep, actions, moving, follow-up and the import."""
