"""Calling other systems."""
