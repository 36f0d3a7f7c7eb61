"""What all routes have in common: errors, sign-in, languages, headers and limits."""
