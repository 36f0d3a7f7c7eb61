"""Weekly rules and the slots that come of them."""
