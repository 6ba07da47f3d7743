"""A whole Salon under load while all its processes are killed; then its books are checked."""
