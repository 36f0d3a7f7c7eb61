"""Pages and routes about accounts."""
