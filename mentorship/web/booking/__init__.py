"""Pages and routes for finding and booking a mentor."""
