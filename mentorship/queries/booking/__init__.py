"""Reading mentors, their free slots and waiting lists."""
