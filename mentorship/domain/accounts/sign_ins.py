"""How long a sign-in lasts."""

from datetime import timedelta

LASTS_FOR = timedelta(days=14)
"""The longest life of a sign-in, counted from the password, however much it is used."""

IDLE_FOR = timedelta(days=3)
"""A sign-in ends after this long without an opened page or a pressed button."""
