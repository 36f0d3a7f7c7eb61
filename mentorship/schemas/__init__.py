"""JSON and form fields of the HTTP API, as pydantic models."""
