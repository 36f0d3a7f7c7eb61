"""Accounts: sign-up, sign-in, passwords, tokens, imports of people."""
