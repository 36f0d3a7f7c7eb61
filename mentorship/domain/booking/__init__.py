"""Limits on bookings, the cut-off, and how long a slot is held."""
