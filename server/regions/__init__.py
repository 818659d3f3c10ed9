"""The tree of regions."""
