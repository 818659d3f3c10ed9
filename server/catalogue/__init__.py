"""Services and their versions."""
