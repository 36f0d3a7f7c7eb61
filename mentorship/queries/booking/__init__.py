"""Reading who can be booked, and when."""
