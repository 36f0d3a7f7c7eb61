"""Signing calls, and which addresses they may reach."""
