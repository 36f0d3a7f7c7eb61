"""Reads. Each returns frozen view-models or statements, never live rows of a table."""
