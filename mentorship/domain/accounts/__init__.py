"""People, and what a sign-in, a token and a password may be."""
