"""The demonstration: an illustrative Copargo, and the story of 46 villages from a diagram to a bank file.

It drives the same service functions as the site and the API; nothing in it is a shortcut. Names, prices and
villages are illustrative (server/demo/data/SOURCES.md).
"""
