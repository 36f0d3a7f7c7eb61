"""Reports: pages, JSON, files, and a statement to print."""
