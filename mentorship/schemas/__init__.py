"""JSON and form fields of the HTTP contract, as pydantic models."""
