"""How much one caller may do in a while."""
