"""The lifecycle of a session, as data."""
