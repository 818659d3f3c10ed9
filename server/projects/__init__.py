"""One service for many villages."""
