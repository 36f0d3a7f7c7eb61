"""What a report counts, over which days, and how it is divided."""
