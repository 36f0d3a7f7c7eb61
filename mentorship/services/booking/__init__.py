"""Booking a slot, and waiting for one."""
