"""Roles, and the rules for sign-ins, tokens and passwords."""
