"""What calendar programs are given."""
