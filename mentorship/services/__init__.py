"""What the product does, one verb a module. The edge hands in `now` and the session."""
