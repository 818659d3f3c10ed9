"""Adoptions: a region takes a version over with what it overlays, and nothing of the protocol."""
