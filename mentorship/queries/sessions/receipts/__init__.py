"""Sessions one by one, as receipts and the API give them."""
