"""Importing sessions from a file."""
