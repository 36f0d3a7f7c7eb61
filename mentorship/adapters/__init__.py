"""The outside world: files, passwords, limits. No decisions are made here."""
