"""Reading people and their tokens."""
