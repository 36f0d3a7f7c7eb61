"""The worker, the demo, and what keeps the database small."""
