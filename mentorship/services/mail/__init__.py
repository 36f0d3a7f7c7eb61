"""Mail: enqueue, compose, send."""
