"""Running services and their tasks."""
