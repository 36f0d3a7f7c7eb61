"""Reading what sessions amounted to."""
