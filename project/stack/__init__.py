"""The embedded services, Salon's own processes, and the supervisor that keeps them running."""
