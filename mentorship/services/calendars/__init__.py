"""Calendar feeds and entries."""
