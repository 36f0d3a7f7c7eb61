"""Reading sessions: lists, what is due, the journal."""
