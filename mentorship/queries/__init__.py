"""Reads. Each returns frozen view-models or statements, never ORM objects."""
