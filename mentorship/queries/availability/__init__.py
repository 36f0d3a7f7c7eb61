"""Reading a mentor's calendar."""
