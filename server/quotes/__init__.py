"""Prices promised, and their acceptance."""
