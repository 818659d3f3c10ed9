"""Drafts of services: drawing, review, publication."""
