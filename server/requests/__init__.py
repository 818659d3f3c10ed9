"""Who asked for which service."""
