"""Feeds for calendar programs."""
