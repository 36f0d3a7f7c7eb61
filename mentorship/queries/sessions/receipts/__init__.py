"""Single sessions, as receipts and the API show them."""
