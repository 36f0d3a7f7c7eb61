"""What the product does, one verb a module. Edges pass in `now` and the database session."""
