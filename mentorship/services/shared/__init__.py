"""What all rooms of the services stand on."""
