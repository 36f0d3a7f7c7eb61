"""Pages and routes of a mentor's calendar."""
