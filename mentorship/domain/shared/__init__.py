"""What all rooms of the domain stand on: errors, messages, times and zones."""
