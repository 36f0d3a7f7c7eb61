"""Shared by all rooms of the services."""
