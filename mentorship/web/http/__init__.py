"""Shared by all routes: errors, sign-in, languages, headers and limits."""
