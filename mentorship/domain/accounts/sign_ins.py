"""How long a sign-in lasts."""

from datetime import timedelta

LASTS_FOR = timedelta(days=14)
"""From the password on, however much it is used."""

IDLE_FOR = timedelta(days=3)
"""Without a page that a person opened or a button that was pressed."""
