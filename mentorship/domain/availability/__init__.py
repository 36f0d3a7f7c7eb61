"""Weekly rules and the slots made from them."""
