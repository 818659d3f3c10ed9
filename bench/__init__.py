"""Measurements of ourselves beside our peers and the floor; `make bench` runs each module."""
