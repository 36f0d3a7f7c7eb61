"""What limits a booking, and how long a slot is held."""
